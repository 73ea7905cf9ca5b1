package httpclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"foundation/clock"
	ferrors "foundation/errors"
	"foundation/httpclient"
)

var background = context.Background()

// server answers with the given handlers in turn, the last one repeating, and writes the requests down.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
}

func serve(t *testing.T, handlers ...http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.requests)
		s.requests = append(s.requests, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, body)))
		s.mu.Unlock()
		handlers[min(n, len(handlers)-1)](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprint(w, "body ", code)
	}
}

// drop closes the connection, after writing what it is given.
func drop(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		fmt.Fprint(connection, text)
		connection.Close()
	}
}

// stall answers only when the client is gone.
func stall(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// trickle sends a byte at a time and never ends.
func trickle(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		fmt.Fprint(w, "x")
		w.(http.Flusher).Flush()
		time.Sleep(10 * time.Millisecond)
	}
}

func client(s *server, virtual *clock.Virtual, options ...httpclient.Option) *httpclient.Client {
	return httpclient.New(append([]httpclient.Option{httpclient.WithBaseURL(s.URL + "/"), httpclient.WithClock(virtual), httpclient.WithRandom(clock.Sequence(1 << 52)),
		httpclient.WithTimeout(5 * time.Second)}, options...)...)
}

func TestRetries(t *testing.T) {
	late := "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"
	for _, c := range []struct {
		name     string
		handlers []http.HandlerFunc
		options  []httpclient.Option
		sleeps   []time.Duration
		check    func(*httpclient.Response, error) bool
	}{
		{"at once", []http.HandlerFunc{status(200)}, nil, nil, func(r *httpclient.Response, err error) bool {
			return err == nil && string(r.Body) == "body 200" && r.Attempts == 1
		}},
		{"503 then 200", []http.HandlerFunc{status(503), status(502), status(200)}, nil, []time.Duration{500 * time.Millisecond, time.Second}, func(r *httpclient.Response, err error) bool { return err == nil && r.Attempts == 3 }},
		{"used up", []http.HandlerFunc{status(503)}, nil, []time.Duration{500 * time.Millisecond, time.Second}, func(_ *httpclient.Response, err error) bool {
			var failed *ferrors.HttpStatusError
			return errors.Is(err, ferrors.ErrMaxRetriesExceeded) && errors.As(err, &failed) && failed.Status == 503 && string(failed.Body) == "body 503"
		}},
		{"used up without raising", []http.HandlerFunc{status(503)}, []httpclient.Option{httpclient.WithRaiseForStatus(false), httpclient.WithMaxAttempts(2)}, []time.Duration{500 * time.Millisecond}, func(r *httpclient.Response, err error) bool {
			return err == nil && r.Status == 503 && r.Attempts == 2
		}},
		{"checked by the caller", []http.HandlerFunc{status(404)}, []httpclient.Option{httpclient.WithRaiseForStatus(false)}, nil, func(r *httpclient.Response, err error) bool {
			var failed *ferrors.HttpStatusError
			return err == nil && errors.As(r.RaiseForStatus(), &failed) && failed.Status == 404 && failed.Method == "GET" && string(failed.Body) == "body 404"
		}},
		{"nothing to raise", []http.HandlerFunc{status(204)}, nil, nil, func(r *httpclient.Response, err error) bool {
			return err == nil && r.RaiseForStatus() == nil
		}},
		{"404 is no failure to retry", []http.HandlerFunc{status(404)}, nil, nil, func(_ *httpclient.Response, err error) bool {
			return errors.Is(err, ferrors.ErrHTTPStatus) && !errors.Is(err, ferrors.ErrMaxRetriesExceeded)
		}},
		{"dropped", []http.HandlerFunc{drop(""), drop(late), status(200)}, nil, []time.Duration{500 * time.Millisecond, time.Second}, func(r *httpclient.Response, err error) bool { return err == nil && r.Attempts == 3 }},
		{"always dropped", []http.HandlerFunc{drop("")}, []httpclient.Option{httpclient.WithMaxAttempts(1)}, nil, func(_ *httpclient.Response, err error) bool {
			return errors.Is(err, ferrors.ErrMaxRetriesExceeded) && errors.Is(err, ferrors.ErrNetwork)
		}},
		{"dropped on a kept connection", []http.HandlerFunc{status(503), drop(""), status(200)}, nil, []time.Duration{500 * time.Millisecond, time.Second}, func(r *httpclient.Response, err error) bool { return err == nil && r.Attempts == 3 }},
		{"stalled", []http.HandlerFunc{stall, status(200)}, []httpclient.Option{httpclient.WithTimeout(100 * time.Millisecond)}, []time.Duration{500 * time.Millisecond}, func(r *httpclient.Response, err error) bool { return err == nil && r.Attempts == 2 }},
		{"trickling", []http.HandlerFunc{trickle}, []httpclient.Option{httpclient.WithTimeout(100 * time.Millisecond), httpclient.WithMaxAttempts(1)}, nil, func(_ *httpclient.Response, err error) bool {
			return errors.Is(err, ferrors.ErrTimeout)
		}},
		{"Retry-After in seconds", []http.HandlerFunc{status(429, "Retry-After", "7"), status(200)}, nil, []time.Duration{7 * time.Second}, func(_ *httpclient.Response, err error) bool { return err == nil }},
		{"Retry-After capped", []http.HandlerFunc{status(429, "Retry-After", "99999999999999999999"), status(200)}, nil, []time.Duration{time.Minute}, func(_ *httpclient.Response, err error) bool { return err == nil }},
		{"Retry-After as a date", []http.HandlerFunc{status(503, "Retry-After", "Thu, 01 Jan 1970 00:00:30 GMT"), status(200)}, []httpclient.Option{httpclient.WithNow(func() time.Time { return time.Unix(10, 0) })}, []time.Duration{20 * time.Second}, func(_ *httpclient.Response, err error) bool { return err == nil }},
		{"Retry-After in the past", []http.HandlerFunc{status(503, "Retry-After", "Thu, 01 Jan 1970 00:00:30 GMT"), status(200)}, nil, []time.Duration{0}, func(_ *httpclient.Response, err error) bool { return err == nil }},
		{"Retry-After unreadable", []http.HandlerFunc{status(503, "Retry-After", "soon"), status(200)}, nil, []time.Duration{500 * time.Millisecond}, func(_ *httpclient.Response, err error) bool { return err == nil }},
		{"no delays", []http.HandlerFunc{status(503)}, []httpclient.Option{httpclient.WithBaseDelay(0), httpclient.WithMaxDelay(0)}, []time.Duration{0, 0}, func(_ *httpclient.Response, err error) bool { return err != nil }},
		{"other statuses", []http.HandlerFunc{status(500), status(200)}, []httpclient.Option{httpclient.WithRetryStatuses(500)}, []time.Duration{500 * time.Millisecond}, func(_ *httpclient.Response, err error) bool { return err == nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual := clock.NewVirtual(0)
			s := serve(t, c.handlers...)
			response, err := client(s, virtual, c.options...).Get(background, "/x")
			if !c.check(response, err) || !reflect.DeepEqual(virtual.Sleeps(), c.sleeps) {
				t.Fatalf("%+v, %v, slept %v", response, err, virtual.Sleeps())
			}
			if len(s.requests) != len(c.sleeps)+1 {
				t.Fatalf("the server saw %q", s.requests)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	for _, c := range []struct {
		name     string
		send     func(*httpclient.Client) (*httpclient.Response, error)
		requests []string
	}{
		{"post is not retried", func(c *httpclient.Client) (*httpclient.Response, error) {
			return c.Post(background, "a", httpclient.WithBody([]byte("data")))
		}, []string{"POST /a data"}},
		{"put is", func(c *httpclient.Client) (*httpclient.Response, error) {
			return c.Put(background, "/a", httpclient.WithBody([]byte("data")))
		}, []string{"PUT /a data", "PUT /a data"}},
		{"delete is", func(c *httpclient.Client) (*httpclient.Response, error) { return c.Delete(background, "a") }, []string{"DELETE /a", "DELETE /a"}},
		{"head is", func(c *httpclient.Client) (*httpclient.Response, error) { return c.Head(background, "a") }, []string{"HEAD /a", "HEAD /a"}},
		{"patch is not", func(c *httpclient.Client) (*httpclient.Response, error) { return c.Patch(background, "a") }, []string{"PATCH /a"}},
		{"a request", func(c *httpclient.Client) (*httpclient.Response, error) {
			return c.Do(background, httpclient.Request{URL: "a?x=1#f", Params: []httpclient.Param{{"n m", "ü/~"}, {"", ""}}})
		}, []string{"GET /a?x=1&n%20m=%C3%BC%2F~&=", "GET /a?x=1&n%20m=%C3%BC%2F~&="}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, status(503), status(200))
			_, _ = c.send(client(s, clock.NewVirtual(0)))
			if !reflect.DeepEqual(s.requests, c.requests) {
				t.Fatalf("expected %q, got %q", c.requests, s.requests)
			}
		})
	}
	s := serve(t, status(503), status(200))
	if _, err := client(s, clock.NewVirtual(0), httpclient.WithRetryMethods("post")).Post(background, "a"); err != nil || len(s.requests) != 2 {
		t.Fatal(err, s.requests)
	}
}

func redirect(code int, to string) http.HandlerFunc { return status(code, "Location", to) }

func TestRedirects(t *testing.T) {
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("Authorization"), r.Header.Get("X-Own"))
	})
	for _, c := range []struct {
		name     string
		method   string
		handlers []http.HandlerFunc
		options  []httpclient.Option
		requests []string
		body     string
		class    error
	}{
		{"303 becomes GET", "POST", []http.HandlerFunc{redirect(303, "b?q=1"), status(200)}, nil, []string{"POST /d/a data", "GET /d/b?q=1"}, "body 200", nil},
		{"303 keeps HEAD", "HEAD", []http.HandlerFunc{redirect(303, "/b"), status(200)}, nil, []string{"HEAD /d/a data", "HEAD /b data"}, "", nil},
		{"302 turns POST into GET", "POST", []http.HandlerFunc{redirect(302, "/b"), status(200)}, nil, []string{"POST /d/a data", "GET /b"}, "body 200", nil},
		{"301 keeps PUT", "PUT", []http.HandlerFunc{redirect(301, "/b"), status(200)}, nil, []string{"PUT /d/a data", "PUT /b data"}, "body 200", nil},
		{"307 keeps POST", "POST", []http.HandlerFunc{redirect(307, "/b"), status(200)}, nil, []string{"POST /d/a data", "POST /b data"}, "body 200", nil},
		{"too many", "GET", []http.HandlerFunc{redirect(302, "/b")}, []httpclient.Option{httpclient.WithMaxRedirects(1)}, []string{"GET /d/a data", "GET /b data"}, "", ferrors.ErrHTTP},
		{"another scheme", "GET", []http.HandlerFunc{redirect(302, "ftp://x/")}, nil, []string{"GET /d/a data"}, "", ferrors.ErrHTTP},
		{"unreadable", "GET", []http.HandlerFunc{redirect(302, "http://[")}, nil, []string{"GET /d/a data"}, "", ferrors.ErrHTTP},
		{"not followed", "GET", []http.HandlerFunc{redirect(302, "/b")}, []httpclient.Option{httpclient.WithFollowRedirects(false)}, []string{"GET /d/a data"}, "body 302", nil},
		{"without Location", "GET", []http.HandlerFunc{status(302)}, nil, []string{"GET /d/a data"}, "body 302", nil},
		{"elsewhere without credentials", "GET", []http.HandlerFunc{redirect(302, other.URL)}, nil, []string{"GET /d/a data"}, "own", nil},
		{"a retry starts again", "GET", []http.HandlerFunc{redirect(302, "/b"), status(503), status(200)}, nil, []string{"GET /d/a data", "GET /b data", "GET /d/a data"}, "body 200", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.handlers...)
			response, err := client(s, clock.NewVirtual(0), append(c.options, httpclient.WithDefaultHeader("X-Own", "own"))...).Do(background, httpclient.Request{
				Method: c.method, URL: "/d/a", Body: []byte("data"), Header: http.Header{"authorization": {"secret"}}})
			if !reflect.DeepEqual(s.requests, c.requests) {
				t.Fatalf("expected %q, got %q", c.requests, s.requests)
			}
			if c.class != nil {
				if !errors.Is(err, c.class) {
					t.Fatalf("expected %v, got %v", c.class, err)
				}
			} else if err != nil || string(response.Body) != c.body {
				t.Fatalf("expected %q, got %+v %v", c.body, response, err)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	c := httpclient.New(httpclient.WithMaxAttempts(2), httpclient.WithClock(clock.NewVirtual(0)))
	if _, err := c.Get(background, "http://user:hunter2@"+address+"/x", httpclient.WithParam("token", "hunter2"), httpclient.WithHeader("A", "b")); !errors.Is(err, ferrors.ErrMaxRetriesExceeded) || !errors.Is(err, ferrors.ErrNetwork) ||
		strings.Contains(err.Error(), "hunter2") {
		t.Fatal(err)
	}
	for _, url := range []string{"/relative", "ftp://x/", "http://[", "http://"} {
		if _, err := c.Get(background, url); !errors.Is(err, ferrors.ErrHTTP) {
			t.Errorf("%s: expected an HttpError, got %v", url, err)
		}
	}
	s := serve(t, stall)
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	if _, err := client(s, clock.NewVirtual(0)).Get(ctx, "/"); !errors.Is(err, ferrors.ErrCancelled) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if _, err := client(s, clock.NewVirtual(0)).Get(ctx, "/"); !errors.Is(err, ferrors.ErrCancelled) {
		t.Fatal(err)
	}
	s = serve(t, status(503))
	ctx, cancel = context.WithCancel(background)
	virtual := clock.NewVirtual(0)
	virtual.OnSleep = func(time.Duration) { cancel() }
	var cancelled *ferrors.CancelledError
	if _, err := client(s, virtual).Get(ctx, "/"); !errors.As(err, &cancelled) || !errors.Is(cancelled.Cause, ferrors.ErrHTTPStatus) {
		t.Fatal(err)
	}
}

func TestSettings(t *testing.T) {
	for key, option := range map[string]httpclient.Option{
		"timeout": httpclient.WithTimeout(0), "max_redirects": httpclient.WithMaxRedirects(51), "max_attempts": httpclient.WithMaxAttempts(0),
		"base_delay": httpclient.WithBaseDelay(301 * time.Second), "max_delay": httpclient.WithMaxDelay(-1), "base_url": httpclient.WithBaseURL("inventory"),
	} {
		func() {
			defer func() {
				err, ok := recover().(*ferrors.ConfigurationError)
				if !ok || err.Problems[0].Key != key {
					t.Errorf("%s: got %v", key, err)
				}
			}()
			httpclient.New(option)
		}()
	}
	sent := false
	transport := roundTripper(func(*http.Request) (*http.Response, error) { sent = true; return nil, io.ErrUnexpectedEOF })
	_, err := httpclient.New(httpclient.WithTransport(transport), httpclient.WithMaxAttempts(1)).Get(background, "http://x/")
	if !sent || !errors.Is(err, ferrors.ErrNetwork) {
		t.Error(err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestATimeLimitOfOneRequest(t *testing.T) {
	s := serve(t, stall)
	client := httpclient.New(httpclient.WithBaseURL(s.URL), httpclient.WithRetryMethods())
	if _, err := client.Get(background, "/", httpclient.WithRequestTimeout(50*time.Millisecond)); !errors.Is(err, ferrors.ErrTimeout) {
		t.Errorf("got %v, want a time-out", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a time limit of nothing was taken")
		}
	}()
	httpclient.WithRequestTimeout(0)
}
