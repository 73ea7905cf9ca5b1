package main

import (
	"bytes"
	"context"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"foundation/cli"
	"foundation/clock"
	"foundation/config"
	"foundation/errors"
	"foundation/files"
	"foundation/httpclient"
	"foundation/logging"
	"foundation/process"
	"foundation/resilience"
)

func check(ok bool, format string, args ...any) {
	if !ok {
		panic(fmt.Sprintf(format, args...))
	}
}

func jitter(value any) resilience.Jitter {
	ratio := 0.25
	kind := "symmetric"
	switch value := value.(type) {
	case bool:
		if !value {
			kind = "none"
		}
	case string:
		kind = value
	case object:
		kind, _ = value["kind"].(string)
		if number, ok := value["ratio"].(json.Number); ok {
			ratio, _ = number.Float64()
		}
	}
	switch kind {
	case "none":
		return resilience.NoJitter
	case "full":
		return resilience.FullJitter
	case "equal":
		return resilience.EqualJitter
	case "symmetric":
		return resilience.Symmetric(ratio)
	}
	panic(errors.BadParameter("jitter", "unknown kind of jitter"))
}

func retry(g given) answer {
	options := []resilience.RetryOption{resilience.WithRandom(g.random())}
	if g.has("max_attempts") {
		options = append(options, resilience.WithMaxAttempts(g.int("max_attempts")))
	}
	if g.has("base_delay") {
		options = append(options, resilience.WithBaseDelay(g.seconds("base_delay")))
	}
	if g.has("max_delay") {
		options = append(options, resilience.WithMaxDelay(g.seconds("max_delay")))
	}
	if g.has("backoff_strategy") {
		strategy, ok := map[string]resilience.BackoffStrategy{"exponential": resilience.Exponential, "linear": resilience.Linear, "fixed": resilience.Fixed}[g.string("backoff_strategy")]
		if !ok {
			strategy = 255
		}
		options = append(options, resilience.WithBackoff(strategy))
	}
	if g.has("jitter") {
		options = append(options, resilience.WithJitter(jitter(g["jitter"])))
	}
	if g.has("retryable") {
		options = append(options, resilience.WithRetryable(g.classes("retryable")...))
	}
	if g.has("non_retryable") {
		options = append(options, resilience.WithNonRetryable(g.classes("non_retryable")...))
	}
	var trace []string
	log := func(format string, args ...any) { trace = append(trace, fmt.Sprintf(format, args...)) }
	virtual, ctx := g.clock(log)
	var source clock.Clock = virtual
	moment := virtual.Now
	if g.string("clock") == "real" {
		source, moment = observed{clock.System(), log}, func() time.Duration { return 0 }
	}
	calls := 0
	operation := func(context.Context) (string, error) {
		calls++
		log("%d call %d", moment(), calls)
		outcomes := g.list("outcomes")
		outcome := outcomes[min(calls, len(outcomes))-1]
		if timed, ok := outcome.(object); ok {
			if timed["takes"] != nil {
				virtual.Advance(time.Duration(integer(timed["takes"])))
			}
			outcome = timed["outcome"]
		}
		if outcome == "ok" {
			log("%d ok %d", moment(), calls)
			return "value", nil
		}
		log("%d fail %d %s", moment(), calls, outcome)
		return "", makeError(outcome.(string), "scripted")
	}
	start := source.Now()
	var value string
	err := catching(func() (err error) {
		value, err = resilience.RetryValue(ctx, operation, append(options, resilience.WithClock(source))...)
		return err
	})
	if calls == 0 && errors.Is(err, errors.ErrConfiguration) {
		panic(err)
	}
	check((value == "value") == (err == nil), "the value %q came with the error %v", value, err)
	var exceeded *errors.MaxRetriesExceeded
	var cancelled *errors.CancelledError
	var cause error
	if errors.As(err, &exceeded) {
		cause = exceeded.Cause
	} else if errors.As(err, &cancelled) {
		cause = cancelled.Cause
	}
	return answer{trace, object{"attempts": calls, "success": err == nil, "error": errorName(err), "cause": errorName(cause), "elapsed": source.Now() - start}}
}

