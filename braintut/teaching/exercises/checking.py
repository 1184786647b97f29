"""What every check shares: it looks at an answer, prints one verdict, and never raises."""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import numpy as np


class NotYet(Exception):
    """What is wrong with an answer, in words that do not give the answer away."""


class NotAttempted(Exception):
    """What the learner has not filled in yet."""


def exercise(judge: Callable[..., str | None]) -> Callable[..., None]:
    """Turn a function that judges an answer into a check that prints one line.

    Parameters
    ----------
    judge : callable
        Gets the learner's values. It raises `NotYet` where something is wrong and
        returns a short remark (or None) where all is right.

    Returns
    -------
    callable
        Same arguments, returns None. Prints a line that begins with 'Right',
        'Not yet, because' or 'Not attempted:', and raises nothing, whatever it gets.
        A value that is still `...` was not attempted.
    """

    @functools.wraps(judge)
    def check(*answers: object, **named: object) -> None:
        print(" ".join(_verdict(judge, answers, named).split()))

    check.is_check = True
    return check


def explain_missing_names() -> None:
    """Make a notebook say in one sentence what to do if a check meets a name that no cell has made yet.

    A fresh kernel knows nothing of the cells above a check; Python's own answer is a bare NameError. Such a cell still
    counts as failed; all other errors stay as they are.
    """
    ipython = sys.modules.get("IPython")
    if shell := ipython.get_ipython() if ipython else None:
        shell.set_custom_exc((NameError,), _tell_what_to_run)


def _tell_what_to_run(
    shell: object, kind: type, error: NameError, trace: TracebackType, tb_offset: int | None = None
) -> list[str] | None:
    cell = trace.tb_next or trace  # the first is IPython's own
    if cell.tb_next is None and any(getattr(value, "is_check", False) for value in _checks_named_in(cell)):
        sentence = f"Not yet, because there is no `{error.name}`: run the cells above this one first."
        print(sentence)
        return [sentence]
    return shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _checks_named_in(cell: TracebackType) -> list[object]:
    """Functions of `check` that the code of a cell names."""
    lesson = cell.tb_frame.f_globals.get("check")
    return [getattr(lesson, name, None) for name in cell.tb_frame.f_code.co_names]


def _verdict(judge: Callable[..., str | None], answers: tuple, named: dict) -> str:
    try:
        open_names = _still_open(judge, answers, named)
        if open_names:
            return f"Not attempted: put your answer in place of the three dots of {' and '.join(open_names)}."
        remark = judge(*answers, **named)
        return f"Right. {remark or ''}"
    except NotAttempted as open_point:
        return f"Not attempted: {open_point}"
    except NotYet as reason:
        return f"Not yet, because {reason}"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a check that stops the notebook would be worse than a vague one
        return f"Not yet, because this answer could not be looked at ({say(error)})."


def _still_open(judge: Callable, answers: tuple, named: dict) -> list[str]:
    given = inspect.signature(judge).bind(*answers, **named).arguments
    return [f"`{name}`" for name, value in given.items() if _holds_dots(value)]


def _holds_dots(value: object) -> bool:
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        return any(_holds_dots(part) for part in value)
    return value is ...


def say(error: BaseException) -> str:
    """Name an error and its message, also where the message itself fails."""
    try:
        return f"{type(error).__name__}: {str(error)[:200]}"
    except Exception:
        return type(error).__name__


def demand(condition: bool, otherwise: str) -> None:
    """Go on if the condition holds.

    Raises
    ------
    NotYet
        With the words of `otherwise`, if it does not.
    """
    if not condition:
        raise NotYet(otherwise)


