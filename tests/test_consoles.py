"""The command line in consoles of every kind: the answers are whole, and the exit status says how it went."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from braintut.dataset.locations import phantom_folder

TESTS = Path(__file__).parent
# The network is left out: a report that stands ready answers for each scan, so that a console costs a second, not ten.
PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
from braintut import cli
from braintut.errors import DataError
from reports import make_report

def answer(path):
    if "broken" in path.name:
        raise DataError(f"{{path}} is broken.")
    return make_report(scan=str(path))

cli._load_pipeline = lambda model: answer
cli.main()
"""
NAMES = [b"1.png", "头_é_😀.png".encode(), b"two\nlines\x1b[31m.png", b"no text \xff\xfe.png", b"x" * 251 + b".png"]


def shell(command: str, folder: Path, **settings: str) -> subprocess.CompletedProcess:
    """Run a command of a shell in a folder; `$BRAINTUT` stands for the program above."""
    program = folder / "program.py"
    program.write_text(PROGRAM.format(tests=str(TESTS)), encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    path = os.pathsep.join(filter(None, [str(TESTS.parent), os.environ.get("PYTHONPATH")]))
    env |= {"PYTHONPATH": path, "BRAINTUT": f"{sys.executable} {program}"} | settings
    return subprocess.run(["/bin/sh", "-c", command], cwd=folder, env=env, capture_output=True, timeout=300)


@pytest.fixture
def scans(tmp_path):
    """Scans whose names are hard to say; the folder is skipped where the system takes no such names."""
    (tmp_path / "scans").mkdir()
    try:
        for name in NAMES:
            (tmp_path / "scans" / os.fsdecode(name)).touch()
    except (OSError, ValueError):
        pytest.skip("this file system takes text only")
    return tmp_path


PREDICT = "$BRAINTUT predict scans --json o.json --report pages"
CONSOLES = {
    "GBK": (PREDICT, {"PYTHONIOENCODING": "gbk"}),
    "cp932": (PREDICT, {"PYTHONIOENCODING": "cp932"}),
    "Latin-1": (PREDICT, {"PYTHONIOENCODING": "latin-1"}),
    "ASCII": (PREDICT, {"PYTHONIOENCODING": "ascii"}),
    "the C locale, no UTF-8 mode": (PREDICT, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "no stderr": (f"{PREDICT} 2>&-", {}),
    "no stdout": (f"{PREDICT} >&-", {}),
    "none at all": (f"{PREDICT} <&- >&- 2>&-", {}),
    "a reader that goes": (f"({PREDICT}; echo $? >status) 2>&1 | head -c 1 >/dev/null; exit $(cat status)", {}),
    "no assertions, no docstrings, warnings as errors": (PREDICT, {"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error"}),
}


@pytest.mark.skipif(os.name != "posix", reason="needs a shell and file names of any bytes")
@pytest.mark.parametrize(("command", "settings"), CONSOLES.values(), ids=CONSOLES)
def test_answers_and_pages_are_whole_in_every_console(scans, command, settings):
    done = shell(command, scans, **settings)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr and b"\x1b[31m" not in done.stdout + done.stderr
    answers = json.loads((scans / "o.json").read_text(encoding="ascii"))
    assert sorted(os.fsencode(answer["scan"]) for answer in answers) == sorted(b"scans/" + name for name in NAMES)
    pages = list((scans / "pages").iterdir())
    assert len(pages) == len(NAMES)
    for page in pages:
        text = page.read_bytes().decode("utf-8")
        assert text.endswith("</html>\n") and "\r" not in text and "\x1b" not in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_the_console_is_told_and_costs_no_answer(scans):
    done = shell(f"{PREDICT} >/dev/full", scans)
    assert done.returncode == 1 and b"No space left on device" in done.stderr and b"Traceback" not in done.stderr
    assert len(json.loads((scans / "o.json").read_text())) > 0


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize("settings", [{"PYTHONIOENCODING": "gbk"}, {"NO_COLOR": "1", "TERM": "dumb"}])
def test_help_and_versions_fit_every_console(tmp_path, settings):
    done = shell("$BRAINTUT --version && $BRAINTUT predict --help", tmp_path, **settings)
    assert done.returncode == 0 and done.stdout.startswith(b"braintut 0.") and b"--report" in done.stdout
    assert b"keras" in done.stdout.splitlines()[0] and done.stderr == b""


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_the_whole_program_needs_no_console_no_home_and_no_path(tmp_path):
    """Once with the network: what TensorFlow says past Python must not land in a file, either."""
    scan = phantom_folder() / "figshare_layout" / "1.mat"
    module = f"{sys.executable} -m braintut"
    command = f"{module} predict {scan} {tmp_path}/none.png --model phantom --json o.json 2>&- >&-"
    settings = {"HOME": "/proc", "MPLBACKEND": "no such backend", "MPLCONFIGDIR": "/proc/none", "KERAS_HOME": "/proc/k"}
    done = shell(command, tmp_path, **settings)
    first, second = json.loads((tmp_path / "o.json").read_text())
    assert done.returncode == 1 and first["tumour_type"] == "glioma" and "none.png" in second["error"]
