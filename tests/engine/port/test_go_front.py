"""Go sources: what each construct means in the languages that it is ported to, and whole files proved by running them."""

# ruff: noqa: E501 - a source and what it becomes stand on one line.
from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import PortError, ir, port
from foundation_engine.port.front.go import lower_module
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

HEADER = """package shop

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	ferrors "foundation/errors"
	"foundation/resilience"
)

var ErrNotFound = errors.New("not found")

type Order struct {
	ID    string
	Cents int
	Lines []string
}

type Store interface {
	Get(ctx context.Context, id string) (int, error)
	Label() string
}

"""


def ported(body: str, target: LanguageId = LanguageId.RUBY) -> str:
    """The port of declarations under the common header."""
    candidate = port(PortRequest("shop.go", HEADER + body, LanguageId.GO, target))
    assert not candidate.holes, candidate.holes
    return next(f.text for f in candidate.files if f.role == "source")


def declined(body: str) -> list[str]:
    """The reasons for what was not ported."""
    return [d.reason for d in lower_module(HEADER + body, "shop").declines]


CASES: list[tuple[str, str, list[str]]] = [
    (
        "a field of a method's name gets another one",
        """type Bag struct {
	size int
}

func (b *Bag) Size() int {
	b.size++
	return b.size
}""",
        ["    self.size_value += 1", "    def size"],
    ),
    (
        "an array is copied before it is walked over",
        """func F(v int) int {
	b := [3]int{1, 2, v}
	total := 0
	for i, x := range b {
		b[2-i] += 10
		total += x
	}
	return total
}""",
        ["    b.dup.each_with_index do |x, i|"],
    ),
    (
        "what is computed of runes is a number until it is a character",
        """func F(s string) int {
	const zero = '0'
	n := 0
	for _, r := range s {
		d := r - zero
		if d < 0 || d > 9 {
			return -1
		}
		n = n*10 + int(d)
	}
	return n
}""",
        ["      d = r - zero.ord"],
    ),
    (
        "a named error that an inner block sets begins as none",
        """func F(s string) (n int, err error) {
	for _, r := range s {
		if r == 'x' {
			err = errors.New("an x")
		} else {
			n++
		}
	}
	return n, err
}""",
        ["    err = nil", "    raise err unless err.nil?"],
    ),
    (
        "handing an error on is implied",
        """func Find(ctx context.Context, s Store, id string) (int, error) {
	n, err := s.Get(ctx, id)
	if err != nil {
		return 0, err
	}
	return n + 1, nil
}""",
        ["    n = store.get(id)".replace("store", "s"), "    n + 1"],
    ),
    (
        "a test for a class is a handler, a wrapped error keeps its class",
        """func Find(ctx context.Context, s Store, id string) (int, error) {
	n, err := s.Get(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return -1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("find %s: %w", id, err)
	}
	return n, nil
}""",
        [
            "rescue NotFoundError",
            "rescue StandardError => err",
            'raise err.exception("find #{id}: #{err.message}")',
        ],
    ),
    (
        "an error that is kept until the loop ends",
        """func Try(ctx context.Context, s Store, id string) (int, error) {
	var last error
	for i := 0; i < 3; i++ {
		n, err := s.Get(ctx, id)
		if err == nil {
			return n, nil
		}
		last = err
	}
	return 0, last
}""",
        ["last = nil", "rescue StandardError => err", "last = err", "raise last unless last.nil?"],
    ),
    (
        "a sentinel under a new message is its class",
        """func Check(id string) error {
	if id == "" {
		return fmt.Errorf("check: %w", ErrNotFound)
	}
	return nil
}""",
        ["class NotFoundError < StandardError; end", "raise NotFoundError"],
    ),
    (
        "a field of the runtime's error",
        """func Check(n int) error {
	if n < 0 {
		return &ferrors.ValidationError{Message: "negative"}
	}
	return nil
}""",
        ["raise Foundation::ValidationError, 'negative' if n < 0"],
    ),
    (
        "append to a parameter makes a new list, to a variable of its own it does not",
        """func Add(items []int, n int) ([]int, []int) {
	own := []int{1}
	own = append(own, n)
	items = append(items, n)
	return items, own
}""",
        ["own << n", "items += [n]"],
    ),
    (
        "lists of a map's entries, counted and looked up",
        """func Group(words []string) (map[string][]string, int) {
	out := map[string][]string{}
	sizes := make(map[int]int)
	for _, w := range words {
		out[w] = append(out[w], w)
		sizes[len(w)]++
	}
	if n, ok := sizes[3]; ok {
		return out, n
	}
	return out, sizes[2]
}""",
        ["sizes[w.bytesize] = sizes.fetch(w.bytesize, 0) + 1", "if sizes.key?(3)", "sizes.fetch(2, 0)"],
    ),
    (
        "division rounds toward zero",
        """func Split(n, size int) (int, int) {
	return n / size, n % size
}""",
        [".truncate", "n.remainder(size)"],
    ),
    (
        "lengths are bytes, runes are code points",
        """func Count(s string) (int, int) {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return len(s), n
}""",
        ["s.bytesize", "each_char do |r|", "n += 1 if r.match?(/[0-9]/)"],
    ),
    (
        "a sort by two keys",
        """func Rank(orders []Order) {
	sort.Slice(orders, func(i, j int) bool {
		if orders[i].Cents != orders[j].Cents {
			return orders[i].Cents > orders[j].Cents
		}
		return orders[i].ID < orders[j].ID
	})
}""",
        ["sort_by", "-item.cents, item.id"],
    ),
    (
        "a deferred call runs last",
        """func Run(done func(name string), n int) int {
	defer done("run")
	return n * 2
}""",
        ["ensure", "done.call('run')"],
    ),
    (
        "a loop that counts by hand keeps its step before continue",
        """func Odd(n int) int {
	total := 0
	for i := 0; i < n; i += total + 1 {
		if i%2 == 0 {
			continue
		}
		total += i
	}
	return total
}""",
        ["while i < n", "i += total + 1\n        next"],
    ),
    (
        "a shadowed variable has a name of its own",
        """func Shadow(n int) int {
	x := n
	if n > 1 {
		x := x * 2
		n += x
	}
	return x + n
}""",
        ["x2 = x * 2", "x + n"],
    ),
    (
        "a retried block and its options",
        """func Fetch(ctx context.Context, s Store, id string) (int, error) {
	before := s.Label()
	n, err := resilience.RetryValue(ctx, func(ctx context.Context) (int, error) {
		return s.Get(ctx, before+id)
	}, resilience.WithMaxAttempts(4), resilience.WithBaseDelay(250*time.Millisecond), resilience.WithRetryable(ErrNotFound))
	if err != nil {
		return 0, err
	}
	return n, nil
}""",
        [
            "Foundation.retry(max_attempts: 4, base_delay: 0.25, retryable: [NotFoundError]) do",
            "s.get(before + id)",
        ],
    ),
    (
        "a test for a class looks through exhausted retries",
        """func Fetch(ctx context.Context, s Store, id string) (int, error) {
	n, err := resilience.RetryValue(ctx, func(ctx context.Context) (int, error) {
		return s.Get(ctx, id)
	}, resilience.WithMaxAttempts(2))
	if errors.Is(err, ferrors.ErrNetwork) {
		return -1, nil
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}""",
        [
            "rescue Foundation::NetworkError\n",
            "rescue Foundation::MaxRetriesExceeded => err",
            "is_a?(Foundation::NetworkError)",
        ],
    ),
    (
        "an annotated function, whose documentation loses its name",
        """// Fetch asks the store.
//
// @retry(maxAttempts=2, jitter=false)
func Fetch(ctx context.Context, s Store, id string) (int, error) {
	return s.Get(ctx, id)
}""",
        ["# Asks the store.\n", "Foundation.retry(max_attempts: 2, jitter: false) do"],
    ),
    (
        "a delay is seconds",
        """func Wait(attempt int, base time.Duration) time.Duration {
	delay := base + time.Duration(attempt)*200*time.Millisecond
	if delay > 5*time.Second {
		delay = 5 * time.Second
	}
	return delay
}""",
        ["if delay > 5.0", "delay = 5.0"],
    ),
    (
        "numbers in texts are strict",
        """func Parse(text string) (int, error) {
	before, after, found := strings.Cut(text, "=")
	if !found {
		return 0, fmt.Errorf("no value in %q", before)
	}
	return strconv.Atoi(after)
}""",
        ["before, separator, after = text.partition('=')", "parse_int(after"],
    ),
]


