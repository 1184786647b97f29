"""Lessons 00, 01 and 08 as a learner opens them: all cells run, their widgets move, nobody complains."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import click_on_track, errors_of, handle

LESSONS = Path(__file__).resolve().parents[2] / "lessons"
SCAN = LESSONS.parent / "data" / "phantoms" / "figshare_layout" / "5.mat"
WANTED = sorted(path for number in ("00", "01", "08") for path in LESSONS.glob(f"{number}_*.ipynb"))


@pytest.mark.parametrize("path", WANTED, ids=lambda path: path.stem)
def test_lesson_runs_and_its_widgets_answer(lab, path):
    sheet = lab.open(lab.put(path, path.name))
    try:
        cells = sheet.run_all()
        assert errors_of(cells) == []
        code = [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
        assert all(cell["execution_count"] for cell in code)
        move_explorer(sheet.page)
        upload_scan(sheet.page)
        assert sheet.errors == []
    finally:
        sheet.close()


def move_explorer(page) -> None:
    """Move the first explorer of a lesson, if it has one, by a key and by the mouse."""
    if not page.locator(".braintut-explorer").count():
        return
    explorer = page.locator(".braintut-explorer").first
    slider = handle(explorer, "Slice")
    slider.scroll_into_view_if_needed()
    for move in (lambda: slider.press("ArrowRight"), lambda: click_on_track(page, explorer, "Slice", 0.0)):
        picture, words = explorer.locator("img.widget-image"), explorer.inner_text()
        before = picture.get_attribute("src")
        move()
        page.wait_for_function("([picture, before]) => picture.src !== before", arg=[picture.element_handle(), before])
        page.wait_for_function(
            "([explorer, words]) => explorer.innerText !== words", arg=[explorer.element_handle(), words]
        )


def upload_scan(page) -> None:
    """Upload a scan in a lesson that asks for one, and read its report."""
    upload = page.locator(".braintut-upload")
    if not upload.count():
        return
    with page.expect_file_chooser() as chooser:
        upload.get_by_role("button", name="Choose a scan").press("Enter")
    chooser.value.set_files(SCAN)
    upload.get_by_role("status").filter(has_text=SCAN.name).wait_for()
    assert upload.get_by_text("not for clinical use").count()
