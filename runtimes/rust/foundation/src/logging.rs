//! Structured logging: one line of JSON or logfmt per record, with secrets redacted at every depth. The lines are the
//! same, byte for byte, in every language.
//!
//! `tracing` is not underneath, because its field values have no nesting to redact and its JSON layer puts the fields under
//! a key of their own.
//!
//! ```
//! use foundation::logging::{Format, Level, Logger};
//!
//! let log = Logger::builder("shop.orders").level(Level::Info).format(Format::Json).build();
//! log.info("order placed", &[("order_id", 7.into()), ("card_number", "4111 1111 1111 1111".into())]);
//! ```

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::io::Write;
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::clock::lock;
use crate::errors::Error;
use crate::record::{Redaction, append_head, append_tail, same_field};

/// How much a record matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // The names say it.
pub enum Level {
    Trace,
    Debug,
    #[default]
    Info,
    Warning,
    Error,
    Critical,
}

impl Level {
    /// The level's name, as in the records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Critical => "critical",
        }
    }
}

impl FromStr for Level {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Level::Trace, Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Critical]
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                let message = format!("level is {name:?}; it must be trace, debug, info, warning, error or critical");
                Error::bad_parameter("level", message)
            })
    }
}

/// The form of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Format {
    #[default]
    Json,
    Logfmt,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A number that is written as it is.
    Number(String),
    /// A float.
    Float(f64),
    /// A text.
    Str(Cow<'a, str>),
    /// Values in order.
    List(Vec<Value<'a>>),
    /// Values by name.
    Map(Vec<(String, Value<'a>)>),
}

impl Value<'_> {
    /// The value with its own copy of the texts.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Int(value) => Value::Int(value),
            Value::Number(value) => Value::Number(value),
            Value::Float(value) => Value::Float(value),
            Value::Str(value) => Value::Str(Cow::Owned(value.into_owned())),
            Value::List(items) => Value::List(items.into_iter().map(Value::into_owned).collect()),
            Value::Map(members) => {
                Value::Map(members.into_iter().map(|(key, value)| (key, value.into_owned())).collect())
            }
        }
    }
}

macro_rules! from_integer {
    ($($t:ty)*) => {$(
        impl From<$t> for Value<'_> {
            fn from(value: $t) -> Self {
                Value::Int(value as i128)
            }
        }
    )*};
}
from_integer!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize i128);

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Value::Float(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::Str(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Value::Str(Cow::Owned(value))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Value::Str(Cow::Borrowed(value))
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl<'a, T: Into<Value<'a>>> From<Vec<T>> for Value<'a> {
    fn from(value: Vec<T>) -> Self {
        Value::List(value.into_iter().map(Into::into).collect())
    }
}

impl From<serde_json::Value> for Value<'_> {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => {
                let text = number.to_string();
                if text.contains(['.', 'e', 'E']) {
                    number.as_f64().map_or(Value::Number(text), Value::Float)
                } else {
                    text.parse().map_or(Value::Number(text), Value::Int)
                }
            }
            serde_json::Value::String(value) => Value::Str(Cow::Owned(value)),
            serde_json::Value::Array(items) => Value::List(items.into_iter().map(Into::into).collect()),
            serde_json::Value::Object(members) => {
                Value::Map(members.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
        }
    }
}

type Sink = Arc<Mutex<Box<dyn Write + Send>>>;
type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Writes records of one name. Clones and loggers bound from it share one lock: each record is one write.
#[derive(Clone)]
pub struct Logger {
    name: Arc<str>,
    level: Level,
    format: Format,
    timestamps: bool,
    redaction: Arc<Redaction>,
    wall_clock: Option<WallClock>,
    sink: Option<Sink>,
    bound: Arc<Vec<(String, Value<'static>)>>,
    /// The bound fields as they appear in a line.
    bound_text: Arc<Vec<u8>>,
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logger").field("name", &self.name).field("level", &self.level).finish_non_exhaustive()
    }
}

/// Configures a [`Logger`].
pub struct LoggerBuilder {
    logger: Logger,
}

impl LoggerBuilder {
    /// Drops records below `level`; the default is info.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.logger.level = level;
        self
    }

    /// The form of the lines; the default is JSON.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.logger.format = format;
        self
    }

    /// Adds field names whose values are secrets to the shared set.
    #[must_use]
    pub fn redact<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.logger.redaction = Arc::new(Redaction::new(&names));
        self
    }

    /// Whether records carry the time; they do by default.
    #[must_use]
    pub fn timestamps(mut self, timestamps: bool) -> Self {
        self.logger.timestamps = timestamps;
        self
    }

    /// Sends the lines to `writer` instead of standard error.
    #[must_use]
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.logger.sink = Some(Arc::new(Mutex::new(Box::new(writer))));
        self
    }

    /// Injects the wall clock: nanoseconds since the Unix epoch.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.logger.wall_clock = Some(Arc::new(clock));
        self
    }

    /// The logger.
    #[must_use]
    pub fn build(self) -> Logger {
        self.logger
    }
}

