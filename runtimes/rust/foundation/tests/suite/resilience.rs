use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use foundation::clock::{Cancellation, Sequence, VirtualClock};
use foundation::errors::{Class, Classify, Error};
use foundation::resilience::{Algorithm, Backoff, CircuitBreaker, CircuitState, Jitter, RateLimiter, RetryPolicy};

use crate::block_on;

type Sleeps = Arc<Mutex<Vec<i64>>>;

fn clock() -> (Arc<VirtualClock>, Sleeps) {
    let sleeps = Sleeps::default();
    let seen = sleeps.clone();
    (Arc::new(VirtualClock::observed(move |_, delay| seen.lock().unwrap().push(delay))), sleeps)
}

const MS: i64 = 1_000_000;

#[test]
fn sleeps_follow_the_strategy() {
    let policy = || RetryPolicy::new().jitter(Jitter::None).base_delay(Duration::from_millis(100));
    let cases: [(RetryPolicy, &[i64]); 8] = [
        (policy().max_attempts(4), &[100, 200, 400]),
        (policy().max_attempts(4).max_delay(Duration::from_millis(150)), &[100, 150, 150]),
        (policy().max_attempts(4).backoff(Backoff::Linear), &[100, 200, 300]),
        (policy().backoff(Backoff::Fixed), &[100, 100]),
        (policy().base_delay(Duration::ZERO), &[0, 0]),
        (policy().max_attempts(1), &[]),
        (policy().jitter(Jitter::Full).random(Arc::new(Sequence::new([1 << 52, 0]))), &[50, 0]),
        (policy().jitter(Jitter::Equal).random(Arc::new(Sequence::new([1 << 52, 0]))), &[75, 100]),
    ];
    for (policy, expected) in cases {
        for is_async in [false, true] {
            let (clock, sleeps) = clock();
            let policy = if expected == [50, 0] || expected == [75, 100] {
                policy.clone().random(Arc::new(Sequence::new([1 << 52, 0])))
            } else {
                policy.clone()
            };
            let policy = policy.clock(clock);
            let mut calls = 0;
            let mut operation = || {
                calls += 1;
                Err::<(), _>(Error::network("refused"))
            };
            let error = if is_async {
                block_on(policy.run_async(|| std::future::ready(operation()))).unwrap_err()
            } else {
                policy.run(operation).unwrap_err()
            };
            let Error::MaxRetriesExceeded { attempts, .. } = &error else { panic!("{error:?}") };
            assert_eq!(expected.iter().map(|delay| delay * MS).collect::<Vec<_>>(), *sleeps.lock().unwrap());
            assert_eq!((expected.len() + 1, calls), (*attempts as usize, *attempts));
            let cause = error.cause().unwrap().downcast_ref::<Error>().unwrap();
            assert_eq!(Class::NetworkError, cause.class());
        }
    }
}

#[test]
fn the_vector_of_the_semantics_page() {
    let policy = RetryPolicy::new().base_delay(Duration::from_millis(100));
    let delays = [0, 1 << 52, (1 << 53) - 1].into_iter().zip(1..).map(|(k, n)| policy.delay(n, k).as_nanos());
    assert_eq!(vec![75_000_000, 200_000_000, 499_999_999], delays.collect::<Vec<_>>());
}

#[test]
fn delays_saturate() {
    let policy = RetryPolicy::new()
        .base_delay(Duration::from_secs(300))
        .max_delay(Duration::from_secs(3600))
        .jitter(Jitter::None);
    assert_eq!(Duration::from_secs(3600), policy.delay(100, 0));
    assert_eq!(Duration::from_secs(3600), policy.backoff(Backoff::Linear).delay(u32::MAX, 0));
    assert_eq!(Duration::ZERO, RetryPolicy::new().base_delay(Duration::ZERO).delay(100, 0));
}

