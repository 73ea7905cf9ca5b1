"""Dates, points in time and lengths of time in Go: time.Time in UTC, and time.Duration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from foundation_engine.port import ir
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.emit.go import FunctionEmitter

POINTS = frozenset({ir.TIME, ir.NAIVE, ir.DATE})
"""The types that are time.Time."""
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
# The layout that writes what a code of Python writes. Go reads a number of one or two digits where it has no zero.
_LAYOUTS: Mapping[str, str] = {
    "Y": "2006", "m": "01", "d": "02", "H": "15", "M": "04", "S": "05", "y": "06", "j": "002",
    "b": "Jan", "B": "January",
    "a": "Mon", "A": "Monday", "I": "03", "p": "PM", "f": "000000",
}  # fmt: skip
_READ: Mapping[str, str] = {**_LAYOUTS, "m": "1", "d": "2", "M": "4", "S": "5", "f": "999999"}
_PARTS: Mapping[str, str] = {
    "year": "{}.Year()", "month": "int({}.Month())", "day": "{}.Day()", "hour": "{}.Hour()", "minute": "{}.Minute()",
    "second": "{}.Second()", "microsecond": "{}.Nanosecond() / 1000",
}  # fmt: skip
_UNITS: Mapping[int, str] = {
    1: "time.Microsecond", 1_000: "time.Millisecond", 1_000_000: "time.Second", 60_000_000: "time.Minute",
    3_600_000_000: "time.Hour", 86_400_000_000: "24 * time.Hour", 604_800_000_000: "7 * 24 * time.Hour",
}  # fmt: skip
_DAY = "24 * time.Hour"
PRIMARY, MUL, ADD, COMPARE, LOWEST = 7, 5, 4, 3, 0
_TESTS: Mapping[str, str] = {
    "eq": "{0}.Equal({1})", "ne": "!{0}.Equal({1})", "lt": "{0}.Before({1})", "gt": "{0}.After({1})",
    "le": "!{0}.After({1})", "ge": "!{0}.Before({1})",
}  # fmt: skip


def comparison(
    e: FunctionEmitter, op: str, a: ir.Expr, b: ir.Expr, unary: int, primary: int
) -> tuple[str, int]:
    """A comparison of two points in time."""
    text = _TESTS[op].format(e.x(a, primary), e.x(b))
    return text, unary if text.startswith("!") else primary


def compared(a: str, b: str, t: Type) -> str:
    """A call that gives the order of two values of a type."""
    if t in POINTS:
        plain = a if re.fullmatch(r"[\w.]+(\(\))?", a) else f"({a})"
        return f"{plain}.Compare({b})"
    return f"cmp.Compare({a}, {b})"


def _literal(e: ir.Expr) -> Any:
    """What a literal says, "" for another expression."""
    return e.value if isinstance(e, ir.Lit) else ""


def layout(text: str, reading: bool) -> str:
    """The layout of Go for a format of Python; raises Unsupported for one that has none."""
    known = _READ if reading else _LAYOUTS
    out: list[str] = []
    pieces = re.split(r"(%.)", text)
    for i, piece in enumerate(pieces):
        if not piece.startswith("%"):
            # What Go would take for a part of the date.
            if re.search(r"[0-9]|Jan|Mon|MST|PM|pm|Z07|_2|-07", piece):
                raise Unsupported("a format with digits or words that Go takes for parts of a date", text)
            out.append(piece)
            continue
        if piece == "%f" and not (i and pieces[i - 1].endswith((".", ","))):
            raise Unsupported("microseconds that follow neither a point nor a comma", text)
        out.append("%" if piece == "%%" else known[piece[1]])
    return "".join(out)


def failing(w: FunctionEmitter, e: ir.Intrinsic) -> str:
    """The text of an operation that gives a value and an error."""
    from foundation_engine.port.emit.go import go_string

    match e.op:
        case "time.make" | "date.make":
            parts = [w.x(a) for a in e.args] + ["0"] * (7 - len(e.args))
            return f"{w.helper('newTime')}({', '.join(parts)})"
        case "time.parse":
            said = e.args[1]
            made = layout(_literal(said), reading=True)
            seconds = "%S" in _literal(said) and "%f" not in _literal(said)
            w.use("time")
            if w.told or seconds:
                # Go also reads a fraction of seconds that no layout asks for.
                return f"{w.helper('parseTime')}({go_string(made)}, {w.x(e.args[0])})"
            return f"time.Parse({go_string(made)}, {w.x(e.args[0])})"
        case "date.parse_iso":
            w.use("time")
            if w.told:
                return f"{w.helper('parseTime')}(time.DateOnly, {w.x(e.args[0])})"
            return f"time.Parse(time.DateOnly, {w.x(e.args[0])})"
        case _:
            zone = "Z07:00" if e.type == ir.TIME else ""
            return f'{w.helper("parseISO")}({w.x(e.args[0])}, "{zone}")'


def operation(w: FunctionEmitter, e: ir.Intrinsic) -> tuple[str, int] | None:
    """The text of an operation on times, None for another operation."""
    from foundation_engine.port.emit._go_patterns import go_duration

    op, args = e.op, e.args
    if op.partition(".")[0] not in ("time", "date", "delta"):
        return None
    w.use("time")
    match op:
        case "time.now":
            return "time.Now().UTC().Truncate(time.Microsecond)", PRIMARY
        case "time.local_now":
            return f"{w.helper('localNow')}()", PRIMARY
        case "date.today":
            return f"{w.helper('dateOf')}({w.helper('localNow')}())", PRIMARY
        case "time.make" | "date.make":
            year, month, *rest = args
            named = f"time.{_MONTHS[month.value - 1]}" if isinstance(month, ir.Lit) else _month(w, month)
            texts = [w.x(a) for a in rest] + ["0"] * (7 - len(args))
            nanoseconds = f"{texts[4]} * 1000" if re.fullmatch(r"\w+", texts[4]) else f"({texts[4]}) * 1000"
            clock = [*texts[:4], "0" if texts[4] == "0" else nanoseconds]
            return f"time.Date({w.x(year)}, {named}, {', '.join(clock)}, time.UTC)", PRIMARY
        case "time.part":
            obj, part = args
            text = _PARTS[str(_literal(part))].format(w.x(obj, PRIMARY))
            return text, MUL if "/" in text else PRIMARY
        case "time.weekday":
            return f"(int({w.x(args[0], PRIMARY)}.Weekday()) + 6) % 7", MUL
        case "time.date":
            return f"{w.helper('dateOf')}({w.x(args[0])})", PRIMARY
        case "time.as_utc" | "time.as_naive":
            return (w.x(args[0], PRIMARY), PRIMARY)
        case "time.timestamp":
            return f"float64({w.x(args[0], PRIMARY)}.UnixMicro()) / 1e6", MUL
        case "time.isoformat" if args[0].type == ir.DATE:
            return f"{w.x(args[0], PRIMARY)}.Format(time.DateOnly)", PRIMARY
        case "time.isoformat":
            zone = "-07:00" if args[0].type == ir.TIME else ""
            return f'{w.helper("isoFormat")}({w.x(args[0])}, "{zone}")', PRIMARY
        case "time.format":
            return _in_layout(w, args[0], args[1]), PRIMARY
        case "time.add":
            return f"{w.x(args[0], PRIMARY)}.Add({w.x(args[1])})", PRIMARY
        case "time.sub":
            return f"{w.x(args[0], PRIMARY)}.Add(-{w.x(args[1], PRIMARY)})", PRIMARY
        case "time.diff" | "date.diff":
            return f"{w.x(args[0], PRIMARY)}.Sub({w.x(args[1])})", PRIMARY
        case "date.add" | "date.sub":
            return (
                f"{w.x(args[0], PRIMARY)}.AddDate(0, 0, {_days(w, args[1], op == 'date.sub')})",
                PRIMARY,
            )
        case "delta.of":
            count, size = args[0], int(_literal(args[1]))
            if isinstance(count, ir.Lit):
                if count.value and size >= 86_400_000_000:
                    return f"{count.value * (size // 86_400_000_000)} * {_DAY}", MUL
                # An untyped zero would be an int where it gives a variable its type.
                text = go_duration(count.value * size / 1e6) if count.value else "time.Duration(0)"
                return text, MUL if "*" in text else PRIMARY
            return f"time.Duration({w.x(count)}) * {_UNITS[size]}", MUL
        case "delta.add":
            return f"{w.x(args[0], ADD)} + {w.x(args[1], ADD)}", ADD
        case "delta.sub":
            return f"{w.x(args[0], ADD)} - {w.x(args[1], ADD + 1)}", ADD
        case "delta.neg":
            return f"-{w.x(args[0], PRIMARY)}", 6
        case "delta.mul":
            return f"{w.x(args[0], MUL)} * time.Duration({w.x(args[1])})", MUL
        case "delta.total_seconds":
            return f"{w.x(args[0], PRIMARY)}.Seconds()", PRIMARY
        case "delta.days":
            if isinstance(args[0], ir.Intrinsic) and args[0].op == "date.diff":
                return f"int({w.x(args[0])} / ({_DAY}))", PRIMARY
            return f"{w.helper('floorDiv')}(int({w.x(args[0])}), int({_DAY}))", PRIMARY
        case "delta.seconds":
            return (
                f"{w.helper('floorMod')}(int({w.x(args[0])}), int({_DAY})) / int(time.Second)",
                MUL,
            )
        case "delta.microseconds":
            return f"{w.helper('floorMod')}(int({w.x(args[0])}), int(time.Second)) / 1000", MUL
        case _:
            raise Unsupported(f"operation {op}", "", e.line)


def _month(w: FunctionEmitter, e: ir.Expr) -> str:
    if isinstance(e, ir.Intrinsic) and e.op == "time.part":
        return f"{w.x(e.args[0], PRIMARY)}.Month()"
    return f"time.Month({w.x(e)})"


def _days(w: FunctionEmitter, e: ir.Expr, back: bool) -> str:
    """The whole days of a length, as a day has them added or taken away."""
    match e:
        case ir.Intrinsic(op="delta.of", args=[ir.Lit(value=n), ir.Lit(value=unit)]):
            return str((-1 if back else 1) * (n * unit // 86_400_000_000))
        case ir.Intrinsic(op="delta.of", args=[number, ir.Lit(value=86_400_000_000)]):
            return f"-{w.x(number, PRIMARY)}" if back else w.x(number)
        case _:
            count = f"{w.helper('floorDiv')}(int({w.x(e)}), int({_DAY}))"
            return f"-{count}" if back else count


def _in_layout(w: FunctionEmitter, value: ir.Expr, said: ir.Expr) -> str:
    from foundation_engine.port.emit.go import go_string

    known = {
        "2006-01-02": "time.DateOnly",
        "15:04:05": "time.TimeOnly",
        "2006-01-02 15:04:05": "time.DateTime",
    }
    # Go writes an offset where its layout has one.
    zone = _literal(said).endswith("+00:00") and value.type == ir.TIME
    made = layout(_literal(said).removesuffix("+00:00") if zone else _literal(said), reading=False)
    made += "-07:00" if zone else ""
    return f"{w.x(value, PRIMARY)}.Format({known.get(made) or go_string(made)})"
