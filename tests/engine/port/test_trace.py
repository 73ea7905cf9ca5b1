"""Types from a run of the user's tests: what is learned, where it is written, and that the port then works."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.port.trace import TraceError, merged, trace
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_specs.model import LanguageId

SOURCE = """\
def total(items, rate=1.0, *, label=None):
    # Everything together.
    out = 0.0
    for name, cents in items:
        out += cents * rate
    if label is not None and label == "half":
        return out / 2
    return out


def decorated(function):
    return function


@decorated
def initials(
    words,  # é: a column that counts bytes
):
    return [w[:1] for w in words]


def never(x):
    return x


def mixed(x):
    return None
"""
CALLS = """
from scores import *
total([("a", 1), ("b", 2)])
total([], 2.0, label="half")
initials(["go", "ruby"])
initials([])
mixed(1)
mixed("one")
"""


@pytest.fixture
def scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "scores.py").write_text(SOURCE)
    (tmp_path / "calls.py").write_text(CALLS)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "scores.py"


def test_annotations_are_added_on_the_same_lines(scores: Path) -> None:
    traced = trace(str(scores), SOURCE, LanguageId.PYTHON, f"{sys.executable} calls.py")
    before, after = SOURCE.splitlines(), traced.text.splitlines()
    assert len(before) == len(after)
    assert (
        after[0]
        == "def total(items: list[tuple[str, int]], rate: float=1.0, *, label: str | None=None) -> float:"
    )
    assert after[16:18] == ["    words: list[str],  # é: a column that counts bytes", ") -> list[str]:"]
    # What was not called, and what had types that do not fit one annotation, stays as it was.
    assert "def never(x):" in after
    assert "def mixed(x) -> None:" in after
    assert [str(one) for one in traced.learned if one.function == "initials"] == [
        "initials(words: list[str]) -> list[str]"
    ]
    assert scores.read_text() == SOURCE


@pytest.mark.slow
def test_what_was_traced_is_ported_and_verified(scores: Path) -> None:
    traced = trace(str(scores), SOURCE, LanguageId.PYTHON, f"{sys.executable} calls.py")
    request = PortRequest(str(scores), traced.text, LanguageId.PYTHON, LanguageId.RUBY)
    candidate = port(request)
    whole = {f.source_name for f in candidate.functions if not f.holes}
    assert "total" in whole
    report = verify(candidate, VerifyOptions(cases=4, differential=6, use_cache=False))
    steps = {r.step: r.verdict for r in report.results}
    assert steps["cases"] is Verdict.PASSED, report.results


def test_a_command_that_does_not_help_is_named(scores: Path) -> None:
    with pytest.raises(TraceError, match="the command was not found"):
        trace(str(scores), SOURCE, LanguageId.PYTHON, "no-such-command --now")
    with pytest.raises(TraceError, match=r"exit code 3, and no function of .*scores.py was called"):
        trace(str(scores), SOURCE, LanguageId.PYTHON, f"{sys.executable} -c 'raise SystemExit(3)'")


@pytest.mark.parametrize(
    ("types", "annotation"),
    [
        (["int"], "int"),
        (["int", "float"], "float"),
        (["None", "str"], "str | None"),
        (["list[]", "list[int]"], "list[int]"),
        (["list[None|int]"], "list[int | None]"),
        (["dict[str, int]", "dict[str, float]"], "dict[str, float]"),
        (["tuple[int, str]", "tuple[int, None]"], "tuple[int, str | None]"),
        (["None"], "None"),
        (["int", "str"], None),
        (["list[]"], None),
        (["tuple[int]", "tuple[int, int]"], None),
        (["?"], None),
        (["list[?]"], None),
        ([], None),
    ],
)
def test_types_are_merged_into_one_or_none(types: list[str], annotation: str | None) -> None:
    assert merged(types) == annotation


COUNTED = """\
from dataclasses import dataclass


@dataclass
class Basket:
    items: list[int]

    def price(self, cents: int) -> int:
        if sum(self.items) * cents == 9182736:
            return cents * 3
        return cents


def show(basket: Basket) -> str:
    return f"{len(basket.items)} items"


def read(path: str) -> str:
    with open(path) as file:
        return file.read()
