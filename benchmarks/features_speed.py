"""How fast features are measured, against the double Python loop that the course grew out of.

Run: python benchmarks/features_speed.py [SIZE]

SIZE is the side of the slices in pixels; 256 if left out, 512 is what the real set has.

The first project walked over every pixel of every mask in two nested loops
for width, height, mean x, mean y and area, and counted the pairs of grey
levels in two more. Both ways are timed on the same slices in one run.
"""

import json
import sys
import time

import numpy as np
from skimage.feature import graycomatrix, graycoprops

from braintut.dataset.grid import resize
from braintut.features.table import measure_features

SIZE = int(sys.argv[1]) if len(sys.argv) > 1 else 256
PIXEL_MM = 0.49 * 512 / SIZE
LEVELS = 32


def make_slice(radius: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A round grey head with a round tumour of `radius` (share of the side) and smooth noise."""
    y, x = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE
    mask = (y - 0.4) ** 2 + (x - 0.6) ** 2 < radius**2
    head = (y - 0.5) ** 2 + (x - 0.5) ** 2 < 0.42**2
    noise = resize(np.random.default_rng(seed).normal(0, 0.1, (64, 64)), SIZE)
    return np.clip(0.4 * head + 0.3 * mask + noise * head, 0, 1).astype(np.float32), mask


def double_loop(image: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """The first project's twelve features, pixel by pixel."""
    top, bottom, left, right = SIZE, 0, SIZE, 0
    area = sum_x = sum_y = 0
    for y in range(SIZE):
        for x in range(SIZE):
            if mask[y, x]:
                top, bottom, left, right = min(top, y), max(bottom, y), min(left, x), max(right, x)
                area, sum_x, sum_y = area + 1, sum_x + x, sum_y + y
    pairs = np.zeros((LEVELS, LEVELS))
    for y in range(top, bottom + 1):
        for x in range(left, right):
            pairs[min(int(image[y, x] * LEVELS), LEVELS - 1), min(int(image[y, x + 1] * LEVELS), LEVELS - 1)] += 1
    width, height = right - left + 1, bottom - top + 1
    measured = {"width": width, "height": height, "mean_x": sum_x / area, "mean_y": sum_y / area}
    return measured | {"roundness": height / width, "area": area} | texture((pairs + pairs.T) / (2 * pairs.sum()))


def texture(p: np.ndarray) -> dict[str, float]:
    """Six features of a co-occurrence matrix, again in two loops."""
    mean = sum(i * p[i, j] for i in range(LEVELS) for j in range(LEVELS))
    spread = sum((i - mean) ** 2 * p[i, j] for i in range(LEVELS) for j in range(LEVELS))
    measured = dict.fromkeys(("entropy", "homogeneity", "contrast", "dissimilarity", "energy", "correlation"), 0.0)
    for i in range(LEVELS):
        for j in range(LEVELS):
            measured["entropy"] -= p[i, j] * np.log2(p[i, j]) if p[i, j] else 0
            measured["homogeneity"] += p[i, j] / (1 + (i - j) ** 2)
            measured["contrast"] += p[i, j] * (i - j) ** 2
            measured["dissimilarity"] += p[i, j] * abs(i - j)
            measured["energy"] += p[i, j] ** 2
            measured["correlation"] += p[i, j] * (i - mean) * (j - mean) / max(spread, 1e-9)
    return measured


def same_twelve(image: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """The same twelve features and nothing else, whole arrays at a time, as the package goes about it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside = mask[box]
    area = inside.sum()
    width, height = inside.shape[1], inside.shape[0]
    mean_y = rows[0] + inside.sum(axis=1) @ np.arange(height) / area
    mean_x = columns[0] + inside.sum(axis=0) @ np.arange(width) / area
    levels = np.minimum(image[box] * LEVELS, LEVELS - 1).astype(np.uint8)
    matrix = graycomatrix(levels, [1], [0], levels=LEVELS, symmetric=True, normed=True)
    p = matrix[matrix > 0]
    names = ("homogeneity", "contrast", "dissimilarity", "energy", "correlation")
    measured = {"width": width, "height": height, "mean_x": mean_x, "mean_y": mean_y}
    measured |= {"roundness": height / width, "area": area, "entropy": -(p * np.log2(p)).sum()}
    return measured | {name: float(graycoprops(matrix, name)[0, 0]) for name in names}


def check_same(loop: dict[str, float], ours: dict[str, float]) -> None:
    """Both ways must measure the same; only energy differs by definition (scikit-image takes the root)."""
    for name in set(loop) - {"energy"}:
        np.testing.assert_allclose(ours[name], loop[name], rtol=1e-6, err_msg=name)


def quickest(function, *arguments, repeats: int) -> float:
    """Least time of several runs, in ms: what the machine can do when nothing else disturbs it."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def main() -> None:
    """Time small, middle and large tumours and print one JSON line."""
    slices = [make_slice(radius, seed) for seed, radius in enumerate((0.03, 0.07, 0.15))]
    for image, mask in slices:
        check_same(double_loop(image, mask), same_twelve(image, mask))
    measure_features(*slices[0], PIXEL_MM)  # the first call loads libraries
    loop = np.mean([quickest(double_loop, image, mask, repeats=3) for image, mask in slices])
    ours = np.mean([quickest(measure_features, image, mask, PIXEL_MM, repeats=20) for image, mask in slices])
    twelve = np.mean([quickest(same_twelve, image, mask, repeats=20) for image, mask in slices])
    result = {"size": SIZE, "loop_12_ms": loop, "ours_12_ms": twelve, "ratio_12": loop / twelve, "ours_all_ms": ours}
    print(json.dumps({name: round(float(value), 2) for name, value in result.items()}))


if __name__ == "__main__":
    main()
