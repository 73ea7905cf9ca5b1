use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::retry::DEFAULT_NON_RETRYABLE;
use crate::clock::{Clock, SystemClock, lock, nanoseconds};
use crate::errors::{Class, Classify, Error, Failure, require_range};

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitState {
    /// Every call goes through; consecutive failures are counted.
    Closed,
    /// Every call is refused until the recovery time-out has passed.
    Open,
    /// A few probes go through, whose results close or open the circuit again.
    HalfOpen,
}

impl fmt::Display for CircuitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CircuitState::Closed => "closed",
            CircuitState::Open => "open",
            CircuitState::HalfOpen => "half_open",
        })
    }
}

#[derive(Debug)]
struct Inner {
    state: CircuitState,
    failures: u32,
    successes: u32,
    in_flight: u32,
    opened_at: i64,
    generation: u64,
}

impl Inner {
    /// Changes the state and starts a new generation, which makes the results of earlier calls void.
    fn enter(&mut self, state: CircuitState) {
        self.state = state;
        self.generation += 1;
        self.successes = 0;
        self.in_flight = 0;
        if state == CircuitState::Closed {
            self.failures = 0;
        }
    }
}

/// Refuses calls to something that keeps failing. It trips on the `failure_threshold`-th consecutive failure; once the
/// recovery time-out has passed it admits `half_open_max_calls` probes at a time, and closes after `success_threshold`
/// successful ones. The result of a call that started in an earlier state is dropped. No lock is held while calling.
///
/// ```
/// use std::time::Duration;
/// use foundation::{errors::Error, resilience::{CircuitBreaker, CircuitState}};
///
/// let breaker = CircuitBreaker::builder("payments").failure_threshold(1).recovery_timeout(Duration::from_secs(30)).build();
/// let _ = breaker.call(|| Err::<(), _>(Error::network("refused")));
/// assert_eq!(CircuitState::Open, breaker.state());
/// assert!(matches!(breaker.call(|| Ok(())), Err(Error::CircuitOpen { .. })));
/// ```
pub struct CircuitBreaker {
    settings: CircuitBreakerBuilder,
    recovery_timeout: i64,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker").field("name", &self.settings.name).field("inner", &*lock(&self.inner)).finish()
    }
}

/// Configures a [`CircuitBreaker`].
#[derive(Clone)]
pub struct CircuitBreakerBuilder {
    name: Cow<'static, str>,
    failure_threshold: u32,
    recovery_timeout: Duration,
    half_open_max_calls: u32,
    success_threshold: u32,
    expected: Option<Vec<Class>>,
    excluded: Vec<Class>,
    clock: Option<Arc<dyn Clock>>,
}

impl CircuitBreakerBuilder {
    /// The number of consecutive failures that trips the breaker; from 1 to 10000, default 5.
    #[must_use]
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.failure_threshold = failures;
        self
    }

    /// How long the breaker stays open before it probes; up to a day, default 60 s.
    #[must_use]
    pub fn recovery_timeout(mut self, timeout: Duration) -> Self {
        self.recovery_timeout = timeout;
        self
    }

    /// How many probes may be in flight at once; from 1 to 1000, default 1.
    #[must_use]
    pub fn half_open_max_calls(mut self, calls: u32) -> Self {
        self.half_open_max_calls = calls;
        self
    }

    /// How many probes must succeed before the breaker closes; from 1 to 1000, default 1.
    #[must_use]
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.success_threshold = successes;
        self
    }

    /// The classes that count as failures; the default is every one that is not excluded.
    #[must_use]
    pub fn expected(mut self, classes: impl Into<Vec<Class>>) -> Self {
        self.expected = Some(classes.into());
        self
    }

    /// The classes that say nothing about the callee's health; the default is `AuthenticationError` and `ValidationError`.
    #[must_use]
    pub fn excluded(mut self, classes: impl Into<Vec<Class>>) -> Self {
        self.excluded = classes.into();
        self
    }

    /// Injects the clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// A closed breaker, or the `ConfigurationError` for a setting out of its range.
    pub fn try_build(self) -> Result<CircuitBreaker, Error> {
        require_range("failure_threshold", self.failure_threshold, 1, 10_000)?;
        require_range("recovery_timeout", self.recovery_timeout, Duration::ZERO, Duration::from_secs(86_400))?;
        require_range("half_open_max_calls", self.half_open_max_calls, 1, 1000)?;
        require_range("success_threshold", self.success_threshold, 1, 1000)?;
        let inner =
            Inner { state: CircuitState::Closed, failures: 0, successes: 0, in_flight: 0, opened_at: 0, generation: 0 };
        Ok(CircuitBreaker {
            recovery_timeout: nanoseconds(self.recovery_timeout),
            clock: self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock)),
            settings: self,
            inner: Mutex::new(inner),
        })
    }

    /// A closed breaker.
    ///
    /// # Panics
    /// When a setting is out of its range, which is a mistake in the program.
    #[must_use]
    pub fn build(self) -> CircuitBreaker {
        self.try_build().unwrap_or_else(|error| panic!("{error}"))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Ignored,
    Success,
    Failure,
}

