//! The error classes that every pattern raises or classifies, and the error boundary.
//!
//! ```text
//! FoundationError
//! ├── NetworkError  TimeoutError  ServiceUnavailable        retryable
//! ├── AuthenticationError  ValidationError                  never retried
//! ├── ConfigurationError  CancelledError  MaxRetriesExceeded  CircuitOpenError  RateLimitExceeded
//! ├── ProcessError ── ProcessTimeoutError
//! └── HttpError ── HttpStatusError
//! ```
//!
//! [`Error`] is the crate's own error. An application's error type takes part by implementing [`Classify`] and
//! `From<foundation::Error>`:
//!
//! ```
//! use foundation::errors::{Class, Classify, Error};
//!
//! #[derive(Debug)]
//! enum ShopError {
//!     Inventory(std::io::Error),
//!     SoldOut,
//!     Foundation(Error),
//! }
//! # impl std::fmt::Display for ShopError {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{self:?}") }
//! # }
//! impl std::error::Error for ShopError {}
//! impl From<Error> for ShopError {
//!     fn from(error: Error) -> Self { ShopError::Foundation(error) }
//! }
//! impl Classify for ShopError {
//!     fn class(&self) -> Class {
//!         match self {
//!             ShopError::Inventory(error) => error.class(),
//!             ShopError::SoldOut => Class::Other("SoldOut"),
//!             ShopError::Foundation(error) => error.class(),
//!         }
//!     }
//! }
//! ```

mod boundary;

pub use boundary::{BoundaryLogger, ErrorBoundary};
pub use foundation_macros::error_boundary;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// Any error, as the standard library boxes it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The class of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The variants are the classes drawn above.
pub enum Class {
    /// In a list of classes: every error.
    Exception,
    /// In a list of classes: every class of this crate.
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
    /// An application's own class.
    Other(&'static str),
}

impl Class {
    /// Whether this class is `ancestor` or below it.
    #[must_use]
    pub fn is_a(self, ancestor: Class) -> bool {
        self == ancestor
            || match ancestor {
                Class::Exception => true,
                Class::FoundationError => !matches!(self, Class::Other(_) | Class::Exception),
                Class::ProcessError => self == Class::ProcessTimeoutError,
                Class::HttpError => self == Class::HttpStatusError,
                _ => false,
            }
    }

    /// Whether this class is one of `ancestors` or below one.
    #[must_use]
    pub fn is_any(self, ancestors: &[Class]) -> bool {
        ancestors.iter().any(|ancestor| self.is_a(*ancestor))
    }

    /// The class's name, the same in every language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Exception => "Exception",
            Class::FoundationError => "FoundationError",
            Class::NetworkError => "NetworkError",
            Class::TimeoutError => "TimeoutError",
            Class::ServiceUnavailable => "ServiceUnavailable",
            Class::AuthenticationError => "AuthenticationError",
            Class::ValidationError => "ValidationError",
            Class::ConfigurationError => "ConfigurationError",
            Class::CancelledError => "CancelledError",
            Class::MaxRetriesExceeded => "MaxRetriesExceeded",
            Class::CircuitOpenError => "CircuitOpenError",
            Class::RateLimitExceeded => "RateLimitExceeded",
            Class::ProcessError => "ProcessError",
            Class::ProcessTimeoutError => "ProcessTimeoutError",
            Class::HttpError => "HttpError",
            Class::HttpStatusError => "HttpStatusError",
            Class::Other(name) => name,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Says to which class an error belongs.
pub trait Classify {
    /// The class; an application's own is `Class::Other("ItsName")`.
    fn class(&self) -> Class;
}

/// What the patterns need of an error type: a class, a way in for the crate's own errors, and a way into a box.
/// It is implemented for every type that has the three.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a function that foundation guards",
    label = "the error type of this function",
    note = "implement `foundation::errors::Classify`, `From<foundation::Error>` and `std::error::Error` for `{Self}`",
    note = "or return `foundation::Error`, `std::io::Error` or `Box<dyn Error + Send + Sync>`"
)]
pub trait Failure: Classify + From<Error> + Into<BoxError> {}

impl<E: Classify + From<Error> + Into<BoxError>> Failure for E {}

/// One thing wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `invalid_file`, `invalid_value`, `missing`, `unknown_key`, `unreadable_file` or `out_of_range`.
    pub kind: &'static str,
    /// The dotted path of the key, a file's path, or a parameter's name.
    pub key: String,
    /// `file`, `environment`, `override`, `default` or `argument`.
    pub source: &'static str,
    /// What was expected and what was found.
    pub message: String,
}

