package process_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	ferrors "foundation/errors"
	"foundation/process"
)

var background = context.Background()

func sh(script string) []string { return []string{"/bin/sh", "-c", script} }

func TestRunReturnsTheOutput(t *testing.T) {
	result, err := process.Run(background, sh("cat; printf err >&2"), process.WithInput([]byte("in\xff")), process.WithTimeout(time.Minute))
	if err != nil || result.StdoutText() != "in\uFFFD" || result.StderrText() != "err" || result.ExitCode != 0 {
		t.Fatalf("%+v %v", result, err)
	}
}

func TestExitCodes(t *testing.T) {
	notExecutable := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(notExecutable, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command      []string
		code, signal int
	}{
		{sh("exit 3"), 3, 0},
		{sh("kill -KILL $$"), 137, 9},
		{[]string{"no-such-program-here"}, 127, 0},
		{[]string{"/no/such/program"}, 127, 0},
		{[]string{notExecutable}, 126, 0},
	} {
		_, err := process.Run(background, c.command)
		var failed *ferrors.ProcessError
		if !errors.As(err, &failed) || failed.ExitCode != c.code || failed.Signal != c.signal {
			t.Errorf("%q: got %+v", c.command, err)
		}
	}
	result, err := process.Run(background, sh("echo out; exit 3"), process.WithCheck(false))
	if err != nil || result.ExitCode != 3 || result.StdoutText() != "out\n" {
		t.Errorf("%+v %v", result, err)
	}
	_, err = process.Run(background, []string{"plain"}, process.WithEnv(map[string]string{"PATH": filepath.Dir(notExecutable) + "::/nowhere"}), process.WithCheck(false))
	var failed *ferrors.ProcessError
	if !errors.As(err, &failed) || failed.ExitCode != 126 {
		t.Errorf("a program that is found and cannot be executed is 126, got %v", err)
	}
}

