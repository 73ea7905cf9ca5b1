//! Reads a case's parameters and scenario.

use std::any::Any;
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use foundation::clock::{seconds, Sequence};
use foundation::errors::{Class, Classify, Problem, ProcessFailure, StatusFailure};
use foundation::Error;
use serde_json::{Map, Value};

pub struct Given(pub Map<String, Value>);

impl Given {
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    pub fn int(&self, key: &str) -> Option<i64> {
        self.get(key).map(|value| value.as_i64().unwrap_or_else(|| panic!("{key} is {value}, not an integer")))
    }

    /// An integer for a parameter that holds unsigned ones: what does not fit is out of every range.
    pub fn count(&self, key: &str) -> Option<u32> {
        self.int(key).map(|value| u32::try_from(value).unwrap_or(if value < 0 { 0 } else { u32::MAX }))
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(Value::as_bool)
    }

    pub fn list(&self, key: &str) -> &[Value] {
        self.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub fn texts(&self, key: &str) -> Vec<String> {
        self.list(key).iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
    }

    pub fn object(&self, key: &str) -> Map<String, Value> {
        self.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    pub fn child(&self, key: &str) -> Option<Given> {
        self.get(key).and_then(Value::as_object).cloned().map(Given)
    }

    /// A duration parameter. `Duration` has no negative values, so those are out of range here.
    pub fn seconds(&self, key: &str) -> Result<Option<Duration>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        if let Some(whole) = value.as_u64() {
            return Ok(Some(Duration::from_secs(whole)));
        }
        match value.as_f64() {
            Some(number) if number >= 0.0 => Ok(Some(seconds(number))),
            _ => Err(Error::bad_parameter(
                key,
                format!("{key} is {value}; it must be a number of seconds, not negative"),
            )),
        }
    }

    pub fn random(&self) -> Arc<Sequence> {
        let draws: Vec<u64> = self.list("random").iter().filter_map(Value::as_u64).collect();
        Arc::new(Sequence::new(draws))
    }

    pub fn classes(&self, key: &str) -> Option<Vec<Class>> {
        self.get(key).map(|_| self.texts(key).iter().map(|name| class(name)).collect())
    }
}

/// Lines that several closures write to.
pub type Trace = Arc<Mutex<Vec<String>>>;

pub fn push(trace: &Trace, line: String) {
    trace.lock().expect("the trace is not poisoned").push(line);
}

pub fn take(trace: &Trace) -> Vec<String> {
    std::mem::take(&mut trace.lock().expect("the trace is not poisoned"))
}

fn class(name: &str) -> Class {
    use Class::{
        AuthenticationError, CancelledError, CircuitOpenError, ConfigurationError, Exception, FoundationError,
        HttpError, HttpStatusError, MaxRetriesExceeded, NetworkError, Other, ProcessError, ProcessTimeoutError,
        RateLimitExceeded, ServiceUnavailable, TimeoutError, ValidationError,
    };
    let known = [
        Exception,
        FoundationError,
        NetworkError,
        TimeoutError,
        ServiceUnavailable,
        AuthenticationError,
        ValidationError,
        ConfigurationError,
        CancelledError,
        MaxRetriesExceeded,
        CircuitOpenError,
        RateLimitExceeded,
        ProcessError,
        ProcessTimeoutError,
        HttpError,
        HttpStatusError,
        Other("OtherError"),
        Other("ProgrammingError"),
    ];
    let found = known.into_iter().find(|class| class.name() == name);
    found.unwrap_or_else(|| panic!("unknown error class {name:?}"))
}

/// The error of a scripted application.
#[derive(Debug)]
pub enum Scripted {
    Foundation(Error),
    Other(String),
    Interrupt,
}

impl fmt::Display for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scripted::Foundation(error) => error.fmt(f),
            Scripted::Other(message) => f.write_str(message),
            Scripted::Interrupt => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Scripted {}

impl From<Error> for Scripted {
    fn from(error: Error) -> Self {
        Scripted::Foundation(error)
    }
}

impl Classify for Scripted {
    fn class(&self) -> Class {
        match self {
            Scripted::Foundation(error) => error.class(),
            Scripted::Other(_) => Class::Other("OtherError"),
            Scripted::Interrupt => Class::CancelledError,
        }
    }
}

impl Scripted {
    pub fn name(&self) -> &'static str {
        if matches!(self, Scripted::Interrupt) {
            "Interrupt"
        } else {
            self.class().name()
        }
    }

