"""Checks of lesson 05: a shared batch, epochs left, a loss scale, curves, patients drawn again, a suspicion."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np

from braintut.dataset.slices import Slices
from braintut.quiet import quietly
from braintut.teaching.exercises.checking import NotYet, as_number, as_numbers, call, demand, exercise, expect

SMALLEST_SLOPE, LARGEST_SLOPE = 2e-8, 0.5
"""Slopes of an invented training; both have to fit into float16."""

COUNTS, MEANS = np.array([1, 2, 3, 10]), np.array([0.0, 0.1, 0.4, 1.0])
"""Slices of four invented patients, and the value that each slice of a patient has."""

CAUSES = ("too high a rate", "not finished", "learnt by heart")
OTHER_WORDS = {"learned by heart": "learnt by heart", "overfitting": "learnt by heart", "underfitting": "not finished"}

# `^` is no power in Python: 2^15 is 13.
SLIPS = {base ^ power: f"{base}^{power}" for base, powers in ((2, range(10, 18)), (10, (3, 4, 5))) for power in powers}


@exercise
def shared_batch(batch_size: object, steps: object) -> str:
    """Check the batch for four GPUs and the steps of an epoch, where one GPU had batches of 16 and 40 steps."""
    size, count = as_number(batch_size, "batch_size"), as_number(steps, "steps")
    expect(
        size,
        64,
        {
            16: "then each GPU gets 4 slices of a batch and has less to do than the one had.",
            4: "`batch_size` is the whole batch, which the GPUs share; you gave a GPU's share of a smaller one.",
        },
        "each of the four should get 16 slices of every batch.",
    )
    expect(
        count,
        10,
        {
            40: "with a larger batch all slices of an epoch have passed after fewer steps.",
            160: "there are not more slices than before; they pass in larger batches.",
            2.5: "the batch has grown by four, not by sixteen.",
        },
        "an epoch has 16 x 40 slices; how many batches of the new size hold them?",
    )
    return "A quarter of the steps, each on four times as many slices: that is why the learning rate often has to rise."


@exercise
def loss_scale(scale: object) -> str:
    """Check a factor that brings slopes between 2e-8 and 0.5 into the range of float16."""
    number = as_number(scale, "scale")
    demand(number not in SLIPS, f"{SLIPS.get(number)} is {number:.0f} in Python; a power is written with `**`.")
    demand(number > 0, "a factor of zero or below wipes the slopes out or turns them round.")
    with np.errstate(over="ignore"):
        small, large = np.float16(SMALLEST_SLOPE * number), np.float16(LARGEST_SLOPE * number)
    demand(np.isfinite(large), f"the largest slope becomes {large} in float16: the factor is too large.")
    demand(small > 0, "the smallest slope is still 0 in float16: the factor is too small.")
    error = abs(float(small) / (SMALLEST_SLOPE * number) - 1)
    demand(error < 0.01, f"the smallest slope is no longer 0, but {error:.0%} off: down there the steps are coarse.")
    return "Afterwards the slopes are divided by the same factor in float32, and nothing is lost."


@exercise
def epochs_left(function: Callable) -> str:
    """Check a function (folder) that reads state.json and says how many epochs are left."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        answers = [_left_after(function, folder, done, of) for done, of in ((4, 30), (9, 12), (12, 12))]
    expect(
        answers,
        [26, 3, 0],
        {
            (4, 9, 12): "that is how many are done, not how many are left.",
            (30, 12, 12): "that is how many there are in all.",
            (28, 10, 10): "you counted weight files; a finished epoch has none of its own once a later one is kept.",
            (25, 2, -1): "one file of weights is half-written in my example; only `state.json` says what is whole.",
            (27, 4, 1): "one too many: the history has one entry for each whole epoch.",
        },
        f"in my example 4 of 30, 9 of 12 and 12 of 12 epochs are whole, and you say {answers} are left.",
    )
    return "`state.json` is written last, so what it names is whole."