func TestValidation(t *testing.T) {
	for _, c := range []struct {
		command []string
		options []process.Option
		class   error
	}{
		{nil, nil, ferrors.ErrValidation},
		{[]string{""}, nil, ferrors.ErrValidation},
		{[]string{"echo", "a\x00b"}, nil, ferrors.ErrValidation},
		{[]string{"echo"}, []process.Option{process.WithCwd("/no/such/place")}, ferrors.ErrValidation},
		{[]string{"echo"}, []process.Option{process.WithEnv(map[string]string{"A=B": "x"})}, ferrors.ErrValidation},
		{[]string{"echo"}, []process.Option{process.WithTimeout(0)}, ferrors.ErrConfiguration},
		{[]string{"echo"}, []process.Option{process.WithGracePeriod(-1)}, ferrors.ErrConfiguration},
		{[]string{"echo"}, []process.Option{process.WithEnvMode(9)}, ferrors.ErrConfiguration},
	} {
		if _, err := process.Run(background, c.command, c.options...); !errors.Is(err, c.class) {
			t.Errorf("%q: expected %v, got %v", c.command, c.class, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("FOUNDATION_PARENT", "p")
	t.Setenv("LANG", "C")
	for mode, expected := range map[process.EnvMode]string{
		process.Inherit: "p C x", process.Scrub: "- C x", process.Replace: "- - x",
	} {
		result, err := process.Run(background, sh(`echo ${FOUNDATION_PARENT:--} ${LANG:--} $GIVEN`),
			process.WithEnv(map[string]string{"GIVEN": "x"}), process.WithEnvMode(mode), process.WithCwd("/"))
		if err != nil || strings.TrimSpace(result.StdoutText()) != expected {
			t.Errorf("mode %d: expected %q, got %v %v", mode, expected, result, err)
		}
	}
}

func TestAMegabyteOnBothPipesDoesNotBlock(t *testing.T) {
	script := "head -c 1048576 /dev/zero >&2; head -c 1048576 /dev/zero"
	result, err := process.Run(background, sh(script), process.WithTimeout(time.Minute))
	if err != nil || len(result.Stdout) != 1<<20 || len(result.Stderr) != 1<<20 {
		t.Fatalf("%d %d %v", len(result.Stdout), len(result.Stderr), err)
	}
	big := bytes.Repeat([]byte("x"), 1<<20)
	if result, err = process.Run(background, []string{"cat"}, process.WithInput(big), process.WithTimeout(time.Minute)); err != nil || !bytes.Equal(result.Stdout, big) {
		t.Fatal("the input came back changed", err)
	}
	if _, err = process.Run(background, sh("exec <&-; sleep 0.05"), process.WithInput(big), process.WithTimeout(time.Minute)); err != nil {
		t.Fatalf("a program that closes its input early is no error, got %v", err)
	}
}

func alive(t *testing.T, pid string) bool {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(pid))
	if err != nil {
		t.Fatal(err)
	}
	// A killed process may stay as a zombie of init's until it is reaped.
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(n) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ") && syscall.Kill(n, 0) == nil
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 500 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal(what)
}

func TestTimeoutEndsTheWholeGroup(t *testing.T) {
	_, err := process.Run(background, sh("sleep 60 & echo $!; wait"), process.WithTimeout(300*time.Millisecond))
	var late *ferrors.ProcessTimeoutError
	if !errors.As(err, &late) || late.Escalated || late.Timeout != 300*time.Millisecond || !errors.Is(err, ferrors.ErrProcess) {
		t.Fatalf("expected a time-out without escalation, got %+v", err)
	}
	eventually(t, "the child's child lives", func() bool { return !alive(t, string(late.Stdout)) })
}

func TestTimeoutEscalatesWhenSigtermIsIgnored(t *testing.T) {
	start := time.Now()
	_, err := process.Run(background, sh("trap '' TERM; echo ready; while :; do sleep 1; done"), process.WithTimeout(300*time.Millisecond), process.WithGracePeriod(200*time.Millisecond))
	var late *ferrors.ProcessTimeoutError
	if !errors.As(err, &late) || !late.Escalated || string(late.Stdout) != "ready\n" || late.Signal != 9 {
		t.Fatalf("expected an escalation, got %+v", err)
	}
	if elapsed := time.Since(start); elapsed < 500*time.Millisecond {
		t.Fatalf("the grace period was cut short: %v", elapsed)
	}
	if _, err = process.Run(background, sh("trap 'exit 0' TERM; sleep 60 & wait"), process.WithTimeout(100*time.Millisecond), process.WithGracePeriod(0), process.WithCheck(false)); !errors.As(err, &late) || late.Signal != 9 {
		t.Fatalf("a grace period of zero kills at once, got %+v", err)
	}
}

func TestABackgroundProcessDoesNotHoldTheResult(t *testing.T) {
	result, err := process.Run(background, sh("sleep 30 & echo $!"), process.WithTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if !alive(t, result.StdoutText()) {
		t.Fatal("the background process must be left alone")
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(result.StdoutText()))
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func TestAProcessThatLeftTheGroupCannotHoldTheTimeout(t *testing.T) {
	_, err := process.Run(background, sh("setsid sh -c 'while :; do echo x >&2; sleep 0.05; done' & echo $!; sleep 60"), process.WithTimeout(300*time.Millisecond), process.WithGracePeriod(100*time.Millisecond))
	var late *ferrors.ProcessTimeoutError
	if !errors.As(err, &late) {
		t.Fatalf("expected a time-out, got %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(late.Stdout)))
	if err != nil {
		t.Fatalf("expected the number of a process, got %q", late.Stdout)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func TestCancellation(t *testing.T) {
	ctx, cancel := context.WithTimeout(background, 200*time.Millisecond)
	defer cancel()
	_, err := process.Run(ctx, sh("echo started; sleep 60"))
	var cancelled *ferrors.CancelledError
	var failed *ferrors.ProcessError
	if !errors.As(err, &cancelled) || !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed) || string(failed.Stdout) != "started\n" {
		t.Fatalf("expected a cancellation with the output so far, got %+v", err)
	}
	if _, err = process.Run(ctx, sh("touch /should-not-run")); !errors.Is(err, ferrors.ErrCancelled) {
		t.Fatal(err)
	}
}

func TestStream(t *testing.T) {
	lines := map[process.Output][]string{}
	result, err := process.Stream(background, sh(`printf 'a\r\n\nlast'; printf 'e\n' >&2; exit 4`), func(from process.Output, line string) error {
		lines[from] = append(lines[from], line)
		return nil
	})
	var failed *ferrors.ProcessError
	if !errors.As(err, &failed) || result.ExitCode != 4 {
		t.Fatalf("expected the status after the last line, got %v", err)
	}
	if !reflect.DeepEqual(lines, map[process.Output][]string{process.Stdout: {"a", "", "last"}, process.Stderr: {"e"}}) {
		t.Fatalf("got %q", lines)
	}
	if process.Stdout.String()+process.Stderr.String() != "stdoutstderr" {
		t.Fatal("the streams have names")
	}
}

func TestAConsumerThatStopsEndsTheGroup(t *testing.T) {
	enough := errors.New("enough")
	seen := 0
	_, err := process.Stream(background, sh("while :; do echo x; done"), func(process.Output, string) error {
		seen++
		return enough
	})
	if err != enough || seen != 1 {
		t.Fatalf("%v after %d lines", err, seen)
	}
}

func TestMessagesMaskSecrets(t *testing.T) {
	_, err := process.Run(background, []string{"/bin/sh", "-c", "exit 1", "--password=hunter2", "--token", "hunter2", "API_KEY=hunter2", "--token", "-x", "plain"})
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "--token [REDACTED] API_KEY=[REDACTED] --token -x plain") {
		t.Fatal(err)
	}
}