impl CircuitBreaker {
    /// Starts to configure a breaker.
    pub fn builder(name: impl Into<Cow<'static, str>>) -> CircuitBreakerBuilder {
        CircuitBreakerBuilder {
            name: name.into(),
            failure_threshold: 5,
            recovery_timeout: Duration::from_secs(60),
            half_open_max_calls: 1,
            success_threshold: 1,
            expected: None,
            excluded: DEFAULT_NON_RETRYABLE.to_vec(),
            clock: None,
        }
    }

    /// The breaker's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// The breaker's state. It stays open after the recovery time-out until a call makes the breaker probe.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        lock(&self.inner).state
    }

    /// The number of consecutive failures; an open or probing breaker keeps the number that tripped it.
    #[must_use]
    pub fn failures(&self) -> u32 {
        lock(&self.inner).failures
    }

    /// Closes the breaker and forgets its failures; results of calls that are in flight are dropped.
    pub fn reset(&self) {
        lock(&self.inner).enter(CircuitState::Closed);
    }

    /// Admits one call, for operations that are not one function, or returns `CircuitOpenError`.
    pub fn begin(&self) -> Result<Permit<'_>, Error> {
        let now = self.clock.now();
        let mut inner = lock(&self.inner);
        let refused = |retry_after: i64| {
            Err(Error::CircuitOpen {
                name: self.settings.name.clone(),
                retry_after: Duration::from_nanos(retry_after as u64),
            })
        };
        if inner.state == CircuitState::Open {
            let elapsed = (now - inner.opened_at).max(0);
            if elapsed < self.recovery_timeout {
                return refused(self.recovery_timeout - elapsed);
            }
            inner.enter(CircuitState::HalfOpen);
        }
        if inner.state == CircuitState::HalfOpen {
            if inner.in_flight >= self.settings.half_open_max_calls {
                return refused(0);
            }
            inner.in_flight += 1;
        }
        Ok(Permit { breaker: self, generation: inner.generation, open: true })
    }

    fn settle(&self, generation: u64, verdict: Verdict) {
        let now = self.clock.now();
        let mut inner = lock(&self.inner);
        if inner.generation != generation {
            return;
        }
        let mut trip = false;
        if inner.state == CircuitState::HalfOpen {
            inner.in_flight -= 1;
            if verdict == Verdict::Success {
                inner.successes += 1;
                if inner.successes == self.settings.success_threshold {
                    inner.enter(CircuitState::Closed);
                }
            }
            trip = verdict == Verdict::Failure;
        } else if verdict == Verdict::Success {
            inner.failures = 0;
        } else if verdict == Verdict::Failure {
            inner.failures += 1;
            trip = inner.failures == self.settings.failure_threshold;
        }
        if trip {
            inner.opened_at = now;
            inner.enter(CircuitState::Open);
        }
    }

    fn judge(&self, class: Class) -> Verdict {
        let expected = self.settings.expected.as_ref().is_none_or(|expected| class.is_any(expected));
        if class == Class::CancelledError || class.is_any(&self.settings.excluded) || !expected {
            Verdict::Ignored
        } else {
            Verdict::Failure
        }
    }

    /// Runs the operation if the circuit admits it, and returns its own result; a refusal is a `CircuitOpenError`. A panic
    /// is judged as an error and goes on.
    pub fn call<T, E: Failure>(&self, operation: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let permit = PanicGuard(Some(self.begin()?));
        let result = operation();
        permit.end(result)
    }

    /// [`CircuitBreaker::call`] for an operation that returns a future. Dropping the future gives the permit back.
    #[cfg(feature = "tokio")]
    pub async fn call_async<T, E, F>(&self, operation: impl FnOnce() -> F) -> Result<T, E>
    where
        E: Failure,
        F: std::future::Future<Output = Result<T, E>>,
    {
        let permit = PanicGuard(Some(self.begin()?));
        let result = operation().await;
        permit.end(result)
    }
}

/// The admission of one call. A permit that is dropped says nothing about the callee.
#[derive(Debug)]
#[must_use = "an unused permit is given back at once"]
pub struct Permit<'a> {
    breaker: &'a CircuitBreaker,
    generation: u64,
    open: bool,
}

impl Permit<'_> {
    fn settle(&mut self, verdict: Verdict) {
        if std::mem::take(&mut self.open) {
            self.breaker.settle(self.generation, verdict);
        }
    }

    /// Gives the permit back after a success.
    pub fn success(mut self) {
        self.settle(Verdict::Success);
    }

    /// Gives the permit back after an error.
    pub fn failure(mut self, error: &impl Classify) {
        let verdict = self.breaker.judge(error.class());
        self.settle(verdict);
    }

    /// Gives the permit back after a panic.
    pub fn panicked(mut self) {
        let verdict = self.breaker.judge(Class::Other("ProgrammingError"));
        self.settle(verdict);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.settle(Verdict::Ignored);
    }
}

/// Tells a panic from a future that was dropped.
struct PanicGuard<'a>(Option<Permit<'a>>);

impl PanicGuard<'_> {
    fn end<T, E: Classify>(mut self, result: Result<T, E>) -> Result<T, E> {
        if let Some(permit) = self.0.take() {
            match &result {
                Ok(_) => permit.success(),
                Err(error) => permit.failure(error),
            }
        }
        result
    }
}

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        match self.0.take() {
            Some(permit) if std::thread::panicking() => permit.panicked(),
            _ => {}
        }
    }
}
