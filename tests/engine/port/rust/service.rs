//! A shop's service: stock, payments and reports.

use foundation::errors::{Class, Classify, Error, ErrorBoundary};
use foundation::logging::Logger;
use foundation::resilience::{circuit_breaker, rate_limit, retry, CircuitBreaker, RetryPolicy};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

const ATTEMPTS: u32 = 4;
const LOW_STOCK: i64 = 5;

/// One article in the warehouse.
#[derive(Debug, Clone, PartialEq)]
pub struct StockLevel {
    pub sku: String,
    pub on_hand: i64,
    pub reserved: i64,
}

impl StockLevel {
    /// What can be sold.
    pub fn available(&self) -> i64 {
        (self.on_hand - self.reserved).max(0)
    }
}

/// The warehouse's interface.
pub trait Warehouse {
    fn level(&self, sku: &str) -> Result<i64, Error>;
    fn reserve(&mut self, sku: &str, quantity: i64) -> Result<(), Error>;
}

/// Ask the warehouse for the level of one article.
#[retry(max_attempts = 4, base_delay = 0.5, jitter = false)]
pub fn fetch_level(warehouse: &dyn Warehouse, sku: &str) -> Result<StockLevel, Error> {
    if sku.is_empty() {
        return Err(Error::validation("a stock level needs a SKU"));
    }
    let on_hand = warehouse.level(sku)?;
    Ok(StockLevel { sku: sku.to_string(), on_hand, reserved: 0 })
}

/// Levels of several articles; those that the warehouse does not know are left out.
pub fn fetch_all(warehouse: &dyn Warehouse, skus: &[String]) -> HashMap<String, i64> {
    let mut levels = HashMap::new();
    for sku in skus {
        match warehouse.level(sku) {
            Ok(level) => {
                levels.insert(sku.clone(), level);
            }
            Err(_) => continue,
        }
    }
    levels
}

/// Reserve what an order needs, all or nothing.
pub fn reserve_all(warehouse: &mut dyn Warehouse, wanted: &[(String, i64)]) -> Result<i64, Error> {
    let mut total = 0;
    for (sku, quantity) in wanted {
        if *quantity <= 0 {
            return Err(Error::validation(format!("quantity of {sku} is {quantity}")));
        }
        let level = warehouse.level(sku)?;
        if level < *quantity {
            return Err(Error::validation(format!("only {level} of {sku} left, {quantity} wanted")));
        }
    }
    for (sku, quantity) in wanted {
        warehouse.reserve(sku, *quantity)?;
        total += quantity;
    }
    Ok(total)
}

/// Articles that should be ordered again, by name.
pub fn low_stock(levels: &[StockLevel]) -> Vec<String> {
    let mut low: Vec<String> = levels
        .iter()
        .filter(|l| l.available() < LOW_STOCK)
        .map(|l| l.sku.clone())
        .collect();
    low.sort();
    low
}

/// The level with a default when the warehouse is down.
pub fn level_or(warehouse: &dyn Warehouse, sku: &str, default: i64) -> i64 {
    fetch_level(warehouse, sku).map(|l| l.available()).unwrap_or(default)
}

#[circuit_breaker(failure_threshold = 2, recovery_timeout = 30.0)]
pub fn probe(warehouse: &dyn Warehouse) -> Result<i64, Error> {
    warehouse.level("probe")
}

#[rate_limit(limit = 2, period = 10.0)]
pub fn audit(sku: &str) -> Result<String, Error> {
    Ok(format!("audit of {sku}"))
}

pub fn attempts() -> u32 {
    ATTEMPTS
}


static LOG: LazyLock<Logger> = LazyLock::new(|| Logger::builder("shop.payments").build());

/// What can go wrong with a payment.
#[derive(Debug)]
pub enum PaymentError {
    /// The bank said no.
    Declined { code: String },
    Expired,
    Gateway(Error),
}

impl fmt::Display for PaymentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PaymentError::Declined { code } => write!(f, "declined with code {code}"),
            PaymentError::Expired => write!(f, "the card has expired"),
            PaymentError::Gateway(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for PaymentError {}

impl From<Error> for PaymentError {
    fn from(error: Error) -> Self {
        PaymentError::Gateway(error)
    }
}

impl Classify for PaymentError {
    fn class(&self) -> Class {
        match self {
            PaymentError::Declined { .. } => Class::Other("Declined"),
            PaymentError::Expired => Class::Other("Expired"),
            PaymentError::Gateway(error) => error.class(),
        }
    }
}

pub trait Gateway {
    /// Charge an amount in cents; the answer is the reference.
    fn charge(&self, card: &str, cents: i64) -> Result<String, Error>;
}

#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    pub reference: String,
    pub cents: i64,
}

fn check_card(card: &str) -> Result<(), PaymentError> {
    if card.len() < 4 {
        return Err(PaymentError::Declined { code: "short".into() });
    }
    if card.ends_with("00") {
        return Err(PaymentError::Expired);
    }
    Ok(())
}

/// Charge a card, trying again while the gateway is down.
pub fn charge(gateway: &dyn Gateway, card: &str, cents: i64) -> Result<Receipt, PaymentError> {
    check_card(card)?;
    let policy = RetryPolicy::new().max_attempts(3).base_delay(Duration::from_millis(200));
    let reference = policy.run(|| gateway.charge(card, cents))?;
    LOG.info("charged", &[("cents", cents.into()), ("reference", reference.as_str().into())]);
    Ok(Receipt { reference, cents })
}

