# The front door. Every target sets up what it needs in .venv from the locked versions in requirements/.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
OUT    ?= out
JOBS   ?= 2
VIEWER := frontend/report-viewer
APP    := frontend/app
CASES  ?= cases
SIZE   ?= quarter
FRONT  := $(VIEWER)/node_modules/.stamp $(APP)/node_modules/.stamp
STEPS  := JOBS=$(JOBS) $(PYTHON) tools/steps.py

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-all coverage bench bench-curves bench-record mutation check docs frontend release-check lock sizes clean

help: ## Say what there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

setup: $(VENV)/.dev $(FRONT) ## Only what `make test` needs; `make -j3 setup` gets the parts at the same time

demo: $(VENV)/.nn ## A digital leg from sweep to report, three methods side by side: $(OUT)/demo/report.html
	@mkdir -p $(OUT)
	$(BIN)/ifss demo -o $(OUT)/demo --force

serve: $(VENV)/.nn $(VENV)/.web ## The page to draw and to sign in, on the cases of $(CASES)/: http://127.0.0.1:8765/
	$(BIN)/ifss serve $(CASES)

test: $(VENV)/.dev $(FRONT) ## Linters, types, architecture contracts, tests (all but the slow ones)
	@$(STEPS) test

test-all: $(VENV)/.cluster $(FRONT) ## The same with the slow tests and a cluster of Ray
	@$(STEPS) test-all

coverage: $(VENV)/.dev ## Which lines and branches the fast tests reach, against the floor in pyproject.toml
	@$(STEPS) coverage

bench: $(VENV)/.dev ## One table of all timings, with peers and the machine's limits; SIZE=small, quarter or paper
	$(BIN)/python benchmarks/one_table.py --size $(SIZE)

bench-curves: $(VENV)/.dev ## Time and memory against size, as a picture; at full size, some ten minutes
	$(BIN)/python benchmarks/cost_curves.py --picture docs/images/cost-curves.svg

bench-record: $(VENV)/.dev ## This version's times on one digital leg, into benchmarks/history/
	$(BIN)/python benchmarks/record.py

mutation: $(VENV)/.dev ## Mutants of measurement/ and propagate/assemble.py that no test notices
	$(BIN)/python tools/mutation.py src/ifssnet/measurement --tests tests/measurement --at-most 5
	$(BIN)/python tools/mutation.py src/ifssnet/propagate/assemble.py --tests tests/propagate/test_assemble.py

check: $(VENV)/.dev ## Linters, types and architecture contracts only
	@$(STEPS) check

frontend: $(FRONT) ## Type-check the report's viewer and the page, and hold their bundles against their sources
	@$(STEPS) frontend

docs: $(VENV)/.dev ## The documentation as a site, in site/
	@$(STEPS) docs

release-check: ## Source archive and wheel, built, checked, installed in a fresh environment and tried without the repository
	$(PYTHON) tools/release.py check

lock: $(VENV)/.dev ## Resolve the locked versions anew
	./requirements/lock.sh $(BIN)

sizes: ## Measure what the installs weigh, each in a virtual environment of its own
	./requirements/sizes.sh $(PYTHON)

clean: ## Remove everything that make made
	rm -rf $(VENV) $(OUT) site dist $(VIEWER)/node_modules $(APP)/node_modules

$(VENV)/.base: requirements/base.txt pyproject.toml
	@$(STEPS) install base
	@touch $@

$(VENV)/.nn: $(VENV)/.base requirements/nn.txt
	@$(STEPS) install nn
	@touch $@

$(VENV)/.web: $(VENV)/.base requirements/web.txt
	@$(STEPS) install web
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	@$(STEPS) install dev
	@touch $@

$(VENV)/.cluster: $(VENV)/.dev requirements/cluster.txt
	@$(STEPS) install cluster
	@touch $@

$(VIEWER)/node_modules/.stamp: $(VIEWER)/package-lock.json
	cd $(VIEWER) && npm ci --silent --no-audit --no-fund
	@touch $@

$(APP)/node_modules/.stamp: $(APP)/package-lock.json
	cd $(APP) && npm ci --silent --no-audit --no-fund
	@touch $@
