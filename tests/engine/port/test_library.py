"""Python's standard library in Go, Ruby and Rust: what it does there is what it does in Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

LIBRARY = Path(__file__).with_name("library.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST], ids=lambda x: x.value)
def test_the_library_does_what_it_does_in_python(target: LanguageId, tmp_path: Path) -> None:
    path = tmp_path / "library.py"
    path.write_text(LIBRARY, encoding="utf-8")
    candidate = port(PortRequest(str(path), LIBRARY, LanguageId.PYTHON, target))
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(differential=30, use_cache=False))
    steps = "\n".join(f"{r.step} {r.verdict}: {r.detail}" for r in report.results)
    assert report.verdict is Verdict.PASSED, steps
    assert sum(r.cases for r in report.results) > 1000, steps


DECLINED = [
    # What a dialect cannot say is not said in another way.
    (LanguageId.GO, r"bool(re.search(r'(?=a)b', text))", "looking ahead"),
    (LanguageId.RUST, r"bool(re.search(r'(a)\1', text))", "a reference to a group"),
    (LanguageId.RUBY, "len(re.findall(text, 'a')) > 0", "computed"),
    (LanguageId.RUBY, "len(re.findall('a*', text)) > 0", "may match nothing"),
    (LanguageId.GO, "re.sub(r'.$', '', text, flags=re.DOTALL) == text", "an end of the text"),
    (LanguageId.RUBY, "next(c for c in text) == 'a'", "next"),
    (LanguageId.GO, "(heapq.heappop([1]) if text else 0) == 1", "heappop"),
]
LOCKED = """
import threading
from collections.abc import Callable

_lock = threading.Lock()


class Journal:
    def __init__(self, told: Callable[[str], int]) -> None:
        self._lock = threading.{kind}()
        self._told = told
        self.lines: list[str] = []

    def add(self, line: str) -> int:
        with self._lock:
            self.lines.append(line)
            {work}


def shared(values: list[int]) -> int:
    with _lock:
        return len(values)
"""
LOCKS = [
    # Whether what is called takes the lock again, nobody knows.
    (LanguageId.GO, "RLock", "return self._told(line)", ["may take again"]),
    # The lock keeps lines of two threads apart, which borrowing does not.
    (
        LanguageId.RUST,
        "Lock",
        "print(line)\n            return 1",
        ["outside of the object", "no object keeps"],
    ),
    (LanguageId.RUST, "Lock", "return len(self.lines)", ["no object keeps"]),
    (LanguageId.RUBY, "Lock", "return self._told(line)", []),
]


@pytest.mark.parametrize(("target", "source", "reason"), DECLINED)
def test_what_is_not_certain_is_a_marked_hole(target: LanguageId, source: str, reason: str) -> None:
    text = f"import heapq\nimport re\n\n\ndef f(text: str) -> bool:\n    return {source}\n"
    candidate = port(PortRequest("m.py", text, LanguageId.PYTHON, target))
    assert any(reason in h.reason for h in candidate.holes), candidate.holes


@pytest.mark.parametrize(("target", "kind", "work", "reasons"), LOCKS)
def test_a_lock_that_would_not_be_one_is_a_hole(
    target: LanguageId, kind: str, work: str, reasons: list[str]
) -> None:
    text = LOCKED.format(kind=kind, work=work)
    candidate = port(PortRequest("m.py", text, LanguageId.PYTHON, target))
    for reason in reasons:
        assert any(reason in h.reason for h in candidate.holes), candidate.holes
    assert bool(candidate.holes) == bool(reasons), candidate.holes


def test_a_pattern_is_compiled_once_and_keeps_its_name_and_comment() -> None:
    text = (
        'import re\n\n# Two numbers.\n_PAIR = re.compile(r"(\\d+)-(\\d+)", re.ASCII)\n\n\n'
        "def first(text: str) -> str:\n    m = _PAIR.match(text)\n    return m.group(1) if m else ''\n"
    )
    candidate = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.GO))
    source = candidate.files[0].text
    assert "// Two numbers.\nvar pair = regexp.MustCompile(`^(\\d+)-(\\d+)`)" in source
    assert "m := pair.FindStringSubmatch(text)" in source


def test_the_output_of_a_command_line_goes_to_its_streams() -> None:
    text = (
        "from provide.foundation.cli import echo_error\nfrom provide.foundation.console.output import pout\n\n\n"
        'def told(name: str) -> None:\n    echo_error(f"{name} failed")\n    pout(name, color="red")\n'
    )
    candidate = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.RUST))
    assert not candidate.holes
    assert 'eprintln!("✗ {name} failed");\n    println!("{name}");' in candidate.files[0].text
    assert any("no colours" in sentence for sentence in candidate.differences)
