//! One function per pattern: makes the object, plays the scenario, gives the trace and the result.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use foundation::cli::{App, Command, Exit, Parameter};
use foundation::clock::{Clock, SystemClock, VirtualClock};
use foundation::config::{ConfigLoader, Field, Type};
use foundation::errors::{BoundaryLogger, BoxError, Classify, ErrorBoundary};
use foundation::files::AtomicFile;
use foundation::http::{HttpClient, Request};
use foundation::logging::{Format, Level, Logger, Value as LogValue};
use foundation::process::{EnvMode, Output, Process};
use foundation::resilience::{Algorithm, Backoff, CircuitBreaker, Jitter, Permit, RateLimiter, RetryPolicy};
use foundation::Error;
use serde_json::{json, Map, Value};

use crate::given::{make_error, push, take, Ended, Given, Scripted, Trace};
use crate::Answer;

fn unknown(key: &str, value: &str) -> Error {
    Error::bad_parameter(key, format!("{key} is {value:?}, which does not exist"))
}

fn jitter(value: &Value) -> Result<Jitter, Error> {
    let (kind, ratio) = match value {
        Value::Bool(true) => ("symmetric", 0.25),
        Value::Bool(false) => ("none", 0.0),
        Value::String(kind) => (kind.as_str(), 0.25),
        other => (other["kind"].as_str().unwrap_or_default(), other["ratio"].as_f64().unwrap_or(0.25)),
    };
    match kind {
        "none" => Ok(Jitter::None),
        "full" => Ok(Jitter::Full),
        "equal" => Ok(Jitter::Equal),
        "symmetric" => Ok(Jitter::Symmetric(ratio)),
        other => Err(unknown("jitter", other)),
    }
}

fn retry_policy(given: &Given) -> Result<RetryPolicy, Error> {
    let mut policy = RetryPolicy::new();
    if let Some(attempts) = given.count("max_attempts") {
        policy = policy.max_attempts(attempts);
    }
    if let Some(delay) = given.seconds("base_delay")? {
        policy = policy.base_delay(delay);
    }
    if let Some(delay) = given.seconds("max_delay")? {
        policy = policy.max_delay(delay);
    }
    if let Some(strategy) = given.text("backoff_strategy") {
        policy = policy.backoff(match strategy {
            "exponential" => Backoff::Exponential,
            "linear" => Backoff::Linear,
            "fixed" => Backoff::Fixed,
            other => return Err(unknown("backoff_strategy", other)),
        });
    }
    if let Some(value) = given.get("jitter") {
        policy = policy.jitter(jitter(value)?);
    }
    if let Some(classes) = given.classes("retryable") {
        policy = policy.retryable(classes);
    }
    if let Some(classes) = given.classes("non_retryable") {
        policy = policy.non_retryable(classes);
    }
    policy.validate()?;
    Ok(policy)
}

/// Plays a retry; `is_async` says in which form.
fn retry_form(given: &Given, policy: RetryPolicy, is_async: bool) -> (Vec<String>, Value) {
    let trace = Trace::default();
    let lines = trace.clone();
    let real = given.text("clock") == Some("real");
    let virtual_clock = Arc::new(VirtualClock::observed(move |at, delay| push(&lines, format!("{at} sleep {delay}"))));
    let clock: Arc<dyn Clock> = if real { Arc::new(SystemClock) } else { virtual_clock.clone() };
    let mut policy = policy.clock(clock.clone()).random(given.random());
    if let Some(at) = given.int("cancel_at") {
        policy = policy.cancellation(virtual_clock.cancellation_at(at));
    }
    let calls = AtomicU32::new(0);
    let moment = || if real { 0 } else { clock.now() };
    let operation = || {
        let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
        push(&trace, format!("{} call {call}", moment()));
        let outcomes = given.list("outcomes");
        let mut outcome = &outcomes[outcomes.len().min(call as usize) - 1];
        if outcome.is_object() {
            virtual_clock.advance(outcome["takes"].as_i64().unwrap_or(0));
            outcome = &outcome["outcome"];
        }
        let name = outcome.as_str().unwrap_or_default();
        if name == "ok" {
            push(&trace, format!("{} ok {call}", moment()));
            return Ok("value");
        }
        push(&trace, format!("{} fail {call} {name}", moment()));
        Err(make_error(name, "scripted"))
    };
    let start = clock.now();
    let ended = Ended::of(|| {
        if is_async {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(policy.run_async(|| std::future::ready(operation())))
        } else {
            policy.run(operation)
        }
    });
    let cause = match &ended {
        Ended::Failed(error) => error.cause(),
        _ => None,
    };
    let result = json!({
        "attempts": calls.load(Ordering::Relaxed), "success": ended.error().is_none(), "error": ended.error(),
        "cause": cause, "elapsed": clock.now() - start,
    });
    (take(&trace), result)
}

