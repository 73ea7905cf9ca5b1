// Package cli builds command lines: commands in groups, typed options and arguments, help, and the exit codes 0 for
// success, 1 for a failed command, 2 for a usage error and 130 for an interruption.
//
// Neither the standard library's flag nor cobra is underneath: flag stops at the first argument and knows neither
// --no-name nor repeated options, cobra's exit codes are main's affair, and both take abbreviations or spellings that
// the other languages do not.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"foundation/config"
	ferrors "foundation/errors"
)

// The exit codes.
const (
	ExitSuccess     = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitInterrupted = 130
)

// ExitError ends the program with a code of the command's choice and no message.
type ExitError struct{ Code int }

func (e *ExitError) Error() string { return "exit with code " + strconv.Itoa(e.Code) }

// Exit is the error a command returns to choose the exit code.
func Exit(code int) error { return &ExitError{code} }

// Args are the parameters of one call, by name: string, int64, float64, bool, []any for those that collect, nil for an
// absent one without default.
type Args map[string]any

// String is a string parameter, "" when absent.
func (a Args) String(name string) string { return get[string](a, name) }

// Int is an integer parameter, 0 when absent.
func (a Args) Int(name string) int { return int(get[int64](a, name)) }

// Float is a float parameter, 0 when absent.
func (a Args) Float(name string) float64 { return get[float64](a, name) }

// Bool is a boolean option.
func (a Args) Bool(name string) bool { return get[bool](a, name) }

// Strings are the values of a string parameter that collects.
func (a Args) Strings(name string) []string {
	var values []string
	for _, value := range get[[]any](a, name) {
		if s, ok := value.(string); ok {
			values = append(values, s)
		}
	}
	return values
}

func get[T any](a Args, name string) T {
	value, _ := a[name].(T)
	return value
}

// Run is what a command does.
type Run func(ctx context.Context, args Args) error

type parameter struct {
	name       string
	kind       config.Type
	option     bool
	required   bool
	value      any
	hasDefault bool
	multiple   bool
	short      string
	help       string
}

// flag is the name as it is typed.
func (p *parameter) flag() string { return strings.ReplaceAll(p.name, "_", "-") }

type command struct {
	name        string
	run         Run
	description string
	aliases     []string
	hidden      bool
	category    string
	arguments   []*parameter
	options     []*parameter
}

// CommandOption configures RegisterCommand.
type CommandOption func(*command)

// WithDescription says what the command does, in its help.
func WithDescription(text string) CommandOption { return func(c *command) { c.description = text } }

// WithAliases gives other names, in the same group.
func WithAliases(names ...string) CommandOption {
	return func(c *command) { c.aliases = append(c.aliases, names...) }
}

// WithHidden leaves the command out of listings; it still runs.
func WithHidden(hidden bool) CommandOption { return func(c *command) { c.hidden = hidden } }

// WithCategory lists the command under a heading.
func WithCategory(name string) CommandOption { return func(c *command) { c.category = name } }

// ParameterOption configures an argument or an option.
type ParameterOption func(*parameter)

// Default is the value of an absent parameter; an argument with a default is not required.
func Default(value any) ParameterOption {
	return func(p *parameter) {
		if i, ok := value.(int); ok {
			value = int64(i)
		}
		p.value, p.hasDefault, p.required = value, true, false
	}
}

// Optional makes an argument optional, or with false an option required.
func Optional(optional bool) ParameterOption { return func(p *parameter) { p.required = !optional } }

// Multiple collects the values of a repeated option, or of the last arguments.
func Multiple() ParameterOption { return func(p *parameter) { p.multiple = true } }

// Short gives an option a one-letter name.
func Short(letter string) ParameterOption { return func(p *parameter) { p.short = letter } }

// Help describes the parameter in the command's help.
func Help(text string) ParameterOption { return func(p *parameter) { p.help = text } }

// WithArgument adds a positional argument, in order.
func WithArgument(name string, kind config.Type, opts ...ParameterOption) CommandOption {
	return func(c *command) {
		p := &parameter{name: name, kind: kind, required: true}
		for _, opt := range opts {
			opt(p)
		}
		c.arguments = append(c.arguments, p)
	}
}