// observed writes the sleeps of the real clock down.
type observed struct {
	clock.Clock
	log func(format string, args ...any)
}

func (o observed) Sleep(ctx context.Context, d time.Duration) error {
	o.log("0 sleep %d", d)
	return o.Clock.Sleep(ctx, d)
}

func circuitBreaker(g given) answer {
	virtual, ctx := g.clock(nil)
	options := []resilience.CircuitBreakerOption{resilience.WithClock(virtual)}
	if g.has("failure_threshold") {
		options = append(options, resilience.WithFailureThreshold(g.int("failure_threshold")))
	}
	if g.has("recovery_timeout") {
		options = append(options, resilience.WithRecoveryTimeout(g.seconds("recovery_timeout")))
	}
	if g.has("half_open_max_calls") {
		options = append(options, resilience.WithHalfOpenMaxCalls(g.int("half_open_max_calls")))
	}
	if g.has("success_threshold") {
		options = append(options, resilience.WithSuccessThreshold(g.int("success_threshold")))
	}
	if g.has("expected") {
		options = append(options, resilience.WithExpected(g.classes("expected")...))
	}
	if g.has("excluded") {
		options = append(options, resilience.WithExcluded(g.classes("excluded")...))
	}
	breaker := resilience.NewCircuitBreaker("case", options...)
	var trace []string
	permits := map[string]*resilience.Permit{}
	for _, step := range g.strings("steps") {
		words := strings.Fields(step)
		label, what := words[0], "-"
		if len(words) > 1 {
			label = words[0] + ":" + words[1]
		}
		refused := func(err error) bool {
			var open *errors.CircuitOpenError
			if errors.As(err, &open) && open.Name == "case" {
				what = fmt.Sprintf("CircuitOpenError:%d", open.RetryAfter)
				return true
			}
			return false
		}
		switch words[0] {
		case "advance":
			virtual.Advance(time.Duration(integer(json.Number(words[1]))))
			continue
		case "call":
			label, what = "call", words[1]
			outcome := what
			err := catching(func() error {
				return breaker.Call(ctx, func(context.Context) error {
					if outcome == "ok" {
						return nil
					}
					return makeError(outcome, "scripted")
				})
			})
			if !refused(err) {
				check((outcome == "ok") == (err == nil) && (err == nil || errorName(err) == outcome), "%s gave %v", step, err)
			}
		case "begin":
			permit, err := breaker.Begin()
			if !refused(err) {
				permits[words[1]], what = permit, "admitted"
			}
		case "end":
			what = words[2]
			check(permits[words[1]] != nil, "no permit %s", words[1])
			if what == "ProgrammingError" {
				permits[words[1]].EndPanic()
			} else if what == "ok" {
				permits[words[1]].End(ctx, nil)
			} else {
				permits[words[1]].End(ctx, makeError(what, "scripted"))
			}
		case "drop":
			check(permits[words[1]] != nil, "no permit %s", words[1])
			permits[words[1]].Drop()
		case "reset":
			breaker.Reset()
		}
		trace = append(trace, fmt.Sprintf("%d %s %s %s %d", virtual.Now(), label, what, breaker.State(), breaker.Failures()))
	}
	return answer{trace, object{"state": breaker.State().String(), "failures": breaker.Failures(), "error": nil}}
}

