# The desk's commands. Everything lives in .venv and var, both ignored by git; nothing else on the machine is touched.

# The demo, unless the environment says otherwise: DEMO=0 make run
DEMO ?= 1
export DEMO

VENV := .venv
PY := $(VENV)/bin/python
CATALOGUE := locale/sv/LC_MESSAGES/django
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

# A virtual environment whose Python has gone (moved, upgraded away) is made anew.
$(shell test -x $(PY) || rm -f $(VENV)/.runs $(VENV)/.tests)

.DEFAULT_GOAL := help
.PHONY: help run test check bench messages clean-data

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-11s %s\n", $$1, $$2 }'

run: $(VENV)/.runs ## Start the desk with demo people and data; PORT=8010 moves it, Ctrl-C stops it
	@exec $(PY) -m supervisor

test: $(VENV)/.tests ## Run all tests, in a browser too where a Chromium is found
	@exec $(PY) -m pytest -n 2 --dist loadgroup $(ARGS)

# What reads the settings needs a data directory: an empty one that is gone afterwards.
check: $(VENV)/.tests ## Run all linters, the types, the floors, and look for missing migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	git ls-files -z --cached --others --exclude-standard 'templates/*.html' | xargs -0 $(VENV)/bin/djade --check --target-version 5.2
	@DATA_DIR=$$(mktemp -d) && export DATA_DIR DEMO=1 && trap 'rm -rf "$$DATA_DIR"' EXIT && set -x && \
	$(VENV)/bin/lint-imports && \
	$(PY) -m mypy wording upstream runs accounts people exports imports consents audit project sandbox supervisor && \
	$(PY) manage.py makemigrations --check --dry-run

bench: $(VENV)/.tests ## Measure speed and memory; ARGS=waiting measures one thing (docs/benchmarks.md)
	@exec $(PY) -m tests.bench $(ARGS)

# Both files are kept in git, so that nobody needs gettext to read Swedish; tests/project/test_messages.py compares them.
messages: $(VENV)/.runs ## Renew the Swedish catalogue, and compile it; needs GNU gettext (docs/swedish.md)
	@command -v msgfmt >/dev/null || { echo "GNU gettext is missing: install it (Debian, Ubuntu: sudo apt install gettext; macOS: brew install gettext) and run make messages again." >&2; exit 1; }
	@DATA_DIR=$$(mktemp -d) && export DATA_DIR DEMO=1 && trap 'rm -rf "$$DATA_DIR"' EXIT && $(PY) manage.py makemessages
	msgfmt --check-format --no-hash --statistics -o $(CATALOGUE).mo $(CATALOGUE).po

clean-data: $(VENV)/.runs ## Delete the demo's people, runs and files, to begin anew
	@exec $(PY) -m supervisor forget

# One stamp each, so that later starts ask nobody and wait for nothing.
$(VENV)/.runs: requirements.txt
	@for python in python3 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "The desk needs Python 3.11 or newer, and none was found: install it (Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python) and run make again." >&2; exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$found comes without its venv module: install that (Debian, Ubuntu: sudo apt install python3-venv) and run make again." >&2; exit 1; \
	fi; \
	test -x $(PY) || { echo "Installing what the desk needs into $(VENV), once …"; $$found -m venv --clear $(VENV); }
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.tests: requirements-dev.txt $(VENV)/.runs
	@echo "Installing what tests and checks need into $(VENV), once …"
	@$(PIP) -r requirements-dev.txt
	@touch $@
