"""Porting several files: what is found, what is kept from an earlier run, and how the whole is summed up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

WHOLE = "def double(value: int) -> int:\n    return value * 2\n"
HOLED = "def same(value: int) -> int:\n    exec('x = 1')\n    return value\n"


@pytest.fixture
def tree(project: Path) -> Path:
    """A package of two modules, one with a hole, beside a file that git ignores and one in the target's language."""
    (project / "shop" / "deep").mkdir(parents=True)
    (project / "shop" / "prices.py").write_text(WHOLE)
    (project / "shop" / "deep" / "loader.py").write_text(HOLED)
    (project / "shop" / "already.rb").write_text("def one = 1\n")
    return project / "shop"


def test_a_directory_is_ported_file_by_file(cli, tree: Path) -> None:
    ran = cli("port", "shop", "--to", "ruby", "--out", "out")
    assert ran.code == 0, ran.err
    assert (tree.parent / "out/prices/prices.rb").exists()
    assert (tree.parent / "out/deep/loader/loader.rb").exists()
    assert "2 files: 1 of 2 functions ported without a hole" in ran.out
    assert "--explain lists every place" in ran.out
    assert "already.rb" not in ran.out
    assert cli("port", "shop", "--to", "ruby", "--strict").code == 1


def test_a_second_run_keeps_what_has_not_changed(cli, tree: Path) -> None:
    assert cli("port", "shop", "--to", "ruby", "--out", "out").code == 0
    port = tree.parent / "out/prices/prices.rb"
    before = port.stat().st_mtime_ns
    (tree / "deep" / "loader.py").write_text(WHOLE)
    ran = cli("port", "shop", "--to", "ruby", "--out", "out")
    assert ran.code == 0, ran.err
    assert port.stat().st_mtime_ns == before
    lines = {line.split()[0]: line for line in ran.out.splitlines() if line.startswith("shop/")}
    assert "ported before" in lines["shop/prices.py"]
    assert "ported before" not in lines["shop/deep/loader.py"]
    assert "def double" in (tree.parent / "out/deep/loader/loader.rb").read_text()


def test_an_edited_port_is_not_overwritten(cli, tree: Path) -> None:
    assert cli("port", "shop", "--to", "ruby", "--out", "out").code == 0
    port = tree.parent / "out/prices/prices.rb"
    port.write_text("# mine\n")
    ran = cli("port", "shop", "--to", "ruby", "--out", "out")
    assert ran.code == 1
    assert "prices.rb: exists already; --force overwrites it" in ran.out
    assert port.read_text() == "# mine\n"
    assert cli("port", "shop", "--to", "ruby", "--out", "out", "--force").code == 0
    assert "def double" in port.read_text()


def test_explain_lists_every_decline_with_its_place(cli, tree: Path) -> None:
    ran = cli("port", "shop", "--to", "ruby", "--explain", "--out", "out")
    assert ran.code == 0, ran.err
    assert "shop/deep/loader.py:2: exec('x = 1')" in ran.out
    assert not (tree.parent / "out").exists()
    assert "--explain only lists" in ran.err
    one = cli("port", "shop/deep/loader.py", "--to", "ruby", "--explain")
    assert "shop/deep/loader.py:2: exec('x = 1')" in one.out


def test_one_bad_file_does_not_stop_the_others(cli, tree: Path) -> None:
    (tree / "broken.py").write_text("def f(:\n")
    ran = cli("port", "shop", "--to", "ruby", "--report", "json")
    assert ran.code == 1
    seen = {Path(f["path"]).name: f for f in json.loads(ran.out)["files"]}
    assert "does not parse" in seen["broken.py"]["error"]
    assert seen["prices.py"]["functions"][0]["holes"] == 0
    page = cli("port", "shop", "--to", "ruby", "--report", "html")
    assert page.out.count("<h2 id=") == 3


def test_sources_that_only_their_endings_tell_apart_get_directories_of_their_own(cli, tree: Path) -> None:
    (tree / "prices.go").write_text("package shop\n\nfunc Twice(n int) int { return 2 * n }\n")
    ran = cli("port", "shop", "--to", "ruby", "--out", "out")
    assert ran.code == 0, ran.err
    assert "def twice" in (tree.parent / "out" / "prices_go" / "prices.rb").read_text()
    assert (tree.parent / "out" / "prices_py" / "prices.rb").exists()


