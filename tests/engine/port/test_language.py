"""The language's own constructs in every target: each is run beside its source, and what stays open is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.ir import ZIPS_THE_SHORTER
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

SOURCE = Path(__file__).with_name("language.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_constructs_behave_as_in_python(ports_whole: Callable[..., None], target: LanguageId) -> None:
    ports_whole("language.py", SOURCE, target, differential=24, cases=100)


CLOSURES = Path(__file__).with_name("closures.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY])
def test_functions_assign_the_variables_around_them(
    ports_whole: Callable[..., None], target: LanguageId
) -> None:
    ports_whole("closures.py", CLOSURES, target, differential=24, cases=50)


MANAGERS = Path(__file__).with_name("managers.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY])
def test_what_is_entered_is_left_wherever_a_block_ends(
    ports_whole: Callable[..., None], target: LanguageId
) -> None:
    ports_whole("managers.py", MANAGERS, target, differential=24, cases=50)


def test_a_closure_of_rust_shares_nothing_that_changes() -> None:
    candidate = port(PortRequest("closures.py", CLOSURES, LanguageId.PYTHON, LanguageId.RUST))
    assert {h.construct for h in candidate.holes} == {"bump", "visit", "step", "inc", "number", "keep"}


NONLOCAL = [
    ("return total + add()", "in one expression with a call"),
    ("total += add()\n    return total", "in one expression with a call"),
    ("for _ in range(total):\n        add()\n    return total", "in one expression with a call"),
    ("later = add\n    return total + later()", "more than called"),
]


@pytest.mark.parametrize(("use", "reason"), NONLOCAL)
def test_an_order_that_languages_do_not_share_is_a_hole(use: str, reason: str) -> None:
    text = (
        "def f(n: int) -> int:\n    total = n\n\n    def add() -> int:\n        nonlocal total\n"
        f"        total += 1\n        return 1\n\n    {use}\n"
    )
    candidate = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.GO))
    assert any(reason in h.reason for h in candidate.holes), candidate.holes


def test_nonlocal_of_what_may_be_narrowed_is_a_hole() -> None:
    text = (
        "def f(items: list[str]) -> str:\n    best: str | None = None\n\n    def look(s: str) -> None:\n"
        "        nonlocal best\n        best = s\n\n    for s in items:\n        look(s)\n    return best or ''\n"
    )
    candidate = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.GO))
    assert [h.reason for h in candidate.holes] == ["nonlocal of str | None"]


REPLACED = """
from typing import overload


@overload
def two(x: int) -> int: ...
@overload
def two(x: int, y: int) -> int: ...
def two(x: int, y: int = 1) -> int:
    return x + y


def old(x: int) -> int:
    return x


def old(x: int) -> int:
    return x + 10


class A:
    def m(self) -> int:
        return 1

    def m(self) -> int:
        return 2


def use(x: int) -> int:
    return two(x) + two(x, 2) + A().m() + old(3)
"""


def test_of_functions_of_one_name_the_last_is_the_one(ports_whole: Callable[..., None]) -> None:
    ports_whole("replaced.py", REPLACED, LanguageId.GO, differential=12, cases=20)


def test_a_function_that_ran_before_it_was_replaced_is_declined() -> None:
    old = "def old(x: int) -> int:\n    return x\n"
    source = f"{old}\n\nFIRST = old(1)\n\n\n{old}\n\ndef use(x: int) -> int:\n    return old(x)\n"
    holes = port(PortRequest("a.py", source, LanguageId.PYTHON, LanguageId.RUBY)).holes
    assert "old is defined again, and is used before" in {h.reason for h in holes}
    assert {h.line for h in holes} == {1, 5, 13}


TIMES = {n: Path(__file__).with_name(f"{n}.py").read_text(encoding="utf-8") for n in ("times", "naive_times")}


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_dates_and_times_are_those_of_python(
    ports_whole: Callable[..., None], target: LanguageId, name: str
) -> None:
    ports_whole(f"{name}.py", TIMES[name], target, differential=30, cases=200)


TOOK = """
import time
from datetime import datetime, timezone


def took(seconds: float) -> bool:
    begun = datetime.now(timezone.utc)
    time.sleep(abs(seconds) % 8)
    return (datetime.now(timezone.utc) - begun).total_seconds() > 2


def today() -> str:
    return datetime.now(timezone.utc).strftime("%Y")
"""


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY])
def test_what_the_time_is_is_no_case_but_how_long_something_took(target: LanguageId, tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text(TOOK, encoding="utf-8")
    report = verify(
        port(PortRequest(str(path), TOOK, LanguageId.PYTHON, target)), VerifyOptions(use_cache=False)
    )
    steps = {r.step: r for r in report.results}
    assert steps["cases"].verdict is Verdict.PASSED, report
    assert steps["exercised"].detail == "no case runs today"


APART = [
    ("datetime.now(ZoneInfo('Europe/Vienna')).year", "use timezone.utc"),
    ("(datetime.now() - datetime.now(timezone.utc)).days", "give both timezone.utc"),
    ("datetime.now().timestamp()", "which is local time"),
    ("datetime.strptime(text, '%Y%m%d').year", "touch each other"),
    ("datetime.strptime(text, '%d %b %Y').year", "the code %b"),
    ("datetime.now(timezone.utc).strftime(text)", "a computed format"),
]


@pytest.mark.parametrize(("use", "reason"), APART)
def test_what_a_date_or_time_leaves_open_is_a_hole(use: str, reason: str) -> None:
    text = (
        "from datetime import datetime, timezone\nfrom zoneinfo import ZoneInfo\n\n\n"
        f"def f(text: str) -> object:\n    return {use}\n"
    )
    candidate = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.GO))
    assert any(reason in h.reason for h in candidate.holes), candidate.holes


def test_a_strict_zip_says_what_it_does_otherwise(ports_whole: Callable[..., None]) -> None:
    source = (
        "def dot(xs: list[int], ys: list[int]) -> int:\n"
        "    return sum(x * y for x, y in zip(xs, ys, strict=True))\n"
    )
    assert (
        ZIPS_THE_SHORTER
        in port(PortRequest("dot.py", source, LanguageId.PYTHON, LanguageId.RUBY)).differences
    )
    ports_whole("dot.py", source, LanguageId.RUBY, differential=20, cases=10)


OPERATORS = Path(__file__).with_name("operators.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_operators_and_decorators_of_the_file_are_those_of_python(
    ports_whole: Callable[..., None], target: LanguageId
) -> None:
    ports_whole("operators.py", OPERATORS, target, differential=24, cases=100)


OWN_EQUALITY = """
class Name:
    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Name):
            return False
        return self.text.lower() == other.text.lower()

    def __hash__(self) -> int:
        return hash(self.text.lower())

