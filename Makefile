# Two commands: make demo, make test. Both make their own virtual environment first.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
BENCH_STAMP := .venv/.installed-for-bench

# Tests start many processes, and each would compile everything anew where this is set.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-deep lint types imports bench clean

help:
	@echo "make demo       run every step on invented districts and leave demo-workspace/ to look at"
	@echo "make test       run every test"
	@echo "make test-deep  run the long property tests; MINUTES=6 ends them after 6 minutes, 0 sets no limit"
	@echo "make lint       ruff check and ruff format --check"
	@echo "make types      mypy --strict"
	@echo "make imports    check that imports run downwards (import-linter)"
	@echo "make bench      measure a sync against other ways to do it; SIZE=S, M or L, VERSION=1.1 or 1.2"
	@echo "make clean      remove the virtual environment and what tools left behind"

demo: $(STAMP)
	@$(BIN)/rosterkit demo demo-workspace
	@echo
	@echo "The command is $(BIN)/rosterkit; to type it as above:  . $(BIN)/activate"

test: $(STAMP)
	$(BIN)/python -m pytest

MINUTES ?= 0

test-deep: $(STAMP)
	HYPOTHESIS_PROFILE=deep DEEP_MINUTES=$(MINUTES) $(BIN)/python -m pytest -m deep

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

SIZE ?= M
VERSION ?= 1.1

bench: $(BENCH_STAMP)
	$(BIN)/python -m benchmarks --size $(SIZE) --version $(VERSION)

# Installed again only when what is to be installed changed.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "rosterkit needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V 2>&1 || echo not there)." \
	       "Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
	  echo "A virtual environment cannot be made: install your system's venv package, such as python3-venv." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore -e '.[dev]'
	@touch $(STAMP)

# Only for the benchmark: what it compares with.
$(BENCH_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore -e '.[dev,bench]'
	@touch $(BENCH_STAMP)

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
