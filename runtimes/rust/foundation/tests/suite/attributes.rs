use std::sync::atomic::{AtomicU32, Ordering};

use foundation::cli::{App, Args};
use foundation::errors::{Class, Classify, Error, error_boundary};
use foundation::register_command;
use foundation::resilience::{Jitter, RetryPolicy, circuit_breaker, rate_limit, retry};

use crate::block_on;

/// Fails until the counter reaches `calls`.
fn flaky(counter: &AtomicU32, calls: u32) -> Result<u32, Error> {
    let call = counter.fetch_add(1, Ordering::Relaxed) + 1;
    if call < calls { Err(Error::network("refused")) } else { Ok(call) }
}

#[retry(max_attempts = 3, base_delay = 0, max_delay = 1.5, backoff = "linear", jitter = false)]
fn retried(counter: &AtomicU32, calls: u32) -> Result<u32, Error> {
    let value = flaky(counter, calls)?; // A question mark ends the attempt, not the retry.
    if value > 100 {
        return Err(Error::validation("too many"));
    }
    Ok(value)
}

#[foundation::retry(max_attempts = 4, base_delay = 0.0, backoff_strategy = "fixed", jitter = "full", retryable = [NetworkError])]
async fn retried_async(counter: &AtomicU32, name: String) -> Result<String, Error> {
    let call = flaky(counter, 4)?;
    tokio::task::yield_now().await;
    Ok(format!("{name}{call}"))
}

#[retry(policy = RetryPolicy::new().max_attempts(2).base_delay(std::time::Duration::ZERO), jitter = Jitter::Equal, non_retryable = [])]
fn with_policy(counter: &AtomicU32) -> Result<u32, Error> {
    flaky(counter, 9)
}

#[retry(base_delay = 0, retryable_errors = (MyError, TimeoutError), jitter = "symmetric")]
fn own_class(counter: &AtomicU32) -> Result<u32, MyError> {
    if counter.fetch_add(1, Ordering::Relaxed) == 0 { Err(MyError::Busy) } else { Ok(1) }
}

#[derive(Debug)]
enum MyError {
    Busy,
    Foundation(Error),
}

