// Package orders prices, reserves and pays the shop's orders.
package orders

import (
	"context"
	stderrors "errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"foundation/errors"
	"foundation/logging"
	"foundation/resilience"
)

// MaxLines is the longest order that is taken.
const MaxLines = 50

var log = logging.New("shop.orders", logging.WithLevel(logging.Info))

// ErrEmptyOrder is returned for an order without lines.
var ErrEmptyOrder = stderrors.New("order has no lines")

// Line is one article of an order.
type Line struct {
	SKU      string
	Quantity int
	Cents    int
}

// Total is the price of the line.
func (l Line) Total() int {
	return l.Quantity * l.Cents
}

// Receipt says what was paid.
type Receipt struct {
	Number string
	Cents  int
}

// OutOfStockError says that the warehouse has less than the customer wants.
type OutOfStockError struct {
	SKU    string
	Wanted int
	Left   int
}

func (e *OutOfStockError) Error() string {
	return fmt.Sprintf("%s: %d wanted, %d left", e.SKU, e.Wanted, e.Left)
}

// Warehouse knows the stock.
type Warehouse interface {
	Available(ctx context.Context, sku string) (int, error)
	Reserve(ctx context.Context, sku string, quantity int) (string, error)
}

// Gateway takes payments.
type Gateway interface {
	Charge(ctx context.Context, customer string, cents int) (string, error)
}

// Subtotal is the price of all lines.
func Subtotal(lines []Line) int {
	sum := 0
	for _, line := range lines {
		sum += line.Total()
	}
	return sum
}

// Reserve reserves one line, and tries again while the warehouse is restarting.
func Reserve(ctx context.Context, warehouse Warehouse, line Line) (string, error) {
	return resilience.RetryValue(ctx, func(ctx context.Context) (string, error) {
		left, err := warehouse.Available(ctx, line.SKU)
		if err != nil {
			return "", err
		}
		if left < line.Quantity {
			return "", &OutOfStockError{SKU: line.SKU, Wanted: line.Quantity, Left: left}
		}
		return warehouse.Reserve(ctx, line.SKU, line.Quantity)
	}, resilience.WithMaxAttempts(3), resilience.WithBaseDelay(200*time.Millisecond), resilience.WithJitter(resilience.NoJitter))
}

// Pay charges a customer for an order.
//
// @retry(maxAttempts=4, baseDelay=0.5, maxDelay=1.0, jitter=false)
func Pay(ctx context.Context, gateway Gateway, customer string, lines []Line) (Receipt, error) {
	if len(lines) == 0 {
		return Receipt{}, ErrEmptyOrder
	}
	if len(lines) > MaxLines {
		return Receipt{}, &errors.ValidationError{Message: fmt.Sprintf("at most %d lines", MaxLines)}
	}
	cents := Subtotal(lines)
	number, err := gateway.Charge(ctx, customer, cents)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Number: strings.ToUpper(number), Cents: cents}, nil
}

// Checkout charges through a breaker.
type Checkout struct {
	gateway Gateway
	breaker *resilience.CircuitBreaker
	Paid    int
	Skipped []string
}

// NewCheckout returns a checkout whose breaker opens after two failures.
func NewCheckout(gateway Gateway) *Checkout {
	return &Checkout{
		gateway: gateway,
		breaker: resilience.NewCircuitBreaker("gateway", resilience.WithFailureThreshold(2), resilience.WithRecoveryTimeout(20*time.Second)),
	}
}

// Charge takes money from a customer, or notes that it has to be taken later.
func (c *Checkout) Charge(ctx context.Context, customer string, cents int) (bool, error) {
	_, err := resilience.CallValue(ctx, c.breaker, func(ctx context.Context) (string, error) {
		return c.gateway.Charge(ctx, customer, cents)
	})
	if stderrors.Is(err, errors.ErrCircuitOpen) {
		c.Skipped = append(c.Skipped, customer)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c.Paid += cents
	return true, nil
}

// Stock asks the warehouse; three failures in a row keep callers away for ten seconds.
//
// @circuitBreaker(failureThreshold=3, recoveryTimeout=10)
func Stock(ctx context.Context, warehouse Warehouse, sku string) (int, error) {
	left, err := warehouse.Available(ctx, strings.TrimSpace(sku))
	if err != nil {
		return 0, fmt.Errorf("stock of %s: %w", sku, err)
	}
	if left < 0 {
		left = 0
	}
	return left, nil
}

// StockOrZero never fails: an unreachable warehouse has nothing to sell.
func StockOrZero(ctx context.Context, warehouse Warehouse, sku string) (int, error) {
	return errors.BoundaryValue(ctx, 0, func(ctx context.Context) (int, error) {
		return warehouse.Available(ctx, sku)
	}, errors.WithCatch(errors.ErrNetwork, errors.ErrTimeout), errors.WithReraise(false))
}

// Totals adds up lines by article, and logs articles that cost nothing.
func Totals(lines []Line) map[string]int {
	totals := map[string]int{}
	for _, line := range lines {
		if line.Cents == 0 {
			log.Warning("free article", "sku", line.SKU, "quantity", line.Quantity)
		}
		totals[line.SKU] += line.Total()
	}
	log.Info("totals", "articles", len(totals))
	return totals
}

// Best returns the articles with the greatest totals, at most n of them.
func Best(lines []Line, n int) []string {
	totals := Totals(lines)
	names := make([]string, 0, len(totals))
	for name := range totals {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		if totals[names[i]] != totals[names[j]] {
			return totals[names[i]] > totals[names[j]]
		}
		return names[i] < names[j]
	})
	if len(names) > n {
		names = names[:n]
	}
	return names
}
