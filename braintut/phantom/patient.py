"""One phantom patient: its warp, its tumour, where it is cut, and what the scanner makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from braintut.dataset.scan import FIELD_OF_VIEW_MM
from braintut.phantom.head import Template
from braintut.phantom.tissue import Look, paint_head
from braintut.phantom.tumour import Tumour, grow

PLANES = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}
"""Axes (x, y, z) that become columns, rows and the direction from slice to slice."""

TYPE_OF_PATIENT = (2, 1, 3, 2, 1, 2, 3, 1)
"""Labels of the first patients, then the same again: of 40 patients 15, 15 and 10."""

_WAVES = ((170, 3.5), (120, 2.5), (90, 1.2), (70, 0.8), (45, 0.6), (30, 0.6))
"""Length and strength in mm of the waves that bend the template into a patient."""

_SLICES = {0: (4, 6), 1: (2, 5), 2: (5, 8), 3: (4, 8)}  # least and most a patient, by label


@dataclass(frozen=True)
class Patient:
    """What stays the same on all slices of one phantom patient."""

    label: int
    look: Look
    tumour: Tumour | None
    turn: np.ndarray
    waves: np.ndarray
    place: np.ndarray
    noise: float
    blur: float

    def to_template(self, p: np.ndarray) -> np.ndarray:
        """Points of the template that belong to the patient's points `p`, shape (3, H, W)."""
        q = np.tensordot(self.turn, p, 1)
        moved = q.copy()
        for direction, push, phase in self.waves.reshape(-1, 3, 3):
            moved += push.reshape(3, 1, 1) * np.sin(np.tensordot(direction, q, 1) + phase[0])
        return moved

    def from_template(self, q: np.ndarray) -> np.ndarray:
        """The patient's point that belongs to one point of the template, shape (3,)."""
        p = np.copy(q)
        for _ in range(12):  # the warp is small, so a few corrections undo it
            p = p + (q - self.to_template(p.reshape(3, 1, 1)).ravel())
        return p

    def in_the_picture(self) -> Patient:
        """The same patient where the picture holds nose, crown and the back of the head, smaller if it must be."""
        skin = self.look.cover_mm + self.look.scalp_mm
        points = [0.0, 108.0, -62.0], [0.0, -20.0, 79.0 + skin], [0.0, -109.0 - skin, 0.0]
        nose, crown, back = (self.from_template(np.array(point)) for point in points)
        reach = FIELD_OF_VIEW_MM / 2 - 3
        too_long = (nose[1] - back[1]) / (2 * reach)
        if too_long > 1:
            return replace(self, turn=self.turn * too_long * 1.001).in_the_picture()
        least, most = [-np.inf, nose[1] - reach, crown[2] - reach], [np.inf, back[1] + reach, np.inf]
        return replace(self, place=np.clip(self.place, least, most))


def _draw_patient(k: int, seed: int, template: Template, tumour_free: bool) -> tuple[Patient, np.random.Generator]:
    """Everything that is constant for patient `k`, and the generator for what changes by slice."""
    rng = np.random.default_rng([seed, k, int(tumour_free)])
    label = 0 if tumour_free else TYPE_OF_PATIENT[k % len(TYPE_OF_PATIENT)]
    look = Look.draw(rng)
    turn = _rotation(rng.normal(0, [0.10, 0.05, 0.06])) * rng.normal(1.0, 0.04, 3)
    waves = [_wave(rng, length, push) for length, push in _WAVES]
    patient = Patient(
        label=label,
        look=look,
        tumour=grow(label, template, rng) if label else None,
        turn=turn,
        waves=np.stack(waves),
        place=np.array([0.0, -8.0, -16.0]) + rng.normal(0, [3, 4, 6]),
        noise=rng.uniform(0.005, 0.02),
        blur=rng.uniform(0.25, 0.6),
    )
    return patient.in_the_picture(), rng


