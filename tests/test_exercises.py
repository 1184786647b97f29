"""Every check: the right answer, the untouched starter, typical mistakes with a message each, and rubbish."""

import importlib
import json
import math
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers
from skimage.measure import label, regionprops
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, StratifiedGroupKFold, StratifiedKFold
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from braintut.dataset import load_phantoms
from braintut.features import measure_table
from braintut.pipeline import keep_tumour
from braintut.report import Report
from braintut.teaching.exercises import (
    checking,
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
)
from braintut.teaching.exercises.checking import NotYet, as_number, as_numbers, call, demand, exercise
from making import block_mask

MODULES = sorted((Path(checking.__file__).parent).glob("lesson_*.py"))


def report(scan="slice 7", seconds=0.25):
    probabilities = {"meningioma": 0.1, "glioma": 0.8, "pituitary": 0.1}
    mask = np.zeros((8, 8), bool)
    mask[2:4, 2:4] = True
    return Report(scan, np.zeros((8, 8)), mask * 0.9, mask, "glioma", probabilities, 2.0, False, seconds)


def scan(phantoms_slice="7"):
    return SimpleNamespace(ids=[phantoms_slice], types=["glioma"])


def halves(*names):
    return dict(zip(("marks pixels", "measures the marked region", "names the type"), names, strict=True))


def four_tests():
    patients = {"A": ["P1", "P1"], "B": ["P3", "P1", "P2"], "C": ["P3", "P4", "P4"], "D": ["P4"]}
    return {letter: SimpleNamespace(patients=np.array(names)) for letter, names in patients.items()}


def knows_two():
    return SimpleNamespace(was_fitted_on=lambda patient: patient in ("P1", "P2"))


def believed(*answers):
    return dict(zip("ABCD", answers, strict=True)), four_tests(), knows_two()


def in_planes(*names):
    return dict(zip("ABCD", names, strict=True))


def on_both(train, test):
    return set(train.patients) & set(test.patients)


def all_of_both(train, test):
    return set(train.patients) | set(test.patients)


def on_both_again_and_again(train, test):
    return [patient for patient in test.patients if patient in train.patients]


def slices_of_both(train, test):
    return test.ids[np.isin(test.patients, train.patients)]


def mr_or(other):
    return lambda patient: "glioma" if patient.startswith("MR") else other


def without_last_letter(patient):
    return patient[:-1] if patient[-1].isalpha() else patient


def mix(x, filters):
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return x


def up(x, bridge, filters):
    return mix(layers.Concatenate()([layers.Conv2DTranspose(filters, 2, strides=2)(x), bridge]), filters)


def up_by_repeating(x, bridge, filters):
    return mix(layers.Concatenate()([bridge, layers.UpSampling2D()(x)]), filters)


def up_without_bridge(x, bridge, filters):
    return mix(layers.Conv2DTranspose(filters, 2, strides=2)(x), filters)


def up_unmixed(x, bridge, filters):
    return layers.Concatenate()([layers.Conv2DTranspose(filters, 2, strides=2)(x), bridge])


def up_added(x, bridge, filters):
    return mix(layers.Add()([layers.Conv2DTranspose(12, 2, strides=2)(x), bridge]), filters)


def up_wrong_channels(x, bridge, filters):
    return up(x, bridge, 2 * filters)


def up_mixed_once(x, bridge, filters):
    x = layers.Concatenate()([layers.Conv2DTranspose(filters, 2, strides=2)(x), bridge])
    return layers.Conv2D(filters, 3, padding="same")(x)


def not_up(x, bridge, filters):
    return mix(layers.Concatenate()([x, bridge]), filters)


def soft(truth, probability, smooth=0.0):
    tp, fp, fn = (truth * probability).sum(), ((1 - truth) * probability).sum(), (truth * (1 - probability)).sum()
    return 1 - (2 * tp + smooth) / (2 * tp + fp + fn + smooth)


def soft_score(truth, probability):
    return 1 - soft(truth, probability)


def soft_iou(truth, probability):
    tp, either = (truth * probability).sum(), np.maximum(truth, probability).sum()
    return 1 - tp / either


def soft_squared(truth, probability):
    return 1 - 2 * (truth * probability).sum() / ((truth**2).sum() + (probability**2).sum())


def hard(truth, probability):
    return soft(truth, (probability >= 0.5) * 1.0)


def without_false_positives(truth, probability):
    tp, fn = (truth * probability).sum(), (truth * (1 - probability)).sum()
    return 1 - 2 * tp / (2 * tp + fn)


