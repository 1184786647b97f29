"""What the tests of all exercises share: a table of answers for each check, and the tests that every table passes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pytest

from making import block_mask


@dataclass(frozen=True)
class Answers:
    """What learners hand to one check.

    Each row holds what the check is called with. A row of `mistakes` ends with words that the message for
    this mistake contains, and the message for no other: two messages that change places are noticed.
    """

    check: Callable[..., None]
    right: list[tuple]
    untouched: list[tuple]
    mistakes: list[tuple]

    def __str__(self) -> str:
        return self.check.__name__


def verdict(capsys: pytest.CaptureFixture, check: Callable[..., None], answer: tuple | list) -> str:
    """The one line that a check prints of an answer."""
    capsys.readouterr()
    assert check(*answer) is None
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1 and printed.endswith("\n"), printed
    return printed


def checks_of(lesson: ModuleType) -> list[Callable[..., None]]:
    return [thing for thing in vars(lesson).values() if getattr(thing, "is_check", False)]


class CheckTests:
    """The tests of one table; a lesson's class inherits them and is parametrised with its tables."""

    def test_right_answers_are_right(self, capsys, answers):
        for row in answers.right:
            said = verdict(capsys, answers.check, row)
            assert said.startswith("Right"), said

    def test_untouched_starters_are_not_attempted(self, capsys, answers):
        for row in answers.untouched:
            said = verdict(capsys, answers.check, row)
            assert said.startswith("Not attempted:"), said

    def test_each_typical_mistake_has_a_message_of_its_own(self, capsys, answers):
        said = {words: verdict(capsys, answers.check, answer) for *answer, words in answers.mistakes}
        assert len(said) == len(answers.mistakes) >= 2, "words that name two mistakes"
        for words, message in said.items():
            assert message.startswith("Not yet, because "), message
            assert "could not be looked at" not in message, message
            speaks_of = [others for others in said if others in message]
            assert speaks_of == [words], f"expected '{words}' alone, found {speaks_of} in: {message}"

    def test_a_check_never_raises(self, capsys, answers):
        first = answers.right[0]
        for rubbish in RUBBISH:
            for answer in ([rubbish] * len(first), [rubbish, *first[1:]], [], [rubbish] * 9):
                said = verdict(capsys, answers.check, answer)
                assert said.startswith(("Not yet, because ", "Not attempted:")), said


class Awkward:
    """Fails at whatever is done with it."""

    def __getattribute__(self, name):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = __iter__ = __len__ = __float__ = __repr__ = __str__ = __call__ = __eq__


def stops():
    raise SystemExit("bye")


RUBBISH = [
    None, "", "text", b"x", True, math.nan, math.inf, -1, 1e400, 3 + 4j, [], (), {}, set(), object(), Awkward(),
    np.zeros((2, 2)), np.array([]), np.array(["a"]), [[1], 2], {"A": None}, len, stops, lambda *_: None,
    lambda *_: 1 / 0, lambda *_: "text", block_mask(), np.random.default_rng(), Exception("x"), type,
]  # fmt: skip
