package logging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/big"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	ferrors "foundation/errors"
	"foundation/logging"
)

func lines(options []logging.Option, write func(*logging.Logger)) string {
	var out bytes.Buffer
	write(logging.New("a", append([]logging.Option{logging.WithWriter(&out), logging.WithTimestamps(false), logging.WithLevel(logging.Trace)}, options...)...))
	return out.String()
}

type point struct {
	X     int `json:"x"`
	Token string
	Skip  int `json:"-"`
	inner int
}

type valuer struct{}

func (valuer) LogValue() slog.Value { return slog.StringValue("resolved") }

type brokenError struct{ text *string }

func (e brokenError) Error() string { return *e.text }

func TestValues(t *testing.T) {
	deep := any("leaf")
	for range 17 {
		deep = []any{deep}
	}
	var nilPointer *point
	type loop struct{ Next *loop }
	ring := &loop{}
	ring.Next = ring
	for _, c := range []struct {
		value    any
		expected string
	}{
		{nil, `null`}, {true, `true`}, {-7, `-7`}, {int8(-8), `-8`}, {int64(math.MinInt64), `-9223372036854775808`}, {uint64(math.MaxUint64), `18446744073709551615`},
		{uint8(3), `3`}, {int32(4), `4`}, {1.0, `1`}, {math.Copysign(0, -1), `0`}, {1e21, `1e+21`}, {1e-7, `1e-7`}, {0.000001, `0.000001`}, {1.5e300, `1.5e+300`},
		{float32(0.1), `0.1`}, {math.NaN(), `"NaN"`}, {math.Inf(1), `"Infinity"`}, {math.Inf(-1), `"-Infinity"`},
		{"a\"b\\\b\f\n\r\t\x01<>&\u2028é", `"a\"b\\\b\f\n\r\t\u0001<>&` + "\u2028é" + `"`}, {"\xff\xe2\x82x", "\"\uFFFD\uFFFDx\""},
		{errors.New("boom"), `"boom"`}, {brokenError{}, `"[panic: runtime error: invalid memory address or nil pointer dereference]"`},
		{time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), `"2026-01-02T03:04:05.000000006Z"`}, {5 * time.Second, `"5s"`},
		{big.NewInt(0).Lsh(big.NewInt(1), 70), `1180591620717411303424`}, {json.RawMessage(`12`), `12`}, {[]byte("raw"), `"raw"`},
		{[]string{"x", "y"}, `["x","y"]`}, {[]int(nil), `null`}, {map[string]any{"b": 1, "a": []any{nil}}, `{"a":[null],"b":1}`}, {map[int]bool{2: true}, `{"2":true}`},
		{map[string]int(nil), `null`}, {point{1, "t", 2, 3}, `{"Token":"[REDACTED]","x":1}`}, {&point{X: 5}, `{"Token":"[REDACTED]","x":5}`}, {nilPointer, `null`},
		{valuer{}, `"resolved"`}, {deep, strings.Repeat("[", 16) + `"[too deep]"` + strings.Repeat("]", 16)},
		{struct{ E any }{1}, `{"E":1}`}, {complex(1, 2), `"(1+2i)"`}, {logging.Warning, `"warning"`}, {[]slog.Attr{slog.Int("n", 1)}, `{"n":1}`},
		{map[any]any{"k": 1, 2: 3}, `{"2":3,"k":1}`}, {[2]bool{true, false}, `[true,false]`},
	} {
		expected := `{"level":"info","logger":"a","message":"m","v":` + c.expected + "}\n"
		if got := lines(nil, func(l *logging.Logger) { l.Info("m", "v", c.value) }); got != expected {
			t.Errorf("%#v: expected %s, got %s", c.value, expected, got)
		}
	}
	if got := lines(nil, func(l *logging.Logger) { l.Info("m", "v", ring) }); !strings.Contains(got, "[too deep]") {
		t.Errorf("a ring must end: %s", got)
	}
	if got := lines([]logging.Option{logging.WithFormat(logging.Logfmt)}, func(l *logging.Logger) {
		l.Info("m", "v", &point{X: 1}, "w", []slog.Attr{slog.Int("n", 1)}, "u", valuer{})
	}); got != "level=info logger=a message=m v.Token=[REDACTED] v.x=1 w.n=1 u=resolved\n" {
		t.Errorf("got %s", got)
	}
}

func TestLevelsAndFields(t *testing.T) {
	got := lines([]logging.Option{logging.WithLevel(logging.Debug)}, func(l *logging.Logger) {
		l.Trace("dropped")
		l.Debug("d", "k", 1, "k", 2)
		l.Info("i", "level", 1, slog.Int("n", 2))
		l.Warning("w", 5, "odd")
		l.Error("e", "password", "x", "nested", map[string]any{"apiKey": 1, "ok": []any{map[string]any{"jwt": 2}}})
		l.Critical("c")
	})
	expected := `{"level":"debug","logger":"a","message":"d","k":2}
{"level":"info","logger":"a","message":"i","level_":1,"n":2}
{"level":"warning","logger":"a","message":"w","!BADKEY":5,"!BADKEY":"odd"}
{"level":"error","logger":"a","message":"e","password":"[REDACTED]","nested":{"apiKey":"[REDACTED]","ok":[{"jwt":"[REDACTED]"}]}}
{"level":"critical","logger":"a","message":"c"}
`
	if strings.Replace(expected, `"!BADKEY":5,"!BADKEY":"odd"`, `"!BADKEY":"odd"`, 1) != got {
		t.Errorf("expected %s, got %s", expected, got)
	}
}