def a_loss_in_keras(truth, probability):
    return keras.ops.convert_to_tensor(soft(truth, probability, smooth=1.0))


def six(mask):
    rows, columns = np.nonzero(mask)
    width, height = np.ptp(columns) + 1, np.ptp(rows) + 1
    return width, height, columns.mean(), rows.mean(), height / width, rows.size


def six_in_a_list(mask):
    return [float(number) for number in six(mask)]


def six_swapped(mask):
    width, height, x, y, *others = six(mask)
    return width, height, y, x, *others


def six_one_too_small(mask):
    width, *others = six(mask)
    return width - 1, *others


def six_upside_down(mask):
    *others, roundness, area = six(mask)
    return *others, 1 / roundness, area


def six_by_pixels(mask):
    found = [(y, x) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]]
    ys, xs = zip(*found, strict=True)
    width, height = max(xs) - min(xs) + 1, max(ys) - min(ys) + 1
    return width, height, sum(xs) / len(xs), sum(ys) / len(ys), height / width, len(xs)


def ring_mean(image, distance, low, high):
    return image[(distance > low) & (distance <= high)].mean()


def disc_inside(image, distance, low, high):
    return image[distance <= high].mean()


def beyond(image, distance, low, high):
    return image[distance > low].mean()


def ring_or(image, distance, low, high):
    return image[(distance > low) | (distance <= high)].mean()


def ring_by_the_picture(image, distance, low, high):
    return (image * ((distance > low) & (distance <= high))).mean()


def ring_sum(image, distance, low, high):
    return image[(distance > low) & (distance <= high)].sum()


def ring_outside_only(image, distance, low, high):
    return image[(distance > max(low, 0)) & (distance <= max(high, 1))].mean()


def measured_phantoms():
    phantoms = load_phantoms()
    return measure_table(phantoms), phantoms


def split_by_group(labels, patients):
    return list(StratifiedGroupKFold(5, shuffle=True, random_state=0).split(labels, labels, patients))


def split_by_row(labels, patients):
    return list(StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels))


def split_now_and_then(labels, patients):
    return list(GroupShuffleSplit(3, random_state=0).split(labels, labels, patients))


def split_once(labels, patients):
    return split_by_group(labels, patients)[:1]


def split_into_masks(labels, patients):
    return [rows for pair in split_by_group(labels, patients) for rows in pair]


def vote_by_mean(probabilities, patients):
    return probabilities.groupby(patients).mean().idxmax(axis=1)


def vote_by_head(probabilities, patients):
    said = probabilities.dropna().idxmax(axis=1)
    return said.groupby(patients[probabilities.notna().all(axis=1)]).agg(lambda types: types.mode()[0])


def vote_by_the_surest(probabilities, patients):
    return probabilities.groupby(patients).max().idxmax(axis=1)


def vote_of_the_last(probabilities, patients):
    return probabilities.groupby(patients).min().idxmin(axis=1)


def vote_slice_by_slice(probabilities, patients):
    return probabilities.dropna().idxmax(axis=1)


TABLE, PHANTOMS = measured_phantoms()


def moves(layer, image, mask):
    batch = layer({"images": image, "segmentation_masks": mask}, training=True)
    return batch["images"], np.array(batch["segmentation_masks"]) >= 0.5


def moves_twice(layer, image, mask):
    return layer(image, training=True), np.array(layer(mask, training=True)) >= 0.5


def moves_to_grey(layer, image, mask):
    both = layer(keras.ops.concatenate([image, mask], axis=-1), training=True)
    return both[..., :1], both[..., 1:]


def moves_the_image(layer, image, mask):
    return layer(image, training=True), mask


def moves_nothing(layer, image, mask):
    return image, mask


def moves_into_a_dictionary(layer, image, mask):
    return layer({"images": image, "segmentation_masks": mask}, training=True)


def cut_hole(image, mask, row, column, side, keep=False, turned=False):
    image, left = image.copy(), mask.copy()
    square = np.s_[row : row + side, column : column + side][:: -1 if turned else 1]
    image[square], left[square] = 0, False
    return image, mask if keep else left


def cut_hole_for_ever(image, mask, row, column, side):
    image[row : row + side, column : column + side] = 0
    mask[row : row + side, column : column + side] = False
    return image, mask


def scans(**changed):
    return {**lesson_04.COULD_BE, **{key.replace("_", " "): value for key, value in changed.items()}}


