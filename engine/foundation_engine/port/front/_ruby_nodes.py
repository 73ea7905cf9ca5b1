"""The nodes that the Ruby front end makes most, under short names."""

from __future__ import annotations

from dataclasses import dataclass, field

from foundation_engine.port import ir
from foundation_engine.port.ir import Type

FLOAT_TEXT = (
    "A float whose text has an exponent, and infinity and NaN, are written as in Python, not as in Ruby."
)

CORE_CLASSES = frozenset(
    [
        "Integer", "Float", "Numeric", "String", "Symbol", "Array", "Hash", "NilClass", "Proc", "TrueClass",
        "FalseClass", "Set",
    ]
)  # fmt: skip
"""Classes of Ruby's core that a program asks about."""

ENUMERATORS = frozenset(
    [
        "each_with_index",
        "each_char",
        "each_slice",
        "each_cons",
        "reverse_each",
        "times",
        "upto",
        "downto",
        "step",
    ]
)
"""Methods that give an enumerator where they have no block."""


def op(name: str, args: list[ir.Expr], t: Type, raises: str = "") -> ir.Intrinsic:
    """An operation of the catalogue."""
    return ir.Intrinsic(name, args, raises, type=t)


def lit(value: object, t: Type) -> ir.Lit:
    """A literal."""
    return ir.Lit(value, type=t)


def integer(value: int) -> ir.Lit:
    """An integer literal."""
    return ir.Lit(value, type=ir.INT)


@dataclass(slots=True)
class Maybe(ir.Cond):
    """An optional that Ruby's `[]` and the like give; `plain` is the same operation where a value must be there."""

    plain: ir.Expr = field(default_factory=lambda: ir.Lit(None))
