# The executable documentation of the workflow. `make demo` and `make test` set everything up by themselves.
# Which Python: .ci/venv chooses, or make PYTHON=python3.12
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin

# Python reads the path of an editable install as the locale says: with LC_ALL=C none in a folder of a Japanese name.
LOCALE := $(or $(LC_ALL),$(LC_CTYPE),$(LANG))
ifeq ($(findstring utf8,$(LOCALE))$(findstring UTF-8,$(LOCALE)),)
export LC_ALL := C.UTF-8
endif

.PHONY: demo test quick check debian format lock screenshots bench soak clean

demo: $(VENV)/.run
	$(BIN)/kadoma-line demo

# More tests at once than there are cores: half of them wait, for a server that is slow on purpose or for git's disk.
WORKERS := $(shell expr 3 \* `getconf _NPROCESSORS_ONLN` / 2)
test: check
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# The loop while editing: everything that needs no process, browser or crash of its own.
quick: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --quick

check: $(VENV)/.dev
	$(BIN)/python -m pip check --disable-pip-version-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What `make test` does here, on a plain Debian 12 and 13 in a clone of the last commit that a made-up second city has filled in:
# sudo make debian. For one of them, or less: make debian DEBIANS=trixie CHECK="make quick"
DEBIANS ?= bookworm trixie
debian:
	$(or $(PYTHON),python3) -m tests.debian $(if $(CHECK),--check "$(CHECK)") $(DEBIANS)

# What `make test` does with one seed, where a kill can matter, and with commands that share a process, with many seeds, at all
# points, and each command in a process of its own: make soak SOAK_SEEDS=50
SOAK_SEEDS ?= 10
soak: $(VENV)/.dev
	SOAK_SEEDS=$(SOAK_SEEDS) FUZZ_SECONDS=60 $(BIN)/python -m pytest -n auto --dist worksteal

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The pictures that messages are compared with, and those of the README; look at them before committing.
screenshots: $(VENV)/.dev
	$(BIN)/python -m tests.browser.screenshots

# Ours, the peers and the floors side by side, on loopback; about eight minutes. A second run: make bench BENCH=--append
bench: $(VENV)/.run $(VENV)/peers/.done
	$(BIN)/python -m benchmarks --peers $(VENV)/peers $(BENCH)

# Resolves the hash locks again, with releases that a week has looked at (SECURITY.md); a holiday law cannot wait: LOCK_UNTIL=2026-12-01.
# No index address may stand in them: where packages come from is the machine's matter.
LOCK_UNTIL ?= $(shell date -u -d '7 days ago' +%FT00:00:00Z)
LOCK := $(BIN)/uv pip compile --quiet --exclude-newer "$(LOCK_UNTIL)" --universal --python-version 3.11 --upgrade --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock: $(VENV)/.dev
	$(LOCK) pyproject.toml --group build -o requirements.lock
	$(LOCK) pyproject.toml --group dev -o requirements-dev.lock
	echo uv | $(LOCK) - -o requirements-uv.lock
	$(LOCK) benchmarks/peers.in -o benchmarks/peers.lock

clean:
	rm -rf $(VENV) .demo preview build dist

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
OR_SAY := || { echo "kadoma-line: packages could not be installed, for the reason above (network, proxy, disk); then run make again" >&2; exit 1; }

# What a run needs; again in a folder that was moved or copied since, and where Python is another than then, or gone …
ifneq ($(shell cat $(VENV)/.run 2>/dev/null),$(CURDIR) $(shell $(BIN)/python -V 2>/dev/null))
.PHONY: $(VENV)/.run
endif
$(VENV)/.run: requirements.lock pyproject.toml
	@.ci/venv $(VENV) $(PYTHON)
	@$(PIP) --require-hashes -r requirements.lock $(OR_SAY)
	@$(PIP) --no-deps --no-build-isolation -e . $(OR_SAY)
	@echo "$(CURDIR) $$($(BIN)/python -V)" >$@

# … and what the checks need on top of it.
$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@$(PIP) --require-hashes -r requirements-dev.lock $(OR_SAY)
	touch $@

# The peers of the benchmarks live apart from us. reader's own copy of feedparser looks for sgmllib under its old name.
$(VENV)/peers/.done: benchmarks/peers.lock $(VENV)/.run
	$(BIN)/python -m venv --clear $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/peers.lock
	echo 'import sys, feedparser_sgmllib; sys.modules["sgmllib"] = feedparser_sgmllib' \
		> "$$($(VENV)/peers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/sgmllib.py"
	touch $@
