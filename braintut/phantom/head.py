"""Heads for phantoms: a real average brain inside modelled skull, scalp and face.

All lengths are mm in the frame of the MNI152 template: x to the right, y to the front, z up.
Every structure is painted where a signed distance (negative inside) says so, hence only the
plane that becomes a picture is ever computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull

from braintut.errors import DataError

PITUITARY = np.array([0.0, 4.0, -31.0])
"""Where the pituitary gland sits, mm."""

_LOW = np.array([-130.0, -160.0, -150.0])  # corner of the distance grid
_STEP = 2.0
_SHAPE = (131, 146, 131)


@dataclass(frozen=True)
class Template:
    """The brain and what is computed from it once: volumes and how to sample them."""

    t1: np.ndarray
    white: np.ndarray
    origin: np.ndarray
    hull: np.ndarray
    cranium: np.ndarray
    noise: np.ndarray

    def brain(self, q: np.ndarray) -> np.ndarray:
        """T1 brightness at points `q`, shape (3, ...); 0 outside the brain."""
        return _sample(self.t1, q, self.origin, 1.0)

    def white_matter(self, q: np.ndarray) -> np.ndarray:
        """White matter share 0..1 at points `q`."""
        return _sample(self.white, q, self.origin, 1.0)

    def depth(self, q: np.ndarray) -> np.ndarray:
        """Signed distance to the brain's smooth hull in mm, negative inside."""
        return _sample(self.hull, q, _LOW, _STEP, mode="nearest")

    def round_depth(self, q: np.ndarray) -> np.ndarray:
        """Signed distance to the convex shape around the brain in mm: bone and skin follow no furrow."""
        return _sample(self.cranium, q, _LOW, 2 * _STEP, mode="nearest")

    def texture(self, q: np.ndarray, scale: float, shift: float = 0.0) -> np.ndarray:
        """Smooth noise of mean 0 and deviation 1 whose blobs are about `scale` mm wide."""
        points = q * (4.0 / scale) + shift
        return ndimage.map_coordinates(self.noise, points, order=1, mode="grid-wrap")


def _sample(volume: np.ndarray, q: np.ndarray, origin: np.ndarray, step: float, mode: str = "constant") -> np.ndarray:
    corner = origin.reshape(3, *[1] * (q.ndim - 1))
    return ndimage.map_coordinates(volume, (q - corner) / step, order=1, mode=mode)


@lru_cache(maxsize=1)
def load_template() -> Template:
    """Read the MNI152 brain that nilearn carries (no download); a `DataError` if nilearn is not installed."""
    try:
        from nilearn.datasets import load_mni152_template, load_mni152_wm_template
    except ImportError as error:
        raise DataError('Making phantoms needs nilearn: pip install "braintut[phantom]".') from error
    image = load_mni152_template(resolution=1)
    t1 = np.asarray(image.dataobj, np.float32)
    white = np.asarray(load_mni152_wm_template(resolution=1).dataobj, np.float32)
    origin = np.asarray(image.affine)[:3, 3].astype(float)
    # The template is an average of many brains, so its sulci are faint: sharpen them.
    sharp = np.where(t1 > 0, t1 + 0.6 * (t1 - ndimage.gaussian_filter(t1, 4)), 0)
    return Template(np.clip(sharp, 0, 1.1), white, origin, *_hull_distances(t1, origin), _noise_block())


def _hull_distances(t1: np.ndarray, origin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Signed distances on coarse grids around the head: to the brain with its furrows filled, to its convex hull."""
    grid = np.stack(np.meshgrid(*[np.arange(n) * _STEP for n in _SHAPE], indexing="ij"))
    brain = _sample((t1 > 0).astype(np.float32), grid + _LOW.reshape(3, 1, 1, 1), origin, 1.0) > 0.5
    grown = ndimage.distance_transform_edt(~brain) * _STEP < 16
    filled = ndimage.distance_transform_edt(grown) * _STEP > 16
    outside = ndimage.distance_transform_edt(~filled) - ndimage.distance_transform_edt(filled)
    coarse = grid[:, ::2, ::2, ::2].copy()
    cranium = np.full(coarse[0].size, -np.inf)
    for *normal, offset in ConvexHull(coarse[:, brain[::2, ::2, ::2]].T).equations:
        np.maximum(cranium, normal @ coarse.reshape(3, -1) + offset, out=cranium)
    hull, cranium = (ndimage.gaussian_filter(d, 1.2) for d in (outside * _STEP, cranium.reshape(coarse[0].shape)))
    return hull.astype(np.float32), cranium.astype(np.float32)


def _noise_block() -> np.ndarray:
    """One fixed block of smooth noise that can be tiled; patients read it at different places."""
    noise = ndimage.gaussian_filter(np.random.default_rng(7).standard_normal((80, 80, 80)), 2.0, mode="wrap")
    return (noise / noise.std()).astype(np.float32)


def inside(distance: np.ndarray, soft: float = 1.2) -> np.ndarray:
    """Weight 1 inside, 0 outside, falling over `soft` mm: a voxel at an edge holds both tissues."""
    return np.clip(0.5 - distance / soft, 0, 1)


def paint(picture: np.ndarray, value: np.ndarray | float, weight: np.ndarray) -> None:
    """Blend `value` into `picture` where `weight` says, in place."""
    picture += (value - picture) * weight


def ellipsoid(q: np.ndarray, centre: tuple[float, ...], radii: tuple[float, ...]) -> np.ndarray:
    """Approximate signed distance to an ellipsoid, mm."""
    unit = [(q[i] - centre[i]) / radii[i] for i in range(3)]
    return (np.sqrt(unit[0] ** 2 + unit[1] ** 2 + unit[2] ** 2) - 1) * min(radii)


def tube(q: np.ndarray, points: Sequence[tuple[float, ...]], radius: float) -> np.ndarray:
    """Signed distance to a bent tube through `points`, mm."""
    best = np.full(q.shape[1:], np.inf)
    for a, b in zip(np.asarray(points[:-1], float), np.asarray(points[1:], float), strict=True):
        line = b - a
        offset = q - a.reshape(3, *[1] * (q.ndim - 1))
        along = np.clip(np.tensordot(line, offset, 1) / (line @ line), 0, 1)
        gap = offset - line.reshape(3, *[1] * (q.ndim - 1)) * along
        best = np.minimum(best, np.sqrt((gap**2).sum(0)))
    return best - radius


def smooth_union(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    """Union of two shapes whose seam is rounded over `width` mm."""
    h = np.clip(0.5 + 0.5 * (b - a) / width, 0, 1)
    return b + (a - b) * h - width * h * (1 - h)


def mirrored(q: np.ndarray) -> np.ndarray:
    """Fold left onto right, for structures that come in pairs."""
    return np.concatenate([np.abs(q[:1]), q[1:]])
