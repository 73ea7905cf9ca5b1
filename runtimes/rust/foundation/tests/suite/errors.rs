use std::error::Error as _;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use foundation::errors::{
    BoundaryLogger, BoxError, Class, Classify, Error, ErrorBoundary, ProcessFailure, StatusFailure,
};
use foundation::logging::Value;

use crate::block_on;

#[test]
fn every_error_has_its_class_and_its_text() {
    let failure = ProcessFailure {
        command: vec!["make".into()],
        exit_code: 2,
        stderr: b"one\nlast\n".to_vec(),
        ..Default::default()
    };
    let signal = ProcessFailure { signal: Some(9), stderr: Vec::new(), ..failure.clone() };
    let missing = ProcessFailure { reason: "no such file".into(), ..failure.clone() };
    let status =
        StatusFailure { method: "GET".into(), url: "http://x/".into(), status: 404, headers: vec![], body: vec![] };
    let wait = Duration::from_secs(1);
    let cause = || -> BoxError { "cause".into() };
    let cases = [
        (Error::network("refused"), "NetworkError", "refused"),
        (Error::Timeout { message: "late".into(), source: Some(cause()) }, "TimeoutError", "late: cause"),
        (Error::service_unavailable("busy"), "ServiceUnavailable", "busy"),
        (Error::authentication("who"), "AuthenticationError", "who"),
        (Error::validation("no"), "ValidationError", "no"),
        (Error::out_of_range("n", 0, 1, 9), "ConfigurationError", "n is 0; it must be from 1 to 9"),
        (Error::Cancelled { cause: None }, "CancelledError", "cancelled"),
        (
            Error::MaxRetriesExceeded { attempts: 1, cause: cause() },
            "MaxRetriesExceeded",
            "gave up after 1 attempt: cause",
        ),
        (
            Error::CircuitOpen { name: "db".into(), retry_after: wait },
            "CircuitOpenError",
            "circuit \"db\" is open; retry after 1s",
        ),
        (Error::RateLimitExceeded { retry_after: wait }, "RateLimitExceeded", "rate limit exceeded; retry after 1s"),
        (Error::Process(Box::new(failure.clone())), "ProcessError", "make exited with status 2: last"),
        (Error::Process(Box::new(signal)), "ProcessError", "make was ended by signal 9"),
        (Error::Process(Box::new(missing)), "ProcessError", "cannot run make: no such file"),
        (
            Error::ProcessTimeout { failure: Box::new(failure), timeout: wait, escalated: false },
            "ProcessTimeoutError",
            "make did not finish within 1s",
        ),
        (Error::http("lost"), "HttpError", "lost"),
        (Error::HttpStatus(Box::new(status)), "HttpStatusError", "GET http://x/ answered 404"),
    ];
    for (error, class, text) in cases {
        assert_eq!((class, text), (error.class().name(), error.to_string().as_str()));
        assert_eq!(class, error.class().to_string());
        assert!(error.class().is_a(Class::FoundationError) && error.class().is_a(Class::Exception));
        let has_source = text.ends_with("cause");
        assert_eq!(has_source, error.source().is_some());
        // The class survives the way through the standard library's containers.
        let class = error.class();
        let io = std::io::Error::from(error);
        assert_eq!(class, io.class());
        assert_eq!(class, BoxError::from(io).class());
    }
    let two = Error::Configuration {
        problems: [Error::bad_parameter("a", "first"), Error::bad_parameter("b", "second")]
            .into_iter()
            .flat_map(|error| match error {
                Error::Configuration { problems } => problems,
                _ => vec![],
            })
            .collect(),
    };
    assert_eq!("first; second", two.to_string());
}

