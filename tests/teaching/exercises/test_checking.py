"""What checks are made of: one line whatever happens, functions called quietly, numbers of every library."""

import math
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from braintut.teaching.exercises import checking
from braintut.teaching.exercises.checking import (
    NotYet,
    as_number,
    as_numbers,
    call,
    demand,
    exercise,
    explain_missing_names,
)
from judging import stops, verdict

COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # every IPython has its own way to switch them off
LESSONS = sorted(Path(checking.__file__).parent.glob("lesson_*.py"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_checks_of_every_lesson_are_tested(path):
    assert Path(__file__).with_name(f"test_{path.name}").is_file()


def test_what_a_learner_prints_does_not_blur_the_verdict(capsys):
    @exercise
    def check(function):
        demand(call(function, 2) == 4, "2 should give 4.")

    def chatty(x):
        print("I am here\nand here")
        return x * x

    assert verdict(capsys, check, [chatty]) == "Right.\n"


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: 1 / 0, "ZeroDivisionError"),
        (lambda: 1, "positional argument"),
        (lambda x: None, "does it end with `return`"),
        (stops, "stopped on an example"),
        (5, "a function is wanted here"),
    ],
)
def test_functions_that_fail_are_told_what_happened(function, words):
    with pytest.raises(NotYet, match=words):
        call(function, 1)


@pytest.mark.parametrize("value", ["3", None, True, [3], np.array([3.0]), math.nan, 3j])
def test_numbers_are_numbers_only(value):
    with pytest.raises(NotYet, match="`x`"):
        as_number(value, "x")


def test_numbers_of_every_library_are_taken():
    for value in (3, 3.0, np.int64(3), np.float32(3), np.array(3), keras.ops.convert_to_tensor(3.0)):
        assert as_number(value, "x") == 3.0
    assert as_numbers(np.array([1, 2]), "x", 2) == (1.0, 2.0)


def test_a_long_message_stays_one_line(capsys):
    @exercise
    def check(answer):
        raise NotYet("first\nsecond\n  third")

    assert verdict(capsys, check, [1]) == "Not yet, because first second third\n"


def test_ctrl_c_is_not_swallowed():
    @exercise
    def check(answer):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(1)


LOST = "Not yet, because there is no `answer`: run the cells above this one first."
FRESH = {
    "a check without the cells above it": ("check.halves(answer)", LOST),
    "a name inside of an answer": ("check.halves({'a': answer})", LOST),
    "a slip elsewhere": ("answer + 1", "NameError: name 'answer' is not defined"),
    "a slip in a function": ("def mine(): return answer\ncheck.halves(mine())", "NameError: name 'answer'"),
    "another error": ("check.halves(1 / 0)", "ZeroDivisionError"),
}


@pytest.fixture(scope="module")
def shell():
    """IPython as a fresh kernel has it, with the checks of a lesson."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    explain_missing_names()
    shell.run_cell("from braintut.teaching.exercises import lesson_00 as check")
    yield shell
    InteractiveShell.clear_instance()


@pytest.mark.parametrize(("source", "said"), FRESH.values(), ids=FRESH)
def test_a_check_in_a_fresh_kernel_says_what_to_run(shell, capsys, source, said):
    done = shell.run_cell(source)
    printed = COLOUR.sub("", capsys.readouterr().out)
    assert said in printed and not done.success  # the cell still counts as failed
    assert ("Traceback" in printed) is (said != LOST)
