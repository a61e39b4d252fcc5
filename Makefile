.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
PYTEST_ARGS ?= -n auto --dist loadfile
# Tests start hundreds of processes: without byte code on disk, each compiles its packages again.
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1 \t\2/p' Makefile

setup: ## .venv with everything that development needs
	@scripts/setup dev

run: ## the whole system on http://127.0.0.1:3000 (HOST=, PORT=)
	@scripts/setup run
	@exec $(BIN)/python -m local_stack

lint: setup ## ruff, deptry, import-linter and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/deptry --no-ansi layers/common functions/start functions/stream functions/history functions/cleanup
	@$(BIN)/deptry --no-ansi --ignore DEP002,DEP004 local scripts tests bench
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy layers/common functions/start functions/stream functions/history functions/cleanup local scripts tests bench

check: lint ## lint, types, unit and contract tests: for every save, in a minute or two
	@$(BIN)/pytest $(PYTEST_ARGS) tests/unit tests/contract

test: lint ## lint, types and all tests
	@$(BIN)/pytest $(PYTEST_ARGS)

perf: setup ## the tests that measure time, one after the other
	@$(BIN)/pytest -n 0 -m perf

simulate: setup ## the service under faults, on virtual time: make simulate SEEDS=10000, or SEED=n for one history
	@PYTHONPATH=tests $(BIN)/python -m simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1000))

mutations: setup ## faults put into the code, which the simulation must find
	@PYTHONPATH=tests $(BIN)/python -m simulation.mutations

bench: setup ## the figures, side by side with other ways to stream from Lambda
	@PYTHONPATH=tests $(BIN)/python -m bench

validate: setup ## the template, as the SAM CLI and cfn-lint see it
	@scripts/sam validate --lint

check-template: setup ## the checks of the template, and the mistakes that they must notice
	@$(BIN)/pytest -n 0 --quiet tests/template --ignore tests/template/built/test_artefacts.py

build: setup ## what is deployed, in .aws-sam/build (ARCHITECTURE=x86_64 for another processor than arm64)
	@scripts/sam build $(if $(ARCHITECTURE),--parameter-overrides Architecture=$(ARCHITECTURE))

smoke: setup ## try a deployment: make smoke URLS="START_URL STREAM_URL HISTORY_URL" (CHAT_TOKEN=), or one local address
	@$(BIN)/python scripts/smoke.py $(URLS)

costs: setup ## the tables of docs/cost.md, from scripts/costing/prices.toml and scripts/costing/usage.toml
	@$(BIN)/python scripts/costs.py --write

events: setup ## the events for `sam local invoke` in events/, from the contract
	@$(BIN)/python scripts/make_events.py

lock: setup ## compile the locks in requirements/ again
	@UV=.uv/bin/uv scripts/lock

.PHONY: help setup run lint check test perf simulate mutations bench validate check-template build smoke costs events lock
