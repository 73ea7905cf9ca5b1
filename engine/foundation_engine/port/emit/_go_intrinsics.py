"""Go expressions: a table from the operation catalogue to Go, and the loops that comprehensions become."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: E501 - a template of the target's code reads best on one line.
from __future__ import annotations

import copy
import math
import operator
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from foundation_engine.port import ir
from foundation_engine.port.bounds import Stored, may_be_seen_as_zero
from foundation_engine.port.emit import _go_json as go_json
from foundation_engine.port.emit import _go_times as times
from foundation_engine.port.emit import _regex as regex
from foundation_engine.port.emit._go_helpers import HELPERS
from foundation_engine.port.emit._go_maps import VIEWS, Maps
from foundation_engine.port.emit._go_room import fills_with_new
from foundation_engine.port.emit._go_times import POINTS
from foundation_engine.port.emit._json import COMPACT, encoded
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import (
    GROWING,
    at_least,
    filling_loop,
    names_its_entry,
    place,
    reads,
    stores,
)
from foundation_engine.port.texts import pieces

if TYPE_CHECKING:
    from foundation_engine.port.emit.go import GoModule

PRIMARY, UNARY, MUL, ADD, COMPARE, AND, OR, LOWEST = 7, 6, 5, 4, 3, 2, 1, 0

# operation -> (text with {n} for operands, precedence of the whole, precedence that operands need, imports)
TEMPLATES: Mapping[str, tuple[str, int, int, tuple[str, ...]]] = {
    "int.add": ("{0} + {1}", ADD, ADD, ()),
    "int.mul": ("{0} * {1}", MUL, MUL, ()),
    "int.bor": ("{0} | {1}", ADD, ADD, ()),
    "int.band": ("{0} & {1}", MUL, MUL, ()),
    "int.xor": ("{0} ^ {1}", ADD, ADD, ()),
    "int.invert": ("^{0}", UNARY, UNARY, ()),
    "int.neg": ("-{0}", UNARY, PRIMARY, ()),
    "int.to_float": ("float64({0})", PRIMARY, LOWEST, ()),
    "int.to_str": ("strconv.Itoa({0})", PRIMARY, LOWEST, ("strconv",)),
    "float.round_away": ("int(math.Round({0}))", PRIMARY, LOWEST, ("math",)),
    "float.to_plain": ("strconv.FormatFloat({0}, 'f', -1, 64)", PRIMARY, LOWEST, ("strconv",)),
    "int.chr": ("rune({0})", PRIMARY, LOWEST, ()),
    "int.gcd": ("gcd({0}, {1})", PRIMARY, LOWEST, ()),
    "int.isqrt": ("isqrt({0})", PRIMARY, LOWEST, ()),
    "int.factorial": ("factorial({0})", PRIMARY, LOWEST, ()),
    "int.bin": ('prefixedBase({0}, 2, "0b")', PRIMARY, LOWEST, ()),
    "int.hex": ('prefixedBase({0}, 16, "0x")', PRIMARY, LOWEST, ()),
    "int.oct": ('prefixedBase({0}, 8, "0o")', PRIMARY, LOWEST, ()),
    "int.abs": ("max({0}, -{0})", PRIMARY, PRIMARY, ()),
    "bool.or": ("{0} || {1}", OR, OR, ()),
    "bool.and": ("{0} && {1}", AND, AND, ()),
    "float.add": ("{0} + {1}", ADD, ADD, ()),
    "float.mul": ("{0} * {1}", MUL, MUL, ()),
    "float.neg": ("-{0}", UNARY, PRIMARY, ()),
    "float.abs": ("math.Abs({0})", PRIMARY, LOWEST, ("math",)),
    "float.pow": ("math.Pow({0}, {1})", PRIMARY, LOWEST, ("math",)),
    "float.floordiv": ("floorDivFloat({0}, {1})", PRIMARY, LOWEST, ()),
    "float.mod": ("modFloat({0}, {1})", PRIMARY, LOWEST, ()),
    "float.to_int": ("int({0})", PRIMARY, LOWEST, ()),
    "float.floor": ("int(math.Floor({0}))", PRIMARY, LOWEST, ("math",)),
    "float.ceil": ("int(math.Ceil({0}))", PRIMARY, LOWEST, ("math",)),
    "float.trunc": ("int({0})", PRIMARY, LOWEST, ()),
    "float.round": ("int(math.RoundToEven({0}))", PRIMARY, LOWEST, ("math",)),
    "float.round_to": ("roundTo({0}, {1})", PRIMARY, LOWEST, ()),
    "float.to_str": ("floatText({0})", PRIMARY, LOWEST, ()),
    "bool.to_str": ("boolText({0})", PRIMARY, LOWEST, ()),
    "bool.to_int": ("boolInt({0})", PRIMARY, LOWEST, ()),
    "float.is_nan": ("math.IsNaN({0})", PRIMARY, LOWEST, ("math",)),
    "math.pi": ("math.Pi", PRIMARY, LOWEST, ("math",)),
    "math.e": ("math.E", PRIMARY, LOWEST, ("math",)),
    "math.inf": ("math.Inf(1)", PRIMARY, LOWEST, ("math",)),
    "math.log": ("math.Log({0})", PRIMARY, LOWEST, ("math",)),
    "math.fabs": ("math.Abs({0})", PRIMARY, LOWEST, ("math",)),
    "str.concat": ("{0} + {1}", ADD, ADD, ()),
    "str.repeat": ("strings.Repeat({0}, max({1}, 0))", PRIMARY, LOWEST, ("strings",)),
    "str.upper": ("strings.ToUpper({0})", PRIMARY, LOWEST, ("strings",)),
    "str.lower": ("strings.ToLower({0})", PRIMARY, LOWEST, ("strings",)),
    "str.strip": ("strings.TrimSpace({0})", PRIMARY, LOWEST, ("strings",)),
    "str.lstrip": ("strings.TrimLeftFunc({0}, unicode.IsSpace)", PRIMARY, LOWEST, ("strings", "unicode")),
    "str.rstrip": ("strings.TrimRightFunc({0}, unicode.IsSpace)", PRIMARY, LOWEST, ("strings", "unicode")),
    "str.strip_chars": ("strings.Trim({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.lstrip_chars": ("strings.TrimLeft({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.rstrip_chars": ("strings.TrimRight({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.startswith": ("strings.HasPrefix({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.endswith": ("strings.HasSuffix({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.removeprefix": ("strings.TrimPrefix({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.removesuffix": ("strings.TrimSuffix({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.contains": ("strings.Contains({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.contains_char": ("strings.ContainsRune({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.split_ws": ("strings.Fields({0})", PRIMARY, LOWEST, ("strings",)),
    "str.split": ("strings.Split({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.join": ("strings.Join({1}, {0})", PRIMARY, LOWEST, ("strings",)),
    "str.replace": ("strings.ReplaceAll({0}, {1}, {2})", PRIMARY, LOWEST, ("strings",)),
    "str.replace_n": ("strings.Replace({0}, {1}, {2}, {3})", PRIMARY, LOWEST, ("strings",)),
    "str.count": ("strings.Count({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.find": ("runeIndex({0}, {1})", PRIMARY, LOWEST, ()),
    "str.rfind": ("runeLastIndex({0}, {1})", PRIMARY, LOWEST, ()),
    "str.byte_find": ("strings.Index({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.byte_rfind": ("strings.LastIndex({0}, {1})", PRIMARY, LOWEST, ("strings",)),
    "str.splitlines": ("splitLines({0})", PRIMARY, LOWEST, ()),
    "str.isdigit": ("allRunes({0}, unicode.IsDigit)", PRIMARY, LOWEST, ("unicode",)),
    "str.isalpha": ("allRunes({0}, unicode.IsLetter)", PRIMARY, LOWEST, ("unicode",)),
    "str.isspace": ("allRunes({0}, unicode.IsSpace)", PRIMARY, LOWEST, ("unicode",)),
    "str.isalnum": ("allRunes({0}, isAlphanumeric)", PRIMARY, LOWEST, ()),
    "str.isupper": ("isUpper({0})", PRIMARY, LOWEST, ()),
    "str.islower": ("isLower({0})", PRIMARY, LOWEST, ()),
    "str.capitalize": ("capitalize({0})", PRIMARY, LOWEST, ()),
    "str.title": ("titleCase({0})", PRIMARY, LOWEST, ()),
    "str.swapcase": ("strings.Map(swapCase, {0})", PRIMARY, LOWEST, ("strings",)),
    "str.zfill": ("zeroFill({0}, {1})", PRIMARY, LOWEST, ()),
    "str.reversed": ("reverseString({0})", PRIMARY, LOWEST, ()),
    "path.join": ("joinPath({0}, {1})", PRIMARY, LOWEST, ()),
    "json.quote": ("jsonQuote({0})", PRIMARY, LOWEST, ()),
    "json.quote_text": ("jsonQuoteText({0})", PRIMARY, LOWEST, ()),
    "json.of_bool": ("strconv.FormatBool({0})", PRIMARY, LOWEST, ("strconv",)),
    "json.item": ("jsonItems({0})[{1}]", PRIMARY, LOWEST, ()),
    "json.items": ("jsonItems({0})", PRIMARY, LOWEST, ()),
    "json.members": ("jsonMembers({0})", PRIMARY, LOWEST, ()),
    "json.has": ("jsonHas({0}, {1})", PRIMARY, LOWEST, ()),
    "json.present": ("jsonPresent({0})", PRIMARY, LOWEST, ()),
    "json.integer": ("jsonInteger({0})", PRIMARY, LOWEST, ()),
    "json.boolean": ("jsonBoolean({0})", PRIMARY, LOWEST, ()),
    "json.truthy": ("jsonTrue({0})", PRIMARY, LOWEST, ()),
    "json.number": ("jsonNumber({0})", PRIMARY, LOWEST, ()),
    "json.text": ("jsonString({0})", PRIMARY, LOWEST, ()),
    "json.to_text": ("jsonText({0})", PRIMARY, LOWEST, ()),
    "str.encode": ("[]byte({0})", PRIMARY, LOWEST, ()),
    "base64.encode": ("base64.StdEncoding.EncodeToString({0})", PRIMARY, LOWEST, ("encoding/base64",)),
    "base64.encode_url": ("base64.URLEncoding.EncodeToString({0})", PRIMARY, LOWEST, ("encoding/base64",)),
    "platform.system": ("systemName()", PRIMARY, LOWEST, ()),
    "lock.acquire": ("{0}.Lock()", PRIMARY, PRIMARY, ()),
    "lock.release": ("{0}.Unlock()", PRIMARY, PRIMARY, ()),
    "clock.now": ("time.Now()", PRIMARY, LOWEST, ("time",)),
    "clock.since": ("time.Since({0}).Seconds()", PRIMARY, LOWEST, ("time",)),
    "clock.wall": ("float64(time.Now().UnixMicro()) / 1e6", MUL, LOWEST, ("time",)),
    "clock.monotonic": ("monotonic()", PRIMARY, LOWEST, ()),
    "str.ord": ("int({0})", PRIMARY, LOWEST, ()),
    "str.ord_first": ("int(firstRune({0}))", PRIMARY, LOWEST, ()),
    "char.to_str": ("string({0})", PRIMARY, LOWEST, ()),
    "char.isdigit": ("unicode.IsDigit({0})", PRIMARY, LOWEST, ("unicode",)),
    "char.isalpha": ("unicode.IsLetter({0})", PRIMARY, LOWEST, ("unicode",)),
    "char.isspace": ("unicode.IsSpace({0})", PRIMARY, LOWEST, ("unicode",)),
    "char.isalnum": ("isAlphanumeric({0})", PRIMARY, LOWEST, ()),
    "char.isupper": ("unicode.IsUpper({0})", PRIMARY, LOWEST, ("unicode",)),
    "char.islower": ("unicode.IsLower({0})", PRIMARY, LOWEST, ("unicode",)),
    "char.upper": ("unicode.ToUpper({0})", PRIMARY, LOWEST, ("unicode",)),
    "char.lower": ("unicode.ToLower({0})", PRIMARY, LOWEST, ("unicode",)),
    "list.copy": ("slices.Clone({0})", PRIMARY, LOWEST, ("slices",)),
    "list.contains": ("slices.Contains({0}, {1})", PRIMARY, LOWEST, ("slices",)),
    "list.repeat": ("slices.Repeat({0}, max({1}, 0))", PRIMARY, LOWEST, ("slices",)),
    "list.concat": ("slices.Concat({0}, {1})", PRIMARY, LOWEST, ("slices",)),
    "list.reversed": ("reversedCopy({0})", PRIMARY, LOWEST, ()),
    "list.count": ("countOf({0}, {1})", PRIMARY, LOWEST, ()),
    "list.stride": ("stride({0}, {3})", PRIMARY, LOWEST, ()),
    "dict.copy": ("maps.Clone({0})", PRIMARY, LOWEST, ("maps",)),
    "set.copy": ("maps.Clone({0})", PRIMARY, LOWEST, ("maps",)),
    "set.union": ("setUnion({0}, {1})", PRIMARY, LOWEST, ()),
    "set.intersection": ("setIntersection({0}, {1})", PRIMARY, LOWEST, ()),
    "set.difference": ("setDifference({0}, {1})", PRIMARY, LOWEST, ()),
    "set.symmetric_difference": (
        "setUnion(setDifference({0}, {1}), setDifference({1}, {0}))",
        PRIMARY,
        LOWEST,
        (),
    ),
    "set.issubset": ("len(setDifference({0}, {1})) == 0", COMPARE, LOWEST, ()),
    "set.isdisjoint": ("len(setIntersection({0}, {1})) == 0", COMPARE, LOWEST, ()),
    "error.message": ("{0}.Error()", PRIMARY, PRIMARY, ()),
    "count_each": ("countEach({0})", PRIMARY, LOWEST, ()),
}
for _name in ("sqrt", "sin", "cos", "tan", "exp", "log2", "log10", "atan", "hypot", "atan2"):
    TEMPLATES[f"math.{_name}"] = (  # type: ignore[index]
        f"math.{_name[0].upper()}{_name[1:]}({'{0}, {1}' if _name in ('hypot', 'atan2') else '{0}'})",
        PRIMARY,
        LOWEST,
        ("math",),
    )


def _quotient(a: float, b: float) -> float:
    return a / b


# Operations of constants that Go would work out more exactly than at run time, or refuse.
_FOLDED: Mapping[str, Any] = {
    "float.add": operator.add,
    "float.sub": operator.sub,
    "float.mul": operator.mul,
    "float.div": _quotient,
    "float.neg": operator.neg,
    "float.abs": abs,
    "float.to_int": int,
    "float.trunc": int,
    "float.floor": math.floor,
    "float.ceil": math.ceil,
    "float.round": round,
    "int.to_float": float,
    "max": max,
    "min": min,
}

# Go's compiler works out constants alone, no variables.
_NOTHING_STORED = Stored([])
_NEGATED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


# What an error of the runtime carries: its type, and the field as text.
ERROR_FIELDS: Mapping[str, tuple[str, str]] = {
    "error.http_status": ("HttpStatusError", "{0}.Status"),
    "error.exit_code": ("ProcessError", "{0}.ExitCode"),
    "error.stdout": ("ProcessError", "string({0}.Stdout)"),
    "error.stderr": ("ProcessError", "string({0}.Stderr)"),
    "error.attempts": ("MaxRetriesExceeded", "{0}.Attempts"),
    "error.cause": ("MaxRetriesExceeded", "{0}.Cause"),
}


def _own_keys(e: ir.Expr, target: ir.Target) -> set[str]:
    """The loop's variables that are another value every time: the keys of a map, the elements of a set."""
    first = target.elems[0] if isinstance(target, ir.TupleTarget) else target
    whole = isinstance(e.type, ir.DictT | ir.SetT) or (isinstance(e, ir.Intrinsic) and e.op == "dict.keys")
    pairs = isinstance(e, ir.Intrinsic) and e.op == "dict.items" and isinstance(target, ir.TupleTarget)
    return {first.id} if (whole or pairs) and isinstance(first, ir.VarTarget) else set()


def _keeps_keys(e: ir.Comp) -> bool:
    """True when no two entries of a map comprehension have one key, or all have one value."""
    assert isinstance(e.elem, ir.TupleLit)
    key, value = e.elem.elems
    if isinstance(value, ir.Lit):
        return True
    clause = e.clauses[0]
    own = _own_keys(clause.iter, clause.target)
    return len(e.clauses) == 1 and isinstance(key, ir.Name) and key.id in own


