//! The clock, the sleep, the random source and the cancellation that the patterns take, so that tests can replace them.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// A future that is boxed, because [`Clock`] is used as a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a sleep returns when the cancellation came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// Tells monotonic time and sleeps.
pub trait Clock: Send + Sync {
    /// Nanoseconds since an arbitrary fixed origin.
    fn now(&self) -> i64;

    /// Waits for `nanoseconds`, or returns `Interrupted` as soon as the cancellation happens.
    fn sleep(&self, nanoseconds: i64, cancellation: Option<&Cancellation>) -> Result<(), Interrupted>;

    /// The same without blocking the thread.
    #[cfg(feature = "tokio")]
    fn sleep_async<'a>(
        &'a self,
        nanoseconds: i64,
        cancellation: Option<&'a Cancellation>,
    ) -> BoxFuture<'a, Result<(), Interrupted>>;
}

/// A mutex whose data stays usable after a panic elsewhere: every critical section here leaves it consistent.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What stands in the place of the system's clock and random source on one thread.
type Simulated = (Arc<dyn Clock>, Arc<dyn Random>);

thread_local! {
    static SIMULATED: RefCell<Option<Simulated>> = const { RefCell::new(None) };
}

/// The simulation on this thread; a thread that is ending has none.
fn simulated() -> Option<Simulated> {
    SIMULATED.try_with(|simulated| simulated.borrow().clone()).ok().flatten()
}

/// Runs `body` with `clock` and `random` in the place of [`SystemClock`] and [`SystemRandom`] on this thread: for tests of
/// code that takes neither, such as a function under `#[retry]`. Threads that `body` starts are not affected.
///
/// ```
/// use std::sync::Arc;
/// use foundation::clock::{Clock, Sequence, VirtualClock, simulate};
/// use foundation::errors::Error;
///
/// #[foundation::retry(max_attempts = 2, base_delay = 60.0, jitter = false)]
/// fn fetch() -> Result<(), Error> {
///     Err(Error::network("refused"))
/// }
///
/// let clock = Arc::new(VirtualClock::new());
/// assert!(simulate(clock.clone(), Arc::new(Sequence::new([0])), fetch).is_err());
/// assert_eq!(60_000_000_000, clock.now());
/// ```
pub fn simulate<T>(clock: Arc<dyn Clock>, random: Arc<dyn Random>, body: impl FnOnce() -> T) -> T {
    /// Puts back what was there, also when `body` panics.
    struct Before(Option<Simulated>);
    impl Drop for Before {
        fn drop(&mut self) {
            let before = self.0.take();
            SIMULATED.with(|simulated| *simulated.borrow_mut() = before);
        }
    }
    let _before = Before(SIMULATED.with(|simulated| simulated.borrow_mut().replace((clock, random))));
    body()
}

/// The system's monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        if let Some((clock, _)) = simulated() {
            return clock.now();
        }
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        let origin = *ORIGIN.get_or_init(Instant::now);
        nanoseconds(origin.elapsed())
    }

    fn sleep(&self, nanoseconds: i64, cancellation: Option<&Cancellation>) -> Result<(), Interrupted> {
        if let Some((clock, _)) = simulated() {
            return clock.sleep(nanoseconds, cancellation);
        }
        let duration = Duration::from_nanos(nanoseconds.max(0) as u64);
        match cancellation {
            Some(cancellation) => cancellation.wait(duration),
            None => {
                if !duration.is_zero() {
                    std::thread::sleep(duration);
                }
                Ok(())
            }
        }
    }

    #[cfg(feature = "tokio")]
    fn sleep_async<'a>(
        &'a self,
        nanoseconds: i64,
        cancellation: Option<&'a Cancellation>,
    ) -> BoxFuture<'a, Result<(), Interrupted>> {
        if let Some((clock, _)) = simulated() {
            return Box::pin(async move { clock.sleep_async(nanoseconds, cancellation).await });
        }
        Box::pin(async move {
            let mut sleep = std::pin::pin!(tokio::time::sleep(Duration::from_nanos(nanoseconds.max(0) as u64)));
            std::future::poll_fn(|context| {
                if let Some(cancellation) = cancellation {
                    if cancellation.poll_cancelled(context).is_ready() {
                        return Poll::Ready(Err(Interrupted));
                    }
                }
                sleep.as_mut().poll(context).map(Ok)
            })
            .await
        })
    }
}

type SleepObserver = Box<dyn Fn(i64, i64) + Send + Sync>;

/// A clock that moves only when told to: a sleep advances it by exactly the requested time.
pub struct VirtualClock {
    now: Mutex<i64>,
    on_sleep: Option<SleepObserver>,
    cancel: Mutex<Option<(i64, Cancellation)>>,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl VirtualClock {
    /// A clock that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self { now: Mutex::new(0), on_sleep: None, cancel: Mutex::new(None) }
    }

    /// A clock that tells `observer` the time and the length of each sleep before it.
    #[must_use]
    pub fn observed(observer: impl Fn(i64, i64) + Send + Sync + 'static) -> Self {
        Self { on_sleep: Some(Box::new(observer)), ..Self::new() }
    }