def state_of(folder):
    return json.loads((folder / "state.json").read_text())


def left_by_history(folder):
    return state_of(folder)["settings"]["epochs"] - len(state_of(folder)["history"])


def left_by_last_file(folder):
    state = state_of(folder)
    return state["settings"]["epochs"] - int(state["last"][6:10])


def left_by_newest_file(folder):
    newest = max(int(file.name[6:10]) for file in folder.glob("*.h5"))
    return state_of(folder)["settings"]["epochs"] - newest


def left_by_counting_files(folder):
    return state_of(folder)["settings"]["epochs"] - len(list(folder.glob("*.h5")))


def mean_of_patients(values, patients, rng):
    drawn = rng.choice(np.unique(patients), len(np.unique(patients)))
    return np.concatenate([values[patients == patient] for patient in drawn]).mean()


def mean_of_slices(values, patients, rng):
    return rng.choice(values, len(values)).mean()


def mean_of_patients_once(values, patients, rng):
    return values[np.isin(patients, rng.choice(np.unique(patients), 4))].mean()


def mean_of_all_patients(values, patients, rng):
    return values[np.isin(patients, rng.choice(np.unique(patients), 4, replace=False))].mean()


def mean_by_size(values, patients, rng):
    drawn = rng.choice(patients, len(np.unique(patients)))
    return np.concatenate([values[patients == patient] for patient in drawn]).mean()


def mean_of_too_many(values, patients, rng):
    drawn = rng.choice(np.unique(patients), len(patients))
    return np.concatenate([values[patients == patient] for patient in drawn]).mean()


def mean_of_means(values, patients, rng):
    return np.mean([values[patients == patient].mean() for patient in rng.choice(np.unique(patients), 4)])


def sizes_of_pieces(mask):
    pieces = label(mask)
    return pieces, np.bincount(pieces.ravel())


def largest_piece(mask):
    pieces, areas = sizes_of_pieces(mask)
    areas[0] = 0
    return mask & (pieces == areas.argmax())


def largest_by_region(mask):
    regions = sorted(regionprops(label(mask)), key=lambda region: region.area)
    return label(mask) == regions[-1].label if regions else mask


def largest_with_background(mask):
    pieces, areas = sizes_of_pieces(mask)
    return pieces == areas.argmax()


def largest_or_background(mask):
    pieces, areas = sizes_of_pieces(mask)
    areas[0] = 0
    return pieces == areas.argmax()


def largest_not_of_nothing(mask):
    pieces, areas = sizes_of_pieces(mask)
    return pieces == 1 + areas[1:].argmax()


def readings(**wrong):
    """The right reading of each line, but for those whose number is named."""
    return {line: right != (f"line_{i}" in wrong) for i, (line, right) in enumerate(lesson_08.SAYS.items())}


def answered(probability, right, limit):
    kept = probability >= limit
    return kept.mean(), right[kept].mean()


def answered_in_numbers(probability, right, limit):
    kept = probability >= limit
    return kept.sum(), right[kept].sum()


def answered_of_all(probability, right, limit):
    kept = probability >= limit
    return kept.mean(), (right & kept).mean()


def answered_with_nan(probability, right, limit):
    kept = ~(probability < limit)
    return kept.mean(), right[kept].mean()


def answered_above(probability, right, limit):
    kept = probability > limit
    return kept.mean(), right[kept].mean()


def answered_where_doubtful(probability, right, limit):
    kept = ~(probability >= limit)
    return kept.mean(), right[kept].mean()