func rateLimiting(g given) answer {
	var trace []string
	log := func(format string, args ...any) { trace = append(trace, fmt.Sprintf(format, args...)) }
	virtual, ctx := g.clock(log)
	options := []resilience.RateLimiterOption{resilience.WithClock(virtual)}
	if g.has("burst") {
		options = append(options, resilience.WithBurst(g.int("burst")))
	}
	switch g.string("algorithm") {
	case "", "token_bucket":
	case "sliding_window":
		options = append(options, resilience.WithAlgorithm(resilience.SlidingWindow))
	default:
		panic(errors.BadParameter("algorithm", "unknown algorithm"))
	}
	period := time.Second
	if g.has("period") {
		period = g.seconds("period")
	}
	limiter := resilience.NewRateLimiter(g.int("limit"), period, options...)
	for _, step := range g.strings("steps") {
		words := strings.Fields(step)
		n := int(integer(json.Number(words[1])))
		if words[0] == "advance" {
			virtual.Advance(time.Duration(n))
			continue
		}
		var what string
		decision, err := resilience.Decision{}, error(nil)
		if words[0] == "try" {
			decision, err = limiter.AllowN(n)
		} else if g.bool("wait") {
			err = limiter.Wait(ctx, n)
		} else {
			err = limiter.Acquire(n)
		}
		var exceeded *errors.RateLimitExceeded
		switch {
		case errors.As(err, &exceeded):
			what = fmt.Sprintf("RateLimitExceeded:%d", exceeded.RetryAfter)
		case err != nil:
			what = errors.ClassName(err)
		case words[0] == "try" && !decision.Allowed:
			what = fmt.Sprintf("refused %d %d", decision.RetryAfter, decision.Remaining)
		case words[0] == "try":
			what = fmt.Sprintf("ok %d", decision.Remaining)
		default:
			what = fmt.Sprintf("ok %d", limiter.Remaining())
		}
		log("%d %s %s", virtual.Now(), step, what)
	}
	return answer{trace, object{"error": nil}}
}

// tracer keeps the boundary's records as the trace, or fails.
type tracer struct {
	trace *[]string
	fails bool
}

func (t tracer) Error(message string, args ...any) {
	if t.fails {
		panic("the disk of the log is full")
	}
	fields := object{}
	for i := 0; i < len(args); i += 2 {
		fields[args[i].(string)] = args[i+1]
	}
	*t.trace = append(*t.trace, "log error "+message+" "+compact(fields))
}

