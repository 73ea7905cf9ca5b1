// Package logging writes structured records: one line of JSON or logfmt each, with secrets redacted at every depth. The
// lines are the same, byte for byte, in every language.
//
// log/slog is not underneath, because its handlers cannot meet that: they write a repeated field twice, spell levels in
// upper case and know no redaction below the top level. Code that speaks slog is served by [Logger.Handler]:
//
//	slog.SetDefault(slog.New(log.Handler()))
package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"foundation/errors"
	"foundation/internal/record"
)

// Level says how much a record matters.
type Level int8

// The levels, in order. The zero Level is Info.
const (
	Trace Level = iota - 2
	Debug
	Info
	Warning
	Error
	Critical
)

var levelNames = [...]string{"trace", "debug", "info", "warning", "error", "critical"}

// String is the spec's spelling.
func (l Level) String() string {
	if l < Trace || l > Critical {
		return fmt.Sprintf("level(%d)", int8(l))
	}
	return levelNames[l-Trace]
}

// ParseLevel reads a level's name, in any case.
func ParseLevel(name string) (Level, error) {
	if i := slices.Index(levelNames[:], strings.ToLower(name)); i >= 0 {
		return Level(i) + Trace, nil
	}
	return Info, errors.BadParameter("level", fmt.Sprintf("level is %q; it must be one of %s", name, strings.Join(levelNames[:], ", ")))
}

// Format is the form of the lines.
type Format = record.Format

// The two forms.
const (
	JSON   = record.JSON
	Logfmt = record.Logfmt
)

// Logger writes records of one name. It is safe for concurrent use: each record is one Write, under a lock that all
// loggers bound from it share.
type Logger struct {
	name       string
	level      Level
	format     Format
	timestamps bool
	now        func() time.Time
	redaction  *record.Redaction
	sink       *sink
	bound      []record.Field
	// boundText is the bound fields as they appear in a line.
	boundText []byte
}

type sink struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *sink) write(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.w.Write(line) // There is nowhere to report a failing log to.
}

var stderr = &sink{w: os.Stderr}

// Option configures New.
type Option func(*Logger)

// WithLevel drops records below level; the default is Info.
func WithLevel(level Level) Option { return func(l *Logger) { l.level = level } }

// WithFormat chooses JSON, the default, or Logfmt.
func WithFormat(format Format) Option { return func(l *Logger) { l.format = format } }

// WithRedact adds field names whose values are secrets to the shared set.
func WithRedact(names ...string) Option {
	return func(l *Logger) { l.redaction = record.NewRedaction(names) }
}

// WithTimestamps says whether records carry the time; they do by default.
func WithTimestamps(timestamps bool) Option { return func(l *Logger) { l.timestamps = timestamps } }

// WithWriter sends the lines to w instead of standard error.
func WithWriter(w io.Writer) Option { return func(l *Logger) { l.sink = &sink{w: w} } }

// WithNow injects the wall clock.
func WithNow(now func() time.Time) Option { return func(l *Logger) { l.now = now } }

// New returns the logger of the given name. It panics with a *ConfigurationError when the level or the format does not
// exist, which is a mistake in the program.
func New(name string, opts ...Option) *Logger {
	l := &Logger{name: name, timestamps: true, now: time.Now, sink: stderr}
	for _, opt := range opts {
		opt(l)
	}
	if l.level < Trace || l.level > Critical {
		panic(errors.OutOfRange("level", l.level, Trace, Critical))
	}
	if l.format > Logfmt {
		panic(errors.BadParameter("format", "format must be JSON or Logfmt"))
	}
	return l
}

// Name is the logger's name.
func (l *Logger) Name() string { return l.name }

// Enabled reports whether a record of this level would be written.
func (l *Logger) Enabled(level Level) bool { return level >= l.level }

// Bind returns a logger whose records carry these fields too; l is unchanged.
func (l *Logger) Bind(args ...any) *Logger {
	bound := *l
	bound.bound = record.Dedupe(appendFields(slices.Clone(l.bound), args))
	bound.boundText = nil
	for _, field := range bound.bound {
		bound.boundText = l.redaction.AppendField(bound.boundText, l.format, field)
	}
	return &bound
}

// badKey is the key of an argument that has none, as in log/slog.
const badKey = "!BADKEY"

// appendFields reads alternating keys and values; a slog.Attr stands for both.
func appendFields(fields []record.Field, args []any) []record.Field {
	for i := 0; i < len(args); i++ {
		switch key := args[i].(type) {
		case string:
			if i+1 == len(args) {
				fields = append(fields, record.Field{Key: badKey, Value: key})
			} else {
				fields = append(fields, record.Field{Key: key, Value: args[i+1]})
				i++
			}
		case slog.Attr:
			fields = append(fields, record.Field{Key: key.Key, Value: key.Value.Resolve().Any()})
		default:
			fields = append(fields, record.Field{Key: badKey, Value: key})
		}
	}
	return fields
}

// buffers are shared by all loggers; a very long line's buffer is not kept.
var buffers = sync.Pool{New: func() any { return &buffer{line: make([]byte, 0, 512)} }}

type buffer struct {
	line   []byte
	fields []record.Field
}

const maxKeptBuffer = 64 << 10

