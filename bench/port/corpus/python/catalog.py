"""Imports of product lists: read them, say what is wrong with them, keep the result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from foundation.errors import ValidationError, error_boundary
from foundation.files import atomic_write
from foundation.logging import get_logger

log = get_logger("shop.catalog")

COLUMNS = ("sku", "name", "cents")


class BadRow(ValidationError):
    """A line of the list that cannot be used."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


@dataclass(frozen=True)
class Product:
    """One article of the catalogue."""

    sku: str
    name: str
    cents: int


def parse_row(line: int, text: str) -> Product:
    """Read `sku;name;cents`."""
    cells = [cell.strip() for cell in text.split(";")]
    if len(cells) != len(COLUMNS):
        raise BadRow(line, f"expected {len(COLUMNS)} cells, found {len(cells)}")
    sku, name, price = cells
    if not sku:
        raise BadRow(line, "no article number")
    try:
        cents = int(price)
    except ValueError as error:
        raise BadRow(line, f"not a price: {price!r}") from error
    if cents < 0:
        raise BadRow(line, "a price below zero")
    return Product(sku.upper(), name, cents)


def parse_catalog(text: str) -> tuple[list[Product], list[str]]:
    """The products of a list, and what is wrong with the other lines. Later lines win over earlier ones."""
    products: dict[str, Product] = {}
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            product = parse_row(number, line)
        except BadRow as bad:
            log.warning("row skipped", line=bad.line, problem=bad.problem)
            problems.append(str(bad))
            continue
        products[product.sku] = product
    return list(products.values()), problems


def import_catalog(path: str, target: str) -> int:
    """Read a list and keep its products beside it, sorted; how many there are."""
    products, problems = parse_catalog(Path(path).read_text())
    lines = [f"{p.sku};{p.name};{p.cents}" for p in sorted(products, key=lambda p: p.sku)]
    atomic_write(target, "\n".join(lines) + "\n", backup=True)
    if problems:
        atomic_write(f"{target}.problems", "\n".join(problems) + "\n")
    log.info("catalog imported", products=len(products), problems=len(problems))
    return len(products)


@error_boundary(OSError, ValidationError, reraise=False, fallback=-1)
def count_products(path: str) -> int:
    """How many products a list has; -1 when it cannot be read or has an error."""
    products, problems = parse_catalog(Path(path).read_text())
    if problems:
        raise ValidationError(problems[0])
    return len(products)


@error_boundary(ValueError, KeyError, reraise=False, fallback=0)
def price_of(prices: dict[str, str], sku: str) -> int:
    """The price of an article in cents; 0 when it is missing or cannot be read."""
    text = prices[sku.upper()]
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0")[:2])


def load_checkpoint(path: str) -> int:
    """Where the last import stopped; 0 when there is no usable note of it."""
    position = 0
    with error_boundary(OSError, ValueError, reraise=False, context={"path": path}):
        position = int(Path(path).read_text().strip())
    return position


@error_boundary(context={"component": "catalog"})
def merge_prices(base: dict[str, int], changes: list[str]) -> dict[str, int]:
    """Prices after changes such as `TEA-1+50` or `TEA-1-25`; an error is logged and passed on."""
    merged = dict(base)
    for change in changes:
        sign = 1 if "+" in change else -1
        sku, _, amount = change.rpartition("+" if sign > 0 else "-")
        if sku not in merged:
            raise ValidationError(f"unknown article {sku}")
        merged[sku] = max(0, merged[sku] + sign * int(amount))
    return merged


def save_snapshot(path: str, products: list[Product]) -> str:
    """Write the catalogue as JSON, readable by its owner alone; the text that was written."""
    text = json.dumps([{"sku": p.sku, "cents": p.cents} for p in products])
    atomic_write(path, text, mode=0o600, create_parents=True)
    return text
