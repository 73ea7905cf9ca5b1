"""Python that the port writes: round trips of Python modules, and what only other languages' sources ask for."""

# ruff: noqa: E501 - a source stands on one line, and the emitted text is run here.
from __future__ import annotations

import math
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from foundation_engine.port import engine, ir, port
from foundation_engine.port.emit.python import emit
from foundation_engine.port.engine import PortError
from foundation_engine.port.front.python import lower_module
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.request import PortCandidate, PortOptions, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_specs.model import LanguageId

ROOT = Path(__file__).parents[3]
X, Y = ir.Name("x", type=ir.INT), ir.Name("y", type=ir.INT)


def round_trip(path: Path, text: str) -> PortCandidate:
    """A Python module as Python again, which is no direction that users can ask for."""
    request = PortRequest(str(path), text, LanguageId.PYTHON, LanguageId.PYTHON)
    module = engine.lower(request)
    assert module is not None
    return engine.python_candidate(request, module)


def agrees(path: Path, text: str, **options: Any) -> PortCandidate:
    """The round trip, which must have no hole and agree on every case."""
    candidate = round_trip(path, text)
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(use_cache=False, **options))
    assert report.agreed, "\n".join(f"{r.step} {r.verdict}: {r.detail}" for r in report.results)
    return candidate


def source(candidate: PortCandidate) -> str:
    """The text of the port."""
    return next(f.text for f in candidate.files if f.role == "source")


def run(module: ir.Module, wraps: bool = False) -> dict[str, Any]:
    """What the emitted module defines."""
    made = emit(module, wraps)
    assert not made.holes, made.holes
    scope: dict[str, Any] = {"__name__": "emitted"}
    exec(made.source, scope)
    return scope


def one(name: str, params: Mapping[str, ir.Type], result: ir.Type, value: ir.Expr) -> ir.Module:
    """A module with one function that returns an expression."""
    f = ir.Function(name, [ir.Param(n, t) for n, t in params.items()], result, [ir.Return(value)])
    return ir.Module("emitted", "", [f], [], {})


@pytest.mark.parametrize(
    "path",
    ["bench/port/sources/billing.py", "bench/port/sources/webhooks.py", "examples/shop/python/orders.py"],
)
def test_a_module_comes_back_with_the_same_behaviour(path: str) -> None:
    text = (ROOT / path).read_text()
    candidate = agrees(ROOT / path, text, cases=6, differential=24)
    assert "not ported" not in source(candidate)


def test_python_to_python_is_no_direction_for_users() -> None:
    with pytest.raises(PortError, match="not supported"):
        port(PortRequest("a.py", "", LanguageId.PYTHON, LanguageId.PYTHON))


def test_the_text_reads_as_a_person_would_write_it(tmp_path: Path) -> None:
    text = textwrap.dedent('''
        """A till."""

        from __future__ import annotations

        from collections import defaultdict
        from dataclasses import dataclass, field
        from enum import Enum

        from foundation.resilience import retry

        LIMIT = 3  # items


        class Kind(Enum):
            """What is sold."""

            FOOD = "food"
            TOOL = "tool"


        @dataclass(frozen=True)
        class Item:
            """One thing."""

            name: str
            kind: Kind
            price: int = 1
            tags: list[str] = field(default_factory=list)


        @retry(ValueError, max_attempts=2, base_delay=0.1, jitter=False)
        def first(items: list[Item], kind: Kind | None = None) -> Item:
            """The first of a kind."""
            # Only a few are looked at.
            for item in items[:LIMIT]:
                if kind is None or item.kind == kind:
                    return item
            raise ValueError(f"no {kind is None!s} item of {len(items):>3d}")


        def totals(items: list[Item]) -> dict[str, int]:
            out: dict[str, int] = defaultdict(int)
            for item in items:
                out[item.name] += item.price
            return out


        def names(items: list[Item]) -> str:
            if not items:
                return "nothing"
            return ", ".join(sorted({item.name.upper() for item in items if item.name}))
        ''').lstrip()
    text = text.replace("no {kind is None!s} item", "no item")
    candidate = agrees(tmp_path / "till.py", text, cases=6, differential=20)
    got = source(candidate)
    assert "@retry(retryable=(ValueError,), max_attempts=2, base_delay=0.1, jitter=False)" in got
    assert (
        'class Item:\n    """One thing."""\n\n    name: str\n    kind: Kind\n    price: int = 1\n    tags: list[str] = field(default_factory=list)'
        in got
    )
    assert "    # Only a few are looked at.\n    for item in items[:LIMIT]:" in got
    assert 'if not items:\n        return "nothing"' in got
    assert "{item.name.upper() for item in items if item.name}" in got