// Log writes a record. The fields are alternating keys and values, or slog.Attr values.
func (l *Logger) Log(level Level, message string, args ...any) {
	if level < l.level {
		return
	}
	b := buffers.Get().(*buffer)
	b.fields = appendFields(b.fields[:0], args)
	l.write(b, level, message)
}

// write writes the record with b's fields and gives b back.
func (l *Logger) write(b *buffer, level Level, message string) {
	var at time.Time
	if l.timestamps {
		at = l.now()
	}
	line := record.AppendHead(b.line[:0], l.format, at, level.String(), l.name, message)
	fields := record.Dedupe(b.fields)
	if l.rebinds(fields) {
		fields = record.Dedupe(append(slices.Clone(l.bound), fields...))
	} else {
		line = append(line, l.boundText...)
	}
	for _, field := range fields {
		line = l.redaction.AppendField(line, l.format, field)
	}
	line = record.AppendTail(line, l.format)
	l.sink.write(line)
	clear(b.fields)
	if cap(line) <= maxKeptBuffer {
		b.line = line
		buffers.Put(b)
	}
}

func (l *Logger) rebinds(fields []record.Field) bool {
	for _, field := range fields {
		for _, bound := range l.bound {
			if record.FieldName(bound.Key) == record.FieldName(field.Key) {
				return true
			}
		}
	}
	return false
}

// Trace writes a record of level trace.
func (l *Logger) Trace(message string, args ...any) { l.Log(Trace, message, args...) }

// Debug writes a record of level debug.
func (l *Logger) Debug(message string, args ...any) { l.Log(Debug, message, args...) }

// Info writes a record of level info.
func (l *Logger) Info(message string, args ...any) { l.Log(Info, message, args...) }

// Warning writes a record of level warning.
func (l *Logger) Warning(message string, args ...any) { l.Log(Warning, message, args...) }

// Error writes a record of level error.
func (l *Logger) Error(message string, args ...any) { l.Log(Error, message, args...) }

// Critical writes a record of level critical.
func (l *Logger) Critical(message string, args ...any) { l.Log(Critical, message, args...) }

// Handler lets code that speaks log/slog write through this logger. slog's groups become mappings; its levels map to
// the nearest level that is not above, LevelError+4 and more to Critical.
func (l *Logger) Handler() slog.Handler { return &handler{logger: l} }

type handler struct {
	logger *Logger
	groups []string
	attrs  []attrsUnder
}

// attrsUnder are the attributes given while the first depth groups were open.
type attrsUnder struct {
	depth int
	attrs []slog.Attr
}

func fromSlog(level slog.Level) Level {
	switch {
	case level < slog.LevelDebug:
		return Trace
	case level < slog.LevelInfo:
		return Debug
	case level < slog.LevelWarn:
		return Info
	case level < slog.LevelError:
		return Warning
	case level < slog.LevelError+4:
		return Error
	}
	return Critical
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return h.logger.Enabled(fromSlog(level))
}

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	logger := *h.logger
	if !r.Time.IsZero() {
		logger.now = func() time.Time { return r.Time }
	} else {
		logger.timestamps = false
	}
	var attrs []slog.Attr
	r.Attrs(func(attr slog.Attr) bool { attrs = append(attrs, attr); return true })
	given := append(slices.Clone(h.attrs), attrsUnder{len(h.groups), attrs})
	b := buffers.Get().(*buffer)
	b.fields = collect(b.fields[:0], given, h.groups, 0)
	logger.write(b, fromSlog(r.Level), r.Message)
	return nil
}

// collect lists the fields at one depth of groups; deeper ones become one mapping under the next group's name.
func collect(fields []record.Field, given []attrsUnder, groups []string, depth int) []record.Field {
	deeper := false
	for _, g := range given {
		if g.depth > depth {
			deeper = deeper || len(g.attrs) > 0
			continue
		}
		if g.depth == depth {
			fields = appendAttrs(fields, g.attrs)
		}
	}
	if deeper {
		nested := map[string]any{}
		for _, field := range collect(nil, given, groups, depth+1) {
			nested[field.Key] = field.Value
		}
		fields = append(fields, record.Field{Key: groups[depth], Value: nested})
	}
	return fields
}

func appendAttrs(fields []record.Field, attrs []slog.Attr) []record.Field {
	for _, attr := range attrs {
		value := attr.Value.Resolve()
		switch {
		case attr.Equal(slog.Attr{}):
		case attr.Key == "" && value.Kind() == slog.KindGroup: // A group without a name is inlined.
			fields = appendAttrs(fields, value.Group())
		case value.Kind() == slog.KindGroup && len(value.Group()) == 0: // An empty group is left out.
		default:
			fields = append(fields, record.Field{Key: attr.Key, Value: plain(value)})
		}
	}
	return fields
}

// plain turns nested groups into mappings.
func plain(value slog.Value) any {
	if value.Kind() != slog.KindGroup {
		return value.Any()
	}
	nested := map[string]any{}
	for _, field := range appendAttrs(nil, value.Group()) {
		nested[field.Key] = field.Value
	}
	return nested
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	next := *h
	next.attrs = append(slices.Clone(h.attrs), attrsUnder{len(h.groups), attrs})
	return &next
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	next := *h
	next.groups = append(slices.Clone(h.groups), name)
	return &next
}
