"""What the package tells its users: on stderr in a console, quietly in a notebook, where stderr looks like an error."""

import sys
from types import SimpleNamespace

import pytest

from braintut.quiet import say


@pytest.fixture
def notebook(monkeypatch):
    """Pretend that a kernel runs this; what it would show is collected."""
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    return shown


def test_a_notebook_shows_a_line_that_is_no_error(notebook, capsys):
    say("200 slices of <b> & co")
    ((kind, line),) = notebook[0].items()
    assert kind == "text/html" and "braintut: 200 slices of &lt;b&gt; &amp; co<" in line
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("shell", [None, SimpleNamespace()], ids=["Python", "IPython in a terminal"])
def test_a_console_gets_a_line_on_stderr(monkeypatch, capsys, shell):
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    say("200 slices")
    assert capsys.readouterr() == ("", "braintut: 200 slices\n")


def test_without_ipython_there_is_no_notebook(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "IPython", None)
    say("200 slices")
    assert capsys.readouterr().err == "braintut: 200 slices\n"