def test_blocks_objects_and_worlds_come_back(tmp_path: Path) -> None:
    text = textwrap.dedent('''
        """Keeps notes."""

        from foundation.errors import NetworkError, error_boundary
        from foundation.files import atomic_write
        from foundation.resilience import CircuitBreaker, RateLimiter, Retry, RetryPolicy

        breaker = CircuitBreaker("notes", failure_threshold=2)


        def guarded(x: int) -> int:
            with breaker:
                return 10 // x


        def safe(x: int) -> int:
            with error_boundary(ZeroDivisionError, reraise=False, log_errors=False):
                return 10 // x
            return -1


        def counted(xs: list[int]) -> int:
            total = 0
            for x in xs:
                with error_boundary(ZeroDivisionError, reraise=False, log_errors=False):
                    total += 10 // x
            return total


        def patient(x: int) -> int:
            for attempt in Retry(RetryPolicy(max_attempts=3, base_delay=0.5, jitter=False), NetworkError):
                with attempt:
                    if x > 5:
                        raise NetworkError("no")
                    return x


        def save(text: str) -> str:
            atomic_write("notes.txt", text, backup=True)
            return text


        class Gate:
            """Lets few in."""

            def __init__(self, limit: int) -> None:
                self._limiter = RateLimiter(limit=2, period=60.0)
                self.limit = limit

            def enter(self, n: int) -> bool:
                return self._limiter.try_acquire() and n < self.limit
        ''').lstrip()
    # The retry's own error class takes the policy's classes by name only.
    text = text.replace("jitter=False), NetworkError)", "jitter=False, retryable=[NetworkError]))")
    candidate = round_trip(tmp_path / "notes.py", text)
    got = source(candidate)
    assert not candidate.holes, candidate.holes
    assert "    with breaker:\n        return 10 // x" in got
    assert "@error_boundary(catch=(ZeroDivisionError,), log_errors=False, fallback=-1, reraise=False)" in got
    assert "bool(self._limiter.try_acquire())" in got
    scope: dict[str, Any] = {"__name__": "notes"}
    sys.path.insert(0, str(ROOT / "runtimes" / "python"))
    exec(got, scope)
    assert (scope["guarded"](5), scope["safe"](0), scope["counted"]([1, 0, 5])) == (2, -1, 12)
    assert scope["patient"](3) == 3


def test_division_toward_zero_is_exact_beyond_floats() -> None:
    both = {"x": ir.INT, "y": ir.INT}
    quotient = run(
        one("f", both, ir.INT, ir.Intrinsic("int.truncdiv", [X, Y], "ZeroDivisionError", type=ir.INT))
    )["f"]
    rest = run(one("f", both, ir.INT, ir.Intrinsic("int.rem", [X, Y], "ZeroDivisionError", type=ir.INT)))["f"]
    for a in (-7, 7, 2**62 + 1, -(2**62) - 1, 0):
        for b in (-2, 2, 3, -3, 2**61 + 1):
            q = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            assert (quotient(a, b), rest(a, b)) == (q, a - q * b)
    with pytest.raises(ZeroDivisionError):
        quotient(1, 0)
    length = ir.Intrinsic("len", [ir.Name("xs", type=ir.ListT(ir.INT))], type=ir.INT)
    two = ir.Lit(2, type=ir.INT)
    plain = emit(
        one("f", {"xs": ir.ListT(ir.INT)}, ir.INT, ir.Intrinsic("int.truncdiv", [length, two], type=ir.INT)),
        False,
    )
    assert "return len(xs) // 2" in plain.source


