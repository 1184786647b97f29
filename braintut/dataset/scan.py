"""One scan: a picture of a head with its pixel size, read from a file or held in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TUMOUR_TYPES = ("meningioma", "glioma", "pituitary")
"""Names of labels 1, 2 and 3. Label 0 means a head without a tumour."""

TYPE_OF_LABEL = ("none", *TUMOUR_TYPES)

FIELD_OF_VIEW_MM = 0.49 * 512
"""Side of a figshare slice: 512 pixels of 0.49 mm. Used where nothing states a pixel size."""


@dataclass(frozen=True, eq=False)
class Scan:
    """One picture to be looked at, with everything known about it.

    Parameters
    ----------
    name : str
        What reports and errors call it: a path, or "slice 12".
    image : ndarray, shape (H, W)
        Grey levels on any scale.
    stated_mm : float, optional
        Side of a pixel in mm, where the file or the user states it.
    patient : str
        Patient id, "" where unknown.
    label : int, optional
        1 meningioma, 2 glioma, 3 pituitary tumour, 0 no tumour; None where unknown.
    true_mask : ndarray of bool, shape (H, W), optional
        The tumour as a radiologist outlined it.
    border : ndarray of float, shape (k, 2), optional
        That outline as points: x (column) and y (row), counted from 0.
    slice_mm : float, optional
        Distance to the next slice in mm, where the slice is one of a series.
    warnings : tuple of str
        What the file says of itself that no model here has learnt from, such as "a T2-weighted picture".

    Examples
    --------
    >>> scan = Scan("mine", np.zeros((512, 400)))
    >>> scan.pixel_mm, scan.pixel_mm_assumed  # nothing states it: a head of 251 mm is taken for granted
    (0.49, True)
    """

    name: str
    image: np.ndarray
    stated_mm: float | None = None
    patient: str = ""
    label: int | None = None
    true_mask: np.ndarray | None = None
    border: np.ndarray | None = None
    slice_mm: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel in mm; where nothing states it, the longer side of the picture is taken for 251 mm."""
        return FIELD_OF_VIEW_MM / max(self.image.shape) if self.stated_mm is None else self.stated_mm

    @property
    def pixel_mm_assumed(self) -> bool:
        """Whether nothing states the pixel size."""
        return self.stated_mm is None

    @property
    def tumour_type(self) -> str | None:
        """Its true type in words, "none" for a head without a tumour; None where unknown."""
        return None if self.label is None else TYPE_OF_LABEL[self.label]
