# make run: install into .venv and compare the five methods; make test: the same, and check everything.
# make test-all: beside these the tests that take half a minute each, and those of the extra mealpy.
# make faults: all faults of tests/faults, and a table of them; make test tries a few of each.
# make test-mealpy: the tests of the extra mealpy, which holds numpy back, in an environment of its own.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install run test test-all test-mealpy faults lint bench

install: $(VENV)/.installed

$(VENV)/.runs: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[align,deep]'
	touch $@

$(VENV)/.installed: $(VENV)/.runs
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group test --group lint
	touch $@

run: $(VENV)/.runs
	$(BIN)/febench run --methods all --preset quick

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest

test-all: test
	$(BIN)/python -m pytest -m slow
	$(MAKE) test-mealpy

test-mealpy:
	test -x $(VENV)-mealpy/bin/pytest || { $(PYTHON) -m venv $(VENV)-mealpy && \
	  $(VENV)-mealpy/bin/python -m pip install --quiet --upgrade 'pip>=25.1' && \
	  $(VENV)-mealpy/bin/python -m pip install --quiet --editable '.[mealpy]' --group test; }
	$(VENV)-mealpy/bin/python -m pytest tests/baselines/search tests/results

faults: install
	FEBENCH_FAULTS=all $(BIN)/python -m pytest tests/faults

bench: install
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group bench
	$(BIN)/python -m pytest tests/benchmarks -o addopts= -s
