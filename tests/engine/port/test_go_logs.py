"""Go sources that write log lines with `log/slog` and `log`, proved by running them."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.front.go import lower_module
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

ORDERS = """package orders

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"os"
)

var ErrEmpty = errors.New("empty order")

var audit = slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))

// Orders takes orders.
type Orders struct {
	log   *slog.Logger
	total int
}

// NewOrders logs to the given logger.
func NewOrders(l *slog.Logger) *Orders {
	return &Orders{log: l.With("component", "orders"), total: 0}
}

// Add adds an order and tells how many cents there are.
func (o *Orders) Add(ctx context.Context, from string, cents int) (int, error) {
	if cents <= 0 {
		o.log.ErrorContext(ctx, "refused", "from", from, "err", ErrEmpty)
		return 0, ErrEmpty
	}
	o.total += cents
	o.log.Info("added", slog.String("customer", from), slog.Int("cents", cents))
	audit.Warn("order", "total", o.total)
	return o.total, nil
}

// Count counts words.
func Count(words []string) map[string]int {
	slog.Debug("counting", "words", len(words))
	out := make(map[string]int)
	for _, w := range words {
		if w == "" {
			log.Printf("an empty word after %d", len(out))
			continue
		}
		out[w]++
	}
	log.Println("counted", len(out))
	return out
}
"""


@pytest.mark.parametrize("target", [LanguageId.PYTHON, LanguageId.RUBY, LanguageId.RUST])
def test_log_lines_are_structured(tmp_path: Path, target: LanguageId) -> None:
    path = tmp_path / "orders.go"
    path.write_text(ORDERS, encoding="utf-8")
    candidate = port(PortRequest(str(path), ORDERS, LanguageId.GO, target))
    assert not candidate.holes
    report = verify(candidate, VerifyOptions(cases=20, differential=20, use_cache=False))
    assert report.verdict is Verdict.PASSED, report.summary


def test_log_lines_keep_their_fields() -> None:
    text = port(PortRequest("orders.go", ORDERS, LanguageId.GO, LanguageId.PYTHON)).files[0].text
    for line in [
        'logger = get_logger("orders")',
        'audit = get_logger("orders", format="json", level="warning")',
        'self._log.error("refused", **{"from": from_, "err": str(EmptyError("empty order"))})',
        'self._log.info("added", customer=from_, cents=cents)',
        'logger.info(f"an empty word after {len(out)}")',
    ]:
        assert line in text


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (
            "os.Stderr, &slog",
            "os.NewFile(3, name), &slog",
            "log lines that go elsewhere than to the standard streams",
        ),
        ("slog.LevelWarn", "level", "options of a handler of log lines"),
        ('"total", o.total)', "attributes...)", "a log call whose values have no names"),
        ('"words", len(words))', '"words-seen", len(words))', "a log call whose names are not plain words"),
        ("log.Println", "log.Fatalln", "log.Fatalln"),
    ],
)
def test_log_lines_without_a_counterpart_are_declined(before: str, after: str, reason: str) -> None:
    assert before in ORDERS
    assert reason in [d.reason for d in lower_module(ORDERS.replace(before, after), "orders").declines]
