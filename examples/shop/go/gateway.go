// Package shop talks to the payment provider.
package shop

import (
	"context"
	"time"

	"foundation/errors"
	"foundation/resilience"
)

// Payment is a charge that the provider has accepted.
type Payment struct {
	ID     string
	Amount int64
}

// Provider is the payment provider's API, as far as the shop uses it.
type Provider interface {
	Charge(ctx context.Context, order string, cents int64) (Payment, error)
}

// Charge takes the money for an order.
//
// @retry(maxAttempts=250, baseDelay=0.5, maxDelay=10)
func Charge(ctx context.Context, provider Provider, order string, cents int64) (Payment, error) {
	return provider.Charge(ctx, order, cents)
}

// Refund gives the money back; the provider is slow after midnight, so it waits a little longer.
//
// @retry(maxAttempts=3, baseDelay=2, retryable=[NetworkError, TimeoutError], nonRetryable=[TimeoutError])
func Refund(ctx context.Context, provider Provider, order string, cents int64) (Payment, error) {
	return provider.Charge(ctx, order, -cents)
}

var limiter = resilience.NewRateLimiter(50, time.Second, resilience.WithBurst(100))

// Lookup asks for a payment, at most fifty times a second.
func Lookup(ctx context.Context, find func(context.Context, string) (Payment, error), id string) (Payment, error) {
	if err := limiter.Wait(ctx, 1); err != nil {
		return Payment{}, err
	}
	return resilience.RetryValue(ctx, func(ctx context.Context) (Payment, error) {
		return find(ctx, id)
	}, resilience.WithMaxAttempts(3), resilience.WithBaseDelay(200*time.Millisecond), resilience.WithRetryable(errors.ErrNetwork))
}