// WithOption adds an option --name; a Boolean one is a switch with --no-name beside it.
func WithOption(name string, kind config.Type, opts ...ParameterOption) CommandOption {
	return func(c *command) {
		p := &parameter{name: name, kind: kind, option: true}
		for _, opt := range opts {
			opt(p)
		}
		c.options = append(c.options, p)
	}
}

// App is a program with commands.
type App struct {
	name, version  string
	stdout, stderr io.Writer
	root           *group
}

type group struct {
	path     []string
	groups   map[string]*group
	commands map[string]*command // By name and alias.
}

func newGroup(path []string) *group {
	return &group{path: path, groups: map[string]*group{}, commands: map[string]*command{}}
}

// AppOption configures NewApp.
type AppOption func(*App)

// WithOutput sends help to stdout and errors to stderr instead of the process's own.
func WithOutput(stdout, stderr io.Writer) AppOption {
	return func(a *App) { a.stdout, a.stderr = stdout, stderr }
}

// NewApp returns a program without commands.
func NewApp(name, version string, opts ...AppOption) *App {
	a := &App{name: name, version: version, stdout: os.Stdout, stderr: os.Stderr, root: newGroup(nil)}
	for _, opt := range opts {
		opt(a)
	}
	return a
}

// RegisterCommand adds a command; dots in its name make groups. It panics with a *ConfigurationError when the name is
// taken or is not one, as http.HandleFunc does for a pattern: that is a mistake in the program.
func (a *App) RegisterCommand(name string, run Run, opts ...CommandOption) {
	c := &command{name: name, run: run}
	for _, opt := range opts {
		opt(c)
	}
	path := strings.Split(name, ".")
	if slices.Contains(path, "") {
		panic(ferrors.BadParameter("name", fmt.Sprintf("the command name %q has an empty part", name)))
	}
	g := a.root
	for _, part := range path[:len(path)-1] {
		if _, taken := g.commands[part]; taken {
			panic(ferrors.BadParameter("name", fmt.Sprintf("%q cannot be a group for %q: there is a command of that name", part, name)))
		}
		if g.groups[part] == nil {
			g.groups[part] = newGroup(append(slices.Clone(g.path), part))
		}
		g = g.groups[part]
	}
	names := append([]string{path[len(path)-1]}, c.aliases...)
	for i, each := range names {
		if each == "" {
			panic(ferrors.BadParameter("aliases", fmt.Sprintf("the command %q has an empty alias", name)))
		}
		if g.commands[each] != nil || g.groups[each] != nil || slices.Contains(names[:i], each) {
			panic(ferrors.BadParameter("name", fmt.Sprintf("the command %q is registered twice", strings.Join(append(slices.Clone(g.path), each), "."))))
		}
	}
	for _, each := range names {
		g.commands[each] = c
	}
}

// usageError is a mistake on the command line.
type usageError struct{ message, path string }

func (e *usageError) Error() string { return e.message }

// Main runs the program with the process's arguments, ends the commands' context on SIGINT and SIGTERM, and exits.
func (a *App) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := a.Run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// Run runs the command that argv (without the program's name) asks for and returns the exit code.
func (a *App) Run(ctx context.Context, argv []string) int {
	err := a.dispatch(ctx, argv)
	var usage *usageError
	var exit *ExitError
	switch {
	case err == nil:
		return ExitSuccess
	case errors.As(err, &exit):
		return exit.Code
	case errors.As(err, &usage):
		fmt.Fprintf(a.stderr, "Error: %s\nTry '%s --help' for help.\n", usage.message, usage.path)
		return ExitUsage
	case ferrors.IsCancellation(ctx, err):
		fmt.Fprintln(a.stderr, "Interrupted")
		return ExitInterrupted
	}
	fmt.Fprintf(a.stderr, "Error: %v\n", err)
	return ExitFailure
}

func isHelp(token string) bool { return token == "--help" || token == "-h" }

