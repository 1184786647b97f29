"""Build the site: python tools/make_site.py [FOLDER]. `make site` does, into build/site/html.

It needs the packages of docs/requirements.lock. A warning of Sphinx, a link that leads nowhere, anything that would be
loaded from another host, and more than 30 MB end it with an error.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from sitemaking import checking
from sitemaking.texts import ROOT, SiteError


def build(folder: Path) -> None:
    """Gather the pages beside a folder and build the site into it.

    Raises
    ------
    SiteError
        If pages cannot be gathered, or Sphinx complains.
    """
    from sphinx.cmd.build import main as sphinx

    from braintut.teaching.live import explorer_page
    from sitemaking.gather import gather

    source = folder.parent / "source"
    gather(source)
    if folder.exists():
        shutil.rmtree(folder)
    options = ["-q", "-W", "--keep-going", "-E", "-b", "html", "-c", str(ROOT / "docs")]
    # In this process: Keras, which the docstrings need as well, is loaded once.
    if sphinx([*options, "-d", str(folder.parent / "doctrees"), str(source), str(folder)]):
        raise SiteError("Sphinx complains above; mend the page that it names.")
    explorer_page(folder / "explorer.html", home="index.html")
    for left_over in (".buildinfo", "objects.inv", "_static/webpack-macros.html"):
        (folder / left_over).unlink(missing_ok=True)


def faults(folder: Path) -> list[str]:
    """All that is wrong with a built site."""
    found = [*checking.foreign_loads(folder), *checking.broken_links(folder)]
    if checking.size(folder) > checking.MOST_BYTES:
        found.append(f"The site has {checking.size(folder) / 1e6:.1f} MB, more than {checking.MOST_BYTES / 1e6:.0f}.")
    return found


def main() -> None:
    """Build, check and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "site" / "html")
    folder = parser.parse_args().folder.resolve()
    start = time.monotonic()
    try:
        build(folder)
    except SiteError as error:
        sys.exit(str(error))
    wrong = faults(folder)
    pages = len(list(folder.rglob("*.html")))
    print(f"{pages} pages, {checking.size(folder) / 1e6:.1f} MB, in {time.monotonic() - start:.0f} s: {folder}")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
