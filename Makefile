# `make help` lists the commands. Each makes the virtual environment first; PYTHON=... names the
# Python to make it with.

SHELL := bash
VENV ?= .venv
FACES ?= demo
ifeq ($(OS),Windows_NT)
  PYTHON ?= python
  BIN := $(VENV)/Scripts
else
  PYTHON ?= python3
  BIN := $(VENV)/bin
endif
READY := $(VENV)/ready

# Where this archive lies beside the clone, `make test` also runs the notebooks on it.
REAL ?= ../shared/data/ibug_300W_large_face_landmark_dataset.tar.gz
SUBSET := 96,32
CELL_TIMEOUT := 600

export FACES MORE LONDON
# The notebooks' kernels choose their own backend, so that pictures land in the page.
unexport MPLBACKEND
# Without this, Python 3.11 and newer print a warning of the debugger into the first cell.
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help
help:
	@echo "make run          execute the notebooks on the demo people, into build/"
	@echo "                  FACES=PATH: on an archive or folder; RECORD=1: keep the figures"
	@echo "make lab          JupyterLab on the notebooks; FACES=PATH as above"
	@echo "make test         lint, unit tests, every notebook end to end on a few faces"
	@echo "make lint | unit | notebooks     a part of it"
	@echo "make test-colab   every notebook as Colab runs it: its packages, a bare clone"
	@echo "make test-oldest | test-newest   tests and notebooks with other versions of all packages"
	@echo "make format       lay out code and notebooks as lint wants them"
	@echo "make bench        every figure of the course; goes on where it was stopped"
	@echo "                  FACES=PATH; MORE=PATHS: what the best recipe may learn from besides"
	@echo "make bench-quick  a short form of it, into build/"
	@echo "make clean        remove what was made, but neither $(VENV) nor data"

# $(call timed,what it is,command): runs it and prints how long it took.
timed = @began=$$(date +%s); $(2) && echo "== $(1): $$(($$(date +%s) - began)) s"

# $(call nbval,archive): every notebook, start to end, on a subset of that archive. "Lax" compares
# outputs only in the cells that ask for it; an exception fails in any cell.
nbval = FACES="$(1)" FACES_LIMIT=$(SUBSET) $(BIN)/python -m pytest -q -p no:cacheprovider \
	--durations=5 --nbval-lax --nbval-current-env --nbval-cell-timeout=$(CELL_TIMEOUT) \
	notebooks/*.ipynb

.PHONY: run
run: $(READY)
	@$(BIN)/python tools/run_notebooks.py $(if $(RECORD),--record)

.PHONY: test
test: lint unit notebooks notebooks-real

# What a commit has to pass; .pre-commit-config.yaml runs the same.
.PHONY: lint
lint: $(READY)
	$(call timed,lint,$(BIN)/python -m ruff check . \
		&& $(BIN)/python -m ruff format --check . \
		&& $(BIN)/python -m mypy \
		&& PYTHONPATH=. $(BIN)/lint-imports --no-logo \
		&& $(BIN)/python tools/requirements.py --check)

.PHONY: format
format: $(READY)
	@$(BIN)/python -m ruff check --fix . && $(BIN)/python -m ruff format .

.PHONY: unit
unit: $(READY)
	$(call timed,unit tests,MPLBACKEND=Agg $(BIN)/python -m pytest -q --durations=5 tests)

.PHONY: notebooks
notebooks: $(READY)
	$(call timed,notebooks on the demo people,$(call nbval,demo))

.PHONY: notebooks-real notebooks-on-archive
notebooks-real: $(READY)
	@if [ -f $(REAL) ]; then $(MAKE) --no-print-directory notebooks-on-archive; \
	else echo "== notebooks on a real archive: not run, $(REAL) is not there"; fi

notebooks-on-archive: $(READY)
	$(call timed,notebooks on a real archive,$(call nbval,$(abspath $(REAL))))

# Each in an environment of its own under build/, with the commit that is checked out.
.PHONY: test-colab test-oldest test-newest
test-colab test-oldest test-newest: $(READY)
	$(call timed,$@,$(BIN)/python tools/elsewhere.py $(@:test-%=%))

.PHONY: bench bench-quick
bench bench-quick: $(READY)
	@$(BIN)/python -m pip install -q -r bench/requirements.txt
	@$(BIN)/python -m bench $(if $(filter bench-quick,$@),--quick)

.PHONY: lab
lab: $(READY)
	@$(if $(wildcard $(FACES)),FACES="$(abspath $(FACES))") JUPYTER_CONFIG_PATH=tools/lab \
		$(BIN)/python -m jupyter lab notebooks

.PHONY: clean
clean:
	rm -rf build .pytest_cache .ruff_cache .mypy_cache .import_linter_cache *.egg-info
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Left in place: $(VENV) and data, which take long to get again."

# Made last, so that an environment whose installation broke off is not taken for a whole one.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 4) and "Python 3.11.4 or newer is needed, this is %d.%d.%d: name another one, for instance make PYTHON=python3.12." % sys.version_info[:3])'
	@echo "Installing into $(VENV), once: several gigabytes on Linux, where torch brings CUDA along."
	$(call timed,virtual environment,$(PYTHON) -m venv $(VENV))
	$(call timed,installation,$(BIN)/python -m pip install -q -r requirements.txt \
		&& $(BIN)/python -m pip install -q --no-deps -e .)
	@touch $(READY)