def test_an_index_below_zero_fails_where_the_source_fails() -> None:
    xs = ir.Name("xs", type=ir.ListT(ir.INT))
    params = {"xs": ir.ListT(ir.INT), "x": ir.INT}
    at = ir.Intrinsic("list.index", [xs, X], "IndexError", type=ir.INT)
    strict = run(one("f", params, ir.INT, at))["f"]
    assert strict([1, 2], 1) == 2
    with pytest.raises(IndexError):
        strict([1, 2], -1)
    assert run(one("f", params, ir.INT, at), wraps=True)["f"]([1, 2], -1) == 2
    part = ir.Intrinsic("list.slice", [xs, ir.Lit(1, type=ir.INT), X], "IndexError", type=ir.ListT(ir.INT))
    sliced = run(one("f", params, ir.ListT(ir.INT), part))["f"]
    assert sliced([1, 2, 3], 2) == [2]
    for bad in (0, 4, -1):
        with pytest.raises(IndexError):
            sliced([1, 2, 3], bad)


def test_floats_and_numbers_in_texts_as_other_languages_have_them() -> None:
    a, b = ir.Name("a", type=ir.FLOAT), ir.Name("b", type=ir.FLOAT)
    pair = {"a": ir.FLOAT, "b": ir.FLOAT}
    ieee = run(one("f", pair, ir.FLOAT, ir.Intrinsic("float.div", [a, b], type=ir.FLOAT)))["f"]
    assert (ieee(1.0, 0.0), ieee(-1.0, 0.0), ieee(1.0, -0.0), ieee(6.0, 4.0)) == (
        math.inf,
        -math.inf,
        -math.inf,
        1.5,
    )
    assert math.isnan(ieee(0.0, 0.0))
    away = run(one("f", {"a": ir.FLOAT}, ir.INT, ir.Intrinsic("float.round_away", [a], type=ir.INT)))["f"]
    assert [away(v) for v in (0.5, 1.5, 2.5, -0.5, -2.5, 0.49999999999999994, 2.4)] == [1, 2, 3, -1, -3, 0, 2]
    text = ir.Name("s", type=ir.STR)
    parse = run(
        one("f", {"s": ir.STR}, ir.INT, ir.Intrinsic("str.parse_int", [text], "ValueError", type=ir.INT))
    )["f"]
    assert [parse("-12"), parse("+7")] == [-12, 7]
    for bad in ("", " 1", "1_0", "٣", "9223372036854775808", "1\n"):
        with pytest.raises(ValueError, match="not an integer"):
            parse(bad)


def test_a_map_reads_as_zero_where_the_source_says_so() -> None:
    t = ir.DictT(ir.STR, ir.INT, zero=True)
    lookup = ir.Intrinsic("dict.index", [ir.Name("m", type=t), ir.Name("k", type=ir.STR)], type=ir.INT)
    f = run(one("f", {"m": t, "k": ir.STR}, ir.INT, lookup))["f"]
    counts = {"a": 1}
    assert (f(counts, "a"), f(counts, "b"), counts) == (1, 0, {"a": 1})


def test_a_map_that_changes_while_it_is_iterated_is_copied_first() -> None:
    t = ir.DictT(ir.STR, ir.INT)
    m, k = ir.Name("m", type=t), ir.Name("k", type=ir.STR)
    loop = ir.For(
        ir.VarTarget("k", type=ir.STR),
        m,
        [ir.ExprStmt(ir.Intrinsic("dict.pop_optional", [m, k], type=ir.OptionalT(ir.INT)))],
    )
    f = ir.Function("f", [ir.Param("m", t)], ir.NONE, [loop])
    scope = run(ir.Module("emitted", "", [f], [], {}))
    given = {"a": 1, "b": 2}
    scope["f"](given)
    assert given == {}


def test_an_unknown_operation_is_a_hole_with_its_name() -> None:
    made = emit(one("f", {"x": ir.INT}, ir.INT, ir.Intrinsic("int.unheard_of", [X], type=ir.INT)))
    assert [h.reason for h in made.holes] == ["operation int.unheard_of in Python"]
    assert "raise NotImplementedError" in made.source