@pytest.mark.parametrize(("body", "lines"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_ruby(body: str, lines: list[str]) -> None:
    text = ported(body)
    for line in lines:
        assert line in text, text


DECLINES: list[tuple[str, str]] = [
    (
        "a part of a slice whose elements are assigned",
        "func F(a []int) []int {\n\tb := a[1:]\n\tb[0] = 9\n\treturn a\n}",
    ),
    (
        "a part of a slice whose elements are assigned",
        "func F(a []int) []int {\n\tsort.Ints(a[1:])\n\treturn a\n}",
    ),
    (
        "a part of a slice whose elements are assigned",
        "func F(a []int) []int {\n\tb := a[:2]\n\tb = append(b, 7)\n\treturn append(a, b[0])\n}",
    ),
    (
        "a part of a slice whose elements are assigned",
        "func set(a []int) { a[0] = 1 }\n\nfunc F(a []int) []int {\n\tset(a[1:])\n\treturn a\n}",
    ),
    ("a slice of nil", "func F(n int) []*Order {\n\treturn make([]*Order, n)\n}"),
    ("a map whose keys are arrays", "func F(m map[[2]int]bool) bool {\n\treturn m[[2]int{1, 2}]\n}"),
    ("a goroutine that nobody waits for", "func F() {\n\tgo func() {}()\n}"),
    (
        "a goroutine that nobody waits for",
        "func F(xs []int) int {\n\tn := 0\n\tgo func() { n++ }()\n\tfor range xs {\n\t}\n\treturn n\n}",
    ),
    (
        "a result that depends on which goroutine is first",
        (
            "func F(s Store, ids []string) error {\n\tvar wg sync.WaitGroup\n\tvar first error\n\tfor _, id := range ids {\n\t\twg.Add(1)\n"
            "\t\tgo func() {\n\t\t\tdefer wg.Done()\n\t\t\tif _, err := s.Get(nil, id); err != nil {\n\t\t\t\tfirst = err\n\t\t\t}\n\t\t}()\n\t}\n"
            "\twg.Wait()\n\treturn first\n}"
        ),
    ),
    (
        "a goroutine that waits for others",
        (
            "func F(xs []int) int {\n\tin, out := make(chan int), make(chan int, 9)\n\tvar wg sync.WaitGroup\n\twg.Add(1)\n\tgo func() {\n"
            "\t\tdefer wg.Done()\n\t\tfor x := range in {\n\t\t\tout <- x\n\t\t}\n\t}()\n\tfor _, x := range xs {\n\t\tin <- x\n\t}\n\tclose(in)\n\twg.Wait()\n\treturn len(xs)\n}"
        ),
    ),
    ("a channel that more than one function holds", "func F(c chan int) int {\n\treturn <-c\n}"),
    (
        "a generic definition that this file uses for no type",
        "func F[T any](x T) T {\n\treturn x\n}",
    ),
    ("a nil slice or map told from an empty one", "func F(xs []int) bool {\n\treturn xs == nil\n}"),
    ("arithmetic of int32, which wraps around at its width", "func F(a, b int32) int32 {\n\treturn a + b\n}"),
    (
        "two slices that may share their memory",
        "func F(a []int) ([]int, []int) {\n\tb := append(a, 1)\n\tc := append(a, 2)\n\treturn b, c\n}",
    ),
    (
        "a result beside an error",
        "func F(xs []int) (int, error) {\n\tn := len(xs)\n\treturn n, ErrNotFound\n}",
    ),
    ("recover", "func F() int {\n\tdefer func() {\n\t\trecover()\n\t}()\n\treturn 1\n}"),
    (
        "a switch on a type",
        "func F(x any) int {\n\tswitch x.(type) {\n\tcase int:\n\t\treturn 1\n\t}\n\treturn 0\n}",
    ),
]


def test_a_literal_of_bytes_that_are_not_text_is_declined() -> None:
    module = lower_module('package x\n\nconst raw = "\\xff\\x00"\n\nvar other = "\\n\\xfe"\n', "x")
    assert {"a string literal that is not text"} == {d.reason for d in module.declines}


def test_an_expression_of_thousands_of_literals_is_declined() -> None:
    whole = " +\n\t".join(['"x"'] * 3000)
    module = lower_module(f"package x\n\nvar raw = {whole}\n", "x")
    assert [d.reason for d in module.declines] == ["an expression that is nested too deeply"]


@pytest.mark.parametrize(("reason", "body"), DECLINES)
def test_declined(reason: str, body: str) -> None:
    assert reason in declined(body)


def test_no_type_is_left_unknown() -> None:
    module = lower_module(HEADER + "\n\n".join(c[1] for c in CASES[-1:]), "shop")
    for d in module.definitions:
        for n in ir.walk(d):
            if isinstance(n, ir.Expr):
                assert n.type != ir.UNKNOWN, n


def test_a_constructor_becomes_the_initialiser() -> None:
    text = ported(
        """// Cart is what a customer wants to buy.
type Cart struct {
	limit int
	lines []Order
}

// NewCart makes an empty cart.
func NewCart(limit int) *Cart {
	if limit <= 0 {
		limit = 10
	}
	return &Cart{limit: limit}
}

// Add puts an order in.
func (c *Cart) Add(o Order) bool {
	if len(c.lines) >= c.limit {
		return false
	}
	c.lines = append(c.lines, o)
	return true
}

func Fill(n int) int {
	cart := NewCart(n)
	cart.Add(Order{ID: "a"})
	return n
}""",
        LanguageId.PYTHON,
    )
    for line in (
        "class Cart:\n",
        '"""What a customer wants to buy."""',
        "def __init__(self, limit: int)",
        "lines.append(o)",
        ["cart.add", "Order", 'id="a", cents=0, lines=[]))'][0],
        "cart = Cart(n)",
    ):
        assert line in text, text


def test_a_struct_that_changes_is_copied() -> None:
    text = ported(
        """func Raise(o Order, by int) Order {
	o.Cents += by
	return o
}

func Both(orders []Order) []Order {
	out := []Order{}
	for _, o := range orders {
		o.Cents *= 2
		out = append(out, o)
	}
	return out
}""",
        LanguageId.PYTHON,
    )
    assert text.count("= Order(") == 2, text


def test_text_that_is_not_go_is_an_error() -> None:
    with pytest.raises(PortError, match="line 3"):
        port(PortRequest("x.go", "package x\n\nfunc {", LanguageId.GO, LanguageId.RUBY))


WHOLE = (
    HEADER.replace('\t"sort"\n', "").replace('\t"strconv"\n', "").replace('\t"sync"\n', "")
    + """// Ledger counts what was asked for.
type Ledger struct {
	seen   map[string]int
	recent []string
}

func NewLedger(start string) *Ledger {
	l := &Ledger{seen: make(map[string]int)}
	l.seen[start] = 1
	return l
}

// Note remembers a name.
func (l *Ledger) Note(name string, by int) (int, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return 0, &ferrors.ValidationError{Message: "no name"}
	}
	if by < 0 {
		return 0, fmt.Errorf("note %q by %d: %w", name, by, ErrNotFound)
	}
	l.seen[name] += by
	l.recent = append(l.recent, name)
	if len(l.recent) > 2 {
		l.recent = l.recent[1:]
	}
	return l.seen[name], nil
}

// Fetch retries by hand, then by the runtime.
func Fetch(ctx context.Context, s Store, id string) (int, error) {
	var last error
	for attempt := 1; attempt <= 2; attempt++ {
		n, err := s.Get(ctx, id)
		if err == nil {
			return n / attempt, nil
		}
		last = err
		time.Sleep(time.Duration(attempt) * 10 * time.Millisecond)
	}
	n, err := resilience.RetryValue(ctx, func(ctx context.Context) (int, error) {
		return s.Get(ctx, id+"!")
	}, resilience.WithMaxAttempts(2), resilience.WithBaseDelay(time.Second))
	if errors.Is(err, ErrNotFound) {
		return -1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("%s after %v: %w", s.Label(), last, err)
	}
	return n, nil
}

// Guarded runs under an annotation.
//
// @retry(maxAttempts=3, baseDelay=0.5, retryable=[NetworkError])
func Guarded(ctx context.Context, s Store, id string) (string, error) {
	n, err := s.Get(ctx, id)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%05d|%-4s|%x", n, id, n&255), nil
}

// Total is in cents.
func Total(orders []Order) (int, map[string]int) {
	byID := map[string]int{}
	total := 0
	for i, o := range orders {
		total += o.Cents * (i + 1)
		byID[o.ID] = max(byID[o.ID], o.Cents)
	}
	return total, byID
}
"""
)


def proved(target: LanguageId) -> tuple[PortCandidate, Verdict, str]:
    """The whole file, ported and run against the source."""
    candidate = port(PortRequest("shop.go", WHOLE, LanguageId.GO, target))
    report = verify(candidate, VerifyOptions(cases=6, differential=18, use_cache=False))
    return candidate, report.verdict, "\n".join(f"{r.step} {r.verdict} {r.detail}" for r in report.results)


@pytest.mark.parametrize("target", [LanguageId.RUBY, LanguageId.PYTHON])
def test_a_whole_file_behaves_the_same(target: LanguageId) -> None:
    candidate, verdict, said = proved(target)
    assert not candidate.holes
    assert verdict is Verdict.PASSED, said


def test_another_implementation_is_told_apart() -> None:
    candidate = port(PortRequest("shop.go", WHOLE, LanguageId.GO, LanguageId.RUBY))
    wrong = [
        type(f)(f.path, f.text.replace("(i + 1)", "(i + 2)"), f.role) if f.role == "source" else f
        for f in candidate.files
    ]
    changed = type(candidate)(
        candidate.request, tuple(wrong), candidate.imports, candidate.functions, (), candidate.provenance
    )
    report = verify(changed, VerifyOptions(cases=6, differential=18, use_cache=False))
    assert report.verdict is Verdict.FAILED
    assert any("Total(" in r.detail for r in report.results)


JSON_SOURCE = """package quotes

import (
	"encoding/json"
	"fmt"
)

type Money struct {
	Cents    int64  `json:"cents"`
	Currency string `json:"currency"`
}

type Quote struct {
	ID    string            `json:"id"`
	Price Money             `json:"price"`
	Rate  *float64          `json:"rate,omitempty"`
	Tags  []string          `json:"tags"`
	Notes map[string]string `json:"notes"`
	Open  bool
	inner int
}

var samples = []string{
	`{"id": "a", "price": {"cents": 5, "currency": "EUR"}, "rate": 0.5, "tags": ["x", "y"], "Open": true}`,
	`{"id": "b", "price": null, "rate": null, "tags": null, "notes": {"k": "v"}, "unknown": [1]}`,
	`{"id": 7}`, `{"price": {"cents": 1.5}}`, `{"price": {"cents": "1"}}`, `{"tags": {"a": 1}}`, `[]`, `null`, `{`, ``,
	`{"rate": 3, "price": {"cents": -2}, "inner": 4}`, `{"tags": [null, "z"]}`, `{"Open": 1}`, `"text"`, `{"notes": {"k": 1}}`,
}

// Read shows a sample as it is read.
func Read(i int) (string, error) {
	if i < 0 {
		i = -i
	}
	var quote Quote
	if err := json.Unmarshal([]byte(samples[i%len(samples)]), &quote); err != nil {
		return "", fmt.Errorf("sample %d: %w", i, err)
	}
	rate := "none"
	if quote.Rate != nil {
		rate = fmt.Sprintf("%.2f", *quote.Rate)
	}
	return fmt.Sprintf("%s %d%s %s %d %d %t", quote.ID, quote.Price.Cents, quote.Price.Currency, rate, len(quote.Tags), len(quote.Notes), quote.Open), nil
}
"""


def test_json_is_read_into_structs() -> None:
    candidate = port(PortRequest("quotes.go", JSON_SOURCE, LanguageId.GO, LanguageId.PYTHON))
    assert not candidate.holes
    report = verify(candidate, VerifyOptions(cases=40, differential=20))
    assert report.verdict is Verdict.PASSED, report.summary


RETRIES = """package retries

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

var ErrGone = errors.New("gone")

type Store interface {
	Get(ctx context.Context, id string) (int, error)
}

// Load doubles its delays.
func Load(ctx context.Context, s Store, id string) (int, error) {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 200 * time.Millisecond
	b.Multiplier = 2
	b.MaxInterval = time.Second
	return backoff.Retry(ctx, func() (int, error) {
		got, err := s.Get(ctx, id)
		if err != nil {
			return 0, err
		}
		if got < 0 {
			return 0, backoff.Permanent(ErrGone)
		}
		return got, nil
	}, backoff.WithBackOff(b), backoff.WithMaxTries(4))
}

// Found retries as backoff does where nothing is said, an operation that has a name.
func Found(ctx context.Context, s Store, id string) (string, error) {
	var label string
	op := func() (int, error) {
		got, err := s.Get(ctx, id)
		if err != nil {
			return 0, err
		}
		if got == 0 {
			return 0, backoff.Permanent(ErrGone)
		}
		label = id
		return got, nil
	}
	if _, err := backoff.Retry(ctx, op, backoff.WithMaxTries(5)); err != nil {
		return "", err
	}
	return label, nil
}
"""


@pytest.mark.parametrize("target", [LanguageId.RUBY, LanguageId.RUST])
def test_retries_of_another_library_behave_as_they_do(tmp_path: Path, target: LanguageId) -> None:
    module = "module retries\n\ngo 1.25\n\nrequire github.com/cenkalti/backoff/v5 v5.0.3\n"
    (tmp_path / "go.mod").write_text(module, encoding="utf-8")
    source = tmp_path / "retries.go"
    source.write_text(RETRIES, encoding="utf-8")
    candidate = port(PortRequest(str(source), RETRIES, LanguageId.GO, target))
    assert not candidate.holes
    assert any("15 minutes" in d for d in candidate.differences)
    assert any("grow by 1.5" in d for d in candidate.differences)
    report = verify(candidate, VerifyOptions(cases=12, differential=20))
    assert report.verdict is Verdict.PASSED, report.summary


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (
            "b.Multiplier = 2",
            "b.RandomizationFactor = 0",
            "delays that grow by 1.5, not by 2 (backoff's default is 1.5): set Multiplier to 2",
        ),
        (
            "b.Multiplier = 2",
            "b.Multiplier = 0.5",
            "delays that grow by 0.5, not by 2 (backoff's default is 1.5): set Multiplier to 2",
        ),
        (", backoff.WithMaxTries(4))", ")", "a retry without a greatest number of attempts"),
    ],
)
def test_retries_without_a_counterpart_are_declined(before: str, after: str, reason: str) -> None:
    assert before in RETRIES
    assert reason in [d.reason for d in lower_module(RETRIES.replace(before, after), "retries").declines]


