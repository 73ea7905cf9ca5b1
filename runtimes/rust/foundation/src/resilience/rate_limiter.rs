use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::{Cancellation, Clock, SystemClock, lock, nanoseconds};
use crate::errors::{Error, require_range};

/// How a [`RateLimiter`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// Admits bursts up to the burst size and refills continuously at limit per period.
    #[default]
    TokenBucket,
    /// Admits at most limit permits in any window of one period.
    SlidingWindow,
}

/// The answer to a request for permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the permits were taken.
    pub allowed: bool,
    /// The time until the same request would be admitted if nobody else asked; zero when allowed.
    pub retry_after: Duration,
    /// The number of whole permits left.
    pub remaining: u32,
}

#[derive(Debug)]
struct State {
    now: i64,
    /// Tokens in units of 1/period tokens: one permit costs period (in nanoseconds), each nanosecond adds limit. With
    /// these units nothing is ever rounded.
    level: u128,
    /// What the sliding window has let through, oldest first.
    admitted: VecDeque<(i64, u32)>,
    used: u32,
}

/// Admits a limited number of permits per period, with exact integer arithmetic: a limiter of ten per second that is asked
/// once every 100 ms never refuses.
///
/// ```
/// use std::time::Duration;
/// use foundation::resilience::RateLimiter;
///
/// let limiter = RateLimiter::builder(10).period(Duration::from_secs(3600)).burst(1).build();
/// assert!(limiter.allow());
/// assert!(!limiter.allow());
/// ```
pub struct RateLimiter {
    limit: u32,
    burst: u32,
    period: i64,
    algorithm: Algorithm,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("limit", &self.limit)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Configures a [`RateLimiter`].
#[derive(Clone)]
pub struct RateLimiterBuilder {
    limit: u32,
    burst: Option<u32>,
    period: Duration,
    algorithm: Algorithm,
    clock: Option<Arc<dyn Clock>>,
}

const MAX_PERMITS: u32 = 1_000_000_000;

impl RateLimiterBuilder {
    /// The period; from 1 ms to a day, default 1 s.
    #[must_use]
    pub fn period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// How many permits a token bucket holds; default the limit.
    #[must_use]
    pub fn burst(mut self, permits: u32) -> Self {
        self.burst = Some(permits);
        self
    }

    /// How to count.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Injects the clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// A full limiter, or the `ConfigurationError` for a setting out of its range.
    pub fn try_build(self) -> Result<RateLimiter, Error> {
        let burst = self.burst.unwrap_or(self.limit);
        require_range("limit", self.limit, 1, MAX_PERMITS)?;
        require_range("period", self.period, Duration::from_millis(1), Duration::from_secs(86_400))?;
        require_range("burst", burst, 1, MAX_PERMITS)?;
        if self.algorithm == Algorithm::SlidingWindow && burst != self.limit {
            let message =
                format!("burst is {burst}; a sliding window has no burst other than its limit, {}", self.limit);
            return Err(Error::bad_parameter("burst", message));
        }
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let period = nanoseconds(self.period);
        let state =
            State { now: clock.now(), level: u128::from(burst) * period as u128, admitted: VecDeque::new(), used: 0 };
        Ok(RateLimiter { limit: self.limit, burst, period, algorithm: self.algorithm, clock, state: Mutex::new(state) })
    }

    /// A full limiter.
    ///
    /// # Panics
    /// When a setting is out of its range, which is a mistake in the program.
    #[must_use]
    pub fn build(self) -> RateLimiter {
        self.try_build().unwrap_or_else(|error| panic!("{error}"))
    }
}

impl RateLimiter {
    /// Starts to configure a limiter of `limit` permits, from 1 to 10^9, per period.
    #[must_use]
    pub fn builder(limit: u32) -> RateLimiterBuilder {
        RateLimiterBuilder {
            limit,
            burst: None,
            period: Duration::from_secs(1),
            algorithm: Algorithm::default(),
            clock: None,
        }
    }

    /// Takes one permit if there is one.
    #[must_use]
    pub fn allow(&self) -> bool {
        self.try_acquire(1).is_ok_and(|decision| decision.allowed)
    }