/// How a process ended that did not end well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessFailure {
    /// The argument vector with secrets masked.
    pub command: Vec<String>,
    /// The exit status: 128 + N when signal N ended the process, 127 when the program was not found, 126 when it could
    /// not be executed.
    pub exit_code: i32,
    /// The signal that ended the process.
    pub signal: Option<i32>,
    /// The output so far.
    pub stdout: Vec<u8>,
    /// The error output so far.
    pub stderr: Vec<u8>,
    /// Why it could not be started, else empty.
    pub reason: String,
}

impl fmt::Display for ProcessFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.command.join(" ");
        if !self.reason.is_empty() {
            return write!(f, "cannot run {command}: {}", self.reason);
        }
        match self.signal {
            Some(signal) => write!(f, "{command} was ended by signal {signal}")?,
            None => write!(f, "{command} exited with status {}", self.exit_code)?,
        }
        let tail = &self.stderr[self.stderr.len().saturating_sub(512)..];
        match String::from_utf8_lossy(tail).trim().lines().last() {
            Some(line) => write!(f, ": {}", line.trim()),
            None => Ok(()),
        }
    }
}

/// A response whose status is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusFailure {
    /// The request's method.
    pub method: String,
    /// Where the response came from, without the query.
    pub url: String,
    /// The response's status.
    pub status: u16,
    /// The response's headers, in order.
    pub headers: Vec<(String, String)>,
    /// The response's whole body.
    pub body: Vec<u8>,
}

/// The crate's error; each variant is one class.
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // The comment on each variant speaks of its fields.
pub enum Error {
    /// A peer could not be reached or the connection broke; retryable.
    Network { message: String, source: Option<BoxError> },
    /// An operation took longer than allowed; retryable.
    Timeout { message: String, source: Option<BoxError> },
    /// The peer answered that it cannot serve now; retryable.
    ServiceUnavailable { message: String },
    /// The caller is not who it must be; never retried.
    Authentication { message: String },
    /// An input is not acceptable; never retried.
    Validation { message: String },
    /// Settings are missing, unknown, ill-typed or out of range; every problem found.
    Configuration { problems: Vec<Problem> },
    /// The caller gave up first; `cause` is the last error before that.
    Cancelled { cause: Option<BoxError> },
    /// Every allowed call failed with a retryable error.
    MaxRetriesExceeded { attempts: u32, cause: BoxError },
    /// A circuit breaker refused the call; never retried.
    CircuitOpen { name: Cow<'static, str>, retry_after: Duration },
    /// A rate limiter refused the call.
    RateLimitExceeded { retry_after: Duration },
    /// A process could not be started or did not exit with 0.
    Process(Box<ProcessFailure>),
    /// A process ran past its time-out.
    ProcessTimeout { failure: Box<ProcessFailure>, timeout: Duration, escalated: bool },
    /// An HTTP request failed for a reason other than the response's status.
    Http { message: String, source: Option<BoxError> },
    /// A response's status is an error.
    HttpStatus(Box<StatusFailure>),
}

impl Error {
    /// A `NetworkError`.
    pub fn network(message: impl Into<String>) -> Self {
        Error::Network { message: message.into(), source: None }
    }

    /// A `TimeoutError`.
    pub fn timeout(message: impl Into<String>) -> Self {
        Error::Timeout { message: message.into(), source: None }
    }

    /// A `ServiceUnavailable`.
    pub fn service_unavailable(message: impl Into<String>) -> Self {
        Error::ServiceUnavailable { message: message.into() }
    }

    /// An `AuthenticationError`.
    pub fn authentication(message: impl Into<String>) -> Self {
        Error::Authentication { message: message.into() }
    }

    /// A `ValidationError`.
    pub fn validation(message: impl Into<String>) -> Self {
        Error::Validation { message: message.into() }
    }

    /// An `HttpError`.
    pub fn http(message: impl Into<String>) -> Self {
        Error::Http { message: message.into(), source: None }
    }

    /// The `ConfigurationError` for one parameter that is not acceptable.
    pub fn bad_parameter(key: impl Into<String>, message: impl Into<String>) -> Self {
        Error::Configuration {
            problems: vec![Problem {
                kind: "out_of_range",
                key: key.into(),
                source: "argument",
                message: message.into(),
            }],
        }
    }

