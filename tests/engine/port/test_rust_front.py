"""From Rust: what each construct becomes, what is declined, and that ports of whole files behave as their sources."""

# ruff: noqa: E501 - a source reads best on one line.
from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import ir
from foundation_engine.port.engine import port
from foundation_engine.port.front.rust import lower_module
from foundation_engine.port.request import PortRequest
from foundation_engine.verify.report import Verdict
from foundation_engine.verify.verify import VerifyOptions, verify
from foundation_specs.model import LanguageId

SOURCES = Path(__file__).parent / "rust"


def lowered(text: str) -> ir.Module:
    """The module, which must have nothing declined."""
    module = lower_module(text, "sample")
    assert [(d.line, d.reason) for d in module.declines] == []
    return module


def go(text: str) -> str:
    """The port to Go, which is the shortest to read in a test."""
    candidate = port(PortRequest("sample.rs", text, LanguageId.RUST, LanguageId.GO))
    assert [(h.line, h.reason) for h in candidate.holes] == []
    return next(f.text for f in candidate.files if f.role == "source")


def reasons(text: str) -> list[str]:
    """Why parts of a module are declined."""
    return [d.reason for d in lower_module(text, "sample").declines]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("pub fn f(a: i64, b: i64) -> i64 { a / b }", "return a / b"),
        ("pub fn f(a: i64) -> i64 { a % 7 }", "return a % 7"),
        ("pub fn f(a: i64) -> i64 { a.pow(2) }", "return a * a"),
        ("pub fn f(s: &str) -> usize { s.len() }", "return len(s)"),
        ("pub fn f(s: &str) -> usize { s.chars().count() }", "return utf8.RuneCountInString(s)"),
        ("pub fn f(xs: &[i64]) -> i64 { xs.iter().filter(|x| **x > 2).sum() }", "if x > 2 {"),
        ("pub fn f(x: u64) -> u8 { x as u8 }", "return x & 255"),
        ("pub fn f(a: usize, b: usize) -> usize { a.saturating_sub(b) }", "return max(a-b, 0)"),
        ("pub fn f(a: usize, b: usize) -> usize { a - b }", 'panic("attempt to subtract with overflow")'),
        ("pub fn f(a: usize) -> usize { if a > 0 { a - 1 } else { 0 } }", "return a - 1"),
        ('pub fn f(x: f64) -> String { format!("{x:.2} {x}") }', "strconv.FormatFloat(x, 'f', -1, 64)"),
        ("pub fn f(x: Option<i64>) -> i64 { x.unwrap_or(7) }", "return *x"),
        ("pub fn f(xs: &mut Vec<i64>) { xs.sort_by(|a, b| b.cmp(a)); }", "cmp.Compare(b, a)"),
        ("pub fn f(v: &[i64]) -> Option<i64> { let first = v.first()?; Some(first + 1) }", "return nil"),
    ],
)
def test_an_expression_keeps_its_meaning(source: str, expected: str) -> None:
    assert expected in go(source)


def test_a_subtraction_that_cannot_go_below_zero_needs_no_guard() -> None:
    assert "panic" not in go("pub fn f(a: usize) -> usize { if a > 0 { a - 1 } else { 0 } }")


def test_a_clone_is_a_copy_and_a_move_is_not() -> None:
    module = lowered(
        "pub fn f(xs: &Vec<i64>) -> Vec<i64> { let mut ys = xs.clone(); ys.push(1); ys }\n"
        "pub fn g(xs: Vec<i64>) -> Vec<i64> { let ys = xs; ys }\n"
    )
    copies = [
        sum(isinstance(n, ir.Intrinsic) and n.op == "list.copy" for n in ir.walk(f))
        for _, f in module.functions()
    ]
    assert copies == [1, 0]


def test_a_collection_that_a_function_owns_and_changes_is_copied() -> None:
    module = lowered("pub fn f(mut xs: Vec<i64>) -> i64 { xs.push(1); xs.len() as i64 }")
    assert any(
        isinstance(n, ir.Intrinsic) and n.op == "list.copy" for _, f in module.functions() for n in ir.walk(f)
    )


