"""A Ruby file is ported with what it uses of the files that it requires by relative paths."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.package import with_siblings
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

FILES = {
    "Gemfile": "",
    "lib/shop/errors.rb": """module Shop
  class Error < StandardError; end
  class Empty < Error; end

  MOST = 3

  # @param text [String]
  # @return [String]
  def self.tidy(text)
    text.strip.downcase
  end
end
""",
    "lib/shop/models/item.rb": """require_relative "../errors"

module Shop
  # What an order holds.
  class Item
    attr_reader :name, :price

    # @param name [String]
    # @param price [Integer]
    def initialize(name, price)
      @name = name
      @price = price
    end

    # @param count [Integer]
    # @return [Integer]
    def cost(count)
      price * count
    end

    # @param text [String]
    # @return [Integer]
    def worth(text)
      eval(text)
    end
  end

  class Unused
    # @param text [String]
    # @return [Integer]
    def worth(text)
      eval(text)
    end
  end
end
""",
    "lib/shop/loaded.rb": """module Shop
  puts "loaded"

  # @return [Integer]
  def self.loaded
    1
  end
end
""",
    "lib/shop/order.rb": """require_relative "models/item"
require_relative 'errors.rb'
require_relative "../../../outside"

# Orders of a shop.
module Shop
  # What is refused.
  class TooMany < Error
  end

  LIMIT = MOST * 2

  module_function

  # @param items [Array<Shop::Item>]
  # @param count [Integer]
  # @return [Integer]
  def total(items, count)
    raise Empty, "no items" if items.empty?
    raise TooMany, "too many" if items.size > LIMIT

    items.sum { |i| i.cost(count) }
  end

  # @param name [String]
  # @return [Shop::Item]
  def made(name)
    Item.new(Shop.tidy(name), 3)
  end
end
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "outside.rb").write_text("OUTSIDE = 1\n")
    return tmp_path / "project"


def ported(folder: Path, target: LanguageId, name: str = "lib/shop/order.rb") -> PortCandidate:
    path = folder / name
    return port(with_siblings(PortRequest(str(path), path.read_text(), LanguageId.RUBY, target)))


def test_a_file_brings_what_it_uses_from_the_files_that_it_requires(folder: Path) -> None:
    candidate = ported(folder, LanguageId.PYTHON)
    text = next(f.text for f in candidate.files if f.role == "source")
    order = [
        "class Error(",
        "MOST = 3",
        "def tidy(",
        "class Item:",
        "class TooMany(Error)",
        "LIMIT = MOST * 2",
        "def total(",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert "Unused" not in text
    assert "OUTSIDE" not in text


def test_a_hole_names_its_file_and_the_line_in_it(folder: Path) -> None:
    candidate = ported(folder, LanguageId.PYTHON)
    lines = FILES["lib/shop/models/item.rb"].splitlines()
    found = [(Path(d.path).name, lines[d.line - 1].strip()) for d in candidate.holes]
    assert found == [("item.rb", "eval(text)")]


def test_what_a_file_that_runs_when_it_is_loaded_defines_stays_unknown(folder: Path) -> None:
    path = folder / "lib/shop/user.rb"
    path.write_text('require_relative "loaded"\n\n# @return [Integer]\ndef twice\n  Shop.loaded * 2\nend\n')
    candidate = ported(folder, LanguageId.PYTHON, "lib/shop/user.rb")
    assert [(d.path, d.line) for d in candidate.holes] == [("", 5)]


def test_a_name_that_two_files_define_keeps_one_of_them_out(folder: Path) -> None:
    path = folder / "lib/shop/other.rb"
    path.write_text(
        'require_relative "errors"\n\nmodule Other\n  # @return [String]\n  def self.tidy(text)\n    text\n  end\nend\n'
    )
    text = next(
        f.text for f in ported(folder, LanguageId.PYTHON, "lib/shop/other.rb").files if f.role == "source"
    )
    assert "strip" not in text


@pytest.mark.parametrize("target", [LanguageId.PYTHON, LanguageId.GO])
def test_a_port_that_uses_other_files_is_verified_with_them(folder: Path, target: LanguageId) -> None:
    item = folder / "lib/shop/models/item.rb"
    item.write_text(item.read_text().replace("eval(text)", "text.length"))
    order = folder / "lib/shop/order.rb"
    order.write_text(order.read_text().replace('require_relative "../../../outside"\n', ""))
    candidate = ported(folder, target)
    assert not candidate.holes
    report = verify(candidate, VerifyOptions(differential=10, use_cache=False))
    assert report.verdict is Verdict.PASSED, "\n".join(
        f"{r.step} {r.verdict}: {r.detail}" for r in report.results
    )
