"""Explorer, outline and upload in a real JupyterLab, moved by keys and mouse."""

from __future__ import annotations

import re
import statistics

import numpy as np
import pytest
from PIL import Image

from lab import click_on_track, errors_of, handle
from making import head, write_mat

CELLS = [
    "from braintut import load_pipeline, load_slices\n"
    "from braintut.teaching.explorer import SliceExplorer\n"
    "from braintut.teaching.outline import OutlineDrawer\n"
    "from braintut.teaching.upload import ScanUpload\n"
    "slices = load_slices(256)\n"
    "pipeline = load_pipeline(slices=slices)",
    "SliceExplorer(slices, pipeline, patient='PH036')",
    "OutlineDrawer(slices.of_patient('PH036'), pipeline)",
    "ScanUpload(pipeline)",
]
# Notes when a key goes down and when the explorer's next picture is there.
WATCH = """() => {
    window.times = []; let start = 0;
    document.addEventListener('keydown', () => { start = performance.now() }, true);
    document.addEventListener('load', event => {
        if (start && event.target.closest('.braintut-explorer')) { times.push(performance.now() - start); start = 0 }
    }, true);
}"""


@pytest.fixture(scope="module")
def sheet(lab):
    opened = lab.open(lab.put(CELLS, "widgets.ipynb"))
    assert errors_of(opened.run_all()) == []
    opened.page.wait_for_selector(".braintut-explorer img.widget-image")
    opened.page.wait_for_timeout(2500)  # the names for screen readers come last
    yield opened
    opened.close()


@pytest.fixture
def explorer(sheet):
    return sheet.page.locator(".braintut-explorer")


def seen(explorer) -> tuple[str, str, str]:
    """Picture, sentence and table of the explorer."""
    return (
        explorer.locator("img.widget-image").get_attribute("src"),
        explorer.get_by_role("status").inner_text(),
        explorer.locator("table").inner_text(),
    )


def wait_for_change(sheet, explorer, before: tuple[str, str, str]) -> tuple[str, str, str]:
    sheet.page.wait_for_function(
        "before => document.querySelector('.braintut-explorer table').innerText !== before", arg=before[2]
    )
    return seen(explorer)


def dice_in(text: str) -> float:
    return float(re.search(r"Dice (\d\.\d\d)", text).group(1))


def test_every_control_has_a_name_and_is_reached_by_tab(sheet, explorer):
    explorer.get_by_label("Type").focus()
    names = ["Type"]
    for _ in range(30):
        sheet.page.keyboard.press("Tab")
        name = sheet.page.evaluate(
            """() => { const e = document.activeElement;
            if (!e.closest('.braintut-explorer')) return null;
            return e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.parentElement.textContent || '' }"""
        )
        if name is None:
            break
        names.append(name.strip())
    assert "" not in names
    wanted = ["Patient", "True mask", "Predicted mask", "Contrast from", "Contrast to", "Zoom", "Threshold"]
    for part in wanted:
        assert any(name.startswith(part) for name in names), (part, names)
    assert handle(explorer, "Slice").count() == 1
    assert explorer.locator("img.widget-image").get_attribute("alt")


