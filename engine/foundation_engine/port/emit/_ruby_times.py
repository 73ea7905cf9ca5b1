"""Dates, points in time and lengths of time in Ruby: Date, Time in UTC, and exact numbers of seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.ir import Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.emit.ruby import Emitter

HELPERS: Mapping[str, str] = {
    "new_time": """
# A point in time in UTC, where there is such a date and such a time of the day.
def new_time(year, month, day, hour = 0, minute = 0, second = 0, microsecond = 0)
  known = [year, month, day].all?(&:positive?) && year < 10_000 && Date.valid_date?(year, month, day)
  known &&= hour.between?(0, 23) && [minute, second].all? { |n| n.between?(0, 59) } && microsecond.between?(0, 999_999)
  raise ArgumentError, 'no such date or time' unless known

  Time.utc(year, month, day, hour, minute, second, microsecond)
end""",
    "new_date": """
# A date, where there is such a day.
def new_date(year, month, day)
  known = [year, month, day].all?(&:positive?) && year < 10_000 && Date.valid_date?(year, month, day)
  raise ArgumentError, 'no such date or time' unless known

  Date.new(year, month, day)
end""",
    "parse_time": """
# The time in UTC that a text holds in a format, all of whose parts the pattern looks at.
def parse_time(text, format, pattern)
  raise ArgumentError unless pattern.match?(text)

  DateTime.strptime(text, format).to_time.utc
rescue ArgumentError
  raise ArgumentError, 'not a date or time of this form'
end""",
    "parse_date": """
# The date that a text holds in a format, all of whose parts the pattern looks at.
def parse_date(text, format, pattern)
  raise ArgumentError unless pattern.match?(text)

  Date.strptime(text, format)
rescue ArgumentError
  raise ArgumentError, 'not a date or time of this form'
end""",
    "parse_iso": """
# The time in UTC that a text holds in the form of ISO 8601, with its offset or without one.
def parse_iso(text, offset)
  form = /\\A\\d{4}-\\d\\d-\\d\\d(?<time>[T ]\\d\\d:[0-5]\\d(:[0-5]\\d([.,]\\d+)?)?)?(?<offset>Z|[+-]\\d\\d:\\d\\d)?\\z/
  found = form.match(text)
  raise ArgumentError if found.nil? || found[:offset].nil? == offset || (found[:time].nil? && found[:offset])

  DateTime.iso8601(text.sub(' ', 'T')).to_time.utc
rescue ArgumentError
  raise ArgumentError, 'not a date or time of this form'
end""",
    "iso_text": """
# A time in the form of ISO 8601, with microseconds where it has some.
def iso_text(time, offset)
  time.strftime(time.usec.zero? ? '%Y-%m-%dT%H:%M:%S' : '%Y-%m-%dT%H:%M:%S.%6N') + offset
end""",
    "local_now": """
# What the clock on the wall says, as a time in UTC.
def local_now
  now = Time.now
  (now + now.utc_offset).utc.floor(6)
