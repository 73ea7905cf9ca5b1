// Package httpclient sends HTTP requests with a time-out for each attempt, retry and bounded redirects.
//
// It stands on net/http for the transport. Redirects are followed here, because net/http counts them differently and
// keeps headers across ports; and a request is never repeated behind the caller's back on a broken connection, as
// net/http does, because every attempt counts.
package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"foundation/clock"
	ferrors "foundation/errors"
	"foundation/resilience"
)

// The spec's defaults.
const (
	DefaultTimeout      = 30 * time.Second
	DefaultMaxAttempts  = 3
	DefaultBaseDelay    = 500 * time.Millisecond
	DefaultMaxDelay     = time.Minute
	DefaultMaxRedirects = 5
)

// Client sends requests. It is safe for concurrent use and keeps connections for reuse.
type Client struct {
	baseURL         string
	timeout         time.Duration
	policy          resilience.RetryPolicy
	maxAttempts     int
	baseDelay       time.Duration
	maxDelay        time.Duration
	retryStatuses   []int
	retryMethods    []string
	followRedirects bool
	maxRedirects    int
	raiseForStatus  bool
	headers         http.Header
	clock           clock.Clock
	random          clock.Random
	now             func() time.Time
	transport       http.RoundTripper
}

// Option configures New.
type Option func(*Client)

// WithBaseURL is put before the paths of requests.
func WithBaseURL(base string) Option { return func(c *Client) { c.baseURL = base } }

// WithTimeout bounds each attempt, from 1 ms to an hour; the default is 30 s.
func WithTimeout(d time.Duration) Option { return func(c *Client) { c.timeout = d } }

// WithMaxAttempts sets the number of attempts, the first one included, from 1 to 100; the default is 3.
func WithMaxAttempts(n int) Option { return func(c *Client) { c.maxAttempts = n } }

// WithBaseDelay sets the delay after the first failed attempt, up to 300 s; the default is 500 ms.
func WithBaseDelay(d time.Duration) Option { return func(c *Client) { c.baseDelay = d } }

// WithMaxDelay caps delays, the server's Retry-After included, up to an hour; the default is 60 s.
func WithMaxDelay(d time.Duration) Option { return func(c *Client) { c.maxDelay = d } }

// WithRetryStatuses sets the statuses that are retried; the default is 429, 502, 503 and 504.
func WithRetryStatuses(statuses ...int) Option {
	return func(c *Client) { c.retryStatuses = slices.Clone(statuses) }
}

// WithRetryMethods sets the methods that are retried; the default is GET, HEAD, OPTIONS, PUT and DELETE.
func WithRetryMethods(methods ...string) Option {
	return func(c *Client) {
		c.retryMethods = nil
		for _, method := range methods {
			c.retryMethods = append(c.retryMethods, strings.ToUpper(method))
		}
	}
}

// WithFollowRedirects says whether redirects are followed; they are by default.
func WithFollowRedirects(follow bool) Option { return func(c *Client) { c.followRedirects = follow } }

// WithMaxRedirects bounds the redirects of one attempt, from 0 to 50; the default is 5.
func WithMaxRedirects(n int) Option { return func(c *Client) { c.maxRedirects = n } }

// WithRaiseForStatus says whether a status of 400 or more is an error; it is by default.
func WithRaiseForStatus(raise bool) Option { return func(c *Client) { c.raiseForStatus = raise } }

// WithDefaultHeader adds a header to every request that does not set it itself.
func WithDefaultHeader(name, value string) Option {
	return func(c *Client) { c.headers.Set(name, value) }
}

// WithClock injects the clock that sleeps between attempts.
func WithClock(cl clock.Clock) Option { return func(c *Client) { c.clock = cl } }

// WithRandom injects the random source of the jitter.
func WithRandom(r clock.Random) Option { return func(c *Client) { c.random = r } }

// WithNow injects the wall clock that a Retry-After date is compared with.
func WithNow(now func() time.Time) Option { return func(c *Client) { c.now = now } }

// WithTransport replaces the transport, for tests and for proxies.
func WithTransport(transport http.RoundTripper) Option {
	return func(c *Client) { c.transport = transport }
}

