"""Python's datetime: points in time, days, and the lengths of time between them.

A point in time has the offset of UTC, or none. An annotation does not tell which; it is the one that the module makes.
"""

from __future__ import annotations

import ast
import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.front import _python_prelude as prelude
from foundation_engine.port.front._python_names import dotted
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

_Maker = Callable[["ExpressionLowerer", ast.Call], ir.Expr]
POINTS: frozenset[Type] = frozenset({ir.TIME, ir.NAIVE})
ORDERED: frozenset[Type] = frozenset({*POINTS, ir.DATE, ir.DELTA})
"""The types of this module, all of which have an order."""
_UNITS: Mapping[str, int] = {
    "weeks": 604_800_000_000, "days": 86_400_000_000, "hours": 3_600_000_000, "minutes": 60_000_000,
    "seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1,
}  # fmt: skip
_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_LEAST = (1, 1, 1, 0, 0, 0, 0)
_GREATEST = (9999, 12, 31, 23, 59, 59, 999_999)
# What languages write alike, and what they read alike.
_WRITTEN = frozenset("YmdHMSyjfbBaAIp%")
_READ = frozenset("YmdHMSf")
RANGE = (
    "Dates and times are the target's: Python's end with the year 9999, Go's lengths of time with 292 years."
)
FORMS = (
    "A text is read as a date or time where it is `YYYY-MM-DD`, `HH:MM`, seconds and their fraction, and the offset of"
    " UTC; Python also reads other forms and offsets. What a failure to read one says is the port's own."
)


def is_aware(trees: Iterable[ast.Module]) -> bool:
    """True for modules that say UTC: what they call a datetime has an offset."""
    for n in (n for tree in trees for n in ast.walk(tree)):
        match n:
            case ast.Attribute(attr="utc", value=ast.Name(id="timezone") | ast.Attribute(attr="timezone")):
                return True
            case ast.Attribute(attr="UTC", value=ast.Name()):
                return True
            case ast.ImportFrom(module="datetime", names=names) if any(a.name == "UTC" for a in names):
                return True
            case _:
                pass
    return False


def type_named(low_aware: bool, origin: tuple[str, str]) -> Type | None:
    """The type of an annotation of datetime's, None for another name."""
    known: Mapping[str, Type] = {
        "datetime": ir.TIME if low_aware else ir.NAIVE,
        "date": ir.DATE,
        "timedelta": ir.DELTA,
    }
    return known.get(origin[1]) if origin[0] == "datetime" else None


def _op(name: str, args: list[ir.Expr], t: Type, raises: str = "") -> ir.Intrinsic:
    return ir.Intrinsic(name, args, raises, type=t)


def _int(value: int) -> ir.Lit:
    return ir.Lit(value, type=ir.INT)


def _refuse(e: ast.Call, why: str = "a call with these arguments") -> Unsupported:
    return Unsupported(why, ast.unparse(e), e.lineno)


def _is_utc(low: ExpressionLowerer, node: ast.expr) -> bool:
    named = low.stdlib_name(node) or ""
    return named in ("datetime.timezone.utc", "datetime.UTC")


# Making them