end""",
}
"""Methods that a port brings along where Ruby has none with exactly the meaning that is needed."""
_PARTS: Mapping[str, str] = {"minute": "min", "second": "sec", "microsecond": "usec"}
_SHAPES: Mapping[str, str] = {"Y": r"\d{4}", "M": r"[0-5]?\d", "S": r"[0-5]?\d", "f": r"\d{1,6}"}
_DAY = 86_400_000_000
PRIMARY, UNARY, MUL, ADD, LOWEST = 14, 13, 11, 10, 1


def operation(e: Emitter, n: ir.Intrinsic) -> tuple[str, int] | None:
    """The text of an operation on times, None for another operation."""
    op, args = n.op, n.args
    if op.partition(".")[0] not in ("time", "date", "delta"):
        return None
    if not op.startswith("delta.") and (
        n.type == ir.DATE or op in ("time.make", "time.parse", "time.parse_iso")
    ):
        e.ruby.requires.add("date")
    match op:
        case "time.now":
            return "Time.now.utc.floor(6)", PRIMARY
        case "time.local_now":
            return e.helper("local_now"), PRIMARY
        case "date.today":
            return "Date.today", PRIMARY
        case "time.make" | "date.make":
            parts = list(args)
            while len(parts) > 3 and isinstance(parts[-1], ir.Lit) and parts[-1].value == 0:
                parts.pop()
            kind = "date" if n.type == ir.DATE else "time"
            made = {"date": "Date.new", "time": "Time.utc"}[kind] if not n.raises else e.helper(f"new_{kind}")
            return f"{made}({', '.join(e.x(p) for p in parts)})", PRIMARY
        case "time.parse" | "date.parse_iso":
            return _parsed(e, n), PRIMARY
        case "time.parse_iso":
            return (
                f"{e.helper('parse_iso')}({e.x(args[0])}, {'true' if n.type == ir.TIME else 'false'})",
                PRIMARY,
            )
        case "time.part":
            said = args[1]
            part = str(said.value) if isinstance(said, ir.Lit) else ""
            return f"{e.x(args[0], PRIMARY)}.{_PARTS.get(part, part)}", PRIMARY
        case "time.weekday":
            return f"({e.x(args[0], PRIMARY)}.wday - 1) % 7", MUL
        case "time.date":
            e.ruby.requires.add("date")
            return f"{e.x(args[0], PRIMARY)}.to_date", PRIMARY
        case "time.as_utc" | "time.as_naive":
            return e.operand(args[0])
        case "time.timestamp":
            return f"{e.x(args[0], PRIMARY)}.to_f", PRIMARY
        case "time.isoformat" if args[0].type == ir.DATE:
            return f"{e.x(args[0], PRIMARY)}.iso8601", PRIMARY
        case "time.isoformat":
            offset = "'+00:00'" if args[0].type == ir.TIME else "''"
            return f"{e.helper('iso_text')}({e.x(args[0])}, {offset})", PRIMARY
        case "time.format":
            return f"{e.x(args[0], PRIMARY)}.strftime({_written(args[1])})", PRIMARY
        case "time.add":
            return f"{e.x(args[0], ADD)} + {e.x(args[1], MUL)}", ADD
        case "time.sub":
            return f"{e.x(args[0], ADD)} - {e.x(args[1], MUL)}", ADD
        case "time.diff":
            return f"{e.x(args[0], PRIMARY)}.to_r - {e.x(args[1], PRIMARY)}.to_r", ADD
        case "date.diff":
            return f"({e.x(args[0], ADD)} - {e.x(args[1], MUL)}).to_i * 86_400", MUL
        case "date.add" | "date.sub":
            sign = "+" if op == "date.add" else "-"
            return f"{e.x(args[0], ADD)} {sign} {_days(e, args[1], back=op == 'date.sub')}", ADD
        case "delta.of":
            return _length(e, args[0], args[1])
        case "delta.add":
            return f"{e.x(args[0], ADD)} + {e.x(args[1], ADD)}", ADD
        case "delta.sub":
            return f"{e.x(args[0], ADD)} - {e.x(args[1], MUL)}", ADD
        case "delta.neg":
            return f"-{e.x(args[0], PRIMARY)}", UNARY
        case "delta.mul":
            return f"{e.x(args[0], MUL)} * {e.x(args[1], MUL + 1)}", MUL
        case "delta.total_seconds":
            of = args[0]
            if isinstance(of, ir.Intrinsic) and of.op == "time.diff":
                return f"{e.x(of.args[0], ADD)} - {e.x(of.args[1], MUL)}", ADD
            return f"{e.x(of, PRIMARY)}.to_f", PRIMARY
        case "delta.days":
            of = args[0]
            if isinstance(of, ir.Intrinsic) and of.op == "date.diff":
                return f"({e.x(of.args[0], ADD)} - {e.x(of.args[1], MUL)}).to_i", PRIMARY
            return f"{e.x(of, PRIMARY)}.div(86_400)", PRIMARY
        case "delta.seconds":
            return f"({e.x(args[0], MUL)} % 86_400).floor", PRIMARY
        case "delta.microseconds":
            return f"({e.x(args[0], MUL)} % 1 * 1_000_000).to_i", PRIMARY
        case _:
            raise Unsupported(f"operation {op}", "", n.line)


def _length(e: Emitter, count: ir.Expr, unit: ir.Expr) -> tuple[str, int]:
    """A number of units as seconds, exactly."""
    size = unit.value if isinstance(unit, ir.Lit) else 1
    if isinstance(count, ir.Lit):
        whole, rest = divmod(count.value * size, 1_000_000)
        if rest:
            return f"Rational({e.x(ir.Lit(count.value * size, type=ir.INT))}, 1_000_000)", PRIMARY
        return e.x(ir.Lit(whole, type=ir.INT)), PRIMARY if whole >= 0 else UNARY
    if size < 1_000_000:
        return f"Rational({e.x(count)}, {e.x(ir.Lit(1_000_000 // size, type=ir.INT))})", PRIMARY
    if size == 1_000_000:
        return e.operand(count)
    return f"{e.x(count, MUL)} * {e.x(ir.Lit(size // 1_000_000, type=ir.INT))}", MUL


def _days(e: Emitter, length: ir.Expr, *, back: bool) -> str:
    """The whole days of a length, rounded down; as they are taken away, if they are."""
    match length:
        case ir.Intrinsic(op="delta.of", args=[ir.Lit(value=int() as n), ir.Lit(value=int() as unit)]):
            return e.x(ir.Lit(n * unit // _DAY, type=ir.INT), MUL)
        case ir.Intrinsic(op="delta.of", args=[count, ir.Lit(value=size)]) if size == _DAY:
            return e.x(count, MUL)
        case _:
            del back
            return f"{e.x(length, PRIMARY)}.div(86_400)"


def _written(said: ir.Expr) -> str:
    from foundation_engine.port.emit.ruby import quote

    return quote(str(said.value).replace("%f", "%6N") if isinstance(said, ir.Lit) else "")


def _parsed(e: Emitter, n: ir.Intrinsic) -> str:
    from foundation_engine.port.emit.ruby import quote

    said = n.args[1] if n.op == "time.parse" else ir.Lit("%Y-%m-%d", type=ir.STR)
    form = str(said.value) if isinstance(said, ir.Lit) else ""
    strict = n.op == "date.parse_iso"
    shape = "".join(
        (r"\d\d" if strict and p[1] != "Y" else _SHAPES.get(p[1], r"\d\d?"))
        if p.startswith("%")
        else re.escape(p)
        for p in re.split(r"(%.)", form)
    )
    shape = shape.replace(r"\-", "-").replace("/", r"\/").replace("\\ ", " ")
    helper = e.helper("parse_date" if n.type == ir.DATE else "parse_time")
    return f"{helper}({e.x(n.args[0])}, {quote(form.replace('%f', '%N'))}, /\\A{shape}\\z/)"
