"""Will the lessons run on this machine? One line a question, and what to do where the answer is no."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from braintut.dataset.load import load_phantoms, real_folder
from braintut.dataset.locations import default_data_folder, sample_folder
from braintut.errors import brief
from braintut.quiet import quietly

PYTHONS = ((3, 11), (3, 13))
NEEDED_GB = 2.0
"""Memory of one lesson's kernel, TensorFlow included, with room to spare."""
SLOW_SECONDS = 5.0
"""A scan that takes longer makes the longer lessons tiresome."""
SAMPLE_GB = 0.2
"""Room for the sample of real slices while it is fetched."""
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says how much a container may take."""


@dataclass(frozen=True)
class Finding:
    """The answer to one question.

    Parameters
    ----------
    about : str
        What was looked at, in one word.
    works : bool
        False where something will not work.
    says : str
        What was found and, where it does not work or could be better, what to do.
    """

    about: str
    works: bool
    says: str

    def __str__(self) -> str:
        return f"{'ok ' if self.works else 'NOT'}  {self.about:<9} {self.says}"


def examine() -> Iterator[Finding]:
    """Look at all that a lesson needs, one thing after the other; what fails is a finding, too.

    Examples
    --------
    >>> [finding.about for finding in examine()]
    ['Python', 'packages', 'memory', 'disk', 'data', 'Jupyter', 'widgets', 'trial']
    """
    looks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("Python", python), ("packages", packages), ("memory", memory), ("disk", disk), ("data", data),
        ("Jupyter", jupyter), ("widgets", widgets), ("trial", trial),
    )  # fmt: skip
    for about, look in looks:
        try:
            yield look()
        except Exception as error:  # whatever it is, the other questions are still to be answered
            yield Finding(about, False, f"{type(error).__name__}: {brief(error)}; install braintut again.")


def python() -> Finding:
    """Say whether this Python is one that braintut is tested on."""
    fits = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    found = f"{platform.python_version()} on {platform.system()}"
    return Finding("Python", fits, found if fits else f"{found}: install Python 3.11, 3.12 or 3.13.")


def packages() -> Finding:
    """Say whether all packages that braintut needs are there, and new enough."""
    try:
        wanted = metadata.requires("braintut") or []
    except metadata.PackageNotFoundError:
        return Finding("packages", True, "braintut runs from a folder and is not installed: nothing to compare with.")
    wrong = [complaint for line in wanted if "extra ==" not in line and (complaint := _complaint(line))]
    if wrong:
        return Finding("packages", False, f"{', '.join(wrong)}: run `pip install --upgrade braintut` or `make setup`.")
    return Finding("packages", True, f"Keras {metadata.version('keras')}, TensorFlow {metadata.version('tensorflow')}")


def memory() -> Finding:
    """Say whether one lesson fits into what this machine, or this container, has."""
    found = _memory_gb()
    if found is None:
        return Finding("memory", True, f"This system does not tell; a lesson needs {NEEDED_GB:.0f} GB.")
    if found < NEEDED_GB:
        return Finding(
            "memory", False, f"{found:.1f} GB, and a lesson needs {NEEDED_GB:.0f}: close other programs, or use Colab."
        )
    return Finding("memory", True, f"{found:.1f} GB, and a lesson needs {NEEDED_GB:.0f}")


def disk() -> Finding:
    """Say whether a sample of real slices would find room."""
    folder = default_data_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    if not os.access(folder, os.W_OK):
        return Finding("disk", True, f"{folder} is read-only: phantoms do; real slices need a folder of your own.")
    if free < SAMPLE_GB:
        return Finding("disk", False, f"{free:.1f} GB free in {folder}: make room, {SAMPLE_GB} GB at least.")
    return Finding("disk", True, f"{free:.0f} GB free; the real set needs 0.9, its sample 0.1")


def data() -> Finding:
    """Say which slices the lessons will take, and whether the phantoms that stand in can be read."""
    phantoms = len(load_phantoms())
    if chosen := os.environ.get("BRAINTUT_DATA", "").strip():
        there = chosen == "phantoms" or Path(chosen).expanduser().is_dir()
        return Finding(
            "data", there, f"BRAINTUT_DATA says {chosen}{'' if there else ', which is not there: unset it.'}"
        )
    folder = real_folder()
    if folder is None:
        return Finding("data", True, f"{phantoms} phantoms; for real heads run `braintut download --sample` (54 MB)")
    return Finding("data", True, f"real slices in {folder}{', a sample' if folder == sample_folder() else ''}")


def jupyter() -> Finding:
    """Say whether the notebooks can be opened."""
    if "google.colab" in sys.modules:
        return Finding("Jupyter", True, "Colab's own")
    missing = [name for name in ("jupyterlab", "ipykernel", "nbformat") if _version(name) is None]
    if missing:
        return Finding(
            "Jupyter", False, f"{', '.join(missing)} missing: run `pip install 'braintut[lab]'` or `make lab`."
        )
    return Finding("Jupyter", True, f"JupyterLab {_version('jupyterlab')}")


def widgets() -> Finding:
    """Say whether sliders and buttons will show: Python's half and JupyterLab's have to be of one age."""
    ours, theirs = _version("ipywidgets"), _version("jupyterlab_widgets")
    if ours is None:
        return Finding("widgets", False, "ipywidgets missing: run `pip install ipywidgets`.")
    if "google.colab" in sys.modules or _version("jupyterlab") is None:
        return Finding("widgets", True, f"ipywidgets {ours}")
    fits = theirs is not None and _major(theirs) == {7: 1, 8: 3}.get(_major(ours))
    if not fits:
        return Finding(
            "widgets", False,
            f"ipywidgets {ours} does not fit jupyterlab_widgets {theirs}: run `pip install --upgrade ipywidgets`.",
        )  # fmt: skip
    return Finding("widgets", True, f"ipywidgets {ours} with jupyterlab_widgets {theirs}")


def trial() -> Finding:
    """Make one report, as lesson 00 does, and say how long it took."""
    with quietly():
        from braintut.pipeline.pipeline import load_pipeline
        from braintut.segmentation.metrics import dice_score
    phantoms = load_phantoms()
    scan = phantoms[int(phantoms.masks.sum(axis=(1, 2)).argmax())]
    pipeline = load_pipeline("phantom")
    pipeline(scan)  # the first one prepares the network
    start = time.perf_counter()
    report = pipeline(scan)
    seconds, dice = time.perf_counter() - start, dice_score(scan.true_mask, report.predicted_mask)
    if dice < 0.5:
        return Finding("trial", False, f"the largest phantom tumour is outlined with Dice {dice:.2f}: install again.")
    slow = " (slow: Colab may be the better place)" if seconds > SLOW_SECONDS else ""
    return Finding("trial", True, f"one report in {seconds:.1f} s, Dice {dice:.2f}{slow}")


def _complaint(requirement: str) -> str:
    """What is wrong with one installed package, "" if nothing is."""
    name, least = re.match(r"([\w.-]+)(?:.*?>=([\d.]+))?", requirement).groups()
    found = _version(name)
    if found is None:
        return f"{name} missing"
    return f"{name} {found} is older than {least}" if least and _parts(found) < _parts(least) else ""


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.match(r"\d+(?:\.\d+)*", version)[0].split(".")))


def _major(version: str) -> int:
    return _parts(version)[0]


def _memory_gb() -> float | None:
    """Memory of this machine, or of the container that it is; None where the system does not say."""
    try:
        sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, OSError, ValueError):
        return None
    for path in map(Path, LIMITS):
        try:
            sizes.append(int(path.read_text()))
        except (OSError, ValueError):  # no container, or one without a limit ("max")
            continue
    return min(sizes) / 1e9
