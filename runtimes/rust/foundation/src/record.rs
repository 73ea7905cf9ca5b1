//! Turns log records into lines: JSON or logfmt, with secrets redacted.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{OnceLock, RwLock};

use crate::logging::{Format, Value};

/// Stands in the place of every secret.
pub(crate) const REDACTED: &str = "[REDACTED]";

const MAX_DEPTH: usize = 16;

/// Splits a field's name into its lower-case words.
pub(crate) fn words(name: &str) -> Vec<String> {
    let bytes = name.as_bytes();
    let mut words = Vec::new();
    let mut word = Vec::new();
    let mut finish = |word: &mut Vec<u8>| {
        if !word.is_empty() {
            // Only ASCII bytes separate words, so what is between them is UTF-8.
            words.push(String::from_utf8_lossy(word).into_owned());
            word.clear();
        }
    };
    for (i, &byte) in bytes.iter().enumerate() {
        if byte.is_ascii() && !byte.is_ascii_alphanumeric() {
            finish(&mut word);
            continue;
        }
        if byte.is_ascii_uppercase() && !word.is_empty() {
            let before = bytes[i - 1];
            let next_is_lower = bytes.get(i + 1).is_some_and(u8::is_ascii_lowercase);
            if before.is_ascii_lowercase() || before.is_ascii_digit() || (before.is_ascii_uppercase() && next_is_lower)
            {
                finish(&mut word);
            }
        }
        word.push(byte.to_ascii_lowercase());
    }
    finish(&mut word);
    words
}

const SECRET_WORDS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "authorization",
];

const SECRET_ENDINGS: &[&[&str]] = &[
    &["token"],
    &["apikey"],
    &["api", "key"],
    &["accesskey"],
    &["access", "key"],
    &["privatekey"],
    &["private", "key"],
    &["encryption", "key"],
    &["signing", "key"],
    &["session", "key"],
    &["ssh", "key"],
    &["cookie"],
    &["sessionid"],
    &["session", "id"],
    &["ssn"],
    &["cvv"],
    &["card", "number"],
    &["otp"],
    &["jwt"],
    &["bearer"],
    &["auth"],
    &["dsn"],
    &["connection", "string"],
];

fn classify(name: &str) -> bool {
    let words = words(name);
    let ends_with = |ending: &&[&str]| {
        words.len() >= ending.len() && words[words.len() - ending.len()..].iter().zip(*ending).all(|(a, b)| a == b)
    };
    words.iter().any(|word| SECRET_WORDS.contains(&word.as_str())) || SECRET_ENDINGS.iter().any(ends_with)
}

/// Whether a field of this name holds a secret, by the shared rules. Names repeat, so a limited number is remembered.
pub(crate) fn is_secret_name(name: &str) -> bool {
    static KNOWN: OnceLock<RwLock<HashMap<String, bool>>> = OnceLock::new();
    const MAX_KNOWN: usize = 4096;
    let known = KNOWN.get_or_init(RwLock::default);
    if let Ok(known) = known.read() {
        if let Some(secret) = known.get(name) {
            return *secret;
        }
    }
    let secret = classify(name);
    if name.len() <= 128 {
        if let Ok(mut known) = known.write() {
            if known.len() < MAX_KNOWN {
                known.insert(name.to_owned(), secret);
            }
        }
    }
    secret
}

/// Knows which names are secret: the shared ones and the extra ones of one logger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redaction {
    extra: Vec<Vec<String>>,
}

impl Redaction {
    pub(crate) fn new(names: &[String]) -> Self {
        Self { extra: names.iter().map(|name| words(name)).collect() }
    }

    pub(crate) fn is_secret(&self, name: &str) -> bool {
        is_secret_name(name) || (!self.extra.is_empty() && self.extra.contains(&words(name)))
    }

