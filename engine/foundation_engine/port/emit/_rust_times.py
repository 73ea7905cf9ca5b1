"""Dates, points in time and lengths of time in Rust: the types of the crate chrono."""

# ruff: noqa: E501 - Rust source, which its own formatter lays out.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.emit._rust_words import ADD, LOWEST, MUL, PRIMARY, UNARY
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.emit._rust_operations import Operations

TYPES: Mapping[Type, str] = {
    ir.TIME: "DateTime<Utc>",
    ir.NAIVE: "NaiveDateTime",
    ir.DATE: "NaiveDate",
    ir.DELTA: "TimeDelta",
}
NAMES = ("DateTime", "Local", "NaiveDate", "NaiveDateTime", "TimeDelta", "Utc")
# The traits of chrono, and the methods by which they are used.
TRAITS: Mapping[str, str] = {
    "Datelike": r"\.(year|month|day|weekday)\(\)",
    "Timelike": r"\.(hour|minute|second|nanosecond)\(\)",
    "SubsecRound": r"\.trunc_subsecs\(",
}
# name -> (its comment, its text, the helpers that it calls)
HELPERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "new_date": ("The date, if there is such a day.", """
fn new_date(year: i64, month: i64, day: i64) -> Option<NaiveDate> {
    let year = i32::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
    NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}
""", ()),
    "new_time": ("The date and the time of the day, of hours, minutes, seconds and microseconds, if there are such.", """
fn new_time(date: Option<NaiveDate>, clock: [i64; 4]) -> Option<NaiveDateTime> {
    let [hour, minute, second, microsecond] = clock.map(|part| u32::try_from(part).ok());
    date?.and_hms_micro_opt(hour?, minute?, second?, microsecond.filter(|part| *part < 1_000_000)?)
}
""", ()),
    "parse_time": ("The date and the time of the day that a text holds in a format, the year in four digits.", """
fn parse_time(text: &str, format: &str) -> Option<NaiveDateTime> {
    let place = format.split('%').skip(1).position(|part| part.starts_with('Y'))?;
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let blanks = |text: &str| text.chars().filter(|c| c.is_whitespace()).count();
    if numbers.get(place).map(|year| year.len()) != Some(4) || blanks(text) != blanks(format) || text.contains('+') {
        return None;
    }
    if !format.contains("%H") {
        return Some(NaiveDate::parse_from_str(text, format).ok()?.and_time(chrono::NaiveTime::MIN));
    }
    let found = NaiveDateTime::parse_from_str(text, format).ok()?;
    Some(found).filter(|time| time.and_utc().timestamp_subsec_nanos() < 1_000_000_000)
}
""", ()),
    "parse_iso": ("The date and time that a text holds in the form of ISO 8601, with the offset of UTC or with none.", """
fn parse_iso(text: &str, offset: bool) -> Option<NaiveDateTime> {
    let body = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"));
    let body = if offset { body? } else { text };
    let bytes = body.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    match (bytes.len(), body.replace(' ', "T")) {
        (10, day) if !offset => parse_time(&day, "%Y-%m-%d"),
        (16, time) => parse_time(&time, "%Y-%m-%dT%H:%M"),
        (19 | 23 | 26, time) => parse_time(&time, "%Y-%m-%dT%H:%M:%S%.f"),
        _ => None,
    }
}
""", ("parse_time",)),
    "iso_text": ("A time in the form of ISO 8601, with microseconds where it has some.", """
fn iso_text(time: NaiveDateTime, offset: &str) -> String {
    let fraction = if time.and_utc().timestamp_subsec_micros() == 0 { "" } else { "%.6f" };
    format!("{}{offset}", time.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}")))
}
""", ()),
    "microseconds": ("The whole microseconds of a length of time.", """
fn microseconds(length: TimeDelta) -> i64 {
    length.num_microseconds().expect("less than 292,000 years")
}
""", ()),
}  # fmt: skip
_UNITS: Mapping[int, str] = {
    1: "microseconds", 1_000: "milliseconds", 1_000_000: "seconds", 60_000_000: "minutes", 3_600_000_000: "hours",
    86_400_000_000: "days", 604_800_000_000: "weeks",
}  # fmt: skip
_DAY = 86_400_000_000


