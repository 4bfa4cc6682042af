# Thin on purpose: every target sets up what it needs and starts one program.
#
#   make serve        start a server here (ARGS="--port 8080" …)
#   make test         unit, storage, stories, end to end (ARGS="-k outbox" …)
#   make check        format, lint, types, imports, tidiness, generated files, short simulation
#   make slow         crash and recovery tests that take minutes
#   make sim SEEDS=n  the seeded simulation
#   make bench            measure the server through its sockets
#   make slowlink         the same over links as in villages; root, Linux (ARGS=--quick)
#   make size             what the web client transfers
#   make wheel            dist/*.whl, with the web client inside
#   make gen              write the generated files (docs is the same)
#   make lock             write the lock files (ARGS=--upgrade for newer versions)
#   make web format clean setup

PYTHON ?= python3
SEEDS ?= 300
ARGS ?=
APT_LINE = sudo apt-get install git make python3 python3-venv
SETUP = @command -v $(PYTHON) >/dev/null || \
	{ echo "$(PYTHON) is missing; on Debian and Ubuntu: $(APT_LINE)" >&2; exit 1; }; \
	$(PYTHON) -m tools.setup
RUN = .venv/bin/python -m

.PHONY: setup serve test check slow sim bench slowlink size web wheel gen lock format docs clean

setup:
	$(SETUP) dev web

serve:
	$(SETUP) runtime web
	.venv/bin/kentong serve $(ARGS)

test:
	$(SETUP) dev web chromium postgres
	$(RUN) tools.test $(ARGS)

check:
	$(SETUP) dev web
	$(RUN) tools.check

slow:
	$(SETUP) dev web chromium postgres
	$(RUN) tools.test --slow $(ARGS)

sim:
	$(SETUP) dev
	$(RUN) tests.sim --seeds $(SEEDS) $(ARGS)

bench:
	$(SETUP) dev web
	$(RUN) bench $(ARGS)

slowlink:
	$(SETUP) dev web chromium
	$(RUN) bench.slowlink $(ARGS)

size:
	$(SETUP) dev web chromium
	$(RUN) tools.size $(ARGS)

web:
	$(SETUP) dev web

wheel:
	$(SETUP) dev web
	$(RUN) build --wheel --no-isolation

gen:
	$(SETUP) dev web
	$(RUN) tools.gen $(ARGS)

docs: gen

lock:
	$(SETUP) dev
	$(RUN) tools.lock $(ARGS)

format:
	$(SETUP) dev
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

clean:
	rm -rf .venv build dist src/kentong/webclient web/node_modules
