"""Python constructs and what they become in Go; each case states the lines that carry the meaning."""

# ruff: noqa: E501 - a source and what it becomes stand on one line.
from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from foundation_engine.port import PortError, ir, port
from foundation_engine.port.emit.go import emit
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_specs.model import LanguageId

HEADER = """\
from __future__ import annotations
from dataclasses import dataclass
from enum import Enum
from typing import Callable, Protocol
from foundation.errors import NetworkError, ValidationError
from foundation.resilience import CircuitBreaker, retry
"""


def to(target: str, source: str) -> PortCandidate:
    """The port of a snippet."""
    text = HEADER + textwrap.dedent(source)
    return port(PortRequest("shop.py", text, LanguageId.PYTHON, LanguageId(target)))


def body(candidate: PortCandidate) -> str:
    """The generated source, with runs of blanks made one so that alignment does not matter."""
    source = next(f.text for f in candidate.files if f.role == "source")
    return "\n".join(" ".join(line.split()) for line in source.splitlines())


CASES = [
    # What a variable holds is known from a later assignment.
    (
        "def f(words: list[str]) -> str | None:\n    best = None\n    for w in words:\n        if best is None or len(w) > len(best):\n            best = w\n    return best",
        "var best *string",
    ),
    # Floor division and the sign of a remainder.
    ("def f(a: int, b: int) -> int:\n    return a // b", "return floorDiv(a, b)"),
    ("def f(a: int) -> bool:\n    return a % 2 == 1", "return a%2 != 0"),
    ("def f(xs: list[int]) -> int:\n    return len(xs) // 2", "return len(xs) / 2"),
    # Strings are code points.
    ("def f(s: str) -> int:\n    return len(s)", "return utf8.RuneCountInString(s)"),
    ("def f(s: str) -> str:\n    return s[0]", "return string(firstRune(s))"),
    # Slices are clamped and, when kept, copied.
    ("def f(xs: list[int]) -> list[int]:\n    return xs[:3]", "return slices.Clone(xs[:min(3, len(xs))])"),
    ("def f(xs: list[int]) -> int:\n    return xs[-1]", "return xs[len(xs)-1]"),
    # A key that may be missing fails where the old value is read.
    (
        "def f(d: dict[str, int], k: str) -> None:\n    d[k] += 1",
        'number, ok := d[k]\nif !ok {\nreturn fmt.Errorf("key %v not found", k)',
    ),
    (
        "def f(d: dict[str, int], k: str) -> None:\n    if k not in d:\n        d[k] = 0\n    d[k] += 1",
        "d[k]++",
    ),
    # What runs in any case is deferred.
    (
        "def f(a: int, xs: list[int]) -> int:\n    try:\n        if a < 0:\n            raise ValidationError('no')\n        n = a * 2\n        return n\n    finally:\n        xs[0] = 1",
        "defer func() {\nxs[0] = 1\n}()\nif a < 0 {",
    ),
    (
        "def f(xs: list[int]) -> int:\n    n = 1\n    try:\n        n += int('7')\n    finally:\n        xs[0] = n\n    return n",
        "err := func() error {\ndefer func() {\nxs[0] = n\n}()",
    ),
    # A chained comparison keeps both of its ends.
    ("def f(s: int) -> bool:\n    return 500 <= s < 600", "return 500 <= s && s < 600"),
    # Absent values.
    ("def f(x: int | None) -> int:\n    if x is None:\n        return 0\n    return x", "return *x"),
    ("def f(name: str | None) -> str:\n    return name or 'guest'", 'if name != nil && *name != "" {'),
    # Maps.
    ("def f(d: dict[str, int], k: str) -> int:\n    return d.get(k, 0)", "return d[k]"),
    ("def f(d: dict[str, int], k: str) -> int:\n    return d[k]", 'return 0, fmt.Errorf("key %v not found", k)'),
    ("def f(d: dict[str, int]) -> list[str]:\n    return sorted(d)", "return sortedKeys(d)"),
    # Comprehensions are loops.
    ("def f(xs: list[int]) -> list[int]:\n    return [x * x for x in xs if x > 0]", "result = append(result, x*x)"),
    ("def f(xs: list[str]) -> bool:\n    return any(x == 'a' for x in xs)", "return true"),
    ("def f(xs: list[int]) -> int:\n    return sum(1 for x in xs if x > 2)", "count++"),
    # Rounding is to even; a number of decimals is exact.
    ("def f(x: float) -> int:\n    return round(x)", "return int(math.RoundToEven(x))"),
    ("def f(x: float) -> str:\n    return f'{x:.2f}'", 'return fmt.Sprintf("%.2f", x)'),
    # A zero divisor of floats is an error, not an infinity.
    ("def f(a: float, b: float) -> float:\n    return a / b", 'panic("division by zero")'),
    # Errors are values.
    ("def f(s: str) -> int:\n    return int(s)", "strconv.Atoi(strings.TrimSpace(s))"),
    ("def f(s: str) -> int:\n    try:\n        return int(s)\n    except ValueError:\n        return -1", "return -1"),
    ("def f(n: int) -> int:\n    if n < 0:\n        raise ValueError('negative')\n    return n", 'return 0, errors.New("negative")'),
    # Stable sorts by a key.
    (
        "def f(xs: list[str]) -> list[str]:\n    return sorted(xs, key=len, reverse=True)",
        "slices.SortStableFunc(ordered, func(a, b string) int { return cmp.Compare(utf8.RuneCountInString(b), utf8.RuneCountInString(a)) })",
    ),
    # A key is worked out for a list of one, too, though nothing is compared.
    ("def f(xs: list[str], d: dict[str, int]) -> list[str]:\n    return sorted(xs, key=lambda x: d[x])", 'if _, ok := d[x]; !ok {\nreturn nil, fmt.Errorf("key %v not found", x)'),
    ("def f(xs: list[list[int]]) -> list[int]:\n    return max(xs, key=lambda x: x[1])", "for _, x := range xs {\n_ = x[1]\n}"),
    # What a handler ignores or notes is an if statement.
    (
        "def f(s: str) -> int:\n    n = 10\n    try:\n        n = int(s)\n    except ValueError:\n        pass\n    return n",
        "if number, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {\nn = number\n}\nreturn n",
    ),
    (
        "def f(s: str) -> bool:\n    bad = False\n    try:\n        int(s)\n    except ValueError:\n        bad = True\n    return bad",
        "if _, err := strconv.Atoi(strings.TrimSpace(s)); err != nil {\nbad = true\n}\nreturn bad",
    ),
    (
        "def f(k: str, d: dict[str, int]) -> int:\n    n = 10\n    try:\n        n = d[k]\n    except KeyError:\n        n += 1\n    return n",
        "if number, ok := d[k]; !ok {\nn++\n} else {\nn = number\n}",
    ),
    # What is only tested or handed on has no variable of its own, and a default stands before its condition.
    (
        "def f(s: str) -> str:\n    name, sep, value = s.partition('=')\n    if not sep:\n        return ''\n    return name + value",
        'name, value, found := strings.Cut(s, "=")\nif !found {\nreturn ""\n}',
    ),
    (
        "def f(s: str) -> str:\n    name, sep, value = s.partition('=')\n    if not sep:\n        return ''\n    return name + sep + value",
        'sep := ""\nif found {\nsep = "="\n}',
    ),
    ("def f(s: str) -> int:\n    return int(s)", "{\nreturn strconv.Atoi(strings.TrimSpace(s))\n}"),
    (
        "def f(xs: list[int], low: int) -> list[int]:\n    return [x + 1 if x > low else low for x in xs]",
        "number := low\nif x > low {\nnumber = x + 1\n}",
    ),
    (
        "def f(x: bool, k: str, d: dict[str, int]) -> bool:\n    return x or k not in d",
        "_, ok := d[k]\nreturn x || !ok",
    ),
    ("def f() -> bool:\n    import os\n    return os.environ.get('ALL') == '1'", 'return os.Getenv("ALL") == "1"'),
    ("def f(xs: list[int], n: int) -> bool:\n    return n > 3 or not all(x > n for x in xs)", "return n > 3 || slices.ContainsFunc(xs, func(x int) bool { return x <= n })"),
    # A range to one behind its last number ends with that number.
    ("def f(n: int) -> int:\n    t = 0\n    for i in range(1, n + 1):\n        t += i * i\n    return t", "for i := 1; i <= n; i++ {"),
    ("def f(n: int) -> int:\n    t = 0\n    for i in range(n, -1, -1):\n        t += i * i\n    return t", "for i := n; i >= 0; i-- {"),
    # What a handler shows of an error is what the source says.
    (
        "def f(s: str) -> str:\n    try:\n        return str(int(s))\n    except ValueError as error:\n        return f'no number: {error}'",
        'number, err := readInt(s)\nif err != nil {\nreturn fmt.Sprintf("no number: %v", err)',
    ),
    (
        "def f(k: str, d: dict[str, int]) -> str:\n    try:\n        return str(d[k])\n    except KeyError as error:\n        return f'none: {error}'",
        'return fmt.Sprintf("none: %s", quoted(k))',
    ),
    # A variable that takes a value of another type gets a name of its own.
    ("def f(n: int) -> int:\n    n = [d for d in str(n)]\n    return len(n)", "return len(nList)"),
]  # fmt: skip


