#!/usr/bin/env bash
# The main job, once: lint a small service in four languages, port one file of it to Go, prove the port, connect an editor.
set -euo pipefail
cd "$(dirname "$0")/.."

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }

title "1. foundation-lsp lint examples/shop"
foundation-lsp lint examples/shop && lint_status=0 || lint_status=$?
[ "$lint_status" -le 1 ] || exit "$lint_status"

title "2. foundation-lsp port examples/shop/python/orders.py --to go --verify"
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
foundation-lsp port examples/shop/python/orders.py --to go --verify --out "$out"
printf '\nThe first lines of what was written:\n\n'
sed -n '1,40p' "$out"/*orders.go

title "3. Connect an editor"
cat <<EOF
VS Code : make vsix, then "Install from VSIX..." with editors/vscode/foundation-lsp.vsix
Neovim  : vim.lsp.config('foundation', { cmd = { '$PWD/.venv/bin/foundation-lsp', '--stdio' }, filetypes = { 'python', 'go', 'rust', 'ruby' } }); vim.lsp.enable('foundation')
others  : run '$PWD/.venv/bin/foundation-lsp --stdio' for python, go, rust and ruby files (docs/editors.md)
EOF
