# The front door. Every target sets up what it needs in .venv from the locked versions in requirements/.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
OUT    ?= out
JOBS   ?= 2
VIEWER := frontend/report-viewer

.DEFAULT_GOAL := help
.PHONY: help demo test test-all bench check docs frontend lock sizes clean

help: ## Say what there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.nn ## A digital leg from sweep to report, three methods side by side: $(OUT)/demo/report.html
	@mkdir -p $(OUT)
	$(BIN)/ifss demo -o $(OUT)/demo --force

test: check frontend ## Linters, types, architecture contracts, tests (all but the slow ones)
	$(BIN)/pytest -n $(JOBS) --dist loadfile

test-all: check frontend $(VENV)/.itk ## The same with the slow tests and ITK's reference filter
	HYPOTHESIS_PROFILE=searching $(BIN)/pytest -n $(JOBS) --dist loadfile -m ""

bench: $(VENV)/.dev ## Timings as ratios within one run, and time and memory at full size
	$(BIN)/python benchmarks/bench_propagate.py
	$(BIN)/python benchmarks/bench_measure.py
	$(BIN)/python benchmarks/bench_phantom.py --what small quarter scan
	$(BIN)/pytest benchmarks -o python_files='bench_*.py' -m "" --benchmark-only --benchmark-columns=min,median,max,rounds

check: $(VENV)/.dev ## Linters, types and architecture contracts only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

frontend: $(VIEWER)/node_modules/.stamp ## Type-check the report's viewer and hold its bundle against its source
	cd $(VIEWER) && npm run --silent verify

docs: $(VENV)/.dev ## The documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lock: $(VENV)/.dev ## Resolve the locked versions anew
	./requirements/lock.sh $(BIN)

sizes: ## Measure what the installs weigh, each in a virtual environment of its own
	./requirements/sizes.sh $(PYTHON)

clean: ## Remove everything that make made
	rm -rf $(VENV) $(OUT) site $(VIEWER)/node_modules

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(VENV)/bin/python requirements/base.txt pyproject.toml
	$(PIP) install -r requirements/base.txt
	$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/.nn: $(VENV)/.base requirements/nn.txt
	$(PIP) install -r requirements/nn.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	$(PIP) install -r requirements/dev.txt
	@touch $@

$(VENV)/.itk: $(VENV)/.dev requirements/itk.txt
	$(PIP) install -r requirements/itk.txt
	@touch $@

$(VIEWER)/node_modules/.stamp: $(VIEWER)/package-lock.json
	cd $(VIEWER) && npm ci --silent --no-audit --no-fund
	@touch $@