#[test]
fn classes_form_a_tree() {
    assert!(Class::ProcessTimeoutError.is_a(Class::ProcessError) && Class::HttpStatusError.is_a(Class::HttpError));
    assert!(
        !Class::ProcessError.is_a(Class::ProcessTimeoutError)
            && !Class::ConfigurationError.is_a(Class::ValidationError)
    );
    assert!(!Class::Other("Mine").is_a(Class::FoundationError) && Class::Other("Mine").is_a(Class::Other("Mine")));
    assert_eq!(
        ("Exception", "FoundationError", "Mine"),
        (Class::Exception.name(), Class::FoundationError.name(), Class::Other("Mine").name())
    );
    assert_eq!(Class::NetworkError, std::io::Error::from(ErrorKind::BrokenPipe).class());
    assert_eq!(Class::Other("Error"), BoxError::from("text").class());
    assert_eq!(Class::TimeoutError, BoxError::from(Error::timeout("x")).class());
}

#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl BoundaryLogger for Recorder {
    fn error(&self, message: &str, fields: &[(&str, Value<'_>)]) {
        self.0.lock().unwrap().push(format!("{message} {fields:?}"));
    }
}

struct Failing;

impl BoundaryLogger for Failing {
    fn error(&self, _: &str, _: &[(&str, Value<'_>)]) {
        panic!("the disk is full");
    }
}

#[test]
fn a_boundary_records_once_and_returns_or_falls_back() {
    let log = Arc::new(Recorder::default());
    let records = || std::mem::take(&mut *log.0.lock().unwrap());
    let boundary = || ErrorBoundary::new("load").logger(log.clone());
    let fails = || Err::<i32, _>(Error::network("refused"));

    assert_eq!(7, boundary().run(|| Ok::<_, Error>(7)).unwrap());
    assert!(records().is_empty());
    assert!(boundary().context("order", 7).run(fails).is_err());
    let lines = records();
    assert_eq!(1, lines.len());
    for part in ["error caught", "load", "NetworkError", "refused", "order"] {
        assert!(lines[0].contains(part), "{lines:?} lacks {part}");
    }
    assert_eq!(0, boundary().reraise(false).run(fails).unwrap());
    assert_eq!(42, boundary().reraise(false).run_or(42, fails).unwrap());
    assert_eq!(0, block_on(boundary().reraise(false).run_async(async { fails() })).unwrap());
    assert_eq!(42, block_on(boundary().reraise(false).run_or_async(42, async { fails() })).unwrap());
    assert_eq!(4, records().len());
    assert!(boundary().catch([Class::TimeoutError]).reraise(false).run(fails).is_err());
    assert!(boundary().reraise(false).run(|| Err::<(), _>(Error::Cancelled { cause: None })).is_err());
    assert!(boundary().log_errors(false).observe(fails).is_err());
    assert!(records().is_empty());
    assert!(block_on(boundary().observe_async(async { fails() })).is_err());
    assert_eq!(1, records().len());
    assert!(ErrorBoundary::new("x").logger(Arc::new(Failing)).run(fails).is_err());
    assert!(ErrorBoundary::new("on standard error").run(fails).is_err());
    assert!(format!("{:?}", boundary()).contains("load"));
}

#[test]
fn a_boundary_catches_panics() {
    let boundary = || ErrorBoundary::new("x").log_errors(false);
    for message in [Some("text"), None] {
        let panics = || -> Result<i32, Error> {
            match message {
                Some(text) => panic!("{text}"),
                None => std::panic::panic_any(7),
            }
        };
        assert_eq!(0, boundary().log_errors(true).reraise(false).run(panics).unwrap());
        assert_eq!(0, block_on(boundary().reraise(false).run_async(async { panics() })).unwrap());
        assert!(catch_unwind(AssertUnwindSafe(|| boundary().run(panics))).is_err());
        let narrow = boundary().catch([Class::NetworkError]).reraise(false);
        assert!(catch_unwind(AssertUnwindSafe(|| narrow.run(panics))).is_err());
    }
    assert_eq!(0, boundary().reraise(false).run(|| -> Result<i32, Error> { panic!("static") }).unwrap());
}