#[test]
fn errors_are_classified() {
    let own = || -> Box<dyn std::error::Error + Send + Sync> { "own".into() };
    let any = || RetryPolicy::new().retryable([Class::Exception]);
    type Boxed = Box<dyn std::error::Error + Send + Sync>;
    let cases: Vec<(RetryPolicy, Boxed, bool)> = vec![
        (RetryPolicy::new(), Error::timeout("late").into(), true),
        (RetryPolicy::new(), Error::service_unavailable("busy").into(), true),
        (RetryPolicy::new(), Error::authentication("who").into(), false),
        (RetryPolicy::new(), own(), false),
        (RetryPolicy::new(), std::io::Error::from(std::io::ErrorKind::ConnectionReset).into(), true),
        (RetryPolicy::new(), std::io::Error::from(std::io::ErrorKind::TimedOut).into(), true),
        (RetryPolicy::new(), std::io::Error::from(std::io::ErrorKind::NotFound).into(), false),
        (RetryPolicy::new(), std::io::Error::from(Error::network("inside")).into(), true),
        (any(), own(), true),
        (any(), Error::validation("no").into(), false),
        (any().non_retryable([]), Error::validation("no").into(), true),
        (any(), Error::Cancelled { cause: None }.into(), false),
        (any(), Error::CircuitOpen { name: "x".into(), retry_after: Duration::ZERO }.into(), false),
        (RetryPolicy::new().retryable([]), Error::network("refused").into(), false),
        (RetryPolicy::new().retryable([Class::HttpError]), Error::http("lost").into(), true),
        (RetryPolicy::new().retry_if(|error: &Boxed| error.to_string() == "own"), own(), true),
        (RetryPolicy::new().retry_if(|_: &String| true), own(), false),
    ];
    for (policy, error, retryable) in cases {
        let text = error.to_string();
        let mut once = Some(error);
        let mut calls = 0;
        let result = policy.clock(clock().0).run(|| {
            calls += 1;
            once.take().map_or(Ok(()), Err)
        });
        assert_eq!((retryable, if retryable { 2 } else { 1 }), (result.is_ok(), calls), "{text}");
        if let Err(error) = result {
            assert_eq!(text, error.to_string());
        }
    }
}

#[test]
fn settings_out_of_range_are_reported_before_the_first_call() {
    let cases = [
        ("max_attempts", RetryPolicy::new().max_attempts(0)),
        ("base_delay", RetryPolicy::new().base_delay(Duration::from_secs(301))),
        ("max_delay", RetryPolicy::new().max_delay(Duration::MAX)),
        ("jitter.ratio", RetryPolicy::new().jitter(Jitter::Symmetric(f64::NAN))),
    ];
    for (key, policy) in cases {
        let error = policy.run(|| -> Result<(), Error> { panic!("called") }).unwrap_err();
        let Error::Configuration { problems } = error else { panic!("{error:?}") };
        assert_eq!(key, problems[0].key);
        assert!(format!("{policy:?}").contains("max_attempts"));
    }
}

#[test]
fn a_cancellation_ends_the_sleep_and_keeps_the_last_error() {
    for is_async in [false, true] {
        let (clock, _) = clock();
        let cancellation = clock.cancellation_at(1500 * MS);
        let policy =
            RetryPolicy::new().max_attempts(9).jitter(Jitter::None).clock(clock.clone()).cancellation(cancellation);
        let operation = || Err::<(), _>(Error::network("refused"));
        let error = if is_async {
            block_on(policy.run_async(|| std::future::ready(operation()))).unwrap_err()
        } else {
            policy.run(operation).unwrap_err()
        };
        assert_eq!("cancelled; the last call failed: refused", error.to_string());
        assert_eq!(1500 * MS, foundation::clock::Clock::now(&*clock));
        let error = policy.run(operation).unwrap_err(); // It stays cancelled.
        assert!(matches!(error, Error::Cancelled { cause: None }));
        let error = block_on(policy.run_async(|| std::future::ready(operation()))).unwrap_err();
        assert!(matches!(error, Error::Cancelled { cause: None }));
    }
}

#[test]
fn a_cancellation_that_comes_with_the_failure_ends_the_retry() {
    let cancellation = Cancellation::new();
    let policy = RetryPolicy::new().cancellation(cancellation.clone());
    let error = policy
        .run(|| -> Result<(), Error> {
            cancellation.cancel();
            Err(Error::network("refused"))
        })
        .unwrap_err();
    assert!(matches!(error, Error::Cancelled { cause: Some(_) }));
}

#[test]
fn real_sleeps_last_and_can_be_interrupted() {
    let start = Instant::now();
    let mut failures = 2;
    let observed = Arc::new(Mutex::new(Vec::new()));
    let seen = observed.clone();
    let policy =
        RetryPolicy::new().base_delay(Duration::from_millis(10)).jitter(Jitter::None).on_retry(move |n, delay| {
            seen.lock().unwrap().push((n, delay.as_millis()));
        });
    let mut operation = || {
        failures -= 1;
        if failures >= 0 { Err(Error::network("refused")) } else { Ok(failures) }
    };
    assert_eq!(-1, policy.run(&mut operation).unwrap());
    assert_eq!(-2, block_on(policy.run_async(|| std::future::ready(operation()))).unwrap());
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(vec![(1, 10), (2, 20)], *observed.lock().unwrap());

    for is_async in [false, true] {
        let cancellation = Cancellation::new();
        let from_elsewhere = cancellation.clone();
        let canceller = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            from_elsewhere.cancel();
        });
        let policy = RetryPolicy::new().base_delay(Duration::from_secs(60)).cancellation(cancellation);
        let operation = || Err::<(), _>(Error::network("refused"));
        let error = if is_async {
            block_on(policy.run_async(|| async { operation() })).unwrap_err()
        } else {
            policy.run(operation).unwrap_err()
        };
        assert_eq!(Class::CancelledError, error.class());
        canceller.join().unwrap();
    }
    let mut failures = 1;
    let slept = RetryPolicy::new().base_delay(Duration::from_millis(1)).run(|| {
        failures -= 1;
        if failures >= 0 { Err(Error::network("refused")) } else { Ok(()) }
    });
    assert!(slept.is_ok());
}