// New returns a client. It panics with a *ConfigurationError when an option is out of its range, which is a mistake in
// the program.
func New(opts ...Option) *Client {
	c := &Client{
		timeout:         DefaultTimeout,
		maxAttempts:     DefaultMaxAttempts,
		baseDelay:       DefaultBaseDelay,
		maxDelay:        DefaultMaxDelay,
		retryStatuses:   []int{429, 502, 503, 504},
		retryMethods:    []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"},
		followRedirects: true,
		maxRedirects:    DefaultMaxRedirects,
		raiseForStatus:  true,
		headers:         http.Header{},
		clock:           clock.System(),
		random:          clock.SystemRandom(),
		now:             time.Now,
		transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 16,
			// Shorter than what servers commonly allow, so that a connection is seldom closed just when it is used.
			IdleConnTimeout: 15 * time.Second,
		},
	}
	for _, opt := range opts {
		opt(c)
	}
	require(c.timeout >= time.Millisecond && c.timeout <= time.Hour, "timeout", c.timeout, time.Millisecond, time.Hour)
	require(c.maxRedirects >= 0 && c.maxRedirects <= 50, "max_redirects", c.maxRedirects, 0, 50)
	require(c.maxAttempts >= 1, "max_attempts", c.maxAttempts, 1, 100)
	require(c.baseDelay >= 0, "base_delay", c.baseDelay, 0, 300*time.Second)
	require(c.maxDelay >= 0, "max_delay", c.maxDelay, 0, time.Hour)
	c.policy = resilience.RetryPolicy{MaxAttempts: c.maxAttempts, BaseDelay: c.baseDelay, MaxDelay: c.maxDelay}
	if c.baseDelay == 0 {
		c.policy.BaseDelay = resilience.NoDelay
	}
	if c.maxDelay == 0 {
		c.policy.MaxDelay = resilience.NoDelay
	}
	if err := c.policy.Validate(); err != nil {
		panic(err)
	}
	if c.baseURL != "" {
		if base, err := url.Parse(c.baseURL); err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
			panic(ferrors.BadParameter("base_url", fmt.Sprintf("base_url is %q; it must be an absolute http or https URL", c.baseURL)))
		}
	}
	return c
}

func require(ok bool, key string, value, low, high any) {
	if !ok {
		panic(ferrors.OutOfRange(key, value, low, high))
	}
}

// Param is one query parameter.
type Param struct{ Name, Value string }

// Request is a request to send.
type Request struct {
	Method string
	// URL is absolute, or a path under the client's base URL.
	URL    string
	Params []Param
	Header http.Header
	Body   []byte
	// Timeout bounds each attempt; zero means the client's.
	Timeout time.Duration
}

// Response is a response with its whole body.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// URL is where the response came from, after redirects.
	URL string
	// Attempts counts the attempts made.
	Attempts int

	method string
}

// RaiseForStatus gives a *HttpStatusError for a status of 400 or more: what WithRaiseForStatus(false) left to the caller.
func (r *Response) RaiseForStatus() error {
	if r.Status < 400 {
		return nil
	}
	return &ferrors.HttpStatusError{Method: r.method, URL: shown(r.URL), Status: r.Status, Header: r.Header, Body: r.Body}
}

// RequestOption adds to a request of Get, Post and the like.
type RequestOption func(*Request)

// WithParam appends a query parameter.
func WithParam(name, value string) RequestOption {
	return func(r *Request) { r.Params = append(r.Params, Param{name, value}) }
}

// WithHeader sets a header.
func WithHeader(name, value string) RequestOption {
	return func(r *Request) { r.Header.Set(name, value) }
}

// WithBody sets the body.
func WithBody(body []byte) RequestOption { return func(r *Request) { r.Body = body } }

// WithRequestTimeout bounds each attempt of this request, from 1 ms to 1 h, in place of the client's WithTimeout.
func WithRequestTimeout(d time.Duration) RequestOption {
	require(d >= time.Millisecond && d <= time.Hour, "timeout", d, time.Millisecond, time.Hour)
	return func(r *Request) { r.Timeout = d }
}

