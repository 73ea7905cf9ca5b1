package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"foundation/config"
	ferrors "foundation/errors"
)

type appConfig struct {
	Host     string `default:"localhost"`
	Port     int
	Ratio    float32  `config:",optional"`
	Tags     []string `default:"a, b"`
	Debug    bool     `env:"SHOP_DEBUG" config:",optional"`
	APIKey   string   `config:",optional"`
	Skipped  chan int `config:"-"`
	hidden   int
	Database struct {
		URL      string `config:"address"`
		PoolSize int8   `default:"5"`
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func environment(pairs ...string) config.Option {
	return config.WithLookupEnv(func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	})
}

func TestLoadMergesTheLayers(t *testing.T) {
	secret := write(t, "secret", "s3cret\r\n")
	first := write(t, "first.json", `{"port": 1, "ratio": 1, "database": {"address": "file", "pool_size": 7}, "tags": ["x"], "debug": null}`)
	second := write(t, "second.json", `{"port": "2", "api_key": "file://`+secret+`"}`)
	cfg := appConfig{Ratio: 0.5, hidden: 3}
	err := config.Load(&cfg, config.WithFiles(first, second), config.WithEnvPrefix("app"),
		environment("APP_DATABASE__ADDRESS", "env", "SHOP_DEBUG", "Yes", "APP_PORT", " +3 "),
		config.WithOverrides(map[string]any{"database": map[string]any{"pool_size": 9}}))
	if err != nil {
		t.Fatal(err)
	}
	expected := appConfig{Host: "localhost", Port: 3, Ratio: 1, Tags: []string{"x"}, Debug: true, APIKey: "s3cret", hidden: 3}
	expected.Database.URL, expected.Database.PoolSize = "env", 9
	if !reflect.DeepEqual(cfg, expected) {
		t.Fatalf("expected %+v, got %+v", expected, cfg)
	}
}

func TestLoadReportsEveryProblemAtOnce(t *testing.T) {
	directory := t.TempDir()
	broken := write(t, "broken.json", `{"port": 1} x`)
	list := write(t, "list.json", `[]`)
	toml := write(t, "app.toml", ``)
	wrong := write(t, "wrong.json", `{"port": 1.5, "unknown": 1, "database": 3, "tags": ["a", 1], "host": 7, "api_key": "file://`+directory+`/none", "ratio": true, "debug": 2}`)
	cfg := appConfig{}
	err := config.Load(&cfg, config.WithFiles(broken, list, toml, wrong, directory+"/missing.json"), config.WithEnvPrefix("APP_"),
		environment("APP_DATABASE__POOL_SIZE", "many", "APP_RATIO", "nan"), config.WithOverrides(map[string]any{"extra": 1}))
	var wrongs *ferrors.ConfigurationError
	if !errors.As(err, &wrongs) {
		t.Fatalf("expected a ConfigurationError, got %v", err)
	}
	var got []string
	for _, problem := range wrongs.Problems {
		got = append(got, problem.Kind+" "+filepath.Base(problem.Key)+" "+problem.Source)
	}
	expected := []string{
		"invalid_file app.toml file", "invalid_file broken.json file", "invalid_file list.json file",
		"invalid_value database file", "invalid_value database.pool_size environment", "invalid_value debug file", "invalid_value host file", "invalid_value port file",
		"invalid_value ratio file", "invalid_value ratio environment", "invalid_value tags file", "missing database.address default",
		"unknown_key extra override", "unknown_key unknown file", "unreadable_file missing.json file", "unreadable_file api_key file",
	}
	expected[2], expected[1], expected[0] = got[2], got[1], got[0] // Sorted by their temporary directories.
	expected[14], expected[15] = got[14], got[15]
	if !reflect.DeepEqual(got, expected) {
		t.Fatalf("expected\n%s\ngot\n%s", strings.Join(expected, "\n"), strings.Join(got, "\n"))
	}
	if !reflect.DeepEqual(cfg, appConfig{}) {
		t.Fatalf("the target was written: %+v", cfg)
	}
	if !strings.Contains(err.Error(), "port is a number; it must be an integer") {
		t.Fatal(err)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	_, err := config.LoadValues([]config.Field{{Name: "db_password", Type: config.Integer}}, environment("DB_PASSWORD", "hunter2"))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("the secret is in %v", err)
	}
	values, err := config.LoadValues([]config.Field{{Name: "db_password"}, {Name: "port", Type: config.Integer}}, environment("DB_PASSWORD", "hunter2", "PORT", "1"))
	if err != nil {
		t.Fatal(err)
	}
	if shown := fmt.Sprintf("%v %#v", values, values); strings.Contains(shown, "hunter2") || !strings.Contains(shown, `"port":1`) {
		t.Fatal(shown)
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		kind     config.Type
		text     string
		expected any
	}{
		{config.Integer, "-9223372036854775808", int64(-9223372036854775808)}, {config.Integer, "9223372036854775808", nil}, {config.Integer, "1_0", nil}, {config.Integer, "", nil},
		{config.Float, " .5e-1\n", 0.05}, {config.Float, "1.", 1.0}, {config.Float, "1e999", nil}, {config.Float, "0x1", nil}, {config.Float, "inf", nil},
		{config.Boolean, "ENABLED", true}, {config.Boolean, "0", false}, {config.Boolean, "t", nil}, {config.Boolean, "", nil},
		{config.Strings, " a,, b ", []string{"a", "b"}}, {config.Strings, "", []string{}}, {config.String, " x ", " x "}, {config.Nested, "x", nil},
	} {
		value, ok := config.ParseText(c.kind, c.text)
		if ok != (c.expected != nil) || (ok && !reflect.DeepEqual(value, c.expected)) {
			t.Errorf("%s %q: expected %v, got %v %v", c.kind, c.text, c.expected, value, ok)
		}
	}
	if config.Type(99).String() != "unknown" {
		t.Error("an unknown type says so")
	}
}

func TestNativeDefaultsAndLaxFiles(t *testing.T) {
	path := write(t, "app.json", `{"zzz": 1, "f": 2.5, "o": "file:///not/read", "t": true}`)
	values, err := config.LoadValues([]config.Field{
		{Name: "i", Type: config.Integer, Default: 1, HasDefault: true}, {Name: "f", Type: config.Float}, {Name: "g", Type: config.Float, Default: 2, HasDefault: true},
		{Name: "h", Type: config.Float, Default: int64(3), HasDefault: true}, {Name: "n", Type: config.Integer, HasDefault: true}, {Name: "o"}, {Name: "t", Type: config.Boolean},
		{Name: "s", Default: "file:///kept", HasDefault: true},
	}, config.WithFiles(path), config.WithStrict(false), config.WithSecretFiles(false), environment())
	expected := config.Values{"i": int64(1), "f": 2.5, "g": 2.0, "h": 3.0, "n": nil, "o": "file:///not/read", "t": true, "s": "file:///kept"}
	if err != nil || !reflect.DeepEqual(values, expected) {
		t.Fatalf("expected %v, got %v %v", expected, values, err)
	}
	_, err = config.LoadValues([]config.Field{{Name: "i", Type: config.Integer, Default: []any{1}, HasDefault: true}}, environment())
	if !errors.Is(err, ferrors.ErrConfiguration) {
		t.Fatal(err)
	}
	nested, err := config.LoadValues([]config.Field{{Name: "n", Type: config.Nested, Fields: []config.Field{{Name: "x"}}}}, environment(), config.WithOverrides(map[string]any{"n": config.Values{"x": "1"}}))
	if err != nil || nested["n"].(config.Values)["x"] != "1" {
		t.Fatal(nested, err)
	}
}

func TestLoadRefusesWhatItCannotFill(t *testing.T) {
	for _, target := range []any{nil, appConfig{}, new(int), &struct{ C chan int }{}, &struct{ In struct{ F func() } }{}} {
		if err := config.Load(target); !errors.Is(err, ferrors.ErrConfiguration) {
			t.Errorf("%T: expected a ConfigurationError, got %v", target, err)
		}
	}
	small := struct{ N int8 }{}
	if err := config.Load(&small, environment("N", "300")); !errors.Is(err, ferrors.ErrConfiguration) {
		t.Error(err)
	}
	t.Setenv("FOUNDATION_TEST_NAME", "from the process")
	named := struct{ Name string }{}
	if err := config.Load(&named, config.WithEnvPrefix("FOUNDATION_TEST")); err != nil || named.Name != "from the process" {
		t.Error(named, err)
	}
}