func TestBind(t *testing.T) {
	got := lines([]logging.Option{logging.WithRedact("shoe size")}, func(l *logging.Logger) {
		bound := l.Bind("user", 1, "shoeSize", 43).Bind("user", 2)
		bound.Info("m", "x", 1)
		bound.Info("m", "user", 3)
		l.Info("m")
	})
	expected := `{"level":"info","logger":"a","message":"m","user":2,"shoeSize":"[REDACTED]","x":1}
{"level":"info","logger":"a","message":"m","user":3,"shoeSize":"[REDACTED]"}
{"level":"info","logger":"a","message":"m"}
`
	if got != expected {
		t.Errorf("expected %s, got %s", expected, got)
	}
}

func TestLogfmt(t *testing.T) {
	got := lines([]logging.Option{logging.WithFormat(logging.Logfmt)}, func(l *logging.Logger) {
		l.Info("two words", "a b", "x=1", "m", map[string]any{"z": 1, "": map[string]any{}, "token": 1}, "l", []any{"a", 1}, "n", []any{1}, "e", "", "q", `"`, "nil", nil)
	})
	expected := `level=info logger=a message="two words" a_b="x=1" m._={} m.token=[REDACTED] m.z=1 l="[\"a\",1]" n=[1] e="" q="\"" nil=null` + "\n"
	if got != expected {
		t.Errorf("expected %s, got %s", expected, got)
	}
}

func TestTimestamps(t *testing.T) {
	at := func() time.Time { return time.Unix(0, 1767323045123456789) }
	for format, expected := range map[logging.Format]string{
		logging.JSON:   `{"timestamp":"2026-01-02T03:04:05.123456Z","level":"info","logger":"a","message":"m"}` + "\n",
		logging.Logfmt: "timestamp=2026-01-02T03:04:05.123456Z level=info logger=a message=m\n",
	} {
		got := lines([]logging.Option{logging.WithTimestamps(true), logging.WithNow(at), logging.WithFormat(format)}, func(l *logging.Logger) { l.Info("m") })
		if got != expected {
			t.Errorf("expected %s, got %s", expected, got)
		}
	}
}

func TestSettings(t *testing.T) {
	if l := logging.New("shop"); l.Name() != "shop" || l.Enabled(logging.Debug) || !l.Enabled(logging.Info) {
		t.Error("the default level is info")
	}
	if level, err := logging.ParseLevel("Warning"); level != logging.Warning || err != nil {
		t.Error(level, err)
	}
	if _, err := logging.ParseLevel("loud"); !errors.Is(err, ferrors.ErrConfiguration) {
		t.Error(err)
	}
	if logging.Level(9).String() != "level(9)" {
		t.Error(logging.Level(9))
	}
	for _, option := range []logging.Option{logging.WithLevel(9), logging.WithFormat(9)} {
		func() {
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, ferrors.ErrConfiguration) {
					t.Errorf("expected a ConfigurationError, got %v", err)
				}
			}()
			logging.New("a", option)
		}()
	}
}

// countingWriter fails the test's promise that each record is one write.
type countingWriter struct {
	mu     sync.Mutex
	writes int
	out    bytes.Buffer
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.writes++
	return w.out.Write(p)
}

func TestEightThreadsNeverMixTheirLines(t *testing.T) {
	w := &countingWriter{}
	log := logging.New("threads", logging.WithWriter(w))
	var all sync.WaitGroup
	for thread := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			bound := log.Bind("thread", thread)
			for i := range 500 {
				bound.Info("tick", "i", i, "text", strings.Repeat("x", i))
			}
		}()
	}
	all.Wait()
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSuffix(w.out.String(), "\n"), "\n") {
		var entry struct {
			Thread, I int
			Text      string
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || len(entry.Text) != entry.I {
			t.Fatalf("%v in %s", err, line)
		}
		seen[fmt.Sprint(entry.Thread, entry.I)] = true
	}
	if len(seen) != 4000 || w.writes != 4000 {
		t.Fatalf("%d records in %d writes", len(seen), w.writes)
	}
}

func TestSlogHandlerMeetsTheStandardLibrarysSuite(t *testing.T) {
	var out bytes.Buffer
	log := logging.New("slog", logging.WithWriter(&out), logging.WithLevel(logging.Trace))
	err := slogtest.TestHandler(log.Handler(), func() []map[string]any {
		var results []map[string]any
		for _, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
			var entry map[string]any
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatal(err)
			}
			// The suite looks for slog's own names.
			entry["msg"] = entry["message"]
			if at, ok := entry["timestamp"]; ok {
				entry["time"] = at
			}
			results = append(results, entry)
		}
		return results
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSlogLevels(t *testing.T) {
	got := lines(nil, func(l *logging.Logger) {
		s := slog.New(l.Handler())
		for _, level := range []slog.Level{-8, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, 12} {
			s.Log(nil, level, "m") //nolint:staticcheck // A handler must not need a context.
		}
		s.With().WithGroup("").Info("m")
	})
	for _, level := range []string{"trace", "debug", "info", "warning", "error", "critical"} {
		if !strings.Contains(got, `"level":"`+level+`"`) {
			t.Errorf("%s lacks the level %s", got, level)
		}
	}
}

func TestALongLineIsWrittenWhole(t *testing.T) {
	long := strings.Repeat("y", 200_000)
	got := lines(nil, func(l *logging.Logger) { l.Info(long); l.Info("m") })
	if !strings.Contains(got, long) || !strings.HasSuffix(got, "\"m\"}\n") {
		t.Error("the long line is torn")
	}
	logging.New("out", logging.WithWriter(io.Discard)).Info("nothing")
	_ = os.Stderr
}
