# Every target makes its own virtual environment where there is none. PYTHON names the interpreter to make it with.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt
# make demo DEMO=small: a few steps and items, to see that everything works
DEMO ?= full
OUT ?= runs/demo$(if $(filter small,$(DEMO)),-small)
# the small real model, where `make demo` has fetched it; tests that need it skip themselves elsewhere
export FINBENCH_TEST_MODEL ?= $(firstword $(wildcard $(CURDIR)/.finbench/models/smollm2-*))

.PHONY: help setup demo demo-full test unit slow gpu-check check bench dist wheel-check clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "%-12s %s\n", $$1, $$2}' Makefile

$(VENV)/bin/python:
	@echo "== making a virtual environment in $(VENV)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "finbench: $(PYTHON) is older than 3.11; pass PYTHON=python3.11 or newer" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "finbench: $(PYTHON) -m venv failed; install it (Debian: python3-venv)" >&2; exit 2; }

# torch comes first and alone, so that pip takes the pinned version. On Linux PyPI's build of it brings CUDA (gigabytes);
# the CPU build comes with TORCH_INDEX=https://download.pytorch.org/whl/cpu
$(VENV)/.torch: constraints.txt | $(VENV)/bin/python
	@echo "== installing torch" >&2
	@$(PIP) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) "$$(grep -E '^torch==' constraints.txt)"
	@touch $@

$(VENV)/.run: pyproject.toml constraints.txt $(VENV)/.torch
	@echo "== installing finbench with its trainers and leaderboard (about a minute)" >&2
	@$(PIP) -e '.[train,leaderboard]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "== installing what the tests need" >&2
	@$(PIP) -e '.[train,leaderboard,dev]'
	@touch $@

setup: $(VENV)/.dev  ## everything a developer needs, in .venv

demo: $(VENV)/.run  ## the whole loop on a real small model: score, train, score again, judge, publish
	@DEMO=$(DEMO) OUT=$(OUT) BIN=$(BIN) sh recipes/demo.sh

demo-full: $(VENV)/.run  ## the paper's order on the small model: joint CPT and SFT, preference distillation, DPO
	@FINBENCH_CACHE="$${FINBENCH_CACHE:-$(CURDIR)/.finbench}" $(BIN)/finbench train quickstart_full --out runs/quickstart_full

test: $(VENV)/.dev  ## all tests but the slow ones, and the checks
	@$(MAKE) --no-print-directory check
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -q -m 'not slow and not gpu' $(ARGS)

unit: $(VENV)/.dev  ## the fast part of the tests: no server, no model, no browser
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -q -m 'not slow' \
	  tests/stats tests/scoring tests/generated tests/data tests/cards --ignore tests/data/test_hub_loading.py $(ARGS)

slow: $(VENV)/.dev  ## the tests that take minutes
	@RUN_SLOW_TESTS=1 $(BIN)/python -m pytest -q -m 'slow and not gpu' $(ARGS)

gpu-check: $(if $(GPU_PYTHON),,$(VENV)/.dev)  ## the tests that need an accelerator; GPU_PYTHON names a Python that has everything
	@RUN_GPU_TESTS=1 $(or $(GPU_PYTHON),$(BIN)/python) -m pytest -q -m gpu tests/trainers $(ARGS)

check: $(VENV)/.dev  ## what is checked without running a test: style, types, imports, Inspect's conventions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/inspect-evals-lint finbench

bench: $(VENV)/.dev  ## ratios against named alternatives, in one run each
	@$(BIN)/python benchmarks/run.py

dist: $(VENV)/.dev  ## wheel and sdist, checked
	@rm -rf dist
	@$(BIN)/python -m build --outdir dist .
	@$(BIN)/twine check --strict dist/*

wheel-check: dist  ## the wheel alone, without extras, in an empty environment
	@rm -rf .venv-wheel && $(PYTHON) -m venv .venv-wheel
	@.venv-wheel/bin/python -m pip install --disable-pip-version-check -q -c constraints.txt dist/*.whl
	@.venv-wheel/bin/python tests/support/wheel_check.py
	@rm -rf .venv-wheel

clean:  ## remove environments, caches and builds; runs/ and the fetched model stay
	rm -rf .venv .venv-* build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