def demand_true_or_false(answers: object, right: Mapping[str, bool], why: Mapping[str, str]) -> None:
    """Go on if a dictionary says True and False in the right places.

    Parameters
    ----------
    answers : dict of str to bool
        What the learner filled in.
    right : dict of str to bool
        The same keys with the right answers.
    why : dict of str to str
        For each key a hint that follows a colon.

    Raises
    ------
    NotYet
        If it is no dictionary, has other keys, holds something else than True
        and False, or one answer is wrong.
    """
    demand(isinstance(answers, Mapping), f"the answers should be a dictionary, not a {type(answers).__name__}.")
    demand(set(answers) == set(right), "the dictionary should have exactly the keys of the starter.")
    for key, answer in answers.items():
        demand(isinstance(answer, bool | np.bool_), f"{key!r} should be True or False, {_in_place_of_bool(answer)}.")
    for key, expected in right.items():
        demand(bool(answers[key]) == expected, f"of {key!r} I think otherwise: {why[key]}.")


def _in_place_of_bool(answer: object) -> str:
    if isinstance(answer, str):
        return "without quotation marks"
    if isinstance(answer, int | float | np.number):
        return "not a number"
    return f"but is {_kind(answer)}"


def as_number(value: object, name: str) -> float:
    """Read one finite number from whatever was given: int, float, NumPy or Keras scalar.

    Raises
    ------
    NotYet
        If it is text, a collection, not finite, or nothing at all.
    """
    if isinstance(value, bool | np.bool_ | str | bytes) or getattr(value, "shape", ()) not in ((), None):
        raise NotYet(f"`{name}` should be one number, but is {_kind(value)}.")
    try:
        number = float(value)
    except Exception as error:
        raise NotYet(f"`{name}` should be one number, but is {_kind(value)}.") from error
    demand(math.isfinite(number), f"`{name}` is {number}, which is no finite number.")
    return number


def as_numbers(value: object, name: str, length: int) -> tuple[float, ...]:
    """Read a tuple, list or array of `length` finite numbers.

    Raises
    ------
    NotYet
        If it is something else, or longer or shorter.
    """
    if not isinstance(value, list | tuple | np.ndarray):
        raise NotYet(f"`{name}` should hold {length} numbers in brackets, but is {_kind(value)}.")
    demand(len(value) == length, f"`{name}` should hold {length} numbers, but holds {len(value)}.")
    return tuple(as_number(part, f"{name}[{i}]") for i, part in enumerate(value))


def expect(
    answer: float | Sequence[float],
    right: float | Sequence[float],
    mistakes: Mapping[float | tuple[float, ...], str],
    otherwise: str,
    tolerance: float = 1e-6,
) -> None:
    """Compare numbers with the right ones and with typical mistakes.

    Parameters
    ----------
    answer, right : float or sequence of float
    mistakes : mapping
        A wrong answer, and what it shows that the learner missed.
    otherwise : str
        What to say of any other wrong answer.
    tolerance : float
        How far an answer may be off, absolutely.

    Raises
    ------
    NotYet
        If the answer is not the right one.
    """
    if _near(answer, right, tolerance):
        return
    for mistake, message in mistakes.items():
        if _near(answer, mistake, tolerance):
            raise NotYet(message)
    raise NotYet(otherwise)


def call(function: object, *arguments: object, what: str = "an example") -> object:
    """Call a function that the learner wrote, quietly.

    Parameters
    ----------
    function : callable
    *arguments : object
    what : str
        What the arguments are, in words: 'two equal masks'.

    Returns
    -------
    object
        What the function returned.

    Raises
    ------
    NotAttempted
        If it still returns `...`.
    NotYet
        If it is no function, raises, or returns nothing.
    """
    demand(callable(function), f"a function is wanted here, but this is {_kind(function)}; leave off its brackets ().")
    name = getattr(function, "__name__", "the function")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            result = function(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise NotYet(f"`{name}` stopped on {what} with {say(error)}") from error
    if _holds_dots(result):
        raise NotAttempted(f"`{name}` still returns three dots.")
    demand(result is not None, f"`{name}` returned nothing for {what}: does it end with `return`?")
    return result


def _near(answer: float | Sequence[float], other: float | Sequence[float], tolerance: float) -> bool:
    first, second = np.asarray(answer, float), np.asarray(other, float)
    return first.shape == second.shape and bool(np.all(np.abs(first - second) <= tolerance))


def _kind(value: object) -> str:
    if value is None:
        return "None"
    return f"of type {type(value).__name__}"