pub fn retry(given: &Given) -> Answer {
    let policy = retry_policy(given)?;
    let answer = retry_form(given, policy.clone(), false);
    if given.text("clock") != Some("real") {
        let other = retry_form(given, policy, true);
        assert_eq!(answer, other, "the sync and the async form differ");
    }
    Ok(answer)
}

pub fn circuit_breaker(given: &Given) -> Answer {
    let clock = Arc::new(VirtualClock::new());
    let mut builder = CircuitBreaker::builder("case").clock(clock.clone());
    if let Some(failures) = given.count("failure_threshold") {
        builder = builder.failure_threshold(failures);
    }
    if let Some(timeout) = given.seconds("recovery_timeout")? {
        builder = builder.recovery_timeout(timeout);
    }
    if let Some(calls) = given.count("half_open_max_calls") {
        builder = builder.half_open_max_calls(calls);
    }
    if let Some(successes) = given.count("success_threshold") {
        builder = builder.success_threshold(successes);
    }
    if let Some(classes) = given.classes("expected") {
        builder = builder.expected(classes);
    }
    if let Some(classes) = given.classes("excluded") {
        builder = builder.excluded(classes);
    }
    let breaker = builder.try_build()?;
    let mut trace = Vec::new();
    let mut permits: HashMap<String, Option<Permit<'_>>> = HashMap::new();
    let refusal = |error: &Error| match error {
        Error::CircuitOpen { name, retry_after } if name == "case" => {
            Some(format!("CircuitOpenError:{}", retry_after.as_nanos()))
        }
        _ => None,
    };
    for step in given.texts("steps") {
        let words: Vec<&str> = step.split(' ').collect();
        let mut label = words[..words.len().min(2)].join(":");
        let mut what = "-".to_owned();
        match words[0] {
            "advance" => {
                clock.advance(words[1].parse().expect("an integer"));
                continue;
            }
            "call" => {
                label = "call".to_owned();
                what = words[1].to_owned();
                let outcome = words[1];
                let ended = Ended::of(|| {
                    breaker.call(|| if outcome == "ok" { Ok(()) } else { Err(make_error(outcome, "scripted")) })
                });
                match &ended {
                    Ended::Failed(Scripted::Foundation(error)) if refusal(error).is_some() => {
                        what = refusal(error).unwrap_or_default();
                    }
                    other => assert_eq!(other.error().unwrap_or("ok"), outcome),
                }
            }
            "begin" => match breaker.begin() {
                Ok(permit) => {
                    permits.insert(words[1].to_owned(), Some(permit));
                    what = "admitted".to_owned();
                }
                Err(error) => what = refusal(&error).expect("a refusal"),
            },
            "end" | "drop" => {
                // A permit is consumed by its end, so that a second one cannot be written in Rust.
                let permit = permits.get_mut(words[1]).unwrap_or_else(|| panic!("no permit {}", words[1])).take();
                if words[0] == "end" {
                    what = words[2].to_owned();
                    match (permit, words[2]) {
                        (Some(permit), "ok") => permit.success(),
                        (Some(permit), "ProgrammingError") => permit.panicked(),
                        (Some(permit), name) => permit.failure(&make_error(name, "scripted")),
                        (None, _) => {}
                    }
                }
            }
            "reset" => breaker.reset(),
            _ => {}
        }
        trace.push(format!("{} {label} {what} {} {}", clock.now(), breaker.state(), breaker.failures()));
    }
    let result = json!({"state": breaker.state().to_string(), "failures": breaker.failures(), "error": null});
    Ok((trace, result))
}