    /// Takes `n` permits if they are all there, and none otherwise. Asking for more than can ever be admitted is a
    /// `ValidationError`.
    pub fn try_acquire(&self, n: u32) -> Result<Decision, Error> {
        let largest = if self.algorithm == Algorithm::SlidingWindow { self.limit } else { self.burst };
        if n > largest {
            let message = format!("n is {n}; it must be from 0 to {largest}, the most this limiter admits at once");
            return Err(Error::Validation { message });
        }
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let now = now.max(state.now);
        Ok(match self.algorithm {
            Algorithm::TokenBucket => self.drip(&mut state, now, n),
            Algorithm::SlidingWindow => self.slide(&mut state, now, n),
        })
    }

    fn drip(&self, state: &mut State, now: i64, n: u32) -> Decision {
        let period = self.period as u128;
        let refilled = state.level + (now - state.now) as u128 * u128::from(self.limit);
        state.level = refilled.min(u128::from(self.burst) * period);
        state.now = now;
        let cost = u128::from(n) * period;
        let allowed = state.level >= cost;
        let mut retry_after = Duration::ZERO;
        if allowed {
            state.level -= cost;
        } else {
            let wait = (cost - state.level).div_ceil(u128::from(self.limit));
            retry_after = Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX).min(i64::MAX as u64));
        }
        Decision { allowed, retry_after, remaining: (state.level / period) as u32 }
    }

    fn slide(&self, state: &mut State, now: i64, n: u32) -> Decision {
        state.now = now;
        while let Some(&(at, permits)) = state.admitted.front() {
            if at + self.period > now {
                break;
            }
            state.used -= permits;
            state.admitted.pop_front();
        }
        // Both are at most 10^9, so the sum fits.
        if state.used + n <= self.limit {
            state.used += n;
            match state.admitted.back_mut() {
                Some((at, permits)) if *at == now => *permits += n,
                _ if n > 0 => state.admitted.push_back((now, n)),
                _ => {}
            }
            return Decision { allowed: true, retry_after: Duration::ZERO, remaining: self.limit - state.used };
        }
        let excess = state.used + n - self.limit;
        let mut freed = 0;
        let mut retry_after = 0;
        for &(at, permits) in &state.admitted {
            freed += permits;
            if freed >= excess {
                retry_after = at + self.period - now;
                break;
            }
        }
        Decision {
            allowed: false,
            retry_after: Duration::from_nanos(retry_after as u64),
            remaining: self.limit - state.used,
        }
    }

    /// Takes `n` permits or returns `RateLimitExceeded`, which says when to come back.
    pub fn acquire(&self, n: u32) -> Result<Decision, Error> {
        let decision = self.try_acquire(n)?;
        if decision.allowed {
            Ok(decision)
        } else {
            Err(Error::RateLimitExceeded { retry_after: decision.retry_after })
        }
    }

    /// Takes `n` permits, sleeping until they are there. A cancelled wait takes none.
    pub fn wait(&self, n: u32, cancellation: Option<&Cancellation>) -> Result<Decision, Error> {
        loop {
            if cancellation.is_some_and(Cancellation::is_cancelled) {
                return Err(Error::Cancelled { cause: None });
            }
            let decision = self.try_acquire(n)?;
            if decision.allowed {
                return Ok(decision);
            }
            self.clock
                .sleep(nanoseconds(decision.retry_after), cancellation)
                .map_err(|_| Error::Cancelled { cause: None })?;
        }
    }

    /// [`RateLimiter::wait`] without blocking the thread.
    #[cfg(feature = "tokio")]
    pub async fn wait_async(&self, n: u32, cancellation: Option<&Cancellation>) -> Result<Decision, Error> {
        loop {
            if cancellation.is_some_and(Cancellation::is_cancelled) {
                return Err(Error::Cancelled { cause: None });
            }
            let decision = self.try_acquire(n)?;
            if decision.allowed {
                return Ok(decision);
            }
            let slept = self.clock.sleep_async(nanoseconds(decision.retry_after), cancellation).await;
            slept.map_err(|_| Error::Cancelled { cause: None })?;
        }
    }
}