func (a *App) dispatch(ctx context.Context, argv []string) error {
	g := a.root
	for i, token := range argv {
		path := strings.Join(append([]string{a.name}, g.path...), " ")
		if inner := g.groups[token]; inner != nil {
			g = inner
			continue
		}
		if c := g.commands[token]; c != nil {
			return a.runCommand(ctx, c, path+" "+strings.Split(c.name, ".")[len(g.path)], argv[i+1:])
		}
		if i == 0 && token == "--version" {
			fmt.Fprintf(a.stdout, "%s %s\n", a.name, a.version)
			return nil
		}
		if rest := argv[i:]; slices.ContainsFunc(rest[:beforeDashes(rest)], isHelp) {
			a.groupHelp(a.stdout, g, path)
			return nil
		}
		kind := "command"
		if strings.HasPrefix(token, "-") {
			kind = "option"
		}
		return &usageError{fmt.Sprintf("unknown %s %q", kind, token), path}
	}
	a.groupHelp(a.stderr, g, strings.Join(append([]string{a.name}, g.path...), " "))
	return Exit(ExitUsage)
}

// beforeDashes is the number of tokens before "--".
func beforeDashes(tokens []string) int {
	if i := slices.Index(tokens, "--"); i >= 0 {
		return i
	}
	return len(tokens)
}

func (a *App) runCommand(ctx context.Context, c *command, path string, tokens []string) error {
	if c.asksForHelp(tokens) {
		c.help(a.stdout, path)
		return nil
	}
	args, err := c.parse(tokens, path)
	if err != nil {
		return err
	}
	return c.run(ctx, args)
}

// option finds the option that a token names, without its value; negated says that it was --no-name.
func (c *command) option(token string) (p *parameter, negated bool) {
	for _, p := range c.options {
		if token == "--"+p.flag() || (p.short != "" && token == "-"+p.short) {
			return p, false
		}
		if p.kind == config.Boolean && token == "--no-"+p.flag() {
			return p, true
		}
	}
	return nil, false
}

func (c *command) asksForHelp(tokens []string) bool {
	for i := 0; i < len(tokens) && tokens[i] != "--"; i++ {
		if isHelp(tokens[i]) {
			return true
		}
		if p, _ := c.option(tokens[i]); p != nil && p.kind != config.Boolean {
			i++ // The next token is its value.
		}
	}
	return false
}

func (c *command) parse(tokens []string, path string) (Args, error) {
	usage := func(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...), path} }
	args := Args{}
	for _, p := range append(slices.Clone(c.arguments), c.options...) {
		switch {
		case p.hasDefault:
			args[p.name] = p.value
		case p.multiple:
			args[p.name] = []any{}
		case p.option && p.kind == config.Boolean:
			args[p.name] = false
		default:
			args[p.name] = nil
		}
	}
	given := map[string][]any{}
	store := func(p *parameter, text string) error {
		value, ok := config.ParseText(p.kind, text)
		if !ok {
			return usage("%q is not a value for %s, which is of the type %s", text, p.label(), p.kind)
		}
		given[p.name] = append(given[p.name], value)
		return nil
	}
	var positional []string
	for i := 0; i < len(tokens); i++ {
		token := tokens[i]
		if token == "--" {
			positional = append(positional, tokens[i+1:]...)
			break
		}
		if !strings.HasPrefix(token, "-") || token == "-" {
			positional = append(positional, token)
			continue
		}
		name, value, hasValue := token, "", false
		if strings.HasPrefix(token, "--") {
			name, value, hasValue = strings.Cut(token, "=")
		}
		p, negated := c.option(name)
		switch {
		case p == nil:
			return nil, usage("unknown option %q", name)
		case p.kind == config.Boolean && hasValue:
			return nil, usage("the option %s takes no value", name)
		case p.kind == config.Boolean:
			given[p.name] = append(given[p.name], !negated)
			continue
		case !hasValue && i+1 == len(tokens):
			return nil, usage("the option %s needs a value", name)
		case !hasValue:
			i++
			value = tokens[i]
		}
		if err := store(p, value); err != nil {
			return nil, err
		}
	}
	for i, p := range c.arguments {
		if len(positional) == 0 {
			break
		}
		count := 1
		if p.multiple {
			// The arguments after one that collects take theirs first.
			count = max(len(positional)-(len(c.arguments)-i-1), 1)
		}
		for _, text := range positional[:count] {
			if err := store(p, text); err != nil {
				return nil, err
			}
		}
		positional = positional[count:]
	}
	if len(positional) > 0 {
		return nil, usage("too many arguments: %q was not expected", positional[0])
	}
	for _, p := range append(slices.Clone(c.arguments), c.options...) {
		values := given[p.name]
		switch {
		case len(values) == 0 && p.required:
			return nil, usage("%s is missing", p.label())
		case len(values) == 0:
		case p.multiple:
			args[p.name] = values
		default:
			args[p.name] = values[len(values)-1]
		}
	}
	return args, nil
}