def test_a_copy_of_a_struct_that_changes_is_a_new_object() -> None:
    module = lowered(
        "#[derive(Clone)] pub struct P { pub x: i64 }\n"
        "pub fn f(p: &P) -> i64 { let mut q = p.clone(); q.x = 5; q.x + p.x }\n"
    )
    assert any(isinstance(n, ir.New) for _, f in module.functions() for n in ir.walk(f))


def test_a_question_mark_is_propagation_and_a_match_on_a_result_is_a_handler() -> None:
    module = lowered(
        "use foundation::errors::Error;\n"
        'fn g(x: i64) -> Result<i64, Error> { if x < 0 { return Err(Error::validation("no")); } Ok(x) }\n'
        "pub fn f(x: i64) -> Result<i64, Error> { let y = g(x)?; Ok(y + 1) }\n"
        "pub fn h(x: i64) -> i64 { match g(x) { Ok(v) => v, Err(_) => -1 } }\n"
    )
    by_name = {f.name: f for _, f in module.functions()}
    assert not any(isinstance(n, ir.Try) for n in ir.walk(by_name["f"]))
    assert any(isinstance(n, ir.Try) for n in ir.walk(by_name["h"]))


def test_what_follows_ok_is_outside_of_the_handler() -> None:
    """An error raised in the arm of Ok leaves the function; the arm of Err does not see it."""
    module = lowered(
        "use foundation::errors::Error;\n"
        'fn g(x: i64) -> Result<i64, Error> { if x < 0 { return Err(Error::validation("no")); } Ok(x) }\n'
        "pub fn f(x: i64) -> Result<i64, Error> { match g(x) { Ok(v) => { let w = g(v - 5)?; Ok(w) } Err(_) => Ok(0) } }\n"
    )
    found = [n for _, f in module.functions() for n in ir.walk(f) if isinstance(n, ir.Try)]
    assert len(found) == 1
    assert len(found[0].body) == 1
    assert found[0].orelse


def test_error_enums_become_error_classes() -> None:
    module = lowered(
        '#[derive(Debug, thiserror::Error)]\npub enum E { #[error("sold out")] SoldOut, #[error("no {sku}")] Missing { sku: String } }\n'
    )
    classes = {d.name: d for d in module.definitions if isinstance(d, ir.ErrorClass)}
    assert {n: c.base for n, c in classes.items()} == {"E": "Exception", "SoldOut": "E", "Missing": "E"}
    assert [p.name for p in classes["Missing"].params] == ["sku"]


UNION = """
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Circle(f64),
    Square { side: f64 },
    Named(String, Box<Shape>),
    Empty,
}

impl Shape {
    pub fn area(&self) -> f64 {
        match self {
            Shape::Circle(r) => 3.0 * r * r,
            Shape::Square { side } => side * side,
            Shape::Named(_, inner) => inner.area(),
            Shape::Empty => 0.0,
        }
    }

    pub fn grow(&mut self, by: f64) {
        match self {
            Shape::Circle(r) => *r *= by,
            Shape::Square { side } => *side = *side * by,
            Shape::Named(_, inner) => inner.grow(by),
            Shape::Empty => {}
        }
    }
}

pub fn circles(radii: &[f64]) -> Vec<Shape> {
    radii.iter().copied().map(Shape::Circle).collect()
}

pub fn name(shape: &Shape) -> Option<String> {
    if let Shape::Named(name, _) = shape { Some(name.clone()) } else { None }
}

pub fn same(a: &Shape, b: &Shape) -> bool {
    a == b || *a == Shape::Empty
}
"""


def test_an_enum_whose_variants_hold_values_is_an_object_with_a_kind() -> None:
    module = lowered(UNION)
    shape = module.find("Shape")
    assert isinstance(shape, ir.Class)
    expected = {"Circle": ("circle",), "Square": ("side",), "Named": ("named_1", "named_2"), "Empty": ()}
    assert expected == shape.variants
    assert not shape.frozen
    assert isinstance(module.find("ShapeKind"), ir.EnumClass)


def test_an_enum_whose_variants_hold_values_behaves_as_its_source() -> None:
    candidate = port(PortRequest("shapes.rs", UNION, LanguageId.RUST, LanguageId.RUBY))
    report = verify(candidate, VerifyOptions(cases=6))
    assert report.verdict is Verdict.PASSED, report.summary