pub fn rate_limiting(given: &Given) -> Answer {
    let trace = Trace::default();
    let lines = trace.clone();
    let clock = Arc::new(VirtualClock::observed(move |at, delay| push(&lines, format!("{at} sleep {delay}"))));
    let cancellation = given.int("cancel_at").map(|at| clock.cancellation_at(at));
    let mut builder = RateLimiter::builder(given.count("limit").unwrap_or(0)).clock(clock.clone());
    if let Some(period) = given.seconds("period")? {
        builder = builder.period(period);
    }
    if let Some(burst) = given.count("burst") {
        builder = builder.burst(burst);
    }
    if let Some(algorithm) = given.text("algorithm") {
        builder = builder.algorithm(match algorithm {
            "token_bucket" => Algorithm::TokenBucket,
            "sliding_window" => Algorithm::SlidingWindow,
            other => return Err(unknown("algorithm", other)),
        });
    }
    let limiter = builder.try_build()?;
    for step in given.texts("steps") {
        let (verb, number) = step.split_once(' ').expect("two words");
        let number: i64 = number.parse().expect("an integer");
        if verb == "advance" {
            clock.advance(number);
            continue;
        }
        // A negative number cannot be written in Rust; the largest one is refused for the same reason.
        let permits = u32::try_from(number).unwrap_or(u32::MAX);
        let taken = match verb {
            "try" => limiter.try_acquire(permits),
            _ if given.flag("wait") == Some(true) => limiter.wait(permits, cancellation.as_ref()),
            _ => limiter.acquire(permits),
        };
        let what = match taken {
            Ok(decision) if decision.allowed => format!("ok {}", decision.remaining),
            Ok(decision) => format!("refused {} {}", decision.retry_after.as_nanos(), decision.remaining),
            Err(Error::RateLimitExceeded { retry_after }) => format!("RateLimitExceeded:{}", retry_after.as_nanos()),
            Err(error) => error.class().name().to_owned(),
        };
        push(&trace, format!("{} {step} {what}", clock.now()));
    }
    Ok((take(&trace), json!({"error": null})))
}

/// Keeps a boundary's records as the trace, or fails.
struct Recorder {
    trace: Trace,
    fails: bool,
}

fn to_json(value: &LogValue<'_>) -> Value {
    match value {
        LogValue::Null => Value::Null,
        LogValue::Bool(value) => (*value).into(),
        LogValue::Int(value) => serde_json::from_str(&value.to_string()).expect("a number"),
        LogValue::Number(text) => serde_json::from_str(text).expect("a number"),
        LogValue::Float(value) => json!(value),
        LogValue::Str(text) => (&**text).into(),
        LogValue::List(items) => items.iter().map(to_json).collect(),
        LogValue::Map(members) => members.iter().map(|(key, value)| (key.clone(), to_json(value))).collect(),
    }
}