    /// Appends a value as JSON; it stands at the given depth.
    pub(crate) fn append_value(&self, out: &mut Vec<u8>, value: &Value<'_>, depth: usize) {
        match value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(true) => out.extend_from_slice(b"true"),
            Value::Bool(false) => out.extend_from_slice(b"false"),
            Value::Int(i) => append_integer(out, *i),
            Value::Number(text) => out.extend_from_slice(text.as_bytes()),
            Value::Float(f) => append_float(out, *f),
            Value::Str(s) => append_string(out, s),
            Value::List(_) | Value::Map(_) if depth > MAX_DEPTH => append_string(out, "[too deep]"),
            Value::List(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    self.append_value(out, item, depth + 1);
                }
                out.push(b']');
            }
            Value::Map(members) => {
                out.push(b'{');
                for (i, (key, value)) in sorted(members).into_iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    append_string(out, key);
                    out.push(b':');
                    if self.is_secret(key) {
                        append_string(out, REDACTED);
                    } else {
                        self.append_value(out, value, depth + 1);
                    }
                }
                out.push(b'}');
            }
        }
    }

    /// Appends one field with the separator before it.
    pub(crate) fn append_field(&self, out: &mut Vec<u8>, format: Format, key: &str, value: &Value<'_>) {
        let secret = self.is_secret(key);
        match format {
            Format::Json => {
                out.push(b',');
                append_name(out, key);
                out.push(b':');
                if secret {
                    append_string(out, REDACTED);
                } else {
                    self.append_value(out, value, 1);
                }
            }
            Format::Logfmt => {
                let mut clean = Vec::with_capacity(key.len() + 1);
                append_key(&mut clean, key);
                if is_taken(key) {
                    clean.push(b'_');
                }
                self.append_logfmt(out, &mut clean, value, secret, 1);
            }
        }
    }

    /// Appends a value under a key that is clean already.
    fn append_logfmt(&self, out: &mut Vec<u8>, key: &mut Vec<u8>, value: &Value<'_>, secret: bool, depth: usize) {
        match value {
            Value::Map(members) if !secret && depth <= MAX_DEPTH && !members.is_empty() => {
                for (name, value) in sorted(members) {
                    let length = key.len();
                    key.push(b'.');
                    append_key(key, name);
                    self.append_logfmt(out, key, value, self.is_secret(name), depth + 1);
                    key.truncate(length);
                }
                return;
            }
            _ => {}
        }
        out.push(b' ');
        out.extend_from_slice(key);
        out.push(b'=');
        let start = out.len();
        if secret {
            append_string(out, REDACTED);
        } else {
            self.append_value(out, value, depth);
        }
        match out[start] {
            b'"' => unquote(out, start),
            b'[' if !is_bare(&out[start..]) => {
                let text = String::from_utf8_lossy(&out[start..]).into_owned();
                out.truncate(start);
                append_string(out, &text);
            }
            _ => {}
        }
    }
}

