"""The site's source: pages copied from the project's own files or made from them, in one folder that Sphinx reads."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat

from sitemaking import api, front, lessons, models, results
from sitemaking.texts import ROOT, SiteError, linked_files, lowered, moved, section

README_PAGES = {
    "start.md": ("Start", "Start from one scan"),
    "results/index.md": ("How good is it?", "What was learned"),
    "benchmarks/speed.md": ("How fast is it?",),
    "benchmarks/faults.md": ("What was tried to break it",),
    "about.md": ("What is inside", "Licence and thanks"),
}
"""Which sections of the README make which page; what a lesson is and the first picture stand elsewhere."""
COPIED = ("CHANGELOG.md", "CONTRIBUTING.md", "data/README.md", "experiments/README.md", "benchmarks/README.md")
TEACHERS = "for_teachers"
OWN_PLACE = ("glossary", "records")
"""Pages of docs/ that stand in the contents by name; all others are about the project."""


def gather(folder: Path) -> None:
    """Write the site's source into an empty folder.

    Raises
    ------
    SiteError
        If a file or section that the site shows is not there.
    """
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    notebooks = lessons.read_all(ROOT / "lessons")
    facts = [lessons.facts_of(path, notebook) for path, notebook in notebooks.items()]
    _write_lessons(folder, notebooks, facts)
    for file in (*COPIED, *_pages_of("docs"), *_pages_of(TEACHERS)):
        _copy_page(folder, file)
    for place, headings in README_PAGES.items():
        _write(folder, place, _from_readme(place, headings), "README.md")
    questions = results.write_all(folder / "results")
    _append(folder / "results/index.md", results_contents(questions))
    pairs = models.write_all(folder / "models")
    _write(folder, "models/index.md", models_page(pairs))
    api.write_all(folder / "api", facts, {path.stem: notebook for path, notebook in notebooks.items()})
    _write_contents(folder)
    front.write(folder)


def _pages_of(name: str) -> list[str]:
    found = [path for path in (ROOT / name).rglob("*") if path.suffix in (".md", ".ipynb")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found if path.name != "index.md" or name == TEACHERS)


def _write_lessons(folder: Path, notebooks: dict, facts: list[lessons.Facts]) -> None:
    for path, notebook in notebooks.items():
        file = f"lessons/{path.name}"
        page = lessons.as_page(notebook, file)
        _bring(folder, "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown"), file)
        nbformat.write(page, folder / file)
    _write(folder, "lessons/index.md", lessons.index_page(facts))


def _copy_page(folder: Path, file: str) -> None:
    if file.endswith(".md"):
        _write(folder, file, (ROOT / file).read_text(encoding="utf-8"), file)
        return
    notebook = lessons.read_lesson(ROOT / file)
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(lessons.as_page(notebook, file), folder / file)


def _write(folder: Path, place: str, text: str, source: str | None = None) -> None:
    """Write a page; one that comes from a file of the project brings the files that it links to."""
    if source:
        _bring(folder, text, source)
        text = moved(text, source, place)
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_text(text, encoding="utf-8")


def _bring(folder: Path, text: str, source: str) -> None:
    """Copy the pictures and files that a text links to, where they are no pages."""
    (folder / source).parent.mkdir(parents=True, exist_ok=True)
    for file in linked_files(text, source):
        path = ROOT / file
        if path.is_dir() or path.suffix in (".md", ".ipynb"):
            continue
        if not path.is_file():
            raise SiteError(f"{source} links to {file}, which is not there.")
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / file)


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "\n" + text, encoding="utf-8")


def _from_readme(place: str, headings: tuple[str, ...]) -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first, *others = (section(readme, heading) for heading in headings)
    return "\n".join([first, *(lowered(text) for text in others)])


def results_contents(questions: dict[str, str]) -> str:
    """The end of the page of results: one line a measured result, and what belongs to them."""
    lines = [f"- [{question}]({name}.md)" for name, question in questions.items()]
    order = ["records", *(name for name in questions if name != "records")]
    listed = [f"{_short(questions[name])} <{name}>" for name in order if name in questions]
    return (
        "## Each result with its chart and command\n\n"
        + "\n".join(lines)
        + "\n\n```{toctree}\n:hidden:\n\n"
        + "\n".join(
            [*listed, "../docs/records", "../experiments/README", "../benchmarks/speed", "../benchmarks/faults"]
        )
        + "\n```\n"
    )


def _short(question: str) -> str:
    return re.sub(r"[<>]", "", question)


def models_page(pairs: list[str]) -> str:
    """The page above the model cards."""
    lines = "\n".join(f"- [`{name}`]({name}.md)" for name in pairs)
    listed = "\n".join(pairs)
    return (
        "# Model cards\n\nThree trained networks with their classifiers come along; a network and its classifiers are "
        "called a pair. Each card says whom it was trained on, how, how good it is, and for whom it is bad.\n\n"
        f"{lines}\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    ).replace("Three trained networks", f"{_count(len(pairs))} trained networks")


def _count(number: int) -> str:
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    return words[number] if number < len(words) else str(number)


def _write_contents(folder: Path) -> None:
    """Write the pages that only hold others together: data, speed, teachers, the project."""
    _append(folder / "data/README.md", "```{toctree}\n:hidden:\n\n../models/index\n```\n")
    _append(folder / "benchmarks/speed.md", "```{toctree}\n:hidden:\n\nREADME\n```\n")
    others = [Path(file).stem for file in _pages_of("docs") if Path(file).stem not in OWN_PLACE]
    listed = "\n".join(["CONTRIBUTING", "CHANGELOG", *(f"docs/{name}" for name in others)])
    _append(folder / "about.md", f"```{{toctree}}\n:hidden:\n\n{listed}\n```\n")
    pages = _pages_of(TEACHERS)
    if pages:
        _write_teachers(folder, pages)


def _write_teachers(folder: Path, pages: list[str]) -> None:
    """Put all pages for teachers below their index, or below their README, or below a page of our own."""
    names = [str(Path(page).relative_to(TEACHERS).with_suffix("")) for page in pages]
    top = next((name for name in ("index", "README") if name in names), None)
    listed = "\n".join(name for name in names if name != top)
    contents = f"```{{toctree}}\n{':hidden:' if top else ':maxdepth: 1'}\n\n{listed}\n```\n"
    if top is None:
        _write(folder, f"{TEACHERS}/index.md", f"# For teachers\n\n{contents}")
        return
    _append(folder / TEACHERS / f"{top}.md", contents)