"""
COUNTED_CALLS = """
from counted import *
basket = Basket([9182700, 36])
assert basket.price(1) == 3
assert basket.price(1) == 3
show(basket)
read("counted.py")
"""


@pytest.mark.slow
def test_calls_of_the_tests_are_made_in_the_port_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counted.py").write_text(COUNTED)
    (tmp_path / "calls.py").write_text(COUNTED_CALLS)
    monkeypatch.chdir(tmp_path)
    traced = trace("counted.py", COUNTED, LanguageId.PYTHON, f"{sys.executable} calls.py")
    assert traced.learned == ()
    assert sorted(c.function for c in traced.calls) == ["Basket.price", "read", "show"]
    candidate = port(PortRequest("counted.py", COUNTED, LanguageId.PYTHON, LanguageId.RUBY))
    options = VerifyOptions(cases=4, differential=6, calls=traced.calls, use_cache=False)
    steps = {r.step: r for r in verify(candidate, options).results}
    # The call of the function that reads a file is not made again: its world is one of its own.
    assert (steps["user-tests"].verdict, steps["user-tests"].cases) == (Verdict.PASSED, 2)
    # What only the tests reach is compared.
    files = tuple(replace(f, text=f.text.replace("cents * 3", "cents * 4")) for f in candidate.files)
    report = verify(replace(candidate, files=files), options)
    assert report.verdict is Verdict.FAILED


ORDERS = """\
module Orders
  class EmptyOrder < StandardError; end

  class Basket
    attr_reader :items

    def initialize(currency, items = [])
      @currency = currency
      @items = items
    end

    def add(name, cents: 100) # rubocop:disable Style/OptionalArguments
      @items << [name, cents]
      items.length
    end
  end

  module_function

  def parse(text)
    name, count = text.split(' x')
    raise EmptyOrder, 'nothing' if name.nil?

    [name, count.nil? ? 1 : Integer(count, 10)]
  end

  def empty?(text)
    parse(text)
    false
  rescue EmptyOrder
    true
  end

  # @param names [Array<String>]
  def greet(names, mark)
    names.map { |n| "#{n}#{mark}" }
  end

  def cents(price)
    price == 8191 ? price * 2 : price
  end

  def price(prices, name) = prices[name]

  def never(x)
    x
  end
end
"""
ORDERS_TEST = """\
require 'minitest/autorun'
require_relative 'orders'

class OrdersTest < Minitest::Test
  def test_all
    assert_equal 1, Orders::Basket.new('EUR').add('tea')
    assert_equal ['tea', 3], Orders.parse('tea x3')
    assert_raises(Orders::EmptyOrder) { Orders.parse('') }
    assert Orders.empty?('')
    assert_equal ['a!'], Orders.greet(['a'], '!')
    assert_equal 16382, Orders.cents(8191)
    assert_nil Orders.price({ tea: 5 }, :jam)
    assert_equal 5, Orders.price({ tea: 5 }, :tea)
  end
end
"""


def test_ruby_methods_get_signatures_at_their_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "orders.rb").write_text(ORDERS)
    (tmp_path / "orders_test.rb").write_text(ORDERS_TEST)
    monkeypatch.chdir(tmp_path)
    traced = trace("orders.rb", ORDERS, LanguageId.RUBY, "ruby orders_test.rb")
    added = [line.strip() for line in traced.text.splitlines() if "#:" in line]
    assert added == [
        "def initialize(currency, items = []) #: (String, ?untyped) -> void",
        "def add(name, cents: 100) #: (String, ?cents: Integer) -> Integer",
        # An exception is no result.
        "def parse(text) #: (String) -> [String, Integer]",
        "def empty?(text) #: (String) -> bool",
        # What the comments say stays.
        "def greet(names, mark) #: (untyped, String) -> Array[String]",
        "def cents(price) #: (Integer) -> Integer",
        "def price(prices, name) = prices[name] #: (Hash[Symbol, Integer], Symbol) -> Integer?",
    ]
    assert len(traced.text.splitlines()) == len(ORDERS.splitlines())
    assert [str(one) for one in traced.learned if one.function == "greet"] == [
        "greet(mark: String) -> Array[String]"
    ]
    request = PortRequest("orders.rb", traced.text, LanguageId.RUBY, LanguageId.PYTHON)
    candidate = port(request)
    assert {h.reason for h in candidate.holes} == {
        h.reason for h in candidate.holes if "parameter x" in h.reason
    }
    options = VerifyOptions(cases=4, differential=6, calls=traced.calls, use_cache=False)
    steps = {r.step: r for r in verify(candidate, options).results}
    assert (steps["user-tests"].verdict, steps["user-tests"].cases) == (Verdict.PASSED, 7)
    files = tuple(replace(f, text=f.text.replace("price * 2", "price * 3")) for f in candidate.files)
    assert verify(replace(candidate, files=files), options).verdict is Verdict.FAILED
