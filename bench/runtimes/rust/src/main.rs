//! Measures the Rust runtime beside native libraries in the same run, and prints a table with the ratios.
//!
//!     cargo run --release
//!
//! Each figure is the best of five rounds, which alternate between the libraries so that all see the same machine.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backon::{BlockingRetryable, ExponentialBuilder};
use foundation::errors::Error;
use foundation::logging::Logger;
use foundation::resilience::{Jitter, RetryPolicy};

/// Counts allocations, for the memory of the loggers.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is handed to the system's allocator; only counters are added.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        LIVE.fetch_add(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Contender<'a> = (&'a str, Box<dyn Fn(u32) + Sync + 'a>);

const ROUNDS: usize = 5;

fn table(title: &str, calls: u32, contenders: &[Contender<'_>], per_second: bool) {
    let mut best = vec![Duration::MAX; contenders.len()];
    for _ in 0..ROUNDS {
        for (i, (_, run)) in contenders.iter().enumerate() {
            let start = Instant::now();
            run(calls);
            best[i] = best[i].min(start.elapsed());
        }
    }
    let baseline = contenders.iter().position(|(name, _)| name.ends_with("(baseline)")).expect("a baseline");
    println!("\n{title} ({calls} calls, best of {ROUNDS})");
    for ((name, _), took) in contenders.iter().zip(&best) {
        let each = took.as_nanos() as f64 / f64::from(calls);
        let ratio = took.as_secs_f64() / best[baseline].as_secs_f64();
        let rate = if per_second { format!("  {:>12.0} records/s", 1e9 / each) } else { String::new() };
        println!("  {name:<36} {each:>10.1} ns  {ratio:>6.2}x the baseline's time{rate}");
    }
}

#[inline(never)]
fn succeed() -> Result<u32, Error> {
    Ok(black_box(7))
}

#[inline(never)]
fn fail() -> Result<u32, Error> {
    Err(black_box(Error::network("refused")))
}

#[foundation::retry(max_attempts = 3, base_delay = 0.001)]
fn attributed() -> Result<u32, Error> {
    succeed()
}

fn repeat(calls: u32, run: impl Fn()) {
    (0..calls).for_each(|_| run());
}

fn retries<'a>() -> Vec<Contender<'a>> {
    let policy = RetryPolicy::new();
    let backoff = || ExponentialBuilder::default().with_max_times(2);
    vec![
        ("plain call (floor)", Box::new(|n| repeat(n, || drop(black_box(succeed()))))),
        ("foundation policy.run", Box::new(move |n| repeat(n, || drop(black_box(policy.run(succeed)))))),
        ("foundation #[retry]", Box::new(|n| repeat(n, || drop(black_box(attributed()))))),
        ("backon (baseline)", Box::new(move |n| repeat(n, || drop(black_box(succeed.retry(backoff()).call()))))),
    ]
}

fn failures<'a>() -> Vec<Contender<'a>> {
    let policy = RetryPolicy::new().base_delay(Duration::ZERO).jitter(Jitter::None);
    let backoff = || ExponentialBuilder::default().with_min_delay(Duration::ZERO).with_max_times(2);
    vec![
        ("foundation, 3 failing calls", Box::new(move |n| repeat(n, || drop(black_box(policy.run(fail)))))),
        (
            "backon (baseline)",
            Box::new(move |n| repeat(n, || drop(black_box(fail.retry(backoff()).sleep(|_| ()).call())))),
        ),
    ]
}

/// A writer that forgets, as the baseline's `io::sink`, behind the same lock.
struct Forget;

impl Write for Forget {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(black_box(data).len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ours() -> Logger {
    Logger::builder("shop.orders").writer(Forget).build()
}

fn loggers<'a>() -> Vec<Contender<'a>> {
    let (log, bound) = (ours(), ours().bind(&[("service", "shop".into()), ("region", "eu".into())]));
    let write = |log: &Logger, i: u32| {
        let fields =
            [("order_id", i.into()), ("customer", "c-42".into()), ("total", 12.5.into()), ("paid", true.into())];
        log.info("order placed", &fields);
    };
    let subscriber = tracing_subscriber::fmt().json().with_writer(std::sync::Mutex::new(Forget)).finish();
    let dispatch = tracing::Dispatch::new(subscriber);
    vec![
        ("foundation, 4 fields", Box::new(move |n| (0..n).for_each(|i| write(&log, i)))),
        ("foundation, 4 fields and 2 bound", Box::new(move |n| (0..n).for_each(|i| write(&bound, i)))),
        (
            "tracing JSON (baseline)",
            Box::new(move |n| {
                tracing::dispatcher::with_default(&dispatch, || {
                    (0..n).for_each(|i| {
                        tracing::info!(order_id = i, customer = "c-42", total = 12.5, paid = true, "order placed")
                    });
                });
            }),
        ),
    ]
}

fn threaded<'a>(contenders: Vec<Contender<'a>>) -> Vec<Contender<'a>> {
    let threads = |run: Box<dyn Fn(u32) + Sync + 'a>| -> Box<dyn Fn(u32) + Sync + 'a> {
        Box::new(move |n| {
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| run(n / 8));
                }
            });
        })
    };
    contenders.into_iter().map(|(name, run)| (name, threads(run))).collect()
}

fn memory() {
    println!("\nlogger memory");
    for (name, run) in loggers() {
        run(1000); // Buffers are made once.
        let before = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
        run(10_000);
        let allocations = (ALLOCATIONS.load(Ordering::Relaxed) - before.0) as f64 / 10_000.0;
        let bytes = (BYTES.load(Ordering::Relaxed) - before.1) as f64 / 10_000.0;
        println!("  {name:<36} {bytes:>8.1} B/record  {allocations:>5.2} allocations/record");
    }
    let before = LIVE.load(Ordering::Relaxed);
    let kept: Vec<Logger> = (0..1000).map(|_| ours()).collect();
    let each = (LIVE.load(Ordering::Relaxed) - before) / kept.len() as u64;
    let before = LIVE.load(Ordering::Relaxed);
    let subscriber =
        tracing::Dispatch::new(tracing_subscriber::fmt().json().with_writer(std::sync::Mutex::new(Forget)).finish());
    println!("  a logger keeps {each} B; a tracing subscriber {} B", LIVE.load(Ordering::Relaxed) - before);
    drop((kept, subscriber));
}

fn main() {
    table("retry, the call succeeds", 2_000_000, &retries(), false);
    table("retry, three calls fail without delay", 200_000, &failures(), false);
    table("logging to a forgetting writer, one thread", 200_000, &loggers(), true);
    table("logging, eight threads", 200_000, &threaded(loggers()), true);
    memory();
}
