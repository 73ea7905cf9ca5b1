"""What cannot be written becomes a hole, and what follows is written as if nothing of it had been begun."""

from __future__ import annotations

import pytest
from foundation_engine.port import ir, lower
from foundation_engine.port.engine import emit
from foundation_engine.port.request import PortRequest
from foundation_specs.model import LanguageId

SOURCE = """
def read(text: str, known: bool) -> int:
    total = 0
    if known:
        for part in text.split(","):
            try:
                total = int(part.swapcase())
            except ValueError:
                total = 7
    total += int(text)
    return total
"""


@pytest.mark.parametrize(
    ("target", "after"),
    [
        (LanguageId.GO, "return 0, err"),
        (LanguageId.RUBY, "    total += Integer(text, 10)\n    total"),
        (LanguageId.PYTHON, "    total += int(text)\n    return total"),
    ],
)
def test_what_follows_a_hole_is_written_as_without_it(target: LanguageId, after: str) -> None:
    request = PortRequest("sample", SOURCE, LanguageId.PYTHON, target)
    module = lower(request)
    assert module is not None
    for n in ir.walk(module.definitions[0]):
        if isinstance(n, ir.Intrinsic) and n.op == "str.swapcase":
            n.op = "str.unheard_of"
    candidate = emit(request, module)
    assert len(candidate.holes) == 1, candidate.holes
    text = candidate.files[0].text
    assert "not ported" in text
    assert after in text.partition("not ported: operation str.unheard_of")[2], text