FINALLY = """
class Gate:
    def __init__(self) -> None:
        self.active = 0
        self.log: list[str] = []

    def run(self, n: int) -> int:
        self.active += 1
        try:
            if n < 0:
                raise ValueError("negative")
            total = n * 2
            self.log.append(str(total))
            return total
        finally:
            self.active -= 1

    def safe(self, text: str) -> int:
        self.active += 1
        try:
            return int(text)
        except ValueError:
            self.log.append("bad")
            return -1
        finally:
            self.active -= 1
            self.log.append("done")

    def middle(self, text: str) -> int:
        value = 0
        try:
            value = int(text)
            self.log.append("ok")
        finally:
            self.log.append("end")
        return value + self.active

    def handled(self, texts: list[str]) -> int:
        total = 0
        for text in texts:
            try:
                total += int(text)
            except ValueError:
                self.log.append("bad")
            finally:
                self.active += 1
        return total + self.active

    def seen(self, n: int) -> int:
        x = n
        try:
            x += 1
            return x
        finally:
            x = 100
            self.active += x


def told(texts: list[str], n: int) -> list[str]:
    gate = Gate()
    for text in texts:
        try:
            gate.log.append(str(gate.safe(text) + gate.middle(text) + gate.run(n)))
        except ValueError:
            gate.log.append("failed")
    gate.log.append(str(gate.handled(texts) + gate.seen(n)))
    gate.log.append(str(gate.active))
    return gate.log


def passed_on(text: str, log: list[int]) -> int:
    try:
        return int(text) + log[0]
    finally:
        log[0] += 1
"""