impl std::fmt::Display for MyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MyError::Busy => f.write_str("busy"),
            MyError::Foundation(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MyError {}

impl From<Error> for MyError {
    fn from(error: Error) -> Self {
        MyError::Foundation(error)
    }
}

impl Classify for MyError {
    fn class(&self) -> Class {
        match self {
            MyError::Busy => Class::Other("MyError"),
            MyError::Foundation(error) => error.class(),
        }
    }
}

struct Service {
    counter: AtomicU32,
}

impl Service {
    #[retry(max_attempts = 2, base_delay = 0)]
    fn method(&self) -> Result<u32, std::io::Error> {
        match self.counter.fetch_add(1, Ordering::Relaxed) {
            0 => Err(std::io::ErrorKind::ConnectionRefused.into()),
            call => Ok(call),
        }
    }
}

#[test]
fn retry_repeats_functions() {
    let counter = AtomicU32::new(0);
    assert_eq!(3, retried(&counter, 3).unwrap());
    counter.store(0, Ordering::Relaxed);
    assert_eq!(Class::MaxRetriesExceeded, retried(&counter, 9).unwrap_err().class());
    counter.store(100, Ordering::Relaxed);
    assert_eq!(Class::ValidationError, retried(&counter, 0).unwrap_err().class());
    counter.store(0, Ordering::Relaxed);
    assert_eq!("x4", block_on(retried_async(&counter, "x".to_owned())).unwrap());
    counter.store(0, Ordering::Relaxed);
    assert_eq!("gave up after 2 attempts: refused", with_policy(&counter).unwrap_err().to_string());
    counter.store(0, Ordering::Relaxed);
    assert_eq!(1, own_class(&counter).unwrap());
    assert_eq!(1, Service { counter: AtomicU32::new(0) }.method().unwrap());
}

#[circuit_breaker(failure_threshold = 2, recovery_timeout = 3600, half_open_max_calls = 1, success_threshold = 1, expected = [NetworkError], excluded = [ValidationError])]
fn guarded(error: Option<Error>) -> Result<(), Error> {
    error.map_or(Ok(()), Err)
}

#[circuit_breaker(failure_threshold = 1, recovery_timeout = 3600.0, name = "remote")]
async fn guarded_async() -> Result<(), Error> {
    Err(Error::network("refused"))
}

#[test]
fn circuit_breaker_guards_functions() {
    assert!(guarded(None).is_ok());
    for _ in 0..5 {
        assert_eq!(Class::ValidationError, guarded(Some(Error::validation("no"))).unwrap_err().class());
    }
    for expected in [Class::NetworkError, Class::NetworkError, Class::CircuitOpenError] {
        assert_eq!(expected, guarded(Some(Error::network("refused"))).unwrap_err().class());
    }
    assert_eq!(Class::NetworkError, block_on(guarded_async()).unwrap_err().class());
    let Err(Error::CircuitOpen { name, .. }) = block_on(guarded_async()) else { panic!("it must be open") };
    assert_eq!("remote", name);
}

#[rate_limit(limit = 1, period = 3600, burst = 2)]
fn limited() -> Result<(), Error> {
    Ok(())
}

#[rate_limit(limit = 1, period = 0.02, wait = true)]
fn waiting() -> Result<(), Error> {
    Ok(())
}

#[rate_limit(limit = 1, period = 0.02, algorithm = "sliding_window", wait = true)]
async fn waiting_async() -> Result<(), Error> {
    Ok(())
}

#[test]
fn rate_limit_limits_functions() {
    assert!(limited().is_ok() && limited().is_ok());
    assert_eq!(Class::RateLimitExceeded, limited().unwrap_err().class());
    let start = std::time::Instant::now();
    assert!(waiting().is_ok() && waiting().is_ok());
    block_on(async {
        waiting_async().await.unwrap();
        waiting_async().await.unwrap();
    });
    assert!(start.elapsed() >= std::time::Duration::from_millis(40));
}

/// A type without a default.
#[derive(Debug, PartialEq)]
struct NoDefault(u32);

#[error_boundary(log_errors = false)]
fn observed() -> Result<NoDefault, Error> {
    Err(Error::network("refused"))
}

#[error_boundary(reraise = false, fallback = NoDefault(7), log_errors = false, catch = [NetworkError], name = "stock")]
fn with_fallback(error: Error) -> Result<NoDefault, Error> {
    Err(error)
}

#[error_boundary(reraise = false, log_errors = false)]
fn with_default() -> Result<u32, Error> {
    Err(Error::network("refused"))
}

#[error_boundary(reraise = false, fallback = 5, log_errors = false)]
async fn with_fallback_async() -> Result<u32, Error> {
    Err(Error::network("refused"))
}

#[error_boundary(reraise = false, log_errors = false)]
async fn with_default_async() -> Result<u32, Error> {
    Err(Error::network("refused"))
}

#[error_boundary(log_errors = false)]
async fn observed_async() -> Result<NoDefault, Error> {
    Err(Error::network("refused"))
}

#[test]
fn error_boundary_encloses_functions() {
    assert_eq!(Class::NetworkError, observed().unwrap_err().class());
    assert_eq!(NoDefault(7), with_fallback(Error::network("x")).unwrap());
    assert_eq!(Class::TimeoutError, with_fallback(Error::timeout("x")).unwrap_err().class());
    assert_eq!(0, with_default().unwrap());
    assert_eq!((5, 0), block_on(async { (with_fallback_async().await.unwrap(), with_default_async().await.unwrap()) }));
    assert!(block_on(observed_async()).is_err());
}

/// Copies files
/// to a place.
#[register_command(name = "files.copy", hidden = false, category = "Files")]
fn copy(
    to: String,
    count: i64,
    ratio: f64,
    from: Vec<String>,
    note: Option<String>,
    factor: Option<f64>,
    dry_run: bool,
) -> Result<(), Error> {
    assert_eq!(("there", 2, 0.5), (to.as_str(), count, ratio));
    assert_eq!(
        (vec!["a".to_owned(), "b".to_owned()], Some("n".to_owned()), None, false),
        (from, note, factor, dry_run)
    );
    Err(Error::validation("refused"))
}

#[register_command(description = "Takes everything", aliases = ["r"])]
fn raw_args(args: &Args) {
    assert!(args.values().is_empty());
}

#[test]
fn register_command_makes_commands() {
    let app = App::new("tool", "1").register(copy_command()).register(raw_args_command());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert_eq!(1, app.run_with(["files", "copy", "there", "2", "0.5", "a", "b", "--note", "n"], &mut out, &mut err));
    assert_eq!("Error: refused\n", String::from_utf8(err).unwrap());
    assert_eq!(0, app.run(["r"]));
    assert_eq!(0, app.run(["raw-args"]));
    assert_eq!(0, app.run_with(["files", "copy", "--help"], &mut out, &mut Vec::new()));
    assert!(String::from_utf8(out).unwrap().contains("Copies files to a place."));
}