CONCURRENT = """package workers

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

type audit struct{ by []string }

func (a *audit) note(who string) { a.by = append(a.by, who) }

type Tally struct {
	audit
	sync.Mutex
	counts map[string]int
}

// Map applies f to every element.
func Map[T, U any](items []T, f func(T) U) []U {
	out := make([]U, 0, len(items))
	for _, item := range items {
		out = append(out, f(item))
	}
	return out
}

// Lengths measures texts at once.
func Lengths(texts []string) []int {
	out := make([]int, len(texts))
	var wg sync.WaitGroup
	for i, t := range texts {
		wg.Add(1)
		go func(i int, t string) {
			defer wg.Done()
			if t == "" {
				return
			}
			out[i] = len(t)
		}(i, t)
	}
	wg.Wait()
	return out
}

// Upper collects texts through a channel.
func Upper(texts []string) []string {
	ch := make(chan string, len(texts))
	var wg sync.WaitGroup
	for _, t := range texts {
		wg.Add(1)
		go func() {
			defer wg.Done()
			ch <- strings.ToUpper(t)
		}()
	}
	go func() {
		wg.Wait()
		close(ch)
	}()
	var all []string
	for t := range ch {
		all = append(all, t)
	}
	slices.Sort(all)
	return all
}

// Count counts words and says who asked.
func Count(words []string, who string) string {
	t := &Tally{counts: map[string]int{}}
	for _, w := range words {
		t.Lock()
		t.counts[w]++
		t.Unlock()
	}
	t.note(who)
	return fmt.Sprintf("%d %s", len(t.counts), strings.Join(t.by, ","))
}

// Marks shows numbers and whether they are even.
func Marks(numbers []int) string {
	even := Map(numbers, func(n int) bool { return n%2 == 0 })
	return strings.Join(Map(even, func(e bool) string { return fmt.Sprintf("%t", e) }), " ")
}

// Where finds the bytes at which a letter stands.
func Where(text string) []int {
	var at []int
	for i, r := range text {
		if r == 'e' || r == 'é' {
			at = append(at, i)
		}
	}
	return at
}
"""


