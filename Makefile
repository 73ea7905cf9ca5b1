# demo: set everything up and do the main job once.   test: set everything up and pass all tests.
# check: what to run before a commit.                 bench: what we claim about speed, printed.

RUN := scripts/with-toolchains.sh
# Trust what the system trusts: behind a company proxy the bundled certificates do not do (two names, for old and new uv).
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
export NODE_USE_SYSTEM_CA := 1
PY  := .venv/bin/python
ENGINE := .cache/engine-venv
UV  := $(shell command -v uv || echo .cache/uv/bin/uv)

.PHONY: demo test check bench setup format vsix test-python test-go test-rust test-ruby test-engine test-editors bench-port bench-shm clean help

help:
	@sed -n '1,2p' Makefile | cut -c3-
	@echo 'also: setup format vsix test-python test-go test-rust test-ruby test-engine test-editors bench-port bench-shm clean'

setup:
	@scripts/bootstrap.sh

demo: setup
	@scripts/toolchains.sh go
	@$(RUN) bash examples/demo.sh

format: setup
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format --quiet .

check: setup
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/pyright
	.venv/bin/lint-imports
	$(RUN) $(PY) -m pytest tests -q -m "not slow" -n 2 --ignore=tests/editors

test: setup
	@scripts/toolchains.sh go rust ruby
	@$(MAKE) --no-print-directory test-go test-rust test-ruby test-engine test-editors test-python

test-go:
	cd runtimes/go && ../../$(RUN) go vet ./... && ../../$(RUN) go test -race ./...

test-rust:
	cd runtimes/rust && ../../$(RUN) cargo test --quiet --features foundation/tokio

test-ruby:
	$(RUN) ruby runtimes/ruby/test/all.rb

# The one part that needs torch, in an environment of its own: several gigabytes that nothing else should load.
test-engine: $(ENGINE)/.ready
	$(RUN) $(ENGINE)/bin/python -m pytest -p no:cacheprovider -c /dev/null --rootdir=. --import-mode=importlib -q tests/shm/torch_engine.py

$(ENGINE)/.ready: pyproject.toml | setup
	@scripts/engine.sh $(ENGINE)

test-python: setup
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/pyright
	.venv/bin/lint-imports
	$(RUN) $(PY) -m pytest runtimes/python/tests -q -n 2
	$(RUN) $(PY) -m pytest tests -q -n 2 --dist loadgroup --ignore=tests/editors

vsix: setup
	@scripts/toolchains.sh node
	cd editors/vscode && npm ci --no-audit --no-fund --loglevel=error && npm run --silent package

# The extension in the real editor, and the same scenario in Neovim and Emacs.
test-editors: setup
	@scripts/toolchains.sh go node
	@scripts/editors.sh
	cd editors/vscode && npm run --silent package >/dev/null && ../../$(RUN) node test/run.mjs
	$(RUN) $(PY) -m pytest tests/editors -q

bench: setup
	@scripts/toolchains.sh go rust ruby
	@$(UV) pip install --quiet --python $(PY) --constraint constraints.txt --group bench
	@for each in bench/spec_loading.py bench/grammars.py bench/lint.py bench/lsp.py bench/runtimes/python.py bench/port/patterns.py; do \
	  echo; echo "== $$each"; $(RUN) $(PY) $$each || exit 1; done
	$(RUN) ruby bench/runtimes/ruby.rb
	cd bench/runtimes/go && ../../../$(RUN) go run .
	cd bench/runtimes/rust && ../../../$(RUN) cargo run --quiet --release

# Ports of the corpus in every direction, their behaviour suites, the verdicts checked on hidden cases and planted defects.
bench-port: setup
	@scripts/toolchains.sh go rust ruby
	-$(RUN) $(PY) bench/port/verdicts.py --corpus --mutants 1 --json .cache/verdicts.json
	$(RUN) $(PY) bench/port/experiment.py --verify --verdicts .cache/verdicts.json --json bench/results/port.json --markdown bench/results/port.md
	for target in go rust ruby; do \
	  $(RUN) $(PY) bench/port/speed.py --set references --to $$target --markdown bench/results/port-speed.md || exit 1; \
	done
	$(RUN) $(PY) bench/port/fuzz.py --seconds 300
	@echo
	@echo 'The other tables need data that is not part of this repository (say where your checkouts are):'
	@echo '  $(PY) bench/port/humaneval.py --data MultiPL-E --markdown bench/results/port-humaneval.md'
	@echo '  $(PY) bench/port/exercism.py --tracks FOLDER-OF-EXERCISM --markdown bench/results/port-exercism.md'
	@echo '  $(PY) bench/port/verdicts.py --humaneval MultiPL-E --exercism FOLDER-OF-EXERCISM --corpus --mutants 2'
	@echo '  $(PY) bench/port/speed.py --data MultiPL-E --references CodeGeeX --to go'
	@echo '  $(PY) bench/port/projects.py --repository PROJECT --to go --verify'

bench-shm: $(ENGINE)/.ready
	@scripts/toolchains.sh go rust ruby
	$(RUN) $(ENGINE)/bin/python bench/shm.py

clean:
	rm -rf .venv .cache build dist .pytest_cache .ruff_cache .hypothesis