    /// The `ConfigurationError` for a parameter outside its range.
    pub fn out_of_range(key: &str, value: impl fmt::Debug, low: impl fmt::Debug, high: impl fmt::Debug) -> Self {
        Self::bad_parameter(key, format!("{key} is {value:?}; it must be from {low:?} to {high:?}"))
    }

    /// The error that this one wraps: the last call's, for `MaxRetriesExceeded` and `CancelledError`.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        match self {
            Error::MaxRetriesExceeded { cause, .. } => Some(cause.as_ref()),
            Error::Cancelled { cause } => cause.as_deref(),
            _ => None,
        }
    }
}

/// Checks a parameter's range.
pub(crate) fn require_range<T: PartialOrd + fmt::Debug>(key: &str, value: T, low: T, high: T) -> Result<(), Error> {
    if value >= low && value <= high { Ok(()) } else { Err(Error::out_of_range(key, value, low, high)) }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Network { message, source }
            | Error::Timeout { message, source }
            | Error::Http { message, source } => match source {
                Some(source) => write!(f, "{message}: {source}"),
                None => f.write_str(message),
            },
            Error::ServiceUnavailable { message }
            | Error::Authentication { message }
            | Error::Validation { message } => f.write_str(message),
            Error::Configuration { problems } => {
                for (i, problem) in problems.iter().enumerate() {
                    write!(f, "{}{}", if i > 0 { "; " } else { "" }, problem.message)?;
                }
                Ok(())
            }
            Error::Cancelled { cause: Some(cause) } => write!(f, "cancelled; the last call failed: {cause}"),
            Error::Cancelled { cause: None } => f.write_str("cancelled"),
            Error::MaxRetriesExceeded { attempts, cause } => {
                write!(f, "gave up after {attempts} attempt{}: {cause}", if *attempts == 1 { "" } else { "s" })
            }
            Error::CircuitOpen { name, retry_after } => {
                write!(f, "circuit {name:?} is open; retry after {retry_after:?}")
            }
            Error::RateLimitExceeded { retry_after } => write!(f, "rate limit exceeded; retry after {retry_after:?}"),
            Error::Process(failure) => failure.fmt(f),
            Error::ProcessTimeout { failure, timeout, .. } => {
                write!(f, "{} did not finish within {timeout:?}", failure.command.join(" "))
            }
            Error::HttpStatus(failure) => write!(f, "{} {} answered {}", failure.method, failure.url, failure.status),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Network { source, .. } | Error::Timeout { source, .. } | Error::Http { source, .. } => {
                source.as_deref().map(|source| source as _)
            }
            _ => self.cause().map(|cause| cause as _),
        }
    }
}

impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Error::Network { .. } => Class::NetworkError,
            Error::Timeout { .. } => Class::TimeoutError,
            Error::ServiceUnavailable { .. } => Class::ServiceUnavailable,
            Error::Authentication { .. } => Class::AuthenticationError,
            Error::Validation { .. } => Class::ValidationError,
            Error::Configuration { .. } => Class::ConfigurationError,
            Error::Cancelled { .. } => Class::CancelledError,
            Error::MaxRetriesExceeded { .. } => Class::MaxRetriesExceeded,
            Error::CircuitOpen { .. } => Class::CircuitOpenError,
            Error::RateLimitExceeded { .. } => Class::RateLimitExceeded,
            Error::Process(_) => Class::ProcessError,
            Error::ProcessTimeout { .. } => Class::ProcessTimeoutError,
            Error::Http { .. } => Class::HttpError,
            Error::HttpStatus(_) => Class::HttpStatusError,
        }
    }
}

/// The standard library's connection errors are `NetworkError`s and its time-outs are `TimeoutError`s. An [`Error`] inside,
/// as `From<Error>` puts it there, keeps its class.
impl Classify for std::io::Error {
    fn class(&self) -> Class {
        use std::io::ErrorKind;
        if let Some(inner) = self.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            return inner.class();
        }
        match self.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
            | ErrorKind::AddrNotAvailable
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Class::NetworkError,
            ErrorKind::TimedOut => Class::TimeoutError,
            _ => Class::Other("IoError"),
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        std::io::Error::other(error)
    }
}

/// A boxed error has the class of what is in the box, when that is an [`Error`] or an [`std::io::Error`].
impl Classify for BoxError {
    fn class(&self) -> Class {
        if let Some(error) = self.downcast_ref::<Error>() {
            error.class()
        } else if let Some(error) = self.downcast_ref::<std::io::Error>() {
            error.class()
        } else {
            Class::Other("Error")
        }
    }
}