fn failing(breaker: &CircuitBreaker, error: Error) -> Result<(), Error> {
    breaker.call(|| Err(error))
}

#[test]
fn the_breaker_trips_probes_and_closes() {
    let (clock, _) = clock();
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(2)
        .recovery_timeout(Duration::from_secs(10))
        .success_threshold(2)
        .half_open_max_calls(1)
        .clock(clock.clone())
        .build();
    assert_eq!("db", breaker.name());
    assert!(format!("{breaker:?}").contains("db"));
    let _ = failing(&breaker, Error::network("1"));
    let _ = breaker.call(|| Ok::<_, Error>(())); // A success starts the count again.
    let _ = failing(&breaker, Error::network("2"));
    assert_eq!("3", failing(&breaker, Error::network("3")).unwrap_err().to_string());
    assert_eq!((CircuitState::Open, 2), (breaker.state(), breaker.failures()));
    clock.advance(10_000 * MS - 1);
    let refused = breaker.call(|| Ok::<_, Error>(())).unwrap_err();
    assert!(
        matches!(&refused, Error::CircuitOpen { name, retry_after } if name == "db" && retry_after.as_nanos() == 1)
    );
    clock.advance(1);
    assert!(breaker.call(|| Ok::<_, Error>(())).is_ok());
    assert_eq!("half_open", breaker.state().to_string());
    assert!(block_on(breaker.call_async(|| async { Ok::<_, Error>(()) })).is_ok());
    assert_eq!("closed", breaker.state().to_string());
}

#[test]
fn late_results_and_dropped_permits_change_nothing() {
    let breaker = CircuitBreaker::builder("b").failure_threshold(1).recovery_timeout(Duration::ZERO).build();
    let early = breaker.begin().unwrap();
    let _ = failing(&breaker, Error::network("down"));
    early.success();
    assert_eq!("open", breaker.state().to_string());
    let probe = breaker.begin().unwrap();
    assert!(breaker.begin().is_err());
    drop(probe);
    assert_eq!(CircuitState::HalfOpen, breaker.state());
    breaker.begin().unwrap().failure(&Error::validation("excluded"));
    assert_eq!(CircuitState::HalfOpen, breaker.state());
    breaker.begin().unwrap().panicked();
    assert_eq!(CircuitState::Open, breaker.state());
    breaker.reset();
    assert_eq!((CircuitState::Closed, 0), (breaker.state(), breaker.failures()));
    // A future that is dropped gives its permit back.
    let _ = failing(&breaker, Error::network("down"));
    drop(block_on(async {
        let call = breaker.call_async(|| std::future::pending::<Result<(), Error>>());
        tokio::time::timeout(Duration::from_millis(1), call).await
    }));
    assert!(breaker.begin().is_ok());
}

#[test]
fn the_breaker_judges_errors_and_panics() {
    let builder = || CircuitBreaker::builder("b").failure_threshold(1);
    let cases = [
        (builder(), Error::network("x"), true),
        (builder(), Error::validation("x"), false),
        (builder().excluded([]), Error::validation("x"), true),
        (builder().expected([Class::NetworkError]), Error::timeout("x"), false),
        (builder(), Error::Cancelled { cause: None }, false),
    ];
    for (builder, error, counts) in cases {
        let breaker = builder.build();
        let _ = failing(&breaker, error);
        assert_eq!(counts, breaker.state() == CircuitState::Open);
    }
    let breaker = builder().build();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        breaker.call(|| -> Result<(), Error> { panic!("bug") })
    }));
    assert!(panicked.is_err());
    assert_eq!(CircuitState::Open, breaker.state());
}

#[test]
fn the_breaker_refuses_bad_settings() {
    let builder = || CircuitBreaker::builder("b");
    for (key, builder) in [
        ("failure_threshold", builder().failure_threshold(0)),
        ("recovery_timeout", builder().recovery_timeout(Duration::MAX)),
        ("half_open_max_calls", builder().half_open_max_calls(1001)),
        ("success_threshold", builder().success_threshold(0)),
    ] {
        let Err(Error::Configuration { problems }) = builder.clone().try_build() else { panic!("{key} was accepted") };
        assert_eq!(key, problems[0].key);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.build())).is_err());
    }
}

