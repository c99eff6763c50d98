# Python 3.11, make and git are enough: every target first installs what it needs into .venv, from
# requirements.lock with its hashes. The second time that takes no time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# One process more than cores: what is tested waits now and then, for a browser or for what was killed.
# With two more the same tests take a quarter more CPU, for they share caches, and a fifth more time.
# The files keep the order of tests/conftest.py, the dear ones first.
SCRATCH := env TMPDIR=$$(sh .ci/scratch)
ONE := $(SCRATCH) $(BIN)/python -m pytest
PYTEST := $(ONE) --numprocesses $(shell expr $$(nproc 2>/dev/null || echo 2) + 1) \
    --maxprocesses 6 --dist loadfile --no-loadscope-reorder
ARGS ?=

# Images of Python often say so, for their size: every process would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
WHEEL = rm -rf $(VENV)/wheel && $(BIN)/python -m hatchling build --target wheel --directory $(VENV)/wheel >/dev/null
APART := $(VENV)/apart
PEERS := $(VENV)/peers
.PHONY: help setup serve demo test offline check examples format browser bench bench-quick bench-sdk soak fuzz schema-test lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Install everything into .venv

serve: $(INSTALLED) ## Start the server and print its addresses (ARGS="--data FOLDER …")
	@exec $(BIN)/spanledger serve $(ARGS)

demo: $(INSTALLED) ## Replay recorded sessions into the running server
	@exec $(BIN)/spanledger demo $(ARGS)

# What fails beside others at work on two cores is run once more alone: that it is slow is no defect.
test: $(INSTALLED) browser ## Run every test: engine, exporters, browser (ARGS="-k word …")
	$(PYTEST) $(ARGS) || { test $$? = 1 && $(ONE) --last-failed $(ARGS); }

# A network of its own that has loopback and nothing else: Linux, no rights needed, `ip` of iproute2.
offline: $(INSTALLED) browser ## Run every test with the network cut in the kernel
	unshare --user --map-root-user --net \
	    sh -c 'ip link set lo up && exec "$$@"' offline $(PYTEST) $(ARGS)

check: $(INSTALLED) browser ## Formatting, lint, types, import law, tests with coverage
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(SCRATCH) $(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage report

examples: $(INSTALLED) ## Run the examples whose libraries need an environment of their own
	@test -x $(APART)/bin/python || $(PYTHON) -m venv $(APART)
	@$(WHEEL)
	$(BIN)/uv pip sync --quiet --python $(APART)/bin/python --require-hashes examples/apart.lock
	$(BIN)/uv pip install --quiet --python $(APART)/bin/python --no-deps $(VENV)/wheel/*.whl
	$(BIN)/python -m pytest tests/test_example_apart.py $(ARGS)

format: $(INSTALLED) ## Format and mend what the linter can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(INSTALLED) browser ## Measure everything, a quarter of an hour; writes docs/bench/DAY.md (ARGS="--spans N …")
	@PYTHONPATH=. exec $(BIN)/python bench/all.py $(ARGS)

bench-quick: $(INSTALLED) ## Fail where a stage of the drain costs 30 % more than what is committed, two minutes at most
	@exec $(BIN)/python bench/stages.py --rounds 10 --check $(ARGS)

bench-sdk: $(INSTALLED) ## Measure the SDK beside others, which get an environment of their own, ten minutes
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(WHEEL)
	@$(BIN)/uv pip install --quiet --python $(PEERS)/bin/python --requirements bench/peers.in
	@$(BIN)/uv pip install --quiet --python $(PEERS)/bin/python --no-deps --reinstall $(VENV)/wheel/*.whl
	@PYTHONPATH=. $(BIN)/python bench/sdk.py hostile
	@for part in "sdk.py import" "sdk.py blackhole" "sdk.py memory" sdk.py sdk_web.py; do \
	    PYTHONPATH=. $(PEERS)/bin/python bench/$$part || exit 1; done

soak: $(INSTALLED) ## 50 kills and two minutes without a store under load, about 7 minutes (ARGS="--kills N …")
	@PYTHONPATH=. exec $(BIN)/python bench/soak.py $(ARGS)

fuzz: $(INSTALLED) ## Ten minutes of nonsense through decoding, then faults in any order (ARGS="--seconds N …")
	@PYTHONPATH=. exec $(BIN)/python bench/fuzz.py $(ARGS)

schema-test: $(INSTALLED) ## Ask the query API all that its OpenAPI document allows, minutes long
	SCHEMA_EXAMPLES=300 $(BIN)/python -m pytest tests/test_api_schema.py --timeout 3000 $(ARGS)

lock: $(INSTALLED) ## Resolve requirements.lock anew after pyproject.toml changed
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	    --python-version 3.11 --all-extras --group dev --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	    --python-version 3.11 --output-file examples/apart.lock examples/apart.in

clean: ## Remove .venv and all caches; never any data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage

# uv is itself in the lock: pip checks its hash, uv checks everybody else's.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Installing into $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^[^ #]/ {ours = /^uv==/} ours' requirements.lock > $(VENV)/uv.lock
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

browser:
	@sh .ci/browser
