# What the set-up scripts share; they source it from the root of the checkout.

# Trust what the system trusts: behind a company proxy the bundled certificates do not do (two names, for old and new uv).
export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 NODE_USE_SYSTEM_CA=1

say() { printf '\033[2m==> %s\033[0m\n' "$*" >&2; }
