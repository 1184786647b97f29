"""Slides: made of the lessons' own cells, one thought each, with no word from elsewhere and no solution."""

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import make_slides
from braintut.teaching.lesson_exercises import exercises
from braintut.teaching.notebooks import lesson_paths, read_lesson

LESSONS = lesson_paths(Path(__file__).resolve().parents[2] / "lessons")
PICTURE = new_output("display_data", {"image/png": "iVBORw0KGgo="})


def shown(*cells):
    return [slide.html for slide in make_slides.slides(new_notebook(cells=[new_markdown_cell("# Title"), *cells]))]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lessons_slides_load_nothing_and_give_no_solution_away(lesson, tmp_path):
    page = make_slides.write_slides(lesson, tmp_path).read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]|@import|<link|<iframe", re.sub(r"base64,[^\"]+", "", page))
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    notebook = read_lesson(lesson)
    pictures = sum("image/png" in o.get("data", {}) for c in notebook.cells for o in c.get("outputs", []))
    assert page.count("<img ") == pictures
    for one in exercises(notebook):
        assert one.solution_code not in page and "Solution" not in page
    assert page.count('alt=""') == 0, "a picture without words"


def test_a_sections_question_stands_alone_and_stays_as_heading():
    made = make_slides.slides(new_notebook(cells=[new_markdown_cell("## Why?\nBecause.\n\nReally.")]))
    assert [(slide.heading, slide.html) for slide in made] == [
        ("", "<h2>Why?</h2>"),
        ("Why?", "<p>Because.</p>\n<p>Really.</p>"),
    ]


def test_long_text_is_cut_between_thoughts():
    thought = " ".join(["word"] * 30)
    assert len(shown(new_markdown_cell(f"{thought}\n\n{thought}\n\n{thought}"))) == 1 + 3


def test_a_caption_stands_below_its_picture_and_is_its_text():
    cell = new_code_cell("draw()", outputs=[PICTURE])
    _, code, picture, rest = shown(cell, new_markdown_cell("*One `head`.* And more."))
    assert code == "<pre><code>draw()</code></pre>"
    assert "<figcaption>One <code>head</code>.</figcaption>" in picture and 'alt="One `head`."' in picture
    assert rest == "<p>And more.</p>"


def test_an_answer_comes_one_slide_after_its_question():
    folded = "<details>\n<summary>{}</summary>\n\nBecause.\n\n</details>"
    quiz = shown(new_markdown_cell(f"**1.** Why?\n\n{folded.format('Answer')}"))
    assert quiz[1:] == ["<p><strong>1.</strong> Why?</p>", '<div class="answer"><p>Because.</p></div>']
    thought = shown(new_markdown_cell(folded.format("Think: why?")))
    assert thought[1:] == ["<p>Think: why?</p>", '<div class="answer"><p>Because.</p></div>']


def test_what_a_cell_prints_is_escaped_and_links_lead_nowhere():
    said = new_output("stream", text="<b>1 < 2</b>\n")
    html = "".join(shown(new_code_cell("x", outputs=[said]), new_markdown_cell("[there](https://example.org/a_(b))")))
    assert "&lt;b&gt;1 &lt; 2&lt;/b&gt;" in html and "there" in html and "example" not in html


def test_a_long_cell_is_cut(monkeypatch):
    assert len(shown(new_code_cell("\n".join(f"a = {i}" for i in range(30))))) == 1 + 3


def test_the_command_makes_the_lessons_that_are_asked_for(tmp_path, capsys):
    assert make_slides.main(["3", "--out", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["03_dice_loss.html"]
    assert make_slides.main(["77", "--out", str(tmp_path)]) == 1
    assert "There is no lesson 77" in capsys.readouterr().err
