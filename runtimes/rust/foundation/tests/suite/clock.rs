use std::time::Duration;

use foundation::clock::{
    Clock, Interrupted, Random, Sequence, SystemClock, SystemRandom, VirtualClock, nanoseconds, seconds,
};

#[test]
fn seconds_become_nanoseconds_by_rounding_half_to_even() {
    for (given, expected) in [(0.1, 100_000_000), (2.5e-9, 2), (3.5e-9, 4), (0.0, 0), (1.1, 1_100_000_000)] {
        assert_eq!(expected, nanoseconds(seconds(given)));
    }
    for out_of_range in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
        assert_eq!(Duration::MAX, seconds(out_of_range));
    }
    assert_eq!(i64::MAX, nanoseconds(Duration::MAX));
}

#[test]
fn the_system_clock_is_monotonic() {
    let (first, second) = (SystemClock.now(), SystemClock.now());
    assert!(second >= first);
    assert_eq!(Ok(()), SystemClock.sleep(-5, None));
}

#[test]
fn the_virtual_clock_moves_by_what_is_asked() {
    let clock = VirtualClock::default();
    clock.advance(-5);
    assert_eq!(Ok(()), clock.sleep(7, None));
    assert_eq!(7, clock.now());
    let cancellation = clock.cancellation_at(10);
    assert_eq!(Err(Interrupted), clock.sleep(100, Some(&cancellation)));
    assert_eq!(Err(Interrupted), clock.sleep(100, Some(&cancellation)));
    assert_eq!("VirtualClock { now: 10, .. }", format!("{clock:?}"));
}

#[test]
fn random_sources_yield_fractions() {
    assert_eq!(3, Sequence::new([3]).fraction());
    let draws: Vec<u64> = (0..1000).map(|_| SystemRandom.fraction()).collect();
    assert!(draws.iter().all(|draw| *draw < 1 << 53));
    assert!(draws.iter().any(|draw| *draw > 1 << 52) && draws.iter().any(|draw| *draw < 1 << 52));
}
