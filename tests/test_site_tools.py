"""What the site is made from, and what it is held to: pages from the project's files, links, loads from elsewhere."""

import doctest

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from sitemaking import api, checking, gather, lessons, models, results, texts
from sitemaking.texts import ROOT, SiteError

HEAD = """A promise.

| reading | exercises | run time on a CPU | on a GPU | needs |
| --- | --- | --- | --- | --- |
| 10 minutes | 4, about 20 minutes | a minute | no gain | lesson 00 |

Afterwards you can

- see,
- doubt.
"""


def test_examples_of_the_texts_module():
    assert doctest.testmod(texts).failed == 0


@pytest.mark.parametrize("place", gather.README_PAGES)
def test_the_readme_has_the_sections_that_the_site_shows(place):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for heading in gather.README_PAGES[place]:
        assert texts.section(readme, heading).startswith(f"# {heading}\n")


def test_a_section_that_went_is_named():
    with pytest.raises(SiteError, match=r"README\.md has no section '## Gone'"):
        texts.section("# A\n\n## B\n", "Gone")


@pytest.mark.parametrize(
    ("link", "before", "after", "wanted"),
    [
        ("docs/glossary.md", "README.md", "results/index.md", "../docs/glossary.md"),
        ("../data/README.md#traps", "lessons/a.ipynb", "lessons/a.ipynb", "../data/README.md#traps"),
        ("README.md", "CONTRIBUTING.md", "CONTRIBUTING.md", "start.md"),
        ("lessons", "README.md", "about.md", "lessons"),
        ("data", "README.md", "about.md", "data/README.md"),
        ("https://doi.org/1", "README.md", "results/index.md", "https://doi.org/1"),
        ("#here", "README.md", "results/index.md", "#here"),
        (texts.COLAB_BADGE, "README.md", "start.md", "lessons/open_in_colab.svg"),
    ],
)
def test_links_follow_a_text_to_its_page(link, before, after, wanted):
    assert texts.moved(f"[x]({link})", before, after) == f"[x]({wanted})"


def test_links_and_headings_in_code_stay():
    code = "```\n# [x](README.md)\n```\n"
    assert texts.moved(code, "README.md", "results/index.md") == code
    assert texts.lowered(f"# A\n\n{code}") == f"## A\n\n{code}"


def test_facts_of_a_lesson_are_read_from_its_head(tmp_path):
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), new_markdown_cell(HEAD)])
    facts = lessons.facts_of(tmp_path / "03_x.ipynb", notebook)
    assert (facts.number, facts.title, facts.promise, facts.reading) == ("03", "Title", "A promise.", "10 minutes")
    assert facts.objectives == ("see", "doubt") and facts.needs == "lesson 00"


def test_a_lesson_without_a_head_is_named(tmp_path):
    with pytest.raises(SiteError, match=r"03_x\.ipynb does not begin with"):
        lessons.facts_of(tmp_path / "03_x.ipynb", new_notebook(cells=[new_markdown_cell("# Title")]))


@pytest.mark.parametrize("path", sorted((ROOT / "lessons").glob("[0-9]*.ipynb")), ids=lambda path: path.stem)
def test_each_lesson_tells_its_minutes_and_objectives(path):
    facts = lessons.facts_of(path, lessons.read_lesson(path))
    assert "minutes" in facts.reading and len(facts.objectives) >= 3


def importing(code):
    return new_notebook(cells=[new_code_cell(code)])


def test_names_belong_to_the_lesson_that_imports_them_first():
    first = importing("if True:\n    %pip install x\nfrom braintut import load_slices")
    second = importing(
        "from braintut.dataset import load_slices, Scan\nfrom braintut.teaching.exercises import lesson_00"
    )
    groups = api.by_lesson({"00_a": first, "01_b": second})
    assert [name.dotted for name in groups["00_a"]] == ["braintut.load_slices"]
    assert [name.dotted for name in groups["01_b"]] == ["braintut.dataset.Scan"]
    others = [name.dotted for name in groups[""]]
    assert "braintut.dataset.load_slices" not in others and "braintut.segmentation.DiceLoss" in others


