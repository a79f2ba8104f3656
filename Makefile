# Two commands are all the set-up: `make run` and `make test`. The first use makes .venv; later ones install nothing
# and need no network. `make help` lists the rest.
SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
WORKERS ?= auto
FLOW ?= sample_workflows/order_processing.yaml

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKS := requirements/runtime.txt requirements/dev.txt
COMPILE := $(BIN)/python -m piptools compile --quiet --strip-extras --generate-hashes --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --no-header

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name what; do \
		printf '  make %-12s %s\n' "$$name" "$$what"; done

# ---------------------------------------------------------------------------------------------------------- set-up

$(READY): $(LOCKS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "highway-tui needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "'$(PYTHON)' has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies into $(VENV)"
	@# pip refuses --require-hashes together with an editable project: two steps.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes $(LOCKS:%=-r %)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: run
run: $(READY) ## open the UI on the order workflow (FLOW=file.yaml for another)
	@$(BIN)/highway-tui $(FLOW)

# ---------------------------------------------------------------------------------------------------------- checks

.PHONY: format-check lint types imports
format-check: $(READY)
	@$(BIN)/ruff format --quiet --check .
lint: $(READY)
	@$(BIN)/ruff check --quiet .
types: $(READY)
	@$(BIN)/mypy --no-error-summary
imports: $(READY)
	@$(BIN)/lint-imports --no-logo > $(VENV)/imports.txt 2>&1 || { cat $(VENV)/imports.txt; exit 1; }

.PHONY: format
format: $(READY) ## put every file in the project's format
	@$(BIN)/ruff check --quiet --fix --exit-zero .
	@$(BIN)/ruff format .

.PHONY: check
check: format-check lint types imports ## the fast loop: format, lint, types, imports, unit tests
	@$(BIN)/python -m pytest --quiet -n $(WORKERS) tests/unit tests/architecture

.PHONY: test
test: format-check lint types imports ## every check CI runs
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not soak" --cov --cov-report=term

.PHONY: soak
soak: $(READY) ## what takes minutes: 300 random kills, every failpoint at every passage, a hundred crowds, 100 MB lines
	@HYPOTHESIS_PROFILE=soak HIGHWAY_SOAK=1 $(BIN)/python -m pytest --timeout=3600 -n $(WORKERS) --dist loadgroup \
		tests/integration/crash tests/integration/database/test_faults.py tests/properties
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest --timeout=3600 -m soak tests

.PHONY: bench
bench: $(READY) ## measure, beside floors taken in the same run
	@$(BIN)/python -m benchmarks

.PHONY: screenshots
screenshots: $(READY) ## draw the pictures of the README again
	@$(BIN)/python scripts/screenshots.py

# ------------------------------------------------------------------------------------------------------ upkeep

.PHONY: lock
lock: $(READY) ## resolve requirements/*.in again (UPGRADE=1 takes the newest releases)
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements/runtime.txt requirements/runtime.in
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements/dev.txt requirements/dev.in

.PHONY: clean
clean: ## remove everything make has made
	@rm -rf $(VENV) build dist htmlcov .coverage .coverage.* snapshot_report.html \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find benchmarks engine highway_tui tests -name __pycache__ -type d -prune -exec rm -rf {} +