#[test]
fn the_token_bucket_loses_nothing_to_rounding() {
    // Tables of golang.org/x/time/rate and of governor: (time in ms, permits, admitted).
    type Row = (i64, u32, bool);
    let tables: [(u32, u32, &[Row]); 3] = [
        (10, 1, &[(0, 1, true), (0, 1, false), (100, 1, true), (100, 1, false), (200, 1, true)]),
        (
            10,
            3,
            &[
                (0, 2, true),
                (0, 2, false),
                (0, 1, true),
                (200, 1, true),
                (300, 1, true),
                (400, 1, true),
                (400, 1, true),
                (400, 1, false),
                (900, 3, true),
                (900, 0, true),
            ],
        ),
        (2, 2, &[(0, 1, true), (1, 1, true), (2, 1, false), (1002, 1, true), (1003, 1, true), (1004, 1, false)]),
    ];
    for (limit, burst, rows) in tables {
        let (clock, _) = clock();
        let limiter = RateLimiter::builder(limit).burst(burst).clock(clock.clone()).build();
        for &(at, permits, admitted) in rows {
            clock.advance(at * MS - foundation::clock::Clock::now(&*clock));
            assert_eq!(admitted, limiter.try_acquire(permits).unwrap().allowed, "{limit}/{burst} at {at}");
        }
    }
    let (clock, _) = clock();
    let limiter = RateLimiter::builder(10).burst(1).clock(clock.clone()).build();
    assert!(limiter.allow());
    for _ in 0..1000 {
        clock.advance(100 * MS);
        assert!(limiter.allow());
    }
    let forever = RateLimiter::builder(1).period(Duration::from_secs(86_400)).burst(1_000_000_000).clock(clock).build();
    assert!(forever.acquire(1_000_000_000).is_ok());
    assert_eq!(i64::MAX as u128, forever.try_acquire(1_000_000_000).unwrap().retry_after.as_nanos());
}

#[test]
fn the_sliding_window_counts_what_is_in_it() {
    let (clock, _) = clock();
    let limiter = RateLimiter::builder(3).algorithm(Algorithm::SlidingWindow).clock(clock.clone()).build();
    assert!(format!("{limiter:?}").contains("SlidingWindow"));
    assert_eq!(2, limiter.acquire(1).unwrap().remaining);
    clock.advance(400 * MS);
    assert_eq!(1, limiter.acquire(1).unwrap().remaining);
    assert_eq!(0, limiter.acquire(1).unwrap().remaining);
    let wait = |permits| match limiter.acquire(permits) {
        Err(Error::RateLimitExceeded { retry_after }) => retry_after.as_millis(),
        other => panic!("{other:?}"),
    };
    assert_eq!((600, 1000), (wait(1), wait(2)));
    assert!(matches!(limiter.try_acquire(4), Err(Error::Validation { .. })));
    clock.advance(600 * MS);
    assert!(limiter.allow() && !limiter.allow());
    assert!(limiter.try_acquire(0).unwrap().allowed);
}

#[test]
fn the_limiter_waits_and_can_be_cancelled() {
    let (clock, sleeps) = clock();
    let limiter = RateLimiter::builder(1).clock(clock.clone()).build();
    let cancellation = clock.cancellation_at(2500 * MS);
    assert!(limiter.wait(1, None).is_ok());
    assert!(limiter.wait(1, Some(&cancellation)).is_ok());
    assert!(block_on(limiter.wait_async(1, Some(&cancellation))).is_ok());
    assert!(matches!(limiter.wait(1, Some(&cancellation)), Err(Error::Cancelled { .. })));
    assert!(matches!(block_on(limiter.wait_async(1, Some(&cancellation))), Err(Error::Cancelled { .. })));
    assert_eq!(vec![1000 * MS, 1000 * MS, 1000 * MS], *sleeps.lock().unwrap());
}

#[test]
fn the_limiter_refuses_bad_settings() {
    let builder = || RateLimiter::builder(2);
    for (key, builder) in [
        ("limit", RateLimiter::builder(0).burst(1)),
        ("period", builder().period(Duration::ZERO)),
        ("burst", builder().burst(0)),
        ("burst", builder().burst(3).algorithm(Algorithm::SlidingWindow)),
    ] {
        let Err(Error::Configuration { problems }) = builder.clone().try_build() else { panic!("{key} was accepted") };
        assert_eq!(key, problems[0].key);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.build())).is_err());
    }
}
