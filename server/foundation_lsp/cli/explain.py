"""`foundation-lsp lint --explain CODE`: the page of a rule, or the list of all of them."""

from __future__ import annotations

import sys

from foundation_engine.codes import complaint, known_codes, selects
from foundation_specs.registry import SpecRegistry
from foundation_specs.requirements import explain as page_of

from foundation_lsp.cli.console import UsageError, write


def explain(code: str) -> int:
    """Print what there is to say about a code; a requirement alone is explained once, by its first pattern."""
    registry = SpecRegistry.builtin()
    codes = known_codes(registry.specs)
    if code == "list":
        write(sys.stdout, "".join(f"{known}\n" for known in codes))
        return 0
    matching = [known for known in codes if known == code] or [
        known for known in codes if selects(code, known)
    ]
    if not matching:
        raise UsageError(f"--explain: {complaint(code, codes)}")
    requirements = {known.partition("/")[2] for known in matching}
    if len(requirements) > 1:
        listing = "\n".join(f"  {known}" for known in matching)
        write(sys.stdout, f"{code} stands for {len(matching)} codes; explain one of them:\n{listing}\n")
        return 0
    page = page_of(matching[0], registry)
    if page is None:
        raise UsageError(f"--explain: there is no page for {matching[0]!r}")
    write(sys.stdout, page.rstrip() + "\n")
    return 0