def test_independent_goroutines_embedded_structs_and_generics_behave_as_their_sources() -> None:
    candidate = port(PortRequest("workers.go", CONCURRENT, LanguageId.GO, LanguageId.PYTHON))
    assert not candidate.holes
    report = verify(candidate, VerifyOptions(cases=12, differential=20))
    assert report.verdict is Verdict.PASSED, report.summary


VALUES = """// Package values has arrays, which are values, and slices, which are not.
package values

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"unicode"
)

const (
	Red = 1 << iota
	Green
	Blue
)

type Board struct {
	Cells [3]int
	Label string
}

type Place struct {
	X, Y int
}

var units = []struct {
	name string
	size int
}{{"dozen", 12}, {"score", 20}, {"gross", 144}}

func set(cells [3]int, v int) int {
	cells[0] = v
	return cells[0]
}

// Copied assigns elements of copies only.
func Copied(v int) string {
	var a [3]int
	b := a
	b[1] = v
	first := Board{a, "x"}
	second := first
	second.Cells[2] = v
	n := set(first.Cells, 4)
	grid := [2][2]int{{1, 2}, {3, 4}}
	row := grid[0]
	row[0] = v
	same := a == [3]int{0, 0, 0}
	total := b[1] + len(second.Label)
	return fmt.Sprintf("%v %v %s %d %v %d %t", a, first.Cells, first.Label, n, grid, total, same)
}

// Grid makes rows of their own.
func Grid(n int) [][]int {
	n = n%4 + 3
	g := make([][]int, n)
	for i := range g {
		g[i] = make([]int, 2)
	}
	at := Place{1, 1}
	g[at.X][at.Y] = 7
	row := g[0]
	row[1] = 8
	return g
}

// Size looks a unit up.
func Size(name string) int {
	for _, u := range units {
		if strings.HasPrefix(u.name, strings.ToLower(name)) {
			return u.size
		}
	}
	return Green
}

func rot(r rune) rune {
	if r < 'a' || r > 'z' {
		return r
	}
	return (r-'a'+13)%26 + 'a'
}

// Letters keeps letters, turned and in lower case.
func Letters(text string) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case r > 127:
			return '?'
		case unicode.IsLetter(r):
			return unicode.ToLower(r)
		}
		return -1
	}, text)
	return strings.Map(rot, kept)
}

// Search leaves two loops at once.
func Search(g [][]int, wanted int) string {
	r, c := -1, -1
outer:
	for i, row := range g {
		for j, v := range row {
			if v < 0 {
				continue outer
			}
			if v == wanted {
				r, c = i, j
				break outer
			}
		}
		r--
	}
	return fmt.Sprintf("%d %d", r, c)
}

// Falling is a sorted copy.
func Falling(numbers []int) string {
	c := make([]int, len(numbers))
	copy(c, numbers)
	sort.Sort(sort.Reverse(sort.IntSlice(c)))
	shifted := make([]int, len(c)+2)
	copy(shifted[1:], c)
	copy(shifted[1:], shifted)
	return fmt.Sprintf("%v %v %c", c, shifted, 'A'+len(c)%20)
}

// Sum adds up bytes.
func Sum(text string) int {
	var b bytes.Buffer
	b.WriteString(text)
	b.WriteByte('!')
	data := []byte(b.String())
	total := 0
	for i, x := range data {
		total += i * int(x)
	}
	return total + len(strings.Split(text, ""))
}

func say(n int) string { return strings.Repeat("x", n%5) }

// Say is not say.
func Say(n int) string {
	if n < 0 {
		return "-"
	}
	return say(n) + "!"
}

type Bag struct {
	size int
}

func (b *Bag) Size() int { return b.size }

// Fill makes a bag.
func Fill(n int) *Bag {
	b := new(Bag)
	b.size = n
	return b
}

// Order is that of a map, which is no order.
func Order(words []string) []string {
	seen := map[string]int{}
	for _, w := range words {
		seen[w]++
	}
	var all []string
	for w := range seen {
		all = append(all, w)
	}
	return all
}
"""


