"""Files of one package are read together: a name that a file imports means what its sibling defines."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.package import groups, package_request, place_of, with_siblings
from foundation_engine.port.request import PortCandidate, PortOptions, PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_specs.model import LanguageId

GO, RUBY, RUST = LanguageId.GO, LanguageId.RUBY, LanguageId.RUST

SHOP = {
    "__init__.py": '''"""A small shop."""

from .models import Order as Order
from .orders import place as place
''',
    "models.py": '''"""What is sold."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Status(Enum):
    """How far an order is."""

    OPEN = "open"
    PAID = "paid"


@dataclass(frozen=True)
class Item:
    sku: str
    quantity: int
    cents: int  # for one


@dataclass
class Order:
    customer: str
    items: list[Item] = field(default_factory=list)
    status: Status = Status.OPEN

    def add(self, item: Item) -> None:
        """Put a line on the order."""
        self.items.append(item)


def _normal(text: str) -> str:
    return text.strip().upper()


def parse_item(line: str) -> Item:
    parts = line.split(",")
    if len(parts) != 3:
        raise ValueError(f"not an item: {line}")
    return Item(_normal(parts[0]), int(parts[1]), int(parts[2]))
''',
    "errors.py": '''"""What can go wrong."""


class ShopError(Exception):
    """Base of all."""


class EmptyOrder(ShopError):
    """There is nothing on the order."""


class OutOfStock(ShopError):
    """Too little is left."""

    def __init__(self, sku: str, wanted: int) -> None:
        super().__init__(f"{sku}: {wanted} wanted")
        self.sku = sku
        self.wanted = wanted
''',
    "pricing.py": '''"""Prices with discounts."""

from __future__ import annotations

import shop.errors as errors
from shop import Order
from shop.models import Item

TAX_PERCENT = 19


def _normal(cents: int) -> int:
    return max(cents, 0)


def line_total(item: Item) -> int:
    total = item.quantity * item.cents
    if item.quantity >= 10:
        total -= total // 10
    return _normal(total)


def total(order: Order) -> int:
    """The price of an order with tax."""
    if not order.items:
        raise errors.EmptyOrder("nothing ordered")
    net = sum(line_total(i) for i in order.items)
    return net + net * TAX_PERCENT // 100
''',
    "stock.py": '''"""What is left."""

from __future__ import annotations

from typing import Protocol

from .errors import OutOfStock


class Store(Protocol):
    def left(self, sku: str) -> int: ...

    def take(self, sku: str, quantity: int) -> None: ...


def reserve(store: Store, sku: str, quantity: int) -> int:
    left = store.left(sku)
    if left < quantity:
        raise OutOfStock(sku, quantity)
    store.take(sku, quantity)
    return left - quantity
''',
    "orders.py": '''"""Taking orders."""

from __future__ import annotations

from . import models, pricing
from .errors import OutOfStock
from .stock import Store, reserve


def place(store: Store, order: models.Order) -> int:
    """Reserve everything; what it costs."""
    price = pricing.total(order)
    for item in order.items:
        reserve(store, item.sku, item.quantity)
    return price


def place_text(store: Store, customer: str, lines: list[str]) -> int:
    """Place an order of one item a line; 0 when something is out of stock."""
    order = models.Order(customer)
    for line in lines:
        order.add(models.parse_item(line))
    try:
        return place(store, order)
    except OutOfStock:
        return 0
