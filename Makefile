# make run · make test · make lint · make bench · make validation · make docs · make report · make lock · make clean
CAMPAIGN ?= campaigns/weinberg.yaml
PYTHON ?= python3
CORES ?= all

BIN := .venv/bin
RESULTS := results/$(basename $(notdir $(CAMPAIGN)))
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# The stages are called by name, so the environment has to be on the path of the jobs.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run test lint bench validation docs report containers lock clean

help: ## Say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: .venv/run.stamp ## Run a campaign: make run CAMPAIGN=campaigns/gaussian.yaml CORES=2
	@robot-physicist validate "$(CAMPAIGN)"
	@snakemake --cores $(CORES) --configfile $(CAMPAIGN) --quiet rules
	@robot-physicist show $(RESULTS)/design.json

test: .venv/test.stamp .venvs/yadage/stamp .venvs/reana/stamp .venvs/reana-next/stamp ## Run all tests
	@pytest --numprocesses auto --dist worksteal --durations=10

lint: .venv/test.stamp ## Check style, types, spelling and the Snakefile
	@ruff check . && ruff format --check .
	@mypy
	@lint-imports --no-cache --no-logo
	@snakefmt --check Snakefile workflow
	@codespell

bench: .venv/test.stamp ## Measure speed, side by side in one run
	@$(BIN)/python -m benchmarks

validation: .venv/test.stamp ## Repeat what validates the statistics (hours; resumes where it was stopped)
	@$(BIN)/python -m validation accuracy calibration convergence coverage gaussian_processes gaussian_toy search sequence structure --workers 2

docs: .venv/run.stamp ## Generate the schemas and the campaign's reference page
	@robot-physicist reference .

report: .venv/run.stamp ## Make the HTML report of a finished campaign
	@snakemake --cores 1 --configfile $(CAMPAIGN) --report $(RESULTS)/report.html

containers: .venv/run.stamp ## Build the images of envs/ with docker or podman
	@PYTHON=$(BIN)/python envs/build

lock: ## Pin all requirements again, with hashes (needs uv)
	@for name in run test core pythia search yadage reana reana-next root peers; do uv pip compile $(LOCK) requirements/$$name.in -o requirements/$$name.txt; done
LOCK := --quiet --upgrade --prerelease if-necessary-or-explicit --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate --no-emit-index-url

clean: ## Remove the environment and everything generated, results excepted
	@rm -rf .venv .venvs .snakemake .pytest_cache .mypy_cache .ruff_cache

# Debian splits venv off Python; as root we can put it back.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Robot Physicist needs Python 3.11 or newer; name one with make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -m venv .venv || { apt-get update -q && apt-get install -qy python3-venv && $(PYTHON) -m venv --clear .venv; }

.venv/run.stamp: requirements/run.txt pyproject.toml | .venv/bin/python
	@echo "Setting up .venv ..."
	@$(PIP) --require-hashes --requirement requirements/run.txt
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

# Engines and ROOT cannot share an environment with the stages: .venvs/NAME holds requirements/NAME.txt.
.venvs/%/stamp: requirements/%.txt | .venv/bin/python
	@echo "Setting up .venvs/$* ..."
	@$(PYTHON) -m venv .venvs/$*
	@.venvs/$*/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

.venv/test.stamp: requirements/test.txt .venv/run.stamp
	@$(PIP) --require-hashes --requirement requirements/test.txt
	@touch $@