/// A mapping's members by key, the last value of a key that is there twice.
fn sorted<'m, 'v>(members: &'m [(String, Value<'v>)]) -> Vec<(&'m str, &'m Value<'v>)> {
    let mut list: Vec<(&str, &Value<'v>)> = members.iter().map(|(key, value)| (key.as_str(), value)).collect();
    list.sort_by(|a, b| a.0.cmp(b.0)); // Stable, so that the last of equal keys stays last.
    list.reverse();
    list.dedup_by(|a, b| a.0 == b.0);
    list.reverse();
    list
}

/// Whether the record itself has a key of this name.
pub(crate) fn is_taken(name: &str) -> bool {
    matches!(name, "timestamp" | "level" | "logger" | "message")
}

/// Whether two fields are written under the same key.
pub(crate) fn same_field(a: &str, b: &str) -> bool {
    let renames = |long: &str, short: &str| is_taken(short) && long.strip_suffix('_') == Some(short);
    a == b || renames(a, b) || renames(b, a)
}

fn append_name(out: &mut Vec<u8>, key: &str) {
    append_string(out, key);
    if is_taken(key) {
        out.pop();
        out.extend_from_slice(b"_\"");
    }
}

fn append_integer(out: &mut Vec<u8>, value: i128) {
    let mut digits = [0_u8; 40];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    // Most integers fit into 64 bits, where division is an order of magnitude faster.
    while rest > u128::from(u64::MAX) {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let mut rest = rest as u64;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a float as ECMAScript's `Number.prototype.toString` writes it; NaN and the infinities are strings.
fn append_float(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return append_string(out, "NaN");
    }
    if value.is_infinite() {
        return append_string(out, if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    if value == 0.0 {
        return out.push(b'0');
    }
    let size = value.abs();
    // Rust writes the shortest digits that read back the same; writing to a vector cannot fail.
    let _ = if (1e-6..1e21).contains(&size) {
        write!(out, "{value}")
    } else if size < 1e-6 {
        write!(out, "{value:e}")
    } else {
        write!(out, "{}", format!("{value:e}").replace('e', "e+"))
    };
}

/// Appends a JSON string.
pub(crate) fn append_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[start..i]);
        start = i + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

fn is_bare(text: &[u8]) -> bool {
    !text.is_empty() && !text.iter().any(|byte| *byte <= 0x20 || matches!(byte, b'"' | b'=' | b'\\' | 0x7f))
}

/// Takes the quotes off the string that starts at `start`, when logfmt allows it.
fn unquote(out: &mut Vec<u8>, start: usize) {
    let end = out.len() - 1;
    if is_bare(&out[start + 1..end]) {
        out.copy_within(start + 1..end, start);
        out.truncate(end - 1);
    }
}

/// Appends a text for logfmt, quoted only when it must be.
fn append_bare(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    append_string(out, text);
    unquote(out, start);
}

fn append_key(out: &mut Vec<u8>, key: &str) {
    if key.is_empty() {
        return out.push(b'_');
    }
    for byte in key.bytes() {
        out.push(if byte <= 0x20 || matches!(byte, b'=' | b'"' | 0x7f) { b'_' } else { byte });
    }
}

/// Appends the record's own keys, up to and with the message.
pub(crate) fn append_head(
    out: &mut Vec<u8>,
    format: Format,
    at: Option<i64>,
    level: &str,
    logger: &str,
    message: &str,
) {
    match format {
        Format::Json => {
            out.push(b'{');
            if let Some(at) = at {
                out.extend_from_slice(b"\"timestamp\":\"");
                append_timestamp(out, at);
                out.extend_from_slice(b"\",");
            }
            out.extend_from_slice(b"\"level\":\"");
            out.extend_from_slice(level.as_bytes());
            out.extend_from_slice(b"\",\"logger\":");
            append_string(out, logger);
            out.extend_from_slice(b",\"message\":");
            append_string(out, message);
        }
        Format::Logfmt => {
            if let Some(at) = at {
                out.extend_from_slice(b"timestamp=");
                append_timestamp(out, at);
                out.push(b' ');
            }
            out.extend_from_slice(b"level=");
            out.extend_from_slice(level.as_bytes());
            out.extend_from_slice(b" logger=");
            append_bare(out, logger);
            out.extend_from_slice(b" message=");
            append_bare(out, message);
        }
    }
}

/// Ends the line.
pub(crate) fn append_tail(out: &mut Vec<u8>, format: Format) {
    if format == Format::Json {
        out.push(b'}');
    }
    out.push(b'\n');
}

/// Appends nanoseconds since the epoch as RFC 3339 in UTC with six digits.
fn append_timestamp(out: &mut Vec<u8>, at: i64) {
    let mut padded = |value: i64, width: u32, after: u8| {
        for place in (0..width).rev() {
            out.push(b'0' + (value / 10_i64.pow(place) % 10) as u8);
        }
        out.push(after);
    };
    let seconds = at.div_euclid(1_000_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    padded(year, 4, b'-');
    padded(month, 2, b'-');
    padded(day, 2, b'T');
    padded(second / 3600, 2, b':');
    padded(second / 60 % 60, 2, b':');
    padded(second % 60, 2, b'.');
    padded(at.rem_euclid(1_000_000_000) / 1000, 6, b'Z');
}

/// The Gregorian date of a number of days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The number of days since 1970-01-01 of a Gregorian date, the inverse of [`civil_from_days`].
#[cfg(feature = "http")]
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Replaces the secrets of an argument vector, for messages.
pub(crate) fn mask_command(command: &[String]) -> Vec<String> {
    let mut masked = command.to_vec();
    for (i, argument) in command.iter().enumerate() {
        if let Some((name, _)) = argument.split_once('=') {
            if is_secret_name(name.trim_start_matches('-')) {
                masked[i] = format!("{name}={REDACTED}");
            }
        } else if let Some(name) = argument.strip_prefix("--") {
            if is_secret_name(name) && command.get(i + 1).is_some_and(|next| !next.starts_with('-')) {
                masked[i + 1] = REDACTED.to_owned();
            }
        }
    }
    masked
}
