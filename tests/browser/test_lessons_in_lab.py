"""Lessons 00, 01 and 08 as a learner opens them: all cells run, their widgets move, nobody complains."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import errors_of

LESSONS = Path(__file__).resolve().parents[2] / "lessons"
WANTED = sorted(path for number in ("00", "01", "08") for path in LESSONS.glob(f"{number}_*.ipynb"))


@pytest.mark.parametrize("path", WANTED, ids=lambda path: path.stem)
def test_lesson_runs_and_its_explorer_moves(lab, path):
    sheet = lab.open(lab.put(path, path.name))
    try:
        cells = sheet.run_all()
        assert errors_of(cells) == []
        code = [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
        assert all(cell["execution_count"] for cell in code)
        move_explorer(sheet.page)
        assert sheet.errors == []
    finally:
        sheet.close()


def move_explorer(page) -> None:
    """Move the first explorer of a lesson, if it has one, by one key."""
    if not page.locator(".braintut-explorer").count():
        return
    explorer = page.locator(".braintut-explorer").first
    picture = explorer.locator("img.widget-image")
    before = picture.get_attribute("src")
    explorer.get_by_role("slider", name="Slice", exact=True).press("ArrowRight")
    page.wait_for_function("([picture, before]) => picture.src !== before", arg=[picture.element_handle(), before])
