"""Make `data/phantoms` again: `python benchmarks/make_phantoms.py [FOLDER]`.

Needs the extra `braintut[phantom]`, no network, and about two minutes.
"""

import sys
import time
from pathlib import Path

from braintut.phantom.make import make_phantom_slices, write_phantom_mat

TUMOUR_FREE_HEADS = 8


def main(folder: Path) -> None:
    """Write the slices with a tumour, those without, and six files in the figshare layout."""
    start = time.perf_counter()
    free = make_phantom_slices(TUMOUR_FREE_HEADS, tumour_free=True)
    for name, slices in {"phantoms.h5": make_phantom_slices(), "tumour_free.h5": free}.items():
        path = slices.save(folder / name, compress=True)
        print(slices)
        print(f"{path.stat().st_size / 1e6:.2f} MB in {path}")
    mats = write_phantom_mat(folder / "figshare_layout")
    print(f"{sum(m.stat().st_size for m in mats) / 1e6:.2f} MB in {len(mats)} .mat files")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "data" / "phantoms")
