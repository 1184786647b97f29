"""Cached load against reading the `.mat` files: python benchmarks/loading_speed.py [FOLDER]

FOLDER holds figshare's `.mat` files or zips; the six phantoms in that layout are used without one.
Both ways give the same pictures, which is checked.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from braintut.dataset.figshare import read_figshare
from braintut.dataset.locations import phantom_folder
from braintut.dataset.slices import Slices


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else phantom_folder() / "figshare_layout"
    with tempfile.TemporaryDirectory() as scratch:
        start = time.perf_counter()
        slices = read_figshare(folder, size=256, progress=False, n_jobs=1)
        reading = time.perf_counter() - start
        cache = slices.save(Path(scratch) / "cache.h5", compress=False)
        start = time.perf_counter()
        cached = Slices.load(cache)
        loading = time.perf_counter() - start
    np.testing.assert_array_equal(cached.images, slices.images)
    print(
        f"{len(slices)} slices at 256 px, one process, {os.cpu_count()} cores: "
        f"reading {reading:.2f} s, cached {loading:.3f} s, ratio {reading / loading:.0f}"
    )


if __name__ == "__main__":
    main()