def test_numbers_with_intervals_are_found_wherever_they_stand():
    one = {"mean": 0.5, "ci95": [0.4, 0.6]}
    found = dict(results.entries({"variants": {"a": {"label": "Dice per image", "fold": {"dice": one}}}, "minutes": 3}))
    assert found == {"variants / Dice per image / fold / dice": one}


def test_a_result_of_unknown_shape_still_gets_a_chart_and_a_page():
    result = {
        "question": "Is it so?",
        "command": "python experiments/new.py DATA",
        "x": {"mean": 0.5, "ci95": [0.4, 0.6]},
    }
    (figure,) = results.charts_of("new", result)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["x"]
    page = results.page("new", result, ["new_1.png"])
    assert page.startswith("# Is it so?") and "python experiments/new.py DATA" in page and "0.400 to 0.600" in page


def test_a_card_tells_all_but_its_hashes():
    rows = dict(models.rows({"dice": {"mean": 0.5, "ci95": [0.4, 0.6]}, "patients": ["a" * 64], "mirror": True}))
    assert rows == {"dice / mean": "0.5", "dice / ci95": "0.4, 0.6", "mirror": "yes"}


@pytest.mark.parametrize(
    ("name", "text", "loaded"),
    [
        ("a.html", '<img src="https://x.org/a.png">', "https://x.org/a.png"),
        ("a.html", '<img srcset="a.png 1x, //x.org/b.png 2x">', "//x.org/b.png"),
        ("a.html", '<script src="http://x.org/a.js"></script>', "http://x.org/a.js"),
        ("a.html", '<link rel="stylesheet" href="https://x.org/a.css">', "https://x.org/a.css"),
        ("a.html", '<link rel="preconnect" href="https://x.org">', "https://x.org"),
        ("a.html", '<p style="background: url(https://x.org/a.png)">', "https://x.org/a.png"),
        ("a.html", "<style>@import 'https://x.org/a.css';</style>", "https://x.org/a.css"),
        ("a.html", '<iframe src="https://x.org"></iframe>', "https://x.org"),
        ("a.html", "<script>fetch('https://x.org/a')</script>", "https://x.org/a"),
        ("a.html", "<script type=module>import m from 'https://x.org/m.js'</script>", "https://x.org/m.js"),
        ("a.css", "@font-face {src: url('//x.org/f.woff2')}", "//x.org/f.woff2"),
        ("a.js", "s.src = 'https://x.org/a.js'", "https://x.org/a.js"),
        ("a.svg", '<svg><image href="https://x.org/a.png"/></svg>', "https://x.org/a.png"),
    ],
)
def test_what_would_be_loaded_from_elsewhere_is_named(tmp_path, name, text, loaded):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(checking.foreign_loads(tmp_path)) == [f"{name} loads {loaded}"]


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://x.org">x</a>',
        '<link rel="canonical" href="https://x.org/a.html">',
        '<img src="data:image/png;base64,//8=">',
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        "<p>@import 'https://x.org'</p>",
    ],
    ids=["link", "canonical", "data", "namespace", "prose"],
)
def test_what_is_only_named_is_no_load(tmp_path, text):
    (tmp_path / "a.html").write_text(text, encoding="utf-8")
    assert list(checking.foreign_loads(tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('<a href="b.html">', ["a.html links to b.html: no such file"]),
        ('<a href="#x">', ["a.html links to #x: no such anchor"]),
        ('<a href="c/d.html#gone">', ["a.html links to c/d.html#gone: no such anchor"]),
        ('<a href="../up.html">', ["a.html links to ../up.html: outside the site"]),
        ('<p id="x"><p id="x">', ["a.html has the id x twice"]),
        ('<a href="c/d.html#there"><a href="https://x.org/#y"><a href="#a%20b"><p id="a b">', []),
    ],
    ids=["file", "anchor", "anchor elsewhere", "outside", "twice", "all well"],
)
def test_links_that_lead_nowhere_are_named(tmp_path, text, wrong):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "d.html").write_text('<p id="there">', encoding="utf-8")
    (tmp_path / "a.html").write_text(text, encoding="utf-8")
    assert list(checking.broken_links(tmp_path)) == wrong
