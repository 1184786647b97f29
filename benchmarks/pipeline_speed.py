"""`import braintut`, scan to report after loading, and its reasons: python benchmarks/pipeline_speed.py [PAIR]

The scan is a 512 px phantom; one network, one pass, no drawing. Median and worst of 30 calls. The reasons (`explain`)
are a part of the report's time.
"""

import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd

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
    ms = reasons_ms(pipeline, next(report.features for report in reports if report.tumour_found))
    print(f"reasons for a type: median {np.median(ms):.0f} ms, worst {ms.max():.0f} ms")


def reasons_ms(pipeline, features: dict[str, float], n: int = 30) -> np.ndarray:
    """Times in ms that `explain` needs for one scan, as the pipeline calls it."""
    from braintut.classification import explain

    row, average = pd.DataFrame([features]), pipeline.reference.median().to_frame().T
    times = []
    for _ in range(n):
        start = time.perf_counter()
        explain(pipeline.classifier, row, average)
        times.append(time.perf_counter() - start)
    return 1000 * np.array(times)


if __name__ == "__main__":
    main()
