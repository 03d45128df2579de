# Mailwicket. Needs python3 with venv and pip, and make; everything else goes into .venv.
# The variables: PYTHON=python3.12, OFFLINE=1 (with ./wheels), ONCE=0, RESET=1, SMTP_PORT=2526, K=threading, CORPORA=folder,
# TARGET=mime, MINUTES=10.

PYTHON ?= python3
CORPORA ?= ../shared/corpora
BIN := .venv/bin
EVERYDAY := not push and not twin and not nightly
BOOTSTRAP = @command -v $(PYTHON) >/dev/null || { echo "✗ $(PYTHON) is not there.      → sudo apt install python3 python3-venv" >&2; exit 1; }; \
	OFFLINE=$(OFFLINE) $(PYTHON) tools/bootstrap.py

unexport PYTHONDONTWRITEBYTECODE # or each worker and each child of a test compiles everything anew

.DEFAULT_GOAL := help
.PHONY: help demo test t lint serve corpus bench fuzz shots docs golden dist clean

help: ## print this
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: .venv/run ## play eighteen mails through a real gateway and show what became of each (ONCE=0 goes on)
	@$(BIN)/mailwicket demo $(if $(filter 0,$(ONCE)),,--once) $(if $(RESET),--reset) $(if $(SMTP_PORT),--smtp-port $(SMTP_PORT))

test: .venv/dev ## the everyday tests, in parallel, without a network
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "$(EVERYDAY)"

t: .venv/dev ## the tests whose name holds K: make t K=threading
	@$(BIN)/python -m pytest -k "$(K)" -m "$(EVERYDAY)"

lint: .venv/dev ## ruff, formatting, mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

serve: .venv/run ## the gateway with ./mailwicket.toml, in the foreground
	@$(BIN)/mailwicket -c mailwicket.toml serve

corpus: .venv/dev ## score the reading of mail on the labelled corpora (CORPORA=folder, else ../shared/corpora)
	@if [ -e "$(CORPORA)/score.py" ]; then \
		cd "$(CORPORA)" && "$(CURDIR)/$(BIN)/python" score.py --adapter "$(CURDIR)/tests/corpus_adapter.py" $(if $(K),--kind $(K)) $(if $(FAILS),--fails $(FAILS)); \
	else echo "no corpora in $(CORPORA): they are data of their own, unpack them there or name their folder: make corpus CORPORA=…"; fi

bench: .venv/dev ## measure: accept rate, mail to ticket, memory
	@$(BIN)/python -m bench.run

fuzz: .venv/dev ## give the readers octets that nobody thought of (MINUTES=10, TARGET=mime)
	@$(BIN)/python -m fuzz.run $(if $(MINUTES),--minutes $(MINUTES)) $(TARGET)

shots: .venv/dev ## photograph the mails in Chromium: light, dark, phone (into var/shots)
	@$(BIN)/python -m tests.shots.screen var/shots

docs: .venv/dev ## write the pages of docs/ that are made from the code anew
	@$(BIN)/python -m pytest tests/docs --update-golden

golden: .venv/dev ## write the expected output of golden tests anew; read the diff
	@$(BIN)/python -m pytest -m "$(EVERYDAY)" --update-golden

dist: .venv/dev ## the wheel, in dist/
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## away with everything that was made here, the demo's state included
	@rm -rf .venv dist var .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/run: pyproject.toml tools/bootstrap.py
	$(BOOTSTRAP) run

.venv/dev: pyproject.toml tools/bootstrap.py
	$(BOOTSTRAP) dev
