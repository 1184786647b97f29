"""What a phantom head looks like on T1 after contrast: brain, coverings, vessels, face and neck."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from braintut.phantom.head import PITUITARY, Template, ellipsoid, inside, mirrored, paint, smooth_union, tube

_T1_SCALE = ([0.0, 0.3, 0.5, 0.65, 0.87, 1.1], [0.10, 0.14, 0.25, 0.30, 0.35, 0.38])
"""Template brightness (first row) and what it becomes on the phantoms' scale, scalp fat = 1."""


@dataclass(frozen=True)
class Look:
    """What makes one patient's head different from the next (brightness with scalp fat = 1)."""

    csf_mm: float
    skull_mm: float
    scalp_mm: float
    fat: float
    marrow: float
    vessels: float
    muscle: float
    grey_white: float
    shift: float

    @property
    def cover_mm(self) -> float:
        """From the brain to the outside of the skull."""
        return self.csf_mm + 1.5 + self.skull_mm

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Look:
        """Draw a patient."""
        low = (0.5, 4.5, 3.0, 0.70, 0.15, 0.50, 0.28, 0.7, 0.0)
        high = (2.5, 7.0, 6.5, 1.00, 0.60, 0.95, 0.42, 1.3, 500.0)
        return cls(*rng.uniform(low, high))


