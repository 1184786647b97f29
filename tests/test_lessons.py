"""Every notebook in lessons/ keeps the contract that CONTRIBUTING.md states under 'Writing a lesson'."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from braintut.teaching.addresses import colab_badge, repository_address, setup_source
from braintut.teaching.lesson_exercises import exercises
from braintut.teaching.notebooks import lesson_paths, read_lesson, tagged, tags
from check_notebooks import faults

ROOT = Path(__file__).resolve().parents[1]
LESSONS = lesson_paths(ROOT / "lessons")
ADDRESS = repository_address(ROOT)
FIXED_HEADINGS = ["On the real data", "Summary", "Three questions", "References", "Next lesson"]
KNOWN_TAGS = {
    "badge", "setup", "status", "starter", "check", "hints", "solution", "quiz", "nbval-ignore-output",
    "raises-exception",
}  # fmt: skip


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def lesson(path):
    return read_lesson(path)


def markdown(lesson):
    return [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]


def code(lesson):
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def headings(lesson, level="## "):
    lines = "\n".join(markdown(lesson)).splitlines()
    return [line.removeprefix(level) for line in lines if line.startswith(level)]


def section(lesson, heading):
    """Cells from a heading to the next of its level."""
    starts = [
        i for i, cell in enumerate(lesson.cells) if cell.cell_type == "markdown" and "\n## " in "\n" + cell.source
    ]
    first = next(i for i in starts if f"\n## {heading}" in "\n" + lesson.cells[i].source)
    last = next((i for i in starts if i > first), len(lesson.cells))
    return lesson.cells[first:last]


def text_of(cells):
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def collapsed_answers(text):
    return re.findall(r"<details[^>]*>\s*<summary>[^<]+</summary>(.*?)</details>", text, re.DOTALL)


# --- the beginning ---


def test_title_then_badge_with_its_own_path(path, lesson):
    assert re.fullmatch(r"# \S[^\n]+", lesson.cells[0].source), "the first cell is the title alone"
    assert tags(lesson.cells[1]) == ["badge"] and len(tagged(lesson, "badge")) == 1
    assert lesson.cells[1].source == colab_badge(ADDRESS, path.name), "run `make addresses`"


def test_promise_table_and_objectives(lesson):
    text = lesson.cells[2].source
    promise, table, objectives = text.split("\n\n", 2)
    assert promise.count(".") == 1 and promise.endswith("."), "one sentence says what the lesson promises"
    columns = table.splitlines()[0]
    for wanted in ("reading", "exercises", "on a CPU", "on a GPU", "needs"):
        assert wanted in columns, f"the table has no column '{wanted}'"
    assert "Afterwards you can" in objectives
    assert 3 <= len(re.findall(r"^- [a-z]", objectives, re.MULTILINE)) <= 7, "objectives are verbs in a list"


def test_setup_cell_is_the_same_everywhere_and_short(lesson):
    (setup,) = tagged(lesson, "setup")
    assert setup.source == setup_source(ADDRESS), "run `make addresses`"
    assert len(setup.source.splitlines()) <= 6 and not setup.outputs
    assert code(lesson)[0] is setup


def test_status_cell_comes_second_and_is_not_compared(lesson):
    (status,) = tagged(lesson, "status")
    assert code(lesson)[1] is status and "nbval-ignore-output" in tags(status) and "show_status()" in status.source


# --- the middle ---


def test_sections_begin_with_a_question(lesson):
    questions = [heading for heading in headings(lesson) if heading not in FIXED_HEADINGS]
    assert len(questions) >= 3
    for heading in questions:
        assert heading.endswith("?"), f"'{heading}' is no question"


def test_headings_open_their_cells(lesson):
    for text in markdown(lesson):
        assert "\n## " not in text and "\n# " not in text, f"start a new cell with the heading in:\n{text[-300:]}"


def test_last_sections_in_their_order(lesson):
    assert headings(lesson)[-len(FIXED_HEADINGS) :] == FIXED_HEADINGS


def test_cells_are_short(lesson):
    sizes = [len(cell.source.splitlines()) for cell in code(lesson)]
    assert median(sizes) <= 5 and max(sizes) <= 25, sorted(sizes)


def test_it_keeps_the_rule_for_committed_notebooks(path):
    assert faults(path) == []


def test_no_foreign_tags(lesson):
    assert {tag for cell in lesson.cells for tag in tags(cell)} <= KNOWN_TAGS


def has_picture(cell):
    return any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))


def test_after_every_figure_a_sentence_says_what_it_shows(lesson):
    for cell, after in zip(lesson.cells, [*lesson.cells[1:], None], strict=True):
        if cell.cell_type == "code" and has_picture(cell):
            assert after is not None and after.cell_type == "markdown", cell.source
            assert re.match(r"\*[^*].{30,}?\*", after.source, re.DOTALL), f"no caption in italics after:\n{cell.source}"


def test_pictures_in_prose_have_a_text_alternative(lesson):
    text = "\n".join(markdown(lesson))
    assert not re.findall(r"!\[\s*\]\(", text)
    assert all('alt="' in image for image in re.findall(r"<img[^>]*>", text))


# --- exercises ---


def test_at_least_three_exercises_with_headings(lesson):
    found = exercises(lesson)
    titles = [heading for heading in headings(lesson, "### ") if re.match(r"Exercise \d", heading)]
    assert len(found) >= 3
    assert [title.split(":")[0] for title in titles] == [f"Exercise {i + 1}" for i in range(len(found))]
    for tag in ("starter", "check", "hints", "solution"):
        assert len(tagged(lesson, tag)) == len(found)


def test_starters_hold_dots_and_checks_say_so(lesson):
    for one in exercises(lesson):
        assert "..." in one.starter.source
        (output,) = one.check.outputs
        assert output.text.startswith("Not attempted:") and output.text.count("\n") == 1, one.check.source


def test_every_check_brings_its_import(path, lesson):
    """So that in a fresh kernel the check itself can say that the cells above it have to be run first."""
    wanted = f"from braintut.teaching.exercises import lesson_{path.name[:2]} as check\n"
    assert all(one.check.source.startswith(wanted) for one in exercises(lesson))


def test_hints_are_graded_and_solutions_collapsed(lesson):
    for one in exercises(lesson):
        hints, solution = one.hints.source, one.solution.source
        assert re.findall(r"<summary>(.*?)</summary>", hints) == ["Hint 1", "Hint 2"], hints
        assert all(len(hint.strip()) > 20 for hint in collapsed_answers(hints))
        assert re.match(r"<details>\s*<summary>Solution</summary>\n\n", solution) and solution.endswith("</details>")
        assert one.solution_code and "..." not in one.solution_code
        compile(one.solution_code, "solution", "exec")


# --- the end ---


def test_real_data_section_loads_numbers_and_states_its_command(lesson):
    cells = section(lesson, "On the real data")
    assert re.search(r"```\n(python|braintut|make) [^`]+```", text_of(cells)), "the command that made the numbers"
    assert any(cell.cell_type == "code" for cell in cells), "the numbers are loaded, not typed"


def test_summary_mirrors_the_objectives(lesson):
    points = re.findall(r"^- ", text_of(section(lesson, "Summary")), re.MULTILINE)
    objectives = re.findall(r"^- ", lesson.cells[2].source, re.MULTILINE)
    assert len(points) >= len(objectives)


def test_three_questions_with_collapsed_answers(lesson):
    (quiz,) = tagged(lesson, "quiz")
    assert quiz in section(lesson, "Three questions")
    assert len(re.findall(r"^\*\*\d\.\*\* .*\?", quiz.source, re.MULTILINE)) == 3
    assert len(collapsed_answers(quiz.source)) == 3


def test_references_have_a_doi(lesson):
    entries = re.findall(r"^- .*(?:\n  .*)*", text_of(section(lesson, "References")), re.MULTILINE)
    assert entries and all(re.search(r"https://(doi\.org/10\.|arxiv\.org/)", entry) for entry in entries), entries
    assert any("doi.org" in entry for entry in entries)


def test_next_lesson_is_there(path, lesson):
    last = text_of(section(lesson, "Next lesson"))
    following = [other for other in LESSONS if other.name > path.name][:1]
    links = re.findall(r"\]\((\d\d_\w+\.ipynb)\)", last)
    assert links or path.name.startswith("08"), "name and link the lesson that comes next"
    if following and following[0].name[:2] == f"{int(path.name[:2]) + 1:02d}":
        assert links[0] == following[0].name


def test_links_between_lessons_name_files_of_the_course(lesson):
    names = {target for target in re.findall(r"\]\((\d\d_\w+\.ipynb)\)", "\n".join(markdown(lesson)))}
    assert names <= COURSE


COURSE = {
    "00_start_here.ipynb", "01_explore_the_dataset.ipynb", "02_build_a_unet.ipynb", "03_dice_loss.ipynb",
    "04_augmentation.ipynb", "05_train_on_a_gpu.ipynb", "06_tumour_features.ipynb",
    "07_classify_the_tumour.ipynb", "08_from_scan_to_report.ipynb",
}  # fmt: skip
"""What a lesson may link to, whether it exists already or not."""


def test_prose_is_british(lesson):
    assert not re.findall(
        r"\b[Tt]umors?\b", re.sub(r"\(http[^)]*\)|`[^`]*`|\*[^*\n]*\*", "", "\n".join(markdown(lesson)))
    )


def imports(lesson):
    """The import statements of a lesson's cells."""
    sources = [cell.source for cell in code(lesson) if "setup" not in tags(cell)]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    return [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def test_nothing_imports_anywidget():
    """Once it is imported, Colab sends every later widget through a manager in which some break."""
    listen = """import sys
class Listener:
    asked = []
    def find_spec(self, name, path=None, target=None):
        self.asked += [name] * (name.partition(".")[0] == "anywidget")
sys.meta_path.insert(0, Listener())
"""
    every = list(dict.fromkeys(line for path in LESSONS for line in imports(read_lesson(path))))
    assert any("SliceExplorer" in line for line in every) and any("ScanUpload" in line for line in every)
    source = "\n".join([listen, *every, "print('asked for', *Listener.asked)"])
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "asked for", done.stderr


def test_no_link_between_widgets_lives_in_the_browser():
    """Jslink and jsdlink are broken in Colab; ipywidgets' link works there."""
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "braintut").rglob("*.py")}
    sources |= {path: "\n".join(cell.source for cell in code(read_lesson(path))) for path in LESSONS}
    found = [path.name for path, source in sources.items() if re.search(r"\bjs(d)?link\s*\(", source)]
    assert found == []
