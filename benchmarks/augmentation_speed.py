"""Training with augmentation against training without: python benchmarks/augmentation_speed.py

One U-Net (16 filters, 4 levels) at 128 px, batches of 16 phantoms; epochs with and without
augmentation alternate, so that both see the same machine. The first epoch of each is left out.
"""

import os
import sys
import time

import numpy as np

from braintut.dataset.load import load_phantoms
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.batches import SliceBatches
from braintut.segmentation.losses import DiceCrossEntropyLoss
from braintut.segmentation.unet import build_unet


def main() -> None:
    slices = load_phantoms()
    model = build_unet(128, filters=16, depth=4)
    model.compile("adam", DiceCrossEntropyLoss("batch"))
    seconds: dict[str, list[float]] = {"without": [], "with": []}
    for epoch in range(int(sys.argv[1]) if len(sys.argv) > 1 else 4):
        for name, augmentation in (("without", None), ("with", Augmentation(noise=0.02))):
            batches = SliceBatches(slices, 16, augmentation, epoch=epoch)
            start = time.perf_counter()
            model.fit(batches, verbose=0, shuffle=False)
            seconds[name].append((time.perf_counter() - start) / len(batches))
    without, augmented = (np.array(seconds[name][1:]) * 1000 for name in ("without", "with"))
    print(
        f"a step of 16 slices, {os.cpu_count()} cores: {np.median(without):.0f} ms without, "
        f"{np.median(augmented):.0f} ms with augmentation, median ratio {np.median(augmented / without):.2f}"
    )


if __name__ == "__main__":
    main()
