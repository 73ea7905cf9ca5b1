// Package config loads a configuration from layers: default < files in order < environment < override. Every problem of
// every layer is found and reported together, as one *ConfigurationError.
//
// viper and koanf are not used underneath: they lower-case keys, turn a value they cannot convert into a zero without a
// word, and stop at the first problem.
package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	ferrors "foundation/errors"
	"foundation/internal/record"
	"foundation/internal/text"
)

// Type is the type of a configuration field.
type Type uint8

// The types.
const (
	String Type = iota
	Integer
	Float
	Boolean
	Strings
	Nested
)

var typeNames = [...]string{"string", "integer", "float", "boolean", "list of strings", "mapping"}

// String is the type's name in messages.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "unknown"
}

// Field describes one field of a schema.
type Field struct {
	Name string
	Type Type
	// Default is a string, int64, float64, bool or []string, when HasDefault.
	Default    any
	HasDefault bool
	// Env is the field's own environment variable, taken as it is.
	Env string
	// Fields are the members of a Nested field.
	Fields []Field
}

// Values are loaded fields by name: string, int64, float64, bool, []string, or Values for a nested field. Its printed
// form hides the values whose names say that they are secrets.
type Values map[string]any

// String is the values as JSON, keys sorted, secrets redacted.
func (v Values) String() string {
	var redaction *record.Redaction
	return string(redaction.AppendValue(nil, map[string]any(v), 1))
}

// GoString keeps secrets out of %#v as well.
func (v Values) GoString() string { return v.String() }

type settings struct {
	envPrefix   string
	files       []string
	strict      bool
	secretFiles bool
	lookupEnv   func(string) (string, bool)
	overrides   map[string]any
}

// Option configures Load and LoadValues.
type Option func(*settings)

// WithEnvPrefix puts prefix and an underscore before the names of environment variables.
func WithEnvPrefix(prefix string) Option { return func(s *settings) { s.envPrefix = prefix } }

// WithFiles reads these files (.json), the later one winning.
func WithFiles(paths ...string) Option {
	return func(s *settings) { s.files = append(s.files, paths...) }
}

// WithStrict says whether an unknown key in a file is a problem; it is by default.
func WithStrict(strict bool) Option { return func(s *settings) { s.strict = strict } }

// WithSecretFiles says whether a value file:///path stands for that file's content; it does by default.
func WithSecretFiles(read bool) Option { return func(s *settings) { s.secretFiles = read } }

// WithLookupEnv replaces os.LookupEnv.
func WithLookupEnv(lookup func(string) (string, bool)) Option {
	return func(s *settings) { s.lookupEnv = lookup }
}

// WithOverrides gives values that win over everything, nested by mappings.
func WithOverrides(overrides map[string]any) Option {
	return func(s *settings) { s.overrides = overrides }
}

type loader struct {
	settings
	problems []ferrors.Problem
	// given are the paths that some layer spoke about, well or badly: they are not missing.
	given map[string]bool
}

// LoadValues loads the fields of a schema that is known at run time only; see Load.
func LoadValues(schema []Field, opts ...Option) (Values, error) {
	l := loader{settings: settings{strict: true, secretFiles: true, lookupEnv: os.LookupEnv}, given: map[string]bool{}}
	for _, opt := range opts {
		opt(&l.settings)
	}
	values := Values{}
	for _, path := range l.files {
		if content, ok := l.readFile(path); ok {
			l.merge(values, schema, content, "", "file", l.strict)
		}
	}
	prefix := strings.ToUpper(l.envPrefix)
	if prefix != "" && !strings.HasSuffix(prefix, "_") {
		prefix += "_"
	}
	l.mergeEnvironment(values, schema, prefix, "")
	l.merge(values, schema, l.overrides, "", "override", true)
	l.complete(values, schema, "")
	if len(l.problems) > 0 {
		sort.SliceStable(l.problems, func(i, j int) bool {
			a, b := l.problems[i], l.problems[j]
			return a.Kind < b.Kind || (a.Kind == b.Kind && a.Key < b.Key)
		})
		return nil, &ferrors.ConfigurationError{Problems: l.problems}
	}
	return values, nil
}

