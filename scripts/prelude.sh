# What the set-up scripts share; they source it from the root of the checkout.

say() { printf '\033[2m==> %s\033[0m\n' "$*" >&2; }
