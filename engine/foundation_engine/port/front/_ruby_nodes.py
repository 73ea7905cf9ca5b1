"""Short names for the nodes that the Ruby front end makes most."""

from __future__ import annotations

from foundation_engine.port import ir
from foundation_engine.port.ir import Type


def op(name: str, args: list[ir.Expr], t: Type, raises: str = "") -> ir.Intrinsic:
    """An operation of the catalogue."""
    return ir.Intrinsic(name, args, raises, type=t)


def lit(value: object, t: Type) -> ir.Lit:
    """A literal."""
    return ir.Lit(value, type=t)


def integer(value: int) -> ir.Lit:
    """An integer literal."""
    return ir.Lit(value, type=ir.INT)