def three_trainings(train: Slices, validation: Slices) -> dict[str, list[dict]]:
    """Train a small network three times; each time something else is the matter.

    Parameters
    ----------
    train, validation : Slices
        Slices of different patients; they are shrunk to 32 px.

    Returns
    -------
    dict of str to list of dict
        For A, B and C one dict an epoch: epoch, loss, val_dice.
    """
    train, validation = train.resized(32), validation.resized(32)
    few, some = (train[np.isin(train.patients, np.unique(train.patients)[:n])] for n in (5, 10))
    normalised, plain = _small_network("group"), _small_network("none")  # normalised, even a high rate gets somewhere
    return {
        "A": _train_from(*normalised, validation, few, 5e-3, 32),
        "B": _train_from(*plain, validation, some, 0.1, 8),
        "C": _train_from(*normalised, validation, train, 4e-3, 6),
    }


@exercise
def diagnosis(cause: object) -> str:
    """Check which of three learning curves (A, B, C) shows what."""
    demand(isinstance(cause, dict), f"`cause` should be a dictionary, as in the starter, not a {type(cause).__name__}.")
    demand(set(cause) == {"A", "B", "C"}, "`cause` should have exactly the keys A, B and C.")
    words = {key: str(value).strip().lower() for key, value in cause.items()}
    given = {key: OTHER_WORDS.get(word, word) for key, word in words.items()}
    unknown = sorted(set(given.values()) - set(CAUSES))
    demand(not unknown, f"'{unknown[0] if unknown else ''}' is none of the three; copy their spelling.")
    demand(len(set(given.values())) == 3, "you gave one of them twice; each belongs to one drawing.")
    demand(
        given["B"] == "too high a rate",
        f"{_key(given, 'too high a rate')} does not show too high a rate: its loss falls. Which one gets nowhere?",
    )
    demand(
        given["A"] == "learnt by heart",
        "the other two are swapped: in which one does the Dice still rise at the last epoch?",
    )
    return "More patients for A, a lower rate for B, more epochs for C: three curves, three cures."


@exercise
def drawn_again(function: Callable) -> str:
    """Check a function (values, patients, rng) that draws whole patients again and gives the mean of their values."""
    patients, values = np.repeat(["A", "B", "C", "D"], COUNTS), np.repeat(MEANS, COUNTS)
    rng, what = np.random.default_rng(0), "16 slices of 4 patients"
    answers = [as_number(call(function, values, patients, rng, what=what), "the mean") for _ in range(300)]
    seen = set(np.round(answers, 9))
    demand(len(seen) > 1, "300 draws gave the same mean: are patients drawn at random, and can one come twice?")
    four = [np.bincount(drawn, minlength=4) for drawn in np.ndindex(4, 4, 4, 4)]
    medians = np.round([np.median(np.repeat(MEANS, COUNTS * times)) for times in four], 9)
    demand(not seen <= set(medians), "the mean is asked for, and your numbers look like medians.")
    demand(
        not seen <= set(_means_of_slices(np.minimum(four, 1))),
        "a patient drawn twice counts once in your mean, or fewer patients are drawn than there are.",
    )
    fair = _means_of_slices(four)
    if seen <= set(fair):
        # All 256 draws are equally likely. 300 of them that are five standard errors off the mean were drawn otherwise.
        off = (np.mean(answers) - fair.mean()) / (fair.std() / np.sqrt(len(answers)))
        demand(off < 5, "patients with many slices are drawn more often: draw from `np.unique(patients)`.")
        demand(off > -5, "some patients are drawn more often than others: draw from `np.unique(patients)`.")
        return "Patients are drawn, and their slices come along."
    demand(
        not seen <= set(np.round(four @ MEANS / 4, 9)),
        "you average patients with one value each; here every slice of a drawn patient counts.",
    )
    sixteen = [np.bincount(drawn, minlength=4) for drawn in combinations_with_replacement(range(4), len(values))]
    demand(not seen <= set(_means_of_slices(sixteen)), "you draw as many patients as there are slices.")
    raise NotYet("no four whole patients give some of your means: you draw single slices, not patients.")


