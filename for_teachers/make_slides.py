"""Make slides of the lessons' own cells: `python for_teachers/make_slides.py [NN ...] [--solutions]`, or `make slides`.

One file a lesson in `build/slides`, to be opened in any browser. It loads nothing from anywhere. The arrow keys, space
and page keys turn the slides, Home and End go to the first and last, f fills the screen; printing gives one a page.

One thought a slide: a section's question, some sentences, a cell, what it printed or drew. What a reader unfolds in the
notebook (the answer to a thought, or to a quiz) is a slide of its own. Hints are left out, and so are the exercises'
solutions, unless `--solutions` asks for them: who gets the slides would get them, too.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import mistune
from jinja2 import Environment, FileSystemLoader
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from braintut.dataset.files import write_text  # noqa: E402
from braintut.dataset.locations import lessons_folder  # noqa: E402
from braintut.errors import BraintutError, DataError  # noqa: E402
from braintut.teaching.notebooks import lesson_paths, read_lesson, tags  # noqa: E402

WORDS = 45
"""A slide of text is full from here on."""
LINES = 14
"""A cell that is longer is cut into several slides."""
PASSED_OVER = {"badge", "setup", "status", "hints", "check"}
UNSAID = ("References", "Next lesson")
"""Sections that are for reading at home."""

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_UNFOLDS = re.compile(r"<details[^>]*>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
_BLOCK = re.compile(r"```.*?^```|(?:(?!```)[^\n]+\n?)+", re.DOTALL | re.MULTILINE)
_to_html = mistune.create_markdown(escape=True, plugins=["table"])


@dataclass
class Slide:
    """What one slide shows.

    Parameters
    ----------
    heading : str
        The question of its section, small at the top.
    html : str
    kind : str
        "big" where a picture fills it.
    """

    heading: str
    html: str
    kind: str = ""


def slides(notebook: NotebookNode, solutions: bool = False) -> list[Slide]:
    """Make the slides of a lesson, in its order."""
    made: list[Slide] = []
    heading = ""
    for cell in notebook.cells:
        carried = PASSED_OVER - (PASSED_OVER if solutions and "solution" in tags(cell) else set())
        if carried & set(tags(cell)) or ("solution" in tags(cell) and not solutions):
            continue
        if cell.cell_type == "code":
            made += _of_code(cell, heading)
            continue
        if title := re.match(r"## (.+)", cell.source):
            heading = title[1]
        if heading not in UNSAID:
            _add_text(made, cell.source, heading)
    return made


def write_slides(lesson: Path, folder: Path, solutions: bool = False) -> Path:
    """Write the slides of one lesson as a page that needs nothing else."""
    notebook = read_lesson(lesson)
    title = re.sub(r"^#\s*", "", notebook.cells[0].source).strip()
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True)
    page = environment.get_template("slides.html.jinja")
    return write_text(folder / f"{lesson.stem}.html", page.render(title=title, slides=slides(notebook, solutions)))


def _add_text(made: list[Slide], source: str, heading: str) -> None:
    """Add a markdown cell: a caption goes below the picture before it, each answer behind its question."""
    source = _LINK.sub(r"\1", source)  # a slide leads nowhere
    at = 0
    for folded in _UNFOLDS.finditer(source):
        question = folded[1].strip() if folded[1].strip().endswith("?") else ""
        _add_plain(made, f"{source[at : folded.start()]}\n\n{question}", heading)
        made.extend(Slide(heading, f'<div class="answer">{html}</div>') for html in _pages(folded[2]))
        at = folded.end()
    _add_plain(made, source[at:], heading)


def _add_plain(made: list[Slide], source: str, heading: str) -> None:
    caption = re.match(r"\s*\*(?!\*)([^*]+)\*(?!\*)", source)
    if caption and made and "<figure>" in made[-1].html and "<figcaption>" not in made[-1].html:
        text = _inline(caption[1])
        said = f'alt="{escape(caption[1].strip())}"'
        made[-1].html = re.sub(r'alt="[^"]*"', lambda _: said, made[-1].html)
        made[-1].html = made[-1].html.replace("</figure>", f"<figcaption>{text}</figcaption></figure>")
        source = source[caption.end() :]
    for html in _pages(source):
        alone = re.fullmatch(r"<h[12]>.*</h[12]>", html, re.DOTALL)
        made.append(Slide("" if alone or "<h1>" in html else heading, html))


def _pages(source: str) -> Iterator[str]:
    """Cut text into slides: a section's question alone, lists and tables with the sentence before them."""
    page: list[str] = []
    source = re.sub(r"^(#+ .+)\n", r"\1\n\n", source, flags=re.MULTILINE)
    for block in (found[0].strip() for found in _BLOCK.finditer(source)):
        if not block:
            continue
        full = sum(len(part.split()) for part in page) + len(block.split()) > WORDS
        leads = (bool(page) and page[-1].endswith(":")) or block.startswith(("|", "- ", "1. "))
        if page and full and not (leads and len(page) == 1) and not page[-1].startswith("#"):
            yield _html(page)
            page = []
        page.append(block)
        if block.startswith("## "):
            yield _html(page)
            page = []
    if page:
        yield _html(page)