func (p *parameter) label() string {
	if p.option {
		return "the option --" + p.flag()
	}
	return "the argument " + p.name
}

func (c *command) help(w io.Writer, path string) {
	usage := "Usage: " + path
	if len(c.options) > 0 {
		usage += " [options]"
	}
	for _, p := range c.arguments {
		name := p.name
		if p.multiple {
			name += "..."
		}
		if !p.required {
			name = "[" + name + "]"
		}
		usage += " " + name
	}
	fmt.Fprintln(w, usage)
	if c.description != "" {
		fmt.Fprintf(w, "\n%s\n", c.description)
	}
	var rows [][2]string
	for _, p := range c.arguments {
		rows = append(rows, [2]string{p.name, p.details()})
	}
	section(w, "Arguments", rows)
	rows = nil
	for _, p := range c.options {
		name := "--" + p.flag()
		if p.kind == config.Boolean {
			name += ", --no-" + p.flag()
		} else {
			name += " " + strings.ToUpper(strings.ReplaceAll(p.kind.String(), " ", "-"))
		}
		if p.short != "" {
			name = "-" + p.short + ", " + name
		}
		rows = append(rows, [2]string{name, p.details()})
	}
	section(w, "Options", append(rows, [2]string{"-h, --help", "Show this help."}))
	if len(c.aliases) > 0 {
		fmt.Fprintf(w, "\nAliases: %s\n", strings.Join(c.aliases, ", "))
	}
}

func (p *parameter) details() string {
	details := []string{}
	if p.help != "" {
		details = append(details, p.help)
	}
	if p.hasDefault && p.value != nil {
		details = append(details, fmt.Sprintf("(default: %v)", p.value))
	}
	if p.required && p.option {
		details = append(details, "(required)")
	}
	return strings.Join(details, " ")
}

func section(w io.Writer, title string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	width := 0
	for _, row := range rows {
		width = max(width, len(row[0]))
	}
	fmt.Fprintf(w, "\n%s:\n", title)
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %-*s  %s", width, row[0], row[1]), " "))
	}
}

func (a *App) groupHelp(w io.Writer, g *group, path string) {
	fmt.Fprintf(w, "Usage: %s command [options and arguments]\n", path)
	byCategory := map[string][][2]string{}
	listed := map[*command]bool{}
	for _, c := range g.commands {
		if c.hidden || listed[c] {
			continue
		}
		listed[c] = true
		parts := strings.Split(c.name, ".")
		name := strings.Join(append([]string{parts[len(parts)-1]}, c.aliases...), ", ")
		category := c.category
		if category == "" {
			category = "Commands"
		}
		byCategory[category] = append(byCategory[category], [2]string{name, c.description})
	}
	for name, inner := range g.groups {
		if inner.visible() {
			byCategory["Groups"] = append(byCategory["Groups"], [2]string{name, ""})
		}
	}
	categories := make([]string, 0, len(byCategory))
	for category := range byCategory {
		categories = append(categories, category)
	}
	sort.Strings(categories)
	for _, category := range categories {
		rows := byCategory[category]
		sort.Slice(rows, func(i, j int) bool { return rows[i][0] < rows[j][0] })
		section(w, category, rows)
	}
	options := [][2]string{{"-h, --help", "Show this help."}}
	if g == a.root {
		options = append(options, [2]string{"--version", "Show the version."})
	}
	section(w, "Options", options)
}

// visible reports whether the group holds a command that is listed.
func (g *group) visible() bool {
	for _, c := range g.commands {
		if !c.hidden {
			return true
		}
	}
	for _, inner := range g.groups {
		if inner.visible() {
			return true
		}
	}
	return false
}
