"""Heads without a tumour, made from heads with one: the tumour is cut out and other tissue put in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, binary_fill_holes
from skimage.morphology import disk
from skimage.restoration import inpaint_biharmonic

from braintut.dataset.grid import bounding_box, head_mask, largest_piece
from braintut.dataset.slices import Slices, concatenate

MARGIN_MM = 4.0
"""So far beyond the outline the hole reaches: the light rim of a tumour is wider than what was drawn."""

DEPTH_MM = 10.0
"""A hole where no tumour is stays so far from the head's surface: smoothed over, scalp would look like a tumour."""

RING = disk(3)
"""Tissue is chosen by how well it fits a ring of this width, in pixels, round the hole."""

TRIES = 100
"""So many places are looked at for tissue that fills a hole."""

WAYS = ("mirror", "beside", "smooth")
"""Where tissue may come from: the head's other half, another place of the slice, or nowhere (the rim goes on)."""


def empty_slices(slices: Slices, seed: int = 0, ways: Sequence[str] = WAYS) -> Slices:
    """Take the tumour out of each slice.

    Parameters
    ----------
    slices : Slices
        With tumours.
    seed : int
        Decides where each slice's new tissue comes from.
    ways : sequence of str
        Of `WAYS`; where one finds no tissue, the next is tried, and "smooth" at last.

    Returns
    -------
    Slices
        The same heads with empty masks and label 0. Emptied is not healthy: what the tumour pushed aside stays there,
        and so does the swelling round it.
    """
    rng = np.random.default_rng(seed)
    images = slices.images.copy()
    for n, (image, mask, mm) in enumerate(zip(slices.images, slices.masks, slices.pixel_mm, strict=True)):
        images[n] = refill(image, widened(mask, mm), rng.permutation(list(ways)), rng)
    return replace(slices, images=images, masks=np.zeros_like(slices.masks), labels=np.zeros_like(slices.labels))


def patch_slices(slices: Slices, seed: int = 0, ways: Sequence[str] = WAYS) -> Slices:
    """Operate on each slice where no tumour is, so that the trace of the operation tells nothing.

    The hole has the shape of some other slice's tumour. Tumour, mask and label stay as they are; a slice without
    a place for the hole stays, too.
    """
    rng = np.random.default_rng(seed)
    images = slices.images.copy()
    for n, (image, mask, mm) in enumerate(zip(slices.images, slices.masks, slices.pixel_mm, strict=True)):
        shape = widened(slices.masks[rng.integers(len(slices))], mm)
        tumour = widened(mask, mm)
        inside = binary_erosion(_head(image), disk(round(DEPTH_MM / mm)))
        hole = _place_elsewhere(shape, inside & ~tumour, rng)
        if hole is not None:
            images[n] = refill(image, hole, rng.permutation(list(ways)), rng, tumour)
    return replace(slices, images=images)


def with_emptied(slices: Slices, seed: int = 0, patched: float = 0.8) -> Slices:
    """Each slice and its emptied twin, as a network that shall say no learns from them.

    Most of the slices that keep their tumour are operated elsewhere, a share of `patched`, 0..1.
    """
    rng = np.random.default_rng(seed)
    kept, with_tumour = slices.images.copy(), slices[slices.labels > 0]
    chosen = np.flatnonzero((slices.labels > 0) & (rng.random(len(slices)) < patched))
    kept[chosen] = patch_slices(slices[chosen], seed).images
    return concatenate([replace(slices, images=kept), empty_slices(with_tumour, seed)])


def refill(
    image: np.ndarray,
    hole: np.ndarray,
    ways: Sequence[str],
    rng: np.random.Generator,
    tumour: np.ndarray | None = None,
) -> np.ndarray:
    """Fill a hole (bool, (H, W)) in one picture with the first tissue that is found; none comes from the tumour."""
    usable = _head(image) & ~hole
    if tumour is not None:
        usable &= ~tumour
    for way in ways:
        donor = _DONORS[way](image, hole, usable, rng)
        if donor is not None:
            return blend(image, donor, hole)
    return blend(image, np.zeros_like(image), hole)


