"""Start a learner's process with as many walls around it as this system offers, and say which stand.

On Linux with user namespaces (`unshare` and `setpriv` of util-linux): no network, no process of others in sight, and no
file outside of the scratch folder can be written. Elsewhere these three are missing; limits of time and memory remain.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

CLONE = Path(__file__).resolve().parents[2]
LEARNER = Path(__file__).with_name("learner.py")
MOST_PROCESSES = 40

# Runs inside the namespaces: everything becomes read-only but the scratch folder, which is bound onto itself first.
# At the end every right is dropped, that to undo this included.
_WALLS = """
mount --bind "$1" "$1" || exit 90
mount -t tmpfs -o size=256m none /dev/shm || exit 90
while read -r _ _ _ _ place _; do
    case "$place" in "$1"|/dev/shm|/proc|/proc/*) ;; *) mount -o remount,bind,ro "$place" 2>/dev/null ;; esac
done < /proc/self/mountinfo
shift
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"
"""
_UNSHARE = ("unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child",
            "--mount-proc", "sh", "-c", _WALLS, "walls")  # fmt: skip
_PROBE = (
    "import pathlib, sys, socket\n"
    "for place in sys.argv[1:]:\n"
    "    try:\n"
    "        (pathlib.Path(place) / '.braintut_probe').touch()\n"
    "    except OSError: continue\n"
    "    sys.exit(3)\n"
    "sys.exit(0 if {name for _, name in socket.if_nameindex()} <= {'lo'} else 4)\n"
)


@functools.cache
def walls() -> bool:
    """Whether a learner's process can be kept from the network and from files outside of its folder: tried, once."""
    if not sys.platform.startswith("linux") or not (shutil.which("unshare") and shutil.which("setpriv")):
        return False
    import tempfile

    outside = [str(place) for place in {CLONE, Path.home(), Path(tempfile.gettempdir())} if os.access(place, os.W_OK)]
    with tempfile.TemporaryDirectory() as scratch:
        command = [*_UNSHARE, scratch, sys.executable, "-I", "-c", _PROBE, *outside]
        try:
            done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
    for place in outside:
        (Path(place) / ".braintut_probe").unlink(missing_ok=True)
    return done.returncode == 0


def start(scratch: Path, memory: int) -> subprocess.Popen:
    """Start a learner's process in a scratch folder.

    Parameters
    ----------
    scratch : Path
        The only folder that it may write to.
    memory : int
        Bytes that it may take.

    Returns
    -------
    Popen
        With `stdin` and `stdout` as its wire, in text.
    """
    command = [sys.executable, str(LEARNER), str(memory)]
    if walls():
        command = [*_UNSHARE, str(scratch), *command]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=scratch,
        env=_environment(scratch), start_new_session=True, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip


def family(process: subprocess.Popen) -> list[psutil.Process]:
    """List a process and all that it started, the eldest first; empty if it has ended."""
    try:
        eldest = psutil.Process(process.pid)
        return [eldest, *eldest.children(recursive=True)]
    except psutil.Error:
        return []


def kill(process: subprocess.Popen) -> None:
    """End a process and all that it started."""
    for each in family(process):
        try:
            each.kill()
        except psutil.Error:
            continue


def watch(process: subprocess.Popen, memory: int) -> threading.Thread:
    """Kill a process as soon as it and its children together take more memory than they may, or are too many."""

    def look() -> None:
        while process.poll() is None:
            members = family(process)
            if len(members) > MOST_PROCESSES or sum(map(_resident, members)) > memory:
                kill(process)
            time.sleep(0.2)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    return thread


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _environment(scratch: Path) -> dict[str, str]:
    """Nothing of the teacher's own settings but where programs are; all places for output lie in the scratch folder."""
    names = ("PATH", "LANG", "BRAINTUT_DATA", "LD_LIBRARY_PATH")
    homes = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "KERAS_HOME")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    fixed = {
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(CLONE),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
    }
    return kept | fixed | dict.fromkeys(homes, str(scratch))