def operation(w: Operations, e: ir.Intrinsic) -> tuple[str, int] | None:
    """The text of an operation on times, None for another operation."""
    op, args = e.op, e.args
    if op.partition(".")[0] not in ("time", "date", "delta"):
        return None
    of = args[0].type if args else ir.NONE
    match op:
        case "time.now":
            utc = "Utc::now()" if e.type == ir.TIME else "Utc::now().naive_utc()"
            return f"{utc}.trunc_subsecs(6)", PRIMARY
        case "time.local_now":
            return "Local::now().naive_local().trunc_subsecs(6)", PRIMARY
        case "date.today":
            return "Local::now().date_naive()", PRIMARY
        case "time.make" | "date.make":
            return _made(w, e), PRIMARY
        case "time.parse":
            said = args[1]
            form = str(said.value) if isinstance(said, ir.Lit) else ""
            if "%f" in form:
                raise Unsupported(
                    "strptime of a fraction of seconds, which chrono reads in another way", form, e.line
                )
            text = f'{w.helper("parse_time")}({w.ref(args[0])}, "{form}")'
            return _read(w, e, f"{text}.map(|time| time.date())" if e.type == ir.DATE else text), PRIMARY
        case "time.parse_iso":
            zoned = "true" if e.type == ir.TIME else "false"
            text = f"{w.helper('parse_iso')}({w.ref(args[0])}, {zoned})"
            return _read(w, e, f"{text}.map(|time| time.and_utc())" if e.type == ir.TIME else text), PRIMARY
        case "date.parse_iso":
            text = f"Some({w.ref(args[0])}).filter(|text| text.len() == 10)"
            text += f".and_then(|text| {w.helper('parse_iso')}(text, false)).map(|time| time.date())"
            return _read(w, e, text), PRIMARY
        case "time.part":
            said = args[1]
            part = str(said.value) if isinstance(said, ir.Lit) else ""
            micro = "nanosecond() / 1_000" if part == "microsecond" else f"{part}()"
            return f"i64::from({w.x(args[0], PRIMARY)}.{micro})", PRIMARY
        case "time.weekday":
            return f"i64::from({w.x(args[0], PRIMARY)}.weekday().num_days_from_monday())", PRIMARY
        case "time.date":
            return f"{w.x(args[0], PRIMARY)}.{'date_naive' if of == ir.TIME else 'date'}()", PRIMARY
        case "time.as_utc":
            return f"{w.x(args[0], PRIMARY)}.and_utc()" if of == ir.NAIVE else w.x(args[0], PRIMARY), PRIMARY
        case "time.as_naive":
            return f"{w.x(args[0], PRIMARY)}.naive_utc()" if of == ir.TIME else w.x(args[0], PRIMARY), PRIMARY
        case "time.timestamp":
            return f"{w.x(args[0], PRIMARY)}.timestamp_micros() as f64 / 1e6", MUL
        case "time.isoformat" if of == ir.DATE:
            return f"{w.x(args[0], PRIMARY)}.to_string()", PRIMARY
        case "time.isoformat":
            obj = w.x(args[0], PRIMARY)
            given = f'{obj}.naive_utc(), "+00:00"' if of == ir.TIME else f'{obj}, ""'
            return f"{w.helper('iso_text')}({given})", PRIMARY
        case "time.format":
            said = args[1]
            form = str(said.value).replace("%f", "%6f") if isinstance(said, ir.Lit) else ""
            from foundation_engine.port.emit.rust import rust_string

            return f"{w.x(args[0], PRIMARY)}.format({rust_string(form)}).to_string()", PRIMARY
        case "time.add" | "delta.add":
            return f"{w.x(args[0], ADD)} + {w.x(args[1], ADD + 1)}", ADD
        case "time.sub" | "time.diff" | "date.diff" | "delta.sub":
            return f"{w.x(args[0], ADD)} - {w.x(args[1], ADD + 1)}", ADD
        case "date.add" | "date.sub":
            sign = "+" if op == "date.add" else "-"
            return f"{w.x(args[0], ADD)} {sign} {_days(w, args[1])}", ADD
        case "delta.of":
            return _length(w, args[0], args[1]), PRIMARY
        case "delta.neg":
            return f"-{w.x(args[0], PRIMARY)}", UNARY
        case "delta.mul":
            count = f"{_microseconds(w, args[0])} * {w.x(args[1], MUL + 1)}"
            return f"TimeDelta::microseconds({count})", PRIMARY
        case "delta.total_seconds":
            return f"{_microseconds(w, args[0])} as f64 / 1e6", MUL
        case "delta.days":
            if isinstance(args[0], ir.Intrinsic) and args[0].op == "date.diff":
                return f"{w.x(args[0], PRIMARY)}.num_days()", PRIMARY
            return f"{_microseconds(w, args[0])}.div_euclid({_DAY:_})", PRIMARY
        case "delta.seconds":
            return f"{_microseconds(w, args[0])}.rem_euclid({_DAY:_}) / 1_000_000", MUL
        case "delta.microseconds":
            return f"{_microseconds(w, args[0])}.rem_euclid(1_000_000)", PRIMARY
        case _:
            raise Unsupported(f"operation {op}", "", e.line)


