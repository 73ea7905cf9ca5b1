# demo: set everything up and do the main job once.   test: set everything up and pass all tests.
# check: what to run before a commit.                 bench: what we claim about speed, printed.

RUN := scripts/with-toolchains.sh
PY  := .venv/bin/python

.PHONY: demo test check bench setup format vsix test-python test-go test-rust test-ruby test-editors clean help

help:
	@sed -n '1,2p' Makefile | cut -c3-
	@echo 'also: setup format vsix test-python test-go test-rust test-ruby test-editors clean'

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
	@$(MAKE) --no-print-directory test-go test-rust test-ruby test-editors test-python

test-go:
	cd runtimes/go && ../../$(RUN) go vet ./... && ../../$(RUN) go test ./...
	cd shm/clients/go && ../../../$(RUN) go vet ./... && ../../../$(RUN) go test ./...

test-rust:
	cd runtimes/rust && ../../$(RUN) cargo test --quiet --workspace
	cd shm/clients/rust && ../../../$(RUN) cargo test --quiet

test-ruby:
	$(RUN) ruby runtimes/ruby/test/all.rb
	$(RUN) ruby -Ishm/clients/ruby/lib -e 'Dir["shm/clients/ruby/test/**/*_test.rb"].sort.each { |f| require "./#{f}" }'

test-python: setup
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/pyright
	.venv/bin/lint-imports
	$(RUN) $(PY) -m pytest runtimes/python/tests -q
	$(RUN) $(PY) -m pytest tests -q -n 2 --dist loadgroup --ignore=tests/editors

vsix: setup
	@scripts/toolchains.sh node
	cd editors/vscode && npm ci --no-audit --no-fund --silent && npm run --silent package

# The extension in the real editor, and the same scenario in Neovim and Emacs.
test-editors: setup
	@scripts/toolchains.sh go node
	@scripts/editors.sh
	cd editors/vscode && npm run --silent package >/dev/null && ../../$(RUN) node test/run.mjs
	$(RUN) $(PY) -m pytest tests/editors -q

bench: setup
	@scripts/toolchains.sh go rust ruby
	@for each in bench/*.py; do echo; echo "== $$each"; $(RUN) $(PY) $$each || exit 1; done

clean:
	rm -rf .venv .cache build dist .pytest_cache .ruff_cache .hypothesis