ARRAYS = """
#[derive(Clone, Debug)]
pub struct Board {
    pub cells: [i64; 3],
}

fn change(mut a: [i64; 3]) -> i64 {
    a[0] += 7;
    a[0]
}

/// Arrays are copied where they are assigned.
pub fn copies(v: i64) -> Vec<i64> {
    let mut a = [v; 3];
    let mut b = a;
    b[0] = 5;
    let board = Board { cells: a };
    a[1] = 8;
    let mut cells = board.cells;
    cells[2] = 9;
    let mut grid = [[v; 2]; 2];
    let other = grid;
    let mut row = grid[0];
    row[0] = 1;
    grid[1][1] = 2;
    let x = change(a);
    vec![a[0], a[1], b[0], b[1], board.cells[1], board.cells[2], cells[2], grid[0][0], other[1][1], grid[1][1], row[0], x]
}

/// Rows that are equal at first are rows of their own.
pub fn rows(n: usize) -> Vec<Vec<i64>> {
    let row = vec![0; 2];
    let mut g = vec![row.clone(); n % 5 + 1];
    g[0][0] = 1;
    g
}
"""


def test_arrays_are_values() -> None:
    report = verify(
        port(PortRequest("arrays.rs", ARRAYS, LanguageId.RUST, LanguageId.PYTHON)), VerifyOptions(cases=10)
    )
    assert report.agreed, report.summary


@pytest.mark.parametrize(
    "body",
    [
        "v[1..].sort();",
        "for x in v[..1].iter_mut() { *x += 1; }",
        "let t = &mut v[1..]; t[0] = 9;",
        "v[1..][0] = 3;",
        "v[..2].reverse();",
    ],
)
def test_a_part_through_which_a_list_changes_is_declined(body: str) -> None:
    assert reasons(f"pub fn f(v: &mut Vec<i64>) {{ {body} }}") == [
        "a part of a list that is changed in place"
    ]


LIBRARY = """
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub enum State { Idle, Running { since: i64 }, Done(String) }

impl State {
    pub fn finish(&mut self, how: &str) -> bool {
        let was = matches!(self, State::Running { .. });
        *self = State::Done(how.to_string());
        was
    }
}

pub fn lines(text: &str) -> Vec<String> { text.lines().map(|l| l.to_string()).collect() }
pub fn delay(base: Duration, attempt: u32) -> Duration { (base * 2 * attempt).min(Duration::from_millis(1500)) }
pub fn milliseconds(d: Duration) -> u64 { d.as_millis() as u64 }
pub fn steps(xs: &[i64]) -> Vec<i64> { xs.windows(2).map(|w| w[1] - w[0]).collect() }
pub fn sizes(xs: &[i64], n: usize) -> Vec<usize> { xs.chunks(n.max(1)).map(|c| c.len()).collect() }
pub fn tail(s: &str) -> String {
    match s.rsplit_once('.') { Some((a, b)) => format!("{b}:{a}"), None => s.to_string() }
}
pub fn pairs(mut v: Vec<(String, i64)>) -> Vec<(String, i64)> { v.sort(); v }
"""


def test_the_library_means_the_same_elsewhere() -> None:
    candidate = port(PortRequest("library.rs", LIBRARY, LanguageId.RUST, LanguageId.PYTHON))
    report = verify(candidate, VerifyOptions(cases=12))
    assert report.verdict is Verdict.PASSED, report.summary


def test_lines_are_not_what_other_languages_take_for_line_ends() -> None:
    assert "splitlines" not in str(lowered("pub fn f(t: &str) -> usize { t.lines().count() }").definitions)


BACKON = """
use backon::{BlockingRetryable, ConstantBuilder, ExponentialBuilder};
use std::fmt;
use std::time::Duration;

/// What may go wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreError {
    Away,
    Missing(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Away => write!(f, "the store is away"),
            StoreError::Missing(id) => write!(f, "no {id}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// Keeps things.
pub trait Store {
    fn get(&mut self, id: &str) -> Result<i64, StoreError>;
}

/// Ask again while the store is away.
pub fn fetch(store: &mut dyn Store, id: &str) -> Result<i64, StoreError> {
    let builder = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_millis(150))
        .with_max_times(3);
    (|| store.get(id)).retry(builder).when(|e| matches!(e, StoreError::Away)).call()
}

/// What is there, or nothing.
pub fn value_or_zero(store: &mut dyn Store, id: &str) -> i64 {
    match (|| store.get(id))
        .retry(ConstantBuilder::default().with_delay(Duration::from_secs(1)).with_max_times(2))
        .call()
    {
        Ok(n) => n,
        Err(_) => 0,
    }
}
"""


