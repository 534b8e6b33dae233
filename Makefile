# Every target does its own set-up. `make help` lists them.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUN_STAMP := $(VENV)/.run-stamp
DEV_STAMP := $(VENV)/.dev-stamp

.DEFAULT_GOAL := help
.PHONY: help run test check format bench lighthouse screenshots vendor translations lock clean-venv

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(RUN_STAMP): deploy/requirements.txt pyproject.toml
	@$(PYTHON) deploy/make_venv.py $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/requirements.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): deploy/requirements-dev.txt $(RUN_STAMP)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/requirements-dev.txt
	@touch $@

run: $(RUN_STAMP) ## set up and serve on http://127.0.0.1:8000 (PORT=…); an empty instance gets the sample
	@$(PY) -m tipline run --sample-if-empty

test: $(DEV_STAMP) ## set up and run the tests
	@$(PY) -m pytest -q -n 2 --dist loadfile -m "not wide"

check: $(DEV_STAMP) ## everything CI runs: format, lint, types, contracts, templates, dependencies, wheel, tests
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy --strict --follow-imports=silent tipline/services tipline/crypto
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/djlint templates --lint --quiet
	@$(PY) deploy/check_wheel.py
	@$(PY) -m pytest -q -n 2 --dist loadfile

format: $(DEV_STAMP) ## format Python
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

lighthouse: $(DEV_STAMP) ## score the public pages with Lighthouse at a phone's settings (needs Chromium, node and npm)
	@$(PY) -m bench.lighthouse

bench: $(DEV_STAMP) ## measure speed and memory; prints medians of five, in one run
	@$(PY) -m bench

screenshots: $(DEV_STAMP) ## photograph every page into .cache/screenshots (needs Chromium)
	@$(PY) -m tests.browser.screenshots

vendor: ## build the stylesheet and copy the GOV.UK Frontend script (needs node and npm)
	@sh deploy/vendor/vendor.sh

translations: $(DEV_STAMP) ## extract the strings and bring every catalogue up to date
	@$(PY) deploy/translations.py

lock: $(DEV_STAMP) ## write the hash locks anew from pyproject.toml (needs uv)
	@sh deploy/lock.sh
