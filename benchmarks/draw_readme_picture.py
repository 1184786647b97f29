"""Draw the README's picture from a phantom that the shipped pair never saw: python benchmarks/draw_readme_picture.py"""

from pathlib import Path

from braintut import load_phantoms, load_pipeline

PATIENT, SLICE = "PH036", 2


def main() -> None:
    phantoms = load_phantoms()
    pipeline = load_pipeline(slices=phantoms)
    if pipeline.was_fitted_on(PATIENT):
        raise SystemExit(f"{PATIENT} was used for training; choose another patient.")
    scan = phantoms.of_patient(PATIENT)[SLICE]
    folder = Path(__file__).resolve().parents[1] / "docs"
    folder.mkdir(exist_ok=True)
    pipeline(scan).figure(scan.true_mask).savefig(folder / "report.png", dpi=90)


if __name__ == "__main__":
    main()