@pytest.mark.slow
def test_what_runs_in_any_case_runs_in_order() -> None:
    candidate = to("go", FINALLY)
    assert candidate.holes == ()
    report = verify(candidate, VerifyOptions(use_cache=False))
    assert report.verdict is Verdict.PASSED, [r.detail for r in report.results]


def test_a_list_that_is_returned_and_changes_afterwards_is_declined() -> None:
    source = "def f(log: str) -> list[str]:\n    out = [log]\n    try:\n        return out\n    finally:\n        out.append(log)\n"
    assert "a list that is returned" in to("go", source).holes[0].reason


@pytest.mark.parametrize(
    ("source", "expected"), CASES, ids=[c[0].splitlines()[-1].strip()[:40] for c in CASES]
)
def test_construct(source: str, expected: str) -> None:
    candidate = to("go", source)
    assert candidate.holes == ()
    assert expected in body(candidate)


DECLINED = [
    ("def f(d: set[str]) -> list[str]:\n    return [k for k in d]", "order"),
    ("def f(xs: list[int]) -> None:\n    xs.append(1)", "the caller sees"),
    ("def f(x: int):\n    yield x", "generator"),
    ("def f(*xs) -> int:\n    return 1", "*xs has no type"),
    ("def f(x) -> int:\n    return x", "annotate"),
    ("def f(x: int) -> int:\n    return eval('x')", "eval"),
    ("def f(x: float) -> bool:\n    return isinstance(x, int)", "integers from floats"),
    ("def f(x: int) -> int:\n    import os\n    return os.getpid()", "os.getpid"),
]