''',
}


def written(root: Path, files: dict[str, str]) -> list[Path]:
    out: list[Path] = []
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        out.append(path)
    return out


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    written(tmp_path / "shop", SHOP)
    return tmp_path / "shop"


def whole(folder: Path, target: LanguageId) -> PortCandidate:
    """The port of every file of a folder."""
    return port(package_request(sorted(folder.rglob("*.py")), target, PortOptions()))


def single(path: Path, target: LanguageId, line: int | None = None) -> PortCandidate:
    """The port of one file with what it imports."""
    text = path.read_text(encoding="utf-8")
    return port(with_siblings(PortRequest(str(path), text, LanguageId.PYTHON, target, line)))


def text_of(candidate: PortCandidate, name: str) -> str:
    return next(f.text for f in candidate.files if f.path == name)


def passes(candidate: PortCandidate) -> None:
    report = verify(candidate, VerifyOptions(cases=4, differential=12))
    assert report.verdict is Verdict.PASSED, report.results


def agrees(candidate: PortCandidate) -> None:
    """Every case that runs agrees, although not everything has a case."""
    report = verify(candidate, VerifyOptions(cases=4, differential=12))
    assert all(r.verdict is not Verdict.FAILED for r in report.results), report.results
    assert sum(r.cases for r in report.results) > 0


def go_of(tmp_path: Path, files: dict[str, str]) -> PortCandidate:
    written(tmp_path / "pkg", {"__init__.py": "", **files})
    return whole(tmp_path / "pkg", GO)


def passing_go_of(tmp_path: Path, files: dict[str, str]) -> PortCandidate:
    """The same of files that are ported without a hole, which was verified."""
    made = go_of(tmp_path, files)
    assert not made.holes
    passes(made)
    return made


def test_a_package_becomes_a_go_package_with_a_file_per_source_file(shop: Path) -> None:
    made = whole(shop, GO)
    sources = {f.path for f in made.files if f.role == "source"}
    assert sources == {"errors.go", "models.go", "orders.go", "pricing.go", "stock.go", "support.go"}
    assert all(f.text.count("package shop\n") == 1 for f in made.files if f.role == "source")
    orders = text_of(made, "orders.go")
    assert "func Place(ctx context.Context, store Store, order *Order) (int, error) {" in orders
    assert "price, err := Total(order)" in orders
    assert 'import (\n\t"context"\n\t"errors"\n)' in orders
    assert "import" not in text_of(made, "pricing.go")
    assert not made.holes
    agrees(made)


def test_a_package_becomes_one_namespace_in_ruby(shop: Path) -> None:
    made = whole(shop, RUBY)
    files = {f.path: f.text for f in made.files if f.role == "source"}
    files.pop("shop/support.rb")
    assert set(files) == {
        "shop.rb",
        *(f"shop/{n}.rb" for n in ("errors", "models", "orders", "pricing", "stock")),
    }
    loaded = [
        line.partition("/")[2].rstrip("'")
        for line in files["shop.rb"].splitlines()
        if "require_relative" in line
    ]
    assert loaded.index("errors") < loaded.index("stock") < loaded.index("orders")
    assert "require_relative 'errors'" in files["shop/stock.rb"]
    assert "price = total(order)" in files["shop/orders.rb"]
    assert "def pricing_normal(cents)" in files["shop/pricing.rb"]
    agrees(made)


def test_a_package_becomes_a_crate_with_a_module_per_source_file(shop: Path) -> None:
    made = whole(shop, RUST)
    files = {f.path: f.text for f in made.files if f.role == "source"}
    assert set(files) == {
        "src/lib.rs",
        *(f"src/{n}.rs" for n in ("errors", "models", "orders", "pricing", "stock", "support")),
    }
    assert "mod orders;\n" in files["src/lib.rs"]
    assert "pub use orders::*;\n" in files["src/lib.rs"]
    assert "use crate::models::{parse_item, Order};" in files["src/orders.rs"]
    assert "pub(crate) fn pricing_normal(cents: i64) -> i64 {" in files["src/pricing.rs"]
    agrees(made)


def test_names_that_two_files_have_are_kept_apart_and_told(shop: Path) -> None:
    made = whole(shop, GO)
    assert "func normal(text string) string {" in text_of(made, "models.go")
    assert "func pricingNormal(cents int) int {" in text_of(made, "pricing.go")
    assert "return pricingNormal(total)" in text_of(made, "pricing.go")
    told = next(d for d in made.differences if d.startswith("Names that"))
    assert f"`_normal` of {shop / 'pricing.py'} to `_pricing_normal`" in told


def test_functions_are_reported_by_the_file_that_they_stand_in(shop: Path) -> None:
    made = whole(shop, GO)
    by_name = {f.source_name: f.path for f in made.functions}
    assert by_name["Order.add"] == str(shop / "models.py")
    assert by_name["place"] == str(shop / "orders.py")


def test_a_single_file_takes_along_what_it_needs_of_its_siblings(shop: Path) -> None:
    made = single(shop / "stock.py", GO)
    assert {f.path for f in made.files if f.role == "source"} == {"errors.go", "stock.go"}
    errors = text_of(made, "errors.go")
    assert "type OutOfStockError struct {" in errors
    assert "EmptyOrder" not in errors
    passes(made)


def test_a_line_takes_along_what_its_definition_needs(shop: Path) -> None:
    line = SHOP["pricing.py"].splitlines().index("def line_total(item: Item) -> int:") + 1
    made = single(shop / "pricing.py", GO, line)
    assert {f.source_name for f in made.functions} == {"line_total", "_normal"}
    assert "type Item struct" in text_of(made, "models.go")
    assert "Order" not in text_of(made, "models.go")


def test_a_file_that_uses_no_sibling_is_ported_as_it_was(shop: Path) -> None:
    path = shop / "models.py"
    alone = port(PortRequest(str(path), SHOP["models.py"], LanguageId.PYTHON, GO))
    assert alone.files == single(path, GO).files


def test_files_outside_of_the_package_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secrets.py").write_text("KEY = 1\n", encoding="utf-8")
    written(
        tmp_path / "pkg",
        {"__init__.py": "", "a.py": "from secrets import KEY\n\n\ndef f() -> int:\n    return KEY\n"},
    )
    (tmp_path / "pkg" / "link.py").symlink_to(tmp_path / "secrets.py")
    (tmp_path / "pkg" / "b.py").write_text(
        "from .link import KEY\n\n\ndef g() -> int:\n    return KEY\n", encoding="utf-8"
    )
    assert [h.reason for h in single(tmp_path / "pkg" / "a.py", GO).holes] == [
        "KEY is not defined in this file, or its type is not known"
    ]
    assert single(tmp_path / "pkg" / "b.py", GO).holes


def test_a_variable_shadows_what_a_sibling_calls_the_same(tmp_path: Path) -> None:
    passing_go_of(
        tmp_path,
        {
            "a.py": "def rate(x: int) -> int:\n    return x * 2\n\n\nLIMIT = 3\n",
            "b.py": "from .a import rate, LIMIT\n\n\ndef f(rate: int) -> int:\n    LIMIT = rate + 1\n"
            "    return LIMIT\n\n\n"
            "def g(xs: list[int]) -> list[int]:\n    return [rate for rate in xs]\n\n\n"
            "def h(x: int) -> int:\n    return rate(x) + LIMIT\n",
        },
    )


def test_a_builtin_means_itself_although_a_sibling_has_its_name(tmp_path: Path) -> None:
    made = passing_go_of(
        tmp_path,
        {
            "a.py": "def sorted(xs: list[int]) -> list[int]:\n    return xs\n",
            "b.py": "def f(xs: list[int]) -> list[int]:\n    return sorted(xs)\n",
        },
    )
    assert "func ASorted(xs []int) []int {" in text_of(made, "a.go")
    assert "slices.Sort" in text_of(made, "b.go")


def test_files_that_import_one_another_in_a_circle(tmp_path: Path) -> None:
    passing_go_of(
        tmp_path,
        {
            "a.py": "def even(n: int) -> bool:\n    from .b import odd\n\n    return n <= 0 or odd(n - 1)\n",
            "b.py": "from . import a\n\n\ndef odd(n: int) -> bool:\n    return n > 0 and a.even(n - 1)\n",
        },
    )


def test_re_exports_stars_and_aliases_lead_to_the_definition(tmp_path: Path) -> None:
    made = go_of(
        tmp_path,
        {
            "__init__.py": "from .deep import *\nfrom .deep.core import double as twice\n",
            "deep/__init__.py": "from .core import Box as Crate\n",
            "deep/core.py": "from dataclasses import dataclass\n\n\n@dataclass\nclass Box:\n    n: int\n\n\n"
            "def double(n: int) -> int:\n    return n * 2\n",
            "use.py": "import pkg\nfrom pkg import twice\nimport pkg.deep.core as core\nfrom .deep import Crate\n\n\n"
            'def f(c: "Crate") -> int:\n    return twice(c.n) + core.double(1) + pkg.twice(2)\n\n\n'
            "def g(n: int) -> core.Box:\n    return pkg.Crate(n)\n",
        },
    )
    assert not made.holes
    assert "type Box struct" in text_of(made, "deep_core.go")
    assert "func F(c *Box) int {" in text_of(made, "use.go")
    passes(made)


def test_a_class_inherits_from_one_of_another_file(tmp_path: Path) -> None:
    made = go_of(
        tmp_path,
        {
            "base.py": "import math\n\n\nclass Shape:\n    def __init__(self, name: str) -> None:\n"
            "        self.name = name\n\n    def area(self) -> float:\n        return math.floor(2.5) * 1.0\n\n"
            "    def label(self) -> str:\n        # The name comes first.\n"
            "        return f'{self.name}: {self.area()}'\n",
            "square.py": "from .base import Shape\n\n\nclass Square(Shape):\n"
            "    def __init__(self, side: float) -> None:\n"
            "        super().__init__('square')\n        self.side = side\n\n    def area(self) -> float:\n"
            "        return self.side * self.side\n",
        },
    )
    assert not made.holes
    square = text_of(made, "square.go")
    assert "func (s *Square) Label() string {" in square
    assert "// The name comes first." in square
    passes(made)


ERRORS = {
    "errors.py": '''
