# `make demo` and `make test` are complete on a fresh machine with Python 3.11 or later and make. `make help` lists the rest.
PYTHON ?= python3.11
DEMO_SECONDS ?=
ONLY ?=
AGAINST ?=
LONG ?=
SHORT ?=
MINUTES ?=
SEED ?=
BIN := .venv/bin
# Bytecode is kept, also where the environment says otherwise: else each of the processes that tests start compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile -c deploy/constraints.txt
COMPILED := import stream.commands, stream.index.process, stream.items.process; \
  from workers.query_gate import QueryGate; from workers.embedder.registry import start_embedder; \
  start_embedder("model", None, threads=1, gate=QueryGate()).close()

.PHONY: help demo check unit test all-tests faults-short faults simulate fuzz oracle bench bench-peers relevance docs images format clean
.DELETE_ON_ERROR:

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## *\(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-13s %s\n", $$1, $$2 }'

demo: .venv/installed  ## a real catalogue, real changes, searches that change; Ctrl-C stops it, DEMO_SECONDS=60 too
	@$(BIN)/freshline demo $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS))

check: .venv/installed-test  ## lint, format, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: .venv/installed-test  ## the unit tests with fewer random examples: under a minute on two quiet cores
	$(BIN)/pytest -n 3 --dist worksteal --hypothesis-profile quick tests/unit  # Some wait: three processes keep two cores busy.

test: .venv/installed-test  ## lint, types, every test; on Apache Kafka too where KAFKA_HOME is set
	@$(MAKE) --no-print-directory -j 2 check all-tests  # the check alone would use one core

all-tests: .venv/installed-test  ## every test, without the check
	$(BIN)/pytest -n 4 --dist worksteal  # Stacks and groups are waited for more than they compute.

faults-short: .venv/installed-test  ## processes killed and frozen while events flow, a choice of four minutes; SEED=7
	$(BIN)/python -m tests.faults --short

faults: .venv/installed-test  ## all faults on both brokers, memory over DURATION seconds too: more than an hour
	$(BIN)/python -m tests.faults

simulate: .venv/installed-test  ## 10,000 seeds of interleavings and crashes without processes; LONG=1, SEED=123
	@LONG=$(LONG) SEED=$(SEED) $(BIN)/python -m tests.simulate

fuzz: .venv/installed-fuzz  ## random bytes along the path of an event and over HTTP, for MINUTES=10; SEED=7 repeats a round
	@MINUTES=$(MINUTES) SEED=$(SEED) $(BIN)/python -m tests.fuzz

oracle: .venv/installed-test  ## all real changes of three years against the state they really led to
	$(BIN)/python tests/oracle/hongkong.py

bench: .venv/installed-test  ## speed and memory: a table, and JSON; ONLY="freshness search" for parts; AGAINST=../other in turns
	@$(BIN)/python -m tests.benchmarks$(if $(AGAINST),.turns --against $(AGAINST)) $(addprefix --only ,$(ONLY))

bench-peers: .venv/installed-test .venv-peers/installed  ## beside plain consumers, Quix, Pathway, PostgreSQL: half an hour; ONLY=plain, SHORT=1
	@mkdir -p .bench-peers
	@$(BIN)/python -m tests.benchmarks.peers --python .venv-peers/bin/python $(if $(SHORT),--short) $(addprefix --only ,$(ONLY)) >.bench-peers/figures.json
	@.venv-peers/bin/python -m tests.benchmarks.peers.chart .bench-peers/chart.svg <.bench-peers/figures.json
	@$(BIN)/python -m tests.benchmarks.peers.report <.bench-peers/figures.json >.bench-peers/table.md

relevance: .venv/installed-test  ## how well search finds, on real judgements: tables with intervals
	@$(BIN)/python -m tests.relevance

docs: .venv/installed-test  ## write docs/reference again from the commands, routes, settings and metrics
	$(BIN)/python -m tests.support.reference

images: .venv/installed-test  ## take the pictures of docs/images again, in Chromium
	IMAGES=1 $(BIN)/pytest tests/browser -k picture

format: .venv/installed-test  ## format the code, and mend what lint can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove the virtual environments
	rm -rf .venv .venv-peers

.venv/bin/python:
	@echo "installing into .venv, a minute or two ..." >&2
	@$(PYTHON) -m venv .venv
	@$(PIP) --upgrade pip  # the one that comes with Python 3.11 takes twice as long for torch

.venv-peers/installed: pyproject.toml .venv/installed-test
	@echo "installing the peers into .venv-peers, some minutes ..." >&2
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip --disable-pip-version-check install --quiet torch==2.13.0 --editable '.[test]'
	@$(BIN)/python -m tests.benchmarks.peers.install .venv-peers/bin/python .venv-peers/errors.json
	@touch $@

.venv/installed: pyproject.toml deploy/constraints.txt | .venv/bin/python
	@$(PIP) --editable .
	@$(BIN)/python -c '$(COMPILED)'  # the processes start in a third of the time
	@touch $@

.venv/installed-fuzz: .venv/installed-test
	@$(PIP) --editable '.[test,fuzz]'
	@touch $@

.venv/installed-test: .venv/installed
	@$(PIP) --editable '.[test]'
	@touch $@