// compact is a value as JSON with sorted keys.
func compact(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func errorBoundary(g given) answer {
	var trace []string
	var origin error
	var build func(level given) (func(context.Context) (any, error), object)
	build = func(level given) (func(context.Context) (any, error), object) {
		fields := object{}
		if level.has("context") {
			fields = level.object("context")
		}
		options := []errors.BoundaryOption{
			errors.WithLogger(tracer{&trace, level.bool("logger_fails")}),
			errors.WithContextMap(fields),
		}
		if level.has("name") {
			options = append(options, errors.WithName(level.string("name")))
		}
		if level.has("catch") {
			options = append(options, errors.WithCatch(level.classes("catch")...))
		}
		if level.has("reraise") {
			options = append(options, errors.WithReraise(level.bool("reraise")))
		}
		if level.has("log_errors") {
			options = append(options, errors.WithLogErrors(level.bool("log_errors")))
		}
		operation := func(context.Context) (value any, err error) {
			outcome := level.string("outcome")
			if outcome == "" || outcome == "ok" {
				return level["value"], nil
			}
			message := "scripted"
			if level.has("message") {
				message = level.string("message")
			}
			if outcome == "ProgrammingError" {
				origin = &ProgrammingError{message}
				panic(origin)
			}
			origin = makeError(outcome, message)
			return nil, origin
		}
		if level.has("inner") {
			operation, _ = build(given(level.object("inner")))
		}
		return func(ctx context.Context) (any, error) {
			return errors.BoundaryValue(ctx, level["fallback"], operation, options...)
		}, fields
	}
	call, fields := build(g)
	var returned any
	err := catching(func() (err error) {
		returned, err = call(context.Background())
		return err
	})
	var same any
	if err != nil {
		same = err == origin
	}
	return answer{trace, object{"returned": returned, "raised": errorName(err), "same": same, "context_after": fields, "error": nil}}
}

func loggingFields(value any) []any {
	var fields []any
	list, _ := value.([]any)
	for _, pair := range list {
		pair := pair.([]any)
		fields = append(fields, pair[0], native(pair[1]))
	}
	return fields
}

// native turns JSON numbers into Go's.
func native(value any) any {
	switch value := value.(type) {
	case json.Number:
		if !strings.ContainsAny(value.String(), ".eE") {
			return json.RawMessage(value) // Of any size.
		}
		f, err := value.Float64()
		if err != nil {
			panic(err)
		}
		return f
	case []any:
		for i := range value {
			value[i] = native(value[i])
		}
	case object:
		for key := range value {
			value[key] = native(value[key])
		}
	}
	return value
}

func structuredLogging(g given) answer {
	var out bytes.Buffer
	wall := int64(0)
	if g.has("wall_clock") {
		wall = integer(g["wall_clock"])
	}
	options := []logging.Option{logging.WithWriter(&out), logging.WithNow(func() time.Time { return time.Unix(0, wall) })}
	level := func(name string) logging.Level {
		parsed, err := logging.ParseLevel(name)
		if err != nil {
			panic(err)
		}
		return parsed
	}
	if g.has("level") {
		options = append(options, logging.WithLevel(level(g.string("level"))))
	}
	if g.has("format") {
		format, ok := map[string]logging.Format{"json": logging.JSON, "logfmt": logging.Logfmt}[g.string("format")]
		if !ok {
			format = 255
		}
		options = append(options, logging.WithFormat(format))
	}
	if g.has("redact") {
		options = append(options, logging.WithRedact(g.strings("redact")...))
	}
	if g.has("timestamps") {
		options = append(options, logging.WithTimestamps(g.bool("timestamps")))
	}
	first := logging.New(g.string("name"), options...)
	log := first
	for _, item := range g.list("steps") {
		step := given(item.(object))
		switch step.string("op") {
		case "log":
			log.Log(level(step.string("level")), step.string("message"), loggingFields(step["fields"])...)
		case "bind":
			log = log.Bind(loggingFields(step["fields"])...)
		case "unbind_all":
			log = first
		}
	}
	lines := strings.Split(out.String(), "\n")
	check(lines[len(lines)-1] == "", "the last line is not ended")
	lines = lines[:len(lines)-1]
	return answer{lines, object{"lines": len(lines), "error": nil}}
}

func schema(list []any) []config.Field {
	types := map[string]config.Type{"string": config.String, "integer": config.Integer, "float": config.Float, "boolean": config.Boolean, "strings": config.Strings, "nested": config.Nested}
	var fields []config.Field
	for _, item := range list {
		entry := given(item.(object))
		value, hasDefault := entry["default"]
		fields = append(fields, config.Field{
			Name: entry.string("name"), Type: types[entry.string("type")], Env: entry.string("env"),
			Default: value, HasDefault: hasDefault, Fields: schema(entry.list("fields")),
		})
	}
	return fields
}

func configuration(g given) answer {
	environment := g.object("environment")
	options := []config.Option{
		config.WithLookupEnv(func(name string) (string, bool) { value, set := environment[name].(string); return value, set }),
		config.WithOverrides(g.object("overrides")),
		config.WithEnvPrefix(g.string("env_prefix")),
	}
	for _, file := range g.list("file_contents") {
		options = append(options, config.WithFiles(file.(object)["path"].(string)))
	}
	if g.has("strict") {
		options = append(options, config.WithStrict(g.bool("strict")))
	}
	if g.has("secret_files") {
		options = append(options, config.WithSecretFiles(g.bool("secret_files")))
	}
	values, err := config.LoadValues(schema(g.list("schema")), options...)
	var wrong *errors.ConfigurationError
	if errors.As(err, &wrong) {
		problems := []string{}
		for _, problem := range wrong.Problems {
			problems = append(problems, problem.Kind+" "+problem.Key)
		}
		return answer{nil, object{"values": nil, "problems": problems, "error": "ConfigurationError"}}
	}
	return answer{nil, object{"values": values, "problems": []string{}, "error": nil}}
}

func httpClient(g given) answer {
	var trace []string
	virtual, ctx := g.clock(nil)
	virtual.Virtual.OnSleep = nil
	wall := int64(0)
	if g.has("wall_clock") {
		wall = integer(g["wall_clock"])
	}
	options := []httpclient.Option{
		httpclient.WithClock(sleeps{virtual, &trace}), httpclient.WithRandom(g.random()), httpclient.WithBaseURL(g.string("base_url")),
		httpclient.WithNow(func() time.Time { return time.Unix(0, wall) }),
		httpclient.WithTransport(&http.Transport{}),
	}
	if g.has("timeout") {
		options = append(options, httpclient.WithTimeout(g.seconds("timeout")))
	}
	if g.has("max_attempts") {
		options = append(options, httpclient.WithMaxAttempts(g.int("max_attempts")))
	}
	if g.has("base_delay") {
		options = append(options, httpclient.WithBaseDelay(g.seconds("base_delay")))
	}
	if g.has("max_delay") {
		options = append(options, httpclient.WithMaxDelay(g.seconds("max_delay")))
	}
	if g.has("retry_statuses") {
		statuses := []int{}
		for _, status := range g.list("retry_statuses") {
			statuses = append(statuses, int(integer(status)))
		}
		options = append(options, httpclient.WithRetryStatuses(statuses...))
	}
	if g.has("retry_methods") {
		options = append(options, httpclient.WithRetryMethods(g.strings("retry_methods")...))
	}
	if g.has("follow_redirects") {
		options = append(options, httpclient.WithFollowRedirects(g.bool("follow_redirects")))
	}
	if g.has("max_redirects") {
		options = append(options, httpclient.WithMaxRedirects(g.int("max_redirects")))
	}
	if g.has("raise_for_status") {
		options = append(options, httpclient.WithRaiseForStatus(g.bool("raise_for_status")))
	}
	wanted := given(g.object("request"))
	request := httpclient.Request{Method: wanted.string("method"), URL: wanted.string("path"), Header: http.Header{}, Body: []byte(wanted.string("body"))}
	for _, pair := range wanted.list("params") {
		request.Params = append(request.Params, httpclient.Param{Name: pair.([]any)[0].(string), Value: pair.([]any)[1].(string)})
	}
	for name, value := range wanted.object("headers") {
		request.Header.Set(name, value.(string))
	}
	response, err := httpclient.New(options...).Do(ctx, request)
	result := object{"status": nil, "body": nil, "attempts": len(trace) + 1, "error": errorName(err), "cause": nil, "cause_status": nil}
	var exceeded *errors.MaxRetriesExceeded
	var status *errors.HttpStatusError
	if errors.As(err, &exceeded) {
		result["cause"] = errorName(exceeded.Cause)
		if errors.As(err, &status) {
			result["cause_status"] = status.Status
		}
	} else if errors.As(err, &status) {
		result["status"] = status.Status
	} else if err == nil {
		result["status"], result["body"] = response.Status, string(response.Body)
	}
	return answer{trace, result}
}

type sleeps struct {
	clock.Clock
	trace *[]string
}

func (s sleeps) Sleep(ctx context.Context, d time.Duration) error {
	*s.trace = append(*s.trace, fmt.Sprintf("sleep %d", d))
	return s.Clock.Sleep(ctx, d)
}

func parameters(list []any, add func(string, config.Type, ...cli.ParameterOption) cli.CommandOption) []cli.CommandOption {
	types := map[string]config.Type{"string": config.String, "integer": config.Integer, "float": config.Float, "boolean": config.Boolean}
	var options []cli.CommandOption
	for _, item := range list {
		entry := given(item.(object))
		var settings []cli.ParameterOption
		if value, given := entry["default"]; given {
			settings = append(settings, cli.Default(native(value)))
		}
		if entry.has("required") {
			settings = append(settings, cli.Optional(!entry.bool("required")))
		}
		if entry.has("short") {
			settings = append(settings, cli.Short(entry.string("short")))
		}
		if entry.bool("multiple") {
			settings = append(settings, cli.Multiple())
		}
		options = append(options, add(entry.string("name"), types[entry.string("type")], settings...))
	}
	return options
}

func cliFramework(g given) answer {
	var trace []string
	var stdout, stderr bytes.Buffer
	app := cli.NewApp(g.object("app")["name"].(string), g.object("app")["version"].(string), cli.WithOutput(&stdout, &stderr))
	for _, item := range g.list("commands") {
		entry := given(item.(object))
		run := func(_ context.Context, args cli.Args) error {
			trace = append(trace, "run "+entry.string("name")+" "+compact(args))
			action := entry.string("action")
			if code, found := strings.CutPrefix(action, "Exit:"); found {
				return cli.Exit(int(integer(json.Number(code))))
			}
			// A command of this library gives an error or nothing, so that there is no value to return.
			if action == "" || action == "ok" || strings.HasPrefix(action, "Return:") {
				return nil
			}
			message := "scripted"
			if entry.has("message") {
				message = entry.string("message")
			}
			return makeError(action, message)
		}
		options := parameters(entry.list("arguments"), cli.WithArgument)
		options = append(options, parameters(entry.list("options"), cli.WithOption)...)
		options = append(options, cli.WithDescription(entry.string("description")), cli.WithAliases(entry.strings("aliases")...),
			cli.WithHidden(entry.bool("hidden")), cli.WithCategory(entry.string("category")))
		app.RegisterCommand(entry.string("name"), run, options...)
	}
	code := app.Run(context.Background(), g.strings("argv"))
	return answer{trace, object{"exit": code, "stdout": stdout.String(), "stderr": stderr.String(), "error": nil}}
}

func processExecution(g given) answer {
	options := []process.Option{process.WithCwd(g.string("directory"))}
	if g.has("cwd") {
		options = append(options, process.WithCwd(g.string("cwd")))
	}
	if g.has("timeout") {
		options = append(options, process.WithTimeout(g.seconds("timeout")))
	}
	if g.has("grace_period") {
		options = append(options, process.WithGracePeriod(g.seconds("grace_period")))
	}
	if g.has("check") {
		options = append(options, process.WithCheck(g.bool("check")))
	}
	if g.has("input") {
		options = append(options, process.WithInput([]byte(g.string("input"))))
	}
	if g.has("env") {
		env := map[string]string{}
		for name, value := range g.object("env") {
			env[name] = value.(string)
		}
		options = append(options, process.WithEnv(env))
	}
	if g.has("env_mode") {
		mode, ok := map[string]process.EnvMode{"inherit": process.Inherit, "replace": process.Replace, "scrub": process.Scrub}[g.string("env_mode")]
		if !ok {
			mode = 255
		}
		options = append(options, process.WithEnvMode(mode))
	}
	for name, value := range g.object("environment") {
		before, was := os.LookupEnv(name)
		check(os.Setenv(name, value.(string)) == nil, "cannot set %s", name)
		defer func() {
			if was {
				os.Setenv(name, before)
			} else {
				os.Unsetenv(name)
			}
		}()
	}
	lines := map[process.Output][]string{}
	var found *process.Result
	var err error
	if g.string("mode") == "stream" {
		_, err = process.Stream(context.Background(), g.strings("command"), func(from process.Output, line string) error {
			lines[from] = append(lines[from], from.String()+" "+line)
			return nil
		}, options...)
	} else {
		found, err = process.Run(context.Background(), g.strings("command"), options...)
	}
	if errors.Is(err, errors.ErrValidation) || errors.Is(err, errors.ErrConfiguration) {
		panic(err)
	}
	result := object{"exit_code": nil, "signal": nil, "stdout": nil, "stderr": nil, "stdout_length": nil, "stderr_length": nil, "escalated": nil, "error": errorName(err)}
	var failed *errors.ProcessError
	var late *errors.ProcessTimeoutError
	if errors.As(err, &failed) {
		found = &process.Result{ExitCode: failed.ExitCode, Signal: failed.Signal, Stdout: failed.Stdout, Stderr: failed.Stderr}
	}
	if errors.As(err, &late) {
		result["escalated"] = late.Escalated
	}
	if found != nil {
		result["exit_code"], result["stdout_length"], result["stderr_length"] = found.ExitCode, len(found.Stdout), len(found.Stderr)
		if found.Signal != 0 {
			result["signal"] = found.Signal
		}
		if len(found.Stdout) <= 4096 {
			result["stdout"] = found.StdoutText()
		}
		if len(found.Stderr) <= 4096 {
			result["stderr"] = found.StderrText()
		}
	}
	return answer{append(lines[process.Stdout], lines[process.Stderr]...), result}
}

var errnos = map[string]syscall.Errno{
	"EACCES": syscall.EACCES, "EIO": syscall.EIO, "EISDIR": syscall.EISDIR, "ENOENT": syscall.ENOENT, "ENOSPC": syscall.ENOSPC,
	"ENOTDIR": syscall.ENOTDIR, "EPERM": syscall.EPERM, "EROFS": syscall.EROFS, "EXDEV": syscall.EXDEV, "EDQUOT": syscall.EDQUOT,
	"ENOTSUP": syscall.ENOTSUP, "EMLINK": syscall.EMLINK, "ENOSYS": syscall.ENOSYS, "ELOOP": syscall.ELOOP, "EFBIG": syscall.EFBIG,
	"EBUSY": syscall.EBUSY, "EEXIST": syscall.EEXIST, "EINVAL": syscall.EINVAL, "EMFILE": syscall.EMFILE, "ENAMETOOLONG": syscall.ENAMETOOLONG,
}

// errnoName is the name of the operating system's error in err, or "".
func errnoName(err error) string {
	var pathError *fs.PathError
	var linkError *os.LinkError
	var number syscall.Errno
	if !stderrors.As(err, &pathError) && !stderrors.As(err, &linkError) && !stderrors.As(err, &number) {
		return ""
	}
	if _, foundation := err.(errors.FoundationError); foundation || !stderrors.As(err, &number) {
		return ""
	}
	for name, known := range errnos {
		if known == number {
			return name
		}
	}
	return number.Error()
}

func fileOperations(g given) answer {
	var trace []string
	hook := func(step string, run func() error) error {
		name, _, _ := strings.Cut(step, " ")
		var err error
		if g.string("fail_at") == name && step != "backup copy" {
			err = errnos["EIO"]
			if g.has("errno") {
				err = errnos[g.string("errno")]
			}
		} else {
			err = run()
		}
		switch {
		case step == "backup link" && (stderrors.Is(err, syscall.EPERM) || stderrors.Is(err, syscall.ENOTSUP) || stderrors.Is(err, syscall.EXDEV) || stderrors.Is(err, syscall.EMLINK) || stderrors.Is(err, syscall.ENOSYS)):
			// A copy follows.
		case err != nil:
			trace = append(trace, step+" "+errnoName(err))
		default:
			trace = append(trace, step)
		}
		return err
	}
	options := []files.Option{files.WithHook(hook)}
	if g.has("mode") {
		mode := g.int("mode")
		if mode < 0 {
			mode = 1 << 20 // Out of range for an unsigned FileMode too.
		}
		options = append(options, files.WithMode(fs.FileMode(mode)))
	}
	if g.has("backup") {
		options = append(options, files.WithBackup(g.bool("backup")))
	}
	if g.has("durable") {
		options = append(options, files.WithDurable(g.bool("durable")))
	}
	if g.has("create_parents") {
		options = append(options, files.WithCreateParents(g.bool("create_parents")))
	}
	data := g.string("data")
	if repeat := g.list("data_repeat"); repeat != nil {
		data = strings.Repeat(repeat[0].(string), int(integer(repeat[1])))
	}
	err := files.AtomicWriteText(filepath.Join(g.string("directory"), g.string("path")), data, options...)
	return answer{trace, object{"error": errorName(err)}}
}
