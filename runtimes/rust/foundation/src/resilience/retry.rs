use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Cancellation, Clock, Random, SystemClock, SystemRandom, nanoseconds};
use crate::errors::{BoxError, Class, Error, Failure, require_range};

/// How the delay grows from one failed call to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backoff {
    /// base, 2 * base, 4 * base...
    #[default]
    Exponential,
    /// base, 2 * base, 3 * base...
    Linear,
    /// base, base, base...
    Fixed,
}

/// How a delay is randomised, after the cap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// From `[0, delay)`.
    Full,
    /// From `[delay / 2, delay)`.
    Equal,
    /// From `[delay * (1 - ratio), delay * (1 + ratio))`, with a ratio from 0 to 1.
    Symmetric(f64),
}

impl Default for Jitter {
    fn default() -> Self {
        Jitter::Symmetric(0.25)
    }
}

impl Jitter {
    /// The delay for a draw of `numerator / 2^53`.
    fn apply(self, delay: i64, numerator: u64) -> i64 {
        let scaled = |width: i64| ((width as u128 * u128::from(numerator)) >> 53) as i64;
        match self {
            Jitter::None => delay,
            Jitter::Full => scaled(delay),
            Jitter::Equal => delay / 2 + scaled(delay - delay / 2),
            Jitter::Symmetric(ratio) => {
                let parts_per_million = (ratio * 1e6).round_ties_even() as i128;
                let width = (i128::from(delay) * parts_per_million / 1_000_000) as i64;
                delay - width + scaled(2 * width)
            }
        }
    }
}

const SECOND: i64 = 1_000_000_000;
const DEFAULT_RETRYABLE: &[Class] = &[Class::NetworkError, Class::TimeoutError, Class::ServiceUnavailable];
pub(super) const DEFAULT_NON_RETRYABLE: &[Class] = &[Class::AuthenticationError, Class::ValidationError];

type Predicate = Arc<dyn Fn(&dyn std::any::Any) -> bool + Send + Sync>;
type Observer = Arc<dyn Fn(u32, Duration) + Send + Sync>;

/// Says when to call again. The default is 3 calls, 1 s doubling up to 60 s, symmetric jitter of 25 %, retrying
/// `NetworkError`, `TimeoutError` and `ServiceUnavailable`, never `AuthenticationError` and `ValidationError`.
///
/// A cancellation and an open circuit are never retried, and a panic goes through. The policy is cheap to clone and may be
/// shared between threads.
///
/// ```
/// use std::time::Duration;
/// use foundation::{errors::Error, resilience::RetryPolicy};
///
/// let mut failures = 2;
/// let value = RetryPolicy::new().max_attempts(3).base_delay(Duration::from_millis(1)).run(|| {
///     if failures > 0 {
///         failures -= 1;
///         return Err(Error::network("refused"));
///     }
///     Ok(7)
/// });
/// assert_eq!(7, value.unwrap());
/// ```
#[derive(Clone)]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: i64,
    max_delay: i64,
    backoff: Backoff,
    jitter: Jitter,
    retryable: Option<Arc<[Class]>>,
    non_retryable: Option<Arc<[Class]>>,
    retry_if: Option<Predicate>,
    on_retry: Option<Observer>,
    clock: Option<Arc<dyn Clock>>,
    random: Option<Arc<dyn Random>>,
    cancellation: Option<Cancellation>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: SECOND,
            max_delay: 60 * SECOND,
            backoff: Backoff::default(),
            jitter: Jitter::default(),
            retryable: None,
            non_retryable: None,
            retry_if: None,
            on_retry: None,
            clock: None,
            random: None,
            cancellation: None,
        }
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("max_attempts", &self.max_attempts)
            .field("base_delay", &Duration::from_nanos(self.base_delay as u64))
            .field("max_delay", &Duration::from_nanos(self.max_delay as u64))
            .field("backoff", &self.backoff)
            .field("jitter", &self.jitter)
            .finish_non_exhaustive()
    }
}

