# Everything starts here: `make` alone prints what there is. The first target that needs Python makes .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?=
BIN := .venv/bin
UV := VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv
READY := .venv/.ready
DISTRIBUTIONS := libs/contracts libs/runtime libs/dlms services/ws-adapter services/domain services/protocol-dlms \
    services/notification simulator demo engines/gurux
CODE := $(wildcard libs engines services simulator demo tests bench examples)

# Machines behind a mirror or an inspecting proxy are set up for pip and by their own certificate store; uv asks neither.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
export UV_SYSTEM_CERTS ?= true
export DEMO_METERS DEMO_EXIT
# Bytecode is written whatever the shell says: without it each process that tests start compiles everything it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | while IFS=$$'\t' read -r name text; do \
	    printf '  %-14s %s\n' "$$name" "$$text"; done

# ---------------------------------------------------------------- run it

.PHONY: demo up down
demo: $(READY)  ## everything on this machine, 1,000 meters; DEMO_METERS=N sets the fleet, DEMO_EXIT=1 ends after the summary
	@$(BIN)/python -m meterstream.demo

up: $(READY)  ## the stack alone, in the background
	@$(BIN)/python -m meterstream.demo up

down: $(READY)  ## stop what `make up` started
	@$(BIN)/python -m meterstream.demo down

# ---------------------------------------------------------------- check it

.PHONY: check static test
PARALLEL := $(MAKE) --no-print-directory --keep-going --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
check: $(READY)  ## format, lint, types, layers, schemas, unit tests
	@$(PARALLEL) unit types format-check lint layers schemas

static: $(READY)  ## the same without the tests
	@$(PARALLEL) types format-check lint layers schemas

TEST_WORKERS ?= 3
test: $(READY)  ## every test, those on a real Kafka and PostgreSQL too, in TEST_WORKERS processes that often wait
	@$(BIN)/pytest -q --numprocesses=$(TEST_WORKERS) --dist=loadfile

.PHONY: format format-check lint types layers schemas schemas-write unit fuzz bench
format: $(READY)  ## rewrite the code in its one format
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix-only --select I $(CODE)

format-check: $(READY)  ## whether `make format` would change anything
	@$(BIN)/ruff format --check --quiet $(CODE) || { echo 'run: make format' >&2; exit 1; }

lint: $(READY)  ## ruff's rules
	@$(BIN)/ruff check --quiet $(CODE)

types: $(READY)  ## mypy --strict on all sources
	@$(BIN)/mypy

layers: $(READY)  ## who may import whom
	@$(BIN)/lint-imports --no-logo

schemas: $(READY)  ## whether schemas/ is what contracts and SOAP facts render, and Avro compatible with all before
	@$(BIN)/python -m meterstream.contracts.render --check
	@$(BIN)/python -m meterstream.ws_adapter.schemas check

schemas-write: $(READY)  ## render changed contracts: new schema versions, schemas/asyncapi.json, docs/operations.md, and the SOAP documents
	@$(BIN)/python -m meterstream.contracts.render
	@$(BIN)/python -m meterstream.ws_adapter.schemas render

unit: $(READY)  ## tests that need nothing but this process
	@$(BIN)/pytest -q -m 'not servers' --numprocesses=auto --dist=loadfile

FUZZ_FRAMES ?= 1000000
FUZZ_SECONDS ?= 600
fuzz: $(READY)  ## generated and hostile input, at length; FUZZ_FRAMES and FUZZ_SECONDS bound each of the two searches
	@cd libs/dlms/fuzz && ../../../$(BIN)/python -m hostile --frames $(FUZZ_FRAMES) --seconds $(FUZZ_SECONDS)
	@cd libs/dlms/fuzz && ../../../$(BIN)/python -m hostile.coverage -max_total_time=$(FUZZ_SECONDS)
	@$(BIN)/pytest -q -m 'hypothesis and not servers' --hypothesis-profile=fuzz

bench: $(READY)  ## measure; prints a table and writes build/bench.json
	@mkdir -p build
	@$(BIN)/python -m bench

# ---------------------------------------------------------------- tools

.PHONY: venv lock clean distclean
venv: $(READY)  ## .venv with pinned and hashed requirements and all distributions

$(READY): requirements/bootstrap.txt requirements/requirements.txt $(DISTRIBUTIONS:%=%/pyproject.toml)
	@python='$(PYTHON)'; python=$${python:-$$(tools/pick-python)}; \
	[ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'Python 3.11 or newer is needed: install it, or name it with make PYTHON=...' >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo 'Python lacks its venv module: install it (Debian: python3-venv)' >&2; exit 1; }; \
	[ -x $(BIN)/python ] || "$$python" -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(UV) pip install --quiet --require-hashes -r requirements/requirements.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation $(DISTRIBUTIONS:%=-e %)
	@touch $@

LOCK := pip compile --quiet --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11
lock: $(READY)  ## pin and hash requirements/*.in again
	@$(UV) $(LOCK) requirements/bootstrap.in -o requirements/bootstrap.txt
	@$(UV) $(LOCK) requirements/requirements.in -o requirements/requirements.txt

clean:  ## remove what runs and tools left behind
	@rm -rf build dist .local/demo .local/tests .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean  ## also .venv and Kafka's jars
	@rm -rf .venv .local/kafka-*
