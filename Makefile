# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target brings what it needs: Python 3.11 or newer, make and git are enough on the machine.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first interpreter that answers and is new enough for the pinned ansible-core.
PYTHON ?= $(shell for candidate in python3.11 python3.12 python3.13 python3; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$candidate"; break; }; done)
WORKERS ?= 2
# Playbooks wait for hosts half of their time. A worker that is done takes over what another has not begun.
PYTEST = $(BIN)/python -m pytest --dist worksteal -n
CORE ?= 2.16

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-ready
TOOLS := $(VENV)/.tools-ready
TREE := .cache/collections
COLLECTION := $(TREE)/ansible_collections/macpool/hyperv

# Tools call each other by name (molecule calls ansible-playbook, which calls ansible-galaxy ...).
export PATH := $(CURDIR)/$(BIN):$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(TREE)
# Nothing of a run is left in the home directory of whoever runs it.
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export PYTHONPATH := $(CURDIR):$(CURDIR)/$(TREE)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

##@ Use it

.PHONY: demo
demo: $(RUNTIME) $(COLLECTION) ## Run the shipped playbooks against a simulated cluster and tell the story (about a minute)
	$(BIN)/python examples/demo/demo.py

.PHONY: lab
lab: $(RUNTIME) $(COLLECTION) ## Serve a simulated cluster in the foreground (LAB_DIR, LAB_HOSTS, LAB_VMS, LAB_SEED)
	$(BIN)/python -m tests.lab

.PHONY: bench
bench: $(TOOLS) $(COLLECTION) ## Measure, and print ratios against other ways of doing it
	$(BIN)/python -m tests.benchmarks

##@ Test it

.PHONY: test
test: system molecule units integration ## Run every test

.PHONY: pytest
pytest: $(TOOLS) $(COLLECTION) ## Run the unit, property and incident tests, and the scripts for the hosts
	$(PYTEST) $(WORKERS)

.PHONY: system
system: $(TOOLS) $(COLLECTION) ## Run all of these but the unit tests, which "make units" runs in the way of ansible-test
	$(PYTEST) $$(($(WORKERS) + 1)) tests/e2e tests/incidents tests/browser tests/powershell

.PHONY: unit
unit: $(TOOLS) $(COLLECTION) ## Run the plain unit tests alone
	$(PYTEST) $(WORKERS) -m "not slow" tests/unit/plugins

.PHONY: powershell
powershell: $(TOOLS) $(COLLECTION) ## Run the scripts for the hosts alone, on PowerShell 7 (7.4 or newer) with stand-ins for Hyper-V
	$(PYTEST) $(WORKERS) tests/powershell

.PHONY: molecule
molecule: $(TOOLS) $(COLLECTION) ## Run the roles and playbooks against the lab (converge, idempotence, verify)
	$(BIN)/molecule test --all

.PHONY: units integration sanity
units: $(TOOLS) ## Run the unit tests the way ansible-test does
	$(BIN)/python tests/tools/run_ansible_test.py units

integration: $(TOOLS) ## Run the integration targets with ansible-test
	$(BIN)/python tests/tools/run_ansible_test.py integration

sanity: $(TOOLS) ## Run ansible-test sanity
	$(BIN)/python tests/tools/run_ansible_test.py sanity

.PHONY: test-core
test-core: ## Run the unit tests with another ansible-core (CORE=2.16 ...; PYTHON=python3.13 for the newest)
	$(PYTHON) tests/tools/run_core.py $(CORE)

.PHONY: sanity-core
sanity-core: ## Run ansible-test sanity with another ansible-core
	$(PYTHON) tests/tools/run_core.py $(CORE) sanity

##@ Check and build it

.PHONY: lint
lint: lint-python lint-ansible lint-yaml lint-docs lint-changelog ## Run every linter

.PHONY: lint-python lint-ansible lint-yaml lint-docs lint-changelog
lint-python: $(TOOLS) $(COLLECTION)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(COLLECTION)/plugins tests $(wildcard examples)

lint-ansible: $(TOOLS) $(COLLECTION)
	$(BIN)/ansible-lint --offline --profile production

lint-yaml: $(TOOLS)
	$(BIN)/yamllint --strict .

# Twice before it counts: one temporary directory of it in 37 has a name that ends in an underscore, a reference in RST.
LINT_DOCS = $(BIN)/antsibull-docs lint-collection-docs --plugin-docs --check-extra-docs-refs --validate-collection-refs=all .
lint-docs: $(TOOLS) $(COLLECTION)
	$(LINT_DOCS) || $(LINT_DOCS)

lint-changelog: $(TOOLS)
	$(BIN)/antsibull-changelog lint

.PHONY: format
format: $(TOOLS) ## Let ruff fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: $(TOOLS) $(COLLECTION) ## Write the reference of every plugin and role, and the guides, as HTML into build/docs/html
	rm -rf build/docs
	mkdir -p -m 755 build/docs build/docs/rst
	$(BIN)/antsibull-docs collection --use-current --squash-hierarchy --cleanup everything --dest-dir build/docs/rst macpool.hyperv
	$(BIN)/sphinx-build -q -C -b html -D project=macpool.hyperv -D extensions=sphinx_antsibull_ext -D default_role=any \
		-D pygments_style=ansible -D highlight_language=YAML+Jinja -D html_theme=alabaster build/docs/rst build/docs/html
	@echo "Open build/docs/html/index.html"

.PHONY: build
build: $(RUNTIME) ## Build the collection archive, and the script for hosts without Ansible, into build/
	$(BIN)/python -m tests.tools.observe_by_hand build scripts
	$(BIN)/ansible-galaxy collection build --force --output-path build .

.PHONY: clean
clean: ## Remove everything that these targets made, the environments too
	rm -rf $(VENV) .venvs .cache .lab .ansible .hypothesis build scripts report tests/output

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z -]+:.*## / { split($$1, names, " "); printf "  make %-12s %s\n", names[1], $$2 }' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(TOOLS): test-requirements.txt $(RUNTIME)
	$(BIN)/python -m pip install --quiet -r test-requirements.txt
	touch $@

# Ansible finds a collection only below ansible_collections/<namespace>/<name>: one symbolic link back to the checkout.
$(COLLECTION): | $(VENV)/bin/python
	mkdir -p $(@D)
	ln -sfn ../../../.. $@