# check: (right answers, untouched starters, typical mistakes)
CASES = {
    lesson_00.first_report: (
        [(report(), scan())],
        [(..., scan())],
        [(report("slice 8"), scan()), ([report()], scan()), (report().figure(), scan()), (len, scan()), (None, scan())],
    ),
    lesson_00.halves: (
        [(halves("U-Net", "classifier", "classifier"),), (halves("u-net", " Classifier", "classifier"),)],
        [(halves(..., ..., ...),), (halves("U-Net", ..., "classifier"),)],
        [
            (halves("classifier", "classifier", "U-Net"),),
            (halves("U-Net", "classifier", "U-Net"),),
            (halves("U-Net", "U-Net", "classifier"),),
            (halves("unet", "classifier", "classifier"),),
        ],
    ),
    lesson_00.honest_tests: (
        [believed(False, False, True, True), believed(*np.array([False, False, True, True]))],
        [believed(..., ..., ..., ...), believed(False, ..., True, True)],
        [
            believed(True, True, True, True),
            believed(False, True, True, True),
            believed(False, False, False, False),
            believed(True, True, False, False),
            believed("no", "no", "yes", "yes"),
            ([False, False, True, True], four_tests(), knows_two()),
            ({"A": False}, four_tests(), knows_two()),
        ],
    ),
    lesson_00.machine: (
        [(0.25, report()), (np.float32(0.25), report()), (40.0, report(seconds=40.0))],
        [(..., report())],
        [(250, report()), (16.0, report()), (0.25 / 60, report()), (3.0, report())],
    ),
    lesson_01.patient_id: (
        [("PH001",), (np.str_("PH001"),)],
        [(...,)],
        [
            ([80, 72, 48, 48, 49],),
            (list("PH001"),),
            ("8072484849",),
            ("80 72 48 48 49",),
            (8072484849,),
            ("001",),
            (b"PH001",),
            ("100HP",),
            ("PH002",),
        ],
    ),
    lesson_01.border_points: (
        [(lambda border: border.reshape(-1, 2) - 1,), (lambda b: [(x - 1, y - 1) for x, y in b.reshape(-1, 2)],)],
        [(lambda border: ...,)],
        [
            (lambda border: border.reshape(-1, 2),),
            (lambda border: border.reshape(-1, 2) + 1,),
            (lambda border: border.reshape(-1, 2)[:, ::-1] - 1,),
            (lambda border: border.reshape(2, -1).T - 1,),
            (lambda border: border.reshape(2, -1) - 1,),
            (lambda border: border.ravel() - 1,),
            (lambda border: border[:, :2] - 1,),
        ],
    ),
    lesson_01.planes: (
        [
            (in_planes("coronal", "axial", "sagittal", "coronal"),),
            (in_planes("Coronal", "axial ", "sagittal", "coronal"),),
        ],
        [(in_planes(..., ..., ..., ...),), (in_planes("coronal", ..., ..., ...),)],
        [
            (in_planes("axial", "axial", "sagittal", "coronal"),),
            (in_planes("coronal", "coronal", "sagittal", "coronal"),),
            (in_planes("coronal", "axial", "coronal", "coronal"),),
            (in_planes("coronal", "axial", "sagittal", "axial"),),
            (in_planes("coronal", "axial", "sagital", "coronal"),),
        ],
    ),
    lesson_01.both_sides: (
        [(on_both,), (lambda train, test: np.intersect1d(train.patients, test.patients),)],
        [(lambda train, test: ...,)],
        [
            (all_of_both,),
            (on_both_again_and_again,),
            (slices_of_both,),
            (lambda train, test: len(on_both(train, test)),),
            (lambda train, test: set(test.patients) - set(train.patients),),
            (lambda train, test: on_both(train, test) or {"PH001"},),
        ],
    ),
    lesson_01.spelling: (
        [(mr_or("pituitary"),), (lambda p: "pituitary" if p.isdigit() else "glioma",)],
        [(lambda patient: ...,)],
        [
            (mr_or("glioma"),),
            (mr_or("meningioma"),),
            (lambda p: mr_or("pituitary" if p < "9" else "meningioma")(p),),
            (lambda patient: "meningioma" if patient.startswith("MR") else "pituitary",),
            (lambda patient: "glioma" if patient < "9" or patient.startswith("MR") else "pituitary",),
            (lambda patient: patient[:2],),
        ],
    ),
    lesson_01.one_name: (
        [(without_last_letter,), (lambda patient: patient.rstrip("ABCDEFGHIJ"),)],
        [(lambda patient: ...,)],
        [
            (lambda patient: patient,),
            (lambda patient: patient[:-1],),
            (lambda patient: patient[:6] if patient[-1].isalpha() else patient,),
            (lambda patient: patient[:7] if patient.startswith("MR") else patient,),
            (lambda patient: patient.strip("MRABCDEFGHIJ"),),
            (int,),
        ],
    ),
    lesson_02.second_convolution: (
        [(4640,), (np.int64(4640),), (4640.0,)],
        [(...,)],
        [(4608,), (4624,), (320,), (160,), (544,), (1568,), (7,)],
    ),
    lesson_02.bottom: (
        [((16, 16, 128),), ([16, 16, 128],), (np.array([16, 16, 128]),)],
        [((..., ..., ...),), ((16, 16, ...),)],
        [
            ((32, 32, 64),),
            ((8, 8, 256),),
            ((16, 16, 64),),
            ((16, 16, 256),),
            ((16, 8, 128),),
            ((16, 16),),
            ((16, 16, 8),),
        ],
    ),
    lesson_02.decoder_step: (
        [(up,), (up_by_repeating,)],
        [(lambda x, bridge, filters: ...,)],
        [(up_without_bridge,), (up_unmixed,), (up_added,), (up_wrong_channels,), (up_mixed_once,), (not_up,)],
    ),
    lesson_02.diagnosis: (
        [({"A": "learning rate", "B": "healthy", "C": "wrong mask"},)],
        [({"A": ..., "B": ..., "C": ...},)],
        [
            ({"A": "wrong mask", "B": "healthy", "C": "learning rate"},),
            ({"A": "healthy", "B": "learning rate", "C": "wrong mask"},),
            ({"A": "healthy", "B": "healthy", "C": "healthy"},),
            ({"A": "bad", "B": "healthy", "C": "wrong mask"},),
        ],
    ),
    lesson_03.lazy: (
        [(1 - 64 / 4096,), (0.984,)],
        [(...,)],
        [(1.0,), (0.0,), (0.5,), (64 / 4096,), (98.4375,), (4032,)],
    ),
    lesson_03.counts: (
        [(2, 2, 3), (np.int64(2), 2.0, 3)],
        [(..., ..., ...), (2, ..., ...)],
        [(2, 3, 2), (2, 4, 5), (7, 2, 3), (3, 2, 3), (2, 1, 3), (2, 2, 9)],
    ),
    lesson_03.dice: (
        [(4 / 9,), (0.44,)],
        [(...,)],
        [(2 / 9,), (2 / 7,), (11 / 16,), (0.5,), (0.4,), (5 / 9,), (44.4,), (0.9,)],
    ),
    lesson_03.soft: (
        [(soft,), (lambda t, p: soft(t, p, 1.0),), (lambda t, p: soft(t, p, 1e-7),), (a_loss_in_keras,)],
        [(lambda truth, probability: ...,)],
        [(soft_score,), (soft_iou,), (soft_squared,), (hard,), (without_false_positives,), (lambda t, p: t * p,)],
    ),
    lesson_03.batch_or_image: (
        [(0.5, 1 / 9), (0.5, 0.11)],
        [(..., ...), (0.5, ...)],
        [(1 / 9, 0.5), (1.0, 1 / 9), (0.0, 1 / 9), (0.5, 8 / 9), (0.5, 0.5), (0.5, 0.2)],
    ),
    lesson_04.could_be_a_scan: (
        [(scans(),)],
        [(dict.fromkeys(lesson_04.COULD_BE, ...),), (scans(turn_upside_down=...),)],
        [
            (scans(turn_upside_down=True),),
            (scans(mirror_left_and_right=False),),
            (scans(stretch_to_twice_the_height=True),),
            ({**scans(), "turn by 10 degrees, mask left as it was": True},),
            (scans(turn_upside_down="no"),),
            ({"turn by 10 degrees": True},),
        ],
    ),
    lesson_04.move: (
        [(moves,)],
        [(lambda layer, image, mask: ...,)],
        [
            (moves_twice,),
            (moves_to_grey,),
            (moves_the_image,),
            (moves_nothing,),
            (moves_into_a_dictionary,),
            (lambda layer, image, mask: image,),
        ],
    ),
    lesson_04.hole: (
        [(cut_hole,)],
        [(lambda image, mask, row, column, side: ...,)],
        [
            (cut_hole_for_ever,),
            (lambda *given: cut_hole(*given, keep=True),),
            (lambda *given: cut_hole(*given, turned=True),),
            (lambda image, mask, row, column, side: cut_hole(image, mask, row, column, side - 1),),
            (lambda image, *rest: cut_hole(image, *rest)[0],),
            (lambda image, mask, *rest: (image, cut_hole(image, mask, *rest)[1]),),
        ],
    ),
    lesson_04.skull_share: (
        [(lambda areas: np.mean(areas >= 25),), (lambda areas: (areas >= 25).sum() / len(areas),)],
        [(lambda areas: ...,)],
        [
            (lambda areas: (areas >= 25).sum(),),
            (lambda areas: 100 * np.mean(areas >= 25),),
            (lambda areas: np.mean(areas > 25),),
            (lambda areas: np.mean(areas > 0),),
            (lambda areas: np.mean(areas < 25),),
            (lambda areas: areas.mean(),),
            (lambda areas: areas >= 25,),
        ],
    ),
    lesson_05.loss_scale: (
        [(2**15,), (2**16,), (1000.0,), (np.float32(4096),)],
        [(...,)],
        [(1,), (4,), (1e6,), (-1024,), ("2**15",)],
    ),
    lesson_05.epochs_left: (
        [(left_by_history,), (left_by_last_file,)],
        [(lambda folder: ...,)],
        [
            (lambda folder: len(state_of(folder)["history"]),),
            (lambda folder: state_of(folder)["settings"]["epochs"],),
            (left_by_newest_file,),
            (left_by_counting_files,),
            (lambda folder: left_by_history(folder) + 1,),
            (lambda folder: 7,),
            (lambda folder: state_of(folder)["epochs"],),
        ],
    ),
    lesson_05.diagnosis: (
        [({"A": "learnt by heart", "B": "too high a rate", "C": "not finished"},)],
        [({"A": ..., "B": ..., "C": ...},)],
        [
            ({"A": "not finished", "B": "too high a rate", "C": "learnt by heart"},),
            ({"A": "too high a rate", "B": "learnt by heart", "C": "not finished"},),
            ({"A": "not finished", "B": "not finished", "C": "not finished"},),
            ({"A": "bad", "B": "too high a rate", "C": "not finished"},),
        ],
    ),
    lesson_05.drawn_again: (
        [(mean_of_patients,)],
        [(lambda values, patients, rng: ...,)],
        [
            (mean_of_slices,),
            (mean_of_patients_once,),
            (mean_of_all_patients,),
            (mean_of_means,),
            (mean_by_size,),
            (mean_of_too_many,),
        ],
    ),
    lesson_06.six_numbers: (
        [((3, 4, 1.75, 3, 4 / 3, 8),), ([3, 4, 1.75, 3.0, 1.33, 8],)],
        [((..., ..., ..., ..., ..., ...),), ((3, 4, ..., ..., ..., ...),)],
        [
            ((4, 3, 1.75, 3, 4 / 3, 8),),
            ((2, 3, 1.75, 3, 1.5, 8),),
            ((3, 3, 1.75, 3, 1, 8),),
            ((3, 4, 3, 1.75, 4 / 3, 8),),
            ((3, 4, 2, 2.5, 4 / 3, 8),),
            ((3, 4, 1.75, 2.5, 4 / 3, 8),),
            ((3, 4, 2.75, 4, 4 / 3, 8),),
            ((3, 4, 1.75, 4, 4 / 3, 8),),
            ((3, 4, 1.75, 3, 0.75, 8),),
            ((3, 4, 1.75, 3, 4 / 3, 12),),
            ((3, 4, 8),),
        ],
    ),
    lesson_06.six_at_once: (
        [(six,), (six_in_a_list,)],
        [(lambda mask: ...,)],
        [(six_swapped,), (six_one_too_small,), (six_upside_down,), (six_by_pixels,), (lambda mask: mask.sum(),)],
    ),
    lesson_06.pairs_below: (
        [([[3, 0, 2], [0, 2, 2], [1, 1, 1]],), (np.array([[3, 0, 2], [0, 2, 2], [1, 1, 1]]),)],
        [([[..., ..., ...], [..., ..., ...], [..., ..., ...]],), ([[3, 0, 2], [0, 2, 2], [..., ..., ...]],)],
        [
            ([[2, 2, 1], [1, 2, 0], [0, 1, 3]],),
            ([[3, 0, 1], [0, 2, 1], [2, 2, 1]],),
            ([[6, 0, 3], [0, 4, 3], [3, 3, 2]],),
            ([[0.25, 0, 0.17], [0, 0.17, 0.17], [0.08, 0.08, 0.08]],),
            ([[3, 0, 2], [0, 2, 2], [1, 1, 2]],),
            ([[3, 1, 1], [0, 2, 2], [1, 1, 1]],),
            ([3, 0, 2, 0, 2, 2, 1, 1, 1],),
        ],
    ),
    lesson_06.ring: (
        [(ring_mean,)],
        [(lambda image, distance, low, high: ...,)],
        [(disc_inside,), (beyond,), (ring_or,), (ring_by_the_picture,), (ring_sum,), (ring_outside_only,)],
    ),
    lesson_06.three_features: (
        [(["place_midline", "firstorder_p10", "ring_near_std"], TABLE, PHANTOMS)],
        [([..., ..., ...], TABLE, PHANTOMS)],
        [
            (["shape_area_mm2", "shape_aspect_ratio", "shape_tilt"], TABLE, PHANTOMS),
            (["place_midline", "firstorder_p10", "ring_near"], TABLE, PHANTOMS),
            (["place_midline", "place_midline", "ring_near_std"], TABLE, PHANTOMS),
            (["place_midline", "firstorder_p10"], TABLE, PHANTOMS),
            ([1, 2, 3], TABLE, PHANTOMS),
        ],
    ),
    lesson_07.steps: (
        [([SimpleImputer(), StandardScaler(), SVC()],), ((MinMaxScaler(), KNNImputer(), RandomForestClassifier()),)],
        [([..., ..., ...],), ([SimpleImputer(), ..., ...],)],
        [
            ([SimpleImputer, StandardScaler, SVC],),
            ([SVC(), SimpleImputer(), StandardScaler()],),
            ([SimpleImputer(), PCA(), SVC()],),
            ([StandardScaler(), PCA(), SVC()],),
            ([SimpleImputer(), StandardScaler(), PCA()],),
            ([SimpleImputer(), StandardScaler()],),
            (["gaps", "scale", "svm"],),
        ],
    ),
    lesson_07.honest_folds: (
        [(split_by_group,), (lambda labels, patients: GroupKFold(5).split(labels, labels, patients),)],
        [(lambda labels, patients: ...,)],
        [(split_by_row,), (split_now_and_then,), (split_once,), (split_into_masks,)],
    ),
    lesson_07.reading: (
        [(0.785, 0.7, 0.875), (157 / 200, 0.7, 0.88)],
        [(..., ..., ...), (0.785, ..., ...)],
        [
            (0.86, 0.7, 0.875),
            (157, 0.7, 0.875),
            (0.8, 0.7, 0.875),
            (0.5, 0.7, 0.875),
            (0.785, 0.83, 0.875),
            (0.785, 0.875, 0.7),
            (0.785, 0.35, 0.875),
            (0.785, 0.7, 0.7),
            (0.785, 0.7, 0.125),
        ],
    ),
    lesson_07.vote: (
        [(vote_by_mean,), (lambda p, patients: vote_by_mean(p, patients).to_dict(),)],
        [(lambda probabilities, patients: ...,)],
        [(vote_by_head,), (vote_by_the_surest,), (vote_of_the_last,), (vote_slice_by_slice,)],
    ),
    lesson_08.one_piece: (
        [(largest_piece,), (largest_by_region,), (lambda mask: keep_tumour(mask, 10.0),)],
        [(lambda mask: ...,)],
        [
            (lambda mask: mask,),
            (lambda mask: mask & False,),
            (largest_with_background,),
            (lambda mask: label(mask) == 1,),
            (largest_or_background,),
            (largest_not_of_nothing,),
            (label,),
            (lambda mask: sizes_of_pieces(mask)[1][1:].max(),),
        ],
    ),
    lesson_08.reading: (
        [(lesson_08.SAYS,), (readings(),)],
        [(dict.fromkeys(lesson_08.SAYS, ...),)],
        [
            (readings(line_0=True),),
            (readings(line_1=True),),
            (readings(line_2=True),),
            (readings(line_3=True),),
            (readings(line_4=True),),
            (dict.fromkeys(lesson_08.SAYS, "no"),),
            ({"healthy": False},),
        ],
    ),
    lesson_08.held_back: (
        [(answered,), (lambda *given: np.array(answered(*given)),)],
        [(lambda probability, right, limit: ...,), (lambda probability, right, limit: (..., ...),)],
        [
            (lambda *given: answered(*given)[::-1],),
            (answered_in_numbers,),
            (answered_of_all,),
            (answered_with_nan,),
            (answered_above,),
            (answered_where_doubtful,),
            (lambda probability, right, limit: ((probability >= limit).mean(), right.mean()),),
            (lambda *given: (answered(*given)[0], 1 - answered(*given)[1]),),
            (lambda *given: answered(*given)[0],),
        ],
    ),
    lesson_08.right_alarms: (
        [(9 / (9 + 0.3 * 90),), (0.25,), (np.float32(0.25),)],
        [(...,)],
        [(0.9,), (0.7,), (0.3,), (9 / 39,), (9 / 27,), (10 / 37,), (0.1,), (0.75,), (0.09,), (25,), (36,), (0.5,)],
    ),
}
MISTAKES = [(check, answer) for check, (_, _, mistakes) in CASES.items() for answer in mistakes]


