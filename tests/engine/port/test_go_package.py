"""A Go file is ported with what it uses of its package's other files, a folder of Go files as one package."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.package import go_groups, package_request, with_siblings
from foundation_engine.port.request import PortCandidate, PortOptions, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

STOCK = """// Package shop sells things.
package shop // of a town

import "fmt"

// Stock keeps items.
type Stock struct {
	items map[string]*Item
}

// NewStock makes an empty stock.
func NewStock() *Stock { return &Stock{items: map[string]*Item{}} }

// Take removes n of an item; it returns the price.
func (s *Stock) Take(sku string, n int) (int, error) {
	it, ok := s.items[sku]
	if !ok {
		return 0, fmt.Errorf("unknown item %s", sku)
	}
	if it.Count < n {
		return 0, ErrSoldOut
	}
	it.Count -= n
	return discounted(n * it.Price), nil
}
"""
TYPES = """package shop

import (
	"errors"
	words "strings"
)

// ErrSoldOut is returned when nothing is left.
var ErrSoldOut = errors.New("sold out")

// Item is a thing.
type Item struct {
	SKU   string
	Count int
	Price int
}

// Label is what stands on an item.
func Label(i Item) string {
	return words.ToUpper(i.SKU)
}
"""
PRICES = """package shop

const percent = 10

func discounted(cents int) int {
	return cents - cents*percent/100
}

func listen(c chan int) {
	select {
	case <-c:
	default:
	}
}

// Add puts items on the shelf.
func (s *Stock) Add(sku string, n, price int) {
	s.items[sku] = &Item{sku, n, price}
}
"""
OTHERS = {
    "stock_test.go": 'package shop\n\nimport "testing"\n\nfunc TestTake(t *testing.T) {}\n',
    "open_windows.go": "package shop\n\nfunc discounted(c int) int { return 0 }\n",
    "tagged.go": "//go:build ignore\n\npackage shop\n\nfunc discounted(c int) int { return 0 }\n",
    "tool.go": "package main\n\nfunc discounted(c int) int { return 0 }\n",
    "broken.go": "package shop\n\nfunc (\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"stock.go": STOCK, "types.go": TYPES, "prices.go": PRICES, **OTHERS}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def one(path: Path, target: LanguageId, line: int | None = None) -> PortCandidate:
    request = PortRequest(str(path), path.read_text(), LanguageId.GO, target, line)
    return port(with_siblings(request, shown=lambda p: p.name))


def names(candidate: PortCandidate) -> set[str]:
    return {f.source_name for f in candidate.functions}


def test_a_file_brings_what_it_uses_from_its_package(folder: Path) -> None:
    candidate = one(folder / "stock.go", LanguageId.PYTHON)
    assert not candidate.holes
    assert names(candidate) == {"Stock.Take", "Stock.Add", "_discounted"}
    made = candidate.files[0].text
    assert made.startswith('"""Sells things."""')
    assert "class Item:" in made
    assert "label" not in made


def test_a_line_is_that_of_the_document_and_a_hole_names_its_file(folder: Path) -> None:
    assert names(one(folder / "types.go", LanguageId.PYTHON, 18)) == {"Label"}
    every = package_request(
        [folder / n for n in ("stock.go", "types.go", "prices.go")],
        LanguageId.RUBY,
        PortOptions(),
        shown=lambda p: p.name,
    )
    candidate = port(every)
    assert candidate.request.path == "prices.go"
    (hole,) = candidate.holes
    assert (hole.path, hole.line, hole.source) == ("", 9, "func listen(c chan int) {")
    assert {f.source_name: f.path for f in candidate.functions} == {
        "_discounted": "",
        "listen": "",
        "Stock.Add": "stock.go",
        "Stock.Take": "stock.go",
        "Label": "types.go",
    }


def test_files_of_one_package_and_one_machine_belong_together(folder: Path) -> None:
    found = [[p.name for p in group] for group in go_groups(folder.glob("*.go"))]
    assert ["broken.go", "prices.go", "stock.go", "types.go"] in found
    assert sorted(len(group) for group in found) == [1, 1, 1, 1, 4]


def test_a_file_that_calls_another_package_by_a_taken_name_is_left_out(folder: Path) -> None:
    (folder / "types.go").write_text(
        TYPES.replace('"errors"', 'fmt "errors"').replace("errors.New", "fmt.New")
    )
    reasons = {h.reason for h in one(folder / "stock.go", LanguageId.PYTHON).holes}
    assert any("Item" in reason for reason in reasons), reasons


@pytest.mark.slow
@pytest.mark.parametrize("target", [LanguageId.PYTHON, LanguageId.RUBY])
def test_a_port_that_uses_other_files_is_verified_with_them(folder: Path, target: LanguageId) -> None:
    candidate = one(folder / "stock.go", target)
    report = verify(candidate, VerifyOptions(cases=6, differential=6, use_cache=False))
    assert report.verdict is Verdict.PASSED, report.summary
