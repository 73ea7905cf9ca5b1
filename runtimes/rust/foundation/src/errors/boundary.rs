use std::any::Any;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::{Class, Classify};
use crate::logging::{Logger, Value};

/// What a boundary reports to; [`Logger`] is one.
pub trait BoundaryLogger: Send + Sync {
    /// Writes one record of level error.
    fn error(&self, message: &str, fields: &[(&str, Value<'_>)]);
}

impl BoundaryLogger for Logger {
    fn error(&self, message: &str, fields: &[(&str, Value<'_>)]) {
        Logger::error(self, message, fields);
    }
}

/// Catches the errors, panics included, that an operation ends with: each is recorded once and then returned as it is (a
/// panic goes on), or replaced by a fallback with `reraise(false)`. A cancellation passes unchanged and unrecorded.
///
/// ```
/// use foundation::errors::{Error, ErrorBoundary};
///
/// let boundary = ErrorBoundary::new("load").reraise(false).log_errors(false);
/// let orders: Result<Vec<u32>, Error> = boundary.run(|| Err(Error::network("refused")));
/// assert_eq!(Vec::<u32>::new(), orders.unwrap());
/// ```
#[derive(Clone)]
pub struct ErrorBoundary {
    name: Cow<'static, str>,
    catch: Option<Vec<Class>>,
    reraise: bool,
    log_errors: bool,
    context: Vec<(String, Value<'static>)>,
    logger: Option<Arc<dyn BoundaryLogger>>,
}

impl std::fmt::Debug for ErrorBoundary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ErrorBoundary").field("name", &self.name).field("catch", &self.catch).finish_non_exhaustive()
    }
}

impl ErrorBoundary {
    /// A boundary that catches every error, records it and returns it.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), catch: None, reraise: true, log_errors: true, context: Vec::new(), logger: None }
    }

    /// Catches these classes only.
    #[must_use]
    pub fn catch(mut self, classes: impl Into<Vec<Class>>) -> Self {
        self.catch = Some(classes.into());
        self
    }

    /// Whether a caught error is returned after it was recorded.
    #[must_use]
    pub fn reraise(mut self, reraise: bool) -> Self {
        self.reraise = reraise;
        self
    }

    /// Whether a caught error is recorded.
    #[must_use]
    pub fn log_errors(mut self, log_errors: bool) -> Self {
        self.log_errors = log_errors;
        self
    }

    /// Adds a field to the record's context.
    #[must_use]
    pub fn context(mut self, key: impl Into<String>, value: impl Into<Value<'static>>) -> Self {
        self.context.push((key.into(), value.into()));
        self
    }

    /// Sends the record to `logger`; the default writes a line of JSON to standard error.
    #[must_use]
    pub fn logger(mut self, logger: Arc<dyn BoundaryLogger>) -> Self {
        self.logger = Some(logger);
        self
    }

    /// Runs the operation; the fallback is the type's default.
    pub fn run<T: Default, E: Classify + std::fmt::Display>(
        &self,
        operation: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.run_or_else(T::default, operation)
    }

    /// Runs the operation with a fallback.
    pub fn run_or<T, E: Classify + std::fmt::Display>(
        &self,
        fallback: T,
        operation: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.run_or_else(|| fallback, operation)
    }

    /// Runs the operation and always returns its error, for a type without a default.
    pub fn observe<T, E: Classify + std::fmt::Display>(
        &self,
        operation: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.judge_without_fallback(catch_unwind(AssertUnwindSafe(operation)))
    }

    /// [`ErrorBoundary::observe`] for a future.
    #[cfg(feature = "tokio")]
    pub async fn observe_async<T, E: Classify + std::fmt::Display>(
        &self,
        operation: impl std::future::Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let outcome = catch_unwind_async(operation).await;
        self.judge_without_fallback(outcome)
    }

    fn judge_without_fallback<T, E: Classify + std::fmt::Display>(
        &self,
        outcome: Result<Result<T, E>, Box<dyn Any + Send>>,
    ) -> Result<T, E> {
        let observing = Self { reraise: true, ..self.clone() };
        observing.judge(outcome, || unreachable!("a boundary that reraises asks for no fallback"))
    }

    fn run_or_else<T, E: Classify + std::fmt::Display>(
        &self,
        fallback: impl FnOnce() -> T,
        operation: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.judge(catch_unwind(AssertUnwindSafe(operation)), fallback)
    }

    /// [`ErrorBoundary::run`] for a future.
    #[cfg(feature = "tokio")]
    pub async fn run_async<T: Default, E: Classify + std::fmt::Display>(
        &self,
        operation: impl std::future::Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let outcome = catch_unwind_async(operation).await;
        self.judge(outcome, T::default)
    }

    /// [`ErrorBoundary::run_or`] for a future.
    #[cfg(feature = "tokio")]
    pub async fn run_or_async<T, E: Classify + std::fmt::Display>(
        &self,
        fallback: T,
        operation: impl std::future::Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let outcome = catch_unwind_async(operation).await;
        self.judge(outcome, || fallback)
    }

    fn judge<T, E: Classify + std::fmt::Display>(
        &self,
        outcome: Result<Result<T, E>, Box<dyn Any + Send>>,
        fallback: impl FnOnce() -> T,
    ) -> Result<T, E> {
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                let class = error.class();
                if class == Class::CancelledError || !self.catches(class) {
                    return Err(error);
                }
                self.record(class.name(), &error.to_string());
                if self.reraise { Err(error) } else { Ok(fallback()) }
            }
            Err(panic) => {
                if !self.catches(PANIC) {
                    resume_unwind(panic);
                }
                self.record(PANIC.name(), panic_message(panic.as_ref()));
                if self.reraise {
                    resume_unwind(panic);
                }
                Ok(fallback())
            }
        }
    }

    fn catches(&self, class: Class) -> bool {
        self.catch.as_ref().is_none_or(|catch| class.is_any(catch))
    }

    fn record(&self, class: &str, message: &str) {
        if !self.log_errors {
            return;
        }
        let mut fields = vec![
            ("boundary", Value::from(&*self.name)),
            ("error", Value::from(class)),
            ("error_message", Value::from(message)),
        ];
        if !self.context.is_empty() {
            fields.push(("context", Value::Map(self.context.clone())));
        }
        // A failing logger must not replace the error.
        let _ = catch_unwind(AssertUnwindSafe(|| match &self.logger {
            Some(logger) => logger.error("error caught", &fields),
            None => Logger::builder("foundation.errors").build().error("error caught", &fields),
        }));
    }
}

/// The class of a panic, which only `Exception` matches.
const PANIC: Class = Class::Other("ProgrammingError");

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    if let Some(message) = panic.downcast_ref::<&str>() {
        message
    } else if let Some(message) = panic.downcast_ref::<String>() {
        message
    } else {
        "panic"
    }
}

#[cfg(feature = "tokio")]
pub(crate) async fn catch_unwind_async<T>(operation: impl std::future::Future<Output = T>) -> std::thread::Result<T> {
    let mut operation = std::pin::pin!(operation);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| operation.as_mut().poll(context))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => std::task::Poll::Ready(Err(panic)),
    })
    .await
}