def test_two_sources_for_one_directory_are_refused(cli, tree: Path) -> None:
    (tree.parent / "other").mkdir()
    (tree.parent / "other" / "prices.py").write_text("def f(n: int) -> int:\n    return n\n")
    ran = cli("port", "shop/prices.py", "other/prices.py", "--to", "ruby", "--out", "out")
    assert ran.code == 2
    assert "would both be written to prices" in ran.err


def test_paths_that_hold_nothing_are_usage_errors(cli, tree: Path) -> None:
    missing = cli("port", "shop", "nowhere", "--to", "ruby")
    assert (missing.code, "nowhere: no such file" in missing.err) == (2, True)
    (tree.parent / "empty").mkdir()
    empty = cli("port", "empty", "--to", "ruby")
    assert (empty.code, "nothing to port to ruby there" in empty.err) == (2, True)


def test_a_damaged_record_is_named(cli, tree: Path) -> None:
    assert cli("port", "shop", "--to", "ruby", "--out", "out").code == 0
    (tree.parent / "out" / ".foundation-port.json").write_text("{")
    ran = cli("port", "shop", "--to", "ruby", "--out", "out")
    assert ran.code == 2
    assert ".foundation-port.json: not the record of a port" in ran.err


@pytest.fixture
def package(project: Path) -> Path:
    """A package whose modules import one another."""
    folder = project / "src" / "shop"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A shop."""\n\nfrom .orders import total as total\n')
    (folder / "prices.py").write_text("RATE = 2\n\n\ndef price(n: int) -> int:\n    return n * RATE\n")
    (folder / "orders.py").write_text(
        "from . import prices\n\n\ndef total(xs: list[int]) -> int:\n    return sum(prices.price(x) for x in xs)\n"
    )
    return folder


def test_a_package_is_ported_as_one_and_told_by_file(cli, package: Path) -> None:
    ran = cli("port", "src/shop", "--to", "ruby", "--out", "out")
    assert ran.code == 0, ran.err
    out = package.parent.parent / "out"
    assert (out / "shop.rb").read_text().count("require_relative") == 2
    assert "require_relative 'prices'" in (out / "shop/orders.rb").read_text()
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["src/shop/orders.py", "1/1"] in rows
    assert ["src/shop/prices.py", "1/1"] in rows
    assert "3 files: 2 of 2 functions ported without a hole" in ran.out


def test_a_package_is_kept_until_one_of_its_files_changes(cli, package: Path) -> None:
    assert cli("port", "src/shop", "--to", "ruby", "--out", "out").code == 0
    assert "ported before" in cli("port", "src/shop", "--to", "ruby", "--out", "out").out
    (package / "prices.py").write_text("RATE = 3\n\n\ndef price(n: int) -> int:\n    return n * RATE\n")
    again = cli("port", "src/shop", "--to", "ruby", "--out", "out")
    assert "ported before" not in again.out
    out = package.parent.parent / "out"
    assert "RATE = 3" in (out / "shop/prices.rb").read_text()
    (out / "shop/orders.rb").write_text("# mine\n")
    (package / "prices.py").write_text("RATE = 4\n\n\ndef price(n: int) -> int:\n    return n * RATE\n")
    assert cli("port", "src/shop", "--to", "ruby", "--out", "out").code == 1
    assert (out / "shop/orders.rb").read_text() == "# mine\n"


def test_one_file_says_what_it_takes_along(cli, package: Path) -> None:
    ran = cli("port", "src/shop/orders.py", "--to", "ruby", "--out", "out")
    assert ran.code == 0, ran.err
    assert "from src/shop/prices.py: RATE, price" in ran.out
    assert (package.parent.parent / "out/orders/prices.rb").exists()
    made = json.loads(cli("port", "src/shop/orders.py", "--to", "ruby", "--report", "json").out)
    assert made["taken_along"] == {"src/shop/prices.py": ["RATE", "price"]}
    assert {f["path"] for f in made["functions"]} == {"src/shop/orders.py", "src/shop/prices.py"}


def test_holes_of_a_package_name_their_files(cli, package: Path) -> None:
    (package / "prices.py").write_text(
        "RATE = 2\n\n\ndef price(n: int) -> int:\n    exec('x')\n    return n\n"
    )
    ran = cli("port", "src/shop", "--to", "ruby", "--explain")
    assert "src/shop/prices.py:5: exec('x')" in ran.out
