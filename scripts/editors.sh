#!/usr/bin/env bash
# Install the real editors that the editor tests drive: VS Code's own server from packages into .cache,
# Chromium, Neovim 0.7 and Emacs from Debian's packages.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

packages=()
command -v chromium >/dev/null 2>&1 || packages+=(chromium fonts-dejavu-core)
[ -x /usr/bin/nvim ] || packages+=(neovim)
command -v emacs >/dev/null 2>&1 || packages+=(emacs-nox)
[ -d /usr/share/emacs/site-lisp/elpa-src ] && ls /usr/share/emacs/site-lisp/elpa-src | grep -q '^eglot' || packages+=(elpa-eglot)
[ -d /usr/share/emacs/site-lisp/elpa-src ] && ls /usr/share/emacs/site-lisp/elpa-src | grep -q '^lsp-mode' || packages+=(elpa-lsp-mode)
for mode in go-mode rust-mode; do
  ls /usr/share/emacs/site-lisp/elpa-src 2>/dev/null | grep -q "^$mode" || packages+=("elpa-$mode")
done
command -v npm >/dev/null 2>&1 || packages+=(nodejs npm)
if [ "${#packages[@]}" -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing ${packages[*]} with apt-get"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "editors: missing ${packages[*]}. Run: sudo apt-get install ${packages[*]}" >&2
    exit 2
  fi
fi

if [ ! -f .cache/vscode/.ready ]; then
  say "fetching VS Code's server as a package into .cache/vscode (about 600 MB)"
  mkdir -p .cache/vscode
  (
    cd .cache/vscode
    [ -f package.json ] || echo '{"private":true}' > package.json
    npm install --no-audit --no-fund --loglevel=error node@24 >&2
    # Its own post-install step compiles everything and needs a Kerberos header; only two modules are worth it.
    npm install --no-audit --no-fund --loglevel=error --ignore-scripts code-server@4.139.1 >&2
    export PATH="$PWD/node_modules/node/bin:$PATH"
    cd node_modules/code-server/lib/vscode
    npm install --omit=dev --no-audit --no-fund --loglevel=error --ignore-scripts >&2
    rm -rf node_modules/@github/copilot-sdk-linux-x64
    modules=(@vscode/spdlog @vscode/native-watchdog)
    # The headers come from nodejs.org; where that is out of reach those of libnode-dev do, for both use Node's stable ABI.
    npm rebuild --loglevel=error "${modules[@]}" >&2 ||
      { [ -f /usr/include/node/node_api.h ] && npm rebuild --loglevel=error --nodedir=/usr "${modules[@]}" >&2; }
  )
  touch .cache/vscode/.ready
fi

if [ ! -d editors/vscode/node_modules ] || [ editors/vscode/package-lock.json -nt editors/vscode/node_modules ]; then
  say "installing the extension's build tools"
  (cd editors/vscode && npm ci --no-audit --no-fund --loglevel=error >&2 && touch node_modules)
fi