def verdict(capsys, check, answer):
    capsys.readouterr()
    assert check(*answer) is None
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1 and printed.endswith("\n"), printed
    return printed


def name(value):
    return f"{value.__module__[-9:]}.{value.__name__}" if callable(value) else ""


@pytest.mark.parametrize("check", CASES, ids=name)
def test_right_answers_are_right(capsys, check):
    for answer in CASES[check][0]:
        assert verdict(capsys, check, answer).startswith("Right")


@pytest.mark.parametrize("check", CASES, ids=name)
def test_untouched_starters_are_not_attempted(capsys, check):
    for answer in CASES[check][1]:
        assert verdict(capsys, check, answer).startswith("Not attempted:")


@pytest.mark.parametrize("check", CASES, ids=name)
def test_each_typical_mistake_has_a_message_of_its_own(capsys, check):
    messages = [verdict(capsys, check, answer) for answer in CASES[check][2]]
    assert all(message.startswith("Not yet, because ") for message in messages), messages
    assert len(messages) >= 2 and len(set(messages)) == len(messages), messages
    assert not any("could not be looked at" in message for message in messages)


class Awkward:
    """Fails at whatever is done with it."""

    def __getattribute__(self, name):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = __iter__ = __len__ = __float__ = __repr__ = __str__ = __call__ = __eq__