/// Nanoseconds since the Unix epoch.
pub(crate) fn wall_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    crate::clock::nanoseconds(since)
}

const MAX_KEPT_BUFFER: usize = 64 << 10;

thread_local! {
    static LINE: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(512));
}

impl Logger {
    /// Starts to configure a logger.
    pub fn builder(name: impl Into<String>) -> LoggerBuilder {
        LoggerBuilder {
            logger: Logger {
                name: name.into().into(),
                level: Level::default(),
                format: Format::default(),
                timestamps: true,
                redaction: Arc::default(),
                wall_clock: None,
                sink: None,
                bound: Arc::default(),
                bound_text: Arc::default(),
            },
        }
    }

    /// The logger's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a record of this level would be written.
    #[must_use]
    pub fn enabled(&self, level: Level) -> bool {
        level >= self.level
    }

    /// A logger whose records carry these fields too.
    #[must_use]
    pub fn bind(&self, fields: &[(&str, Value<'_>)]) -> Logger {
        let mut bound = Vec::clone(&self.bound);
        for (key, value) in fields {
            let value = value.clone().into_owned();
            match bound.iter_mut().find(|(known, _)| same_field(known, key)) {
                Some(known) => known.1 = value,
                None => bound.push(((*key).to_owned(), value)),
            }
        }
        let mut text = Vec::new();
        for (key, value) in &bound {
            self.redaction.append_field(&mut text, self.format, key, value);
        }
        Logger { bound: Arc::new(bound), bound_text: Arc::new(text), ..self.clone() }
    }

    /// Writes a record.
    pub fn log(&self, level: Level, message: &str, fields: &[(&str, Value<'_>)]) {
        if level < self.level {
            return;
        }
        let at = self.timestamps.then(|| self.wall_clock.as_ref().map_or_else(wall_time, |clock| clock()));
        // The buffer is taken out, so that a writer that logs itself finds another one.
        let mut line = LINE.try_with(|line| std::mem::take(&mut *line.borrow_mut())).unwrap_or_default();
        line.clear();
        append_head(&mut line, self.format, at, level.name(), &self.name, message);
        self.append_fields(&mut line, fields);
        append_tail(&mut line, self.format);
        self.write(&line);
        if line.capacity() <= MAX_KEPT_BUFFER {
            let _ = LINE.try_with(|kept| *kept.borrow_mut() = line);
        }
    }

    fn append_fields(&self, line: &mut Vec<u8>, fields: &[(&str, Value<'_>)]) {
        let twice = |(i, (key, _)): (usize, &(&str, Value<'_>))| {
            self.bound.iter().any(|(bound, _)| same_field(bound, key))
                || fields[..i].iter().any(|(other, _)| same_field(other, key))
        };
        if !fields.iter().enumerate().any(twice) {
            line.extend_from_slice(&self.bound_text);
            for (key, value) in fields {
                self.redaction.append_field(line, self.format, key, value);
            }
            return;
        }
        let mut merged: Vec<(&str, &Value<'_>)> = self.bound.iter().map(|(key, value)| (key.as_str(), value)).collect();
        for (key, value) in fields {
            match merged.iter_mut().find(|(known, _)| same_field(known, key)) {
                Some(known) => known.1 = value,
                None => merged.push((key, value)),
            }
        }
        for (key, value) in merged {
            self.redaction.append_field(line, self.format, key, value);
        }
    }

    fn write(&self, line: &[u8]) {
        static STDERR: OnceLock<Sink> = OnceLock::new();
        let sink = match &self.sink {
            Some(sink) => sink,
            None => STDERR.get_or_init(|| Arc::new(Mutex::new(Box::new(std::io::stderr())))),
        };
        // There is nowhere to report a failing log to.
        let _ = lock(sink).write_all(line);
    }

    /// Writes a record of level trace.
    pub fn trace(&self, message: &str, fields: &[(&str, Value<'_>)]) {
        self.log(Level::Trace, message, fields);
    }

    /// Writes a record of level debug.
    pub fn debug(&self, message: &str, fields: &[(&str, Value<'_>)]) {
        self.log(Level::Debug, message, fields);
    }

    /// Writes a record of level info.
    pub fn info(&self, message: &str, fields: &[(&str, Value<'_>)]) {
        self.log(Level::Info, message, fields);
    }

    /// Writes a record of level warning.
    pub fn warning(&self, message: &str, fields: &[(&str, Value<'_>)]) {
        self.log(Level::Warning, message, fields);
    }

    /// Writes a record of level error.
    pub fn error(&self, message: &str, fields: &[(&str, Value<'_>)]) {
        self.log(Level::Error, message, fields);
    }

    /// Writes a record of level critical.
    pub fn critical(&self, message: &str, fields: &[(&str, Value<'_>)]) {
        self.log(Level::Critical, message, fields);
    }
}
