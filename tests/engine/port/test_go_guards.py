"""Go sources with breakers of sony/gobreaker and limiters of golang.org/x/time/rate, proved by running them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.front.go import lower_module
from foundation_engine.port.package import with_siblings
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

MODULE = """module example.com/shop

go 1.25

require (
	github.com/sony/gobreaker v1.0.0
	github.com/sony/gobreaker/v2 v2.4.0
	golang.org/x/time v0.14.0
)
"""

PAYMENTS = """// Package payments talks to the payment service.
package payments

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/sony/gobreaker"
	"golang.org/x/time/rate"
)

// ErrDeclined means that the card was refused.
var ErrDeclined = errors.New("card declined")

// Gateway charges cards.
type Gateway interface {
	Charge(ctx context.Context, card string, cents int) (string, error)
	Refund(ctx context.Context, id string) error
}

// Client guards a gateway.
type Client struct {
	gateway Gateway
	cb      *gobreaker.CircuitBreaker
	limiter *rate.Limiter
}

// NewClient makes a client for a gateway.
func NewClient(gateway Gateway, name string) *Client {
	settings := gobreaker.Settings{
		Name:        name,
		MaxRequests: 1,
		Timeout:     30 * time.Second,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return counts.ConsecutiveFailures >= 3
		},
		OnStateChange: func(name string, from gobreaker.State, to gobreaker.State) {
			log.Printf("circuit %s: %s to %s", name, from, to)
		},
	}
	return &Client{
		gateway: gateway,
		cb:      gobreaker.NewCircuitBreaker(settings),
		limiter: rate.NewLimiter(rate.Every(100*time.Millisecond), 5),
	}
}

// Charge takes money from a card.
func (c *Client) Charge(ctx context.Context, card string, cents int) (string, error) {
	if cents <= 0 {
		return "", ErrDeclined
	}
	if err := c.limiter.Wait(ctx); err != nil {
		return "", fmt.Errorf("waiting: %w", err)
	}
	result, err := c.cb.Execute(func() (interface{}, error) {
		id, err := c.gateway.Charge(ctx, card, cents)
		if err != nil {
			return nil, err
		}
		return id + "!", nil
	})
	if err != nil {
		if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
			return "", fmt.Errorf("payments are down: %w", err)
		}
		return "", err
	}
	return result.(string), nil
}

// Refund gives money back.
func (c *Client) Refund(ctx context.Context, id string) error {
	_, err := c.cb.Execute(func() (interface{}, error) {
		return nil, c.gateway.Refund(ctx, id)
	})
	return err
}

// Healthy tells whether the circuit lets calls through.
func (c *Client) Healthy() bool {
	return c.cb.State() != gobreaker.StateOpen
}
"""

SEARCH = """package search

import (
	"context"
	"errors"
	"sync"
	"time"

	breaker "github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"
)

// ErrNoQuery is an empty query.
var ErrNoQuery = errors.New("no query")

// Index finds documents.
type Index interface {
	Find(ctx context.Context, query string) ([]string, error)
}

// Visitors limits each visitor.
type Visitors struct {
	mu       sync.Mutex
	limiters map[string]*rate.Limiter
	rps      int
	burst    int
}

// NewVisitors limits visitors to rps requests a second.
func NewVisitors(rps, burst int) *Visitors {
	return &Visitors{limiters: make(map[string]*rate.Limiter), rps: rps, burst: burst}
}

// Allowed tells whether a visitor may ask now.
func (v *Visitors) Allowed(ip string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	l, ok := v.limiters[ip]
	if !ok {
		l = rate.NewLimiter(rate.Limit(v.rps), v.burst)
		v.limiters[ip] = l
	}
	return l.Allow()
}

// Search asks an index.
type Search struct {
	index Index
	cb    *breaker.CircuitBreaker[[]string]
}

// NewSearch is a search with a breaker of its own.
func NewSearch(index Index) *Search {
	return &Search{
		index: index,
		cb: breaker.NewCircuitBreaker[[]string](breaker.Settings{
			Name:     "search",
			Interval: time.Minute,
			IsExcluded: func(err error) bool {
				return errors.Is(err, ErrNoQuery) || errors.Is(err, context.Canceled)
			},
		}),
	}
}