def stops():
    raise SystemExit("bye")


RUBBISH = [
    None, "", "text", b"x", True, math.nan, math.inf, -1, 1e400, 3 + 4j, [], (), {}, set(), object(), Awkward(),
    np.zeros((2, 2)), np.array([]), np.array(["a"]), [[1], 2], {"A": None}, len, stops, lambda *_: None,
    lambda *_: 1 / 0, lambda *_: "text", block_mask(), np.random.default_rng(), Exception("x"), type,
]  # fmt: skip


@pytest.mark.parametrize("check", CASES, ids=name)
def test_a_check_never_raises(capsys, check):
    wanted = len(CASES[check][0][0])
    for rubbish in RUBBISH:
        for answer in ([rubbish] * wanted, [rubbish, *CASES[check][0][0][1:]], [], [rubbish] * 9):
            assert verdict(capsys, check, answer).startswith(("Not yet, because ", "Not attempted:"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_check_has_its_rows_and_says_which_lesson(path):
    module = importlib.import_module(f"braintut.teaching.exercises.{path.stem}")
    checks = [thing for thing in vars(module).values() if getattr(thing, "is_check", False)]
    assert len(checks) >= 3
    for check in checks:
        assert check in CASES, f"{name(check)} has no rows in CASES"
        assert f"Introduced in lesson {path.stem[-2:]}" in check.__doc__


# --- what checks are made of ---


def test_what_a_learner_prints_does_not_blur_the_verdict(capsys):
    @exercise
    def check(function):
        demand(call(function, 2) == 4, "2 should give 4.")

    def chatty(x):
        print("I am here\nand here")
        return x * x

    assert verdict(capsys, check, [chatty]) == "Right. \n" or verdict(capsys, check, [chatty]) == "Right.\n"


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: 1 / 0, "ZeroDivisionError"),
        (lambda: 1, "positional argument"),
        (lambda x: None, "does it end with `return`"),
        (stops, "stopped on an example"),
        (5, "a function is wanted here"),
    ],
)
def test_functions_that_fail_are_told_what_happened(function, words):
    with pytest.raises(NotYet, match=words):
        call(function, 1)


@pytest.mark.parametrize("value", ["3", None, True, [3], np.array([3.0]), math.nan, 3j])
def test_numbers_are_numbers_only(value):
    with pytest.raises(NotYet, match="`x`"):
        as_number(value, "x")


def test_numbers_of_every_library_are_taken():
    for value in (3, 3.0, np.int64(3), np.float32(3), np.array(3), keras.ops.convert_to_tensor(3.0)):
        assert as_number(value, "x") == 3.0
    assert as_numbers(np.array([1, 2]), "x", 2) == (1.0, 2.0)


def test_a_long_message_stays_one_line(capsys):
    @exercise
    def check(answer):
        raise NotYet("first\nsecond\n  third")

    assert verdict(capsys, check, [1]) == "Not yet, because first second third\n"


def test_ctrl_c_is_not_swallowed():
    @exercise
    def check(answer):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(1)