class Operations(Maps):
    """Expressions; a mixin of `FunctionEmitter`, which supplies names, writing and calls."""

    go: GoModule
    names: dict[str, str]
    used: set[str]
    result: Type
    fails: bool
    handlers: list[Any]
    err_scopes: list[bool]
    wanted: str
    cls: str
    infallible: Any
    value_of: Any
    call_text: Any
    new_text: Any
    field_name: Any
    propagate: Any
    effect: Any
    any_order: bool
    lower: dict[str, int]
    checked: set[str]
    matched = ""  # the variable that holds the text of a match rather than the match
    positive: set[str]
    leaving: bool
    following: Sequence[ir.Stmt]
    counters: set[str]
    check: Any
    missing: Callable[[Type, str], str]
    told: bool
    _raising: Callable[[ir.Expr], bool]
    _counting: Any
    pure: Callable[[ir.Expr], bool]
    stepping: Any

    def x(self, e: ir.Expr, need: int = LOWEST) -> str:
        """The Go text of an expression, in parentheses when it binds less tightly than needed."""
        text, have = self._text(e)
        return f"({text})" if have < need else text

    def _text(self, e: ir.Expr) -> tuple[str, int]:
        from foundation_engine.port.emit.go import go_rune, go_string

        if (
            isinstance(e, ir.Intrinsic)
            and e.op in _FOLDED
            and (e.type == ir.FLOAT or e.op not in ("max", "min"))
            and (known := self._constant(e)) is not None
        ):
            e = ir.Lit(known, type=e.type, line=e.line)
        match e:
            case ir.Lit():
                return self._literal(e, go_string, go_rune), PRIMARY if not isinstance(
                    e.value, int | float
                ) or e.value >= 0 else UNARY
            case ir.Name():
                if e.id == "self" and self.cls:
                    return self.go.receiver(self.cls), PRIMARY
                if e.id not in self.names:
                    self.go.ported(e.id, e.line)
                if e.id in self.builders:
                    return f"{self.name(e.id)}.String()", PRIMARY
                if e.id in self.byte_chars:
                    return f"rune({self.name(e.id)})", PRIMARY
                known = e.id in self.names or e.id not in self.go.names.functions
                return (self.name(e.id) if known else self.go.function_name(e.id)), PRIMARY
            case ir.Field():
                obj = self.x(e.obj, PRIMARY)
                # A field of what a pointer points at is the pointer's.
                obj = pointer[1] if (pointer := re.fullmatch(r"\(\*(\w+)\)", obj)) else obj
                return f"{obj}.{self.field_name(e.obj, e.name)}", PRIMARY
            case ir.EnumMember():
                return self.go.enum_member(e.enum, e.member), PRIMARY
            case ir.Call() | ir.MethodCall() | ir.New() | ir.PatternOp() | ir.PatternCall():
                if self._raising(e):
                    return self.value_of(e, self._hint(e)), PRIMARY
                text, _ = self.call_text(e)
                if isinstance(e.type, ir.TupleT) and isinstance(e, ir.Call | ir.MethodCall):
                    return self.packed(text, e.type), PRIMARY
                # A composite literal needs parentheses before a selector, and in the header of a statement.
                return text, AND if isinstance(e, ir.New) and text.endswith("}") else PRIMARY
            case ir.PatternNew():
                from foundation_engine.port.emit._go_patterns import Patterns

                return Patterns(self).construct(e), PRIMARY  # type: ignore[arg-type]
            case ir.Intrinsic():
                return self._intrinsic(e)
            case ir.ListLit():
                held = e.type.elem if isinstance(e.type, ir.ListT) else ir.UNKNOWN
                return (
                    f"{self.go.type(e.type)}{{{', '.join(self.handed(v, held) for v in e.elems)}}}",
                    PRIMARY,
                )
            case ir.SetLit():
                if not e.elems:
                    return f"make({self.go.type(e.type)})", PRIMARY
                return f"{self.helper('setOf')}({', '.join(self.x(v) for v in e.elems)})", PRIMARY
            case ir.DictLit():
                return self.map_literal(e), PRIMARY
            case ir.TupleLit():
                return (
                    f"{self.go.type(e.type)}{{{', '.join(self.x(self.owned(v)) for v in e.elems)}}}",
                    PRIMARY,
                )
            case ir.Cond():
                return self._cond(e), PRIMARY
            case ir.Bool():
                return self._bool(e)
            case ir.Not():
                return self._not(e.value)
            case ir.Unwrap():
                elem = e.value.type.elem if isinstance(e.value.type, ir.OptionalT) else e.type
                if self.go.nilable(elem):
                    return self._text(e.value)
                return f"*{self.x(e.value, UNARY)}", UNARY
            case ir.Wrap():
                return self._wrap(e), PRIMARY
            case ir.Comp():
                return self._comp(e), PRIMARY
            case ir.Format():
                return self._format(e)
            case ir.Lambda():
                return self._lambda(e), PRIMARY
            case _:
                raise Unsupported(f"expression {type(e).__name__}")

    def packed(self, call: str, t: ir.TupleT, *more: str) -> str:
        """The results of a call as one value; `more` names what else it gives."""
        names = [self.fresh(h) for h in ("first", "second", "third")[: len(t.elems)]]
        self.write(f"{', '.join([*names, *more])} := {call}")
        return f"{self.go.type(t)}{{{', '.join(names)}}}"

    def _called(self, e: ir.Expr) -> str:
        from foundation_engine.port.emit._names import camel, words

        match e:
            case ir.Call(func=ir.Name(id=name)) if name not in self.names:
                last = words(name)[-1]
                return camel(last)
            case ir.Call(type=ir.BOOL):
                return "ok"
            case ir.MethodCall(method=name):
                return camel(words(name)[-1])
            case ir.New(cls=name):
                return camel(name)
            case _:
                return "value"

    def _hint(self, e: ir.Expr) -> str:
        """A name for the value of a failing expression: its class, else the last word of what is called."""
        if self.wanted:
            return self.wanted
        if isinstance(e.type, ir.NamedT):
            from foundation_engine.port.emit._names import camel

            return camel(e.type.name)
        return self._called(e)

    def _constant(self, e: ir.Expr) -> int | float | None:
        """The value of an expression of literals and constants, rounded at each step.

        Go would work it out exactly, and refuses to cut a constant such as 2.5 to an integer.
        """
        match e:
            case ir.Lit(value) if isinstance(value, int | float) and not isinstance(value, bool):
                return value
            case ir.Name():
                value = self._named_constant(e)
                return None if value is None else self._constant(value)
            case ir.Intrinsic(op, args) if op in _FOLDED:
                values = [self._constant(a) for a in args]
                if any(v is None for v in values):
                    return None
                try:
                    made: int | float = _FOLDED[op](*values)
                except (ArithmeticError, ValueError):
                    return None
                return made if abs(made) < 2**63 else None
            case _:
                return None

    def _named_constant(self, e: ir.Name) -> ir.Expr | None:
        """The value of a constant of the module."""
        found = None if e.id in self.names else self.go.module.find(e.id)
        return found.value if isinstance(found, ir.Constant) else None

    def _refused(self, divisor: ir.Expr) -> bool:
        """True for what an operator may not divide by, because the compiler may see that it is zero."""
        return may_be_seen_as_zero(divisor, self.lower, _NOTHING_STORED, self._named_constant)

    def _literal(self, e: ir.Lit, go_string: Callable[[str], str], go_rune: Callable[[str], str]) -> str:
        match e.value:
            case bool():
                return "true" if e.value else "false"
            case None:
                return "nil"
            case int():
                return str(e.value)
            case float():
                if e.value != e.value or e.value in (float("inf"), float("-inf")):
                    self.use("math")
                    return "math.NaN()" if e.value != e.value else f"math.Inf({'1' if e.value > 0 else '-1'})"
                if e.value == 0.0 and math.copysign(1, e.value) < 0:
                    # The constant -0.0 has no sign in Go.
                    self.use("math")
                    return "math.Copysign(0, -1)"
                return repr(e.value) if not e.value.is_integer() or abs(e.value) >= 1e16 else f"{e.value:.1f}"
            case str():
                return go_rune(e.value) if e.type == ir.CHAR else go_string(e.value)
            case bytes():
                return "[]byte{" + ", ".join(map(str, e.value)) + "}"
            case _:
                raise Unsupported("a literal of this kind")

    def simple(self, e: ir.Expr, hint: str) -> str:
        """The text of an expression that is named twice: a name of its own when it is not one already."""
        text = self.x(e)
        if text.isidentifier() or isinstance(e, ir.Lit) or (isinstance(e, ir.Field) and place(e) is not None):
            return text
        name = self.fresh(hint)
        self.write(f"{name} := {text}")
        return name

    def owned(self, e: ir.Expr) -> ir.Expr:
        """A slice of a list that is kept becomes a copy, because slices of Go share their elements."""
        if isinstance(e, ir.Intrinsic) and e.op == "list.slice" and not _made_here(e.args[0]):
            if self.leaving and isinstance(e.args[0], ir.Name) and self._private(e.args[0].id):
                return e
            return ir.Intrinsic("list.copy", [e], type=e.type, line=e.line)
        return e

    def _private(self, name: str) -> bool:
        """True for a list of this function that nobody else gets hold of."""
        kept = frozenset(
            {"list.index", "list.slice", "list.contains", "list.append", "list.find_or_raise", "list.sort"}
        )
        kept |= {"len", "nonempty", "sorted", "sum"}
        whole = [n for s in self.f.body for n in ir.walk(s)]
        if any(isinstance(n, ir.FuncDef | ir.Lambda | ir.PatternCall) for n in whole):
            return False
        mentions = sum(isinstance(n, ir.Name) and n.id == name for n in whole)
        for n in whole:
            match n:
                case ir.Intrinsic(op=op, args=[ir.Name(id=at), *_]) if at == name and op in kept:
                    mentions -= 1
                case ir.For(iter=ir.Name(id=at)) | ir.Clause(iter=ir.Name(id=at)) if at == name:
                    mentions -= 1
                case _:
                    pass
        made = [n.value for n in whole if isinstance(n, ir.Assign) and place(n.target) == name]
        stored = sum(isinstance(n, ir.VarTarget) and n.id == name for n in whole)
        return not mentions and len(made) == stored > 0 and all(_made_here(v) for v in made)

    # Conditions

    def _cond(self, e: ir.Cond) -> str:
        name = self.fresh(self._value_name(e))
        plain = isinstance(e.orelse, ir.Name) or (isinstance(e.orelse, ir.Lit) and e.orelse.value is not None)
        if plain and isinstance(e.type, ir.P) and e.orelse.type == e.type:
            self.write(f"{name} := {self.x(e.orelse)}")
            self.write(f"if {self.x(e.test)} {{")
            with self.indented():
                self.write(f"{name} = {self.x(e.body)}")
            self.write("}")
            return name
        self.write(f"var {name} {self.go.type(e.type)}")
        self.write(f"if {self.x(e.test)} {{")
        with self.indented():
            self.write(f"{name} = {self.x(self.owned(e.body))}")
        self.write("} else {")
        with self.indented():
            self.write(f"{name} = {self.x(self.owned(e.orelse))}")
        self.write("}")
        return name

    def _value_name(self, e: ir.Expr) -> str:
        match e.type:
            case ir.P(ir.Prim.STR):
                return "text"
            case ir.P(ir.Prim.INT) | ir.P(ir.Prim.FLOAT):
                return "number"
            case _:
                return "value"

    def _bool(self, e: ir.Bool) -> tuple[str, int]:
        op, own = ("&&", AND) if e.op == "and" else ("||", OR)
        texts: list[str] = []
        e.values = _operands(e)
        if e.op == "and":
            e.values = [v for v in e.values if not _implied(v, e.values)]
        if len(e.values) == 1:
            return self._text(e.values[0])
        for i, v in enumerate(e.values):
            known = self.err_scopes[-1]
            with self.captured() as before:
                text = self.x(v, own)
            if isinstance(v, ir.Bool) and v.op != e.op and e.op == "or":
                text = (
                    text
                    if text.startswith("(") and text.endswith(")") and _balanced(text)
                    else f"({text})"
                    if v.op == "and"
                    else text
                )
            if before and i and not self._looks_up(v, e.values):
                # What the operand needs may only run when it is reached.
                self.err_scopes[-1] = known
                name = self.fresh("ok")
                self.write(f"{name} := {f' {op} '.join(texts)}")
                self.write(f"if {name} {{" if e.op == "and" else f"if !{name} {{")
                with self.indented():
                    rest = e.values[i:]
                    test = self.x(rest[0] if len(rest) == 1 else ir.Bool(e.op, rest, type=ir.BOOL))
                    self.write(f"{name} = {test}")
                self.write("}")
                return name, PRIMARY
            self.lines.extend(before)
            # Two ways to ask for the same in the source may be one here, and vet refuses to ask twice.
            if text not in texts or any(
                isinstance(n, ir.Call | ir.MethodCall | ir.PatternOp) for n in ir.walk(v)
            ):
                texts.append(text)
        return f" {op} ".join(texts), own

    def _looks_up(self, e: ir.Expr, beside: list[ir.Expr]) -> bool:
        """True for a search in maps and sets that may as well be made when its answer is not needed."""
        absent = any(
            isinstance(n, ir.Intrinsic) and n.op in ("is_none", "is_some") for v in beside for n in ir.walk(v)
        )
        return all(
            isinstance(n, ir.Lit | ir.Not)
            or (isinstance(n, ir.Name) and not (absent and self.ordered(n.type)))
            or (isinstance(n, ir.Intrinsic) and n.op in ("dict.contains", "set.contains"))
            for n in ir.walk(e)
        )

    def negated(self, e: ir.Expr) -> str:
        """The text of the negation."""
        return self.x(ir.Not(e, type=ir.BOOL))

    def _not(self, e: ir.Expr) -> tuple[str, int]:
        match e:
            case ir.Not(value=inner):
                return self._text(inner)
            case ir.Lit(value=bool() as v):
                return ("false" if v else "true"), PRIMARY
            case ir.Intrinsic(op=op) if op in _COMPARISONS and not (
                op not in ("eq", "ne") and ir.FLOAT in (a.type for a in e.args)
            ):
                flip = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}[op]
                return self._text(ir.Intrinsic(flip, e.args, type=ir.BOOL, line=e.line))
            case ir.Intrinsic(op="is_none" | "is_some", args=args):
                other = "is_some" if e.op == "is_none" else "is_none"
                return self._text(ir.Intrinsic(other, args, type=ir.BOOL))
            case ir.Intrinsic(op="nonempty", args=[ir.Name(id=name)]) if name in self.builders:
                return f"{self.name(name)}.Len() == 0", COMPARE
            case ir.Intrinsic(op="nonempty", args=[v]):
                return f"{self._length(v)} == 0", COMPARE
            case ir.Intrinsic(op="str.first_is" | "str.last_is"):
                return self.edge_text(e, "!="), COMPARE
            case ir.Intrinsic(op="char.isalnum", args=[ir.Name() as char]):
                self.use("unicode")
                name = self.x(char)
                return f"!unicode.IsLetter({name}) && !unicode.IsNumber({name})", AND
            case ir.Bool(op=op, values=values) if all(isinstance(v, ir.Not | ir.Intrinsic) for v in values):
                flipped = ir.Bool(
                    "or" if op == "and" else "and", [ir.Not(v, type=ir.BOOL) for v in values], type=ir.BOOL
                )
                return self._text(flipped)
            case _:
                text = self.x(e, UNARY)
                return text[1:] if text.startswith("!") else f"!{text}", UNARY

    def _wrap(self, e: ir.Wrap) -> str:
        t = e.type.elem if isinstance(e.type, ir.OptionalT) else e.value.type
        if self.go.nilable(t):
            return self.x(e.value)
        if isinstance(e.value, ir.Unwrap):
            return self.x(e.value.value)
        text = self.x(e.value)
        if text.isidentifier() and isinstance(
            e.value, ir.Call | ir.MethodCall | ir.PatternOp | ir.PatternCall
        ):
            return f"&{text}"
        name = self.fresh(self._value_name(e.value))
        if isinstance(e.value, ir.Lit) and t == ir.FLOAT:
            self.write(f"var {name} float64 = {text}")
        else:
            self.write(f"{name} := {text}")
        return f"&{name}"

    # Intrinsics

    def _length(self, v: ir.Expr) -> str:
        if v.type == ir.STR:
            return self.text_length(v)
        if isinstance(v, ir.Intrinsic) and v.op == "to_set" and isinstance(v.type, ir.SetT):
            return f"len({self._set(v)})"
        return f"len({self.table(v) if self.ordered(v.type) else self.x(v)})"

    def _intrinsic(self, e: ir.Intrinsic) -> tuple[str, int]:
        op, args = e.op, e.args
        if op in _COMPARISONS:
            if args[0].type in POINTS:
                return times.comparison(self, op, args[0], args[1], UNARY, PRIMARY)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            return self._comparison(op, args)
        if e.raises and e.raises not in ir.PROGRAM_ERRORS:
            return self.value_of(
                e, {"int": "number"}.get(str(e.type.kind.value) if isinstance(e.type, ir.P) else "", "value")
            ), PRIMARY
        if (of_time := times.operation(self, e)) is not None:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            return of_time
        if op in ERROR_FIELDS:
            # The error is known by its class only, so what it carries is looked for in its chain.
            kind, text = ERROR_FIELDS[op]
            package, err = self.go.errors_package(), self.x(args[0])
            name = self.fresh("failure")
            self.write(f"var {name} *{package}.{kind}")
            self.write(f"{package}.As({err}, &{name})")
            return text.format(name), PRIMARY
        if op.startswith("regex."):
            return regex.go(self, e), PRIMARY
        if op in ("json.of", "json.is", "json.get_or"):
            return go_json.operation(self, e)
        if op == "json.to_text":
            self.helper("floatText")
        if op == "json.members" and self.ordered(e.type):
            raise Unsupported("the order of the entries of a JSON object", "", e.line)
        if op == "json.generate":
            return self._text(encoded(args[0], self.ordered, COMPACT))
        if op == "json.dumps":
            return self._text(encoded(args[0], self.ordered))
        found = self._of_a_pattern(op, args)
        if found is not None:
            return found, PRIMARY
        if (
            op == "str.join"
            and isinstance(args[0], ir.Lit)
            and not args[0].value
            and isinstance(args[1], ir.Comp)
        ):
            return self.joined(args[1]), PRIMARY
        if op == "str.join" and isinstance(args[1], ir.Comp) and (text := self.in_pieces(args[1], args[0])):
            return text, PRIMARY
        match args:
            case [before, ir.Intrinsic(op="str.join", args=[ir.Lit(value=""), ir.Comp() as texts])] if (
                op == "str.concat"
            ):
                return self.joined(texts, pieces(before)), PRIMARY
            case _:
                pass
        if (
            op == "str.join"
            and isinstance(args[1], ir.Intrinsic)
            and args[1].op == "to_list"
            and (keys := self.keys_of(args[1].args[0]))
        ):
            self.use("strings")
            return f"strings.Join({keys}, {self.x(args[0])})", PRIMARY
        single = op == "str.swapcase" and isinstance(args[0], ir.Intrinsic) and args[0].op == "char.to_str"
        if op == "count_each" and self.ordered(e.type) and isinstance(args[0].type, ir.ListT):
            self.go.type(e.type)
            return f"{self.helper('countInOrder')}({self.x(args[0])})", PRIMARY
        if op == "dict.copy" and self.ordered(args[0].type):
            return self.cloned(args[0]), PRIMARY
        match args:
            case [ir.Intrinsic(op="int.pow", args=[ir.Lit(value=2), exponent])] if op == "int.to_float":
                # A shift of a constant would take the type around it, which is no integer.
                self.use("math")
                return f"math.Ldexp(1, {self.x(exponent)})", PRIMARY
            case _:
                pass
        match op, args:
            case "char.isalnum", [ir.Name() as char]:
                # What the compiler puts in place is quicker than a call.
                self.use("unicode")
                name = self.x(char)
                return f"unicode.IsLetter({name}) || unicode.IsNumber({name})", OR
            case "str.contains_char", [ir.Lit(value=str(letters)), ir.Name() as char] if (
                1 < len(letters) <= 3
            ):
                tests = (ir.Intrinsic("eq", [char, ir.Lit(c, type=ir.CHAR)], type=ir.BOOL) for c in letters)
                return " || ".join(self.x(t, COMPARE) for t in tests), OR
            case _:
                pass
        if op == "str.ord" and (byte := self.byte_text(args[0])) is not None:
            return f"int({byte})", PRIMARY
        if op in TEMPLATES and not single and not (op == "list.contains" and self._wide(args[0])):
            return self._template(op, args)
        match op:
            case "len":
                return self._length(args[0]), PRIMARY
            case "nonempty" if isinstance(args[0], ir.Name) and args[0].id in self.builders:
                return f"{self.name(args[0].id)}.Len() > 0", COMPARE
            case "nonempty":
                return f"{self._length(args[0])} > 0" if args[
                    0
                ].type != ir.STR else f'{self.x(args[0], COMPARE)} != ""', COMPARE
            case "is_none":
                return f"{self.x(args[0], COMPARE + 1)} == nil", COMPARE
            case "is_some":
                return f"{self.x(args[0], COMPARE + 1)} != nil", COMPARE
            case "int.sub" | "float.sub":
                return f"{self.x(args[0], ADD)} - {self.x(args[1], ADD + 1)}", ADD
            case "int.shl" | "int.shr":
                return (
                    f"{self.x(args[0], MUL)} {'<<' if op == 'int.shl' else '>>'} {self.x(args[1], MUL + 1)}",
                    MUL,
                )
            case "int.truncdiv" | "int.rem":
                divisor = self._divisor(args[1], self._refused(args[1]))
                return f"{self.x(args[0], MUL)} {'/' if op == 'int.truncdiv' else '%'} {divisor}", MUL
            case "float.quotient":
                divisor = self._divisor(args[1], self._constant(args[1]) == 0)
                return f"{self.x(args[0], MUL)} / {divisor}", MUL
            case "str.char_at":
                return f"{self.helper('runeAt')}({self.x(args[0])}, {self.x(args[1])})", PRIMARY
            case "list.again":
                items = "".join(f", {self.x(v)}" for v in args[1:])
                return f"append({self.x(args[0])}[:0]{items})" if items else f"{self.x(args[0])}[:0]", PRIMARY
            case "list.room":
                return f"make({self.go.type(e.type)}, 0, len({self.x(args[0])}))", PRIMARY
            case "char.table":
                return f"{self.x(args[0])}({self.x(args[1])})", PRIMARY
            case "str.byte_char":
                return f"{self.x(args[0], PRIMARY)}[{self.x(args[1])}]", PRIMARY
            case "str.width_at":
                return f"{self.helper('runeWidth')}({self.x(args[0])}, {self.x(args[1])})", PRIMARY
            case "str.ahead":
                return (
                    f"{self.helper('ahead')}({self.x(args[0])}, {self.x(args[1])}, {self.x(args[2])})",
                    PRIMARY,
                )
            case "str.byte_find_from" | "str.byte_find_on":
                return f"{self.helper('indexFrom')}({', '.join(map(self.x, args))})", PRIMARY
            case "str.cut":
                return self.slice_text(self.x(args[0], PRIMARY), args[1], args[2]), PRIMARY
            case "str.byte_len":
                return f"len({self.x(args[0])})", PRIMARY
            case "char.byte_len":
                self.use("unicode/utf8")
                return f"utf8.RuneLen({self.x(args[0])})", PRIMARY
            case "str.byte_slice" if not e.raises:
                low, high = ("" if isinstance(a, ir.Lit) and a.value is None else self.x(a) for a in args[1:])
                return f"{self.x(args[0], PRIMARY)}[{low}:{high}]", PRIMARY
            case "str.rpartition":
                self.go.type(e.type)
                return f"{self.helper('rpartition')}({self.x(args[0])}, {self.x(args[1])})", PRIMARY
            case "dict.pop_optional" if isinstance(e.type, ir.OptionalT) and not self.go.nilable(e.type.elem):
                helper = self.helper("poppedInOrder" if self.ordered(args[0].type) else "popped")
                return f"{helper}({self.x(args[0])}, {self.x(args[1])})", PRIMARY
            case "env.get":
                return f"{self.helper('lookupEnv')}({self.x(args[0])})", PRIMARY
            case "path.which":
                return f"{self.helper('which')}({self.x(args[0])})", PRIMARY
            case "hash.hex":
                return self._digest(e)
            case "hmac.hex":
                return self._digest(e)
            case "env.get_or":
                if isinstance(args[1], ir.Lit) and args[1].value == "":
                    self.use("os")
                    return f"os.Getenv({self.x(args[0])})", PRIMARY
                return f"{self.helper('envOr')}({self.x(args[0])}, {self.x(args[1])})", PRIMARY
            case "int.floordiv" | "int.mod":
                return self._division(e)
            case "float.div":
                return self._float_division(args)
            case "int.pow":
                base, exponent = args
                if isinstance(base, ir.Lit) and base.value == 2:
                    return f"1 << {self.x(exponent, MUL + 1)}", MUL
                if isinstance(exponent, ir.Lit) and exponent.value == 2 and place(base) is not None:
                    return f"{self.x(base, MUL)} * {self.x(base, MUL + 1)}", MUL
                return f"{self.helper('intPow')}({self.x(base)}, {self.x(exponent)})", PRIMARY
            case "list.index" if (part := self._first_part(args)) is not None:
                return part, PRIMARY
            case "list.index":
                if isinstance(args[0], ir.Name | ir.Field):
                    obj = self.x(args[0], PRIMARY)
                else:
                    obj = (
                        self.simple(args[0], "items") if self.from_end(args[1]) else self.x(args[0], PRIMARY)
                    )
                return f"{obj}[{self.index_text(obj, args[1])}]", PRIMARY
            case "str.index":
                return self.string_index(e), PRIMARY
            case "str.rsplit_n":
                if not all(isinstance(a, ir.Lit) and (a.value == 0 or a.value) for a in args[1:]):
                    raise Unsupported("a split from the end by a computed separator or count")
                return f"{self.helper('splitLast')}({', '.join(self.x(a) for a in args)})", PRIMARY
            case "str.split_n":
                self.use("strings")
                n = args[2]
                limit = str(n.value + 1) if isinstance(n, ir.Lit) else f"{self.x(n, ADD)}+1"
                return f"strings.SplitN({self.x(args[0])}, {self.x(args[1])}, {limit})", PRIMARY
            case "str.slice":
                return self.string_slice(e), PRIMARY
            case "str.first_is" | "str.last_is":
                return self.edge_text(e, "=="), COMPARE
            case "str.swapcase" if isinstance(args[0], ir.Intrinsic):
                return f"string({self.helper('swapCase')}({self.x(args[0].args[0])}))", PRIMARY
            case "list.slice":
                return self._list_slice(args), PRIMARY
            case "str.ljust" | "str.rjust" | "str.ljust_char" | "str.rjust_char":
                text = self.simple(args[0], "text") if not isinstance(args[0], ir.Name) else self.x(args[0])
                pad = self._padding(text, args)
                return (f"{text} + {pad}" if op.startswith("str.ljust") else f"{pad} + {text}"), ADD
            case "str.padding":
                return self._padding(self.x(args[0]), args), PRIMARY
            case "str.stride":
                raise Unsupported("a string slice with a step")
            case "tuple.index":
                if isinstance(args[0], ir.TupleLit) and isinstance(args[1], ir.Lit):
                    return self._text(args[0].elems[int(args[1].value)])
                assert isinstance(args[1], ir.Lit)
                if len(args[0].type.elems if isinstance(args[0].type, ir.TupleT) else ()) not in (2, 3):
                    raise Unsupported("a tuple of more than three values")
                return f"{self.x(args[0], PRIMARY)}.{('First', 'Second', 'Third')[args[1].value]}", PRIMARY
            case "dict.index":
                return f"{self.table(args[0])}[{self.x(args[1])}]", PRIMARY
            case "dict.contains" | "set.contains":
                name = self.fresh("ok")
                self.write(f"_, {name} := {self.table(args[0])}[{self.x(args[1])}]")
                return name, PRIMARY
            case "dict.get_or":
                return self._get_or(args), PRIMARY
            case "dict.get":
                return self._get(e), PRIMARY
            case "dict.pop_or":
                return self._pop_or(args), PRIMARY
            case "dict.union":
                name = self.fresh("merged")
                self._union(e, name)
                return name, PRIMARY
            case "dict.setdefault":
                obj, key = self.table(args[0]), self.simple(args[1], "key")
                self.write(f"if _, ok := {obj}[{key}]; !ok {{")
                with self.indented():
                    self.store(args[0], key, self.x(args[2]))
                self.write("}")
                return f"{obj}[{key}]", PRIMARY
            case "list.pop" | "list.pop_at":
                return self.taken_out(args, op), PRIMARY
            case "list.contains":
                raise Unsupported("membership of a value that Go cannot compare")
            case "max" | "min":
                if e.type == ir.STR or e.type in (ir.INT, ir.FLOAT):
                    return f"{op}({', '.join(self.x(a) for a in args)})", PRIMARY
                raise Unsupported(f"{op} of {ir.type_text(e.type)}")
            case "max_of" | "min_of":
                return self._extreme(e), PRIMARY
            case "sum":
                return self._sum(e), PRIMARY
            case "any" | "all":
                return self._quantifier(e), PRIMARY
            case "sorted":
                return self._sorted(e), PRIMARY
            case "to_list":
                return self._to_list(args[0], e.type), PRIMARY
            case "tuple.to_list":
                raise Unsupported("a tuple used as a list")
            case "to_set":
                return self._set(e), PRIMARY
            case "enum.value":
                d = self.go.module.find(args[0].type.name) if isinstance(args[0].type, ir.NamedT) else None
                if isinstance(d, ir.EnumClass) and (
                    d.string_valued or all(isinstance(v, int) for _, v in d.members)
                ):
                    return f"{'string' if d.string_valued else 'int'}({self.x(args[0])})", PRIMARY
                raise Unsupported("the value of an enum member")
            case "print":
                self.use("fmt")
                return f"fmt.Println({self.x(args[0])})", PRIMARY
            case "wrap" | "from_end" | "bound":
                raise Unsupported("a position outside of an index")
            case "reversed" | "enumerate" | "zip" | "range" | "dict.keys" | "dict.values" | "dict.items":
                raise Unsupported("an iterator that is stored or passed on")
            case _ if op.startswith("tuple."):
                return self._lexicographic(op.partition(".")[2], args)
            case _:
                raise Unsupported(f"operation {op} in Go")

    def _first_part(self, args: list[ir.Expr]) -> str | None:
        """What stands before a separator, which needs no list of parts; None for any other element."""
        match args:
            case [
                ir.Intrinsic(op="str.split", args=[whole, ir.Lit(value=str(separator)) as at])
                | ir.Intrinsic(
                    op="str.split_n", args=[whole, ir.Lit(value=str(separator)) as at, ir.Lit(value=1)]
                ),
                ir.Lit(value=0),
            ] if separator:
                self.use("strings")
                text = f"strings.Cut({self.x(whole)}, {self.x(at)})"
                name = self.fresh("before")
                self.write(f"{name}, _, _ := {text}")
                return name
            case _:
                return None

    def _template(self, op: str, args: list[ir.Expr]) -> tuple[str, int]:
        text, own, need, imports = TEMPLATES[op]
        if op == "list.stride":
            low, high = args[1], args[2]
            if not (isinstance(low, ir.Lit) and isinstance(high, ir.Lit) and high.value is None):
                raise Unsupported("a slice with a step and bounds")
            inner = ir.Intrinsic("list.slice", args[:3], type=args[0].type) if low.value else args[0]
            return f"{self.helper('stride')}({self.x(inner)}, {self.x(args[3])})", PRIMARY
        if op == "list.repeat" and isinstance(args[0], ir.ListLit) and len(args[0].elems) == 1:
            made = self._filled(args[0].elems[0], args[1])
            if made is not None:
                return made, PRIMARY
            if not isinstance(args[0].elems[0].type, ir.P):
                raise Unsupported("a list that repeats one object")
        if op == "int.abs":
            inner = self.simple(args[0], "number") if not isinstance(args[0], ir.Lit) else self.x(args[0])
            return f"max({inner}, -{inner})" if not inner.startswith("-") else inner[1:], PRIMARY
        if (
            op in ("list.count", "count_each")
            and isinstance(args[0].type, ir.ListT)
            and not self._comparable(args[0].type.elem)
        ):
            raise Unsupported("counting values that Go cannot compare")
        if op == "count_each" and args[0].type == ir.STR:
            raise Unsupported("counting the characters of a string")
        for package in imports:
            self.use(package)
        for helper in HELPERS:
            if f"{helper}(" in text or f", {helper})" in text or f"({helper}," in text:
                self.helper(helper)
        operands: list[str] = []
        for i, a in enumerate(args):
            regroups = i > 0 and need in (MUL, ADD) and _regroups(op, a)
            operands.append(self.x(a, need + 1 if regroups else need))
        return text.format(*operands), own

    def _filled(self, elem: ir.Expr, count: ir.Expr) -> str | None:
        """`[0] * n` is a made slice."""
        if isinstance(elem, ir.Lit) and elem.value in (0, 0.0, False, "") and isinstance(elem.type, ir.P):
            n = self.x(count)
            low = isinstance(count, ir.Intrinsic) and count.op == "len"
            return f"make([]{self.go.type(elem.type)}, {n if low or isinstance(count, ir.Lit) else f'max({n}, 0)'})"
        return None

    def _comparison(self, op: str, args: list[ir.Expr]) -> tuple[str, int]:
        a, b = args
        t = a.type
        sign = _COMPARISONS[op]
        match t:
            case ir.ListT(elem):
                if isinstance(b, ir.ListLit) and not b.elems:
                    return f"len({self.x(a)}) {sign} 0", COMPARE
                ascending = self._ascending(op, a, b) or self._ascending(op, b, a)
                if ascending is not None:
                    return ascending, UNARY if op == "ne" else PRIMARY
                if not self._comparable(elem):
                    raise Unsupported("equality of nested lists")
                if isinstance(b, ir.Intrinsic) and b.op == "list.reversed" and ir.same(a, b.args[0]):
                    text = f"{self.helper('symmetric')}({self.x(a)})"
                    return (f"!{text}", UNARY) if op == "ne" else (text, PRIMARY)
                self.use("slices")
                return (
                    f"{'!' if op == 'ne' else ''}slices.Equal({self.x(a)}, {self.x(b)})",
                    UNARY if op == "ne" else PRIMARY,
                )
            case ir.DictT(_, value):
                if not self._comparable(value):
                    raise Unsupported("equality of nested maps")
                self.use("maps")
                return (
                    f"{'!' if op == 'ne' else ''}maps.Equal({self.table(a)}, {self.table(b)})",
                    UNARY if op == "ne" else PRIMARY,
                )
            case ir.SetT():
                self.use("maps")
                return (
                    f"{'!' if op == 'ne' else ''}maps.Equal({self.x(a)}, {self.x(b)})",
                    UNARY if op == "ne" else PRIMARY,
                )
            case ir.NamedT(name) if isinstance(self.go.module.find(name), ir.Class):
                d = self.go.module.find(name)
                if not self._comparable(t) or not isinstance(d, ir.Class) or not d.frozen:
                    raise Unsupported(f"equality of {name}")
            case ir.TupleT() if not self._comparable(t):
                raise Unsupported("equality of tuples that hold lists")
            case ir.OptionalT(elem) if isinstance(b.type, ir.OptionalT):
                enum = isinstance(elem, ir.NamedT) and isinstance(
                    self.go.module.find(elem.name), ir.EnumClass
                )
                if not isinstance(elem, ir.P) and not enum:
                    raise Unsupported("equality of values that may be nil")
                text = f"{self.helper('sameValue')}({self.x(a)}, {self.x(b)})"
                return (f"!{text}", UNARY) if op == "ne" else (text, PRIMARY)
            case ir.P(ir.Prim.STR) if op in ("eq", "ne"):
                if isinstance(a, ir.Name) and a.id in self.builders and self.go.is_zero(b):
                    return f"{self.name(a.id)}.Len() {sign} 0", COMPARE
                if isinstance(b, ir.Intrinsic) and b.op == "str.reversed" and ir.same(a, b.args[0]):
                    text = f"{self.helper('symmetric')}({self.code_points_of(a)})"
                    return (f"!{text}", UNARY) if op == "ne" else (text, PRIMARY)
            case _:
                pass
        # n % 2 == 1 holds for every odd number only where the remainder has the divisor's sign.
        if op in ("eq", "ne") and isinstance(a, ir.Intrinsic) and a.op == "int.mod" and isinstance(b, ir.Lit):
            divisor = a.args[1]
            if b.value == 0:
                return f"{self.x(a.args[0], MUL)}%{self.x(divisor, MUL + 1)} {sign} 0", COMPARE
            if b.value == 1 and isinstance(divisor, ir.Lit) and divisor.value == 2:
                return f"{self.x(a.args[0], MUL)}%2 {_NEGATED[sign]} 0", COMPARE
        if (
            isinstance(a, ir.Intrinsic)
            and a.op == "len"
            and a.args[0].type == ir.STR
            and isinstance(b, ir.Lit)
            and b.value == 0
            and op in ("eq", "ne", "gt")
        ):
            return f'{self.x(a.args[0], COMPARE + 1)} {"==" if op == "eq" else "!="} ""', COMPARE
        if t == ir.CHAR and (bytes_ := self._bytes(a, b)) is not None:
            return f"{bytes_[0]} {sign} {bytes_[1]}", COMPARE
        if t == ir.STR and op in ("eq", "ne") and (same := self.same_slices(a, b)) is not None:
            return (same, PRIMARY) if op == "eq" else (f"!{same}", UNARY)
        left, right = self.x(a, COMPARE + 1), self.x(b, COMPARE + 1)
        if right.endswith("}") and right[0].isalpha():
            right = f"({right})"
        return f"{left} {sign} {right}", COMPARE

    def _bytes(self, a: ir.Expr, b: ir.Expr) -> tuple[str, str] | None:
        """Two characters as bytes, where both are ASCII."""
        texts: list[str] = []
        for e in (a, b):
            if isinstance(e, ir.Lit) and str(e.value).isascii():
                texts.append(self.x(e))
            elif (byte := self.byte_text(e)) is not None:
                texts.append(byte)
            elif isinstance(e, ir.Intrinsic) and e.op == "str.char_at":
                # Every byte of another character is above all of ASCII.
                texts.append(f"{self.x(e.args[0], PRIMARY)}[{self.x(e.args[1])}]")
            else:
                return None
        return texts[0], texts[1]

    def _ascending(self, op: str, a: ir.Expr, b: ir.Expr) -> str | None:
        """`xs == sorted(xs)`, which needs no second list; None for any other comparison of lists."""
        match b:
            case ir.Intrinsic(op="sorted", args=[source, ir.Lit(), ir.Lit(value=reverse)]) if ir.same(
                a, source
            ):
                pass
            case _:
                return None
        assert isinstance(a.type, ir.ListT)
        if a.type.elem not in (ir.INT, ir.STR) or place(a) is None:
            return None
        self.use("slices")
        xs, negation = self.x(a), "!" if op == "ne" else ""
        if not reverse:
            return f"{negation}slices.IsSorted({xs})"
        self.use("cmp")
        elem = self.go.type(a.type.elem)
        return f"{negation}slices.IsSortedFunc({xs}, func(a, b {elem}) int {{ return cmp.Compare(b, a) }})"

    def _comparable(self, t: Type) -> bool:
        match t:
            case ir.P():
                return t not in (ir.BYTES, ir.ANY)
            case ir.TupleT(elems):
                return all(self._comparable(e) for e in elems)
            case ir.NamedT(name):
                d = self.go.module.find(name)
                if isinstance(d, ir.EnumClass):
                    return True
                return (
                    isinstance(d, ir.Class) and d.frozen and all(self._comparable(f.type) for f in d.fields)
                )
            case _:
                return False

    def _wide(self, e: ir.Expr) -> bool:
        return isinstance(e.type, ir.ListT) and not self._comparable(e.type.elem)

    def _lexicographic(self, op: str, args: list[ir.Expr]) -> tuple[str, int]:
        a, b = args
        assert isinstance(a, ir.TupleLit)
        assert isinstance(b, ir.TupleLit)
        self.use("cmp")
        parts = ", ".join(
            times.compared(self.x(p), self.x(q), p.type) for p, q in zip(a.elems, b.elems, strict=True)
        )
        return f"cmp.Or({parts}) {_COMPARISONS[op]} 0", COMPARE

    def _nonnegative(self, e: ir.Expr) -> bool:
        match e:
            case ir.Lit(value=int() as v):
                return v >= 0
            case ir.Intrinsic(
                op="len" | "str.ord" | "int.abs" | "list.count" | "str.count" | "str.ord_first"
            ):
                return True
            case ir.Intrinsic(op="int.add" | "int.mul" | "int.floordiv", args=args):
                return all(map(self._nonnegative, args))
            case ir.Intrinsic(op="int.mod", args=[_, d]):
                return isinstance(d, ir.Lit) and d.value > 0
            case ir.Intrinsic(op="sum", args=[ir.Comp(elem=ir.Lit(value=int() as v))]):
                return v >= 0
            case ir.Intrinsic(op="int.sub", args=[ir.Name(id=name), ir.Lit(value=1)]):
                return name in self.positive or self.lower.get(name) == 1
            case ir.Name(id=name):
                return name in self.lower or name in self.positive or self._counts_up(name)
            case _:
                return False

    def _counts_up(self, name: str) -> bool:
        """True for the variable of a range from a number that is not negative, assigned nowhere else."""
        if name in {p.name for p in self.f.params}:
            return False
        found = False
        for s in self.f.body:
            for n in ir.walk(s):
                if isinstance(n, ir.ForRange) and n.target.id == name:
                    low = n.start if n.step > 0 else n.stop
                    if not (
                        self._nonnegative(low) or (n.step < 0 and isinstance(low, ir.Lit) and low.value >= -1)
                    ):
                        return False
                    found = True
                elif isinstance(n, ir.Clause) and isinstance(n.target, ir.VarTarget) and n.target.id == name:
                    it = n.iter
                    if not (
                        isinstance(it, ir.Intrinsic)
                        and it.op == "range"
                        and isinstance(it.args[2], ir.Lit)
                        and it.args[2].value > 0
                        and self._nonnegative(it.args[0])
                    ):
                        return False
                    found = True
                elif isinstance(n, ir.Assign | ir.AugAssign) and name in stores([n]):
                    if (
                        isinstance(n, ir.Assign)
                        and isinstance(n.target, ir.VarTarget)
                        and self._literal_nonnegative(n.value)
                    ):
                        found = True
                        continue
                    if (
                        isinstance(n, ir.AugAssign)
                        and n.op in ("int.add", "int.mul")
                        and isinstance(n.value, ir.Lit)
                        and n.value.value >= 0
                    ):
                        continue
                    return False
                elif isinstance(n, ir.For) and name in stores([ir.Assign(n.target, ir.Lit(0))]):
                    if (
                        isinstance(n.iter, ir.Intrinsic)
                        and n.iter.op == "enumerate"
                        and isinstance(n.target, ir.TupleTarget)
                        and isinstance(n.target.elems[0], ir.VarTarget)
                        and n.target.elems[0].id == name
                    ):
                        found = True
                        continue
                    return False
        return found

    def _literal_nonnegative(self, e: ir.Expr) -> bool:
        return (isinstance(e, ir.Lit) and isinstance(e.value, int) and e.value >= 0) or (
            isinstance(e, ir.Intrinsic) and e.op == "len"
        )

    def _padding(self, text: str, args: list[ir.Expr]) -> str:
        """What a text lacks to a width."""
        fill = self.x(args[2]) if len(args) > 2 else '" "'
        return f"{self.helper('padding')}({text}, {self.x(args[1])}, {fill})"

    def _division(self, e: ir.Intrinsic) -> tuple[str, int]:
        a, b = e.args
        op = "/" if e.op == "int.floordiv" else "%"
        if self._nonnegative(a) and self._nonnegative(b) and not self._refused(b):
            return f"{self.x(a, MUL)} {op} {self.x(b, MUL + 1)}", MUL
        if op == "/" and isinstance(b, ir.Lit) and b.value > 0 and b.value.bit_count() == 1:
            # A shift rounds down, too.
            shift = b.value.bit_length() - 1
            return (f"{self.x(a, MUL)} >> {shift}", MUL) if shift else self._text(a)
        helper = self.helper("floorDiv" if op == "/" else "floorMod")
        return f"{helper}({self.x(a)}, {self.x(b)})", PRIMARY

    def _divisor(self, e: ir.Expr, named: bool) -> str:
        """The text of a divisor, in a variable of its own with `named`."""
        if not named:
            return self.x(e, MUL + 1)
        name = self.fresh("divisor")
        self.write(f"{name} := {self.x(e)}")
        return name

    def _float_division(self, args: list[ir.Expr]) -> tuple[str, int]:
        a, b = args
        numerator = self.x(a, MUL)
        if isinstance(b, ir.Lit) and b.value != 0:
            return f"{numerator} / {self.x(b, MUL + 1)}", MUL
        # Python raises on a zero divisor where Go would yield an infinity.
        tested = b.args[0] if isinstance(b, ir.Intrinsic) and b.op == "int.to_float" else b
        once = tested.id if isinstance(tested, ir.Name) else ""
        if self._constant(b) != 0 and (self._guarded(tested) or once in self.checked):
            return f"{numerator} / {self.x(b, MUL + 1)}", MUL
        if once and self._assigned_once(once):
            self.checked.add(once)
        counted = isinstance(tested, ir.Intrinsic) and tested.op == "len"
        # A constant of zero is refused, so that it becomes a variable, too.
        divisor = self._divisor(b, (place(tested) is None and not counted) or self._constant(b) == 0)
        zero = divisor if divisor.isidentifier() else self.x(tested, COMPARE + 1)
        self.write(f"if {zero} == 0 {{")
        self.write('\tpanic("division by zero")')
        self.write("}")
        return f"{numerator} / {divisor}", MUL

    def _assigned_once(self, name: str) -> bool:
        """True for a variable that keeps its value where it is known: it is assigned at one place at most."""
        nodes = [n for s in self.f.body for n in ir.walk(s)]
        given = sum(isinstance(n, ir.VarTarget) and n.id == name for n in nodes)
        given += sum(isinstance(n, ir.Param) and n.name == name for n in nodes)
        return given + (name in {p.name for p in self.f.params}) == 1

    def _guarded(self, e: ir.Expr) -> bool:
        """True when the function leaves early where this is zero, so that a check here would repeat it."""
        at = place(e.args[0]) if isinstance(e, ir.Intrinsic) and e.op == "len" else place(e)
        if at is None or at in stores(self.f.body):
            return False
        nodes = [n for s in self.f.body for n in ir.walk(s)]
        if any(isinstance(n, ir.Param) and n.name == at for n in nodes):
            return False
        field = at.rpartition(".")[2]
        if "." in at and any(
            isinstance(n, ir.Call | ir.MethodCall) or (isinstance(n, ir.FieldTarget) and n.name == field)
            for n in nodes
        ):
            # What is called may change the field, as may what assigns it through another name.
            return False
        for s in self.f.body:
            if not (isinstance(s, ir.If) and s.body and isinstance(s.body[-1], ir.Return | ir.Raise)):
                continue
            if s.line >= e.line > 0:
                return False
            match s.test:
                case ir.Not(value=ir.Intrinsic(op="nonempty", args=[tested])):
                    if (
                        isinstance(e, ir.Intrinsic)
                        and ir.same(e.args[0], tested)
                        and not self._shrinks(tested)
                    ):
                        return True
                case ir.Intrinsic(op="eq" | "le", args=[tested, ir.Lit(value=0)]):
                    if ir.same(e, tested):
                        return True
                case _:
                    continue
        return False

    def _shrinks(self, e: ir.Expr) -> bool:
        at = place(e)
        return any(
            isinstance(n, ir.Intrinsic) and n.op in GROWING and place(n.args[0]) == at
            for s in self.f.body
            for n in ir.walk(s)
        )

    # Positions

    def _list_slice(self, args: list[ir.Expr]) -> str:
        window = self.window(*args)
        if window is not None:
            return f"{self.x(args[0], PRIMARY)}[{window}]"
        obj = (
            self.simple(args[0], "items")
            if not isinstance(args[0], ir.Name | ir.Field)
            else self.x(args[0], PRIMARY)
        )
        return self.slice_text(obj, args[1], args[2])

    # Maps

    def _get_or(self, args: list[ir.Expr]) -> str:
        if self.go.is_zero(args[2]) and not isinstance(args[2].type, ir.OptionalT):
            return f"{self.table(args[0])}[{self.x(args[1])}]"
        # A default that may fail or does something is evaluated even where the key is there.
        ahead = any(
            isinstance(n, ir.Call | ir.MethodCall) or getattr(n, "raises", "") for n in ir.walk(args[2])
        )
        fallback = self.simple(args[2], "fallback") if ahead else ""
        name, ok = self.fresh("value"), self.fresh("ok")
        self.write(f"{name}, {ok} := {self.table(args[0])}[{self.x(args[1])}]")
        self.write(f"if !{ok} {{")
        with self.indented():
            self.write(f"{name} = {fallback or self.x(args[2])}")
        self.write("}")
        return name

    def _get(self, e: ir.Intrinsic) -> str:
        assert isinstance(e.type, ir.OptionalT)
        obj, key = self.table(e.args[0]), self.x(e.args[1])
        if self.go.nilable(e.type.elem) or (
            isinstance(e.args[0].type, ir.DictT) and isinstance(e.args[0].type.value, ir.OptionalT)
        ):
            return f"{obj}[{key}]"
        name = self.fresh("found")
        self.write(f"var {name} {self.go.type(e.type)}")
        self.write(f"if value, ok := {obj}[{key}]; ok {{")
        with self.indented():
            self.write(f"{name} = &value")
        self.write("}")
        return name

    def _pop_or(self, args: list[ir.Expr]) -> str:
        key = self.simple(args[1], "key")
        value = self._get_or([args[0], args[1], args[2]])
        name = value
        if not value.isidentifier():
            name = self.fresh("value")
            self.write(f"{name} := {value}")
        self.drop(args[0], key)
        return name

    def taken_out(self, args: list[ir.Expr], op: str, into: str = "") -> str:
        """Take an element out of a list, into a new variable."""
        obj = self.x(args[0], PRIMARY)
        name = into or self.fresh("last" if op == "list.pop" else "taken")
        at = f"len({obj})-1" if op == "list.pop" else self.index_text(obj, args[1])
        self.write(f"{name} := {obj}[{at}]")
        if at == f"len({obj})-1":
            self.write(f"{obj} = {obj}[:{at}]")
        elif at == "0":
            self.write(f"{obj} = {obj}[1:]")
        else:
            self.use("slices")
            end = f"{at}+1" if not at.isdigit() else str(int(at) + 1)
            self.write(f"{obj} = slices.Delete({obj}, {at}, {end})")
        return name

    # Statements made of one operation

    def effect_intrinsic(self, e: ir.Intrinsic) -> bool:
        """Write an operation that is used for its effect; False when it is an ordinary expression."""
        op, args = e.op, e.args
        if self.map_effect(e):
            return True
        match op:
            case "list.append":
                if isinstance(args[0], ir.Intrinsic) and args[0].op == "dict.setdefault":
                    inner = args[0].args
                    obj, key = self.x(inner[0], PRIMARY), self.simple(inner[1], "key")
                    self.write(f"{obj}[{key}] = append({obj}[{key}], {self.x(self.owned(args[1]))})")
                    return True
                obj = self._assignable(args[0])
                self.write(f"{obj} = append({obj}, {self.x(self.owned(args[1]))})")
            case "list.extend":
                obj = self._assignable(args[0])
                if isinstance(args[1], ir.Comp) and args[1].kind == "list":
                    self._fill(obj, args[1])
                elif isinstance(args[1], ir.ListLit):
                    self.write(
                        f"{obj} = append({obj}, {', '.join(self.x(self.owned(v)) for v in args[1].elems)})"
                    )
                else:
                    self.write(f"{obj} = append({obj}, {self.x(args[1])}...)")
            case "list.insert":
                self.use("slices")
                obj = self._assignable(args[0])
                at = self.x(args[1])
                at = at if isinstance(args[1], ir.Lit) and args[1].value == 0 else f"min({at}, len({obj}))"
                self.write(f"{obj} = slices.Insert({obj}, {at}, {self.x(self.owned(args[2]))})")
            case "list.clear":
                obj = self._assignable(args[0])
                self.write(f"{obj} = {obj}[:0:0]")
            case "list.reverse":
                self.use("slices")
                self.write(f"slices.Reverse({self.x(args[0])})")
            case "list.sort":
                self._sort(self.x(args[0]), args[0].type, args[1], args[2])
            case "list.delete":
                self.use("slices")
                obj = self._assignable(args[0])
                at = self.index_text(obj, args[1])
                self.write(f"{obj} = slices.Delete({obj}, {at}, {at}+1)")
            case "list.pop" | "list.pop_at":
                obj = self._assignable(args[0])
                if op == "list.pop":
                    self.write(f"{obj} = {obj}[:len({obj})-1]")
                elif isinstance(args[1], ir.Lit) and args[1].value == 0:
                    self.write(f"{obj} = {obj}[1:]")
                else:
                    self.use("slices")
                    at = self.index_text(obj, args[1])
                    self.write(f"{obj} = slices.Delete({obj}, {at}, {at}+1)")
            case "dict.pop_or" | "dict.pop_optional" | "set.discard":
                self.drop(args[0], self.x(args[1]))
            case "dict.update" | "set.update":
                self.use("maps")
                self.write(f"maps.Copy({self.x(args[0])}, {self.x(args[1])})")
            case "dict.clear" | "set.clear":
                self.write(f"clear({self.x(args[0])})")
            case "set.add":
                self.write(f"{self.x(args[0], PRIMARY)}[{self.x(args[1])}] = struct{{}}{{}}")
            case "dict.setdefault":
                self._text(e)
            case "lock.acquire" | "lock.release":
                self.write(self.x(e))
            case "sleep":
                from foundation_engine.port.emit._go_patterns import go_duration

                self.use("time")
                known = isinstance(args[0], ir.Lit) and isinstance(args[0].value, int | float)
                duration = (
                    go_duration(float(args[0].value))  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
                    if known
                    else f"time.Duration({self.x(args[0], 5)} * float64(time.Second))"
                )
                self.write(f"time.Sleep({duration})")
            case "print" | "print.error":
                self.use("fmt")
                stream = ""
                if op == "print.error":
                    self.use("os")
                    stream = "os.Stderr, "
                verb = "F" if stream else "P"
                if (
                    isinstance(args[0], ir.Format)
                    and any(p.value is not None for p in args[0].parts)
                    and any(p.text.strip() for p in args[0].parts)
                ):
                    from foundation_engine.port.emit.go import go_string

                    pattern, values = self.format_pattern(args[0])
                    shown = ", ".join([go_string(pattern + chr(10)), *values])
                    self.write(f"fmt.{verb}{'p' if stream else ''}rintf({stream}{shown})")
                else:
                    self.write(f"fmt.{verb}{'p' if stream else ''}rintln({stream}{self.x(args[0])})")
            case "print.part":
                self.use("fmt")
                self.write(f"fmt.Print({self.x(args[0])})")
            case _:
                return False
        return True

    def _assignable(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Unwrap) and self.go.nilable(e.type):
            e = e.value
        if place(e) is None and not (isinstance(e, ir.Intrinsic) and e.op in ("dict.index", "list.index")):
            raise Unsupported("a computed list that grows")
        if isinstance(e, ir.Intrinsic) and e.op == "dict.index" and e.raises:
            # What was looked up is a copy of the slice's head, so the map's own entry is named after the check.
            self.use("fmt")
            key = self.x(e.args[1]) if isinstance(e.args[1], ir.Lit) else self.simple(e.args[1], "key")
            obj, ok = self.table(e.args[0]), self.fresh("ok")
            self.write(f"_, {ok} := {obj}[{key}]")
            self.check(self.missing(e.args[1].type, key), frozenset({"KeyError"}), f"!{ok}")
            return f"{obj}[{key}]"
        return self.x(e, PRIMARY)

    def _digest(self, e: ir.Intrinsic) -> tuple[str, int]:
        """The digits of a digest, with a key or without."""
        name, *given = e.args
        assert isinstance(name, ir.Lit)
        package = f"crypto/{name.value}"
        self.use(package)
        if e.op == "hmac.hex":
            self.use("crypto/hmac")
            key, message = (self.x(a) for a in given)
            return f"{self.helper('hmacHex')}({name.value}.New, {key}, {message})", PRIMARY
        call = {"sha256": "Sum256", "sha512": "Sum512"}.get(name.value, "Sum")
        self.use("fmt")
        return f'fmt.Sprintf("%x", {name.value}.{call}({self.x(given[0])}))', PRIMARY

    def _of_a_pattern(self, op: str, args: list[ir.Expr]) -> str | None:
        """What reads a pattern's result, by the templates."""
        if op == "http.header":
            return f"{self.helper('headerOf')}({self.x(args[0], PRIMARY)}.Header, {self.x(args[1])})"
        if op in ("file.exists", "file.is_file", "file.is_dir", "file.is_link"):
            name = op.partition(".")[2]
            helper = {"exists": "exists", "is_file": "isFile", "is_dir": "isDir", "is_link": "isLink"}[name]
            return f"{self.helper(helper)}({self.x(args[0])})"
        if op.partition(".")[0] not in ("http", "process"):
            return None
        from foundation_engine.port.emit._go_patterns import Patterns

        texts = [self.x(a, PRIMARY) for a in args]
        return self.go.templates.operation(op, texts, Patterns(self))  # type: ignore[arg-type]

    def failing_intrinsic(self, e: ir.Intrinsic) -> str:
        """The text of an operation that yields an error as a value."""
        op, args = e.op, e.args
        match op:
            case "str.to_int" | "str.to_float" if self.told:
                self.helper("quoted")
                return f"{self.helper('readInt' if op == 'str.to_int' else 'readFloat')}({self.x(args[0])})"
            case "str.to_int":
                if isinstance(args[0], ir.Intrinsic) and args[0].op == "char.to_str":
                    return f"{self.helper('digitOf')}({self.x(args[0].args[0])})"
                self.use("strconv")
                self.use("strings")
                if isinstance(args[0], ir.Intrinsic) and args[0].op == "str.strip":
                    return f"strconv.Atoi({self.x(args[0])})"
                return f"strconv.Atoi({self._trimmed(args[0])})"
            case "str.to_int_base":
                raise Unsupported("int() with a base")
            case "str.parse_int" if len(args) == 1:
                self.use("strconv")
                return f"strconv.Atoi({self.x(args[0])})"
            case "str.parse_int":
                return f"{self.helper('parseInt')}({', '.join(self.x(a) for a in args)})"
            case "str.parse_float":
                self.use("strconv")
                return f"strconv.ParseFloat({self.x(args[0])}, 64)"
            case "http.json":
                return f"{self.helper('jsonValue')}({self.x(args[0], PRIMARY)}.Body)"
            case "http.raise_for_status":
                return f"{self.x(args[0], PRIMARY)}.RaiseForStatus()"
            case "json.parse":
                return f"{self.helper('jsonValue')}([]byte({self.x(args[0])}))"
            case "json.field":
                return f"{self.helper('jsonField')}({self.x(args[0])}, {self.x(args[1])})"
            case "json.to_int":
                return f"{self.helper('jsonInt')}({self.x(args[0])})"
            case "file.read_text":
                return f"{self.helper('readText')}({self.x(args[0])})"
            case "file.remove":
                self.use("os")
                return f"os.Remove({self.x(args[0])})"
            case "file.discard":
                return f"{self.helper('discardFile')}({self.x(args[0])})"
            case "file.make_folders":
                self.use("os")
                return f"os.MkdirAll({self.x(args[0])}, 0o777)"
            case "file.list":
                return f"{self.helper('namesIn')}({self.x(args[0])})"
            case "file.make_folder":
                self.use("os")
                return f"os.Mkdir({self.x(args[0])}, 0o777)"
            case "file.rename":
                self.use("os")
                return f"os.Rename({self.x(args[0])}, {self.x(args[1])})"
            case "file.copy":
                return f"{self.helper('copyFile')}({self.x(args[0])}, {self.x(args[1])})"
            case "file.remove_tree":
                return f"{self.helper('removeTree')}({self.x(args[0])})"
            case "file.append_text":
                return f"{self.helper('appendText')}({self.x(args[0])}, {self.x(args[1])})"
            case "file.size":
                return f"{self.helper('sizeOf')}({self.x(args[0])})"
            case "time.make" | "date.make" | "time.parse" | "time.parse_iso" | "date.parse_iso":
                return times.failing(self, e)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            case "bytes.decode":
                return f"{self.helper('decoded')}({self.x(args[0])})"
            case "file.write_text":
                self.use("os")
                return f"os.WriteFile({self.x(args[0])}, []byte({self.x(args[1])}), 0o666)"
            case "path.cwd" | "path.home":
                self.use("os")
                return "os.Getwd()" if op == "path.cwd" else "os.UserHomeDir()"
            case "str.to_float":
                self.use("strconv")
                return f"strconv.ParseFloat({self._trimmed(args[0])}, 64)"
            case _:
                raise Unsupported(f"operation {op} that may fail")

    def _trimmed(self, e: ir.Expr) -> str:
        text = self.x(e)
        self.use("strings")
        return f"strings.TrimSpace({text})"

    # Iteration

    def require_order(self, e: ir.Expr, body: list[ir.Stmt], target: ir.Target) -> None:
        """Raise when a loop over a map or set would show the order, which Go does not keep."""
        if self.unordered(e) and not self._order_free(body, _own_keys(e, target)):
            raise Unsupported("the order of a map's or set's entries matters in this loop")

    def unordered(self, e: ir.Expr) -> bool:
        """True when iterating the Go value has no defined order, where the source has one."""
        if self.go.module.unordered:
            return False
        match e:
            case ir.Intrinsic(op=op, args=[m]) if op in VIEWS:
                return not self.ordered(m.type)
            case ir.Intrinsic(op="enumerate" | "zip" | "reversed" | "to_list", args=args):
                return any(self.unordered(a) for a in args)
            case ir.Comp(kind="iter" | "list", clauses=clauses):
                return any(self.unordered(c.iter) for c in clauses)
            case _:
                return isinstance(e.type, ir.DictT | ir.SetT) and not self.ordered(e.type)

    def _order_free(self, body: list[ir.Stmt], keys: set[str]) -> bool:
        accumulators = stores(body)
        return all(self._statement_order_free(s, accumulators, keys) for s in body)

    def _statement_order_free(self, s: ir.Stmt, accumulators: set[str], keys: set[str]) -> bool:
        match s:
            case ir.Assign(target=ir.IndexTarget(obj=obj, index=index)) if (
                isinstance(obj.type, ir.DictT)
                and not isinstance(s.value, ir.Lit)
                and not (isinstance(index, ir.Name) and index.id in keys)
            ):
                # Two entries may store under one key, and the last one stays.
                return False
            case ir.AugAssign(op=op):
                return (
                    op in ("int.add", "int.mul", "int.bor", "int.band", "int.xor", "float.add")
                    and not reads([ir.ExprStmt(s.value)]) & accumulators
                )
            case ir.Assign(target=ir.IndexTarget(obj=obj)) if isinstance(obj.type, ir.DictT):
                return not reads([ir.ExprStmt(s.value)]) & (accumulators | {place(obj) or "?"}) or place(
                    obj
                ) not in reads([ir.ExprStmt(s.value)])
            case ir.Assign(target=ir.VarTarget(), value=ir.Lit()):
                return True
            case ir.ExprStmt(value=ir.Intrinsic(op="set.add")):
                return True
            case ir.If(
                test=ir.Intrinsic(op="gt" | "lt" | "ge" | "le", args=[a, b]),
                body=[ir.Assign(target=ir.VarTarget(id=best), value=v)],
                orelse=[],
            ):
                return (ir.same(a, v) and isinstance(b, ir.Name) and b.id == best) or (
                    ir.same(b, v) and isinstance(a, ir.Name) and a.id == best
                )
            case ir.If():
                if reads([ir.ExprStmt(s.test)]) & accumulators:
                    return False
                return all(self._statement_order_free(b, accumulators, keys) for b in [*s.body, *s.orelse])
            case ir.Return(value=ir.Lit() | None):
                return True
            case ir.Continue() | ir.Pass():
                return True
            case ir.For() | ir.ForRange():
                return all(self._statement_order_free(b, accumulators, keys) for b in s.body)
            case _:
                return False

    def loop(self, target: ir.Target, e: ir.Expr, body: Callable[[], None], used: set[str]) -> None:
        """A loop over any iterable, with the targets bound in it."""

        def var(t: ir.Target) -> str:
            if isinstance(t, ir.VarTarget):
                return self.name(t.id) if t.id in used else "_"
            raise Unsupported("a nested loop target")

        def head(first: str, second: str, over: str) -> str:
            if second == "_" and first == "_":
                return f"for range {over} {{"
            return (
                f"for {first} := range {over} {{"
                if second == "_"
                else f"for {first}, {second} := range {over} {{"
            )

        def run(line: str, *prologue: str) -> None:
            self.write(line)
            with self.indented():
                for p in prologue:
                    self.write(p)
                body()
            self.write("}")

        match e:
            case ir.Intrinsic(op="range", args=[start, stop, ir.Lit(value=int() as step)]):
                self._counting(var(target), start, stop, step, body, set())
                return
            case ir.Intrinsic(op="range", args=[start, stop, step]) if isinstance(target, ir.VarTarget):
                rises = at_least(step, self.lower) == 1
                with self.moving_along(target.id, start, stop, []):
                    self.stepping(var(target), e, rises, body, set())
                return
            case ir.Intrinsic(op="enumerate", args=[inner, start]) if (
                isinstance(target, ir.TupleTarget) and len(target.elems) == 2
            ):
                index = var(target.elems[0])
                zero = isinstance(start, ir.Lit) and start.value == 0
                if not isinstance(inner.type, ir.ListT) or isinstance(inner, ir.Comp):
                    if inner.type == ir.STR and index != "_":
                        self._enumerated(target, inner, start, run, used)
                        return
                    if inner.type == ir.STR:
                        over = self.x(inner)
                    else:
                        raise Unsupported("enumerate of this iterable")
                else:
                    over = self.x(inner, PRIMARY)
                second = target.elems[1]
                prologue: list[str] = []
                own = index
                if index != "_" and not zero:
                    own = self.fresh("i")
                    prologue.append(f"{index} := {own} + {self.x(start, ADD)}")
                if isinstance(second, ir.TupleTarget):
                    item = self.fresh("item")
                    prologue.extend(self._unpack(second, item, used))
                    run(head(own, item, over), *prologue)
                    return
                value = var(second)
                if (
                    inner.type == ir.STR
                    and isinstance(second, ir.VarTarget)
                    and second.type == ir.STR
                    and value != "_"
                ):
                    r = self.fresh("r")
                    prologue.append(f"{value} := string({r})")
                    value = r
                run(head(own, value, over), *prologue)
                return
            case ir.Intrinsic(op="str.char_indices", args=[text]) if isinstance(target, ir.TupleTarget):
                position, char = target.elems
                run(head(var(position), var(char), self.x(text)))
                return
            case ir.Intrinsic(op="zip", args=args) if isinstance(target, ir.TupleTarget):
                self._zip(target, args, run, var)
                return
            case ir.Intrinsic(op="str.bytes", args=[text]):
                run(head("_", var(target), f"[]byte({self.x(text)})"))
                return
            case ir.Intrinsic(op="reversed", args=[ir.Intrinsic(op="str.bytes", args=[text])]):
                name, obj, i = var(target), self.simple(text, "text"), self.fresh("i")
                first = [f"{name} := {obj}[{i}]"] if name != "_" else []
                run(f"for {i} := len({obj}) - 1; {i} >= 0; {i}-- {{", *first)
                return
            case ir.Intrinsic(op="reversed", args=[inner]):
                xs = self.simple(inner, "items")
                self.use("slices")
                if isinstance(target, ir.TupleTarget):
                    item = self.fresh("item")
                    run(f"for _, {item} := range slices.Backward({xs}) {{", *self._unpack(target, item, used))
                    return
                name = var(target)
                run(head("_", name, f"slices.Backward({xs})") if name != "_" else f"for range {xs} {{")
                return
            case ir.Intrinsic(op=view, args=[m]) if view in VIEWS and self.ordered(m.type):
                targets = (
                    target.elems if isinstance(target, ir.TupleTarget) and view == "dict.items" else [target]
                )
                if len(targets) != (2 if view == "dict.items" else 1) or isinstance(
                    targets[-1], ir.TupleTarget
                ):
                    raise Unsupported("unpacking the entries of a map that keeps its order")
                line, first = self.over_map(view, m, [var(each) for each in targets])
                run(line, *first)
                return
            case ir.Intrinsic(op="dict.items", args=[obj]) if (
                isinstance(target, ir.TupleTarget) and len(target.elems) == 2
            ):
                over = self.x(obj, PRIMARY)
                if isinstance(target.elems[1], ir.TupleTarget):
                    item = self.fresh("item")
                    run(head(var(target.elems[0]), item, over), *self._unpack(target.elems[1], item, used))
                    return
                run(head(var(target.elems[0]), var(target.elems[1]), over))
                return
            case ir.Intrinsic(op="dict.values", args=[obj]):
                run(head("_", var(target), self.x(obj, PRIMARY)))
                return
            case ir.Intrinsic(op="dict.keys", args=[obj]):
                run(head(var(target), "_", self.x(obj, PRIMARY)))
                return
            case ir.Comp(kind="iter"):
                self._nested(e, target, body, used)
                return
            case _:
                pass
        match e.type:
            case ir.ListT():
                if isinstance(target, ir.TupleTarget):
                    item = self.fresh("item")
                    run(head("_", item, self.x(e)), *self._unpack(target, item, used))
                    return
                over = self.x(e)
                if over.startswith(("strings.Split(", "strings.Fields(")):
                    # The parts come one by one: nobody needs the list of them.
                    run(head(var(target), "_", over.replace("(", "Seq(", 1)))
                    return
                run(head("_", var(target), over))
            case ir.P(ir.Prim.STR):
                name = var(target)
                if isinstance(e, ir.Intrinsic) and e.op == "str.reversed" and name != "_":
                    self.use("slices")
                    over = f"slices.Backward([]rune({self.x(e.args[0])}))"
                else:
                    over = self.x(e)
                if isinstance(target, ir.VarTarget) and target.type == ir.STR and name != "_":
                    r = self.fresh("r")
                    run(head("_", r, over), f"{name} := string({r})")
                    return
                run(head("_", name, over))
            case ir.DictT() if self.ordered(e.type):
                run(
                    head("_", var(target), self.order(e))
                    if var(target) != "_"
                    else f"for range {self.order(e)} {{"
                )
            case ir.SetT() | ir.DictT():
                run(head(var(target), "_", self.x(e, PRIMARY)))
            case _:
                raise Unsupported(f"iteration over {ir.type_text(e.type)}")

    def _enumerated(
        self,
        target: ir.TupleTarget,
        text: ir.Expr,
        start: ir.Expr,
        run: Callable[..., None],
        used: set[str],
    ) -> None:
        """A loop over the characters of a text and their positions, which Go counts in bytes."""
        index, char = target.elems
        assert isinstance(index, ir.VarTarget)
        if not isinstance(char, ir.VarTarget):
            raise Unsupported("a nested loop target")
        prologue: list[str] = []
        item = self.name(char.id) if char.id in used else "_"
        if char.type == ir.STR and item != "_":
            prologue.append(f"{item} := string({self.fresh('r')})")
            item = prologue[0].partition("string(")[2].removesuffix(")")
        if not isinstance(start, ir.Lit) or not self._counts_only(index.id):
            own = index_name = self.name(index.id)
            if not isinstance(start, ir.Lit) or start.value:
                own = self.fresh("i")
                prologue.insert(0, f"{index_name} := {own} + {self.x(start, ADD)}")
            run(f"for {own}, {item} := range []rune({self.x(text)}) {{", *prologue)
            return
        kept = self.names.get(index.id)
        name = self.name(index.id)
        if name in self.counters:
            name = self.names[index.id] = self.fresh(name)
        self.counters.add(name)
        over = self.x(text)
        self.write(f"{name} := {start.value - 1}")
        run(
            f"for range {over} {{" if item == "_" else f"for _, {item} := range {over} {{",
            f"{name}++",
            *prologue,
        )
        if kept is not None:
            self.names[index.id] = kept

    def _counts_only(self, name: str) -> bool:
        """True for a variable that only loops set, and that no function value keeps."""
        bound: set[int] = set()
        nodes = [n for s in self.f.body for n in ir.walk(s)]
        for n in nodes:
            match n:
                case ir.For(target=target) | ir.ForRange(target=target) | ir.Clause(target=target):
                    bound |= {id(t) for t in ir.walk(target)}
                case ir.VarDecl(id=declared) if declared == name:
                    return False
                case ir.Lambda() | ir.FuncDef() | ir.PatternCall() if any(
                    isinstance(m, ir.Name) and m.id == name for m in ir.walk(n)
                ):
                    return False
                case _:
                    pass
        stored = (n for n in nodes if isinstance(n, ir.VarTarget) and n.id == name)
        return name not in {p.name for p in self.f.params} and all(id(n) in bound for n in stored)

    def _unpack(self, target: ir.TupleTarget, item: str, used: set[str]) -> list[str]:
        out: list[str] = []
        fields = ("First", "Second", "Third")
        names: list[str] = []
        values: list[str] = []
        is_list = isinstance(target.type, ir.ListT)
        if not is_list and len(target.elems) > 3:
            raise Unsupported("a tuple of more than three values")
        for i, t in enumerate(target.elems):
            if not isinstance(t, ir.VarTarget):
                raise Unsupported("a nested loop target")
            if t.id in used:
                names.append(self.name(t.id))
                values.append(f"{item}[{i}]" if is_list else f"{item}.{fields[i]}")
        if names:
            out.append(f"{', '.join(names)} := {', '.join(values)}")
        else:
            out.append(f"_ = {item}")
        return out

    def _zip(
        self,
        target: ir.TupleTarget,
        args: list[ir.Expr],
        run: Callable[..., None],
        var: Callable[[ir.Target], str],
    ) -> None:
        lists = [
            self.simple(a, "items")
            if not (isinstance(a, ir.Intrinsic) and a.op == "list.slice")
            else self._named_slice(a)
            for a in args
        ]
        names = [var(t) for t in target.elems]
        i = self.fresh("i")
        prologue = [f"{n} := {xs}[{i}]" for n, xs in zip(names, lists, strict=True) if n != "_"]
        run(f"for {i} := range min({', '.join(f'len({xs})' for xs in lists)}) {{", *prologue)

    def _named_slice(self, e: ir.Intrinsic) -> str:
        text = self.x(e)
        name = self.fresh("rest")
        self.write(f"{name} := {text}")
        return name

    def _nested(self, e: ir.Comp, target: ir.Target, body: Callable[[], None], used: set[str]) -> None:
        """The loops of a generator expression around a body that takes each value."""

        def innermost() -> None:
            if isinstance(target, ir.VarTarget):
                if target.id in used:
                    self.write(f"{self.name(target.id)} := {self.x(e.elem)}")
                body()
                return
            raise Unsupported("unpacking what a generator expression yields")

        self.clauses(e.clauses, innermost, reads([ir.ExprStmt(e.elem)]))

    def clauses(self, clauses: list[ir.Clause], innermost: Callable[[], None], used: set[str]) -> None:
        """The loops and tests of a comprehension around what is done for each value."""
        if not clauses:
            innermost()
            return
        first, *rest = clauses
        below = set(used)
        for c in rest:
            below |= reads([ir.ExprStmt(c.iter), *(ir.ExprStmt(k) for k in c.conds)])
        below |= reads([ir.ExprStmt(k) for k in first.conds])
        shadowed = {t: self.names.pop(t) for t in _ids(first.target) if t in self.names}
        # What is known of a variable does not hold for another one of its name.
        positive = set(self.positive)
        self.positive -= set(_ids(first.target))
        for t in _ids(first.target):
            self.within.pop(t, None)

        def body() -> None:
            if first.conds:
                test = first.conds[0] if len(first.conds) == 1 else ir.Bool("and", first.conds, type=ir.BOOL)
                self.write(f"if {self.x(test)} {{")
                with self.indented():
                    self.clauses(rest, innermost, used)
                self.write("}")
            else:
                self.clauses(rest, innermost, used)

        self.loop(first.target, first.iter, body, below)
        self.positive = positive
        for t in _ids(first.target):
            name = self.names.pop(t, None)
            if name is not None:
                self.used.discard(name)
        self.names.update(shadowed)

    # Collections

    def _union(self, e: ir.Intrinsic, name: str) -> None:
        """A union of maps in a new variable; a chain of unions copies into one map."""
        left, right = e.args
        added = [right]
        while isinstance(left, ir.Intrinsic) and left.op == "dict.union":
            left, right = left.args
            added.insert(0, right)
        made = self.x(left) if isinstance(left, ir.DictLit) else self.cloned(left)
        self.write(f"{name} := {made}")
        union = f"<union {name}>"
        self.names[union] = name
        for m in added:
            self.put_all(ir.Name(union, type=e.type), m)

    def _concatenated(self, e: ir.Comp) -> str | None:
        """All items of all lists of a list; None for any other comprehension."""
        match e:
            case ir.Comp(
                kind="list",
                elem=ir.Name(id=item, type=ir.P()),
                clauses=[
                    ir.Clause(target=ir.VarTarget(id=part), iter=lists, conds=[]),
                    ir.Clause(target=ir.VarTarget(id=only), iter=ir.Name(id=inner), conds=[]),
                ],
            ) if only == item and inner == part and lists.type == ir.ListT(e.type) and place(lists):
                self.use("slices")
                return f"slices.Concat({self.x(lists)}...)"
            case _:
                return None

    def _comp(self, e: ir.Comp) -> str:
        if e.kind == "iter":
            raise Unsupported("a generator expression that is stored or passed on")
        whole = self._concatenated(e)
        if whole is not None:
            return whole
        name = self.fresh({"list": "items", "set": "seen", "dict": "table"}[e.kind])
        self._make(name, e)
        return name

    def build(self, value: ir.Expr, name: str) -> bool:
        """Build a collection in a new variable; False when the value is not one that takes a loop."""
        if isinstance(value, ir.Comp) and value.kind != "iter":
            whole = self._concatenated(value)
            if whole is not None:
                self.write(f"{name} := {whole}")
            else:
                self._make(name, value)
            return True
        if isinstance(value, ir.Intrinsic) and value.op == "sorted":
            self._sorted(value, name)
            return True
        if isinstance(value, ir.Intrinsic) and value.op == "dict.union":
            self._union(value, name)
            return True
        if (
            isinstance(value, ir.Intrinsic)
            and value.op == "sum"
            and isinstance(value.args[0], ir.Comp | ir.Intrinsic | ir.Name | ir.Field)
            and not isinstance(value.type, ir.OptionalT)
        ):
            self._sum(value, name)
            return True
        return False

    def build_named(self, value: ir.Expr, name: str) -> str | None:
        """Build a collection that is returned; its name, or None."""
        if isinstance(value, ir.Comp) and value.kind != "iter" and self._concatenated(value) is None:
            made = self.fresh(name)
            self._make(made, value)
            return made
        return None

    def return_directly(self, v: ir.Expr) -> bool:
        """Return from inside a loop where that reads best: any() and all()."""
        if (
            not isinstance(v, ir.Intrinsic)
            or v.op not in ("any", "all")
            or not isinstance(v.args[0], ir.Comp)
        ):
            return False
        comp = v.args[0]
        found, other = ("true", "false") if v.op == "any" else ("false", "true")
        nil = ", nil" if self.fails else ""

        def innermost() -> None:
            test = comp.elem if v.op == "any" else ir.Not(comp.elem, type=ir.BOOL)
            self.write(f"if {self.x(test)} {{")
            with self.indented():
                self.write(f"return {found}{nil}")
            self.write("}")

        self.clauses(comp.clauses, innermost, reads([ir.ExprStmt(comp.elem)]))
        self.write(f"return {other}{nil}")
        return True

    def _make(self, name: str, e: ir.Comp) -> None:
        if e.kind == "dict" and any(self.unordered(c.iter) for c in e.clauses) and not _keeps_keys(e):
            raise Unsupported(
                "a map in which a later entry may replace one, made in the order of another map"
            )
        if (e.kind == "list" and any(self.unordered(c.iter) for c in e.clauses)) and not self.any_order:
            raise Unsupported("a list in the order of a map's or set's entries")
        t = self.go.type(e.type)
        once = e.kind == "list" and len(self.err_scopes) == 1
        counted = len(e.clauses) == 1 and (once or not e.clauses[0].conds)
        turns = self.turns(e.clauses[0].iter) if counted else None
        if e.kind == "list" and counted and turns is None:
            turns = self._parts(e.clauses[0].iter)
        if e.kind == "list":
            self.write(f"{name} := make({t}, 0, {turns})" if turns else f"{name} := {t}{{}}")
        else:
            # As many entries as keys, where a map's keys are what is run through.
            plain = isinstance(e.elem, ir.TupleLit) and isinstance(e.elem.elems[0], ir.Name)
            self.start_map(name, e.type, turns if plain else None)
        self._fill(name, e)

    def _parts(self, e: ir.Expr) -> str | None:
        """How many parts or steps a loop has at most, where counting them is little beside making the list."""
        match e:
            case ir.Intrinsic(op="str.split", args=[ir.Name() as text, ir.Lit(value=str() as separator)]) if (
                separator and text.id not in self.builders
            ):
                self.use("strings")
                return f"strings.Count({self.x(text)}, {self.x(e.args[1])})+1"
            case ir.Intrinsic(
                op="range", args=[ir.Lit(value=0), ir.Intrinsic(op="len", args=[whole]), ir.Name() as step]
            ) if isinstance(whole, ir.Name) and isinstance(whole.type, ir.ListT):
                steps = f"{self._length(whole)}/{self.x(step, MUL + 1)}"
                return f"{steps}+1" if at_least(step, self.lower) == 1 else f"max(0, {steps})+1"
            case _:
                return None

    def turns(self, e: ir.Expr) -> str | None:
        """How often a loop over an iterable runs at most, where that is known before and plain to read."""
        match e:
            case ir.Name() | ir.Field() if isinstance(e.type, ir.ListT | ir.DictT | ir.SetT):
                return self._length(e)
            case ir.Name(type=ir.STR) if e.id not in self.builders:
                # No character takes less than a byte.
                return f"len({self.x(e)})"
            case ir.Intrinsic(op="str.char_indices" | "str.lower" | "str.upper", args=[text]):
                return self.turns(text)
            case ir.Intrinsic(
                op="range",
                args=[
                    ir.Lit(value=1),
                    ir.Intrinsic(op="int.add", args=[n, ir.Lit(value=1)]),
                    ir.Lit(value=1) as one,
                ],
            ):
                return self.turns(ir.Intrinsic("range", [ir.Lit(0, type=ir.INT), n, one], type=e.type))
            case ir.Intrinsic(
                op="enumerate" | "reversed" | "dict.keys" | "dict.values" | "dict.items", args=[inner, *_]
            ):
                return self.turns(inner)
            case ir.Intrinsic(op="zip", args=args):
                lengths = [self.turns(a) for a in args]
                return f"min({', '.join(n for n in lengths if n)})" if all(lengths) else None
            case ir.Intrinsic(op="sorted" | "to_list", args=[ir.Name(type=ir.ListT()) as inner, *_]):
                return self.turns(inner)
            case ir.Intrinsic(op="range", args=[ir.Lit(value=0), stop, ir.Lit(value=1)]) if isinstance(
                stop, ir.Name | ir.Field | ir.Lit
            ) or (
                isinstance(stop, ir.Intrinsic)
                and stop.op == "len"
                and isinstance(stop.args[0].type, ir.ListT)
            ):
                n = self.x(stop)
                return n if self._nonnegative(stop) else f"max({n}, 0)"
            case ir.Intrinsic(
                op="range",
                args=[
                    ir.Lit(value=0),
                    ir.Intrinsic(
                        op="int.add", args=[ir.Intrinsic(op="len", args=[whole]), ir.Lit(value=int(k))]
                    ),
                    ir.Lit(value=1),
                ],
            ) if k > 0 and (length := self.turns(whole)):
                return f"{length}+{k}"
            case _:
                return None

    def room(self, name: str) -> str | None:
        """How many elements a new list gets in the loop that comes next, at most."""
        # Where a list is made again and again, one that stays short would be too costly.
        once = len(self.err_scopes) == 1
        return self._turns_of(
            filling_loop(self.following, name)
            or (filling_loop(self.following, name, False) if once else None)
        )

    def room_for_new(self, name: str, value: ir.Expr) -> str | None:
        """How many entries a new map or set gets in the loop that comes next, at most."""
        if not isinstance(value, ir.DictLit | ir.SetLit) or list(ir.children(value)):
            return None
        if len(self.err_scopes) > 1 or (isinstance(value.type, ir.DictT) and self.ordered(value.type)):
            return None
        return self._turns_of(fills_with_new(self.following, name))

    def _turns_of(self, loop: ir.For | ir.ForRange | None) -> str | None:
        match loop:
            case ir.For(iter=over):
                return self.turns(over)
            case ir.ForRange(start=start, stop=stop):
                one = ir.Lit(1, type=ir.INT)
                return self.turns(ir.Intrinsic("range", [start, stop, one], type=ir.IterT(ir.INT)))
            case _:
                return None

    def _fill(self, name: str, e: ir.Comp) -> None:
        match e:
            case ir.Comp(
                kind="list",
                elem=ir.Name(id=item, type=ir.P()),
                clauses=[*first, ir.Clause(target=ir.VarTarget(id=only), iter=inner, conds=[])],
            ) if first and only == item and inner.type == e.type:
                # All of a list at once.
                self.clauses(
                    first,
                    lambda: self.write(f"{name} = append({name}, {self.x(inner)}...)"),
                    reads([ir.ExprStmt(inner)]),
                )
                return
            case _:
                pass

        def innermost() -> None:
            match e.kind:
                case "list":
                    self.write(f"{name} = append({name}, {self.x(self.owned(e.elem))})")
                case "set":
                    self.write(f"{name}[{self.x(e.elem)}] = struct{{}}{{}}")
                case _:
                    assert isinstance(e.elem, ir.TupleLit)
                    key, value = e.elem.elems
                    text = self.x(self.owned(value))
                    if self.ordered(e.type):
                        self.write(f"{name}.Set({self.x(key)}, {text})")
                    else:
                        self.write(f"{name}[{self.x(key)}] = {text}")

        self.clauses(e.clauses, innermost, reads([ir.ExprStmt(e.elem)]))

    def _sum(self, e: ir.Intrinsic, name: str | None = None) -> str:
        source = e.args[0]
        made = name or self.fresh(
            "count" if isinstance(source, ir.Comp) and isinstance(source.elem, ir.Lit) else "total"
        )
        start = self.x(e.args[1]) if len(e.args) > 1 else "0" if e.type == ir.INT else "0.0"
        self.write(f"{made} := {start}")

        def add(text: str) -> None:
            self.write(f"{made}++" if text == "1" else f"{made} += {text}")

        if isinstance(source, ir.Comp):
            self.clauses(source.clauses, lambda: add(self.x(source.elem)), reads([ir.ExprStmt(source.elem)]))
        else:
            item = "item"
            target = ir.VarTarget(item, type=ir.INT)
            shadowed = self.names.pop(item, None)
            self.loop(target, source, lambda: add(self.name(item)), {item})
            self.used.discard(self.names.pop(item, ""))
            if shadowed is not None:
                self.names[item] = shadowed
        return made

    def _quantifier(self, e: ir.Intrinsic) -> str:
        source = e.args[0]
        if isinstance(source, ir.Comp) and len(source.clauses) == 1:
            c = source.clauses[0]
            if (
                isinstance(c.iter.type, ir.ListT)
                and isinstance(c.target, ir.VarTarget)
                and not self._fails(source)
            ):
                test: ir.Expr = source.elem if e.op == "any" else ir.Not(source.elem, type=ir.BOOL)
                if c.conds:
                    test = ir.Bool("and", [*c.conds, test], type=ir.BOOL)
                shadowed = self.names.pop(c.target.id, None)
                xs = self.x(c.iter)
                with self.infallible(), self.captured() as before, self.indented():
                    name = self.name(c.target.id)
                    text = self.x(test)
                if not before:
                    self.use("slices")
                    self.used.discard(name)
                    self.names.pop(c.target.id, None)
                    if shadowed is not None:
                        self.names[c.target.id] = shadowed
                    elem = self.go.type(c.iter.type.elem)
                    return f"{'!' if e.op == 'all' else ''}slices.ContainsFunc({xs}, func({name} {elem}) bool {{ return {text} }})"
                self.names.pop(c.target.id, None)
                if shadowed is not None:
                    self.names[c.target.id] = shadowed
        if not isinstance(source, ir.Comp):
            raise Unsupported(f"{e.op} of a list")
        name = self.fresh("found" if e.op == "any" else "holds")
        self.write(f"{name} := {'false' if e.op == 'any' else 'true'}")

        def innermost() -> None:
            test = source.elem if e.op == "any" else ir.Not(source.elem, type=ir.BOOL)
            self.write(f"if {self.x(test)} {{")
            with self.indented():
                self.write(f"{name} = {'true' if e.op == 'any' else 'false'}")
                if len(source.clauses) == 1:
                    self.write("break")
            self.write("}")

        self.clauses(source.clauses, innermost, reads([ir.ExprStmt(source.elem)]))
        return name

    def _fails(self, e: ir.Expr) -> bool:
        return any(isinstance(n, ir.Expr) and self._raising(n) for n in ir.walk(e))

    def _set(self, e: ir.Intrinsic) -> str:
        source = e.args[0]
        elem = e.type.elem if isinstance(e.type, ir.SetT) else ir.STR
        if isinstance(source.type, ir.ListT) and not isinstance(source, ir.Comp):
            return f"{self.helper('setOf')}({self.x(source)}...)"
        name = self.fresh("seen")
        self.write(f"{name} := make({self.go.type(e.type)})")
        item = "item"
        shadowed = self.names.pop(item, None)
        source_elem = ir.CHAR if source.type == ir.STR else elem
        target = ir.VarTarget(item, type=elem if source.type == ir.STR else source_elem)
        self.loop(target, source, lambda: self.write(f"{name}[{self.name(item)}] = struct{{}}{{}}"), {item})
        self.used.discard(self.names.pop(item, ""))
        if shadowed is not None:
            self.names[item] = shadowed
        return name

    def _to_list(self, source: ir.Expr, t: Type) -> str:
        if source.type == ir.STR and t == ir.ListT(ir.CHAR):
            return f"[]rune({self.x(source)})"
        if source.type == ir.STR:
            self.use("strings")
            return f'strings.Split({self.x(source)}, "")'
        if self.unordered(source) and not self.any_order:
            raise Unsupported("a list in the order of a map's or set's entries")
        if keys := self.keys_of(source):
            self.use("slices")
            return f"slices.Clone({keys})"
        assert isinstance(t, ir.ListT)
        name = self.fresh("items")
        if (
            isinstance(source, ir.Intrinsic)
            and source.op in ("zip", "enumerate", "dict.items")
            and isinstance(t.elem, ir.TupleT)
        ):
            vars_ = [
                ir.VarTarget(n, type=x)
                for n, x in zip(("first", "second", "third"), t.elem.elems, strict=False)
            ]
            if len(vars_) != len(t.elem.elems):
                raise Unsupported("a tuple of more than three values")
            pair = ir.TupleLit([ir.Name(v.id, type=v.type) for v in vars_], type=t.elem)
            clause = ir.Clause(ir.TupleTarget(list(vars_), type=t.elem), source, [])
        else:
            var = ir.VarTarget("item", type=t.elem)
            pair = ir.Name("item", type=t.elem)
            clause = ir.Clause(var, source, [])
        self._make(name, ir.Comp("list", pair, [clause], type=t))
        return name

    # Order

    def _sorted_common(self, e: ir.Expr) -> str | None:
        """What two lists have both, in order, for which one set is enough; None for another set."""
        match e:
            case ir.Intrinsic(
                op="set.intersection",
                args=[
                    ir.Intrinsic(op="to_set", args=[ir.Expr(type=ir.ListT(elem)) as a]),
                    ir.Intrinsic(op="to_set", args=[ir.Expr(type=ir.ListT(other)) as b]),
                ],
            ) if elem == other and elem in (ir.INT, ir.STR):
                return f"{self.helper('sortedCommon')}({self.x(a)}, {self.x(b)})"
            case _:
                return None

    def _sorted(self, e: ir.Intrinsic, into: str | None = None) -> str:
        source, key, reverse = e.args
        plain = isinstance(key, ir.Lit) and isinstance(reverse, ir.Lit) and not reverse.value
        inner = source.args[0] if isinstance(source, ir.Intrinsic) and source.op == "to_list" else source
        keys = isinstance(inner, ir.Intrinsic) and inner.op in ("dict.keys", "dict.values")
        self.use("slices")
        distinct = inner.args[0] if isinstance(inner, ir.Intrinsic) and inner.op == "to_set" else None
        if (
            distinct is not None
            and distinct.type in (ir.ListT(ir.INT), ir.ListT(ir.STR))
            and isinstance(key, ir.Lit)
        ):
            name = into or self.fresh("ordered")
            text = self.x(distinct)
            new = isinstance(distinct, ir.Comp | ir.ListLit)
            if text != name:
                self.write(f"{name} := {text}" if new else f"{name} := slices.Clone({text})")
            self.write(f"slices.Sort({name})")
            self.write(f"{name} = slices.Compact({name})")
            if not plain:
                self._sort(name, e.type, key, reverse)
            return name
        if keys or isinstance(inner.type, ir.SetT | ir.DictT):
            over = inner.args[0] if keys and isinstance(inner, ir.Intrinsic) else inner
            values = keys and isinstance(inner, ir.Intrinsic) and inner.op == "dict.values"
            if values:
                self.use("maps")
                text = f"slices.Sorted(maps.Values({self.table(over)}))"
            else:
                text = self._sorted_common(over) or f"{self.helper('sortedKeys')}({self.table(over)})"
            if plain and into is None:
                return text
            if not isinstance(key, ir.Lit) and not names_its_entry(key):
                if values or not self.ordered(over.type):
                    raise Unsupported("sorting a map's or set's entries by a key that may tie")
                # Equal keys stay in the map's order.
                text = f"slices.Clone({self.order(over)})"
            name = into or self.fresh("ordered")
            self.write(f"{name} := {text}")
            if not plain:
                self._sort(name, e.type, key, reverse)
            return name
        if self.unordered(inner):
            if isinstance(inner, ir.Intrinsic) and inner.op == "dict.items" and names_its_entry(key):
                name = into or self.fresh("ordered")
                self._make_unordered(name, inner, e.type)
                self._sort(name, e.type, key, reverse)
                return name
            if not plain or not isinstance(inner, ir.Comp):
                raise Unsupported("sorting a map's or set's entries by a key that may tie")
            name = into or self.fresh("ordered")
            self.write(f"{name} := {self.go.type(e.type)}{{}}")
            self._fill(name, inner)
            self._sort(name, e.type, key, reverse)
            return name
        name = into or self.fresh("ordered")
        if isinstance(source, ir.Comp):
            self._make(name, source)
        else:
            text = self.x(source)
            fresh = isinstance(source, ir.Intrinsic) and source.op in (
                "to_list",
                "str.split",
                "str.split_ws",
                "list.concat",
                "list.copy",
            )
            self.write(
                f"{name} := {text}"
                if fresh or isinstance(source, ir.ListLit | ir.Call)
                else f"{name} := slices.Clone({text})"
            )
        self._sort(name, e.type, key, reverse)
        return name

    def _make_unordered(self, name: str, items: ir.Intrinsic, t: Type) -> None:
        assert isinstance(t, ir.ListT)
        self.write(f"{name} := make({self.go.type(t)}, 0, len({self.x(items.args[0])}))")
        self.write(f"for key, value := range {self.x(items.args[0], PRIMARY)} {{")
        self.write(f"\t{name} = append({name}, {self.go.type(t.elem)}{{key, value}})")
        self.write("}")

    def _sort(self, xs: str, t: Type, key: ir.Expr, reverse: ir.Expr) -> None:
        assert isinstance(t, ir.ListT)
        self.use("slices")
        if isinstance(key, ir.Lambda):
            key = self._sure(xs, key)
        backwards = isinstance(reverse, ir.Lit) and reverse.value
        if not isinstance(reverse, ir.Lit):
            test = self.x(reverse)
            self.write(f"if {test} {{")
            with self.indented():
                self._sort(xs, t, key, ir.Lit(True, type=ir.BOOL))
            self.write("} else {")
            with self.indented():
                self._sort(xs, t, key, ir.Lit(False, type=ir.BOOL))
            self.write("}")
            return
        if isinstance(key, ir.Lit):
            if not isinstance(t.elem, ir.P):
                raise Unsupported(f"ordering of {ir.type_text(t.elem)}")
            if t.elem in POINTS:
                order = (
                    "func(a, b time.Time) int { return b.Compare(a) }" if backwards else "time.Time.Compare"
                )
                self.write(f"slices.SortFunc({xs}, {order})")
                return
            if not backwards:
                self.write(f"slices.Sort({xs})")
                return
            self.use("cmp")
            elem = self.go.type(t.elem)
            self.write(f"slices.SortFunc({xs}, func(a, b {elem}) int {{ return cmp.Compare(b, a) }})")
            return
        assert isinstance(key, ir.Lambda)
        self.use("cmp")
        elem = self.go.type(t.elem)
        param = key.params[0].name

        def side(name: str) -> tuple[list[str], list[str]]:
            with self._named(param, name), self.infallible(), self.captured() as before, self.indented():
                body = key.body
                if isinstance(body, ir.TupleLit):
                    texts = [self._ordered(p) for p in body.elems]
                elif isinstance(body.type, ir.TupleT):
                    fields = ("First", "Second", "Third")
                    base = self.x(body, PRIMARY)
                    if len(body.type.elems) > 3:
                        raise Unsupported("a tuple of more than three values")
                    texts = [f"{base}.{f}" for f in fields[: len(body.type.elems)]]
                else:
                    texts = [self._ordered(body)]
            return texts, list(before)

        left, before_left = side("a")
        right, before_right = side("b")
        if backwards:
            left, right = right, left
        kinds = key.body.type.elems if isinstance(key.body.type, ir.TupleT) else (key.body.type,)
        compared = [times.compared(p, q, of) for p, q, of in zip(left, right, kinds, strict=True)]
        text = compared[0] if len(compared) == 1 else f"cmp.Or({', '.join(compared)})"
        if before_left or before_right:
            self.write(f"slices.SortStableFunc({xs}, func(a, b {elem}) int {{")
            self.lines.extend([*before_left, *before_right])
            self.write(f"\treturn {text}")
            self.write("})")
        else:
            sort = "SortFunc" if _compares_all(key) else "SortStableFunc"
            self.write(f"slices.{sort}({xs}, func(a, b {elem}) int {{ return {text} }})")

    def _sure(self, xs: str, key: ir.Lambda) -> ir.Lambda:
        """A key that does not fail: every element's is looked at first, which comparing does not do in a list of one."""
        if not any(isinstance(n, ir.Intrinsic) and n.raises for n in ir.walk(key.body)):
            return key
        sure = copy.deepcopy(key)
        for n in ir.walk(sure.body):
            if isinstance(n, ir.Intrinsic) and n.op in ("dict.index", "list.index"):
                n.raises = ""
        param = key.params[0].name
        element = self.go.local(param)
        if element in self.used:
            element = self.fresh(element)
        with self._named(param, element):
            self.write(f"for _, {element} := range {xs} {{")
            with self.indented():
                for e in key.body.elems if isinstance(key.body, ir.TupleLit) else [key.body]:
                    for failing in _failing(e):
                        self.effect(failing)
            self.write("}")
        return sure

    @contextmanager
    def _named(self, param: str, name: str) -> Generator[None]:
        """Inside, the parameter of a lambda has this name."""
        saved = self.names.get(param)
        self.names[param] = name
        yield
        if saved is None:
            self.names.pop(param, None)
        else:
            self.names[param] = saved

    def _ordered(self, e: ir.Expr) -> str:
        if e.type == ir.BOOL:
            return f"{self.helper('boolInt')}({self.x(e)})"
        return self.x(e)

    def _of_ordered(self, e: ir.Expr) -> bool:
        """True for the keys or values of a map that keeps its order."""
        if isinstance(e, ir.Intrinsic) and e.op in ("dict.keys", "dict.values"):
            return self.ordered(e.args[0].type)
        return self.ordered(e.type)

    def _extreme(self, e: ir.Intrinsic) -> str:
        source, key, default = e.args
        name = "Max" if e.op == "max_of" else "Min"
        inner = source.args[0] if isinstance(source, ir.Intrinsic) and source.op == "to_list" else source
        if isinstance(key, ir.Lambda):
            if self.unordered(inner):
                raise Unsupported("the first of several largest entries of a map or set")
            xs = self.simple(source, "items")
            self._default(xs, default)
            return self._extreme_by(xs, source.type, key, e.op == "max_of")
        if isinstance(e.type, ir.TupleT):
            raise Unsupported("the largest of tuples")
        self.use("slices")
        of, order = (f"{name}Func", ", time.Time.Compare") if e.type in POINTS else (name, "")
        if (self.unordered(inner) and not isinstance(inner, ir.Comp)) or self._of_ordered(inner):
            over = (
                inner.args[0] if isinstance(inner, ir.Intrinsic) and inner.op.startswith("dict.") else inner
            )
            which = "Values" if isinstance(inner, ir.Intrinsic) and inner.op == "dict.values" else "Keys"
            self.use("maps")
            text = f"slices.Collect(maps.{which}({self.table(over)}))"
            if isinstance(default, ir.Lit) and default.value is None:
                return f"slices.{of}({text}{order})"
            xs = self.fresh("items")
            self.write(f"{xs} := {text}")
        elif isinstance(default, ir.Lit) and default.value is None:
            return self._fold(source, name.lower()) or f"slices.{of}({self.x(source)}{order})"
        else:
            xs = self.simple(source, "items")
        made = self.fresh("largest" if name == "Max" else "smallest")
        self.write(f"{made} := {self.x(default)}")
        self.write(f"if len({xs}) > 0 {{")
        with self.indented():
            self.write(f"{made} = slices.{of}({xs}{order})")
        self.write("}")
        return made

    def _fold(self, source: ir.Expr, which: str) -> str | None:
        """The largest or smallest of what a comprehension makes of each number of a list, without the list of them."""
        match source:
            case ir.Comp(
                elem=ir.Expr(type=ir.INT) as elem,
                clauses=[
                    ir.Clause(target=ir.VarTarget(id=item), iter=ir.Name(type=ir.ListT()) as xs, conds=[])
                ],
            ) if self.pure(elem) and not any(isinstance(n, ir.Comp | ir.Lambda) for n in ir.walk(elem)):
                pass
            case _:
                return None
        shadowed = self.names.pop(item, None)
        items = self.x(xs)
        self.names[item] = f"{items}[0]"
        with self.captured() as before:
            first = self.x(elem)
        self.names.pop(item)
        if before or len(first) > 40:
            if shadowed is not None:
                self.names[item] = shadowed
            return None
        made = self.fresh("largest" if which == "max" else "smallest")
        self.write(f"{made} := {first}")
        name = self.name(item)
        self.write(f"for _, {name} := range {items}[1:] {{")
        with self.indented():
            self.write(f"{made} = {which}({made}, {self.x(elem)})")
        self.write("}")
        self.used.discard(self.names.pop(item))
        if shadowed is not None:
            self.names[item] = shadowed
        return made

    def _default(self, xs: str, default: ir.Expr) -> None:
        if not (isinstance(default, ir.Lit) and default.value is None):
            raise Unsupported("max or min with a key and a default")
        del xs

    def _extreme_by(self, xs: str, t: Type, key: ir.Lambda, largest: bool) -> str:
        assert isinstance(t, ir.ListT)
        key = self._sure(xs, key)
        param = key.params[0].name
        elem = self.go.type(t.elem)
        self.use("slices")
        self.use("cmp")
        sides: list[list[str]] = []
        for name in ("a", "b"):
            with self._named(param, name), self.infallible(), self.captured() as before, self.indented():
                body = key.body
                sides.append(
                    [self._ordered(p) for p in (body.elems if isinstance(body, ir.TupleLit) else [body])]
                )
            if before:
                raise Unsupported("a key that takes several statements")
        kinds = key.body.type.elems if isinstance(key.body.type, ir.TupleT) else (key.body.type,)
        parts = [times.compared(p, q, of) for p, q, of in zip(*sides, kinds, strict=True)]
        text = parts[0] if len(parts) == 1 else f"cmp.Or({', '.join(parts)})"
        # The first of equals wins in both languages.
        return (
            f"slices.{'MaxFunc' if largest else 'MinFunc'}({xs}, func(a, b {elem}) int {{ return {text} }})"
        )

    # Text

    def format_pattern(self, e: ir.Expr) -> tuple[str, list[str]]:
        """A format string and its values for fmt functions."""
        if isinstance(e, ir.Lit):
            return str(e.value).replace("%", "%%"), []
        if not isinstance(e, ir.Format):
            return "%s", [self.x(e)]
        pattern = ""
        values: list[str] = []
        for p in e.parts:
            if p.value is None:
                pattern += p.text.replace("%", "%%")
                continue
            verb, value = self._verb(p)
            pattern += verb
            values.append(value)
        return pattern, values

    def _verb(self, p: ir.FormatPart) -> tuple[str, str]:
        assert p.value is not None
        v = p.value
        if isinstance(v, ir.Intrinsic) and v.op == "error.message":
            text = self.x(v.args[0])
            # The text of an error that only holds a value is that value's.
            held = re.fullmatch(r'fmt\.Errorf\("(%[sv])", (.+)\)', text)
            return (held[1], held[2]) if held else ("%v", text)
        text = self.x(v)
        kind, _, rest = p.spec.partition(":")
        match kind:
            case "":
                return {"int": "%d", "char": "%c"}.get(
                    v.type.kind.value if isinstance(v.type, ir.P) else "", "%s"
                ), text
            case "quoted" if rest:
                return "%s", f"{self.helper('quoted')}({text if v.type != ir.CHAR else f'string({text})'})"
            case "quoted":
                return "%q", text if v.type != ir.CHAR else f"string({text})"
            case "int":
                align, zero, width, base = rest.split(":")
                return f"%{'-' if align == '<' and width else ''}{zero}{width}{base}", text
            case "float":
                align, zero, width, precision, unit = rest.split(":")
                flag = "-" if align == "<" and width else ""
                if unit == "%":
                    return f"%{flag}{zero}{width}.{precision}f%%", f"{self.x(v, MUL)} * 100"
                return f"%{flag}{zero}{width}.{precision}f", text
            case "str":
                align, width = rest.split(":")
                text = text if v.type != ir.CHAR else f"string({text})"
                return f"%{'-' if align == '<' and width else ''}{width}s", text
            case _:
                raise Unsupported(f"format {p.spec}")

    def _format(self, e: ir.Format) -> tuple[str, int]:
        from foundation_engine.port.emit.go import go_string

        plain = [p for p in e.parts if p.value is not None]
        if not plain:
            return go_string("".join(p.text for p in e.parts)), PRIMARY
        if len(e.parts) == 1 and not plain[0].spec and plain[0].value is not None:
            v = plain[0].value
            if v.type == ir.STR:
                return self._text(v)
            if v.type == ir.CHAR:
                return f"string({self.x(v)})", PRIMARY
            if v.type == ir.INT:
                self.use("strconv")
                return f"strconv.Itoa({self.x(v)})", PRIMARY
        if len(e.parts) <= 3 and all(p.value is None or self._plain_text(p) for p in e.parts):
            return " + ".join(
                go_string(p.text) if p.value is None else self.x(p.value, ADD) for p in e.parts
            ), ADD
        pattern, values = self.format_pattern(e)
        self.use("fmt")
        return f"fmt.Sprintf({', '.join([go_string(pattern), *values])})", PRIMARY

    def _plain_text(self, p: ir.FormatPart) -> bool:
        v = p.value
        if v is None or p.spec or v.type != ir.STR:
            return False
        return not (isinstance(v, ir.Intrinsic) and v.op == "error.message")

    def lambda_of(self, e: ir.Lambda, wanted: ir.FuncT) -> str:
        """An anonymous function with the signature that is asked for, which is one that may fail."""
        params, body = self._lambda_parts(e)
        if wanted.context:
            self.use("context")
            params.insert(0, "_ context.Context")
        results = self.go.results(wanted.result, wanted.raises)
        return f"func({', '.join(params)}){results} {{ return {body}{', nil' if wanted.raises else ''} }}"

    def _lambda(self, e: ir.Lambda) -> str:
        params, body = self._lambda_parts(e)
        return f"func({', '.join(params)}) {self.go.type(e.body.type)} {{ return {body} }}"

    def _lambda_parts(self, e: ir.Lambda) -> tuple[list[str], str]:
        """The parameters and the value of an anonymous function."""
        saved, used = dict(self.names), set(self.used)
        params = [f"{self.name(p.name)} {self.go.type(p.type)}" for p in e.params]
        with self.infallible(), self.captured() as before, self.indented():
            body = self.x(e.body)
        if before:
            raise Unsupported("a lambda that takes several statements")
        self.names, self.used = saved, used
        return params, body