def _html(blocks: list[str]) -> str:
    return _to_html("\n\n".join(blocks)).strip()


def _inline(text: str) -> str:
    return re.sub(r"^<p>|</p>$", "", _to_html(text.strip()).strip())


def _of_code(cell: NotebookNode, heading: str) -> Iterator[Slide]:
    """Show a cell and then, on slides of their own, what it printed and drew; its lines in pieces if there are many."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    for start in range(0, len(lines), LINES):
        code = escape("\n".join(lines[start : start + LINES]))
        yield Slide(heading, f"<pre><code>{code}</code></pre>")
    for output in cell.outputs:
        shown = _of_output(output, heading)
        if shown:
            yield Slide(heading, shown, "big" if shown.startswith("<figure>") else "")


def _of_output(output: NotebookNode, heading: str) -> str:
    data = output.get("data", {})
    if output.output_type == "stream":
        return f'<pre class="says">{escape(output.text.rstrip())}</pre>' if output.name == "stdout" else ""
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            picture = "".join(data[kind].split())
            return f'<figure><img alt="{escape(heading)}" src="data:{kind};base64,{picture}"></figure>'
    if "application/vnd.jupyter.widget-view+json" in data:
        return "<p>To be moved by hand: show it in the notebook.</p>"
    if "text/html" in data:
        return _table_or_nothing(data["text/html"])
    return f'<pre class="says">{escape(data["text/plain"])}</pre>' if "text/plain" in data else ""


def _table_or_nothing(html: str) -> str:
    """Take the tables out of an output's HTML, or its text where it is one line; a whole page stays in the notebook."""
    if tables := re.findall(r"<table.*?</table>", html, re.DOTALL):
        return "".join(tables) if len(html) < 10_000 else "<p>A whole report: show it in the notebook.</p>"
    text = re.sub(r"<[^>]*>", "", html).strip()
    return f'<pre class="says">{text}</pre>' if 0 < len(text) < 400 else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 if all was written, 1 if something failed."""
    parser = argparse.ArgumentParser(description="Make slides of the lessons' own cells.")
    parser.add_argument("lessons", nargs="*", help="which, for example 00 03; all if none")
    parser.add_argument("--out", type=Path, default=Path("build/slides"), help="where they go (default build/slides)")
    parser.add_argument("--solutions", action="store_true", help="with the exercises' solutions")
    chosen = parser.parse_args(arguments)
    try:
        everything = lesson_paths(lessons_folder())
        wanted = [path for path in everything if path.name[:2] in {number.zfill(2) for number in chosen.lessons}]
        if chosen.lessons and not wanted:
            raise DataError(f"There is no lesson {', '.join(chosen.lessons)}.")
        for path in wanted or everything:
            print(write_slides(path, chosen.out, chosen.solutions))
    except BraintutError as error:
        print(f"make_slides.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
