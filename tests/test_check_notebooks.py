"""The rule for committed notebooks catches each way to break it, and pre-commit calls it."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

import check_notebooks

ROOT = Path(__file__).resolve().parents[1]


def cell(count, text="1\n", source="print(1)", tags=()):
    outputs = [new_output("stream", name="stdout", text=text)] if text else []
    return new_code_cell(source, execution_count=count, outputs=outputs, metadata={"tags": list(tags)})


def failed(count):
    one = cell(count, source="1 / 0")
    one.outputs = [new_output("error", ename="ZeroDivisionError", evalue="division by zero", traceback=[])]
    return one


def picture(count, base64):
    one = cell(count, text="")
    one.outputs = [new_output("display_data", data={"image/png": base64, "text/plain": "<Figure>"})]
    return one


@pytest.fixture
def write(tmp_path):
    def write(*cells, **metadata):
        path = tmp_path / "lesson.ipynb"
        nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)
        return path

    return write


@pytest.mark.parametrize(
    "cells",
    [
        [cell(1), cell(2, text="")],
        [cell(1, "GPU: cuda:0\n", tags=["status"])],
        [cell(1, "see /homepage and lessons/tmp\n")],
        [picture(1, "A" * 100 + "/tmp/" + "A" * 200)],
        [],
    ],
    ids=["executed", "status names its device", "no machine's folder", "letters of a picture", "no code"],
)
def test_what_keeps_the_rule(write, cells):
    assert check_notebooks.faults(write(*cells)) == []


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ([cell(1), cell(3)], r"counts are \[1, 3\], not 1 to 2"),
        ([cell(2), cell(1)], r"counts are \[2, 1\]"),
        ([cell(None)], r"counts are \[None\]"),
        ([cell(1, text=""), cell(2, text="")], "outputs were cleared"),
        ([failed(1)], r"cell \[1\] ended in an error: '1 / 0'"),
        ([cell(1), cell(2, source="plt.show();")], r"cell \[2\] ends in a semicolon"),
        ([cell(1, "saved to /home/ada/x.png\n")], r"cell \[1\] prints a folder of your machine \(/home/"),
        ([cell(1, "saved to /Users/ada/x.png\n")], "prints a folder"),
        ([cell(1, "saved to C:\\Users\\ada\\x.png\n")], "prints a folder"),
        ([cell(1, "saved to /content/drive/x.png\n")], "prints a folder"),
        ([cell(1, "in /tmp/x\n", tags=["status"])], "prints a folder"),
        ([cell(1, "UserWarning: old name\n")], "prints 'Warning'"),
        ([cell(1, "x" * 1_200_000)], r"more than 1200000: draw fewer"),
    ],
    ids=(
        "gap", "order", "never run", "cleared", "error", "semicolon",
        "Linux", "Mac", "Windows", "Colab", "status", "warning", "size",
    ),
)  # fmt: skip
def test_what_breaks_it_is_said_in_one_sentence(write, cells, fault):
    with pytest.raises(AssertionError, match=fault):
        assert check_notebooks.faults(write(*cells)) == []
    assert len(check_notebooks.faults(write(*cells))) == 1


def test_state_of_widgets_is_refused(write):
    (fault,) = check_notebooks.faults(write(cell(1), widgets={"state": {}}))
    assert "state of widgets" in fault


def test_the_command_names_the_file_and_fails(write, tmp_path):
    good, broken = ROOT / "lessons" / "03_dice_loss.ipynb", tmp_path / "broken.ipynb"
    broken.write_text("{}")
    command = [sys.executable, ROOT / "tools" / "check_notebooks.py", good, write(cell(7)), broken]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == ""
    first, second = done.stdout.splitlines()
    assert "lesson.ipynb: its execution counts are [7]" in first and "cannot be read as a notebook" in second