def _rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation about x, then y, then z (radians)."""
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        i, j = [a for a in range(3) if a != axis]
        step = np.eye(3)
        step[i, i] = step[j, j] = np.cos(angle)
        step[i, j], step[j, i] = -np.sin(angle), np.sin(angle)
        turn = step @ turn
    return turn


def _wave(rng: np.random.Generator, length: float, push: float) -> np.ndarray:
    """Draw one wave of the warp: a random direction (rad per mm), a push (mm) and a phase."""
    direction = rng.standard_normal(3)
    direction *= 2 * np.pi / length / np.linalg.norm(direction)
    return np.stack([direction, rng.normal(0, push / 1.7, 3), np.full(3, rng.uniform(0, 2 * np.pi))])


def scan_patient(
    k: int, seed: int, size: int, template: Template, tumour_free: bool = False, only_largest: bool = False
) -> Iterator[tuple[np.ndarray, np.ndarray, int, str]]:
    """Yield the slices of patient `k`: raw int16 picture, mask, label and the plane's name.

    Number and seed alone decide what the patient looks like; `size` is the side of the pictures in pixels, and with
    `only_largest` there is one slice only, through the middle of the tumour.
    """
    patient, rng = _draw_patient(k, seed, template, tumour_free)
    for plane, position in _positions(patient, rng, only_largest):
        slice_seed = [seed, k, int(tumour_free), list(PLANES).index(plane), int(position * 10 + 10_000)]
        raw, mask = _picture(patient, plane, position, size, template, np.random.default_rng(slice_seed))
        if tumour_free or only_largest or mask.sum() * (FIELD_OF_VIEW_MM / size) ** 2 > 60:
            yield raw, mask, patient.label, plane


def _positions(patient: Patient, rng: np.random.Generator, only_largest: bool) -> list[tuple[str, float]]:
    """Plane and position in mm of each slice: neighbours in one plane, some in a second."""
    names = list(rng.permutation(list(PLANES)))
    wanted = 1 if only_largest else int(rng.integers(_SLICES[patient.label][0], _SLICES[patient.label][1] + 1))
    mixed, spacing, nudge = rng.random() < 0.35, rng.uniform(6, 7), rng.uniform(-0.5, 0.5)
    centre, reach = _extent(patient, rng)
    fit = max(1, int(2 * reach / spacing))
    first = min(fit, wanted if not mixed else (wanted + 1) // 2)
    chosen = []
    for name, count in zip(names, (first, min(fit, wanted - first)), strict=False):
        middle = centre[PLANES[name][2]]
        chosen += [(name, middle + (i - (count - 1) / 2 + nudge) * spacing) for i in range(count)]
    return chosen


def _extent(patient: Patient, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Centre of interest in the patient's frame and how far from it slices still show it, mm."""
    if patient.tumour is None:
        return rng.uniform([-45, -60, -35], [45, 40, 55]), 24.0
    return patient.from_template(patient.tumour.centre), 0.85 * patient.tumour.radius


def _picture(
    patient: Patient, plane: str, position: float, size: int, template: Template, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Paint one slice as the scanner would store it: (int16 picture, bool mask)."""
    p = _plane_points(patient, plane, position, size)
    q = patient.to_template(p)
    tumour = patient.tumour
    picture, depth = paint_head(q, tumour.pushed(q) if tumour else q, template, patient.look)
    mask = tumour.paint(picture, q, depth, template) if tumour else np.zeros(picture.shape, bool)
    picture = ndimage.gaussian_filter(picture, patient.blur / (FIELD_OF_VIEW_MM / size))
    return _through_the_scanner(picture, patient, rng), mask


def _plane_points(patient: Patient, plane: str, position: float, size: int) -> np.ndarray:
    """Points of the picture in the patient's frame: first row on top, front to the left or on top."""
    across, down, through = PLANES[plane]
    line = (np.arange(size) + 0.5) * (FIELD_OF_VIEW_MM / size) - FIELD_OF_VIEW_MM / 2
    p = np.empty((3, size, size))
    p[across] = patient.place[across] + (-line if plane == "sagittal" else line)
    p[down] = (patient.place[down] - line)[:, None]
    p[through] = position
    return p


def _through_the_scanner(picture: np.ndarray, patient: Patient, rng: np.random.Generator) -> np.ndarray:
    """Add the coil's uneven brightness, Rician noise in the head and this slice's own scale; give int16."""
    size = len(picture)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    bias = np.exp(rng.normal(0, 0.08) * x + rng.normal(0, 0.08) * y + rng.uniform(0, 0.12) * (x**2 + y**2))
    bias *= np.clip((1.08 - y) / 0.3, 0.15, 1) if rng.random() < 0.7 else 1.0  # the coil ends at the neck
    grain = rng.normal(0, patient.noise, (2, size, size))
    noisy = np.hypot(picture * bias + grain[0], grain[1]) * (picture > 0.01)  # no grain in the air around the head
    scale = np.exp(rng.uniform(np.log(600), np.log(4000)))
    return np.round(noisy / noisy.max() * scale).astype(np.int16)