@pytest.mark.parametrize(("source", "reason"), DECLINED, ids=[c[1] for c in DECLINED])
def test_decline_is_a_marked_hole(source: str, reason: str) -> None:
    candidate = to("go", source)
    assert any(reason in h.reason for h in candidate.holes), candidate.holes
    assert candidate.coverage < 1
    assert all(h.line > HEADER.count("\n") for h in candidate.holes)
    assert "not ported" in body(candidate)


def test_retry_takes_the_context_and_the_policy() -> None:
    candidate = to(
        "go",
        """
        class Gateway(Protocol):
            def charge(self, cents: int) -> str: ...

        @retry(NetworkError, max_attempts=5, base_delay=0.25, backoff="linear", jitter=False)
        def charge(gateway: Gateway, cents: int) -> str:
            return gateway.charge(cents)
        """,
    )
    text = body(candidate)
    assert "func Charge(ctx context.Context, gateway Gateway, cents int) (string, error) {" in text
    assert "return resilience.RetryValue(ctx, func(ctx context.Context) (string, error) {" in text
    for option in (
        "resilience.WithRetryable(errors.ErrNetwork)",
        "resilience.WithMaxAttempts(5)",
        "resilience.WithBaseDelay(250*time.Millisecond)",
        "resilience.WithBackoff(resilience.Linear)",
        "resilience.WithJitter(resilience.NoJitter)",
    ):
        assert option in text
    assert candidate.provenance["shop.go"] == "rules, template:retry_with_backoff"


def test_attempts_start_from_the_arguments() -> None:
    candidate = to(
        "go",
        """
        @retry(max_attempts=2)
        def drain(take: Callable[[int], int], n: int) -> int:
            n -= 1
            return take(n)
        """,
    )
    assert "n := n" in body(candidate)


def test_an_exhausted_retry_is_not_caught_as_its_cause() -> None:
    candidate = to(
        "go",
        """
        @retry(NetworkError)
        def fetch(get: Callable[[], str]) -> str:
            return get()

        def safe(get: Callable[[], str]) -> str:
            try:
                return fetch(get)
            except NetworkError:
                return ""
        """,
    )
    assert "errors.Is(err, errors.ErrNetwork) && !errors.Is(err, errors.ErrMaxRetriesExceeded)" in body(
        candidate
    )


def test_comments_stay_at_their_statements() -> None:
    candidate = to("go", "def f(x: int) -> int:\n    # Twice.\n    y = x * 2  # doubled\n    return y")
    lines = body(candidate).splitlines()
    at = lines.index("y := x * 2 // doubled")
    assert lines[at - 1] == "// Twice."


def test_one_definition_with_what_it_uses() -> None:
    text = (
        HEADER
        + "A = 1\nB = 2\n\ndef one() -> int:\n    return A\n\ndef two() -> int:\n    return one() + B\n"
    )
    line = text[: text.index("def two")].count("\n") + 1
    both = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.GO, line))
    alone = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.GO, line - 3))
    assert [f.source_name for f in both.functions] == ["one", "two"]
    assert [f.source_name for f in alone.functions] == ["one"]


@pytest.mark.parametrize("text", ["def f(:", "x = '", "\x00"])
def test_a_source_that_does_not_parse_is_refused(text: str) -> None:
    with pytest.raises(PortError, match="does not parse"):
        port(PortRequest("bad.py", text, LanguageId.PYTHON, LanguageId.GO))


def test_differences_are_stated() -> None:
    candidate = to("go", "def f(a: int, b: int) -> int:\n    return a * b")
    assert any("64 bits" in d for d in candidate.differences)