class AppError(Exception):
    """Base."""

    def __init__(self, message: str, hint: str | None = None, exit_code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        if self.hint:
            return f"{self.message} ({self.hint})"
        return self.message


class ProfileError(AppError):
    """No such profile."""

    def __init__(self, profile_name: str, message: str | None = None, available: list[str] | None = None) -> None:
        if not message:
            message = f"Profile '{profile_name}' not found"
        hint = None
        if available:
            hint = f"Available: {', '.join(available)}"
        super().__init__(message, hint)
        self.profile_name = profile_name


class OtherProfileError(ProfileError):
    """Another."""


class Missing(AppError):
    def __init__(self, deps: list[str], required_for: str | None = None) -> None:
        message = f"Missing: {', '.join(deps)}"
        if required_for:
            message += f" (required for {required_for})"
        hint = "Install:"
        for dep in deps:
            if dep == "git":
                hint += " git from git-scm.com"
            else:
                hint += f" {dep}"
        super().__init__(message, hint.rstrip(), exit_code=3)
        self.deps = deps
''',
    "use.py": """
from .errors import AppError, Missing, OtherProfileError, ProfileError


def find(name: str, known: list[str]) -> str:
    if name not in known:
        raise ProfileError(name, available=known)
    if name == "other":
        raise OtherProfileError(name, "odd")
    return name


def need(deps: list[str], why: str | None) -> int:
    if deps:
        raise Missing(deps, why)
    if why is not None:
        raise AppError(why, "look", 2)
    return 0


def told(name: str, known: list[str]) -> str:
    try:
        return find(name, known)
    except ProfileError as e:
        return str(e)


def told_need(deps: list[str], why: str | None) -> str:
    try:
        return str(need(deps, why))
    except Missing as e:
        return f"{e} / {len(e.deps)}"
    except AppError as e:
        return str(e)
""",
}


@pytest.mark.parametrize("target", [GO, RUBY])
def test_errors_work_out_their_text_from_what_they_are_given(tmp_path: Path, target: LanguageId) -> None:
    written(tmp_path / "pkg", {"__init__.py": "", **ERRORS})
    made = whole(tmp_path / "pkg", target)
    assert not made.holes
    if target is GO:
        errors = text_of(made, "errors.go")
        assert "func (e *ProfileError) Error() string {" in errors
        assert (
            "func profileErrorText(profileName string, message *string, available []string) string {"
            in errors
        )
    passes(made)


MEMORY = """
class Memory:
    def __init__(self, n: int) -> None:
        self.n = n

    @classmethod
    def parse(cls, text: str) -> "Memory":
        if not text:
            raise ValueError("empty")
        return cls(len(text))

    @staticmethod
    def one() -> "Memory":
        return Memory(1)

    @staticmethod
    def _half(n: int) -> int:
        return n // 2

    def halved(self) -> int:
        return self._half(self.n)
"""
USE = """
from collections.abc import Callable

from .memory import Memory


def small() -> bool:
    return True


def large() -> bool:
    return False


def count(names: list[str]) -> int:
    known: dict[str, Callable[[], bool]] = {"small": small, "large": large}
    return sum(1 for n in names if n in known)


def f(t: str) -> int:
    return Memory.parse(t).n + Memory.one().n + Memory.one().halved()
"""


@pytest.mark.parametrize(
    ("target", "file", "call"), [(GO, "use.go", "MemoryParse(t)"), (RUBY, "pkg/use.rb", "Memory.parse(t).n")]
)
def test_static_methods_and_tables_of_functions(
    tmp_path: Path, target: LanguageId, file: str, call: str
) -> None:
    written(tmp_path / "pkg", {"__init__.py": "", "memory.py": MEMORY, "use.py": USE})
    made = whole(tmp_path / "pkg", target)
    assert not made.holes
    assert call in text_of(made, file)
    agrees(made)


def test_what_an_error_computes_is_not_read(tmp_path: Path) -> None:
    made = go_of(
        tmp_path,
        {
            **ERRORS,
            "use.py": "from .errors import Missing\n\n\ndef f(deps: list[str]) -> str:\n"
            "    try:\n        raise Missing(deps)\n"
            "    except Missing as e:\n        return e.hint or ''\n",
        },
    )
    assert [h.reason for h in made.holes] == ["Missing.hint, which is not ported"]


def test_a_sibling_that_does_not_parse_is_told(tmp_path: Path) -> None:
    made = go_of(tmp_path, {"a.py": "def f() -> int:\n    return 1\n", "b.py": "def broken(:\n"})
    assert [(h.path, h.line) for h in made.holes] == [(str(tmp_path / "pkg" / "b.py"), 1)]
    assert "the file does not parse" in made.holes[0].reason
    assert [f.source_name for f in made.functions] == ["f"]


def test_a_hole_names_its_file_and_quotes_it(tmp_path: Path) -> None:
    made = go_of(
        tmp_path,
        {"a.py": "X = 1\n", "b.py": "from .a import X\n\n\ndef f() -> int:\n    weird(X)\n    return X\n"},
    )
    assert [(h.path, h.line, h.source) for h in made.holes] == [
        (str(tmp_path / "pkg" / "b.py"), 5, "weird(X)")
    ]


def test_which_files_are_ported_together(tmp_path: Path) -> None:
    loose = written(tmp_path / "loose", {"a.py": "import b\n", "b.py": "X = 1\n", "c.py": "import json\n"})
    package = written(
        tmp_path / "pkg", {"__init__.py": "", "x.py": "", "sub/__init__.py": "", "sub/y.py": ""}
    )
    assert groups([*loose, *package]) == [loose[:2], loose[2:], sorted(package)]
    assert groups(package, limit=2) == [[p] for p in sorted(package)]
    assert place_of(package[3]).module == "pkg.sub.y"


def test_names_with_a_meaning_for_gos_tools_are_changed(tmp_path: Path) -> None:
    made = go_of(
        tmp_path,
        {
            "a_test.py": "def f() -> int:\n    return 1\n",
            "on_windows.py": "from .a_test import f\n\n\ndef g() -> int:\n    return f()\n",
        },
    )
    assert {f.path for f in made.files if f.role == "source"} == {"a_test_source.go", "on_windows_source.go"}
    passes(made)


PLACES = """
import math


class Places:
    def __init__(self, is_new: bool) -> None:
        self.is_new = is_new

    @staticmethod
    def _doubled(n: int) -> int:
        return n * 2

    def _is_new(self) -> bool:
        return not self.is_new

    def both(self, config: int) -> int:
        return self._doubled(config) + config

    def old(self) -> bool:
        return self._is_new()
"""


def test_private_members_in_ruby(tmp_path: Path) -> None:
    written(
        tmp_path / "pkg",
        {"__init__.py": "", "places.py": PLACES, "use.py": "from .places import Places\n\nN = 1\n"},
    )
    made = whole(tmp_path / "pkg", RUBY)
    assert {h.reason for h in made.holes} == {"a private method that has the name of another member"}
    agrees(made)


def test_a_variable_with_the_name_of_a_go_package_imports_nothing(tmp_path: Path) -> None:
    made = go_of(
        tmp_path,
        {
            "a.py": "import math\n\n\ndef f(x: float) -> float:\n    return math.sqrt(abs(x))\n",
            "b.py": "from dataclasses import dataclass\n\nfrom .a import f\n\n\n"
            "@dataclass\nclass Box:\n    n: float\n\n\n"
            "def g(math: Box) -> float:\n    return f(math.n)\n",
        },
    )
    assert not made.holes
    assert "import" not in text_of(made, "b.go")
    passes(made)
