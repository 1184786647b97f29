# make lab      set up .venv and open the first lesson
# make demo     train on phantoms and write picture reports to build/demo (about a minute)
# make test     run all tests, then every lesson against its committed outputs
# make test-colab  the lessons and tests in Colab's oldest and newest runtime, rebuilt (a quarter of an hour);
#               test-colab-oldest and test-colab-newest do one of them
# make test-solutions  every lesson whole on phantoms, with the solutions in place: each check says Right
# make test-real  the same on real heads (set BRAINTUT_REAL to a folder of .mat files)
# make test-browser  the widgets and lessons in JupyterLab, moved in Chromium (some minutes)
# make test-site  build the site and look at its pages in Chromium, as on a desktop and on a phone
# make test-all  all six of these
# make site     build the site to read into build/site/html
# make lessons  run the lessons and write them as web pages to build/lessons
# make slides   slides of the lessons' own cells, for a class, in build/slides
# make outputs  run the lessons anew and keep in them what they print
# make addresses  write the repository's address (pyproject.toml) into badges and Colab's install line
# make release-check  say what is missing before a version can be tagged
# make clean    remove what the above made, downloads excepted
# PYTHON=...    the Python to build .venv with; found by itself otherwise

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
SITE_READY := $(VENV)/site-ready
LESSONS = $(sort $(wildcard lessons/*.ipynb))
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# JupyterLab refuses to serve root, the usual user in a container, unless told so.
LAB_FLAGS ?= $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help setup lab demo test test-colab test-colab-oldest test-colab-newest test-solutions test-real test-all test-browser site test-site lessons slides outputs addresses release-check clean

help:
	@sed -n '/^$$/q; s/^# //p' Makefile

setup: $(READY)

# Made again only when the locked versions or the package's own list change.
$(READY): requirements.lock pyproject.toml
	@python=""; \
	for candidate in $(or $(PYTHON),python3 python3.12 python3.13 python3.11 python); do \
	    if "$$candidate" -c '$(FITS)' 2>/dev/null; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "braintut needs Python 3.11, 3.12 or 3.13 with its venv module: install one of them" \
	        "(on Debian or Ubuntu also python3-venv), or name it: make lab PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$("$$python" --version): a few minutes the first time."; \
	"$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

# Not `jupyter lab`: that runs the first jupyter-lab on the PATH, which may be another environment's.
# Its root is the clone, so that data and README are in the file browser. An upload is one message, which the server
# would not take over 10 MB.
lab: $(READY)
	$(BIN)/python -m jupyterlab $(LAB_FLAGS) --ServerApp.root_dir="$(CURDIR)" \
	    --ServerApp.tornado_settings='{"websocket_max_message_size": 134217728}' lessons/00_start_here.ipynb

demo: $(READY)
	$(BIN)/braintut demo

test: $(READY)
	$(BIN)/python -m pytest
	$(if $(LESSONS),$(BIN)/python -m pytest --nbval lessons,@echo "No lessons yet.")

# What Colab brings stands in tests/colab/*.txt.
test-colab: $(READY)
	$(BIN)/python tests/colab/environments.py

test-colab-oldest test-colab-newest: test-colab-%: $(READY)
	$(BIN)/python tests/colab/environments.py $*

test-real: $(READY)
	$(BIN)/python -m pytest -m real_lessons tests/teaching/test_solutions.py

test-solutions: $(READY)
	$(BIN)/python -m pytest -m solutions tests/teaching/test_solutions.py

test-all: test test-solutions test-colab test-browser test-site test-real

# -s shows the time from key to picture.
test-browser: $(READY)
	$(BIN)/python -m pytest -s tests/browser

# What the site needs besides comes when it is asked for, so that `setup` stays short.
$(SITE_READY): $(READY) docs/requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps -r docs/requirements.lock
	@touch $(SITE_READY)

site: $(SITE_READY)
	$(QUIET) $(BIN)/python tools/make_site.py

test-site: $(SITE_READY)
	$(QUIET) $(BIN)/python -m pytest tests/site

# The settings are those of conftest.py, so that pages and tests show the same numbers.
# Settings of your own IPython, Jupyter and matplotlib would change them.
QUIET := env -u MPLBACKEND BRAINTUT_DATA=phantoms TF_CPP_MIN_LOG_LEVEL=3 TF_ENABLE_ONEDNN_OPTS=0 MATPLOTLIBRC=/dev/null \
    IPYTHONDIR="$(CURDIR)/build/ipython" JUPYTER_CONFIG_DIR="$(CURDIR)/build/jupyter"

lessons: $(READY)
	$(QUIET) $(BIN)/braintut lessons

slides: $(READY)
	$(BIN)/python for_teachers/make_slides.py

outputs: $(READY)
	$(QUIET) $(BIN)/python -m nbconvert --to notebook --execute --inplace \
	    --ExecutePreprocessor.record_timing=False --ExecutePreprocessor.store_widget_state=False $(LESSONS)

addresses: $(READY)
	$(BIN)/python -m braintut.teaching.addresses

release-check: $(READY)
	$(BIN)/python tools/check_release.py

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
	find braintut tests lessons -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf
