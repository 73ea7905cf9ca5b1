// Package process runs programs: in a process group of their own that is ended as a whole, with both pipes drained and
// an explicit environment. No shell is involved.
//
// It stands on os/exec for starting and waiting only: os/exec's own time-out kills the program but not what it started,
// and its WaitDelay cuts off output that is still coming.
package process

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	ferrors "foundation/errors"
	"foundation/internal/record"
	"foundation/internal/text"
)

// EnvMode says what of the parent's environment the program sees.
type EnvMode uint8

const (
	// Inherit passes the parent's environment and the given variables. It is the default.
	Inherit EnvMode = iota
	// Replace passes the given variables only.
	Replace
	// Scrub passes the given variables and, of the parent's, only the harmless ones: PATH, HOME, LANG, LANGUAGE, LC_ALL,
	// LC_CTYPE, TZ, TMPDIR, USER, LOGNAME, SHELL and TERM.
	Scrub
)

var harmless = []string{"PATH", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL", "TERM"}

// The spec's defaults and limits.
const (
	DefaultGracePeriod = 5 * time.Second

	maxTimeout     = 604_800 * time.Second
	maxGracePeriod = 3600 * time.Second
	// quietLimit is how long a pipe that a background process keeps open may stay silent after the program's end.
	quietLimit = time.Second
)

type settings struct {
	timeout    time.Duration
	hasTimeout bool
	check      bool
	cwd        string
	env        map[string]string
	envMode    EnvMode
	input      []byte
	grace      time.Duration
}

// Option configures Run and Stream.
type Option func(*settings)

// WithTimeout ends the program's group after d, from more than 0 to a week.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) { s.timeout, s.hasTimeout = d, true }
}

// WithCheck says whether a status other than 0 is a *ProcessError; it is by default.
func WithCheck(check bool) Option { return func(s *settings) { s.check = check } }

// WithCwd sets the program's working directory.
func WithCwd(directory string) Option { return func(s *settings) { s.cwd = directory } }

// WithEnv gives variables, which win over the parent's.
func WithEnv(env map[string]string) Option { return func(s *settings) { s.env = env } }

// WithEnvMode says what of the parent's environment is passed on.
func WithEnvMode(mode EnvMode) Option { return func(s *settings) { s.envMode = mode } }

// WithInput is what the program reads on standard input; the default is nothing.
func WithInput(input []byte) Option { return func(s *settings) { s.input = input } }

// WithGracePeriod is the time between SIGTERM and SIGKILL, from 0 (SIGKILL at once) to an hour; the default is 5 s.
func WithGracePeriod(d time.Duration) Option { return func(s *settings) { s.grace = d } }

// Result is what a program left behind.
type Result struct {
	// Command is the argument vector with secrets masked.
	Command []string
	// ExitCode is the exit status, or 128+N when signal N ended the program.
	ExitCode int
	// Signal is the signal that ended the program, or 0.
	Signal         int
	Stdout, Stderr []byte
}

// StdoutText is standard output as text; what is not UTF-8 becomes U+FFFD.
func (r *Result) StdoutText() string { return text.Valid(r.Stdout) }

// StderrText is standard error as text; what is not UTF-8 becomes U+FFFD.
func (r *Result) StderrText() string { return text.Valid(r.Stderr) }

// Output names one of a program's two streams.
type Output uint8

// The two streams.
const (
	Stdout Output = iota
	Stderr
)

// String is "stdout" or "stderr".
func (o Output) String() string {
	if o == Stderr {
		return "stderr"
	}
	return "stdout"
}

// Run runs a program to its end and returns its output. The error is a *ProcessError when it could not be started or,
// with WithCheck(true), did not exit with 0; a *ProcessTimeoutError after the time-out; a *CancelledError when ctx ended
// first; a *ValidationError when the command cannot be meant. Output so far is in the errors.
func Run(ctx context.Context, command []string, opts ...Option) (*Result, error) {
	return run(ctx, command, nil, opts)
}

// Stream runs a program and hands over its lines as they come, one call at a time, without their line ends; the last
// line is delivered without one too. An error from onLine ends the program's group and is returned as it is. The result
// holds no output.
func Stream(ctx context.Context, command []string, onLine func(from Output, line string) error, opts ...Option) (*Result, error) {
	return run(ctx, command, onLine, opts)
}

func run(ctx context.Context, command []string, onLine func(Output, string) error, opts []Option) (*Result, error) {
	s := settings{check: true, grace: DefaultGracePeriod}
	for _, opt := range opts {
		opt(&s)
	}
	if err := s.validate(command); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, &ferrors.CancelledError{Reason: err}
	}
	child, err := s.start(command, onLine)
	if err != nil {
		return nil, err
	}
	return child.wait(ctx)
}

func (s *settings) validate(command []string) error {
	if s.hasTimeout && (s.timeout <= 0 || s.timeout > maxTimeout) {
		return ferrors.OutOfRange("timeout", s.timeout, "more than 0", maxTimeout)
	}
	if s.grace < 0 || s.grace > maxGracePeriod {
		return ferrors.OutOfRange("grace_period", s.grace, 0, maxGracePeriod)
	}
	if s.envMode > Scrub {
		return ferrors.BadParameter("env_mode", "env_mode must be Inherit, Replace or Scrub")
	}
	if len(command) == 0 || command[0] == "" {
		return &ferrors.ValidationError{Message: "the command is empty; it must hold at least the program's name"}
	}
	for _, argument := range command {
		if strings.ContainsRune(argument, 0) {
			return &ferrors.ValidationError{Message: "an argument contains a NUL character, which no program can receive"}
		}
	}
	for name, value := range s.env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			return &ferrors.ValidationError{Message: "the environment variable " + strings.ToValidUTF8(name, "?") + " cannot be passed to a program"}
		}
	}
	if s.cwd != "" {
		if info, err := os.Stat(s.cwd); err != nil || !info.IsDir() {
			return &ferrors.ValidationError{Message: "the working directory " + s.cwd + " is not a directory", Cause: err}
		}
	}
	return nil
}

func (s *settings) environment() []string {
	merged := map[string]string{}
	if s.envMode != Replace {
		for _, entry := range os.Environ() {
			name, value, _ := strings.Cut(entry, "=")
			if s.envMode == Inherit || contains(harmless, name) {
				merged[name] = value
			}
		}
	}
	for name, value := range s.env {
		merged[name] = value
	}
	list := make([]string, 0, len(merged))
	for name, value := range merged {
		list = append(list, name+"="+value)
	}
	sort.Strings(list)
	return list
}

func contains(list []string, wanted string) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}

// find looks the program up in the child's PATH, else in the parent's; the error is ENOENT or EACCES.
func find(program string, environment []string) (string, error) {
	if strings.ContainsRune(program, '/') {
		return program, nil
	}
	search := os.Getenv("PATH")
	for _, entry := range environment {
		if value, found := strings.CutPrefix(entry, "PATH="); found {
			search = value
		}
	}
	var result error = syscall.ENOENT
	for _, directory := range filepath.SplitList(search) {
		if directory == "" {
			directory = "."
		}
		path := filepath.Join(directory, program)
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			continue
		}
		if info.Mode()&0o111 == 0 {
			result = syscall.EACCES
			continue
		}
		if !strings.ContainsRune(path, '/') {
			path = "./" + path
		}
		return path, nil
	}
	return "", result
}

type child struct {
	settings *settings
	masked   []string
	cmd      *exec.Cmd
	pipes    [2]*os.File
	output   [2]bytes.Buffer
	onLine   func(Output, string) error
	lineLock sync.Mutex
	lineErr  error
	// drained is closed when both pipes are at their end; stopped when onLine returned an error.
	drained, stopped chan struct{}
	lastRead         [2]chan time.Time
}

func (s *settings) start(command []string, onLine func(Output, string) error) (*child, error) {
	c := &child{
		settings: s,
		masked:   record.MaskCommand(command),
		onLine:   onLine,
		drained:  make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	environment := s.environment()
	path, err := find(command[0], environment)
	if err != nil {
		return nil, c.startError(err)
	}
	c.cmd = &exec.Cmd{
		Path:        path,
		Args:        command,
		Env:         environment,
		Dir:         s.cwd,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if s.input != nil {
		c.cmd.Stdin = bytes.NewReader(s.input)
	}
	var theirs [2]*os.File
	defer func() {
		for _, file := range theirs {
			if file != nil {
				_ = file.Close()
			}
		}
	}()
	for i := range theirs {
		if c.pipes[i], theirs[i], err = os.Pipe(); err != nil {
			c.closePipes()
			return nil, c.startError(err)
		}
	}
	c.cmd.Stdout, c.cmd.Stderr = theirs[0], theirs[1]
	// os/exec copies the input in a goroutine; Wait must not wait for it once the program has exited.
	c.cmd.WaitDelay = time.Millisecond
	if err := c.cmd.Start(); err != nil {
		c.closePipes()
		return nil, c.startError(err)
	}
	var readers sync.WaitGroup
	for i := range c.pipes {
		c.lastRead[i] = make(chan time.Time, 1)
		readers.Add(1)
		go func() {
			defer readers.Done()
			c.drain(Output(i))
		}()
	}
	go func() {
		readers.Wait()
		close(c.drained)
	}()
	return c, nil
}

func (c *child) closePipes() {
	for _, pipe := range c.pipes {
		if pipe != nil {
			_ = pipe.Close()
		}
	}
}

func (c *child) startError(err error) error {
	code := 126
	if errors.Is(err, fs.ErrNotExist) {
		code = 127
	}
	return &ferrors.ProcessError{Command: c.masked, ExitCode: code, Cause: err}
}

// drain reads one pipe to its end.
func (c *child) drain(from Output) {
	chunk := make([]byte, 32<<10)
	var partial []byte
	for {
		n, err := c.pipes[from].Read(chunk)
		if n > 0 {
			select {
			case <-c.lastRead[from]:
			default:
			}
			c.lastRead[from] <- time.Now()
			if c.onLine == nil {
				c.output[from].Write(chunk[:n])
			} else {
				partial = c.deliver(from, append(partial, chunk[:n]...))
			}
		}
		if err != nil {
			break
		}
	}
	if len(partial) > 0 {
		c.deliver(from, append(partial, '\n'))
	}
}

// deliver hands over the whole lines of data and returns the rest.
func (c *child) deliver(from Output, data []byte) []byte {
	c.lineLock.Lock()
	defer c.lineLock.Unlock()
	for {
		line, rest, found := bytes.Cut(data, []byte{'\n'})
		if !found {
			return data
		}
		if c.lineErr == nil {
			c.lineErr = c.onLine(from, text.Valid(bytes.TrimSuffix(line, []byte{'\r'})))
			if c.lineErr != nil {
				close(c.stopped)
			}
		}
		data = rest
	}
}

// wait waits for the end, makes an end of it after the time-out, and gathers the result.
func (c *child) wait(ctx context.Context) (*Result, error) {
	exited := make(chan struct{})
	go func() {
		_ = c.cmd.Wait() // The status is read from ProcessState; copying errors of the input are no errors.
		close(exited)
	}()
	var timeout <-chan time.Time
	if c.settings.hasTimeout {
		timer := time.NewTimer(c.settings.timeout)
		defer timer.Stop()
		timeout = timer.C
	}
	ended := make(chan struct{})
	go func() {
		<-exited
		c.waitForQuiet()
		close(ended)
	}()
	timedOut, cancelled, escalated := false, false, false
	select {
	case <-ended:
	case <-timeout:
		timedOut, escalated = true, c.end(exited, ended)
	case <-ctx.Done():
		cancelled, escalated = true, c.end(exited, ended)
	case <-c.stopped:
		escalated = c.end(exited, ended)
	}
	c.closePipes()
	<-c.drained
	return c.result(ctx, timedOut, cancelled, escalated)
}

// waitForQuiet returns when both pipes are at their end or, the program having exited, none has had new bytes for the
// quiet limit.
func (c *child) waitForQuiet() {
	last := time.Now()
	for {
		timer := time.NewTimer(time.Until(last.Add(quietLimit)))
		select {
		case <-c.drained:
			timer.Stop()
			return
		case at := <-c.lastRead[Stdout]:
			last = latest(last, at)
		case at := <-c.lastRead[Stderr]:
			last = latest(last, at)
		case <-timer.C:
			return
		}
		timer.Stop()
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// end asks the group to end, then makes it, and reports whether asking was not enough.
func (c *child) end(exited, ended <-chan struct{}) (escalated bool) {
	group := -c.cmd.Process.Pid
	escalated = c.settings.grace == 0
	if !escalated {
		_ = syscall.Kill(group, syscall.SIGTERM)
		timer := time.NewTimer(c.settings.grace)
		defer timer.Stop()
		select {
		case <-ended:
		case <-timer.C:
			escalated = true
		}
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-exited
	// A process that left the group may hold the pipes, and may even write without pause: it gets no more than a moment.
	select {
	case <-ended:
	case <-time.After(quietLimit):
	}
	return escalated
}

func (c *child) result(ctx context.Context, timedOut, cancelled, escalated bool) (*Result, error) {
	r := &Result{Command: c.masked, Stdout: c.output[Stdout].Bytes(), Stderr: c.output[Stderr].Bytes()}
	r.ExitCode = c.cmd.ProcessState.ExitCode()
	if status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		r.Signal = int(status.Signal())
		r.ExitCode = 128 + r.Signal
	}
	failed := ferrors.ProcessError{Command: r.Command, ExitCode: r.ExitCode, Signal: r.Signal, Stdout: r.Stdout, Stderr: r.Stderr}
	switch {
	case timedOut:
		return r, &ferrors.ProcessTimeoutError{ProcessError: failed, Timeout: c.settings.timeout, Escalated: escalated}
	case cancelled:
		return r, &ferrors.CancelledError{Reason: ctx.Err(), Cause: &failed}
	case c.lineErr != nil:
		return r, c.lineErr
	case c.settings.check && r.ExitCode != 0:
		return r, &failed
	}
	return r, nil
}