impl RetryPolicy {
    /// The default policy.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of calls, the first one included; from 1 to 100.
    #[must_use]
    pub fn max_attempts(mut self, calls: u32) -> Self {
        self.max_attempts = calls;
        self
    }

    /// The delay after the first failure; up to 300 s.
    #[must_use]
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = nanoseconds(delay);
        self
    }

    /// The cap on the delay before jitter; up to one hour.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = nanoseconds(delay);
        self
    }

    /// How the delay grows.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How the delay is randomised.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The classes that are retried.
    #[must_use]
    pub fn retryable(mut self, classes: impl Into<Arc<[Class]>>) -> Self {
        self.retryable = Some(classes.into());
        self
    }

    /// The classes that end the retry at once, even when `retryable` holds them.
    #[must_use]
    pub fn non_retryable(mut self, classes: impl Into<Arc<[Class]>>) -> Self {
        self.non_retryable = Some(classes.into());
        self
    }

    /// Retries the errors of type `E` that `predicate` accepts, in place of the default classes.
    #[must_use]
    pub fn retry_if<E: 'static>(mut self, predicate: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        self.retry_if = Some(Arc::new(move |error| error.downcast_ref::<E>().is_some_and(&predicate)));
        self
    }

    /// Tells `observer` the number of each failed call that will be repeated, and the delay, before the sleep.
    #[must_use]
    pub fn on_retry(mut self, observer: impl Fn(u32, Duration) + Send + Sync + 'static) -> Self {
        self.on_retry = Some(Arc::new(observer));
        self
    }

    /// Injects the clock that sleeps.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Injects the random source of the jitter.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// Ends the retry, with `CancelledError`, when the signal is given.
    #[must_use]
    pub fn cancellation(mut self, cancellation: Cancellation) -> Self {
        self.cancellation = Some(cancellation);
        self
    }

    /// Reports the first setting that is out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        let ratio_is_good = match self.jitter {
            Jitter::Symmetric(ratio) => (0.0..=1.0).contains(&ratio),
            _ => true,
        };
        // Every call comes through here, so the good case is told apart by plain integers.
        if self.max_attempts.wrapping_sub(1) < 100
            && self.base_delay <= 300 * SECOND
            && self.max_delay <= 3600 * SECOND
            && ratio_is_good
        {
            return Ok(());
        }
        require_range("max_attempts", self.max_attempts, 1, 100)?;
        let in_seconds = |nanoseconds: i64| Duration::from_nanos(nanoseconds as u64);
        require_range("base_delay", in_seconds(self.base_delay), Duration::ZERO, Duration::from_secs(300))?;
        require_range("max_delay", in_seconds(self.max_delay), Duration::ZERO, Duration::from_secs(3600))?;
        if let Jitter::Symmetric(ratio) = self.jitter {
            require_range("jitter.ratio", ratio, 0.0, 1.0)?;
        }
        Ok(())
    }

    /// The delay after the given failed call, counted from 1, for a draw of `numerator / 2^53`.
    #[must_use]
    pub fn delay(&self, attempt: u32, numerator: u64) -> Duration {
        Duration::from_nanos(self.jitter.apply(self.capped_delay(attempt), numerator) as u64)
    }

    fn capped_delay(&self, attempt: u32) -> i64 {
        let grown = match self.backoff {
            Backoff::Fixed => self.base_delay,
            Backoff::Linear => self.base_delay.saturating_mul(i64::from(attempt)),
            Backoff::Exponential => {
                let doublings = attempt.saturating_sub(1);
                // A shift by the number of leading zeros or more would lose bits: that is where doubling saturates.
                if self.base_delay == 0 || doublings < self.base_delay.leading_zeros() {
                    self.base_delay << doublings.min(62)
                } else {
                    i64::MAX
                }
            }
        };
        grown.min(self.max_delay)
    }

    fn next_delay(&self, attempt: u32) -> i64 {
        let delay = self.capped_delay(attempt);
        if self.jitter == Jitter::None {
            return delay;
        }
        let numerator = self.random.as_ref().map_or_else(|| SystemRandom.fraction(), |random| random.fraction());
        self.jitter.apply(delay, numerator)
    }

    fn is_retryable<E: Failure + 'static>(&self, error: &E) -> bool {
        let class = error.class();
        if matches!(class, Class::CancelledError | Class::CircuitOpenError)
            || class.is_any(self.non_retryable.as_deref().unwrap_or(DEFAULT_NON_RETRYABLE))
        {
            return false;
        }
        match (&self.retryable, &self.retry_if) {
            (None, None) => class.is_any(DEFAULT_RETRYABLE),
            (classes, predicate) => {
                classes.as_deref().is_some_and(|classes| class.is_any(classes))
                    || predicate.as_ref().is_some_and(|predicate| predicate(error))
            }
        }
    }

    fn check_cancellation<E: Failure>(&self, last: &mut Option<E>) -> Result<(), E> {
        match &self.cancellation {
            Some(cancellation) if cancellation.is_cancelled() => Err(cancelled(last.take())),
            _ => Ok(()),
        }
    }

    /// The delay until the next call, or the error to end with.
    fn after_failure<E: Failure + 'static>(&self, attempt: u32, error: E) -> Result<(i64, E), E> {
        if !self.is_retryable(&error) {
            return Err(error);
        }
        if attempt >= self.max_attempts {
            return Err(Error::MaxRetriesExceeded { attempts: attempt, cause: error.into() }.into());
        }
        let delay = self.next_delay(attempt);
        if let Some(observer) = &self.on_retry {
            observer(attempt, Duration::from_nanos(delay as u64));
        }
        Ok((delay, error))
    }

    /// Calls the operation until it succeeds, fails with an error that is not retryable (which is returned as it is), or
    /// has been called `max_attempts` times (then the error is `MaxRetriesExceeded`, around the last one). A setting out of
    /// its range is a `ConfigurationError` before the first call.
    pub fn run<T, E: Failure + 'static>(&self, mut operation: impl FnMut() -> Result<T, E>) -> Result<T, E> {
        self.validate()?;
        let mut last: Option<E> = None;
        for attempt in 1.. {
            self.check_cancellation(&mut last)?;
            let error = match operation() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let (delay, error) = self.after_failure(attempt, error)?;
            let slept = match &self.clock {
                Some(clock) => clock.sleep(delay, self.cancellation.as_ref()),
                None => SystemClock.sleep(delay, self.cancellation.as_ref()),
            };
            if slept.is_err() {
                return Err(cancelled(Some(error)));
            }
            last = Some(error);
        }
        unreachable!("attempts end the loop")
    }

    /// [`RetryPolicy::run`] for an operation that returns a future. Dropping the future ends the retry as well.
    #[cfg(feature = "tokio")]
    pub async fn run_async<T, E, F>(&self, mut operation: impl FnMut() -> F) -> Result<T, E>
    where
        E: Failure + 'static,
        F: std::future::Future<Output = Result<T, E>>,
    {
        self.validate()?;
        let mut last: Option<E> = None;
        for attempt in 1.. {
            self.check_cancellation(&mut last)?;
            let error = match operation().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let (delay, error) = self.after_failure(attempt, error)?;
            let slept = match &self.clock {
                Some(clock) => clock.sleep_async(delay, self.cancellation.as_ref()).await,
                None => SystemClock.sleep_async(delay, self.cancellation.as_ref()).await,
            };
            if slept.is_err() {
                return Err(cancelled(Some(error)));
            }
            last = Some(error);
        }
        unreachable!("attempts end the loop")
    }
}

fn cancelled<E: Failure>(last: Option<E>) -> E {
    Error::Cancelled { cause: last.map(Into::<BoxError>::into) }.into()
}
