# lutrace: `make` lists the targets. Each target does its own set-up.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test coverage check serve bench validate docs wheelhouse lock

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export UV_SYSTEM_CERTS := 1
export PYTHONUTF8 := 1

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready ## make .venv with the lutrace command in it
setup-dev: $(VENV)/.ready-dev

$(VENV)/.ready: requirements.lock pyproject.toml scripts/install
	@PYTHON="$(PYTHON)" sh scripts/install requirements.lock
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@PYTHON="$(PYTHON)" sh scripts/install requirements-dev.lock
	@touch $@

demo: setup ## make virtual centres, fill registries, run the five studies, print the path of their page
	$(BIN)/lutrace demo --out demo

test: setup-dev ## set up, start what the tests need, run all tests
	@sh scripts/test-servers
	$(BIN)/python -m pytest -n 2 --dist worksteal

coverage: setup-dev ## which lines and branches of the rules no test of the rules reaches
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov=lutrace.endpoints --cov=lutrace.terms --cov=lutrace.protocol --cov-branch \
		--cov-report=term-missing:skip-covered tests/terms tests/protocol tests/endpoints tests/spec tests/study

check: setup-dev ## ruff, mypy and the import contracts
	$(BIN)/ruff check src tests validation benchmarks scripts
	$(BIN)/ruff format --check src tests validation benchmarks scripts
	$(BIN)/mypy
	$(BIN)/lint-imports

serve: ## the web application (not in this version)
	@echo "error: the web application is not in this version; reports open in any browser (make demo)" >&2; exit 2

bench: setup-dev ## measure against named peers, as ratios
	$(BIN)/python benchmarks/run.py

validate: setup-dev ## slow simulations, live references, wheels for Windows
	$(BIN)/python validation/run.py

docs: setup-dev ## write the reference pages from the declarations
	$(BIN)/python scripts/write_reference.py

wheelhouse: setup ## collect all that an offline install needs into wheelhouse/
	$(BIN)/python scripts/make_wheelhouse.py

lock: setup-dev ## resolve the dependencies anew
	sh scripts/lock
