# The project's commands. The first one makes .venv (Python >= 3.10, half a minute) and says so; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
PY := $(BIN)/python
STAMP := .venv/installed
# where it is set (most images of containers), each of the thousands of processes that tests start compiles all it loads
unexport PYTHONDONTWRITEBYTECODE
# What hangs fails, and says where. Three for two cores, because tests wait for other processes; the slow files first, as
# tests/support/order.py has them.
PYTEST := $(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder --timeout 600
UV_LOCK := $(BIN)/uv pip compile --no-config --quiet --universal --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --python-version 3.10 $(UPGRADE)

.PHONY: help demo test test-fast test-agent lint format typecheck imports collected bench bench-agents bench-server vectors mutants mutants-core fuzz fuzz-shell wheel readme lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

$(STAMP): requirements/dev.lock pyproject.toml scripts/venv.sh
	@sh scripts/venv.sh

demo: $(STAMP)  ## a workflow mints a token and is held to it, on this machine, in front of your eyes
	@$(PY) examples/demo.py

test: $(STAMP)  ## lint, types, imports, and all tests but the markers agent and bench; skips and their reasons at the end
	@$(MAKE) --no-print-directory -j 2 typecheck lint collected imports
	$(PYTEST) -m "not agent and not bench"

test-fast: $(STAMP)  ## what needs neither a workflow runner nor a Docker Engine: under a minute
	$(PYTEST) -m "not agent and not bench and not docker and not runner"

test-agent: $(STAMP)  ## drive Claude Code itself, offline, against its hooks (380 MB into .venv-agent, once)
	@sh scripts/venv_agent.sh
	$(PYTEST) -m agent tests/agent

lint: $(STAMP)  ## ruff, and the linters of workflows, actions, YAML, shell and Dockerfile
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@sh scripts/lint.sh

format: $(STAMP)  ## let ruff put the code in form
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

typecheck: $(STAMP)  ## mypy, strict, the tests included
	$(BIN)/mypy .

imports: $(STAMP)  ## who may import whom
	$(BIN)/lint-imports --no-cache --no-logo

# in a fresh clone pytest compiles every test: here once, while the types are checked, and not in each worker
collected: $(STAMP)
	@said=$$($(PY) -m pytest --collect-only -q 2>&1) || { echo "$$said"; exit 1; }

bench: $(STAMP)  ## measure, and write docs/bench.md
	$(PY) -m bench

bench-server: $(STAMP)  ## measure the service with wrk, and write docs/bench-server.md
	$(PY) -m bench.server

bench-agents: $(STAMP)  ## measure the hook of coding agents and the MCP proxy, and write docs/bench-agents.md
	$(PY) -m bench.agents

vectors: $(STAMP)  ## regenerate vectors/ from their seed; any difference is an error
	$(PY) -m vectors.generate
	git diff --exit-code -- vectors
	@test -z "$$(git status --porcelain -- vectors)" || { git status --short -- vectors; exit 1; }

mutants-core: $(STAMP)  ## delete each numbered step of verify in turn: a named test must turn red
	$(PY) scripts/mutants_core.py

mutants: $(STAMP)  ## let mutmut change core everywhere: what no test notices is listed in docs/mutants.md (ten minutes)
	$(PY) -m scripts.mutants

fuzz: $(STAMP)  ## look for inputs that break what reads strangers' texts (FUZZ_SECONDS=120); planted bugs first
	$(PY) -m fuzz

fuzz-shell: $(STAMP)  ## let bash run random texts that the shell analysis lets pass (FUZZ_SECONDS=600); planted bugs first
	$(PY) -m fuzz.shell

wheel: $(STAMP)  ## build the wheel, install it where nothing else of ours is, and ask it something
	rm -rf dist build/wheel
	$(PY) -m build --no-isolation --outdir dist
	$(PY) -m venv build/wheel
	build/wheel/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements/base.lock
	build/wheel/bin/python -m pip install --quiet --no-deps --no-index dist/*.whl
	cd build/wheel && bin/kanoniv-auth --help >/dev/null && bin/python -I -c 'import kanoniv_auth; kanoniv_auth.verify'

readme: $(STAMP)  ## write what is derived: parts of README.md, docs/errors.md, docs/reference/{cli,python}.md
	$(PY) scripts/readme.py
	$(PY) scripts/errors_doc.py
	$(PY) scripts/reference.py
	$(PY) scripts/tool_scopes.py
	$(PY) scripts/plugin.py

lock: $(STAMP)  ## resolve the lock files again, with hashes and without addresses (UPGRADE=--upgrade)
	$(UV_LOCK) pyproject.toml -o requirements/base.lock
	$(UV_LOCK) -c requirements/base.lock --extra ci pyproject.toml -o requirements/ci.lock
	$(UV_LOCK) -c requirements/base.lock --extra agents pyproject.toml -o requirements/agents.lock
	$(UV_LOCK) -c requirements/ci.lock --extra server pyproject.toml -o requirements/server.lock
	$(UV_LOCK) -c requirements/ci.lock -c requirements/server.lock --extra ci --extra server --extra agents \
		pyproject.toml requirements/dev.in -o requirements/dev.lock
	$(UV_LOCK) -c requirements/dev.lock requirements/fuzz.in -o requirements/fuzz.lock
	$(UV_LOCK) -c requirements/dev.lock --extra ci pyproject.toml requirements/mutation.in -o requirements/mutation.lock

clean:  ## remove what make made
	rm -rf .venv .venv-agent .bench .fuzz build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
