# Two commands do all the set-up on a machine with Python 3.11 or newer and nothing else:
#   make serve [PORT=8000]   build the graph and serve it
#   make test                check and test everything
# `make help` lists the rest.

PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help serve build test check format docs messages lock browser frontend lighthouse wheel clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "qit4n-kg needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "Making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python could not make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.created requirements.lock pyproject.toml
	@echo "Installing the libraries that requirements.lock pins"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "Installing what the tests need"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@

# The libraries and the browser's bundles are fetched side by side: neither waits for the other.
serve:  ## Build the graph where it changed and serve it on PORT (8000)
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.installed frontend
	@$(BIN)/qit4n-kg serve --port $(PORT)

frontend: $(VENV)/.created  ## Build the browser's bundles where their sources changed (the editor, charts, the explorer)
	@$(BIN)/python frontend/build.py

build: $(VENV)/.installed  ## Build the graph only
	@$(BIN)/qit4n-kg build

browser:
	@if command -v chromium >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "Installing Debian's Chromium for the browser tests"; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium >/dev/null; } || \
	    echo "Chromium could not be installed: the browser tests will be skipped"; \
	else echo "Chromium is not installed and you are not root: the browser tests will be skipped"; fi

test: $(VENV)/.installed-dev browser frontend check  ## Check everything and run all tests
	@$(BIN)/python -m pytest --numprocesses $(JOBS)

check: $(VENV)/.installed-dev  ## Format, lint, types, layers, doctests, generated docs, consistency of the knowledge
	@echo "format" && $(BIN)/ruff format --quiet --check .
	@echo "lint" && $(BIN)/ruff check --quiet .
	@echo "types" && $(BIN)/python -m mypy --no-error-summary
	@echo "layers" && $(BIN)/lint-imports --no-cache >/tmp/qit4n-kg-layers.$$$$ 2>&1 || { cat /tmp/qit4n-kg-layers.$$$$; rm -f /tmp/qit4n-kg-layers.$$$$; exit 1; }; rm -f /tmp/qit4n-kg-layers.$$$$
	@echo "doctests" && $(BIN)/python -m pytest --quiet --doctest-modules --no-header -p no:randomly src/qit4n_kg
	@echo "generated docs" && $(BIN)/python docs/generate.py --check
	@echo "layout of the data" && $(BIN)/qit4n-kg fmt --check data/
	@echo "knowledge" && $(BIN)/qit4n-kg check

format: $(VENV)/.installed-dev  ## Format the code
	@$(BIN)/ruff check --quiet --fix-only . && $(BIN)/ruff format --quiet .

docs: $(VENV)/.installed-dev  ## Write the generated tables of the docs anew
	@$(BIN)/python docs/generate.py

messages: $(VENV)/.installed-dev  ## Bring the catalogues of the pages' languages up to date and say what they lack
	@$(BIN)/python -m qit4n_kg.web.messages

lock: $(VENV)/.installed-dev  ## Resolve the dependencies anew (needs uv; writes both lock files, without addresses)
	@uv pip compile pyproject.toml --group build --universal --generate-hashes --no-header --python-version 3.11 --quiet --output-file requirements.lock
	@uv pip compile pyproject.toml --group dev --constraint requirements.lock --universal --generate-hashes --no-header --python-version 3.11 --quiet --output-file requirements-dev.lock

wheel: $(VENV)/.installed-dev  ## Build the wheel into dist/, with the browser's bundles
	@$(BIN)/hatchling build --target wheel

lighthouse:  ## Measure pages of the server on PORT with Lighthouse (npm fetches it; by hand, not part of the tests)
	@cd frontend/lighthouse && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && node run.mjs http://127.0.0.1:$(PORT)

clean:  ## Remove the environment, the built graph and caches
	@rm -rf $(VENV) state dist frontend/node_modules frontend/lighthouse/node_modules frontend/.node src/qit4n_kg/web/static/vendor .mypy_cache .pytest_cache .ruff_cache tests/artifacts
