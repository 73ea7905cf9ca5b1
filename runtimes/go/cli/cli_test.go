package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"foundation/cli"
	"foundation/config"
	ferrors "foundation/errors"
)

// shop is a program that writes down what it ran.
func shop(ran *[]string) (*cli.App, *bytes.Buffer, *bytes.Buffer) {
	var stdout, stderr bytes.Buffer
	app := cli.NewApp("shop", "1.0", cli.WithOutput(&stdout, &stderr))
	note := func(name string, err error) cli.Run {
		return func(_ context.Context, args cli.Args) error {
			*ran = append(*ran, fmt.Sprint(name, " ", args))
			return err
		}
	}
	app.RegisterCommand("db.migrate", note("migrate", nil), cli.WithDescription("Apply pending migrations"), cli.WithAliases("m"), cli.WithCategory("Database"),
		cli.WithArgument("target", config.String, cli.Help("Where to.")), cli.WithArgument("files", config.Integer, cli.Multiple(), cli.Optional(true)),
		cli.WithOption("dry_run", config.Boolean), cli.WithOption("steps", config.Integer, cli.Default(1), cli.Short("n"), cli.Help("How many.")),
		cli.WithOption("tag", config.String, cli.Multiple()), cli.WithOption("ratio", config.Float))
	app.RegisterCommand("fail", note("fail", errors.New("boom")))
	app.RegisterCommand("exit", note("exit", cli.Exit(7)))
	app.RegisterCommand("stop", note("stop", context.Canceled))
	app.RegisterCommand("secret.tool", note("secret", nil), cli.WithHidden(true))
	app.RegisterCommand("need", note("need", nil), cli.WithOption("key", config.String, cli.Optional(false)))
	return app, &stdout, &stderr
}

func TestRun(t *testing.T) {
	for _, c := range []struct {
		argv   string
		code   int
		ran    string
		stdout string
		stderr string
	}{
		{"db migrate prod", 0, "migrate map[dry_run:false files:[] ratio:<nil> steps:1 tag:[] target:prod]", "", ""},
		{"db m --dry-run prod 1 -n 5 2 --tag a --tag=b --ratio -1.5", 0, "migrate map[dry_run:true files:[1 2] ratio:-1.5 steps:5 tag:[a b] target:prod]", "", ""},
		{"db m --dry-run --no-dry-run -- --odd", 0, "migrate map[dry_run:false files:[] ratio:<nil> steps:1 tag:[] target:--odd]", "", ""},
		{"db m - --tag --help", 0, "migrate map[dry_run:false files:[] ratio:<nil> steps:1 tag:[--help] target:-]", "", ""},
		{"secret tool", 0, "secret map[]", "", ""},
		{"fail", 1, "fail map[]", "", "Error: boom\n"},
		{"exit", 7, "exit map[]", "", ""},
		{"stop", 130, "stop map[]", "", "Interrupted\n"},
		{"--version", 0, "", "shop 1.0\n", ""},
		{"--help", 0, "", "Usage: shop command", ""},
		{"nothing --help", 0, "", "Usage: shop command", ""},
		{"db -h", 0, "", "Usage: shop db command", ""},
		{"db m --bad --help", 0, "", "Usage: shop db migrate [options] target [files...]", ""},
		{"", 2, "", "", "Usage: shop command"},
		{"db", 2, "", "", "Usage: shop db command"},
		{"nothing", 2, "", "", `unknown command "nothing"`},
		{"--bad", 2, "", "", `unknown option "--bad"`},
		{"db m", 2, "", "", "the argument target is missing\nTry 'shop db migrate --help' for help."},
		{"db m x --bad", 2, "", "", `unknown option "--bad"`},
		{"db m x --steps", 2, "", "", "the option --steps needs a value"},
		{"db m x --steps y", 2, "", "", `"y" is not a value for the option --steps`},
		{"db m x y", 2, "", "", `"y" is not a value for the argument files`},
		{"db m x --dry-run=yes", 2, "", "", "the option --dry-run takes no value"},
		{"fail more", 2, "", "", `too many arguments: "more"`},
		{"need", 2, "", "", "the option --key is missing"},
		{"need --key k", 0, "need map[key:k]", "", ""},
	} {
		t.Run(c.argv, func(t *testing.T) {
			var ran []string
			app, stdout, stderr := shop(&ran)
			code := app.Run(context.Background(), strings.Fields(c.argv))
			if code != c.code || strings.Join(ran, "; ") != c.ran || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) ||
				(c.stdout == "") != (stdout.Len() == 0) || (c.stderr == "") != (stderr.Len() == 0) {
				t.Fatalf("code %d, ran %q, stdout %q, stderr %q", code, ran, stdout, stderr)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var ran []string
	app, stdout, _ := shop(&ran)
	app.Run(context.Background(), []string{"db", "--help"})
	app.Run(context.Background(), []string{"db", "migrate", "--help"})
	app.Run(context.Background(), []string{"--help"})
	help := stdout.String()
	for _, part := range []string{"Database:\n  migrate, m  Apply pending migrations", "Usage: shop db migrate [options] target [files...]\n\nApply pending migrations\n",
		"  target  Where to.", "-n, --steps INTEGER", "How many. (default: 1)", "--dry-run, --no-dry-run", "Aliases: m", "Groups:\n  db\n", "  --version   Show the version."} {
		if !strings.Contains(help, part) {
			t.Errorf("the help lacks %q:\n%s", part, help)
		}
	}
	if strings.Contains(help, "secret") {
		t.Errorf("the hidden command is shown:\n%s", help)
	}
	app.Run(context.Background(), []string{"need", "--help"})
	if !strings.Contains(stdout.String(), "(required)") {
		t.Error("a required option says so")
	}
}

func TestRegisterRefuses(t *testing.T) {
	for _, names := range [][]string{{""}, {"a..b"}, {"a", "a"}, {"a", "a.b"}, {"a.b", "a"}} {
		func() {
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, ferrors.ErrConfiguration) {
					t.Errorf("%q: expected a ConfigurationError, got %v", names, err)
				}
			}()
			app := cli.NewApp("x", "1")
			for _, name := range names {
				app.RegisterCommand(name, nil)
			}
		}()
	}
	for _, aliases := range [][]string{{""}, {"a"}, {"b", "b"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q: expected a panic", aliases)
				}
			}()
			cli.NewApp("x", "1").RegisterCommand("a", nil, cli.WithAliases(aliases...))
		}()
	}
}

func TestArgs(t *testing.T) {
	args := cli.Args{"s": "x", "i": int64(3), "f": 1.5, "b": true, "l": []any{"a", "b"}}
	if args.String("s") != "x" || args.Int("i") != 3 || args.Float("f") != 1.5 || !args.Bool("b") || !reflect.DeepEqual(args.Strings("l"), []string{"a", "b"}) || args.Int("none") != 0 {
		t.Fatal(args)
	}
	if cli.Exit(3).Error() != "exit with code 3" {
		t.Fatal(cli.Exit(3))
	}
}

func TestMainExitsWithTheCode(t *testing.T) {
	if os.Getenv("FOUNDATION_CLI_MAIN") != "" {
		os.Args = []string{"shop", "exit"}
		app := cli.NewApp("shop", "1.0")
		app.RegisterCommand("exit", func(context.Context, cli.Args) error { return cli.Exit(5) })
		app.Main()
	}
	cmd := exec.Command(os.Args[0], "-test.run=TestMainExitsWithTheCode")
	cmd.Env = append(os.Environ(), "FOUNDATION_CLI_MAIN=1")
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 5 {
		t.Fatalf("expected the code 5, got %v", err)
	}
}
