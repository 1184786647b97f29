"""`import braintut`, and scan to report after loading: python benchmarks/pipeline_speed.py [PAIR]

The scan is a 512 px phantom; one network, one pass, no drawing. Median and worst of 30 calls.
"""

import os
import subprocess
import sys

import numpy as np

IMPORT = "import time; t = time.perf_counter(); import braintut; print(time.perf_counter() - t)"


def main() -> None:
    imports = [float(subprocess.check_output([sys.executable, "-c", IMPORT])) for _ in range(5)]
    print(f"import braintut: median {np.median(imports):.3f} s ({os.cpu_count()} cores)")

    from braintut import load_pipeline
    from braintut.dataset.locations import phantom_folder
    from braintut.dataset.scan_files import read_scan

    pipeline = load_pipeline(sys.argv[1] if len(sys.argv) > 1 else "figshare")
    scans = [read_scan(phantom_folder() / "figshare_layout" / f"{n}.mat") for n in range(1, 7)]
    reports = [pipeline(scan) for scan in scans * 6][6:]
    ms = np.array([report.seconds for report in reports]) * 1000
    found = np.array([report.tumour_found for report in reports])
    for name, chosen in (("tumour found", found), ("no tumour found", ~found)):
        if chosen.any():
            print(f"scan to report, {name}: median {np.median(ms[chosen]):.0f} ms, worst {ms[chosen].max():.0f} ms")


if __name__ == "__main__":
    main()
