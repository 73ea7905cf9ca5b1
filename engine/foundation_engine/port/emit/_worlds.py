"""What the generated tests of every language put into the world of a case."""

from __future__ import annotations

from textwrap import indent

_COMMAND = r"""#!/bin/sh
n=0
[ -f 'LOG.n' ] && read -r n < 'LOG.n'
echo $((n + 1)) > 'LOG.n'
{ printf '%s\037' 'NAME' "$@"; printf '\036'; } >> 'ALL'
[ "$n" -lt COUNT ] || n=$((COUNT - 1))
/bin/cat "LOG.$n.out"
/bin/cat "LOG.$n.err" >&2
read -r code < "LOG.$n.exit"
exit "$code"
"""


def with_command(text: str, margin: str = "") -> str:
    """The text of a test's support with the script of a command in the place of `<script>`.

    The script answers from its list in turn, the last answer repeating, and notes its arguments. The test puts what it
    needs in the place of NAME, COUNT (how many answers there are), LOG (the files of its answers) and ALL (its notes).
    """
    return text.replace(f"{margin}<script>\n", indent(_COMMAND, margin))
