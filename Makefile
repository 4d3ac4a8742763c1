# Needs python3 (3.11 or newer), python3-venv and make; everything else goes into .venv.
# Other Python: make run PY=python3.13

PY ?= python3
V ?= .venv
CORPORA ?= ../shared/corpora
FEATURES ?= ../shared/features.md
# Servers, a browser and what lays out PDF files, which some tests need, as Debian packages. None at all: make test PEERS=
# Those after --unpacked would conflict with Postfix, or need not be installed: they lie in build/peers.
PEERS ?= dovecot-imapd postfix rspamd spamassassin nginx systemd chromium fonts-dejavu-core libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 libfaketime \
  --unpacked exim4-daemon-light libnss-wrapper caddy procmail prometheus
# Of `make crash`.
ROUNDS ?= 100
SEED ?=
# Tests often wait for a service to start or to answer: half as many again as there are processors keep them busy.
WORKERS ?= $(shell echo $$(( $$(nproc) * 3 / 2 )))
# More for pytest, for example: make test ARGS="-k token"
ARGS ?=
# How long `make fuzz` runs each target and `make soak` its traffic: 90s, 10m, 12h.
FOR ?= 10m
# Which part `make fuzz` is about.
TARGET ?= all
# Mails a second of `make soak`, and an empty PostgreSQL database for it; without one it takes SQLite.
RATE ?= 4
URL ?=
# Which other desks `make bench-peers` measures, all of them without a name: roundup django-helpdesk request-tracker redmine
PEERS_CHOSEN ?=

BIN := $(V)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CONFIG := var/postdesk.toml

.DEFAULT_GOAL := help
.PHONY: help run demo test peers lint style format types imports bench bench-peers soak score fuzz crash features docs site words pictures lock clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(V)/.ok-run ## Install, set up a sample desk in var/ and serve it
	@[ -f $(CONFIG) ] || $(BIN)/postdesk init --sample
	@exec $(BIN)/postdesk serve

demo: $(V)/.ok-run ## Play a short conversation against the running desk
	@$(BIN)/postdesk demo

# Tests start many hundred programs: each finds the code compiled, though containers often forbid Python to keep that.
test: $(V)/.ok-dev peers ## Install what the tests need and run them all
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal $(ARGS)

peers:
	@tools/install-peers $(PEERS)

# Separate targets, so that `make -k lint` goes on to the next and shows all there is to mend.
lint: style format types imports ## Check style, types and who imports whom

style: $(V)/.ok-dev
	$(BIN)/ruff check .

format: $(V)/.ok-dev
	$(BIN)/ruff format --check .

types: $(V)/.ok-dev
	$(BIN)/mypy

imports: $(V)/.ok-dev
	$(BIN)/lint-imports --no-cache

bench: $(V)/.ok-dev ## Take the figures of bench/README.md
	$(BIN)/python -m bench

bench-peers: $(V)/.ok-dev ## Measure other service desks by the same mails (PEERS_CHOSEN="roundup redmine" ARGS="--mails 200")
	@$(BIN)/python -m bench.peers $(PEERS_CHOSEN) $(ARGS)

score: $(V)/.ok-run ## Measure how well real mail is understood (CORPORA=folder)
	@if [ -f "$(CORPORA)/score.py" ]; then \
	  mkdir -p build && $(BIN)/python "$(CORPORA)/score.py" --failures build/score-misses.jsonl \
	    --command "$(BIN)/postdesk explain --json --save {save}" && echo "Misses: build/score-misses.jsonl"; \
	else echo "No corpora in $(CORPORA): nothing scored. Name their folder: make score CORPORA=/path/to/corpora"; fi

fuzz: $(V)/.ok-dev ## Fuzz what reads bytes from strangers (TARGET=parse|body|bounce|match|commands|import|all FOR=10m)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(PIP) install 'atheris>=3,<4'
	@$(BIN)/python -m fuzz $(TARGET) --for $(FOR) $(wildcard $(CORPORA)) $(ARGS)

soak: $(V)/.ok-dev ## Mixed traffic against a desk for a while: memory flat, ledger right? (FOR=10m RATE=4 URL=postgresql://…)
	@$(BIN)/python -m bench.soak --for $(FOR) --rate $(RATE) --url "$(URL)" $(ARGS)

crash: $(V)/.ok-dev peers ## Kill the service at random points, ROUNDS=100 times (SEED=number repeats a round)
	@$(BIN)/python -m tests.crash.rounds $(ROUNDS) $(SEED)

features: $(V)/.ok-dev ## List features that no test shows (FEATURES=file)
	@$(BIN)/python -m tools.features "$(FEATURES)"

docs: $(V)/.ok-dev ## Write the generated parts of docs/ anew
	@$(BIN)/python -m tools.settings_doc
	@$(BIN)/python -m tools.tree_doc
	@$(BIN)/python -m tools.points_doc
	@$(BIN)/python -m tools.commands_doc
	@$(BIN)/python -m tools.cli_doc
	@$(BIN)/python -m tools.letters_doc
	@$(BIN)/python -m tools.attacks_doc

site: $(V)/.ok-dev ## Build the documentation as a site into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --clean --strict

words: $(V)/.ok-dev ## Bring the translations in templates/locale/ up to date with the letters and the code
	@$(BIN)/python -m tools.catalogues

pictures: $(V)/.ok-dev peers ## Take pictures, light and dark, wide and narrow: letters into build/letters, pages into docs/pictures
	@$(BIN)/python -m tests.letters.pictures build/letters
	@$(BIN)/python -m tests.portal.pictures docs/pictures

lock: $(V)/.ok-dev ## Choose the newest allowed versions for the lock files
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml --group dev \
	  -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml --all-extras \
	  -c requirements.lock -o requirements-full.lock

clean: ## Remove the environment and everything built; var/ stays
	rm -rf $(V) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An own environment: Debian keeps pip out of the system's Python (PEP 668).
$(V)/.ok-venv:
	@command -v $(PY) >/dev/null || { echo "$(PY) is missing: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed, and $(PY) is older: make PY=python3.12" >&2; exit 1; }
	@# Without python3-venv this leaves half an environment behind.
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PY) -m venv --clear $(V) >/dev/null 2>&1 \
	  || { rm -rf $(V); echo "python3-venv is missing: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(V)/.ok-locked: requirements.lock $(V)/.ok-venv
	@echo "Installing what Postdesk needs ..."
	@$(PIP) install --use-pep517 --require-hashes -r requirements.lock
	@touch $@

# The code itself, in place. --no-build-isolation works without a network where the builder is there already.
$(V)/.ok-run: pyproject.toml $(V)/.ok-locked
	@if $(BIN)/python -c 'import hatchling, editables' 2>/dev/null; then $(PIP) install --no-deps --no-build-isolation -e .; \
	else $(PIP) install --no-deps -e .; fi
	@touch $@

$(V)/.ok-dev: requirements-dev.lock $(V)/.ok-run
	@echo "Installing what tests and checks need ..."
	@$(PIP) install --use-pep517 --require-hashes -r requirements-dev.lock
	@touch $@
