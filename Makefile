# Every target works in a fresh clone: it makes its own .venv when there is none.

PYTHON ?= python3
WORKERS ?= auto
BIN := .venv/bin
# The matrices here are small: LAPACK's threads gain little, and lose much where workers share cores.
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo docs notebooks validate reproduce test test-slow check lint as-users bench history clean

help:  ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.run  ## charge, optimise, compare with the paper, draw: the two-minute tour
	@$(BIN)/qbjax demo

docs: .venv/.docs  ## build the documentation into site/; a warning is an error
	@PYTHONPATH=docs/extensions $(BIN)/zensical build --clean --strict --config-file .zensical.toml
	@echo "Open site/index.html, or: $(BIN)/python -m http.server --directory site"

notebooks: .venv/.notebooks  ## execute the notebooks anew, and make their pages
	@$(BIN)/python docs/tools/notebooks.py

reproduce: .venv/.run  ## draw all figures of the five papers anew (QUICK=1: a quick look), compute all claims
	@$(BIN)/qbjax reproduce $(if $(QUICK),--quick)
	@$(BIN)/qbjax validate $(if $(QUICK),,--all)

validate: .venv/.run  ## compute the papers' claims anew: what takes seconds
	@$(BIN)/qbjax validate

check: lint  ## format, lint, types and floors
	@$(BIN)/pytest -q -n 0 tests/test_floors.py

lint: .venv/.test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

# A file stays with one worker, which compiles its programs once; conftest.py has them compiled
# quickly. As users do are those of every battery's example, of the DOPO's reference numbers, where
# two programs have to agree to the last digits, and where a search runs longer than it compiles.
SPREAD := -q -n $(WORKERS) --dist loadfile
AS_USERS := tests/test_every_battery.py tests/batteries/dopo/test_dopo_reference.py \
            tests/test_debug_switches.py tests/batteries/collisional/test_critical.py

# mypy leaves all cores but one to others: the first tests run meanwhile.
test: .venv/.test  ## check, every test that takes seconds, and the doctests
	@$(MAKE) --no-print-directory -j 2 lint as-users
	@$(BIN)/pytest $(SPREAD) -m "not slow" --doctest-modules tests qbjax $(AS_USERS:%=--ignore=%)

as-users: .venv/.test
	@XLA_FLAGS= $(BIN)/pytest $(SPREAD) -m "not slow" $(AS_USERS)

test-slow: check  ## check, then every test
	@XLA_FLAGS= $(BIN)/pytest $(SPREAD) --doctest-modules tests qbjax

bench: .venv/.bench  ## run every benchmark, one after the other
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script; done

# Counts are the same everywhere; how much ratios differ between equal runs is in benchmarks/README.md.
history: .venv/.bench  ## a few quick benchmarks beside those stored: is it slower? SAVE=NAME stores them
	@cd benchmarks/history && for kind in counts.py=1% ratios.py=60%; do \
	  ../../$(BIN)/pytest -c pytest.ini $${kind%=*} --benchmark-compare-fail=median:$${kind#*=} \
	    $(if $(SAVE),--benchmark-save=$(SAVE)) || exit; done

clean:  ## remove the virtual environment and what tools left behind
	@rm -rf .venv build dist site .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp per set of dependencies, older than pyproject.toml when they may have changed. Half of
# the time would be pip's compiling ten thousand files on one core; some are templates, no Python.
.venv/.run: EXTRA :=
.venv/.test: EXTRA := [test]
.venv/.bench: EXTRA := [bench]
.venv/.docs: EXTRA := [docs]
.venv/.notebooks: EXTRA := [notebooks]

.venv/.run .venv/.test .venv/.bench .venv/.docs .venv/.notebooks: pyproject.toml | $(BIN)/python
	@echo "Installing qbjax$(EXTRA) and what it needs into .venv (a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
	  --editable ".$(EXTRA)"
	@$(BIN)/python -m compileall -q -j 0 .venv/lib > /dev/null 2>&1 || true
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "qbjax needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making a virtual environment in .venv ..."
	@$(PYTHON) -m venv .venv