def test_json_keeps_the_order_of_its_keys():
    made = to(
        "go",
        """
        import json
        @dataclass(frozen=True)
        class Product:
            sku: str
            cents: int
        def snapshot(products: list[Product]) -> str:
            return json.dumps([{"sku": p.sku, "cents": p.cents, "tags": ["a"], "old": False} for p in products])
        def table(prices: dict[str, int]) -> str:
            return json.dumps(prices)
        """,
    )
    text = body(made)
    row = '`{"sku": `+jsonQuote(p.SKU)+`, "cents": `+strconv.Itoa(p.Cents)+`, "tags": [`+jsonQuote("a")+`], "old": false}`'
    assert row in text
    # A map of Go has no order to write its keys in.
    assert "func Table(prices *OrderedMap[string, int]) string {" in text
    assert made.holes == ()


def test_functions_handed_on_take_the_signature_that_is_asked_for():
    text = body(
        to(
            "go",
            """
            def apply(f: Callable[[int], int], x: int) -> int:
                return f(x)
            def double(x: int) -> int:
                return x * 2
            def use(x: int) -> int:
                def inner(v: int) -> int:
                    return v * x
                return apply(lambda v: v + 1, x) + apply(inner, x) + apply(double, x)
            """,
        )
    )
    assert "func(_ context.Context, v int) (int, error) { return v + 1, nil }" in text
    assert "func(_ context.Context, a int) (int, error) { return inner(a), nil }" in text
    assert "{ return Double(" in text


def test_an_exit_without_a_code_is_declined():
    stop = ir.Function("stop", [], ir.NONE, [ir.Raise(ir.New("Exit", [], type=ir.NamedT("Exit")))])
    made = emit(ir.Module("m", "", [stop], [], {}), "m", "foundation")
    assert "not ported: an exit without a code" in made.source


@pytest.mark.parametrize(
    ("made", "plain"),
    [
        ("return {v: k for k, v in d.items()}", False),
        ("return {1: k for k, v in d.items()}", False),
        ("out: dict[int, str] = {}\n    for k, v in d.items():\n        out[v] = k\n    return out", False),
        ("return {v: 'x' for k, v in d.items()}", True),
    ],
)
def test_a_map_made_in_the_order_of_another_keeps_it(made: str, plain: bool) -> None:
    # Two entries may have one key; which of them stays depends on an order that Go's own maps do not have.
    candidate = to("go", f"def f(d: dict[str, int]) -> dict[int, str]:\n    {made}\n")
    assert candidate.holes == ()
    assert ("d map[string]int" in body(candidate)) is plain


ORDERED = """
from dataclasses import dataclass, field


@dataclass
class Item:
    name: str
    tags: list[str] = field(default_factory=list)


def by_tag(items: list[Item]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for item in items:
        for tag in item.tags:
            groups.setdefault(tag, []).append(item.name)
    return groups


def report(items: list[Item], first: str) -> str:
    groups = by_tag(items)
    if first in groups:
        names = groups.pop(first)
        groups[first] = names + ["last"]
    lines = [f"{tag}: {', '.join(names)}" for tag, names in groups.items()]
    return "; ".join(lines) + str(len(groups))


def tags(groups: dict[str, list[str]], more: dict[str, list[str]]) -> list[str]:
    groups.update(more)
    groups["all"] = groups.get("all", []) + ["x"]
    if "old" in groups:
        del groups["old"]
    return list(groups) + [str(len(v)) for v in groups.values()]


def squares(xs: list[int]) -> dict[int, int]:
    return {x: x * x for x in xs}


def counted(words: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for w in words:
        counts[w] = counts.get(w, 0) + 1
    return counts


def ranked(scores: dict[str, float]) -> dict[str, float]:
    return dict(sorted(scores.items(), key=lambda kv: -kv[1]))


def by_length(scores: dict[str, float]) -> list[str]:
    return sorted(scores, key=len)
"""


@pytest.mark.slow
def test_maps_keep_the_order_that_functions_show() -> None:
    # A map that only counts stays a plain one: its type is another.
    candidate = port(PortRequest("kept.py", ORDERED, LanguageId.PYTHON, LanguageId.GO))
    assert candidate.holes == ()
    text = body(candidate)
    assert "func ByTag(items []*Item) *OrderedMap[string, []string] {" in text
    assert "groups.Set(tag, append(groups.Values[tag], item.Name))" in text
    assert "func Counted(words []string) map[string]int {" in text
    # Entries are sorted into a map for its order alone; of one that has none, the port says so.
    assert "func Ranked(scores *OrderedMap[string, float64]) *OrderedMap[string, float64] {" in text
    assert [d for d in candidate.differences if "A map has no order" in d]
    report = verify(candidate, VerifyOptions(use_cache=False))
    assert report.verdict is Verdict.PASSED, [(r.step, r.detail) for r in report.results]


