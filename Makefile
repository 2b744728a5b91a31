# make run [FACES=PATH]   executes the notebooks on the demo people or an archive, into build/
# make test               lint, unit tests, and every notebook end to end on a small subset
# make bench [FACES=PATH] [MORE=PATHS]  every figure of the course, from nothing; goes on where it
#                         was stopped. MORE: what the best recipe may learn from besides
# make bench-quick        a short form of it, on the demo people or FACES=PATH
# make lab                JupyterLab on the notebooks
# make clean              removes what was made, but neither .venv nor data
#
# RECORD=1 with run keeps its figures in bench/results.json, where bench writes its own.
# Each makes the virtual environment first. PYTHON=... names the Python to make it with.

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
.PHONY: run test lint unit notebooks notebooks-real bench bench-quick lab clean

# $(call timed,what it is,command): runs it and prints how long it took.
timed = @began=$$(date +%s); $(2) && echo "== $(1): $$(($$(date +%s) - began)) s"

# $(call nbval,archive): every notebook, start to end, on a subset of that archive. "Lax" compares
# outputs only in the cells that ask for it; an exception fails in any cell.
nbval = FACES="$(1)" FACES_LIMIT=$(SUBSET) $(BIN)/python -m pytest -q -p no:cacheprovider \
	--durations=5 --nbval-lax --nbval-current-env --nbval-cell-timeout=$(CELL_TIMEOUT) \
	notebooks/*.ipynb

run: $(READY)
	@$(BIN)/python tools/run_notebooks.py $(if $(RECORD),--record)

test: lint unit notebooks notebooks-real

lint: $(READY)
	$(call timed,lint,$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format --check .)

unit: $(READY)
	$(call timed,unit tests,MPLBACKEND=Agg $(BIN)/python -m pytest -q --durations=5 tests)

notebooks: $(READY)
	$(call timed,notebooks on the demo people,$(call nbval,demo))

notebooks-real: $(READY)
	@if [ -f $(REAL) ]; then $(MAKE) --no-print-directory notebooks-on-archive; \
	else echo "== notebooks on a real archive: not run, $(REAL) is not there"; fi

.PHONY: notebooks-on-archive
notebooks-on-archive: $(READY)
	$(call timed,notebooks on a real archive,$(call nbval,$(abspath $(REAL))))

bench bench-quick: $(READY)
	@$(BIN)/python -m pip install -q -r bench/requirements.txt
	@$(BIN)/python -m bench $(if $(filter bench-quick,$@),--quick)

lab: $(READY)
	@$(if $(wildcard $(FACES)),FACES="$(abspath $(FACES))") $(BIN)/python -m jupyter lab notebooks

clean:
	rm -rf build .pytest_cache .ruff_cache *.egg-info
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Left in place: $(VENV) and data, which take long to get again."

# Made last, so that an environment whose installation broke off is not taken for a whole one.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %d.%d: name another one, for instance make PYTHON=python3.12." % sys.version_info[:2])'
	@echo "Installing into $(VENV), once: several gigabytes on Linux, where torch brings CUDA along."
	$(call timed,virtual environment,$(PYTHON) -m venv $(VENV))
	$(call timed,installation,$(BIN)/python -m pip install -q -r requirements.txt \
		&& $(BIN)/python -m pip install -q --no-deps -e .)
	@touch $(READY)