func (l *loader) problem(kind, key, source, format string, args ...any) {
	l.problems = append(l.problems, ferrors.Problem{Kind: kind, Key: key, Source: source, Message: fmt.Sprintf(format, args...)})
}

func (l *loader) readFile(path string) (map[string]any, bool) {
	content, err := os.ReadFile(path)
	if err != nil {
		l.problem("unreadable_file", path, "file", "%s cannot be read: %v", path, cause(err))
		return nil, false
	}
	if extension := filepath.Ext(path); extension != ".json" {
		l.problem("invalid_file", path, "file", "%s has the extension %q; this runtime reads .json", path, extension)
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber() // Large integers must not become floats.
	var value any
	err = decoder.Decode(&value)
	if err == nil {
		if _, trailing := decoder.Token(); trailing != io.EOF {
			err = errors.New("there is text after the value")
		}
	}
	if err != nil {
		l.problem("invalid_file", path, "file", "%s is not JSON: %v", path, err)
		return nil, false
	}
	mapping, ok := value.(map[string]any)
	if !ok {
		l.problem("invalid_file", path, "file", "%s holds %s; it must hold a mapping", path, describe(value))
		return nil, false
	}
	return mapping, true
}

// cause strips the path that the message names already.
func cause(err error) error {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// merge puts the native values of a file or an override over values.
func (l *loader) merge(values Values, schema []Field, given map[string]any, path, source string, strict bool) {
	known := map[string]bool{}
	for _, field := range schema {
		known[field.Name] = true
		value, present := given[field.Name]
		if !present || value == nil {
			continue
		}
		key := join(path, field.Name)
		if field.Type == Nested {
			if mapping, ok := asMapping(value); ok {
				l.merge(nested(values, field.Name), field.Fields, mapping, key, source, strict)
			} else {
				l.invalid(field, key, source, value)
			}
			continue
		}
		l.given[key] = true
		if converted, ok := l.convert(field, key, source, value); ok {
			values[field.Name] = converted
		}
	}
	if strict {
		for name := range given {
			if !known[name] {
				l.problem("unknown_key", join(path, name), source, "%s is not a known key", join(path, name))
			}
		}
	}
}

func asMapping(value any) (map[string]any, bool) {
	switch value := value.(type) {
	case map[string]any:
		return value, true
	case Values:
		return value, true
	}
	return nil, false
}

func nested(values Values, name string) Values {
	if inner, ok := values[name].(Values); ok {
		return inner
	}
	inner := Values{}
	values[name] = inner
	return inner
}

func (l *loader) mergeEnvironment(values Values, schema []Field, prefix, path string) {
	for _, field := range schema {
		key := join(path, field.Name)
		if field.Type == Nested {
			l.mergeEnvironment(nested(values, field.Name), field.Fields, prefix, key)
			continue
		}
		variable := field.Env
		if variable == "" {
			variable = prefix + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
		}
		if value, set := l.lookupEnv(variable); set {
			l.given[key] = true
			if converted, ok := l.fromText(field, key, "environment", value); ok {
				values[field.Name] = converted
			}
		}
	}
}

// complete fills in the defaults and reports what is missing.
func (l *loader) complete(values Values, schema []Field, path string) {
	for _, field := range schema {
		key := join(path, field.Name)
		_, loaded := values[field.Name]
		switch {
		case field.Type == Nested:
			l.complete(nested(values, field.Name), field.Fields, key)
		case loaded || l.given[key]:
		case !field.HasDefault:
			l.problem("missing", key, "default", "%s is missing; it must be %s", key, article(field.Type))
		case field.Default == nil:
			values[field.Name] = nil
		default:
			if converted, ok := l.convert(field, key, "default", field.Default); ok {
				values[field.Name] = converted
			}
		}
	}
}

func article(t Type) string {
	if t == Integer {
		return "an integer"
	}
	return "a " + t.String()
}

// describe names a value's type for messages.
func describe(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number, int, int64, float64:
		return "a number"
	case []any, []string:
		return "a list"
	case map[string]any, Values:
		return "a mapping"
	}
	return fmt.Sprintf("a %T", value)
}

func (l *loader) invalid(field Field, key, source string, value any) {
	l.problem("invalid_value", key, source, "%s is %s; it must be %s", key, describe(value), article(field.Type))
}

// convert reads a native value of a file, an override or a default.
func (l *loader) convert(field Field, key, source string, value any) (any, bool) {
	if s, ok := value.(string); ok {
		if source == "default" && field.Type == String {
			return s, true
		}
		return l.fromText(field, key, source, s)
	}
	if converted, ok := native(field.Type, value); ok {
		return converted, true
	}
	l.invalid(field, key, source, value)
	return nil, false
}

func native(t Type, value any) (any, bool) {
	switch t {
	case Integer:
		switch value := value.(type) {
		case int:
			return int64(value), true
		case int64:
			return value, true
		case json.Number:
			return fromInteger(value.String())
		}
	case Float:
		switch value := value.(type) {
		case int:
			return float64(value), true
		case int64:
			return float64(value), true
		case float64:
			return value, !math.IsNaN(value) && !math.IsInf(value, 0)
		case json.Number:
			f, err := value.Float64()
			return f, err == nil
		}
	case Boolean:
		value, ok := value.(bool)
		return value, ok
	case Strings:
		switch value := value.(type) {
		case []string:
			return append([]string{}, value...), true
		case []any:
			list := make([]string, 0, len(value))
			for _, item := range value {
				s, ok := item.(string)
				if !ok {
					return nil, false
				}
				list = append(list, s)
			}
			return list, true
		}
	}
	return nil, false
}

// fromText reads a text of the environment, a file or an override; the first two may point to a secret file.
func (l *loader) fromText(field Field, key, source, value string) (any, bool) {
	if path, found := strings.CutPrefix(value, "file://"); found && strings.HasPrefix(path, "/") &&
		l.secretFiles && (source == "environment" || source == "file") {
		content, err := os.ReadFile(path)
		if err != nil {
			l.problem("unreadable_file", key, source, "%s points to %s, which cannot be read: %v", key, path, cause(err))
			return nil, false
		}
		content = bytes.TrimSuffix(content, []byte("\n"))
		value = text.Valid(bytes.TrimSuffix(content, []byte("\r")))
	}
	if converted, ok := parse(field.Type, value); ok {
		return converted, true
	}
	shown := strconv.Quote(value)
	if secretKey(key) {
		shown = "a text that is not shown"
	}
	l.problem("invalid_value", key, source, "%s is %s; it must be %s", key, shown, article(field.Type))
	return nil, false
}

func secretKey(key string) bool {
	for _, name := range strings.Split(key, ".") {
		if record.IsSecretName(name) {
			return true
		}
	}
	return false
}

var (
	integerText = regexp.MustCompile(`^[+-]?[0-9]+$`)
	floatText   = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
	booleans    = map[string]bool{
		"true": true, "yes": true, "on": true, "1": true, "enabled": true,
		"false": false, "no": false, "off": false, "0": false, "disabled": false,
	}
)

func fromInteger(value string) (any, bool) {
	if !integerText.MatchString(value) {
		return nil, false
	}
	i, err := strconv.ParseInt(value, 10, 64)
	return i, err == nil
}

func parse(t Type, value string) (any, bool) {
	if t == String {
		return value, true
	}
	value = strings.Trim(value, " \t\r\n")
	switch t {
	case Integer:
		return fromInteger(value)
	case Float:
		if !floatText.MatchString(value) {
			return nil, false
		}
		f, err := strconv.ParseFloat(value, 64)
		return f, err == nil
	case Boolean:
		b, ok := booleans[strings.ToLower(value)]
		return b, ok
	case Strings:
		list := []string{}
		for _, item := range strings.Split(value, ",") {
			if item = strings.Trim(item, " \t\r\n"); item != "" {
				list = append(list, item)
			}
		}
		return list, true
	}
	return nil, false
}

// ParseText reads a text as the given type, by the rules for environment variables; the command line uses the same.
func ParseText(t Type, value string) (any, bool) { return parse(t, value) }
