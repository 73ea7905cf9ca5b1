// Package notify sends messages at the rate that providers allow.
package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"foundation/errors"
	"foundation/logging"
	"foundation/resilience"
)

// Message is a text for one recipient.
type Message struct {
	To   string
	Text string
}

// Sender is a provider.
type Sender interface {
	Send(ctx context.Context, to, text string) (string, error)
}

// Send sends one message; two a second.
//
// @rateLimit(limit=2, period=1.0)
func Send(ctx context.Context, sender Sender, message Message) (string, error) {
	if !strings.Contains(message.To, "@") {
		return "", &errors.ValidationError{Message: "not an address: " + message.To}
	}
	return sender.Send(ctx, strings.ToLower(message.To), message.Text)
}

// SendAll sends what the limiter allows; the rest is returned.
func SendAll(ctx context.Context, limiter *resilience.RateLimiter, sender Sender, messages []Message) ([]Message, error) {
	var rest []Message
	for i, message := range messages {
		if !limiter.Allow() {
			rest = append(rest, messages[i:]...)
			break
		}
		if _, err := sender.Send(ctx, message.To, message.Text); err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
	}
	return rest, nil
}

// Broadcaster sends to many and remembers what was refused.
type Broadcaster struct {
	sender  Sender
	limiter *resilience.RateLimiter
	log     *logging.Logger
	Sent    int
	Refused []string
}

// NewBroadcaster returns a broadcaster that sends at most perMinute messages a minute.
func NewBroadcaster(sender Sender, perMinute int) *Broadcaster {
	return &Broadcaster{
		sender:  sender,
		limiter: resilience.NewRateLimiter(perMinute, time.Minute),
		log:     logging.New("notify"),
	}
}

// Offer sends one message if it may be sent now.
func (b *Broadcaster) Offer(ctx context.Context, message Message) (bool, error) {
	log := b.log.Bind("to", message.To)
	if err := b.limiter.Acquire(1); err != nil {
		log.Warning("refused")
		b.Refused = append(b.Refused, message.To)
		return false, nil
	}
	id, err := b.sender.Send(ctx, message.To, message.Text)
	if err != nil {
		return false, err
	}
	b.Sent++
	log.Info("sent", "id", id)
	return true, nil
}

// Deliver sends a message and gives "" when the provider is away.
//
// @errorBoundary(catch=[ErrNetwork], reraise=false)
func Deliver(ctx context.Context, sender Sender, message Message) (string, error) {
	id, err := sender.Send(ctx, message.To, strings.TrimSpace(message.Text))
	if err != nil {
		return "", err
	}
	return id, nil
}

// Masked hides most of an address in a log record.
func Masked(log *logging.Logger, address string) string {
	name, host, found := strings.Cut(address, "@")
	if !found || name == "" {
		log.Error("not an address")
		return "?"
	}
	masked := name[:1] + strings.Repeat("*", len(name)-1) + "@" + host
	log.Info("masked", "address", masked)
	return masked
}