    /// A cancellation that happens when this clock reaches `at`.
    #[must_use]
    pub fn cancellation_at(&self, at: i64) -> Cancellation {
        let cancellation = Cancellation::new();
        *lock(&self.cancel) = Some((at, cancellation.clone()));
        self.advance(0);
        cancellation
    }

    /// Moves the clock; a negative distance is ignored, because the clock is monotonic.
    pub fn advance(&self, nanoseconds: i64) {
        let now = {
            let mut now = lock(&self.now);
            *now = now.saturating_add(nanoseconds.max(0));
            *now
        };
        if let Some((at, cancellation)) = &*lock(&self.cancel) {
            if now >= *at {
                cancellation.cancel();
            }
        }
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualClock").field("now", &*lock(&self.now)).finish_non_exhaustive()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> i64 {
        *lock(&self.now)
    }

    fn sleep(&self, nanoseconds: i64, cancellation: Option<&Cancellation>) -> Result<(), Interrupted> {
        if let Some(observer) = &self.on_sleep {
            observer(self.now(), nanoseconds);
        }
        let cancelled = || cancellation.is_some_and(Cancellation::is_cancelled);
        if cancelled() {
            return Err(Interrupted);
        }
        let until = lock(&self.cancel).as_ref().map(|(at, _)| at - self.now());
        self.advance(until.map_or(nanoseconds, |left| left.min(nanoseconds)));
        if cancelled() {
            return Err(Interrupted);
        }
        Ok(())
    }

    #[cfg(feature = "tokio")]
    fn sleep_async<'a>(
        &'a self,
        nanoseconds: i64,
        cancellation: Option<&'a Cancellation>,
    ) -> BoxFuture<'a, Result<(), Interrupted>> {
        Box::pin(std::future::ready(self.sleep(nanoseconds, cancellation)))
    }
}

/// Yields the numerators `k` of uniform fractions `k / 2^53`, which are exact in every language.
pub trait Random: Send + Sync {
    /// The next numerator, below `2^53`.
    fn fraction(&self) -> u64;
}

/// A generator of the xorshift family (splitmix64), seeded by the operating system; not for cryptography.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fraction(&self) -> u64 {
        simulated().map_or_else(system_fraction, |(_, random)| random.fraction())
    }
}

/// The next numerator of the system's random source, whatever is simulated.
pub(crate) fn system_fraction() -> u64 {
    static STATE: OnceLock<AtomicU64> = OnceLock::new();
    // The standard library seeds its hash maps from the operating system's random source.
    let seed = || AtomicU64::new(std::collections::hash_map::RandomState::new().build_hasher().finish());
    let state = STATE.get_or_init(seed).fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) >> 11
}

/// A [`Random`] that yields given numerators in order, and panics when it is asked for more.
#[derive(Debug)]
pub struct Sequence(Mutex<std::vec::IntoIter<u64>>);

impl Sequence {
    /// Yields `numerators`, each below `2^53`.
    #[must_use]
    pub fn new(numerators: impl Into<Vec<u64>>) -> Self {
        Self(Mutex::new(numerators.into().into_iter()))
    }
}

impl Random for Sequence {
    fn fraction(&self) -> u64 {
        lock(&self.0).next().expect("the sequence has no more random numbers")
    }
}

/// A signal that a caller gives once to end waiting operations. Clones are the same signal.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<Signal>);

#[derive(Debug, Default)]
struct Signal {
    state: Mutex<SignalState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct SignalState {
    cancelled: bool,
    wakers: Vec<Waker>,
}

impl Cancellation {
    /// A signal that was not given yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal.
    pub fn cancel(&self) {
        let wakers = {
            let mut state = lock(&self.0.state);
            state.cancelled = true;
            std::mem::take(&mut state.wakers)
        };
        self.0.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether the signal was given.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        lock(&self.0.state).cancelled
    }

    /// Blocks for `duration`, or until the signal.
    fn wait(&self, duration: Duration) -> Result<(), Interrupted> {
        let state = lock(&self.0.state);
        let waited = self.0.changed.wait_timeout_while(state, duration, |state| !state.cancelled);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.cancelled { Err(Interrupted) } else { Ok(()) }
    }

    /// Ready once the signal was given; until then the context's task is woken by it.
    pub fn poll_cancelled(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0.state);
        if state.cancelled {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// A duration in nanoseconds, saturating at the largest `i64`.
#[must_use]
pub fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// A number of seconds as a duration: one multiplication in `f64`, rounded half to even, so that every language gives the
/// same nanosecond. Negative numbers and NaN, which no parameter admits, give the largest duration.
#[must_use]
pub fn seconds(seconds: f64) -> Duration {
    let nanoseconds = (seconds * 1e9).round_ties_even();
    if (0.0..9.223_372_036_854_775e18).contains(&nanoseconds) {
        Duration::from_nanos(nanoseconds as u64)
    } else {
        Duration::MAX
    }
}
