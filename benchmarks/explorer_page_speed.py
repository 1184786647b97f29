"""From an input to the picture in the explorer without a kernel, 256 px: python benchmarks/explorer_page_speed.py

Chromium, without a graphics card, moves each slider of the page 60 times. The time runs from the input event until
outline, numbers and sentence are made and the picture has been painted: a pixel of it is read back, which waits for
that. A screen adds the time to its next frame. Median, 95th percentile and worst, at threshold 0.01 (large outlines),
too.
"""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from braintut.teaching.live import explorer_page

MOVES = 60
# (task, what is moved, its values, what else is set)
MOVED = {
    "threshold": ("look", "threshold", range(1, 99), {}),
    "threshold, with probabilities as colour": ("look", "threshold", range(1, 99), {"showLevels": True}),
    "slice": ("look", "slice", range(1, 40), {}),
    "slice, at threshold 0.01": ("look", "slice", range(1, 40), {"threshold": 1}),
    "contrast": ("look", "white", range(20, 99), {}),
    "zoom": ("look", "zoom", np.arange(1, 8.5, 0.5).tolist(), {}),
    "outline of 200 points": ("draw", "points", None, {}),
    "epoch": ("learn", "epoch", range(1, 25), {}),
    "threshold of a film": ("learn", "threshold", range(1, 99), {}),
}
MEASURE = """([task, name, values, set]) => {
    document.querySelector(`[value=${task}]`).click();
    const find = name => document.querySelector(`[data-name=${name}]`), canvas = document.querySelector('canvas');
    const put = (name, value) => {
        if (value === true) find(name).checked = true; else find(name).value = value;
        find(name).dispatchEvent(new Event('input'));
        canvas.getContext('2d').getImageData(128, 128, 1, 1);
    };
    for (const [other, value] of Object.entries(set)) put(other, value);
    return values.map(value => {
        const start = performance.now();
        put(name, value);
        return performance.now() - start;
    });
}"""


def circle(n_points: int) -> str:
    """Points of an outline drawn by hand."""
    angles = np.linspace(0, 2 * np.pi, n_points, endpoint=False)
    return ", ".join(f"{128 + 50 * np.cos(a):.1f} {100 + 40 * np.sin(a):.1f}" for a in angles)


def main() -> None:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        page_file = explorer_page(Path(folder) / "explorer.html")
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(page_file.as_uri())
        page.wait_for_selector("canvas")
        for what, (task, name, values, others) in MOVED.items():
            values = [circle(200 + i % 2) for i in range(MOVES)] if values is None else list(values)
            values = [values[i % len(values)] for i in range(MOVES + 5)]
            times = np.array(page.evaluate(MEASURE, [task, name, values, others]))[5:]  # the first ones warm it up
            low, high = np.percentile(times, [50, 95])
            print(f"{what}: median {low:.1f} ms, 95 % below {high:.1f} ms, worst {times.max():.1f} ms")
        browser.close()


if __name__ == "__main__":
    main()
