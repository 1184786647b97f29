"""The one family of errors.

Every message is one sentence (or two) that names the file or value, what was
expected, and what to do. The command line prints it as it is.
"""


class BraintutError(Exception):
    """Base of all errors that braintut raises on purpose."""


class DataError(BraintutError, ValueError):
    """A file, folder or array does not hold what it should."""


class PositionError(DataError, IndexError):
    """A position lies outside a set, or is no position."""


class DownloadError(BraintutError):
    """A file could not be fetched or is not the published one."""


class ModelError(BraintutError, ValueError):
    """A trained pair is missing, damaged or unknown.

    Examples
    --------
    >>> from braintut.pipeline import load_card
    >>> load_card("mine")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    braintut.errors.ModelError: There is no trained pair 'mine'; give one of figshare, ...
    """


class CheckpointError(ModelError):
    """A folder of checkpoints is damaged, takes no more, or belongs to another training."""


class SplitError(BraintutError, ValueError):
    """A split cannot be made from these slices."""


def brief(said: object) -> str:
    """What a library says of a failure, or what a file holds, in one short line: some quote a whole damaged file."""
    return " ".join(str(said).split())[:200] or type(said).__name__