def test_arrow_keys_move_through_slices(sheet, explorer):
    sheet.page.evaluate(WATCH)
    handle(explorer, "Slice").focus()
    for key in ["ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "ArrowLeft"] * 3:
        before = seen(explorer)
        sheet.page.keyboard.press(key)
        after = wait_for_change(sheet, explorer, before)
        assert all(a != b for a, b in zip(before, after, strict=True)), key
        sheet.page.wait_for_timeout(100)
    times = sheet.page.evaluate("() => window.times")
    middle = statistics.median(times)
    print(f"\nkey to picture at 256 px: median {middle:.0f} ms, worst {max(times):.0f} ms of {len(times)} keys")
    assert len(times) >= 15  # how quick it is, benchmarks/explorer_speed.py says


def test_threshold_moves_by_mouse_and_by_key(sheet, explorer):
    before = seen(explorer)
    click_on_track(sheet.page, explorer, "Threshold", 0.95)
    after = wait_for_change(sheet, explorer, before)
    assert before[0] != after[0] and dice_in(before[1]) != dice_in(after[1])
    handle(explorer, "Threshold").focus()
    sheet.page.keyboard.press("Home")
    lowest = wait_for_change(sheet, explorer, after)
    assert lowest[0] != after[0]


def test_switches_zoom_and_contrast_change_the_picture(sheet, explorer):
    for change in (
        lambda: explorer.get_by_label("True mask (solid blue)").press("Space"),
        lambda: explorer.get_by_label("Predicted mask (dashed orange)").click(),
        lambda: handle(explorer, "Zoom").press("ArrowRight"),
        lambda: handle(explorer, "Contrast to").press("ArrowLeft"),
    ):
        before = seen(explorer)[0]
        change()
        sheet.page.wait_for_function(
            "before => document.querySelector('.braintut-explorer img.widget-image').src !== before", arg=before
        )


def test_type_and_patient_are_chosen(sheet, explorer):
    before = seen(explorer)
    explorer.get_by_label("Type").select_option("pituitary")
    middle = wait_for_change(sheet, explorer, before)
    assert "pituitary" in middle[1]
    explorer.get_by_label("Patient").select_option(index=1)
    assert wait_for_change(sheet, explorer, middle)[1] != middle[1]


def test_play_moves_on_by_itself(sheet, explorer):
    before = seen(explorer)
    button = explorer.get_by_role("button", name="Play or pause")
    button.click()
    wait_for_change(sheet, explorer, before)


def test_an_outline_is_clicked_and_compared(sheet):
    outline = sheet.page.locator(".braintut-outline")
    picture = outline.locator("img[data-box]")
    for share_x, share_y in ((0.35, 0.25), (0.45, 0.25), (0.45, 0.38), (0.35, 0.38)):
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        n = len([p for p in outline.locator("textarea").input_value().split(",") if p.strip()])
        sheet.page.mouse.click(box["x"] + share_x * box["width"], box["y"] + share_y * box["height"])
        sheet.page.wait_for_selector(f".braintut-outline img[alt*='your {n + 1} points']")
    across, down = map(float, outline.locator("textarea").input_value().split(",")[0].split())
    assert across == pytest.approx(0.35 * 256, abs=1.5) and down == pytest.approx(0.25 * 256, abs=1.5)
    outline.get_by_role("button", name="Compare").press("Enter")
    table = outline.locator("table")
    table.wait_for()
    assert len(re.findall(r"\d\.\d\d", table.inner_text())) == 3


def test_an_outline_is_drawn_without_a_mouse(sheet):
    outline = sheet.page.locator(".braintut-outline")
    outline.get_by_role("button", name="Start again").press("Enter")
    sheet.page.wait_for_selector(".braintut-outline img[alt*='your 0 points']")
    handle(outline, "Across").press("ArrowLeft")
    outline.get_by_role("button", name="Add point").press("Enter")
    sheet.page.wait_for_selector(".braintut-outline img[alt*='your 1 points']")
    typed = outline.get_by_label("Points")
    typed.fill("90 60, 115 60, oops")
    typed.press("Tab")
    outline.get_by_role("status").filter(has_text="is no point").wait_for()
    typed.fill("90 60, 115 60, 115 95")
    typed.press("Tab")
    sheet.page.wait_for_selector(".braintut-outline img[alt*='your 3 points']")


def test_a_scan_is_uploaded_and_its_report_read(sheet, tmp_path):
    upload = sheet.page.locator(".braintut-upload")
    Image.fromarray((head(256) // 2).astype(np.uint8)).save(tmp_path / "own.png")
    (tmp_path / "text.png").write_text("hello")
    for path, answer in (
        (tmp_path / "own.png", "own.png: "),
        (tmp_path / "text.png", "text.png is no PNG or JPEG picture"),
        (write_mat(tmp_path / "1.mat"), "1.mat: "),
    ):
        with sheet.page.expect_file_chooser() as chooser:
            upload.get_by_role("button", name="Choose a scan").press("Enter")
        chooser.value.set_files(path)
        upload.get_by_role("status").filter(has_text=answer).wait_for()
        assert upload.get_by_text("not for clinical use").count() == ("is no" not in answer)


def test_nothing_of_ours_complained_on_the_console(sheet):
    assert sheet.errors == []
