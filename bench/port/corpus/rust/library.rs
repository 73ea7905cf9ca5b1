//! Loans of a public library: lend, remind, fine.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use foundation::errors::{error_boundary, Error, ErrorBoundary};
use foundation::logging::{Level, Logger};
use foundation::resilience::{
    circuit_breaker, rate_limit, retry, Backoff, CircuitBreaker, Jitter, RateLimiter, RetryPolicy,
};

/// The longest loan in days.
pub const MAX_DAYS: i64 = 28;

/// One book that somebody has.
#[derive(Debug, Clone, PartialEq)]
pub struct Loan {
    pub reader: String,
    pub title: String,
    pub days: i64,
}

impl Loan {
    /// How many days the book is late.
    pub fn overdue(&self) -> i64 {
        (self.days - MAX_DAYS).max(0)
    }
}

/// What a reader has to pay.
#[derive(Debug, Clone, PartialEq)]
pub struct Fine {
    pub reader: String,
    pub cents: i64,
}

/// The catalogue of all books.
pub trait Catalogue {
    fn copies(&mut self, title: &str) -> Result<i64, Error>;
    fn lend(&mut self, title: &str, reader: &str) -> Result<String, Error>;
}

/// Sends mail.
pub trait Mailer {
    fn send(&mut self, to: &str, text: &str) -> Result<(), Error>;
}

/// Lend a book; a catalogue that is restarting is asked three times.
#[retry(max_attempts = 3, base_delay = 0.25, jitter = false)]
pub fn lend(catalogue: &mut dyn Catalogue, title: &str, reader: &str) -> Result<String, Error> {
    let copies = catalogue.copies(title)?;
    if copies < 1 {
        return Err(Error::validation(format!("no copy of {title}")));
    }
    catalogue.lend(title, reader)
}

/// Remind a reader of late books; how many there were.
pub fn remind(mailer: &mut dyn Mailer, reader: &str, loans: &[Loan]) -> Result<usize, Error> {
    let late: Vec<&Loan> = loans.iter().filter(|l| l.reader == reader && l.overdue() > 0).collect();
    if late.is_empty() {
        return Ok(0);
    }
    let text = late
        .iter()
        .map(|l| format!("{} ({} days)", l.title, l.overdue()))
        .collect::<Vec<_>>()
        .join(", ");
    RetryPolicy::new()
        .max_attempts(4)
        .base_delay(Duration::from_millis(100))
        .backoff(Backoff::Fixed)
        .jitter(Jitter::None)
        .run(|| mailer.send(reader, &text))?;
    Ok(late.len())
}

/// Copies of a title; the catalogue is spared for thirty seconds after two failures.
#[circuit_breaker(failure_threshold = 2, recovery_timeout = 30.0)]
pub fn copies(catalogue: &mut dyn Catalogue, title: &str) -> Result<i64, Error> {
    let found = catalogue.copies(title.trim())?;
    Ok(found.clamp(0, 99))
}

/// Reminds readers through one breaker.
pub struct Desk {
    breaker: CircuitBreaker,
    pub reminded: i64,
    pub skipped: Vec<String>,
}

impl Desk {
    pub fn new(threshold: u32) -> Self {
        Desk {
            breaker: CircuitBreaker::builder("mail")
                .failure_threshold(threshold)
                .recovery_timeout(Duration::from_secs(60))
                .build(),
            reminded: 0,
            skipped: Vec::new(),
        }
    }

    /// Send one reminder; false when it has to wait.
    pub fn write(&mut self, mailer: &mut dyn Mailer, reader: &str) -> Result<bool, Error> {
        match self
            .breaker
            .call(|| mailer.send(reader, "please bring your books back"))
        {
            Ok(()) => {
                self.reminded += 1;
                Ok(true)
            }
            Err(Error::CircuitOpen { .. }) => {
                self.skipped.push(reader.to_string());
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// Search the catalogue; two searches a second.
#[rate_limit(limit = 2, period = 1.0)]
pub fn search(catalogue: &mut dyn Catalogue, words: &str) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for word in words.split_whitespace() {
        if catalogue.copies(word)? > 0 {
            found.push(word.to_lowercase());
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Who may reserve now; the others have to come back.
pub fn admitted(limiter: &RateLimiter, readers: &[String]) -> (Vec<String>, Vec<String>) {
    let mut now = Vec::new();
    let mut later = Vec::new();
    for reader in readers {
        if limiter.allow() {
            now.push(reader.clone());
        } else {
            later.push(reader.clone());
        }
    }
    (now, later)
}

/// Copies, or none when the catalogue is away.
#[error_boundary(catch = [NetworkError, TimeoutError], reraise = false, fallback = 0)]
pub fn copies_or_none(catalogue: &mut dyn Catalogue, title: &str) -> Result<i64, Error> {
    catalogue.copies(title)
}

/// The first number in a shelf mark such as `QA 76.9`, -1 without one.
pub fn shelf(mark: &str) -> Result<i64, Error> {
    ErrorBoundary::new("shelf").reraise(false).run_or(-1, || {
        let (_, number) = mark.split_once(' ').ok_or_else(|| Error::validation("no number"))?;
        let whole = number.split('.').next().unwrap_or("");
        whole
            .trim()
            .parse::<i64>()
            .map_err(|error| Error::validation(error.to_string()))
    })
}

/// Fines by reader, noted in the log.
pub fn fines(loans: &[Loan], cents_a_day: i64) -> Vec<Fine> {
    let log = Logger::builder("library.fines").level(Level::Info).build();
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for loan in loans {
        if loan.overdue() > 0 {
            *sums.entry(loan.reader.clone()).or_insert(0) += loan.overdue() * cents_a_day;
        }
    }
    for (reader, cents) in &sums {
        log.info(
            "fine",
            &[("reader", reader.as_str().into()), ("cents", (*cents).into())],
        );
    }
    sums.into_iter().map(|(reader, cents)| Fine { reader, cents }).collect()
}

/// A reader's card.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Card {
    Adult,
    Child,
    Staff,
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Card::Adult => write!(f, "adult"),
            Card::Child => write!(f, "child"),
            Card::Staff => write!(f, "staff"),
        }
    }
}

/// How many books a card allows; unusual ones are logged.
pub fn allowance(log: &Logger, card: Card, years: i64) -> i64 {
    let base = match card {
        Card::Adult => 10,
        Card::Child => 5,
        Card::Staff => 50,
    };
    if card == Card::Child && years > 17 {
        log.warning("a child of age", &[("years", years.into())]);
        return 10;
    }
    base + (years / 10).min(5)
}
