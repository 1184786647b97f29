"""Where files are: in a clone of the repository, or beside the installed package."""

from __future__ import annotations

import tomllib
from pathlib import Path

from braintut.errors import DataError

PACKAGE = Path(__file__).resolve().parents[1]


def clone_folder() -> Path | None:
    """The clone that this package is run from, the folder with `pyproject.toml` and `data/`; None without one."""
    folder = PACKAGE.parent
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_ours = project.get("project", {}).get("name") == "braintut"
    return folder if is_ours and (folder / "data").is_dir() else None


def lessons_folder() -> Path:
    """The lessons of the clone that this package is run from; a `DataError` where there is none."""
    clone = clone_folder()
    if clone is None:
        raise DataError("The lessons come with a clone of the repository, not with `pip install`; clone it first.")
    return clone / "lessons"


def phantom_folder() -> Path:
    """The phantoms that come with braintut: `data/phantoms` in a clone, `braintut/phantoms` in an installed package.

    Examples
    --------
    >>> (phantom_folder() / "phantoms.h5").is_file()
    True
    """
    clone = clone_folder()
    folder = clone / "data" / "phantoms" if clone else PACKAGE / "phantoms"
    if not folder.is_dir():
        raise DataError(f"The phantoms should be in {folder}, which is not there: install braintut again.")
    return folder


def default_data_folder() -> Path:
    """Where real slices are looked for and downloaded to: `data/figshare` in a clone, else in the user's cache."""
    clone = clone_folder()
    if clone:
        return clone / "data" / "figshare"
    import pooch  # here, because it costs 0.1 s that `import braintut` should not pay

    return Path(pooch.os_cache("braintut")) / "figshare"


def sample_folder() -> Path:
    """Where the sample of real slices is looked for and downloaded to: `sample`, beside `default_data_folder()`."""
    return default_data_folder().with_name("sample")