def test_retries_of_backon_behave_as_they_do() -> None:
    candidate = port(PortRequest("retries.rs", BACKON, LanguageId.RUST, LanguageId.PYTHON))
    assert not candidate.holes
    report = verify(candidate, VerifyOptions(cases=12, differential=20))
    assert report.verdict is Verdict.PASSED, report.summary


TOKIO_RETRY = """
use std::time::Duration;
use tokio_retry::strategy::{jitter, ExponentialBackoff, FixedInterval};
use tokio_retry::Retry;
use foundation::errors::Error;

pub trait Store { fn get(&self, id: &str) -> Result<i64, Error>; }

pub async fn fetch(store: &dyn Store) -> Result<i64, Error> {
    let strategy = ExponentialBackoff::from_millis(2).factor(50).max_delay(Duration::from_secs(2)).map(jitter).take(4);
    Retry::spawn(strategy, || async { store.get("x") }).await
}
"""


def test_tokio_retry_counts_retries_and_multiplies_by_its_first_number() -> None:
    module = lowered(TOKIO_RETRY)
    found = [n for d in module.definitions for n in ir.walk(d) if isinstance(n, ir.PatternCall)]
    values = {k: v.value for k, v in found[0].arguments.items() if isinstance(v, ir.Lit)}
    assert values == {
        "max_attempts": 5, "base_delay": 0.1, "backoff_strategy": "exponential", "max_delay": 2.0,
        "jitter": {"kind": "full", "ratio": None},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("from_millis(2)", "from_millis(10)", "delays that grow by 10, not by 2"),
        (".take(4)", "", "a retry without a greatest number of attempts"),
    ],
)
def test_retries_without_a_counterpart_are_declined(before: str, after: str, reason: str) -> None:
    assert reason in reasons(TOKIO_RETRY.replace(before, after))


def test_an_attribute_is_the_pattern_of_its_function() -> None:
    module = lowered(
        "use foundation::errors::{Class, Error};\nuse foundation::resilience::retry;\n"
        "#[retry(max_attempts = 3, base_delay = 0.5, retryable = [Class::NetworkError], jitter = false)]\n"
        "pub fn f(ask: &dyn Fn() -> Result<i64, Error>) -> Result<i64, Error> { ask() }\n"
    )
    use = next(f for _, f in module.functions()).patterns[0]
    assert use.pattern_id == "retry_with_backoff"
    assert {k: getattr(v, "value", None) for k, v in use.arguments.items() if isinstance(v, ir.Lit)} == {
        "max_attempts": 3,
        "base_delay": 0.5,
        "jitter": False,
    }


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("pub fn f(s: &str) -> &str { &s[1..] }", "a slice of String, which counts bytes"),
        ("pub fn f<T: PartialOrd>(a: T) -> T { a }", "type PartialOrd is not known to this port"),
        ("pub enum Size { A = 1 << 2, B }", "an enum whose values are computed"),
        ("pub unsafe fn f() {}", "an unsafe function"),
        ("pub fn f(x: u32) -> u32 { x.wrapping_mul(3) }", "wrapping_mul of u32"),
        ("pub fn f(xs: &[i64]) -> i64 { 'a: for x in xs { if *x > 1 { break 'a; } } 0 }", "a labelled loop"),
        ("static mut COUNT: i64 = 0;", "a static that changes"),
    ],
)
def test_what_is_not_certain_is_declined(source: str, reason: str) -> None:
    assert reason in reasons(source)


TWO_TRAITS = """
pub struct Money { cents: i64 }
pub enum Kind { Paid, Open }
pub trait Shown { fn show(&self) -> String; }
pub trait Logged { fn show(&self) -> String; }
impl Shown for Money { fn show(&self) -> String { format!("{}", self.cents) } }
impl Logged for Money { fn show(&self) -> String { format!("log {}", self.cents) } }
impl Shown for Kind { fn show(&self) -> String { "s".to_string() } }
impl Logged for Kind { fn show(&self) -> String { "l".to_string() } }
impl TryFrom<i64> for Money {
    type Error = String;
    fn try_from(v: i64) -> Result<Self, String> { Ok(Money { cents: v }) }
}
impl TryFrom<&str> for Money {
    type Error = Unknown;
    fn try_from(v: &str) -> Result<Self, String> { Err(v.to_string()) }
}
"""