// Get sends a GET request.
func (c *Client) Get(ctx context.Context, url string, opts ...RequestOption) (*Response, error) {
	return c.send(ctx, http.MethodGet, url, opts)
}

// Head sends a HEAD request.
func (c *Client) Head(ctx context.Context, url string, opts ...RequestOption) (*Response, error) {
	return c.send(ctx, http.MethodHead, url, opts)
}

// Post sends a POST request; it is not retried by default, because the server may have acted on a failed one.
func (c *Client) Post(ctx context.Context, url string, opts ...RequestOption) (*Response, error) {
	return c.send(ctx, http.MethodPost, url, opts)
}

// Put sends a PUT request.
func (c *Client) Put(ctx context.Context, url string, opts ...RequestOption) (*Response, error) {
	return c.send(ctx, http.MethodPut, url, opts)
}

// Patch sends a PATCH request.
func (c *Client) Patch(ctx context.Context, url string, opts ...RequestOption) (*Response, error) {
	return c.send(ctx, http.MethodPatch, url, opts)
}

// Delete sends a DELETE request.
func (c *Client) Delete(ctx context.Context, url string, opts ...RequestOption) (*Response, error) {
	return c.send(ctx, http.MethodDelete, url, opts)
}

func (c *Client) send(ctx context.Context, method, url string, opts []RequestOption) (*Response, error) {
	r := Request{Method: method, URL: url, Header: http.Header{}}
	for _, opt := range opts {
		opt(&r)
	}
	return c.Do(ctx, r)
}

// Do sends a request, retrying by the client's policy. A network error, a time-out and a status error that are not
// retried come as they are (*NetworkError, *TimeoutError, *HttpStatusError); when the attempts are used up they are the
// cause of a *MaxRetriesExceeded. Other failures are *HttpError.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	target, err := c.resolve(r)
	if err != nil {
		return nil, err
	}
	r.Method = strings.ToUpper(r.Method)
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Timeout == 0 {
		r.Timeout = c.timeout
	}
	retried := slices.Contains(c.retryMethods, r.Method)
	var last error
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return nil, &ferrors.CancelledError{Reason: err, Cause: last}
		}
		response, err := c.attempt(ctx, r, target)
		if response != nil {
			response.Attempts, response.method = attempt, r.Method
			if c.raiseForStatus {
				err = response.RaiseForStatus()
			}
			if !slices.Contains(c.retryStatuses, response.Status) {
				return response, err
			}
		}
		retryable := response != nil || errors.Is(err, ferrors.ErrNetwork) || errors.Is(err, ferrors.ErrTimeout)
		if !retried || !retryable {
			return response, err
		}
		if attempt == c.maxAttempts {
			if err != nil {
				err = &ferrors.MaxRetriesExceeded{Attempts: attempt, Cause: err}
			}
			return response, err
		}
		last = err
		if err := c.clock.Sleep(ctx, c.delay(attempt, response)); err != nil {
			return nil, &ferrors.CancelledError{Reason: err, Cause: last}
		}
	}
}

// delay is what the server asks for, up to the cap, else what the policy says.
func (c *Client) delay(attempt int, response *Response) time.Duration {
	if response != nil {
		if after, ok := c.retryAfter(response.Header.Get("Retry-After")); ok {
			return min(after, c.maxDelay)
		}
	}
	return c.policy.Delay(attempt, c.random.Fraction())
}

func (c *Client) retryAfter(value string) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, false
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(c.maxDelay/time.Second)+1 {
			return c.maxDelay, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	// The IMF fixed date; the obsolete forms are not accepted.
	at, err := time.Parse(http.TimeFormat, value)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(c.now()), 0), true
}

func escape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

