"""Experiment 12: does a pair notice that a picture is no slice like those it learnt from?

Run: python experiments/unlike.py DATA     (DATA: folder of the downloaded set)

A thousand other pictures, real slices of patients that the pair never met, phantoms, changed slices, another scanner's
head: who is refused, and who is marked? And would features of the network itself help?
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import other_pictures
import typer
from common import CONFIRMATION_FOLD, load_real, of_folds, with_interval, write_result
from deep_features import to_bottleneck
from other_pictures import negative, pictures
from scipy.ndimage import gaussian_filter
from scipy.stats import binomtest

from braintut.dataset.figshare import fold_of, list_slices, read_folds
from braintut.dataset.grid import normalise, resize, to_square
from braintut.dataset.head import shows_head
from braintut.dataset.load import WORKING_SIZE, load_phantoms
from braintut.dataset.slices import Slices
from braintut.errors import DataError
from braintut.features.look import LOOK_LENGTH, measure_look
from braintut.pipeline.familiarity import KEPT, Familiarity, fit_looks
from braintut.pipeline.pipeline import Pipeline, load_pipeline

PER_KIND = 50
EVERY = 4
"""Of the unseen slices each fourth is changed in every way."""
PROTOCOL = (
    f"Pair figshare_without_fold_4, fitted on folds 1 to 3, and slices of fold {CONFIRMATION_FOLD}; pair phantom, and "
    "phantoms that it has not met. A file that shows no head is refused; of the others a look of "
    f"{LOOK_LENGTH} measured numbers is compared with those of the training slices (Mahalanobis' distance, covariance "
    f"after Ledoit and Wolf), and marked beyond the limit below which {KEPT:.0%} of slices of patients stay that an "
    "inner fit has not met (five groups of training patients). Which numbers are measured was decided on folds 1 to 4 "
    "and on the kinds 'seen'; the kinds 'unseen' were looked at once, when all was fixed. Other pictures are given as "
    "grey ones, though files in colour are refused at once. Intervals of slices are bootstrapped over patients; that "
    "of other pictures, of which some are crops of one, is Clopper and Pearson's."
)
REFUSED, MARKED, PASSED = "refused", "marked", "passed"

CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda head: head,
    "mirrored": lambda head: head[:, ::-1],
    "upside down": lambda head: head[::-1],
    "turned by 90 degrees": np.rot90,
    "black margin, side by a half larger": lambda head: np.pad(head, len(head) // 4),
    "darker (gamma 1.5)": lambda head: head**1.5,
    "darker (gamma 2)": lambda head: head**2,
    "lighter (gamma 0.67)": lambda head: head**0.67,
    "a little noise (5 % of white)": lambda head: noisy(head, 0.05),
    "much noise (15 % of white)": lambda head: noisy(head, 0.15),
    "a little blurred (1 px of 256)": lambda head: gaussian_filter(head, 1),
    "blurred (2 px)": lambda head: gaussian_filter(head, 2),
    "much blurred (4 px)": lambda head: gaussian_filter(head, 4),
    "greys of the head inverted": lambda head: np.where(head > 0.08, 1.05 - head, head),
    "half of the head": lambda head: head[:, : len(head) // 2],
    "inverted (a negative)": lambda head: 1 - head,
}


def noisy(head: np.ndarray, strength: float) -> np.ndarray:
    """Add noise as a scanner does: to a signal of which only the magnitude is kept."""
    rng = np.random.default_rng(0)
    return np.hypot(head + rng.normal(0, strength, head.shape), rng.normal(0, strength, head.shape))


def shows_a_head(picture: np.ndarray) -> bool:
    """Whether a picture gets past the first step."""
    try:
        return shows_head(normalise(picture))
    except DataError:
        return False


def judge(familiarity: Familiarity, picture: np.ndarray) -> str:
    """What a pair does with a file that holds this picture."""
    if not shows_a_head(picture):
        return REFUSED
    return MARKED if familiarity.unlike(to_square(normalise(picture), WORKING_SIZE)) > 1 else PASSED


def shares(verdicts: Sequence[str], patients: np.ndarray | None = None) -> dict:
    """How many were refused and marked; with patients also the intervals over them."""
    told = np.array(verdicts)
    counts = {"n": len(told), REFUSED: int((told == REFUSED).sum()), MARKED: int((told == MARKED).sum())}
    counts["noticed_share"] = float((told != PASSED).mean())
    if patients is None:
        return counts
    intervals = {f"{what}_share": with_interval(told == what, patients) for what in (REFUSED, MARKED)}
    return {**counts, "patients": len(np.unique(patients)), **intervals}


def of_slices(familiarity: Familiarity, slices: Slices) -> dict:
    """Verdicts on slices."""
    return shares([judge(familiarity, image) for image in slices.images], slices.patients)


def of_strangers(familiarity: Familiarity, data: Path) -> dict:
    """Verdicts on all slices of the confirmation fold as they stand in their files, all together and by type."""
    folds = read_folds(data)
    rows = []
    for entry in list_slices(data):
        if fold_of(entry, folds) == CONFIRMATION_FOLD:
            scan = entry.read()
            rows.append((scan.patient, scan.tumour_type, judge(familiarity, scan.image)))
    patients, types, verdicts = (np.array(column) for column in zip(*rows, strict=True))
    by_type = {name: shares(verdicts[types == name], patients[types == name]) for name in np.unique(types)}
    return {**shares(verdicts, patients), "per_type": by_type}


def of_kinds(familiarity: Familiarity, others: dict[str, list[np.ndarray]]) -> dict:
    """Verdicts on other pictures by kind."""
    return {kind: shares([judge(familiarity, picture) for picture in some]) for kind, some in others.items()}


def summed(kinds: dict[str, dict]) -> dict:
    """All kinds together, with the interval of Clopper and Pearson."""
    n, missed = sum(k["n"] for k in kinds.values()), sum(k["n"] - k[REFUSED] - k[MARKED] for k in kinds.values())
    interval = binomtest(n - missed, n).proportion_ci()
    return {"n": n, "not_noticed": missed, "noticed_share": {"mean": 1 - missed / n, "ci95": [*interval]}}


def of_phantoms(pairs: dict[str, Pipeline]) -> dict:
    """What pairs say of phantoms that the pair `phantom` has not met, with a tumour and without one."""
    phantoms = load_phantoms()
    met = np.array([pairs["by_phantom"].was_fitted_on(str(patient)) for patient in phantoms.patients])
    sets = {"with_a_tumour": phantoms[~met], "without_a_tumour": load_phantoms(True)}
    return {
        name: {who: of_slices(pair.familiarity, part) for who, pair in pairs.items()} for name, part in sets.items()
    }


def brains() -> dict[str, list[np.ndarray]]:
    """The MNI brain (T1-weighted, no contrast agent, no skull, the mean of 152 people), where nilearn is installed."""
    try:
        from nilearn.datasets import load_mni152_template
    except ImportError:
        return {}
    volume = load_mni152_template(resolution=1).get_fdata()
    cuts = {axis: np.linspace(0.3, 0.7, 20) * volume.shape[axis] for axis in range(3)}
    planes = ("sagittal", "coronal", "axial")
    return {planes[axis]: [np.rot90(volume.take(int(i), axis=axis)) for i in cuts[axis]] for axis in cuts}


def network_looks(unet: keras.Model, squares: np.ndarray) -> np.ndarray:
    """What the network computes at its narrowest place, averaged over the picture, shape (N, channels)."""
    inner, size, parts = to_bottleneck(unet), unet.input_shape[1], []
    for start in range(0, len(squares), 32):
        batch = np.stack([resize(square, size) for square in squares[start : start + 32]])[..., None]
        parts.append(np.asarray(inner.predict_on_batch(batch), np.float32).mean(axis=(1, 2)))
    return np.log1p(np.concatenate(parts))


def with_the_network(pipeline: Pipeline, slices: Slices, others: dict[str, list[np.ndarray]]) -> dict:
    """Share of unseen slices marked, and of other pictures missed, by what the distance is measured on."""
    met = np.array([pipeline.was_fitted_on(str(patient)) for patient in slices.patients])
    doubtful = [p for some in others.values() for p in some if shows_a_head(p)]
    squares = {"slices": slices.images, "others": np.stack([to_square(normalise(p), WORKING_SIZE) for p in doubtful])}
    looks = {"measured": {of: np.stack([measure_look(s) for s in some]) for of, some in squares.items()}}
    looks["network"] = {of: network_looks(pipeline.unet, some) for of, some in squares.items()}
    looks["both"] = {of: np.hstack([looks["measured"][of], looks["network"][of]]) for of in squares}
    result = {}
    for name, values in looks.items():
        familiarity = fit_looks(values["slices"][met], slices.patients[met])
        marked = familiarity.distances(values["slices"][~met]) > 1
        missed = familiarity.distances(values["others"]) <= 1
        result[name] = {
            "numbers": values["slices"].shape[1],
            "strangers_marked": with_interval(marked, slices.patients[~met]),
            "others_not_noticed": int(missed.sum()),
        }
    return result


def main(data: Path) -> None:
    """Judge all, and write `unlike.json`."""
    start = time.perf_counter()
    pair, phantom_pair = load_pipeline("figshare_without_fold_4"), load_pipeline("phantom")
    slices = load_real(data, WORKING_SIZE)
    strangers = of_folds(slices, CONFIRMATION_FOLD)
    kinds = other_pictures.UNSEEN | {"negatives of slices": lambda rng, n: negative(rng, strangers.images)}
    others = {"seen": pictures(other_pictures.SEEN, PER_KIND), "unseen": pictures(kinds, PER_KIND, seed=1)}
    noticed = {when: of_kinds(pair.familiarity, some) for when, some in others.items()}
    some = strangers[np.arange(0, len(strangers), EVERY)]
    numbers = {
        "other_pictures": noticed,
        "other_pictures_together": {
            **{when: summed(of_some) for when, of_some in noticed.items()},
            "all": summed({**noticed["seen"], **noticed["unseen"]}),
        },
        "strangers": of_strangers(pair.familiarity, data),
        "changed": {
            name: shares([judge(pair.familiarity, change(image)) for image in some.images], some.patients)
            for name, change in CHANGES.items()
        },
        "phantoms": of_phantoms({"by_phantom": phantom_pair, "by_figshare_without_fold_4": pair}),
        "slices_by_phantom": of_slices(phantom_pair.familiarity, some),
        "mni_brain": of_kinds(pair.familiarity, brains()),
        "with_the_network": with_the_network(pair, slices, {**others["seen"], **others["unseen"]}),
    }
    minutes = (time.perf_counter() - start) / 60
    question = "Does a pair notice that a picture is no slice like those it learnt from?"
    write_result("unlike", question, PROTOCOL, minutes, numbers)


if __name__ == "__main__":
    typer.run(main)
