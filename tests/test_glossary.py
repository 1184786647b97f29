"""The glossary's words stand where it says, beside each other."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (\d\d) \|", TEXT, re.MULTILINE)


def cells(lesson):
    """Markdown cells of a lesson, without line breaks, stars and capitals."""
    (path,) = (ROOT / "lessons").glob(f"{lesson}_*.ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    texts = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    return [re.sub(r"\s+", " ", text.replace("*", "")).lower() for text in texts]


@pytest.mark.parametrize(("plain", "field", "lesson"), ROWS, ids=[plain for plain, _, _ in ROWS])
def test_a_lesson_says_both_words_in_one_cell(plain, field, lesson):
    found = [text for text in cells(lesson) if plain in text and field.split(",")[0].lower() in text]
    assert found, f"No cell of lesson {lesson} has both '{plain}' and '{field}'."


def test_the_table_was_read():
    assert len(ROWS) > 10
