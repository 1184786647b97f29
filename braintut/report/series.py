"""What the pipeline says about a series of slices of one patient."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from braintut.report import words
from braintut.report.report import Report

THUMBNAIL = 96
"""Side of a slice in the montage, in pixels."""
IN_MONTAGE, IN_A_ROW = 42, 7


def _black() -> np.ndarray:
    return np.zeros((THUMBNAIL, THUMBNAIL), np.uint8)


@dataclass(frozen=True, eq=False)
class SliceAnswer:
    """What is kept of one slice.

    Parameters
    ----------
    answer : dict
        As `Report.to_dict` gives it, or `scan` and `error`.
    areas_mm2 : (float, float, float)
        Of the tumour, with a strict border, as outlined, with a lax border.
    slice_mm : float or None
        How much of the patient the slice stands for.
    picture, mask : ndarray, shape (THUMBNAIL, THUMBNAIL)
        Small, uint8 and bool.
    """

    answer: dict
    areas_mm2: tuple[float, float, float] = (0.0, 0.0, 0.0)
    slice_mm: float | None = None
    picture: np.ndarray = field(default_factory=_black)
    mask: np.ndarray = field(default_factory=lambda: _black().astype(bool))

    @property
    def tumour_found(self) -> bool:
        """Whether any tumour was found on this slice."""
        return bool(self.answer.get("tumour_found"))

    @property
    def probabilities(self) -> dict[str, float] | None:
        """Probability of each type."""
        return self.answer.get("probabilities")


@dataclass(frozen=True, eq=False)
class SeriesReport:
    """The answer for a series.

    Parameters
    ----------
    name : str
    answers : list of SliceAnswer
        In the order of the slices; those that could not be looked at hold an error.
    probabilities : dict or None
        The joint answer: mean probability of each type over the slices where a tumour was found.
    best : Report
        Of the slice that shows the tumour best; where none was found, of the one that shows most of the head.
    """

    name: str
    answers: list[SliceAnswer]
    probabilities: dict[str, float] | None
    best: Report

    @property
    def tumour_found(self) -> bool:
        """Whether a tumour was found on any slice."""
        return self.n_found > 0

    @property
    def n_found(self) -> int:
        """On how many slices a tumour was found."""
        return sum(answer.tumour_found for answer in self.answers)

    @property
    def n_unfamiliar(self) -> int:
        """How many slices are unlike those that the pair learnt from; 0 where it cannot tell."""
        return sum(answer.answer.get("familiar") is False for answer in self.answers)

    @property
    def tumour_type(self) -> str | None:
        """The type that all slices name together; None where no tumour was found."""
        return max(self.probabilities, key=self.probabilities.__getitem__) if self.probabilities else None

    @property
    def volumes_ml(self) -> tuple[float, float, float] | None:
        """Volume in ml with strict borders, as outlined, with lax borders; None where no distance of slices is known.

        Each area counts for as much of the patient as its slice stands for (Cavalieri). Slices on which nothing was
        found add nothing, and a false alarm adds what it outlines.
        """
        found = [answer for answer in self.answers if answer.tumour_found]
        if any(answer.slice_mm is None for answer in found):
            return None
        sums = np.sum([np.multiply(a.areas_mm2, a.slice_mm) for a in found], axis=0) if found else np.zeros(3)
        strict, drawn, lax = (float(volume) / 1000 for volume in sums)
        return strict, drawn, lax

    def to_dict(self) -> dict:
        """The answer as plain values, as `braintut predict --json` writes it; `slices` holds that of each slice."""
        volumes = self.volumes_ml
        strict, drawn, lax = (round(ml, 2) for ml in volumes) if volumes else (None, None, None)
        return {
            "series": self.name,
            "n_slices": len(self.answers),
            "n_slices_with_tumour": self.n_found,
            "n_slices_unfamiliar": self.n_unfamiliar,
            "n_slices_not_looked_at": sum("error" in answer.answer for answer in self.answers),
            "tumour_found": self.tumour_found,
            "tumour_type": self.tumour_type,
            "probabilities": self.probabilities,
            "volume_ml": drawn,
            "volume_ml_strict_to_lax": [strict, lax],
            "best_slice": self.best.scan,
            "pixel_mm_assumed": self.best.pixel_mm_assumed,
            "warnings": self.best.to_dict()["warnings"],
            "slices": [answer.answer for answer in self.answers],
        }

    def html(self) -> str:
        """One self-contained page: the joint answer, a montage, and the report on the slice that shows it best."""
        from braintut.report.page import series_page

        return series_page(self)

    def _repr_html_(self) -> str:
        from braintut.report.page import series_page

        return series_page(self, whole_page=False)

    def montage(self) -> tuple[np.ndarray, np.ndarray]:
        """Slices side by side, evenly chosen where there are many: greys in 0..1 and the mask, of one shape."""
        seen = [answer for answer in self.answers if "error" not in answer.answer]
        chosen = np.unique(np.linspace(0, len(seen) - 1, min(len(seen), IN_MONTAGE)).round().astype(int))
        tiles = [seen[i] for i in chosen] + [SliceAnswer({})] * (-len(chosen) % min(IN_A_ROW, len(chosen)))
        pictures, masks = (self._tiled([getattr(tile, part) for tile in tiles]) for part in ("picture", "mask"))
        return pictures.astype(np.float32) / 255, masks

    @staticmethod
    def _tiled(tiles: list[np.ndarray]) -> np.ndarray:
        per_row = min(IN_A_ROW, len(tiles))
        return np.vstack([np.hstack(tiles[i : i + per_row]) for i in range(0, len(tiles), per_row)])

    def __str__(self) -> str:
        return words.series_in_words(
            self.n_found, len(self.answers), self.probabilities, self.volumes_ml, self.n_unfamiliar
        )

    def __repr__(self) -> str:
        return f"SeriesReport({self.name}: {self})"
