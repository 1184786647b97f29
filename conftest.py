"""Settings of all tests, `pytest` and `pytest --nbval lessons` alike."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import matplotlib
import pytest

# Set before anything imports Keras; the kernels that nbval starts inherit them. Phantoms, so that a
# downloaded real set changes no output; a quiet TensorFlow and no oneDNN, so that numbers repeat.
os.environ["BRAINTUT_DATA"] = "phantoms"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
# Tests draw without a window. A variable would reach the lessons too and take their inline pictures.
os.environ.pop("MPLBACKEND", None)
matplotlib.use("agg")
matplotlib.rcdefaults()
# A tester's own settings of IPython, Jupyter and matplotlib change what a cell prints; lessons run without them.
OWN_SETTINGS = Path(tempfile.mkdtemp(prefix="braintut_settings_"))
atexit.register(shutil.rmtree, OWN_SETTINGS, ignore_errors=True)
(OWN_SETTINGS / "matplotlibrc").touch()
os.environ["MATPLOTLIBRC"] = str(OWN_SETTINGS / "matplotlibrc")
for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR"):
    os.environ[name] = str(OWN_SETTINGS / name.lower())

CELL_SECONDS = 120  # nbval's own default, 2000, would hide a cell that hangs for half an hour
NBVAL_DEFAULT_SECONDS = 2000


def pytest_configure(config):
    """Give nbval the settings of this project where the command line says nothing else."""
    options = config.option
    if getattr(options, "nbval_cell_timeout", None) == NBVAL_DEFAULT_SECONDS:
        options.nbval_cell_timeout = CELL_SECONDS
    if hasattr(options, "nbval_current_env") and not options.nbval_kernel_name:
        options.nbval_current_env = True  # lessons run on this Python, whichever kernel is called python3


def pytest_runtest_teardown(item):
    """Close the figures that an example in a docstring has drawn."""
    if isinstance(item, pytest.DoctestItem):
        from matplotlib import pyplot  # not above: it would choose a backend before `agg` is named

        pyplot.close("all")


def pytest_collectstart(collector):
    """Compare no progress bars (stderr) and no HTML, whose ids differ from run to run."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr", "text/html")
