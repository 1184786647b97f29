"""Tumours for phantoms: where each type grows, its shape in 3D, and how it looks after contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from braintut.phantom.head import PITUITARY, Template, inside, paint

SIZES = {1: (18.5, 0.30, 9.0, 34.0), 2: (21.5, 0.30, 11.0, 38.0), 3: (12.2, 0.30, 7.0, 22.0)}
"""Median radius in mm, spread (of its logarithm), least and largest, by label."""


@dataclass(frozen=True)
class Tumour:
    """One tumour: a lumpy ball, and brightness on the scale where scalp fat is 1.

    `core` is the share of the radius that is dead tissue (0 none), `rim` the brightness of the shell around it, `lump`
    how irregular the border is, `uneven` how mottled the inside.
    """

    label: int
    centre: np.ndarray
    radius: float
    stretch: np.ndarray
    lump: float
    rim: float
    core: float
    dead: float
    uneven: float
    oedema: float
    shift: float

    def distance(self, q: np.ndarray, template: Template) -> np.ndarray:
        """Signed distance to the border of the lumpy ball in mm, about."""
        offset = (q - self.centre.reshape(3, 1, 1)) / self.stretch.reshape(3, 1, 1)
        ball = np.sqrt((offset**2).sum(0)) - self.radius
        coarse = template.texture(q, 1.3 * self.radius, self.shift)
        fine = template.texture(q, 9, self.shift + 17)
        return ball + self.lump * (0.22 * self.radius * coarse + 1.2 * fine)

    def pushed(self, q: np.ndarray) -> np.ndarray:
        """Points of the untouched brain that the tumour has pushed to `q`."""
        offset = q - self.centre.reshape(3, 1, 1)
        r = np.maximum(np.sqrt((offset**2).sum(0)), 1e-3)
        firm = 0.25 if self.label == 2 else 0.6  # a glioma replaces brain, the others press on it
        before = np.cbrt(np.maximum(r**3 - firm * np.minimum(r, self.radius) ** 3, 0))
        fade = np.exp(-((r / (3 * self.radius)) ** 2))
        return q + offset * ((before / r - 1) * fade)

    def paint(self, picture: np.ndarray, q: np.ndarray, depth: np.ndarray, template: Template) -> np.ndarray:
        """Paint the tumour into a plane (in place) and give its true mask; both are of shape (H, W).

        `q` are the plane's points in mm of the template's frame, shape (3, H, W); `depth` their signed distance to the
        brain's hull in mm.
        """
        border = self.distance(q, template)
        if self.label != 3:  # bone stops these two; a pituitary tumour fills the sella
            border = np.maximum(border, depth - (2.5 if self.label == 1 else 0.0))
        swollen = inside(border - 0.5 * self.radius, self.radius) * inside(depth + 4, 3)
        wet = np.clip(0.25 + 0.9 * template.white_matter(q), 0, 1) * swollen
        paint(picture, 0.22, self.oedema * wet)
        if self.label == 1:  # the dura beside a meningioma thickens: its 'tail'
            tail = inside(np.abs(depth - 1) - 1.3) * inside(border - 0.35 * self.radius, 4)
            paint(picture, self.rim, tail * 0.8)
        inner = border + (1 - self.core) * self.radius * (1 + 0.25 * template.texture(q, self.radius, self.shift + 60))
        mottled = template.texture(q, 12, self.shift + 90) + 0.5 * template.texture(q, 5, self.shift + 91)
        flesh = np.clip(self.rim * (1 + self.uneven * mottled), 0.08, 1.1)
        if self.core > 0:
            paint(flesh, self.dead, inside(inner, 3))
        paint(picture, flesh, inside(border, 1.5 if self.lump < 0.4 else 3.5))
        return border < 0


def grow(label: int, template: Template, rng: np.random.Generator) -> Tumour:
    """Draw a tumour of one type (1 meningioma, 2 glioma, 3 pituitary tumour) at a place where that type grows."""
    median, spread, least, most = SIZES[label]
    radius = float(np.clip(median * np.exp(spread * rng.standard_normal()), least, most))
    make = {1: _meningioma, 2: _glioma, 3: _pituitary}[label]
    stretch = np.exp(rng.normal(0, 0.22 if label == 2 else 0.1, 3))
    return Tumour(label=label, radius=radius, stretch=stretch, shift=rng.uniform(0, 500), **make(radius, template, rng))


def _meningioma(radius: float, template: Template, rng: np.random.Generator) -> dict[str, Any]:
    if rng.random() < 0.2:  # on the falx
        centre = np.array([rng.choice([-1, 1]) * 0.55 * radius, rng.uniform(-70, 45), rng.uniform(35, 50)])
    else:
        centre = _find_place(template, rng, (-0.75 * radius, -0.4 * radius), white=0.0)
    uneven, core = 0.05, 0.0
    if rng.random() < 0.25:  # now and then one with dead tissue that could be a glioma
        uneven, core = 0.18, rng.uniform(0.3, 0.5)
    oedema = rng.uniform(0.3, 0.9) * (rng.random() < 0.4)
    look = {"lump": rng.uniform(0.1, 0.4), "rim": rng.uniform(0.40, 0.62), "core": core, "dead": 0.22}
    return {"centre": centre, "uneven": uneven, "oedema": oedema, **look}


def _glioma(radius: float, template: Template, rng: np.random.Generator) -> dict[str, Any]:
    kind = rng.choice(["ring", "dim", "patchy", "bright"], p=[0.38, 0.30, 0.14, 0.18])
    centre = _find_place(template, rng, (-45, -0.55 * radius if kind == "bright" else -18), white=0.6)
    rim, core, dead, uneven = {
        "ring": (rng.uniform(0.40, 0.58), rng.uniform(0.6, 0.85), rng.uniform(0.13, 0.25), 0.15),
        "dim": (rng.uniform(0.18, 0.27), 0.0, 0.2, 0.12),
        "patchy": (rng.uniform(0.36, 0.46), rng.uniform(0.3, 0.6), 0.2, 0.3),
        "bright": (rng.uniform(0.40, 0.58), 0.0, 0.2, 0.08),
    }[kind]
    lump = rng.uniform(0.25, 0.5) if kind == "bright" else rng.uniform(0.5, 1.0)
    look = {"lump": lump, "rim": rim, "core": core, "dead": dead}
    return {"centre": centre, "uneven": uneven, "oedema": rng.uniform(0.3, 1.0), **look}


def _pituitary(radius: float, template: Template, rng: np.random.Generator) -> dict[str, Any]:
    centre = PITUITARY + np.array([rng.normal(0, 1.5), rng.normal(0, 1), rng.uniform(-0.1, 0.5) * radius])
    core = rng.uniform(0.4, 0.75) if rng.random() < 0.2 else 0.0  # a cyst
    look = {"lump": rng.uniform(0.15, 0.4), "rim": rng.uniform(0.36, 0.58), "core": core, "dead": rng.uniform(0.2, 0.3)}
    return {"centre": centre, "uneven": rng.uniform(0.03, 0.12), "oedema": 0.0, **look}


def _find_place(template: Template, rng: np.random.Generator, depth: tuple[float, float], white: float) -> np.ndarray:
    """Try random points until one lies between two depths (mm) and in white matter, if asked for."""
    for _ in range(20_000):
        point = rng.uniform([-68, -102, -45], [68, 70, 78])
        if white and template.white_matter(point.reshape(3, 1))[0] < white:
            continue
        if depth[0] <= template.depth(point.reshape(3, 1))[0] <= depth[1]:
            return point
    return np.array([30.0, -20.0, 30.0])