/// JSON with sorted keys.
fn compact(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| key.as_str());
            let members = members.iter().map(|(key, value)| format!("{}:{}", json!(key), compact(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

impl BoundaryLogger for Recorder {
    fn error(&self, message: &str, fields: &[(&str, LogValue<'_>)]) {
        assert!(!self.fails, "the disk of the log is full");
        let fields: Map<String, Value> =
            fields.iter().map(|(key, value)| ((*key).to_owned(), to_json(value))).collect();
        push(&self.trace, format!("log error {message} {}", compact(&Value::Object(fields))));
    }
}

/// Runs a boundary and the ones inside it.
fn run_boundary(given: &Given, trace: &Trace, origin: &Mutex<Option<(String, String)>>) -> Result<Value, Scripted> {
    let mut boundary = ErrorBoundary::new(given.text("name").unwrap_or("operation").to_owned())
        .logger(Arc::new(Recorder { trace: trace.clone(), fails: given.flag("logger_fails") == Some(true) }));
    if let Some(classes) = given.classes("catch") {
        boundary = boundary.catch(classes);
    }
    if let Some(reraise) = given.flag("reraise") {
        boundary = boundary.reraise(reraise);
    }
    if let Some(log_errors) = given.flag("log_errors") {
        boundary = boundary.log_errors(log_errors);
    }
    for (key, value) in given.object("context") {
        boundary = boundary.context(key, LogValue::from(value));
    }
    let operation = || {
        if let Some(inner) = given.child("inner") {
            return run_boundary(&inner, trace, origin);
        }
        match given.text("outcome") {
            None | Some("ok") => Ok(given.get("value").cloned().unwrap_or_default()),
            Some(name) => {
                let message = given.text("message").unwrap_or("scripted");
                *origin.lock().expect("not poisoned") = Some((name.to_owned(), message.to_owned()));
                let error = make_error(name, message);
                *origin.lock().expect("not poisoned") = Some((name.to_owned(), error.to_string()));
                Err(error)
            }
        }
    };
    match given.get("fallback") {
        Some(fallback) => boundary.run_or(fallback.clone(), operation),
        None => boundary.run(operation),
    }
}

pub fn error_boundary(given: &Given) -> Answer {
    let (trace, origin) = (Trace::default(), Mutex::new(None));
    let ended = Ended::of(|| run_boundary(given, &trace, &origin));
    let came_out = match &ended {
        Ended::Value(_) => None,
        Ended::Failed(error) => Some((error.name().to_owned(), error.to_string())),
        Ended::Panicked(message) => Some(("ProgrammingError".to_owned(), message.clone())),
    };
    let same = came_out.as_ref().map(|came_out| Some(came_out) == origin.lock().expect("not poisoned").as_ref());
    let raised = ended.error();
    let returned = match ended {
        Ended::Value(value) => value,
        _ => Value::Null,
    };
    let result = json!({
        "returned": returned, "raised": raised, "same": same, "context_after": given.object("context"), "error": null,
    });
    Ok((take(&trace), result))
}

/// A writer whose content can be read afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn structured_logging(given: &Given) -> Answer {
    let out = Shared::default();
    let wall_clock = given.int("wall_clock").unwrap_or(0);
    let mut builder =
        Logger::builder(given.text("name").unwrap_or_default()).writer(out.clone()).wall_clock(move || wall_clock);
    if let Some(level) = given.text("level") {
        builder = builder.level(level.parse()?);
    }
    if let Some(format) = given.text("format") {
        builder = builder.format(match format {
            "json" => Format::Json,
            "logfmt" => Format::Logfmt,
            other => return Err(unknown("format", other)),
        });
    }
    if given.get("redact").is_some() {
        builder = builder.redact(given.texts("redact"));
    }
    if let Some(timestamps) = given.flag("timestamps") {
        builder = builder.timestamps(timestamps);
    }
    let first = builder.build();
    let mut log = first.clone();
    for step in given.list("steps") {
        let fields: Vec<(&str, LogValue<'_>)> = step["fields"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|pair| (pair[0].as_str().unwrap_or_default(), LogValue::from(pair[1].clone())))
            .collect();
        match step["op"].as_str() {
            Some("log") => {
                let level: Level = step["level"].as_str().unwrap_or_default().parse()?;
                log.log(level, step["message"].as_str().unwrap_or_default(), &fields);
            }
            Some("bind") => log = log.bind(&fields),
            _ => log = first.clone(),
        }
    }
    let written = String::from_utf8(out.0.lock().expect("not poisoned").clone()).expect("lines are UTF-8");
    let mut lines: Vec<String> = written.split('\n').map(str::to_owned).collect();
    assert_eq!(lines.pop().as_deref(), Some(""), "the last line is not ended");
    let count = lines.len();
    Ok((lines, json!({"lines": count, "error": null})))
}

fn kind(name: &str) -> Type {
    match name {
        "string" => Type::String,
        "integer" => Type::Integer,
        "float" => Type::Float,
        "boolean" => Type::Boolean,
        "strings" => Type::Strings,
        _ => Type::Nested,
    }
}

fn field(entry: &Value) -> Field {
    let name = entry["name"].as_str().unwrap_or_default();
    if entry["type"] == "nested" {
        return Field::nested(name, entry["fields"].as_array().into_iter().flatten().map(field));
    }
    let mut made = Field::new(name, kind(entry["type"].as_str().unwrap_or_default()));
    if let Some(default) = entry.get("default") {
        made = made.default_value(default.clone());
    }
    if let Some(variable) = entry["env"].as_str() {
        made = made.env(variable);
    }
    made
}

pub fn configuration(given: &Given) -> Answer {
    let environment = given.object("environment");
    let mut loader = ConfigLoader::new()
        .env_prefix(given.text("env_prefix").unwrap_or_default())
        .environment(environment.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())))
        .overrides(given.object("overrides"));
    for entry in given.list("schema") {
        loader = loader.field(field(entry));
    }
    for file in given.list("file_contents") {
        loader = loader.file(file["path"].as_str().unwrap_or_default());
    }
    if let Some(strict) = given.flag("strict") {
        loader = loader.strict(strict);
    }
    if let Some(secret_files) = given.flag("secret_files") {
        loader = loader.secret_files(secret_files);
    }
    let result = match loader.load_values() {
        Ok(values) => json!({"values": values, "problems": [], "error": null}),
        Err(Error::Configuration { problems }) => {
            let problems: Vec<String> =
                problems.iter().map(|problem| format!("{} {}", problem.kind, problem.key)).collect();
            json!({"values": null, "problems": problems, "error": "ConfigurationError"})
        }
        Err(error) => return Err(error),
    };
    Ok((Vec::new(), result))
}

pub fn http_client(given: &Given) -> Answer {
    let trace = Trace::default();
    let lines = trace.clone();
    let clock = Arc::new(VirtualClock::observed(move |_, delay| push(&lines, format!("sleep {delay}"))));
    let wall_clock = given.int("wall_clock").unwrap_or(0);
    let mut builder = HttpClient::builder()
        .base_url(given.text("base_url").unwrap_or_default())
        .clock(clock)
        .random(given.random())
        .wall_clock(move || wall_clock)
        .proxy_from_env(false);
    if let Some(timeout) = given.seconds("timeout")? {
        builder = builder.timeout(timeout);
    }
    if let Some(attempts) = given.count("max_attempts") {
        builder = builder.max_attempts(attempts);
    }
    if let Some(delay) = given.seconds("base_delay")? {
        builder = builder.base_delay(delay);
    }
    if let Some(delay) = given.seconds("max_delay")? {
        builder = builder.max_delay(delay);
    }
    if given.get("retry_statuses").is_some() {
        let statuses: Vec<u16> =
            given.list("retry_statuses").iter().filter_map(|s| s.as_u64()?.try_into().ok()).collect();
        builder = builder.retry_statuses(statuses);
    }
    if given.get("retry_methods").is_some() {
        builder = builder.retry_methods(given.texts("retry_methods"));
    }
    if let Some(follow) = given.flag("follow_redirects") {
        builder = builder.follow_redirects(follow);
    }
    if let Some(redirects) = given.int("max_redirects") {
        builder = builder.max_redirects(u32::try_from(redirects).unwrap_or(u32::MAX));
    }
    if let Some(raise) = given.flag("raise_for_status") {
        builder = builder.raise_for_status(raise);
    }
    let client = builder.build()?;
    let wanted = given.child("request").expect("a request");
    let mut request = Request::new(wanted.text("method").unwrap_or("GET"), wanted.text("path").unwrap_or_default());
    for pair in wanted.list("params") {
        request = request.param(pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default());
    }
    for (name, value) in wanted.object("headers") {
        request = request.header(name, value.as_str().unwrap_or_default());
    }
    if let Some(body) = wanted.text("body") {
        request = request.body(body);
    }
    let status_of = |error: &Error| match error {
        Error::HttpStatus(failure) => Some(failure.status),
        _ => None,
    };
    let result = match client.send(&request) {
        Ok(response) => json!({
            "status": response.status, "body": response.text(), "attempts": response.attempts, "error": null,
            "cause": null, "cause_status": null,
        }),
        Err(error) => {
            let cause = error.cause().and_then(|cause| cause.downcast_ref::<Error>());
            let attempts = trace.lock().expect("not poisoned").len() + 1;
            json!({
                "status": status_of(&error), "body": null, "attempts": attempts, "error": error.class().name(),
                "cause": cause.map(|cause| cause.class().name()), "cause_status": cause.and_then(status_of),
            })
        }
    };
    Ok((take(&trace), result))
}

fn parameter(entry: &Value) -> Parameter {
    let name = entry["name"].as_str().unwrap_or_default();
    let mut made = Parameter::new(name, kind(entry["type"].as_str().unwrap_or_default()));
    if let Some(default) = entry.get("default") {
        made = made.default_value(default.clone());
    }
    if let Some(required) = entry["required"].as_bool() {
        made = made.required(required);
    }
    if let Some(short) = entry["short"].as_str() {
        made = made.short(short);
    }
    if entry["multiple"] == true {
        made = made.multiple();
    }
    made
}

pub fn cli_framework(given: &Given) -> Answer {
    let trace = Trace::default();
    let about = given.object("app");
    let text = |key: &str| about[key].as_str().unwrap_or_default().to_owned();
    let mut app = App::new(text("name"), text("version"));
    for entry in given.list("commands") {
        let entry = Given(entry.as_object().cloned().unwrap_or_default());
        let name = entry.text("name").unwrap_or_default().to_owned();
        let mut command = Command::new(&name)
            .description(entry.text("description").unwrap_or_default())
            .aliases(entry.texts("aliases"))
            .hidden(entry.flag("hidden") == Some(true));
        if let Some(category) = entry.text("category") {
            command = command.category(category);
        }
        for argument in entry.list("arguments") {
            command = command.argument(parameter(argument));
        }
        for option in entry.list("options") {
            command = command.option(parameter(option));
        }
        let trace = trace.clone();
        let run = move |args: &foundation::cli::Args| {
            let values: Map<String, Value> = args.values().clone().into_iter().collect();
            push(&trace, format!("run {name} {}", compact(&Value::Object(values))));
            let action = entry.text("action").unwrap_or("ok");
            let error: BoxError = match action.strip_prefix("Exit:") {
                Some(code) => Exit(code.parse().expect("a code")).into(),
                // A command of this library gives an error or nothing, so that there is no value to return.
                None if action == "ok" || action.starts_with("Return:") => return Ok(()),
                None => match make_error(action, entry.text("message").unwrap_or("scripted")) {
                    Scripted::Interrupt => Error::Cancelled { cause: None }.into(),
                    Scripted::Foundation(error) => error.into(),
                    other => other.into(),
                },
            };
            Err(error)
        };
        app = app.try_register(command.run(run))?;
    }
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let exit = app.run_with(given.texts("argv"), &mut stdout, &mut stderr);
    let result = json!({
        "exit": exit, "stdout": String::from_utf8_lossy(&stdout), "stderr": String::from_utf8_lossy(&stderr), "error": null,
    });
    Ok((take(&trace), result))
}

pub fn process_execution(given: &Given) -> Answer {
    let directory = given.text("cwd").or(given.text("directory")).unwrap_or(".");
    let mut process = Process::new(given.texts("command")).cwd(directory);
    if let Some(timeout) = given.seconds("timeout")? {
        process = process.timeout(timeout);
    }
    if let Some(grace_period) = given.seconds("grace_period")? {
        process = process.grace_period(grace_period);
    }
    if let Some(check) = given.flag("check") {
        process = process.check(check);
    }
    if let Some(input) = given.text("input") {
        process = process.input(input);
    }
    for (name, value) in given.object("env") {
        process = process.env(name, value.as_str().unwrap_or_default());
    }
    if let Some(mode) = given.text("env_mode") {
        process = process.env_mode(match mode {
            "inherit" => EnvMode::Inherit,
            "replace" => EnvMode::Replace,
            "scrub" => EnvMode::Scrub,
            other => return Err(unknown("env_mode", other)),
        });
    }
    let before: Vec<(String, Option<std::ffi::OsString>)> =
        given.object("environment").keys().map(|name| (name.clone(), std::env::var_os(name))).collect();
    for (name, value) in given.object("environment") {
        std::env::set_var(name, value.as_str().unwrap_or_default());
    }
    let mut lines = [Vec::new(), Vec::new()];
    let streams = given.text("mode") == Some("stream");
    let ended = if streams {
        process.stream(|from, line| {
            let (index, name) = if from == Output::Stdout { (0, "stdout") } else { (1, "stderr") };
            lines[index].push(format!("{name} {line}"));
            ControlFlow::Continue(())
        })
    } else {
        process.run()
    };
    for (name, value) in before {
        match value {
            Some(value) => std::env::set_var(name, value),
            None => std::env::remove_var(name),
        }
    }
    let (mut found, mut error, mut escalated) = (None, None, None);
    match ended {
        Ok(result) if !streams => found = Some((result.exit_code, result.signal, result.stdout, result.stderr)),
        Ok(_) => {}
        Err(failed) => {
            error = Some(failed.class().name());
            let failure = match failed {
                Error::ProcessTimeout { failure, escalated: it_was, .. } => {
                    escalated = Some(it_was);
                    failure
                }
                Error::Process(failure) => failure,
                other => return Err(other),
            };
            found = Some((failure.exit_code, failure.signal, failure.stdout, failure.stderr));
        }
    }
    let text = |data: &[u8]| (data.len() <= 4096).then(|| String::from_utf8_lossy(data).into_owned());
    let result = json!({
        "exit_code": found.as_ref().map(|found| found.0), "signal": found.as_ref().and_then(|found| found.1),
        "stdout": found.as_ref().and_then(|found| text(&found.2)), "stderr": found.as_ref().and_then(|found| text(&found.3)),
        "stdout_length": found.as_ref().map(|found| found.2.len()), "stderr_length": found.as_ref().map(|found| found.3.len()),
        "escalated": escalated, "error": error,
    });
    Ok((lines.concat(), result))
}

const ERRNOS: &[(&str, i32)] = &[
    ("EACCES", libc::EACCES),
    ("EBUSY", libc::EBUSY),
    ("EDQUOT", libc::EDQUOT),
    ("EEXIST", libc::EEXIST),
    ("EFBIG", libc::EFBIG),
    ("EINVAL", libc::EINVAL),
    ("EIO", libc::EIO),
    ("EISDIR", libc::EISDIR),
    ("ELOOP", libc::ELOOP),
    ("EMFILE", libc::EMFILE),
    ("EMLINK", libc::EMLINK),
    ("ENAMETOOLONG", libc::ENAMETOOLONG),
    ("ENOENT", libc::ENOENT),
    ("ENOSPC", libc::ENOSPC),
    ("ENOSYS", libc::ENOSYS),
    ("ENOTDIR", libc::ENOTDIR),
    ("ENOTSUP", libc::ENOTSUP),
    ("EPERM", libc::EPERM),
    ("EROFS", libc::EROFS),
    ("EXDEV", libc::EXDEV),
];

fn errno_name(error: &io::Error) -> &'static str {
    let code = error.raw_os_error();
    ERRNOS.iter().find(|(_, number)| Some(*number) == code).map_or("EUNKNOWN", |(name, _)| name)
}

pub fn file_operations(given: &Given) -> Answer {
    let trace = Trace::default();
    let lines = trace.clone();
    let fail_at = given.text("fail_at").unwrap_or_default().to_owned();
    let wanted = given.text("errno").unwrap_or("EIO");
    let errno = ERRNOS.iter().find(|(name, _)| *name == wanted).expect("a known errno").1;
    let hook = move |step: &str, run: &mut dyn FnMut() -> io::Result<()>| {
        let fails = step.split(' ').next() == Some(&fail_at) && step != "backup copy";
        let result = if fails { Err(io::Error::from_raw_os_error(errno)) } else { run() };
        let copied = ["EPERM", "ENOTSUP", "EXDEV", "EMLINK", "ENOSYS"];
        match &result {
            Ok(()) => push(&lines, step.to_owned()),
            // A copy follows a link that is not possible.
            Err(error) if step == "backup link" && copied.contains(&errno_name(error)) => {}
            Err(error) => push(&lines, format!("{step} {}", errno_name(error))),
        }
        result
    };
    let path = Path::new(given.text("directory").unwrap_or(".")).join(given.text("path").unwrap_or_default());
    let mut file = AtomicFile::new(path).hook(Arc::new(hook));
    if let Some(mode) = given.int("mode") {
        file = file.mode(u32::try_from(mode).unwrap_or(u32::MAX));
    }
    if let Some(backup) = given.flag("backup") {
        file = file.backup(backup);
    }
    if let Some(durable) = given.flag("durable") {
        file = file.durable(durable);
    }
    if let Some(create_parents) = given.flag("create_parents") {
        file = file.create_parents(create_parents);
    }
    let data = match given.list("data_repeat") {
        [text, count] => text.as_str().unwrap_or_default().repeat(count.as_u64().unwrap_or(0) as usize),
        _ => given.text("data").unwrap_or_default().to_owned(),
    };
    let error = match file.write(data) {
        Ok(()) => None,
        Err(error) if error.raw_os_error().is_none() => {
            let inner = error.into_inner().and_then(|inner| inner.downcast::<Error>().ok());
            return Err(*inner.expect("an error of the runtime"));
        }
        Err(error) => Some(format!("OSError:{}", errno_name(&error))),
    };
    Ok((take(&trace), json!({"error": error})))
}