def _made_here(e: ir.Expr) -> bool:
    """True for a list that is made by the expression itself, so that nobody else holds it."""
    return isinstance(e, ir.Comp | ir.ListLit) or (
        isinstance(e, ir.Intrinsic)
        and e.op in ("sorted", "to_list", "list.concat", "list.copy", "list.reversed")
    )


def _failing(e: ir.Expr) -> list[ir.Expr]:
    """The operations of an expression that may fail, or all of it where it leaves some of them out."""
    if isinstance(e, ir.Intrinsic) and e.raises:
        return [e]
    if not any(isinstance(n, ir.Intrinsic) and n.raises for n in ir.walk(e)):
        return []
    if isinstance(e, ir.Intrinsic | ir.Field | ir.Not):
        return [n for child in ir.children(e) if isinstance(child, ir.Expr) for n in _failing(child)]
    return [e]


def _operands(e: ir.Bool) -> list[ir.Expr]:
    """What is joined, an operand joined in the same way resolved into its own."""
    out: list[ir.Expr] = []
    for v in e.values:
        match v:
            case ir.Bool(op=e.op):
                out.extend(_operands(v))
            case ir.Not(value=ir.Bool() as whole) if whole.op != e.op:
                inner: list[ir.Expr] = [ir.Not(w, type=ir.BOOL, line=w.line) for w in whole.values]
                out.extend(_operands(ir.Bool(e.op, inner, type=ir.BOOL, line=v.line)))
            case ir.Intrinsic(
                op="eq",
                args=[ir.Unwrap(value=ir.Intrinsic(op="env.get", args=[name])), ir.Lit(value=str(text))],
            ) if e.op == "and" and text and out and _asks_env(out[-1], name):
                # A variable that is not set is no text that is looked for.
                value = ir.Intrinsic("env.get_or", [name, ir.Lit("", type=ir.STR)], type=ir.STR, line=v.line)
                out[-1] = ir.Intrinsic("eq", [value, v.args[1]], type=ir.BOOL, line=v.line)
            case _:
                out.append(v)
    return out