def paint_head(q: np.ndarray, q_brain: np.ndarray, template: Template, look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Brightness of a head without tumour (scalp fat about 1, air 0) and signed distance in mm to the brain's hull.

    Both are of shape (H, W), at points `q` in mm of the template's frame, shape (3, H, W); `q_brain` are the same
    points for the brain alone, pushed aside where a tumour presses.
    """
    depth, rounded = template.depth(q), template.round_depth(q)
    skin = _skin(q, rounded - look.cover_mm - look.scalp_mm)
    depth += (rounded - depth) * np.clip((q[2] + 25) / 30, 0, 1)  # the vault is round, the base follows the brain
    picture = _soft_tissue(q, skin, template, look)
    _paint_face(picture, q, depth - look.cover_mm, template, look)
    _paint_skull(picture, q, depth, template, look)
    _paint_brain(picture, q_brain, depth, template, look)
    _paint_neck(picture, q, template, look)
    _paint_vessels(picture, q, depth, template, look)
    return picture * inside(skin), depth


def _skin(q: np.ndarray, scalp: np.ndarray) -> np.ndarray:
    """Signed distance to the skin: scalp, face, neck, nose and ears in one."""
    neck = np.maximum(np.hypot(q[0] / 60, (q[1] + 38) / 60) * 60 - 60, q[2] + 40)
    face = ellipsoid(q, (0, 36, -72), (60, 52, 70))
    skin = smooth_union(smooth_union(scalp, face, 25), neck, 25)
    m = mirrored(q)
    for centre, radii in _FEATURES:
        skin = smooth_union(skin, ellipsoid(m, centre, radii), 10)
    skin = smooth_union(skin, tube(q, [(0, 88, -36), (0, 101, -62)], 5), 10)
    skin = smooth_union(skin, ellipsoid(m, (8, 94, -64), (7, 8, 6)), 6)
    return smooth_union(skin, ellipsoid(m, (82, -24, -38), (4, 12, 24)), 5)


_FEATURES = (
    ((14, 83, -14), (26, 12, 14)),  # brow, with the frontal sinus in it
    ((32, 70, -37), (16, 15, 15)),  # lids
    ((6, 86, -86), (18, 9, 6)),  # upper lip
    ((6, 85, -98), (16, 8, 6)),  # lower lip
    ((4, 78, -116), (18, 14, 14)),  # chin
)
"""What stands out of the face: centre (right side) and radii in mm."""


def _soft_tissue(q: np.ndarray, skin: np.ndarray, template: Template, look: Look) -> np.ndarray:
    """Muscle in bundles with bright fat between them, and fat under the skin."""
    bundles = np.abs(template.texture(q * np.array([1, 1, 0.5]).reshape(3, 1, 1), 15, look.shift))
    grain = template.texture(q, 7, look.shift + 31)
    streaks = np.clip(1.1 - bundles * 4, 0, 1) * np.clip(0.5 + 0.4 * grain, 0, 1)
    picture = look.muscle + 0.03 * grain + (0.5 * look.fat) * streaks
    fat = look.fat * np.clip(0.85 + 0.06 * grain + 0.10 * template.texture(q, 30, look.shift + 12), 0.4, 1.1)
    paint(picture, fat, inside(-skin - look.scalp_mm - 2.0 * template.texture(q, 40, look.shift), 2))
    paint(picture, 0.6 * look.fat, inside(-skin - 1.2, 1.5))  # the skin itself is less bright than the fat
    return picture


def _paint_face(picture: np.ndarray, q: np.ndarray, skull: np.ndarray, template: Template, look: Look) -> None:
    """Orbits, tongue, and the dark air of nose, sinuses, throat and mastoid cells."""
    m = mirrored(q)
    grain = template.texture(q, 9, look.shift + 5)
    outside_skull = inside(-skull)
    paint(picture, 0.42 + 0.05 * grain, inside(ellipsoid(q, (0, 45, -105), (25, 36, 24))))
    orbit = inside(ellipsoid(m, (29, 56, -37), (18, 26, 17)), 2) * outside_skull
    paint(picture, look.fat * 0.85, orbit)
    muscles = np.abs(ellipsoid(m, (27, 46, -36), (11, 28, 10)))
    paint(picture, 0.45, inside(muscles - 1.5) * orbit * (q[1] < 66))
    paint(picture, 0.38, inside(tube(m, [(31, 58, -37), (10, 22, -29)], 2.0)) * outside_skull)
    globe = ellipsoid(m, (32, 68, -37), (12.5, 12.5, 12.5))
    paint(picture, 0.5, inside(globe))
    paint(picture, 0.12, inside(globe + 1.8))
    paint(picture, 0.35, inside(ellipsoid(m, (32, 77, -37), (4.5, 2.2, 4.5))))
    walls = np.clip(1 - np.abs(template.texture(q, 13, look.shift + 50)) * 2.6, 0, 1) * 0.75
    for centre, radii, cells in _AIR:
        air = ellipsoid(m, centre, radii) + 1.2 * grain
        paint(picture, 0.5, inside(np.abs(air) - 1.0) * outside_skull)  # mucosa takes up contrast
        paint(picture, 0.02 + cells * walls, inside(air) * outside_skull)
    throat = tube(q * np.array([0.6, 1, 1]).reshape(3, 1, 1), [(0, 16, -66), (0, 2, -95), (0, 4, -145)], 6)
    paint(picture, 0.02, inside(throat))


_AIR = (
    ((0, 62, -58), (14, 26, 20), 1.0),  # nasal cavity with its turbinates
    ((31, 57, -66), (14, 17, 15), 0.0),  # maxillary sinuses
    ((0, 52, -36), (12, 25, 11), 0.9),  # ethmoid cells
    ((0, 25, -44), (14, 12, 9), 0.1),  # sphenoid sinus
    ((9, 81, -14), (9, 4, 9), 0.2),  # frontal sinuses
    ((52, -34, -54), (12, 16, 13), 0.5),  # mastoid cells
)
"""Centre (right side), radii in mm and how much of each air space is walls."""


def _paint_skull(picture: np.ndarray, q: np.ndarray, depth: np.ndarray, template: Template, look: Look) -> None:
    """Two dark tables of bone, marrow between them, the clivus, and the thin bright dura."""
    start = look.csf_mm + 1.2
    thick = look.skull_mm * (1 + 0.15 * template.texture(q, 60, look.shift + 9))
    vault = np.clip((q[2] + 45) / 25, 0.35, 1)  # the base of the skull is thin and full of holes
    bone = np.maximum(depth - start - thick * vault, start - depth)
    paint(picture, 0.04, inside(bone))
    patchy = np.clip(0.8 + 0.5 * template.texture(q, 18, look.shift + 77), 0, 1.2)
    paint(
        picture, look.marrow * patchy, inside(np.abs(depth - start - thick * vault / 2) - thick * 0.2) * (vault > 0.9)
    )
    clivus = tube(q, [(0, -6, -44), (0, -20, -66)], 6.5)
    paint(picture, 0.25 + 0.6 * look.marrow, inside(clivus) * inside(-depth + start))
    thin = np.clip(0.2 + 0.3 * template.texture(q, 14, look.shift + 8), 0, 0.8)
    paint(picture, 0.45, inside(np.abs(depth - look.csf_mm - 0.6) - 0.7, 1.0) * thin)


def _paint_brain(picture: np.ndarray, q: np.ndarray, depth: np.ndarray, template: Template, look: Look) -> None:
    """Paint the warped template brain, swimming in dark fluid."""
    t1 = template.brain(q)
    contrast = np.where(t1 > 0.5, 0.68 + (t1 - 0.68) * look.grey_white, t1)
    brain = np.interp(contrast, *_T1_SCALE) + 0.006 * template.texture(q, 8, look.shift)
    paint(picture, brain, inside(depth - look.csf_mm))


def _paint_neck(picture: np.ndarray, q: np.ndarray, template: Template, look: Look) -> None:
    """Vertebrae with their discs, and the spinal cord that carries the brain stem on downwards."""
    below = inside(q[2] + 68, 4)
    bodies = tube(q, [(0, -27, -80), (0, -24, -150)], 10)
    discs = np.abs((q[2] + 88) % 19 - 9.5)
    paint(picture, 0.2 + 0.6 * look.marrow, inside(bodies) * inside(q[2] + 72))
    paint(
        picture, 0.1, np.maximum(inside(np.abs(bodies) - 1), inside(7.5 - discs)) * inside(bodies) * inside(q[2] + 72)
    )
    axis = [(0, -46, -60), (0, -50, -150)]
    paint(picture, 0.09, inside(tube(q, axis, 10)) * below)
    paint(picture, 0.34, inside(tube(q, axis, 5.5)) * below)
    artery = tube(mirrored(q), [(26, -8, -60), (30, 0, -150)], 3.5)
    paint(picture, look.vessels, inside(artery) * below)


def _paint_vessels(picture: np.ndarray, q: np.ndarray, depth: np.ndarray, template: Template, look: Look) -> None:
    """Sinuses, falx, arteries and small vessels on the cortex: all bright after contrast."""
    m = mirrored(q)
    back = inside(np.maximum(-q[2] - 5, q[1] - 55), 8)
    sagittal = np.hypot(q[0], (depth - look.csf_mm + 1.0)) + 0.4 * np.abs(q[0]) - 4.5
    paint(picture, look.vessels, inside(sagittal) * back)
    falx = inside(np.maximum(np.abs(q[0]) - 0.6, -depth - 38), 1.0) * inside(8 - q[2], 10) * inside(depth - 2)
    paint(picture, 0.45, 0.75 * falx)
    for points, radius in _VESSELS:
        bright = look.vessels * (0.25 if points is _CAROTID else 1)  # fast blood in the siphon is dark
        paint(picture, bright, inside(tube(m, points, radius)))
    gland = inside(ellipsoid(q, tuple(PITUITARY), (6.5, 5, 3.5)))
    paint(picture, 0.6, gland)
    first, second = template.texture(q, 22, look.shift + 3), template.texture(q, 22, look.shift + 41)
    small = inside((np.hypot(first, second) - 0.08) * 10, 0.8) * inside(depth - look.csf_mm) * inside(-depth - 26, 10)
    paint(picture, look.vessels * 0.8, small)


_CAROTID = [(15, -6, -40), (14, 8, -38), (13, 10, -30), (12, 2, -26)]
_VESSELS = (
    ([(0, -92, -10), (30, -88, -16), (56, -60, -24), (52, -42, -34), (40, -36, -50)], 4.0),  # transverse, sigmoid
    ([(0, -44, 6), (0, -86, -4)], 2.5),  # straight sinus
    ([(13, -4, -34), (13, 8, -33)], 4.5),  # cavernous sinus
    (_CAROTID, 2.4),
    ([(12, 2, -24), (30, 4, -20), (42, 0, -8), (46, -18, 4)], 1.6),  # middle cerebral artery
    ([(3, 8, -20), (2, 36, -8), (2, 40, 12)], 1.3),  # anterior cerebral artery
    ([(0, -17, -46), (0, -13, -20), (18, -24, -12)], 1.7),  # basilar, posterior cerebral artery
    ([(3, -40, 14), (16, -32, 12), (24, -42, 6)], 2.0),  # choroid plexus
)
"""Courses on the right side and radii in mm."""