"""


@pytest.mark.parametrize(
    "use", ["Name(s) in [Name('a')]", "[Name(s)] == [Name('a')]", "len({Name(s), Name('a')}) == 1"]
)
@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_what_compares_objects_otherwise_than_their_class_is_a_hole(use: str, target: LanguageId) -> None:
    text = f"{OWN_EQUALITY}\ndef f(s: str) -> bool:\n    return {use}\n"
    holes = port(PortRequest("m.py", text, LanguageId.PYTHON, target)).holes
    assert [h.reason for h in holes] == [
        "a comparison of Name, which says itself when objects are equal, inside of something else"
    ]


WRAPS = "def deco(f):\n    def inner(*args, **kwargs):\n        {body}\n    return inner\n\n\n"


@pytest.mark.parametrize(
    "body",
    [
        "return f(*args)",
        "return f(1, *args[1:], **kwargs)",
        "return len(args)",
        "n = 2; return f(*args, **kwargs) + n",
    ],
)
def test_a_decorator_that_does_more_than_wrap_is_declined(body: str) -> None:
    text = WRAPS.format(body=body) + "@deco\ndef f(n: int) -> int:\n    return n\n"
    holes = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.GO)).holes
    assert "decorator @deco is not a pattern this port knows" in {h.reason for h in holes}


@pytest.mark.parametrize(
    "use",
    [
        "print(x, file=out)",
        "out.writelines([x])",
        "out = io.StringIO(x)",
        "(lambda: out.write(x))()",
        "n = out.write(x)",
        "w = csv.writer(out); out = io.StringIO(); w.writerow([x])",
    ],
)
def test_a_buffer_with_which_more_is_done_is_declined(use: str) -> None:
    body = f"    out = io.StringIO()\n    {use}\n    return out.getvalue()\n"
    text = f"import csv\nimport io\n\n\ndef f(x: str) -> str:\n{body}"
    holes = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.GO)).holes
    assert [h.reason for h in holes] == ["call of io.StringIO"]


def test_a_class_may_have_the_name_of_its_file(ports_whole: Callable[..., None]) -> None:
    source = (
        "class Bucket:\n"
        "    def __init__(self, size: int) -> None:\n"
        "        self.size = size\n\n"
        "    def share(self, of: float) -> float:\n"
        "        return of / self.size\n"
    )
    ports_whole("bucket.py", source, LanguageId.RUBY, differential=20, cases=10)


def test_objects_whose_constructor_has_a_hole_are_no_cases() -> None:
    source = (
        "from collections import deque\n\n\n"
        "class Recent:\n"
        "    def __init__(self, size: int) -> None:\n"
        "        self.size = size\n"
        "        self.items: deque[int] = deque(maxlen=size + 1)\n\n"
        "    def double(self) -> int:\n"
        "        return self.size * 2\n\n\n"
        "def half(n: int) -> int:\n"
        "    return n // 2\n"
    )
    candidate = port(PortRequest("recent.py", source, LanguageId.PYTHON, LanguageId.RUBY))
    assert candidate.holes
    report = verify(candidate, VerifyOptions(differential=10, use_cache=False))
    assert report.verdict is Verdict.INCONCLUSIVE, [r.detail for r in report.results]
    assert sum(r.cases for r in report.results) > 0


ENDLESS = [
    # Who is handed a queue may make it longer.
    "q: deque[int] = deque(maxlen=2)\n    grown(q)\n    return len(q)",
    # What is inserted where a queue is full is refused.
    "q: deque[int] = deque(maxlen=2)\n    q.insert(0, n)\n    return len(q)",
    "q: deque[int] = deque(maxlen=n + 1)\n    q.append(n)\n    return len(q)",
]


@pytest.mark.parametrize("body", ENDLESS)
def test_a_queue_whose_length_is_not_certain_is_a_hole(body: str) -> None:
    text = (
        "from collections import deque\n\n\ndef grown(q: deque[int]) -> None:\n    q.append(1)\n\n\n"
        f"def f(n: int) -> int:\n    {body}\n"
    )
    candidate = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.GO))
    assert any("drop its oldest item" in h.reason for h in candidate.holes), candidate.holes


SERVICES = Path(__file__).with_name("services.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_what_services_use_is_ported_whole(ports_whole: Callable[..., None], target: LanguageId) -> None:
    ports_whole("services.py", SERVICES, target, differential=24, cases=50)
