"""A made-up report that several tests draw, write or change."""

from __future__ import annotations

import numpy as np

from braintut.report import Report

CARD = {
    "data": {"summary": "161 slices of 32 patients (phantoms)"},
    "numbers": {
        "n_slices": 39,
        "n_patients": 8,
        "dice": {"mean": 0.588, "not_found_fraction": 0.1795},
        "accuracy": {"predicted_mask": 0.641},
    },
}


def make_report(**changes: object) -> Report:
    away = np.hypot(*(np.mgrid[:96, :96] - np.array([30, 60])[:, None, None]))
    probability = np.clip(1 - away / 20, 0, 1).astype(np.float32)
    settings = {
        "scan": "folder/scan.png",
        "image": np.random.default_rng(0).random((96, 96)).astype(np.float32),
        "probability": probability,
        "predicted_mask": probability >= 0.5,
        "tumour_type": "glioma",
        "probabilities": {"meningioma": 0.15, "glioma": 0.8, "pituitary": 0.05},
        "pixel_mm": 2.0,
        "pixel_mm_assumed": False,
        "seconds": 0.05,
        "features": {"shape_area_mm2": 1.0, "shape_width_mm": 20.25, "place_depth_mm": 31.0},
        "reasons": [("ring", 0.3), ("shape", 0.12), ("place", -0.2), ("plane", 0.001)],
        "model": "phantom",
        "card": CARD,
    }
    return Report(**settings | changes)
