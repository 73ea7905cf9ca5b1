//! Drives the Rust runtime with the conformance suite: one JSON object per line in, one per line out.

mod given;
mod patterns;

use std::io::{BufRead, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};

use foundation::errors::{Class, Classify};
use foundation::Error;
use serde_json::{json, Map, Value};

use given::Given;

/// What one case gives: the trace and the result, or why the object could not be made.
type Answer = Result<(Vec<String>, Value), Error>;

/// A pattern's name, how to play a case, and what a result holds besides `error`.
type Pattern = (&'static str, fn(&Given) -> Answer, &'static [&'static str]);

const PATTERNS: &[Pattern] = &[
    ("retry_with_backoff", patterns::retry, &["attempts", "success", "cause", "elapsed"]),
    ("circuit_breaker", patterns::circuit_breaker, &["state", "failures"]),
    ("rate_limiting", patterns::rate_limiting, &[]),
    ("error_boundary", patterns::error_boundary, &["returned", "raised", "same", "context_after"]),
    ("structured_logging", patterns::structured_logging, &["lines"]),
    ("configuration", patterns::configuration, &["values", "problems"]),
    ("http_client", patterns::http_client, &["status", "body", "attempts", "cause", "cause_status"]),
    ("cli_framework", patterns::cli_framework, &["exit", "stdout", "stderr"]),
    (
        "process_execution",
        patterns::process_execution,
        &["exit_code", "signal", "stdout", "stderr", "stdout_length", "stderr_length", "escalated"],
    ),
    ("file_operations", patterns::file_operations, &[]),
];

fn respond(line: &str) -> Value {
    let request: Map<String, Value> = match serde_json::from_str(line) {
        Ok(request) => request,
        Err(error) => return json!({"id": null, "error": error.to_string()}),
    };
    let id = &request["id"];
    let name = request["pattern"].as_str().unwrap_or_default();
    if name == "hello" {
        let names: Vec<&str> = PATTERNS.iter().map(|(name, ..)| *name).collect();
        let about = json!({"language": "rust", "library": "foundation", "version": "0.1.0", "patterns": names});
        return json!({"id": id, "trace": [], "result": about});
    }
    let Some((_, run, keys)) = PATTERNS.iter().find(|(known, ..)| *known == name) else {
        return json!({"id": id, "skipped": format!("no pattern {name:?}")});
    };
    let given = Given(request["given"].as_object().cloned().unwrap_or_default());
    match catch_unwind(AssertUnwindSafe(|| run(&given))) {
        Ok(Ok((trace, result))) => json!({"id": id, "trace": trace, "result": result}),
        Ok(Err(error)) if matches!(error.class(), Class::ConfigurationError | Class::ValidationError) => {
            let mut result: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), Value::Null)).collect();
            result.insert("error".to_owned(), error.class().name().into());
            json!({"id": id, "trace": [], "result": result})
        }
        Ok(Err(error)) => json!({"id": id, "error": error.to_string()}),
        Err(panic) => json!({"id": id, "error": given::panic_message(panic.as_ref())}),
    }
}

fn main() -> std::io::Result<()> {
    std::panic::set_hook(Box::new(|_| {})); // Scripted panics are part of the cases.
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if !line.trim().is_empty() {
            writeln!(out, "{}", respond(&line))?;
            out.flush()?;
        }
    }
    Ok(())
}
