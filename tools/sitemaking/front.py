"""The front page: a phantom that the shipped pair never saw, and what the pair said of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from braintut import load_phantoms, load_pipeline
from braintut.plotting import slice_png
from sitemaking.texts import ROOT

PATIENT, SLICE = "PH036", 2
"""The README's picture shows the same one."""
FRONT = ROOT / "docs" / "index.md"


def write(folder: Path) -> None:
    """Write the front page and its picture."""
    scan = load_phantoms().of_patient(PATIENT)[SLICE]
    report = load_pipeline("phantom")(scan)
    (folder / "head.png").write_bytes(slice_png(scan.image, scan.true_mask, report.predicted_mask))
    teachers = next((f for f in ("index.md", "README.md") if (folder / "for_teachers" / f).is_file()), None)
    text = FRONT.read_text(encoding="utf-8")
    text = text.replace("{{ answer }}", answer(report))
    text = text.replace("{{ teachers }}\n", f"For teachers <for_teachers/{teachers[:-3]}>\n" if teachers else "")
    (folder / "index.md").write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "_static", folder / "_static", dirs_exist_ok=True)


def answer(report) -> str:
    """What the pair says, in one sentence."""
    return str(report)