def test_a_name_that_two_traits_give_a_function_is_declined_at_each() -> None:
    names = ["Kind has two functions named show"] * 2 + ["Money has two functions named show"] * 2
    assert sorted(reasons(TWO_TRAITS)) == [*names, *["Money has two functions named try_from"] * 2]


def test_an_application_brings_the_commands_that_it_registers() -> None:
    text = (
        "use foundation::cli::App;\nuse foundation::errors::Error;\nuse foundation::register_command;\n\n"
        '#[register_command(name = "battery")]\n'
        "pub fn battery(millivolts: i64) -> Result<(), Error> {\n"
        '    println!("{millivolts}");\n    Ok(())\n}\n\n'
        "pub fn run(arguments: Vec<String>) -> i32 {\n"
        '    App::new("station", "0.9").register(battery_command()).run(arguments)\n}\n'
    )
    module = lower_module(text, "station", text.count("\n", 0, text.index("pub fn run")) + 1)
    assert {f.name for _, f in module.functions()} == {"battery", "run"}


def test_what_a_method_of_an_enum_needs_and_is_not_known_is_said() -> None:
    text = "pub enum Kind { A, B }\nimpl Kind { pub fn odd(&self, r: &Unknown) -> i64 { 1 } }"
    assert reasons(text) == ["type Unknown is not known to this port"]


def test_a_pattern_whose_errors_would_become_others_is_declined() -> None:
    """The port would raise MaxRetriesExceeded where the source raises its own error around the text of it."""
    text = (
        "use foundation::errors::{Class, Classify, Error};\nuse foundation::resilience::retry;\n"
        "#[derive(Debug)]\npub enum E { Transport(String) }\n"
        "impl std::fmt::Display for E { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {"
        ' match self { E::Transport(m) => write!(f, "{m}") } } }\n'
        "impl std::error::Error for E {}\n"
        "impl From<Error> for E { fn from(error: Error) -> Self { E::Transport(error.to_string()) } }\n"
        "impl Classify for E { fn class(&self) -> Class { Class::NetworkError } }\n"
        "#[retry(max_attempts = 2)]\npub fn f(ask: &dyn Fn() -> Result<i64, E>) -> Result<i64, E> { ask() }\n"
    )
    assert reasons(text) == ["a pattern whose own errors From makes another error of (E)"]


def test_an_iterator_that_is_kept_does_not_change_what_it_runs_over() -> None:
    module = lowered("pub fn f(xs: &[i64]) -> i64 { let mut it = xs.iter(); it.next(); xs.len() as i64 }")
    assert any(
        isinstance(n, ir.Intrinsic) and n.op == "list.copy" for _, f in module.functions() for n in ir.walk(f)
    )


def test_a_chain_that_ends_behind_flat_map_is_declined() -> None:
    source = "pub fn f(xs: &[Vec<i64>]) -> Vec<i64> { xs.iter().flat_map(|x| x.clone()).take_while(|x| *x > 0).collect() }"
    assert reasons(source) == ["the iterator take_while behind flat_map"]


def test_comments_and_docs_are_kept() -> None:
    text = go(
        "/// Adds.\npub fn f(a: i64) -> i64 {\n    // One more.\n    let b = a + 1; // here\n    b * 2\n}\n"
    )
    assert "adds" in text.lower()
    assert "// One more." in text
    assert "// here" in text


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.PYTHON], ids=lambda t: t.value)
def test_whole_files_behave_as_their_sources(target: LanguageId) -> None:
    """Functions, a service with state, error classes, patterns and maps, in one file that is compiled once per target."""
    path = SOURCES / "service.rs"
    candidate = port(PortRequest(str(path), path.read_text(encoding="utf-8"), LanguageId.RUST, target))
    assert [(h.line, h.reason) for h in candidate.holes] == []
    report = verify(candidate, VerifyOptions(cases=6, differential=12, use_cache=False))
    assert report.verdict is Verdict.PASSED, "\n".join(f"{r.step}: {r.detail}" for r in report.results)


