"""Where files are: in a clone of the repository, or beside the installed package."""

from __future__ import annotations

import tomllib
from pathlib import Path

from braintut.errors import DataError

PACKAGE = Path(__file__).resolve().parents[1]


def clone_folder() -> Path | None:
    """Find the clone that this package is run from.

    Returns
    -------
    Path or None
        The top folder of the clone (the one with `pyproject.toml` and `data/`), or None where braintut was installed
        without one, as on Colab.
    """
    folder = PACKAGE.parent
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_ours = project.get("project", {}).get("name") == "braintut"
    return folder if is_ours and (folder / "data").is_dir() else None


def phantom_folder() -> Path:
    """Find the phantoms that come with braintut.

    Returns
    -------
    Path
        `data/phantoms` in a clone, `braintut/phantoms` in an installed package.

    Raises
    ------
    DataError
        If neither is there.

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
    """Say where the real slices are looked for, and downloaded to.

    Returns
    -------
    Path
        `data/figshare` in a clone, else a folder in the user's cache. It need not exist yet.
    """
    clone = clone_folder()
    if clone:
        return clone / "data" / "figshare"
    import pooch  # here, because it costs 0.1 s that `import braintut` should not pay

    return Path(pooch.os_cache("braintut")) / "figshare"


def sample_folder() -> Path:
    """Say where the sample of real slices is looked for, and downloaded to.

    Returns
    -------
    Path
        Beside `default_data_folder()`, and named `sample`. It need not exist yet.
    """
    return default_data_folder().with_name("sample")