def _asks_env(e: ir.Expr, name: ir.Expr) -> bool:
    """True for the test whether an environment variable is set."""
    match e:
        case ir.Intrinsic(op="is_some", args=[ir.Intrinsic(op="env.get", args=[asked])]):
            return ir.same(asked, name)
        case _:
            return False


def _implied(e: ir.Expr, others: list[ir.Expr]) -> bool:
    """True for a test whether a character is a letter beside one for a letter with a case, as Go tells them."""
    return (
        isinstance(e, ir.Intrinsic)
        and e.op == "char.isalpha"
        and isinstance(e.args[0], ir.Name)
        and any(
            isinstance(o, ir.Intrinsic)
            and o.op in ("char.isupper", "char.islower")
            and ir.same(o.args, e.args)
            for o in others
        )
    )


def _regroups(op: str, right: ir.Expr) -> bool:
    """True for a right operand that needs parentheses where its operator binds as the one before it does."""
    same = isinstance(right, ir.Intrinsic) and right.op in (op, {"int.add": "int.sub"}.get(op, op))
    return not (same and op.startswith("int."))


def _compares_all(key: ir.Lambda) -> bool:
    """True for a key without which nothing of an element is left: elements with the same key are the same."""
    param = key.params[0]

    def whole(e: ir.Expr) -> bool:
        return isinstance(e, ir.Name) and e.id == param.name

    def same_when_equal(t: Type) -> bool:
        return t in (ir.INT, ir.STR, ir.CHAR, ir.BOOL)

    if whole(key.body):
        elems = param.type.elems if isinstance(param.type, ir.TupleT) else (param.type,)
        return all(map(same_when_equal, elems))
    if not isinstance(key.body, ir.TupleLit) or not isinstance(param.type, ir.TupleT):
        return False
    known = {
        p.args[1].value
        for p in key.body.elems
        if isinstance(p, ir.Intrinsic)
        and p.op == "tuple.index"
        and whole(p.args[0])
        and isinstance(p.args[1], ir.Lit)
        and same_when_equal(p.type)
    }
    return len(known) == len(param.type.elems)


def _ids(t: ir.Target) -> list[str]:
    if isinstance(t, ir.VarTarget):
        return [t.id]
    return [i for e in t.elems for i in _ids(e)] if isinstance(t, ir.TupleTarget) else []


def _balanced(text: str) -> bool:
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0 and i < len(text) - 1:
            return False
    return True