def _microseconds(w: Operations, e: ir.Expr) -> str:
    return f"{w.helper('microseconds')}({w.x(e, LOWEST)})"


def _read(w: Operations, e: ir.Intrinsic, text: str) -> str:
    """What a text holds, or the error that it does not hold it."""
    made = w.rust.errors.value('"not a date or time of this form".to_string()', e.raises)
    return w.question(f"{text}.ok_or_else(|| {made})", e)


def _made(w: Operations, e: ir.Intrinsic) -> str:
    """A date or a point in time of its parts."""
    parts = [p.value if isinstance(p, ir.Lit) else None for p in e.args]
    texts = [w.x(p) for p in e.args]
    if None not in parts and not e.raises:
        made = f"NaiveDate::from_ymd_opt({', '.join(str(p) for p in parts[:3])})"
        if e.type != ir.DATE:
            clock = ", ".join(str(p) for p in parts[3:6])
            only = f".and_then(|day| day.and_hms_opt({clock}))"
            made += f".and_then(|day| day.and_hms_micro_opt({clock}, {parts[6]}))" if parts[6] else only
    else:
        made = f"{w.helper('new_date')}({', '.join(texts[:3])})"
        if e.type != ir.DATE:
            made = f"{w.helper('new_time')}({made}, [{', '.join(texts[3:])}])"
    if e.raises:
        failure = w.rust.errors.value('"no such date or time".to_string()', e.raises)
        made = w.question(f"{made}.ok_or_else(|| {failure})", e)
    else:
        made += '.expect("a date and a time of the day")' if e.type != ir.DATE else '.expect("a date")'
    return f"{made}.and_utc()" if e.type == ir.TIME else made


def _length(w: Operations, count: ir.Expr, unit: ir.Expr) -> str:
    size = unit.value if isinstance(unit, ir.Lit) else 1
    if isinstance(count, ir.Lit):
        total = count.value * size
        size = next(u for u in sorted(_UNITS, reverse=True) if total % u == 0 and u <= _DAY)
        return "TimeDelta::zero()" if total == 0 else f"TimeDelta::{_UNITS[size]}({total // size})"
    return f"TimeDelta::{_UNITS[size]}({w.x(count)})"


def _days(w: Operations, length: ir.Expr) -> str:
    """The whole days of a length, rounded down."""
    match length:
        case ir.Intrinsic(op="delta.of", args=[ir.Lit(value=int() as n), ir.Lit(value=int() as unit)]):
            return f"TimeDelta::days({n * unit // _DAY})"
        case ir.Intrinsic(op="delta.of", args=[_, ir.Lit(value=size)]) if size == _DAY:
            return w.x(length)
        case _:
            return f"TimeDelta::days({_microseconds(w, length)}.div_euclid({_DAY:_}))"


__all__ = ["HELPERS", "NAMES", "TRAITS", "TYPES", "operation"]