pub fn describe(result: &Receipt) -> String {
    format!("{:>8.2} {}", result.cents as f64 / 100.0, result.reference)
}

/// What the customer reads.
pub fn outcome(gateway: &dyn Gateway, card: &str, cents: i64) -> String {
    match charge(gateway, card, cents) {
        Ok(receipt) => format!("paid {}", receipt.reference),
        Err(PaymentError::Declined { code }) => format!("declined: {code}"),
        Err(PaymentError::Expired) => "expired".to_string(),
        Err(error) => {
            LOG.warning("payment failed", &[("error", error.to_string().into())]);
            "try again later".to_string()
        }
    }
}

pub struct PaymentService<'a> {
    gateway: &'a dyn Gateway,
    breaker: CircuitBreaker,
    charged: i64,
}

impl<'a> PaymentService<'a> {
    pub fn new(gateway: &'a dyn Gateway) -> Self {
        let breaker = CircuitBreaker::builder("gateway")
            .failure_threshold(2)
            .recovery_timeout(Duration::from_secs(10))
            .build();
        PaymentService { gateway, breaker, charged: 0 }
    }

    /// Charge through the breaker and remember the sum.
    pub fn charge(&mut self, card: &str, cents: i64) -> Result<String, Error> {
        let reference = self.breaker.call(|| self.gateway.charge(card, cents))?;
        self.charged += cents;
        Ok(reference)
    }

    pub fn charged(&self) -> i64 {
        self.charged
    }
}

/// The balance, or zero when the gateway does not answer.
pub fn balance(ask: impl Fn(&str) -> Result<i64, Error>, account: &str) -> Result<i64, Error> {
    ErrorBoundary::new("balance").reraise(false).log_errors(false).run_or(0, || {
        let cents = ask(account)?;
        Ok(cents * 2)
    })
}


#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    pub fn parse(text: &str) -> Option<Level> {
        match text.to_lowercase().as_str() {
            "info" => Some(Level::Info),
            "warn" | "warning" => Some(Level::Warning),
            "error" => Some(Level::Error),
            _ => None,
        }
    }

    pub fn weight(self) -> u32 {
        match self {
            Level::Info => 1,
            Level::Warning => 5,
            Level::Error => 20,
        }
    }
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub level: Level,
    pub source: String,
    pub message: String,
}

pub fn parse_entry(line: &str) -> Result<Entry, String> {
    let parts: Vec<&str> = line.splitn(3, ' ').collect();
    if parts.len() != 3 {
        return Err(format!("expected three parts, got {}", parts.len()));
    }
    let level = Level::parse(parts[0]).ok_or_else(|| format!("unknown level {}", parts[0]))?;
    Ok(Entry { level, source: parts[1].to_string(), message: parts[2].trim().to_string() })
}

pub fn parse_log(text: &str) -> (Vec<Entry>, usize) {
    let mut entries = Vec::new();
    let mut bad = 0;
    for line in text.lines() {
        match parse_entry(line) {
            Ok(entry) => entries.push(entry),
            Err(_) => bad += 1,
        }
    }
    (entries, bad)
}

pub fn score(entries: &[Entry]) -> u32 {
    entries.iter().map(|e| e.level.weight()).sum()
}

/// How often each word occurs, by word.
pub fn word_counts(text: &str) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for word in text.split_whitespace() {
        let cleaned: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        if !cleaned.is_empty() {
            *counts.entry(cleaned.to_lowercase()).or_insert(0) += 1;
        }
    }
    counts
}

pub fn report(counts: &BTreeMap<String, usize>) -> String {
    let mut out = String::new();
    for (word, count) in counts {
        out.push_str(&format!("{word:<10}{count:>4}\n"));
    }
    out
}

pub fn group(pairs: &[(String, i64)]) -> HashMap<String, Vec<i64>> {
    let mut out: HashMap<String, Vec<i64>> = HashMap::new();
    for (key, value) in pairs {
        out.entry(key.clone()).or_default().push(*value);
    }
    out
}

pub fn dedupe(items: Vec<i64>) -> Vec<i64> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for item in items {
        if seen.insert(item) {
            out.push(item);
        }
    }
    out
}

pub fn is_balanced(text: &str) -> bool {
    let mut stack = Vec::new();
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => stack.push(c),
            ')' | ']' | '}' => {
                let open = match c {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if stack.pop() != Some(open) {
                    return false;
                }
            }
            _ => {}
        }
    }
    stack.is_empty()
}

pub fn setting(text: &str, key: &str) -> Option<i64> {
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        if name.trim() == key {
            return value.trim().parse().ok();
        }
    }
    None
}

pub fn caesar(text: &str, shift: u8) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_lowercase() {
                (((c as u8 - b'a' + shift) % 26) + b'a') as char
            } else {
                c
            }
        })
        .collect()
}

pub fn ranked(scores: &HashMap<String, i64>) -> Vec<(String, i64)> {
    let mut all: Vec<(String, i64)> = scores.iter().map(|(k, v)| (k.clone(), *v)).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all
}
