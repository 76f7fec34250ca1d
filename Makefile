# Set-up, tests and checks. `make` lists the targets; README.md gives the same set-up in three lines of pip.

VENV   ?= .venv
EXTRAS ?= data,dev
JOBS   ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
SCALE  ?= quick
OUT    ?= build/reproduce
ARGS   ?=

# The two versions that are tested come first. A pyenv shim can be on PATH and not work, so each is tried.
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3.12 python3 python; do \
    $$p -c '$(USABLE)' >/dev/null 2>&1 && echo $$p && break; done)

RUN    := $(VENV)/bin/python -m
STAMP  := $(VENV)/.installed
PIP    := -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help reproduce results test test-all bench docs lint format typecheck venv constraints clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo '  variables: PYTHON VENV EXTRAS JOBS SCALE OUT, and ARGS for more arguments to the command'

reproduce: $(STAMP) ## set up and re-check the papers (SCALE=quick) into build/reproduce, which git ignores
	$(VENV)/bin/collapsebench reproduce --scale $(SCALE) --out $(OUT) $(ARGS)

# What results/ keeps: pictures and verdicts. The studies of many minutes have their own verdicts.json.
NAMED  ?= alemohammad bertrand briesch gillman khelifa capacity ablations shumailov_vae prevention riis gerstgrasser_lm shabgahi language_errors
AGAIN   = $(VENV)/bin/collapsebench reproduce --scale $(SCALE)

results: $(STAMP) ## run every study again and keep figures and verdicts in results/ (NAMED= leaves out the long ones)
	rm -rf build/results build/only && mkdir -p results/$(SCALE)
	$(AGAIN) --out build/results || [ $$? -eq 1 ]
	for name in $(NAMED); do $(AGAIN) $$name --out build/only || [ $$? -eq 1 ] || exit 1; \
	    mv build/only/verdicts.json build/only/$$name/ && mv build/only/$$name build/results/ || exit 1; done
	$(AGAIN) league --out build/league || [ $$? -eq 1 ]
	$(RUN) collapsebench.literature.standings build/league results/league docs/league.md
	cd build/results && find . -name '*.png' -o -name '*.gif' -o -name verdicts.json | tar cf - -T - | \
	    tar xf - -C ../../results/$(SCALE)
	$(RUN) collapsebench.show.verdicts README.md results/$(SCALE)

# Compilation is most of the time: a file's tests share a process, and what one run compiled the next one finds.
PYTEST := JAX_COMPILATION_CACHE_DIR='$(CURDIR)/build/compiled' JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0.1 \
    $(RUN) pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --benchmark-disable -q

test: $(STAMP) ## set up and run the fast tests, JOBS at a time (the second time takes half as long)
	$(PYTEST) $(ARGS)

test-all: $(STAMP) ## the fast and the slow tests
	$(PYTEST) -m '' $(ARGS)

bench: $(STAMP) ## the benchmarks, one at a time (ARGS='--tier paper')
	$(RUN) pytest --benchmark $(ARGS)

docs: $(STAMP).docs ## the documentation in build/site, without a warning; the build itself needs no network
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict --quiet

lint: $(STAMP) ## ruff: rules and format
	$(RUN) ruff check .
	$(RUN) ruff format --check .

format: $(STAMP) ## let ruff mend what it can
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

typecheck: $(STAMP) ## mypy on the package
	$(RUN) mypy

venv: $(STAMP) ## set up only
	@:

$(STAMP): pyproject.toml constraints.txt
	@"$(PYTHON)" -c '$(USABLE)' >/dev/null 2>&1 || { echo 'collapsebench needs Python >= 3.11 with venv and pip;' \
	    'name one that has them: make PYTHON=/path/to/python3.11' >&2; exit 2; }
	@$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV)
	@echo "Installing the pinned packages into $(VENV) (once; a minute or a few) ..."
	@$(VENV)/bin/python $(PIP) install -qq -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@
	@echo "Installed: $$($(VENV)/bin/python --version) in $(VENV)"

$(STAMP).docs: $(STAMP)
	@$(VENV)/bin/python $(PIP) install -qq -c constraints.txt -e '.[$(EXTRAS),docs]'
	@touch $@

# Fresh environments of both versions; what they agree on is pinned for both, the rest for one.
constraints: ## pin the newest versions anew (needs python3.11 and python3.12: PYTHON311=, PYTHON312=)
	@mkdir -p build/pins
	@for v in 311 312; do case $$v in 311) p="$(PYTHON311)";; *) p="$(PYTHON312)";; esac; \
	    echo "Resolving for $$p ..." && rm -rf build/pins/$$v && $$p -m venv build/pins/$$v && \
	    build/pins/$$v/bin/python $(PIP) install -qq -e '.[$(EXTRAS),docs]' && \
	    build/pins/$$v/bin/python -m pip freeze --exclude-editable | LC_ALL=C sort > build/pins/$$v.txt || exit 1; done
	@cd build/pins && { echo '# Tested versions for Python 3.11 and 3.12. Made by: make constraints'; \
	    { LC_ALL=C comm -12 311.txt 312.txt; \
	      LC_ALL=C comm -23 311.txt 312.txt | sed 's/$$/ ; python_version < "3.12"/'; \
	      LC_ALL=C comm -13 311.txt 312.txt | sed 's/$$/ ; python_version >= "3.12"/'; } | LC_ALL=C sort -f; \
	    } > constraints.new
	@mv build/pins/constraints.new constraints.txt
PYTHON311 ?= python3.11
PYTHON312 ?= python3.12

clean: ## remove caches and build/
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .benchmarks
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

distclean: clean ## and the environments
	rm -rf .venv .venv312