MEMBERS = """
use foundation::cli::{App, Exit};
use foundation::register_command;

/// Where a robot looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Robot {
    angle: i64,
    steps: u8,
}

impl Robot {
    pub fn angle(&self) -> i64 {
        self.angle % 360
    }

    pub fn steps(&self) -> u8 {
        self.steps
    }

    pub fn turned(&self, by: i64) -> Robot {
        Robot { angle: self.angle() + by, steps: self.steps }
    }
}

fn counted(xs: &[usize]) -> Vec<usize> {
    let mut seen = vec![0; 4];
    for x in xs {
        seen[*x] += 1;
    }
    seen
}

/// The index is worked out after what is indexed.
pub fn at(xs: &[usize], n: usize) -> usize {
    counted(xs)[n - 1]
}

/// A letter's place, and whether a number divides another.
pub fn places(text: &str, letter: char, a: u64, b: u64) -> (Option<usize>, u8, bool, bool) {
    (text.find(letter), letter as u8, a.is_multiple_of(3), b.is_multiple_of(a))
}

/// Move it.
#[register_command(name = "robot.move")]
pub fn walk(name: String, by: Option<i64>, fast: bool) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    if name.is_empty() {
        return Err(Box::new(Exit(4)));
    }
    println!("{name} {} {fast}", by.unwrap_or(1));
    Ok(())
}

/// Run the tool.
pub fn run(arguments: Vec<String>) -> i32 {
    App::new("robot", "1").register(walk_command()).run(arguments)
}
"""


def test_members_indexes_and_commands_behave_as_their_source() -> None:
    candidate = port(PortRequest("members.rs", MEMBERS, LanguageId.RUST, LanguageId.PYTHON))
    assert not candidate.holes, candidate.holes
    text = next(f.text for f in candidate.files if f.role == "source")
    assert "def walk(name: str, by: int | None = None, fast: bool = False) -> None:" in text
    report = verify(candidate, VerifyOptions(cases=20))
    assert report.agreed, report.summary


def test_what_has_no_hash_elsewhere_is_declined() -> None:
    source = "use std::collections::HashSet;\npub fn f(xs: &HashSet<Vec<i64>>) -> usize { xs.len() }"
    assert reasons(source) == ["a set of collections"]


UNSHOWN = """
/// What can go wrong.
#[derive(Debug, PartialEq)]
pub enum Error {
    Empty,
    TooLarge(i64),
}

/// Add numbers up.
pub fn total(xs: &[i64]) -> Result<i64, Error> {
    if xs.is_empty() {
        return Err(Error::Empty);
    }
    let mut sum = 0;
    for x in xs {
        if *x > 100 {
            return Err(Error::TooLarge(*x));
        }
        sum += x;
    }
    Ok(sum)
}
"""


def test_an_error_that_nothing_shows_is_known_by_its_name() -> None:
    candidate = port(PortRequest("unshown.rs", UNSHOWN, LanguageId.RUST, LanguageId.PYTHON))
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(cases=12))
    assert report.agreed, report.summary
    shown = UNSHOWN + (
        "impl std::fmt::Display for Error {\n    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {\n"
        '        write!(f, "{:?}", self)\n    }\n}\n'
    )
    assert "an error whose Display does not show its message" in reasons(shown)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("money", LanguageId.PYTHON),
        ("money", LanguageId.RUBY),
        ("shapes", LanguageId.GO),
        ("rows", LanguageId.GO),
        ("iterators", LanguageId.GO),
        ("iterators", LanguageId.PYTHON),
        ("iterators", LanguageId.RUBY),
    ],
)
def test_structs_without_names_ranges_and_the_environment_behave_as_their_source(
    name: str, target: LanguageId
) -> None:
    path = SOURCES / f"{name}.rs"
    candidate = port(PortRequest(str(path), path.read_text(), LanguageId.RUST, target))
    assert [(h.line, h.reason) for h in candidate.holes] == []
    report = verify(candidate, VerifyOptions(cases=12, differential=24, use_cache=False))
    ran = {r.step: r.verdict for r in report.results}
    assert ran["cases"] is Verdict.PASSED, report.results
    assert ran["differential"] is Verdict.PASSED, report.results
