# Everything a developer or a CI runner does, from a bare Debian or Ubuntu on.
# Each target makes what it needs first, and does nothing where that is already there.

PYTHON ?= python3
export PYTHON
BIN := .venv/bin
# How many tests run at a time: most of them wait for containers. `make test ABREAST=1` is one by one.
ABREAST ?= 3
UV := uv>=0.8,<1

.DEFAULT_GOAL := help
.PHONY: help demo test test-full test-engines check docs fuzz prove chaos soak bench lock clean .venv engine image mpi-image tools

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: .venv engine image  ## run examples/hello on the local Docker Engine
	$(BIN)/reconciler apply examples/hello --wait

test: check engine image tools  ## check, then every test but the slow ones
	$(BIN)/pytest -n $(ABREAST) --dist worksteal -m 'not slow'

test-full: check engine image tools  ## check, then every test
	$(BIN)/pytest

# Each is run in a network of its own, with the programs that lie there.
test-engines: .venv engine image tools  ## what an engine matters to, on this machine's kind and on Engine 26.1
	@.dev/newer_engine
	$(BIN)/python -m tests.contract /
	$(BIN)/python -m tests.contract build/newer-engine

check: .venv  ## lint, format, types and who may import whom; needs no engine
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: .venv  ## write the pages of docs/ that are made from schemas/ and specs/
	$(BIN)/python .dev/manifests_page.py
	$(BIN)/python .dev/problems_page.py

# `make fuzz SEED=7 BATCH=3` repeats what it says of a failure.
fuzz: .venv  ## try 200,000 mutated manifests (CASES=N for another number) on all processors
	$(BIN)/python -m tests.fuzz $(if $(CASES),--cases $(CASES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(BATCH),--batch $(BATCH))

# `make prove SEED=7 BATCH=3` repeats it as well.
prove: .venv  ## hold every law against 100,000 steps of fate, on an engine in memory (STEPS=N for another number)
	$(BIN)/python -m tests.laws $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(BATCH),--batch $(BATCH))

# `make chaos SEED=7 KILLS=40` repeats a siege's choices, not its moments. Of four engines each is
# killed and cut off now and then as well.
chaos: .venv engine image tools  ## kill the reconciler 500 times under real work (KILLS=N for another number, NODES=4 for four engines)
	$(BIN)/python -m tests.chaos $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(NODES),--nodes $(NODES))

soak: .venv engine image  ## keep a `run` busy: 10,000 polls, 1,000 commits (POLLS=N COMMITS=N)
	$(BIN)/python -m tests.soak $(if $(POLLS),--polls $(POLLS)) $(if $(COMMITS),--commits $(COMMITS))

bench: .venv engine image  ## measure
	$(BIN)/python -m tests.benchmarks

# Versions move only on purpose: `make lock UPGRADE=--upgrade`, or `UPGRADE='-P click'` for one.
# The locks hold versions and hashes for every platform, and no address: pip's own settings say
# where to download from.
COMPILE = build/lock/bin/uv pip compile --quiet --universal --generate-hashes \
	--custom-compile-command 'make lock' $(UPGRADE) --all-extras pyproject.toml

lock:  ## pin the dependencies of pyproject.toml in the two lock files
	@$(PYTHON) -m venv build/lock
	@build/lock/bin/pip install --quiet '$(UV)'
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean:  ## remove what these targets made here; containers and images stay
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# --- what the targets above need -------------------------------------------------------------------

.venv: .venv/.complete

# The stamp comes last, so that an interrupted install is done again from the start.
.venv/.complete: pyproject.toml requirements-dev.lock .dev/venv
	@.dev/venv
	@touch $@

engine:
	@.dev/engine

image: engine
	@.dev/image

# Some 40 s, once. The tests that need it ask for it themselves.
mpi-image: engine
	@.dev/mpi_image

tools:
	@.dev/tools