@pytest.mark.parametrize("target", ["go", "ruby", "rust"])
def test_what_needs_a_declined_class_is_declined_with_it(target: str) -> None:
    source = """
        class Mode(dict):
            def name(self) -> str:
                return "mode"

        DEFAULT: Mode | None = None
        MODES: list[Mode] = []

        def first() -> Mode:
            return MODES[0]

        def known() -> bool:
            return DEFAULT is not None

        def fine(a: int) -> int:
            return a + 1
    """
    candidate = to(target, source)
    whole = {f.source_name for f in candidate.functions if not f.holes}
    assert whole == {"fine"}
    assert "not ported" in next(f.text for f in candidate.files if f.role == "source")


def test_functions_in_fields_and_results_take_the_signature_of_their_place() -> None:
    text = body(
        to(
            "go",
            """
            @dataclass
            class Rule:
                label: str
                test: Callable[[int], bool]
            def rules() -> list[Rule]:
                return [Rule("small", lambda n: n < 10)]
            def below(limit: int) -> Callable[[int], bool]:
                return lambda n: n < limit
            def count(xs: list[int]) -> int:
                test = below(3)
                return sum(1 for x in xs if test(x))
            """,
        )
    )
    made = "func(_ context.Context, n int) (bool, error)"
    assert f'return []*Rule{{{{Label: "small", Test: {made} {{ return n < 10, nil }}}}}}' in text
    assert f"return {made} {{ return n < limit, nil }}" in text
    assert "ok, err := test(ctx, x)" in text


def test_what_follows_branches_that_holes_end_stays_as_a_comment() -> None:
    source = """
    def f(name: str, again: bool) -> int:
        if again:
            eval("1")
        else:
            eval("2")
        # What was built is counted.
        count = len(name)
        return count
    """
    candidate = to("go", source)
    assert len(candidate.holes) == 2
    text = next(f.text for f in candidate.files if f.role == "source")
    assert text.endswith(
        "\t}\n"
        "\t// Not reached while the branches above are not ported:\n"
        "\t//\t// What was built is counted.\n"
        "\t//\tcount := utf8.RuneCountInString(name)\n"
        "\t//\treturn count\n"
        "}\n"
    )
    assert "import" not in text


def test_copies_and_unions_of_maps_keep_their_order() -> None:
    source = """
    def merged(a: dict[str, int], b: dict[str, int]) -> list[str]:
        whole = {**a, **b}
        whole.pop("x", None)
        return list(whole)

    def joined(a: dict[str, int]) -> str:
        mine = dict(a)
        mine["new"] = 1
        return ",".join(mine)
    """
    candidate = to("go", source)
    assert candidate.holes == ()
    text = body(candidate)
    assert 'whole := a.Clone()\nwhole.Update(b)\nwhole.Delete("x")\nreturn slices.Clone(whole.Order)' in text
    assert 'mine := a.Clone()\nmine.Set("new", 1)\nreturn strings.Join(mine.Order, ",")' in text


def test_a_try_whose_end_is_a_hole_still_compiles(tmp_path: Path) -> None:
    source = (
        "def f(text: str) -> list[str]:\n"
        "    try:\n"
        "        data = int(text)\n"
        "        if data > 3:\n"
        "            data += int(text + '1')\n"
        "        return weird(data)\n"
        "    except ValueError:\n"
        "        return []\n"
    )
    path = tmp_path / "holes.py"
    path.write_text(source)
    candidate = port(PortRequest(str(path), source, LanguageId.PYTHON, LanguageId.GO))
    assert [h.reason for h in candidate.holes] == ["call of weird"]
    report = verify(candidate, VerifyOptions(execute=False))
    assert [(r.step, r.verdict) for r in report.results if r.step in ("compile", "vet")] == [
        ("compile", Verdict.PASSED), ("vet", Verdict.PASSED),
    ]  # fmt: skip