func (c *Client) resolve(r Request) (*url.URL, error) {
	target := r.URL
	if !strings.Contains(target, "://") && c.baseURL != "" {
		target = strings.TrimRight(c.baseURL, "/") + "/" + strings.TrimLeft(target, "/")
	}
	target, fragment, _ := strings.Cut(target, "#")
	_ = fragment
	for _, param := range r.Params {
		separator := "?"
		if strings.Contains(target, "?") {
			separator = "&"
		}
		target += separator + escape(param.Name) + "=" + escape(param.Value)
	}
	parsed, err := url.Parse(target)
	if err != nil {
		return nil, &ferrors.HttpError{Method: r.Method, URL: r.URL, Message: "the URL cannot be read", Cause: err}
	}
	if err := checkScheme(parsed); err != nil {
		return nil, &ferrors.HttpError{Method: r.Method, URL: r.URL, Cause: err}
	}
	return parsed, nil
}

func checkScheme(target *url.URL) error {
	if (target.Scheme != "http" && target.Scheme != "https") || target.Host == "" {
		return fmt.Errorf("%q is not an absolute http or https URL; give one, or a client with a base URL", target.Redacted())
	}
	return nil
}

// shown is a URL for messages: without password and query, which may hold secrets.
func shown(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "an unreadable URL"
	}
	parsed.RawQuery, parsed.Fragment = "", ""
	return parsed.Redacted()
}

// attempt sends the request and follows its redirects, within the time-out.
func (c *Client) attempt(parent context.Context, r Request, target *url.URL) (*Response, error) {
	ctx, cancel := context.WithTimeout(parent, r.Timeout)
	defer cancel()
	method, body := r.Method, r.Body
	header := c.headers.Clone()
	for name, values := range r.Header {
		header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	for redirects := 0; ; redirects++ {
		response, err := c.exchange(ctx, method, target, header, body)
		if err != nil {
			return nil, classify(parent, method, target, r.Timeout, err)
		}
		next, err := c.redirect(target, response)
		if err != nil {
			return nil, &ferrors.HttpError{Method: method, URL: shown(target.String()), Cause: err}
		}
		if next == nil {
			return response, nil
		}
		if redirects == c.maxRedirects {
			return nil, &ferrors.HttpError{Method: method, URL: shown(target.String()), Message: fmt.Sprintf("more than %d redirects", c.maxRedirects)}
		}
		status := response.Status
		if (status == 303 && method != http.MethodHead) || ((status == 301 || status == 302) && method == http.MethodPost) {
			method, body = http.MethodGet, nil
			header.Del("Content-Type")
		}
		if next.Scheme != target.Scheme || next.Host != target.Host {
			for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
				header.Del(name)
			}
		}
		target = next
	}
}

// redirect is where the response points to, or nil when it is the answer.
func (c *Client) redirect(from *url.URL, response *Response) (*url.URL, error) {
	location := response.Header.Get("Location")
	if !c.followRedirects || location == "" || !slices.Contains([]int{301, 302, 303, 307, 308}, response.Status) {
		return nil, nil
	}
	next, err := from.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("the redirect to %q cannot be read: %w", location, err)
	}
	next.Fragment = ""
	return next, checkScheme(next)
}

// onceReader is a body that net/http cannot replay, so that it does not repeat the request on its own.
type onceReader struct{ io.Reader }

func (c *Client) exchange(ctx context.Context, method string, target *url.URL, header http.Header, body []byte) (*Response, error) {
	request := (&http.Request{
		Method:        method,
		URL:           target,
		Host:          target.Host,
		Header:        header.Clone(),
		Body:          io.NopCloser(onceReader{strings.NewReader(string(body))}),
		ContentLength: int64(len(body)),
		Proto:         "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusResetContent {
		// Such a response has no content, whatever was sent; net/http drops that of 204 and 304 itself.
		content = nil
	}
	return &Response{Status: response.StatusCode, Header: response.Header, Body: content, URL: target.String()}, nil
}

func classify(parent context.Context, method string, target *url.URL, timeout time.Duration, err error) error {
	message := method + " " + shown(target.String())
	if reason := parent.Err(); reason != nil {
		return &ferrors.CancelledError{Reason: reason, Cause: err}
	}
	var late interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &late) && late.Timeout()) {
		return &ferrors.TimeoutError{Message: fmt.Sprintf("%s took longer than %v", message, timeout), Cause: err}
	}
	return &ferrors.NetworkError{Message: message, Cause: err}
}