@exercise
def missed_shares(function: Callable) -> str:
    """Check a function (missed, suspect) that gives the share missed among the suspects, and among the others."""
    # Suspects: 3 missed, 1 not. Others: 2 missed, 8 not.
    missed = np.array([1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0], bool)
    suspect = np.array([1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0], bool)
    answer = as_numbers(call(function, missed, suspect, what="14 slices, 4 of them suspects"), "the answer", 2)
    expect(
        answer,
        (3 / 4, 2 / 10),
        {
            (2 / 10, 3 / 4): "the suspects come first, then the others.",
            (
                3 / 5,
                2 / 5,
            ): "you looked among the missed slices for suspects; look among the suspects for missed slices.",
            (
                3 / 5,
                1 / 9,
            ): "that is the share of suspects among the missed and the found; the question runs the other way.",
            (3, 2): "these are counts; 3 of 4 and 3 of 400 are not the same.",
            (3 / 14, 2 / 14): "you divided by all slices; each group has a size of its own.",
            (1 / 4, 8 / 10): "that is how many were found.",
        },
        "of the 4 suspects 3 were missed in my example, of the 10 others 2; you say {:.2f} and {:.2f}.".format(*answer),
        tolerance=1e-3,
    )
    return "If both shares were alike, the suspicion would explain nothing."


def _means_of_slices(times: object) -> np.ndarray:
    """Means over all slices, for rows that say how many times each invented patient was drawn."""
    return np.round(np.asarray(times) @ (COUNTS * MEANS) / (np.asarray(times) @ COUNTS), 9)


def _left_after(function: Callable, folder: Path, done: int, of: int) -> float:
    """What a function says of a folder with two files of weights, the last of which is half-written."""
    for old in folder.iterdir():
        old.unlink()
    history = [{"epoch": epoch + 1, "loss": 1.0} for epoch in range(done)]
    last = f"epoch_{done:04d}.weights.h5"
    state = {"settings": {"epochs": of}, "history": history, "last": last, "best": None}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / last).write_bytes(b"whole")
    (folder / f"epoch_{done + 1:04d}.weights.h5").write_bytes(b"ha")
    return as_number(call(function, folder, what="a folder with a broken training"), "the answer")


def _small_network(normalisation: str) -> tuple:
    """Make a compiled network, and keep the first values of its weights and of its optimiser."""
    with quietly():
        import keras

        from braintut.segmentation import DiceCrossEntropyLoss, build_unet
    keras.utils.set_random_seed(0)
    model = build_unet(32, filters=8, depth=2, normalisation=normalisation)
    model.compile(keras.optimizers.Adam(), DiceCrossEntropyLoss("batch"))
    model.optimizer.build(model.trainable_variables)
    return model, (model.get_weights(), [keras.ops.convert_to_numpy(v) for v in model.optimizer.variables])


def _train_from(model: object, start: tuple, validation: Slices, train: Slices, rate: float, epochs: int) -> list[dict]:
    """Put weights and optimiser back to their start and train: A and C share a network, which is built only once."""
    with quietly():
        from braintut.segmentation import dice_score, predict_probabilities
    model.set_weights(start[0])
    for variable, value in zip(model.optimizer.variables, start[1], strict=True):
        variable.assign(value)
    model.optimizer.learning_rate = rate
    images, masks = train.images[..., None], train.masks[..., None].astype(np.float32)
    history = []
    for epoch in range(epochs):
        loss = model.fit(images, masks, batch_size=8, verbose=0).history["loss"][0]
        predicted = predict_probabilities(model, validation.images, batch_size=40) >= 0.5
        dice = [dice_score(t, p) for t, p in zip(validation.masks, predicted, strict=True)]
        history.append({"epoch": epoch + 1, "loss": float(loss), "val_dice": float(np.mean(dice))})
    return history


def _key(given: dict, value: str) -> str:
    return next(key for key, cause in given.items() if cause == value)