@pytest.mark.parametrize("target", [LanguageId.PYTHON, LanguageId.RUST])
def test_arrays_are_values_and_slices_are_shared(target: LanguageId) -> None:
    candidate = port(PortRequest("values.go", VALUES, LanguageId.GO, target))
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(cases=14, differential=20))
    assert report.agreed, report.summary


MATCHING = Path(__file__).parent / "go" / "matching.go"


def test_regular_expressions_find_what_they_find_in_go() -> None:
    for target in (LanguageId.PYTHON, LanguageId.RUBY):
        candidate = port(PortRequest(str(MATCHING), MATCHING.read_text(), LanguageId.GO, target))
        assert not candidate.holes, candidate.holes
        report = verify(candidate, VerifyOptions(cases=12, differential=24, use_cache=False))
        ran = {r.step: r.verdict for r in report.results}
        assert ran["cases"] is Verdict.PASSED, report.results
        assert ran["differential"] is Verdict.PASSED, report.results


def test_what_servers_do_with_errors_and_formats() -> None:
    body = """
type LimitError struct {
	Limit int
}

func (e LimitError) Error() string { return fmt.Sprintf("limit %d", e.Limit) }

func label(format string, args ...any) string {
	return "[" + fmt.Sprintf(format, args...) + "]"
}

func Take(n int) error {
	if n > 3 {
		return LimitError{Limit: 3}
	}
	return nil
}

func Told(n int) string {
	err := Take(n)
	var limit LimitError
	if errors.As(err, &limit) {
		return label("%d over %d", n, limit.Limit)
	}
	return label("%d", n)
}

func Check(n int) error {
	var problems []error
	if n < 0 {
		problems = append(problems, errors.New("negative"))
	}
	if n%2 != 0 {
		problems = append(problems, fmt.Errorf("odd: %d", n))
	}
	return errors.Join(problems...)
}

func Ranked(names []string, score map[string]int) []string {
	out := make([]string, len(names))
	copy(out, names)
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if score[a] == score[b] {
			return a < b
		}
		return score[a] > score[b]
	})
	return out
}
"""
    text = ported(body, LanguageId.PYTHON)
    assert 'raise RuntimeError("\\n".join(str(problem) for problem in problems))' in text
    assert 'label(f"{n} over {err.limit}")' in text
    assert "key=lambda item: (-score.get(item, 0), item)" in text
