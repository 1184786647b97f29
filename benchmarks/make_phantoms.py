"""Make `data/phantoms` again: `python benchmarks/make_phantoms.py [FOLDER]`.

Needs the extra `braintut[phantom]`, no network, and about a minute.
"""

import sys
import time
from pathlib import Path

from braintut.dataset.phantom import make_phantom_slices, write_phantom_mat


def main(folder: Path) -> None:
    """Write the set of slices and the six files in the figshare layout."""
    start = time.perf_counter()
    slices = make_phantom_slices()
    path = slices.save(folder / "phantoms.h5", compress=True)
    mats = write_phantom_mat(folder / "figshare_layout")
    print(slices)
    print(f"{path.stat().st_size / 1e6:.2f} MB in {path}")
    print(f"{sum(m.stat().st_size for m in mats) / 1e6:.2f} MB in {len(mats)} .mat files")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "data" / "phantoms")