    pub fn cause(&self) -> Option<&'static str> {
        let Scripted::Foundation(error) = self else { return None };
        let cause = error.cause()?;
        match cause.downcast_ref::<Scripted>() {
            Some(scripted) => Some(scripted.name()),
            None => cause.downcast_ref::<Error>().map(|error| error.class().name()),
        }
    }
}

/// Makes the error of this name; `ProgrammingError` is a panic.
pub fn make_error(name: &str, message: &str) -> Scripted {
    let zero = Duration::ZERO;
    Scripted::Foundation(match name {
        "OtherError" => return Scripted::Other(message.to_owned()),
        "Interrupt" => return Scripted::Interrupt,
        "NetworkError" => Error::network(message),
        "TimeoutError" => Error::timeout(message),
        "ServiceUnavailable" => Error::service_unavailable(message),
        "AuthenticationError" => Error::authentication(message),
        "ValidationError" => Error::validation(message),
        "ConfigurationError" => Error::Configuration {
            problems: vec![Problem {
                kind: "missing",
                key: String::new(),
                source: "default",
                message: message.to_owned(),
            }],
        },
        "CancelledError" => Error::Cancelled { cause: None },
        "MaxRetriesExceeded" => {
            Error::MaxRetriesExceeded { attempts: 1, cause: Box::new(Scripted::Other(message.to_owned())) }
        }
        "CircuitOpenError" => Error::CircuitOpen { name: "inner".into(), retry_after: zero },
        "RateLimitExceeded" => Error::RateLimitExceeded { retry_after: zero },
        "ProcessError" => Error::Process(Box::new(ProcessFailure { exit_code: 1, ..ProcessFailure::default() })),
        "ProcessTimeoutError" => Error::ProcessTimeout { failure: Box::default(), timeout: zero, escalated: false },
        "HttpError" => Error::http(message),
        "HttpStatusError" => Error::HttpStatus(Box::new(StatusFailure {
            method: "GET".to_owned(),
            url: String::new(),
            status: 500,
            headers: Vec::new(),
            body: Vec::new(),
        })),
        "ProgrammingError" => std::panic::panic_any(ScriptedPanic(message.to_owned())),
        other => panic!("unknown error {other:?}"),
    })
}

/// What a scripted programming error panics with.
pub struct ScriptedPanic(pub String);

pub fn panic_message(panic: &(dyn Any + Send)) -> String {
    if let Some(message) = panic.downcast_ref::<String>() {
        message.clone()
    } else {
        panic.downcast_ref::<&str>().map_or("a panic", |message| message).to_owned()
    }
}

/// How an operation ended: with a result or a scripted panic. Other panics go on.
pub enum Ended<T> {
    Value(T),
    Failed(Scripted),
    Panicked(String),
}

impl<T> Ended<T> {
    pub fn of(run: impl FnOnce() -> Result<T, Scripted>) -> Self {
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(value)) => Ended::Value(value),
            Ok(Err(error)) => Ended::Failed(error),
            Err(panic) => match panic.downcast::<ScriptedPanic>() {
                Ok(scripted) => Ended::Panicked(scripted.0),
                Err(panic) => std::panic::resume_unwind(panic),
            },
        }
    }

    pub fn error(&self) -> Option<&'static str> {
        match self {
            Ended::Value(_) => None,
            Ended::Failed(error) => Some(error.name()),
            Ended::Panicked(_) => Some("ProgrammingError"),
        }
    }
}
