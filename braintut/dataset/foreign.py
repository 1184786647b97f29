"""Libraries that read headers of patients: what they complain of is never repeated, because it quotes those headers."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

from braintut.errors import BraintutError, DataError


@contextlib.contextmanager
def our_errors(path: Path, library: str, kind: str) -> Iterator[None]:
    """Turn whatever a library raises while it reads a file of a kind into a sentence of ours; silence its warnings."""
    log = logging.getLogger(library)
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except BraintutError:
        raise
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        raise DataError(f"{path} is {kind}, which needs {library}: run `pip install {library}`.") from None
    except PermissionError:
        raise DataError(f"{path} may not be read by you; ask for the right to read it.") from None
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except Exception:  # a damaged file makes a library raise nearly any kind
        raise DataError(f"{path} is damaged, cut short, or no {kind} file with a picture; export it again.") from None
    finally:
        log.disabled = before
