"""The same from a shell: `braintut --help`."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from braintut import __version__
from braintut.console import forget_unsaid, open_console, say
from braintut.dataset.files import (
    check_writable_file,
    check_writable_folder,
    distinct_names,
    json_text,
    whole_file,
    write_text,
)
from braintut.errors import BraintutError, DataError, brief
from braintut.quiet import quietly

if TYPE_CHECKING:
    from braintut.dataset.series import Series
    from braintut.report import Report
    from braintut.report.series import SeriesReport

app = typer.Typer(
    help="Find a brain tumour on an MRI slice, name its type, and learn how that works. Not for clinical use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ModelOption = Annotated[
    str | None, typer.Option("--model", help="Trained pair: phantom, figshare, or a folder that `train` wrote.")
]
LARGE_UPLOADS = '--ServerApp.tornado_settings={"websocket_max_message_size": 134217728}'
"""Jupyter's server closes the connection at a message of over 10 MB, and an upload is one message."""

BESIDE = ("keras", "tensorflow", "scikit-learn", "numpy")
"""Packages whose versions `--version` tells beside our own."""
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write the answer to this file, too.")]


def main() -> None:
    """Run the command line: exit code 0 if all went well, 1 if something failed, 2 for a wrong call."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    open_console()
    try:
        app()
    except BraintutError as error:
        _fail(str(error))
    except OSError as error:
        where = f"'{error.filename}': " if error.filename else ""
        _fail(f"{where}{error.strerror or error}; see to the rights and the free space there, or choose another place.")


def _fail(message: str) -> None:
    say(f"braintut: {message}", error=True)
    try:
        sys.stdout.flush()
    except OSError:  # a full disk: what could not be said is no reason for a second complaint
        forget_unsaid(sys.stdout)
    sys.exit(1)


def _show_versions(wanted: bool) -> None:
    if wanted:
        say(f"braintut {__version__} (Python {platform.python_version()}, {', '.join(_versions_of(BESIDE))})")
        raise typer.Exit


@app.callback()
def _before_every_command(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_versions, is_eager=True, help="Show which versions run, and exit."),
    ] = False,
) -> None:
    pass


def _versions_of(names: tuple[str, ...]) -> Iterator[str]:
    # Read from what pip left: to import them would take seconds.
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield f"{name} {metadata.version(name)}"


@app.command()
def lab() -> None:
    """Open JupyterLab on the first lesson."""
    from braintut.dataset.locations import lessons_folder

    lessons = lessons_folder()
    root = f"--ServerApp.root_dir={lessons.parent}"  # the clone, so that data and README are in Lab's file browser
    sys.exit(_run_python("jupyterlab", root, LARGE_UPLOADS, str(lessons / "00_start_here.ipynb")))


@app.command()
def lessons(
    numbers: Annotated[list[str] | None, typer.Argument(help="Which lessons, for example 00 03; all if none.")] = None,
    out: Annotated[Path, typer.Option(help="Where the pages go.")] = Path("build/lessons"),
    handout: Annotated[
        Path | None, typer.Option(help="Write copies without solutions and answers into this folder, and run nothing.")
    ] = None,
) -> None:
    """Run lessons from top to bottom and write each as a web page, or make a handout for a class."""
    from tqdm import tqdm

    from braintut.dataset.locations import lessons_folder
    from braintut.teaching.notebooks import PAGE_OPTIONS, lesson_paths, write_handout

    everything = lesson_paths(lessons_folder())
    chosen = [p for p in everything if not numbers or p.name[:2] in {n.zfill(2) for n in numbers}]
    if not chosen:
        raise DataError(
            f"There is no lesson {', '.join(numbers or [])}; there are {', '.join(p.stem for p in everything)}."
        )
    if handout:
        written = write_handout(chosen, check_writable_folder(handout))
        say(f"{len(written)} lesson{'s' * (len(written) > 1)} without solutions and answers in {handout}.")
        return
    check_writable_folder(out)
    for path in tqdm(chosen, desc="lessons"):
        command = ["nbconvert", *PAGE_OPTIONS, "--execute", "--embed-images", "--log-level", "ERROR"]
        if _run_python(*command, "--output-dir", str(out.resolve()), str(path)):
            raise DataError(f"{path.name} stopped with an error; open it in JupyterLab to see the cell.")
    say(f"Read them in {out}.")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where the reports go.")] = Path("build/demo"),
    epochs: Annotated[int, typer.Option(help="More epochs, better masks, more minutes.", min=1)] = 40,
) -> None:
    """Train on synthetic heads and report on heads it never saw (about a minute)."""
    check_writable_folder(out)
    _draw_as_shipped()
    with quietly():
        from braintut.pipeline.evaluation import evaluate_slices
        from braintut.pipeline.fitting import fit_pipeline
        from braintut.pipeline.recipe import Cycle, Network, Recipe
    from braintut.dataset.load import load_phantoms
    from braintut.dataset.splits import split_by_fold

    train, test = split_by_fold(load_phantoms(), fold=5)
    say(f"Training on {len(train)} slices of {train.n_patients} phantom patients.")
    recipe = Recipe(
        unet_size=64,
        unet=Network(filters=8, depth=3, stem=1, classes=1),
        cycles=(Cycle(epochs, batch_size=8, learning_rate=3e-3),),
        jitters=1,
    )
    pipeline = fit_pipeline(train, name="demo", recipe=recipe)
    _write_demo(pipeline, test, out)
    numbers = evaluate_slices(pipeline, test, progress=False).numbers
    say(
        f"{numbers['n_patients']} patients it never saw: mean Dice {numbers['dice']['mean']:.2f}, "
        f"type right on {numbers['accuracy']['predicted_mask']:.0%} of {numbers['n_slices']} slices. See {out}."
    )


@app.command()
def download(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to; default: a folder below data/ in a clone, else a cache.")
    ] = None,
    part: Annotated[
        int | None, typer.Option(help="Fetch one of the four zips only (215 MB); none has all types in fair shares.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Fetch 186 slices of 48 patients only, all types in fair shares (54 MB).")
    ] = False,
) -> None:
    """Download the figshare brain tumour dataset (880 MB) or a sample of it, checked and resumable."""
    from braintut.dataset.download import download_figshare
    from braintut.dataset.sample import download_sample

    if sample and part is not None:
        raise DataError("--sample and --part each name what to fetch; give one of them.")
    if sample:
        say(f"The sample is in {download_sample(folder)}.")
    else:
        say(f"The dataset is in {download_figshare(folder, part=part)}.")


@app.command()
def train(
    data: Annotated[str, typer.Argument(help="Folder of .mat files or zips, or the word phantoms.")],
    out: Annotated[Path, typer.Option(help="Folder for the trained pair.")],
    name: Annotated[str | None, typer.Option(help="Name in its card; default: the folder's.")] = None,
    hold_out: Annotated[
        int | None, typer.Option("--hold-out", help="Official fold to leave out and measure on.", min=1, max=5)
    ] = None,
    folds: Annotated[
        str | None, typer.Option(help="Use these official folds only, for example 1,2,4 or 1-4; all if not given.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="TOML file that says how, for example experiments/shipped_recipe.toml.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the slices in each cycle; else the recipe's, or 45.", min=1)
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="auto, float32, mixed_float16 (GPU) or mixed_bfloat16 (recent CPUs).")
    ] = None,
    start_from: Annotated[str | None, typer.Option(help="Go on with the U-Net of this pair.")] = None,
    masks_from: Annotated[
        list[str] | None,
        typer.Option(
            help="Pair that did not see some of these patients; the classifier learns from its masks of them."
        ),
    ] = None,
    numbers_from: Annotated[
        Path | None,
        typer.Option(help="Take the card's numbers from this pair, trained with --hold-out, or from a records.json."),
    ] = None,
) -> None:
    """Train a U-Net and its classifiers; started again, it goes on after the last whole epoch."""
    with quietly():
        from braintut.pipeline.making import make_pair
        from braintut.pipeline.recipe import Recipe
    how = Recipe.load(recipe) if recipe else Recipe()
    try:
        how = how if precision is None else replace(how, precision=precision)
    except BraintutError as error:
        raise DataError(f"--{error}") from error
    make_pair(
        data, out, lambda line: typer.echo(line, err=True), recipe=how if epochs is None else how.with_epochs(epochs),
        name=name, hold_out=hold_out, folds=folds, start_from=start_from, masks_from=masks_from or [],
        numbers_from=numbers_from,
    )  # fmt: skip
    typer.echo(f"The pair is in {out}.")


@app.command()
def evaluate(
    data: Annotated[Path, typer.Argument(help="Folder of figshare .mat files or zips.")],
    json_file: JsonOption = None,
    model: ModelOption = None,
    fold: Annotated[int | None, typer.Option(help="Count this official fold only.", min=1, max=5)] = None,
    allow_training_patients: Annotated[
        bool, typer.Option("--allow-training-patients", help="Count patients it was trained on, too.")
    ] = False,
    every_slice_has_a_tumour: Annotated[
        bool,
        typer.Option(
            "--every-slice-has-a-tumour",
            help="Take for granted that there is one, as most published numbers do; `no tumour found` is rarer then.",
        ),
    ] = False,
) -> None:
    """Measure a pair on patients it never saw: Dice, surface distance and type, misses counted."""
    if json_file:
        check_writable_file(json_file)
    with quietly():
        from braintut.pipeline.evaluation import evaluate_folder
        from braintut.pipeline.pipeline import load_pipeline
    pipeline = load_pipeline(model)
    if every_slice_has_a_tumour:
        pipeline = pipeline.without_presence()
    numbers = evaluate_folder(pipeline, data, fold, allow_training_patients).numbers
    if json_file:
        _write_json(json_file, numbers)
    dice, accuracy = numbers["dice"], numbers["accuracy"]
    low, high = dice["ci95"]
    say(
        f"{numbers['n_slices']} slices of {numbers['n_patients']} patients "
        f"({numbers['n_excluded_patients']} left out: trained on)",
        f"Dice  mean {dice['mean']:.3f} ({low:.3f} to {high:.3f}), missed {dice['missed_fraction']:.1%}",
        f"Type  {accuracy['predicted_mask']:.1%} from the predicted mask, "
        f"{accuracy['true_mask']:.1%} from the true one, {accuracy['patient_vote']:.1%} by patient",
    )


@app.command()
def predict(
    scans: Annotated[
        list[Path],
        typer.Argument(
            help="Scans (.mat, .npy, PNG, JPEG, TIFF, BMP, WebP, DICOM), DICOM series, NIfTI volumes, or folders.",
            metavar="SCAN...",
        ),
    ],
    json_file: JsonOption = None,
    report: Annotated[Path | None, typer.Option(help="Write a page for each scan into this folder.")] = None,
    model: ModelOption = None,
    prevalence: Annotated[
        float, typer.Option(help="Share of slices like yours that show a tumour, between 0 and 1; moves `presence`.")
    ] = 0.5,
) -> None:
    """Look at scans: is there a tumour, where, how large, and of which type?"""
    from tqdm import tqdm

    _check_places(scans, json_file, report)
    if not 0 < prevalence < 1:
        raise DataError(f"--prevalence {prevalence:g} must be a share between 0 and 1, both left out, such as 0.01.")
    found = _find_scans(scans)
    names = distinct_names([str(scan) for scan, _ in found])
    pipeline = _load_pipeline(model) if any(wrong is None for _, wrong in found) else None
    if pipeline:
        pipeline.prevalence = prevalence
    answers: list[dict] = []
    failed = False
    try:
        for (path, wrong), name in zip(tqdm(found, desc="scans", disable=len(found) < 2), names, strict=True):
            try:
                answer = _look_at(pipeline, path, wrong)
            except BraintutError as error:
                answers.append({"scan": str(path), "error": str(error)})
                say(f"braintut: {error}", error=True)
                failed = True
                continue
            answers.append(answer.to_dict())
            say(f"{path}: {answer}{_remarks(answer)}")
            if report:
                failed |= not _write_page(report / f"{name}.html", answer)
    except KeyboardInterrupt:
        say(f"braintut: stopped after {len(answers)} of {len(found)} scans.", error=True)
        raise typer.Exit(130) from None
    finally:  # finished work is kept, whatever ended the batch
        if json_file:
            _write_json(json_file, answers)
    if failed:
        raise typer.Exit(1)


def _check_places(scans: list[Path], json_file: Path | None, report: Path | None) -> None:
    if report:
        check_writable_folder(report)
    if json_file:
        check_writable_file(json_file)
        if json_file.resolve() in {scan.resolve() for scan in scans}:
            raise DataError(f"--json {json_file} would overwrite that scan with the answers; choose another name.")


def _remarks(answer: Report | SeriesReport) -> str:
    """What must be known beside an answer."""
    one = getattr(answer, "best", answer)
    seen = ["(trained on this very patient)"] if one.trained_on_patient else []
    return "".join(f" {remark}" for remark in [*seen, *(f"({kind}: never seen)" for kind in one.warnings)])


def _find_scans(scans: list[Path]) -> list[tuple[Path | Series, BraintutError | None]]:
    """List scans and series, folders opened; a folder that gives none stands for itself, with the reason."""
    from braintut.dataset.series import find_scans

    found: list[tuple[Path | Series, BraintutError | None]] = []
    for scan in scans:
        try:
            found += [(each, None) for each in find_scans(scan)]
        except BraintutError as error:
            found.append((scan, error))
        except OSError as error:
            found.append((scan, DataError(f"{scan} cannot be read ({error.strerror}); see to its name and rights.")))
    return found


def _load_pipeline(model: str | None):
    _draw_as_shipped()
    with quietly():
        from braintut.pipeline.pipeline import load_pipeline
    return load_pipeline(model)


def _look_at(pipeline, path: Path | Series, wrong: BraintutError | None) -> Report | SeriesReport:
    from braintut.dataset.series import open_file

    if wrong:
        raise wrong
    try:
        series = open_file(path) if isinstance(path, Path) else path
        return pipeline(path) if series is None else pipeline.series(series)
    except BraintutError:
        raise
    except Exception as error:  # whatever it is: one scan never ends a batch
        reason = f"{type(error).__name__}: {brief(error)}"
        raise DataError(f"{path} cannot be looked at ({reason}); export the slice again.") from error


def _write_page(path: Path, answer: Report | SeriesReport) -> bool:
    try:
        write_text(path, answer.html())
    except OSError as error:
        say(f"braintut: the page {path} cannot be written ({error.strerror or error}).", error=True)
        return False
    return True


def _write_json(path: Path, value: object) -> None:
    text = json_text(value)
    try:
        write_text(path, text + "\n")
    except OSError as error:
        say(*text.splitlines())  # the work is done: its answers must not be lost
        reason = error.strerror or error
        raise DataError(f"'{path}' cannot be written ({reason}); what should stand there is printed above.") from error


def _write_demo(pipeline, test, out: Path) -> None:
    from braintut.segmentation.metrics import dice_score

    for patient in dict.fromkeys(test.patients):
        of_patient = test.of_patient(patient)
        one = of_patient[len(of_patient) // 2]
        answer = pipeline(one)
        dice = dice_score(one.true_mask, answer.predicted_mask)
        path = out / f"{patient}.png"
        with whole_file(path) as part:
            answer.figure(one.true_mask).savefig(part, dpi=110, format="png")
        say(f"{path}: {answer} (truly {one.tumour_type}, Dice {dice:.2f})")


@app.command()
def doctor() -> None:
    """Say whether the lessons will run on this machine, one line a question, and what to do where they won't."""
    from braintut.teaching.doctor import examine

    _draw_as_shipped()
    works = True
    for finding in examine():
        say(str(finding))
        works &= finding.works
    if not works:
        say("Something will not work: see the lines that begin with NOT.", error=True)
        raise typer.Exit(1)
    say("Ready: open a lesson with `braintut lab`.")


def _run_python(*arguments: str) -> int:
    """Run a module with this Python and return its exit status; pictures go into notebooks there."""
    # A backend of the user's, set for scripts, would take the pictures out of the lessons.
    settings = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.call(command, env=settings)


def _draw_as_shipped() -> None:
    """Draw figures without a window and as they are meant, whatever the user's own matplotlibrc says."""
    os.environ.pop("MPLBACKEND", None)  # matplotlib does not even load where it names none that there is
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcdefaults()


if __name__ == "__main__":
    main()