def test_names_that_python_uses_are_changed() -> None:
    total = ir.Assign(ir.VarTarget("sum", type=ir.INT), ir.Lit(1, type=ir.INT))
    f = ir.Function("f", [ir.Param("len", ir.INT), ir.Param("maxValue", ir.INT)], ir.INT, [
        total, ir.Return(ir.Intrinsic("int.add", [ir.Name("sum", type=ir.INT), ir.Name("len", type=ir.INT)], type=ir.INT)),
    ])  # fmt: skip
    made = emit(ir.Module("emitted", "", [f], [], {}))
    assert "def f(len_: int, max_value: int) -> int:\n    sum_ = 1\n    return sum_ + len_" in made.source


def test_a_text_with_every_kind_of_quote_survives() -> None:
    for text in ('"', "'", "\"'", "\\n", "\n\t", "é\x00\u2028", "{x}", '"""'):
        assert run(one("f", {}, ir.STR, ir.Lit(text, type=ir.STR)))["f"]() == text
        shown = ir.Format([ir.FormatPart(text), ir.FormatPart(value=X)], type=ir.STR)
        assert run(one("f", {"x": ir.INT}, ir.STR, shown))["f"](5) == f"{text}5"
        joined = ir.Intrinsic(
            "str.join", [ir.Lit(text, type=ir.STR), ir.Name("xs", type=ir.ListT(ir.STR))], type=ir.STR
        )
        inner = ir.Format([ir.FormatPart("<"), ir.FormatPart(value=joined), ir.FormatPart(text)], type=ir.STR)
        assert run(one("f", {"xs": ir.ListT(ir.STR)}, ir.STR, inner))["f"](["a", "b"]) == f"<a{text}b{text}"


def test_what_a_dialect_lacks_is_said() -> None:
    module = lower_module(
        "from foundation.errors import MaxRetriesExceeded\n\ndef f() -> int:\n    raise MaxRetriesExceeded('x')\n",
        "m",
    )
    made = emit(module)
    assert any("MaxRetriesExceeded" in h.reason for h in made.holes)
    with pytest.raises((KeyError, Unsupported)):
        emit(module, dialect="unheard-of")
    assert PortOptions().dialect == "foundation"


def test_a_file_is_read_as_it_is_where_the_source_does(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\r")
    path = ir.Name("path", type=ir.STR)
    module = one(
        "f", {"path": ir.STR}, ir.STR, ir.Intrinsic("file.read_text", [path], "OSError", type=ir.STR)
    )
    scopes: list[dict[str, Any]] = [{"__name__": "emitted"}, {"__name__": "emitted"}]
    exec(emit(module, of_python=False).source, scopes[0])
    exec(emit(module).source, scopes[1])
    assert scopes[0]["f"](str(tmp_path / "a.txt")) == "one\r\ntwo\r"
    assert scopes[1]["f"](str(tmp_path / "a.txt")) == "one\ntwo\n"


def test_a_text_alone_is_a_list_where_a_list_is_asked_for() -> None:
    settings = ir.Class("Settings", [ir.FieldDef("name", ir.STR)], [], dataclass=True)
    load = ir.PatternOp(
        "configuration",
        None,
        "load",
        [],
        arguments={"files": ir.Name("path", type=ir.STR)},
        type=ir.NamedT("Settings"),
    )
    f = ir.Function("f", [ir.Param("path", ir.STR)], ir.NamedT("Settings"), [ir.Return(load)])
    assert (
        "load_config(Settings, files=[path])" in emit(ir.Module("emitted", "", [settings, f], [], {})).source
    )


def test_what_a_nested_function_assigns_is_its_own_in_python(tmp_path: Path) -> None:
    agrees(
        tmp_path / "own.py",
        textwrap.dedent("""
            def total(xs: list[int]) -> int:
                i = 3

                def digits(n: int) -> int:
                    i = 0
                    for c in str(abs(n)):
                        i = i + int(c)
                    return i + sum(i for i in range(2))

                return sum([digits(x) for x in xs]) + i
            """),
        cases=4,
        differential=12,
    )