def _now(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = [*e.args, *(k.value for k in e.keywords if k.arg == "tz")]
    if len(given) != len(e.args) + len(e.keywords) or len(given) > 1:
        raise _refuse(e)
    if not given:
        return _op("time.local_now", [], ir.NAIVE)
    if not _is_utc(low, given[0]):
        raise _refuse(e, "a time zone; use timezone.utc, and turn it into another where it is shown")
    return _op("time.now", [], ir.TIME)


def _local_now(_: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if e.args or e.keywords:
        raise _refuse(e)
    return _op("time.local_now", [], ir.NAIVE)


def _utc_now(_: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if e.args or e.keywords:
        raise _refuse(e)
    return _op("time.now", [], ir.NAIVE)


def _today(_: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if e.args or e.keywords:
        raise _refuse(e)
    return _op("date.today", [], ir.DATE)


def _fits(parts: list[ir.Expr]) -> bool:
    """True for literals that are a date, and a time of the day, in the year of another date or in a known one."""
    first = parts[0]
    if (
        isinstance(first, ir.Intrinsic)
        and first.op in ("int.add", "int.sub")
        and isinstance(first.args[1], ir.Lit)
    ):
        # Years from a year lead to one, but for the first and the last.
        first = first.args[0]
    if isinstance(first, ir.Intrinsic) and first.op == "time.part":
        parts = [_int(2023), *parts[1:]]
    values = [p.value for p in parts if isinstance(p, ir.Lit) and isinstance(p.value, int)]
    if len(values) != len(parts):
        return False
    try:
        datetime.date(*values[:3])
        hour, minute, second, microsecond, *_ = [*values[3:], 0, 0, 0, 0]
        datetime.time(hour, minute, second, microsecond)
    except ValueError:
        return False
    return True


def _made(parts: list[ir.Expr], t: Type) -> ir.Expr:
    return _op("date.make" if t == ir.DATE else "time.make", parts, t, "" if _fits(parts) else "ValueError")


def _given(low: ExpressionLowerer, e: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
    given = dict(zip(names, e.args, strict=False))
    for k in e.keywords:
        if k.arg is None or k.arg not in names or k.arg in given:
            raise _refuse(e)
        given[k.arg] = k.value
    if len(e.args) > len(names) or any(isinstance(a, ast.Starred) for a in e.args):
        raise _refuse(e)
    del low
    return given


def _point(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(low, e, (*_PARTS, "tzinfo"))
    zone = given.pop("tzinfo", None)
    if not {"year", "month", "day"} <= set(given):
        raise _refuse(e)
    if zone is not None and not _is_utc(low, zone):
        raise _refuse(e, "a time zone other than timezone.utc")
    low.scope.differ(RANGE)
    parts = [low.coerce(low.expr(given[n]), ir.INT) if n in given else _int(0) for n in _PARTS]
    return _made(list(parts), ir.TIME if zone is not None else ir.NAIVE)


def _day(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(low, e, _PARTS[:3])
    if len(given) != 3:
        raise _refuse(e)
    low.scope.differ(RANGE)
    return _made([low.coerce(low.expr(given[n]), ir.INT) for n in _PARTS[:3]], ir.DATE)


def _length(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    """`timedelta(...)` as the sum of its parts."""
    order = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
    given = _given(low, e, order)
    low.scope.differ(RANGE)
    out: ir.Expr | None = None
    for unit in _UNITS:
        if unit not in given:
            continue
        count = low.expr(given[unit])
        if count.type == ir.FLOAT and isinstance(count, ir.Lit) and float(count.value).is_integer():
            count = _int(int(count.value))
        if count.type == ir.FLOAT:
            if len(given) > 1:
                raise _refuse(e, "a timedelta of several parts that are floats; add one of each")
            part = prelude.call(low, "length_of", count, _int(_UNITS[unit]))
        else:
            part = _op("delta.of", [low.coerce(count, ir.INT), _int(_UNITS[unit])], ir.DELTA)
        out = part if out is None else _op("delta.add", [out, part], ir.DELTA)
    return out or _op("delta.of", [_int(0), _int(_UNITS["seconds"])], ir.DELTA)


def _format(low: ExpressionLowerer, node: ast.expr, known: frozenset[str], e: ast.AST) -> ir.Lit:
    said = low.expr(node)
    if not isinstance(said, ir.Lit) or not isinstance(said.value, str):
        # A constant of the module that holds the format.
        meant = low.scope.constant_nodes.get(dotted(node) or "")
        if not (isinstance(meant, ast.Constant) and isinstance(meant.value, str)):
            raise Unsupported("a computed format of a date or time", ast.unparse(e), node.lineno)
        said = ir.Lit(meant.value, type=ir.STR)
    codes = codes_of(said.value)
    if not codes <= known:
        told = ", ".join(f"%{c}" for c in sorted(codes - known))
        raise Unsupported(f"the code {told} in a format of a date or time", ast.unparse(e), node.lineno)
    return said


def codes_of(text: str) -> set[str]:
    """The letters behind the percent signs of a format."""
    out: set[str] = set()
    rest = iter(text)
    for c in rest:
        if c == "%":
            out.add(next(rest, ""))
    return out


def _parsed(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(low, e, ("date_string", "format"))
    if len(given) != 2:
        raise _refuse(e)
    layout = _format(low, given["format"], _READ, e)
    if not {"Y", "m", "d"} <= codes_of(layout.value):
        raise _refuse(e, "strptime of a format without a whole date")
    first, *pieces = layout.value.split("%")
    marks = first + "".join(p[1:] for p in pieces)
    if any(len(p) < 2 for p in pieces[:-1]) or not re.fullmatch(r"[-/.:, TZ_]*", marks):
        # What one number ends with must tell where the next one begins.
        raise _refuse(e, "strptime of a format whose numbers touch each other, or letters")
    low.scope.differ(FORMS)
    text = low.coerce(low.expr(given["date_string"]), ir.STR)
    return _op("time.parse", [text, layout], ir.NAIVE, "ValueError")


def _of_iso(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if len(e.args) != 1 or e.keywords:
        raise _refuse(e)
    low.scope.differ(FORMS)
    text = low.coerce(low.expr(e.args[0]), ir.STR)
    return _op("time.parse_iso", [text], ir.TIME if low.scope.aware else ir.NAIVE, "ValueError")


def _day_of_iso(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if len(e.args) != 1 or e.keywords:
        raise _refuse(e)
    low.scope.differ(FORMS)
    return _op("date.parse_iso", [low.coerce(low.expr(e.args[0]), ir.STR)], ir.DATE, "ValueError")


def _of_timestamp(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(low, e, ("timestamp", "tz"))
    if set(given) != {"timestamp", "tz"} or not _is_utc(low, given["tz"]):
        raise _refuse(e, "fromtimestamp without timezone.utc")
    low.scope.differ(RANGE)
    count = low.expr(given["timestamp"])
    start = _op("time.make", [_int(1970), _int(1), _int(1), *map(_int, _LEAST[3:])], ir.TIME)
    if count.type == ir.FLOAT:
        passed = prelude.call(low, "length_of", count, _int(_UNITS["seconds"]))
    else:
        passed = _op("delta.of", [low.coerce(count, ir.INT), _int(_UNITS["seconds"])], ir.DELTA)
    return _op("time.add", [start, passed], ir.TIME)


FUNCTIONS: Mapping[str, _Maker] = {
    "datetime.datetime": _point, "datetime.date": _day, "datetime.timedelta": _length,
    "datetime.datetime.now": _now, "datetime.datetime.utcnow": _utc_now, "datetime.datetime.today": _local_now,
    "datetime.date.today": _today, "datetime.datetime.strptime": _parsed,
    "datetime.datetime.fromisoformat": _of_iso, "datetime.date.fromisoformat": _day_of_iso,
    "datetime.datetime.fromtimestamp": _of_timestamp,
}  # fmt: skip


# Using them


def attribute(obj: ir.Expr, name: str) -> ir.Expr | None:
    """A part of a date, a time or a length; None for another attribute."""
    if (obj.type in POINTS and name in _PARTS) or (obj.type == ir.DATE and name in _PARTS[:3]):
        return _op("time.part", [obj, ir.Lit(name, type=ir.STR)], ir.INT)
    if obj.type == ir.DELTA and name in ("days", "seconds", "microseconds"):
        return _op(f"delta.{name}", [obj], ir.INT)
    return None


def method(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr, name: str) -> ir.Expr:
    """A method of a date, a time or a length."""
    t = obj.type
    plain = not e.args and not e.keywords
    if t == ir.DELTA:
        if name == "total_seconds" and plain:
            return _op("delta.total_seconds", [obj], ir.FLOAT)
        raise _refuse(e, f"method {name} of a timedelta")
    match name:
        case "isoformat" if plain:
            return _op("time.isoformat", [obj], ir.STR)
        case "isoformat" if t in POINTS and [k.arg for k in e.keywords] == ["timespec"] and not e.args:
            value = e.keywords[0].value
            if isinstance(value, ast.Constant) and value.value == "seconds":
                low.scope.differ(RANGE)
                zone = "+00:00" if t == ir.TIME else ""
                return _op("time.format", [obj, ir.Lit(f"%Y-%m-%dT%H:%M:%S{zone}", type=ir.STR)], ir.STR)
        case "strftime" if len(e.args) == 1 and not e.keywords:
            return formatted(low, obj, _format(low, e.args[0], _WRITTEN, e))
        case "weekday" if plain:
            return _op("time.weekday", [obj], ir.INT)
        case "isoweekday" if plain:
            return _op("int.add", [_op("time.weekday", [obj], ir.INT), _int(1)], ir.INT)
        case "date" if t in POINTS and plain and isinstance(obj, ir.Intrinsic) and _is_day(obj):
            obj.type = ir.DATE
            return obj
        case "date" if t in POINTS and plain:
            return _op("time.date", [obj], ir.DATE)
        case "timestamp" if t == ir.TIME and plain:
            return _op("time.timestamp", [obj], ir.FLOAT)
        case "timestamp" if t == ir.NAIVE:
            raise _refuse(
                e, "the timestamp of a datetime without a time zone, which is local time; use timezone.utc"
            )
        case "astimezone" if t == ir.TIME and len(e.args) == 1 and _is_utc(low, e.args[0]):
            return obj
        case "replace":
            return _replaced(low, e, obj)
        case _:
            pass
    raise _refuse(e, f"method {name} of a {'date' if t == ir.DATE else 'datetime'} with these arguments")


def _is_day(e: ir.Intrinsic) -> bool:
    """True for a text that is read by a format of days."""
    said = e.args[-1] if e.op == "time.parse" else None
    return isinstance(said, ir.Lit) and codes_of(said.value) == {"Y", "m", "d"}


def formatted(low: ExpressionLowerer, obj: ir.Expr, layout: ir.Lit) -> ir.Expr:
    """`obj.strftime(layout)`."""
    if obj.type == ir.DATE and codes_of(layout.value) & set("HMSfIp"):
        raise Unsupported("a time of the day in the format of a date", layout.value)
    if "%Y" in layout.value:
        low.scope.differ("A year before 1000 has four digits in every format.")
    return _op("time.format", [obj, layout], ir.STR)


def in_format(low: ExpressionLowerer, v: ir.Expr, spec: str) -> ir.Expr:
    """`f"{v:%Y-%m-%d}"`."""
    codes = codes_of(spec)
    if v.type == ir.DELTA or not codes <= _WRITTEN:
        raise Unsupported(f"format {spec} of {ir.type_text(v.type)}")
    return formatted(low, v, ir.Lit(spec, type=ir.STR))


def text(low: ExpressionLowerer, v: ir.Expr) -> ir.Expr:
    """`str(v)`."""
    if v.type == ir.DELTA:
        return prelude.call(low, "length_text", v)
    if v.type == ir.DATE:
        return _op("time.isoformat", [v], ir.STR)
    marks = [ir.Lit("T", type=ir.STR), ir.Lit(" ", type=ir.STR)]
    return _op("str.replace", [_op("time.isoformat", [v], ir.STR), *marks], ir.STR)


def _replaced(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr) -> ir.Expr:
    names = _PARTS[:3] if obj.type == ir.DATE else (*_PARTS, "tzinfo")
    if e.args:
        raise _refuse(e)
    given = _given(low, e, names)
    t = obj.type
    zone = given.pop("tzinfo", None)
    if zone is not None:
        none = isinstance(zone, ast.Constant) and zone.value is None
        if not none and not _is_utc(low, zone):
            raise _refuse(e, "a time zone other than timezone.utc")
        t = ir.NAIVE if none else ir.TIME
        if not given:
            return _op("time.as_naive" if none else "time.as_utc", [obj], t)
    low.require_pure(obj)
    parts: list[ir.Expr] = []
    certain = not {"year", "month"} & set(given)
    for n in names[: 3 if t == ir.DATE else 7]:
        if n not in given:
            parts.append(_op("time.part", [ir.unshared(obj), ir.Lit(n, type=ir.STR)], ir.INT))
            continue
        value = low.coerce(low.expr(given[n]), ir.INT)
        parts.append(value)
        at = _PARTS.index(n)
        most = 28 if n == "day" else _GREATEST[at]
        certain = certain and isinstance(value, ir.Lit) and _LEAST[at] <= value.value <= most
    return _op("date.make" if t == ir.DATE else "time.make", parts, t, "" if certain else "ValueError")


def binary(low: ExpressionLowerer, op: ast.operator, left: ir.Expr, right: ir.Expr) -> ir.Expr:
    """Arithmetic in which a date, a time or a length takes part."""
    lt, rt = left.type, right.type
    plus, minus = isinstance(op, ast.Add), isinstance(op, ast.Sub)
    low.scope.differ(RANGE)
    if plus and lt == ir.DELTA and rt in POINTS | {ir.DATE}:
        # Neither operand changes what the other one is.
        left, right, lt, rt = right, left, rt, lt
    if rt == ir.DELTA and (plus or minus):
        if lt == ir.DELTA:
            return _op("delta.add" if plus else "delta.sub", [left, right], ir.DELTA)
        if lt in POINTS or lt == ir.DATE:
            kind = "date" if lt == ir.DATE else "time"
            return _op(f"{kind}.{'add' if plus else 'sub'}", [left, right], lt)
    if minus and lt == rt and (lt in POINTS or lt == ir.DATE):
        return _op("date.diff" if lt == ir.DATE else "time.diff", [left, right], ir.DELTA)
    if isinstance(op, ast.Mult) and {lt, rt} == {ir.DELTA, ir.INT}:
        length, count = (left, right) if lt == ir.DELTA else (right, left)
        return _op("delta.mul", [length, count], ir.DELTA)
    if isinstance(op, ast.Div) and lt == rt == ir.DELTA:
        seconds = [_op("delta.total_seconds", [x], ir.FLOAT) for x in (left, right)]
        return _op("float.div", list(seconds), ir.FLOAT, "ZeroDivisionError")
    if {lt, rt} >= POINTS:
        raise Unsupported(
            "a datetime with a time zone and one without, of which Python refuses to take a difference; give both"
            " timezone.utc"
        )
    raise Unsupported(f"{type(op).__name__} of {ir.type_text(lt)} and {ir.type_text(rt)}")