def blend(image: np.ndarray, donor: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Put the donor's tissue into the hole so that no step is seen at its edge.

    What the two pictures differ by along the edge is carried smoothly through the hole and added.

    References
    ----------
    Pérez, Gangnet and Blake, 2003, doi:10.1145/882262.882269 (their membrane bends less than this one)
    """
    window = bounding_box(hole, margin=4)
    difference, inside = (image - donor)[window], hole[window]
    around = difference[binary_dilation(inside, RING) & ~inside]
    filled = image.copy()
    carried = np.clip(inpaint_biharmonic(difference, inside), *np.percentile(around, [5, 95]))
    filled[window] = np.where(inside, np.clip(donor[window] + carried, 0, 1), image[window])
    return filled


def widened(mask: np.ndarray, pixel_mm: float) -> np.ndarray:
    """The mask and `MARGIN_MM` around it, not so far that nothing of the picture is left."""
    return binary_dilation(mask, disk(max(1, round(MARGIN_MM / pixel_mm))))


def _head(image: np.ndarray) -> np.ndarray:
    return binary_fill_holes(largest_piece(head_mask(image)))


def _mirrored(image: np.ndarray, hole: np.ndarray, usable: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """The head's other half, moved by some pixels so that it fits best; None where the hole meets its own image."""
    columns = bounding_box(usable | hole)[1]
    turn = columns.start + columns.stop - image.shape[1]  # how far the mirrored picture moves
    shifts = [(dy, turn + dx) for dy in range(-6, 7, 2) for dx in range(-8, 9, 2)]
    return _best(image, hole, image[:, ::-1], usable[:, ::-1], shifts)


def _beside(image: np.ndarray, hole: np.ndarray, usable: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Tissue from the place of the same slice, among many drawn by lot, that fits the rim best."""
    reach = max(image.shape) // 2
    return _best(image, hole, image, usable, rng.integers(-reach, reach + 1, (TRIES, 2)).tolist())


def _best(
    image: np.ndarray, hole: np.ndarray, source: np.ndarray, usable: np.ndarray, shifts: Sequence[Sequence[int]]
) -> np.ndarray | None:
    """The source moved so that it has tissue wherever the hole is, and differs least round it."""
    ring = binary_dilation(hole, RING) & ~hole
    best, least = None, np.inf
    for shift in shifts:
        if not _moved(usable, shift)[hole].mean() >= 0.98:
            continue
        moved = _moved(source, shift)
        differs = np.abs(moved - image)[ring].mean()
        if differs < least:
            best, least = moved, differs
    return best


def _moved(picture: np.ndarray, shift: Sequence[int]) -> np.ndarray:
    """Moved down and right by whole pixels; what comes in from outside is 0."""
    moved = np.zeros_like(picture)
    (to_y, from_y), (to_x, from_x) = (_overlap(step, side) for step, side in zip(shift, picture.shape, strict=True))
    moved[to_y, to_x] = picture[from_y, from_x]
    return moved


def _overlap(step: int, side: int) -> tuple[slice, slice]:
    step = int(np.clip(step, -side, side))
    return slice(max(0, step), side + min(0, step)), slice(max(0, -step), side - max(0, step))


def _place_elsewhere(shape: np.ndarray, free: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """The shape moved to where it lies in free tissue; None if `TRIES` draws found no such place."""
    reach = max(shape.shape) // 2
    for shift in rng.integers(-reach, reach + 1, (TRIES, 2)).tolist():
        moved = _moved(shape, shift)
        if moved.sum() == shape.sum() and free[moved].mean() >= 0.98:
            return moved
    return None


_Donor = Callable[[np.ndarray, np.ndarray, np.ndarray, np.random.Generator], np.ndarray | None]
_DONORS: dict[str, _Donor] = {
    "mirror": _mirrored,
    "beside": _beside,
    "smooth": lambda image, hole, usable, rng: np.zeros_like(image),
}