// Find is what the index finds, at most limit documents.
func (s *Search) Find(ctx context.Context, query string, limit int) ([]string, error) {
	found, err := s.cb.Execute(func() ([]string, error) {
		if query == "" {
			return nil, ErrNoQuery
		}
		return s.index.Find(ctx, query)
	})
	if err != nil {
		return nil, err
	}
	if limit >= 0 && len(found) > limit {
		found = found[:limit]
	}
	return found, nil
}
"""


@pytest.mark.parametrize("target", [LanguageId.PYTHON, LanguageId.RUBY, LanguageId.RUST])
@pytest.mark.parametrize(("name", "source"), [("payments", PAYMENTS), ("search", SEARCH)])
def test_guards_of_other_libraries_behave_as_they_do(
    tmp_path: Path, name: str, source: str, target: LanguageId
) -> None:
    (tmp_path / "go.mod").write_text(MODULE, encoding="utf-8")
    path = tmp_path / f"{name}.go"
    path.write_text(source, encoding="utf-8")
    (tmp_path / "uses").mkdir()
    imports = 'import (\n\t_ "github.com/sony/gobreaker"\n\t_ "github.com/sony/gobreaker/v2"\n)\n'
    (tmp_path / "uses" / "uses.go").write_text(f"package uses\n\n{imports}", encoding="utf-8")
    subprocess.run(["go", "mod", "tidy"], cwd=tmp_path, timeout=120, check=True, capture_output=True)
    candidate = port(PortRequest(str(path), source, LanguageId.GO, target))
    assert not candidate.holes
    report = verify(candidate, VerifyOptions(cases=30, differential=30, use_cache=False))
    assert report.verdict is Verdict.PASSED, report.summary


def test_two_versions_of_a_library_in_one_package(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(MODULE, encoding="utf-8")
    (tmp_path / "search.go").write_text(
        SEARCH.replace("package search", "package payments"), encoding="utf-8"
    )
    path = tmp_path / "payments.go"
    path.write_text(PAYMENTS, encoding="utf-8")
    subprocess.run(["go", "mod", "tidy"], cwd=tmp_path, timeout=120, check=True, capture_output=True)
    request = with_siblings(PortRequest(str(path), PAYMENTS, LanguageId.GO, LanguageId.PYTHON))
    report = verify(port(request), VerifyOptions(cases=30, differential=60, use_cache=False))
    assert report.verdict is Verdict.PASSED, report.summary


def test_what_guards_do_otherwise_is_told() -> None:
    told = lower_module(PAYMENTS, "payments").differences
    assert "OnStateChange, which only logs, is left out." in told
    assert any("tells ErrOpenState and ErrTooManyRequests apart" in d for d in told)
    assert any("floating-point tokens" in d for d in told)
    assert any("anew after time.Minute" in d for d in lower_module(SEARCH, "search").differences)


def test_limiters_that_only_refuse_do_not_wait_in_rust() -> None:
    made = port(PortRequest("search.go", SEARCH, LanguageId.GO, LanguageId.RUST)).files[0].text
    assert ".allow()" in made
    waiting = port(PortRequest("payments.go", PAYMENTS, LanguageId.GO, LanguageId.RUST)).files[0].text
    assert "self.limiter.wait(1, None)" in waiting


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (
            "return counts.ConsecutiveFailures >= 3",
            "return counts.Requests >= 3 && counts.TotalFailures*2 >= counts.Requests",
            "a condition to trip that is not a number of failures in a row",
        ),
        (
            'log.Printf("circuit %s: %s to %s", name, from, to)',
            "changes++",
            "an OnStateChange that does more than log",
        ),
        (
            "MaxRequests: 1,",
            "IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, ErrDeclined) },",
            "errors that count as successes of a circuit",
        ),
        ("return result.(string), nil", 'return "done", nil', "a result of Execute whose type nothing tells"),
        (
            "return result.(string), nil",
            "text, _ := result.(string)\n\treturn text, nil",
            "a result of Execute that is used without a type assertion",
        ),
        (
            "rate.Every(100*time.Millisecond)",
            "rate.Every(100*time.Microsecond)",
            "a limiter's interval that is not from a millisecond to a day",
        ),
        ("c.limiter.Wait(ctx)", "c.limiter.Reserve()", "the method Reserve of a limiter"),
    ],
)
def test_guards_without_a_counterpart_are_declined(before: str, after: str, reason: str) -> None:
    assert before in PAYMENTS
    assert reason in [d.reason for d in lower_module(PAYMENTS.replace(before, after), "payments").declines]
