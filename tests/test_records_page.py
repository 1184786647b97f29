"""The page of records shows what its own code prints from the stored results."""

import contextlib
import io
import re
from pathlib import Path

import pytest
from matplotlib import pyplot

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "records.md").read_text(encoding="utf-8")
FROM_STORED_NUMBERS, NEEDS_A_TRAINING = PAGE.split("\n## To run beside lesson 05\n")
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)


def test_what_stands_under_its_code_is_what_it_prints():
    blocks = BLOCK.findall(FROM_STORED_NUMBERS)
    assert len([text for _, text in blocks if text]) >= 5
    names: dict = {}
    for code, text in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert printed.getvalue() == text, code
    pyplot.close("all")


@pytest.mark.parametrize("code", [code for code, _ in BLOCK.findall(NEEDS_A_TRAINING)])
def test_what_needs_a_training_is_python(code):
    compile(code, "records.md", "exec")
