//! Layered configuration: default < files in order < environment < override. Every problem of every layer is found and
//! reported together, as one `ConfigurationError`.
//!
//! The `config` crate is not underneath: it stops at the first problem and coerces in ways of its own.
//!
//! ```
//! use foundation::config::ConfigLoader;
//!
//! #[derive(serde::Deserialize)]
//! struct AppConfig {
//!     #[serde(default = "default_port")]
//!     port: u16,
//!     database: Database,
//! }
//! #[derive(serde::Deserialize)]
//! struct Database { url: String }
//! fn default_port() -> u16 { 8080 }
//!
//! let loader = ConfigLoader::new().env_prefix("APP").environment([("APP_DATABASE__URL", "postgres://db")]);
//! let cfg: AppConfig = loader.load()?;
//! assert_eq!((8080, "postgres://db"), (cfg.port, cfg.database.url.as_str()));
//! # Ok::<(), foundation::errors::Error>(())
//! ```

mod derive;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use crate::errors::{Error, Problem};
use crate::record::is_secret_name;

/// The type of a configuration field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A text.
    String,
    /// A signed integer of 64 bits.
    Integer,
    /// A finite number.
    Float,
    /// A truth value.
    Boolean,
    /// A list of texts.
    Strings,
    /// A structure.
    Nested,
}

impl Type {
    /// The type in words, with its article.
    #[must_use]
    pub fn described(self) -> &'static str {
        match self {
            Type::String => "a string",
            Type::Integer => "an integer",
            Type::Float => "a number",
            Type::Boolean => "a boolean",
            Type::Strings => "a list of strings",
            Type::Nested => "a mapping",
        }
    }
}

/// One field of a schema.
#[derive(Clone, Debug)]
pub struct Field {
    name: String,
    kind: Type,
    default: Option<Value>,
    env: Option<String>,
    fields: Vec<Field>,
    /// The structure can do without the field.
    optional: bool,
}

impl Field {
    /// A required field.
    pub fn new(name: impl Into<String>, kind: Type) -> Self {
        Self { name: name.into(), kind, default: None, env: None, fields: Vec::new(), optional: false }
    }

    /// A structure.
    pub fn nested(name: impl Into<String>, fields: impl IntoIterator<Item = Field>) -> Self {
        Self { fields: fields.into_iter().collect(), ..Self::new(name, Type::Nested) }
    }

    /// The value when no layer gives one.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// The field's own environment variable, taken as it is.
    #[must_use]
    pub fn env(mut self, variable: impl Into<String>) -> Self {
        self.env = Some(variable.into());
        self
    }
}

/// Loads a configuration.
#[derive(Clone, Debug)]
pub struct ConfigLoader {
    schema: Vec<Field>,
    env_prefix: String,
    files: Vec<PathBuf>,
    strict: bool,
    secret_files: bool,
    environment: Option<BTreeMap<String, String>>,
    overrides: Map<String, Value>,
}

impl Default for ConfigLoader {
    fn default() -> Self {
        Self::new()
    }
}

impl ConfigLoader {
    /// A loader without fields.
    #[must_use]
    pub fn new() -> Self {
        Self {
            schema: Vec::new(),
            env_prefix: String::new(),
            files: Vec::new(),
            strict: true,
            secret_files: true,
            environment: None,
            overrides: Map::new(),
        }
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.schema.push(field);
        self
    }

    /// Adds the fields that a value of the target type has, with its values as their defaults: the way to derive the schema
    /// from `Default`.
    pub fn defaults<T: serde::Serialize>(mut self, defaults: &T) -> Result<Self, Error> {
        match serde_json::to_value(defaults) {
            Ok(Value::Object(members)) => {
                self.schema.extend(schema_of(members, "")?);
                Ok(self)
            }
            Ok(other) => Err(Error::bad_parameter(
                "defaults",
                format!("the defaults are {}; they must be a structure", describe(&other)),
            )),
            Err(error) => Err(Error::bad_parameter("defaults", format!("the defaults cannot be read: {error}"))),
        }
    }

    /// Puts a prefix and an underscore before the names of environment variables.
    #[must_use]
    pub fn env_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.env_prefix = prefix.into();
        self
    }

    /// Reads a file (`.json`); a later one wins.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Whether an unknown key in a file is a problem; it is by default.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Whether a value `file:///path` stands for that file's content; it does by default.
    #[must_use]
    pub fn secret_files(mut self, read: bool) -> Self {
        self.secret_files = read;
        self
    }

    /// Replaces the process's environment.
    #[must_use]
    pub fn environment<K: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.environment = Some(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
        self
    }

    /// Gives values that win over everything.
    #[must_use]
    pub fn overrides(mut self, values: Map<String, Value>) -> Self {
        self.overrides = values;
        self
    }

    /// Loads the configuration into a structure. Without declared fields the schema is told from the structure itself:
    /// its strings, numbers, booleans, lists of strings and structures, with `Option` and `#[serde(default)]` for what
    /// may be missing.
    pub fn load<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let values = if self.schema.is_empty() {
            Self { schema: derive::schema_of::<T>()?, ..self.clone() }.load_values()?
        } else {
            self.load_values()?
        };
        serde_json::from_value(Value::Object(values)).map_err(|error| Error::Configuration {
            problems: vec![Problem {
                kind: "invalid_value",
                key: String::new(),
                source: "default",
                // serde's message may quote a value, so it is not shown.
                message: format!("the schema does not fit the structure: {}", category(&error)),
            }],
        })
    }

    /// Loads the fields as a mapping.
    pub fn load_values(&self) -> Result<Map<String, Value>, Error> {
        let mut loading = Loading { loader: self, problems: Vec::new(), given: HashSet::new() };
        let mut values = Map::new();
        for path in &self.files {
            if let Some(content) = loading.read_file(path) {
                loading.merge(&mut values, &self.schema, &content, "", "file", self.strict);
            }
        }
        let mut prefix = self.env_prefix.to_uppercase();
        if !prefix.is_empty() && !prefix.ends_with('_') {
            prefix.push('_');
        }
        loading.merge_environment(&mut values, &self.schema, &prefix, "");
        loading.merge(&mut values, &self.schema, &self.overrides, "", "override", true);
        loading.complete(&mut values, &self.schema, "");
        let mut problems = loading.problems;
        if problems.is_empty() {
            return Ok(values);
        }
        problems.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
        Err(Error::Configuration { problems })
    }
}

fn category(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => {
            let text = error.to_string();
            // "missing field `x`" and "unknown field `x`" name the field; the others may quote the value.
            if text.starts_with("missing field") || text.starts_with("unknown field") {
                text
            } else {
                "a value has another type or is out of range".to_owned()
            }
        }
        _ => error.to_string(),
    }
}

fn schema_of(members: Map<String, Value>, path: &str) -> Result<Vec<Field>, Error> {
    members
        .into_iter()
        .map(|(name, value)| {
            let key = join(path, &name);
            let kind = match &value {
                Value::String(_) => Type::String,
                Value::Bool(_) => Type::Boolean,
                Value::Number(number) if number.is_f64() => Type::Float,
                Value::Number(_) => Type::Integer,
                Value::Array(items) if items.iter().all(Value::is_string) => Type::Strings,
                Value::Object(_) => {
                    let Value::Object(inner) = value else { unreachable!("matched above") };
                    return Ok(Field::nested(name, schema_of(inner, &key)?));
                }
                other => {
                    let message =
                        format!("the default of {key} is {}, from which no type can be told", describe(other));
                    return Err(Error::bad_parameter(key, message));
                }
            };
            Ok(Field::new(name, kind).default_value(value))
        })
        .collect()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

struct Loading<'a> {
    loader: &'a ConfigLoader,
    problems: Vec<Problem>,
    /// The paths that some layer spoke about, well or badly: they are not missing.
    given: HashSet<String>,
}

impl Loading<'_> {
    fn problem(&mut self, kind: &'static str, key: &str, source: &'static str, message: String) {
        self.problems.push(Problem { kind, key: key.to_owned(), source, message });
    }

    fn read_file(&mut self, path: &std::path::Path) -> Option<Map<String, Value>> {
        let shown = path.display().to_string();
        let content = match fs::read(path) {
            Ok(content) => content,
            Err(error) => {
                self.problem("unreadable_file", &shown, "file", format!("{shown} cannot be read: {error}"));
                return None;
            }
        };
        let extension = path.extension().unwrap_or_default();
        if extension != "json" {
            let message = format!("{shown} has the extension {extension:?}; this runtime reads .json");
            self.problem("invalid_file", &shown, "file", message);
            return None;
        }
        let message = match serde_json::from_slice(&content) {
            Ok(Value::Object(members)) => return Some(members),
            Ok(other) => format!("{shown} holds {}; it must hold a mapping", describe(&other)),
            Err(error) => format!("{shown} is not JSON: {error}"),
        };
        self.problem("invalid_file", &shown, "file", message);
        None
    }

    /// Puts the native values of a file or an override over `values`.
    fn merge(
        &mut self,
        values: &mut Map<String, Value>,
        schema: &[Field],
        given: &Map<String, Value>,
        path: &str,
        source: &'static str,
        strict: bool,
    ) {
        for field in schema {
            let Some(value) = given.get(&field.name).filter(|value| !value.is_null()) else { continue };
            let key = join(path, &field.name);
            if field.kind == Type::Nested {
                match value {
                    Value::Object(members) => {
                        self.merge(nested(values, &field.name), &field.fields, members, &key, source, strict);
                    }
                    other => self.invalid(field, &key, source, other),
                }
                continue;
            }
            self.given.insert(key.clone());
            if let Some(converted) = self.convert(field, &key, source, value) {
                values.insert(field.name.clone(), converted);
            }
        }
        if strict {
            for name in given.keys() {
                if !schema.iter().any(|field| field.name == *name) {
                    let key = join(path, name);
                    self.problem("unknown_key", &key, source, format!("{key} is not a known key"));
                }
            }
        }
    }

    fn merge_environment(&mut self, values: &mut Map<String, Value>, schema: &[Field], prefix: &str, path: &str) {
        for field in schema {
            let key = join(path, &field.name);
            if field.kind == Type::Nested {
                self.merge_environment(nested(values, &field.name), &field.fields, prefix, &key);
                continue;
            }
            let derived = || format!("{prefix}{}", key.replace('.', "__").to_uppercase());
            let variable = field.env.clone().unwrap_or_else(derived);
            let value = match &self.loader.environment {
                Some(environment) => environment.get(&variable).cloned(),
                None => std::env::var_os(&variable).map(|value| value.to_string_lossy().into_owned()),
            };
            if let Some(value) = value {
                self.given.insert(key.clone());
                if let Some(converted) = self.read_text(field, &key, "environment", &value) {
                    values.insert(field.name.clone(), converted);
                }
            }
        }
    }

    /// Fills in the defaults and reports what is missing.
    fn complete(&mut self, values: &mut Map<String, Value>, schema: &[Field], path: &str) {
        for field in schema {
            let key = join(path, &field.name);
            if field.kind == Type::Nested {
                self.complete(nested(values, &field.name), &field.fields, &key);
                continue;
            }
            if values.contains_key(&field.name) || self.given.contains(&key) {
                continue;
            }
            match &field.default {
                None if field.optional => {}
                None => {
                    let message = format!("{key} is missing; it must be {}", field.kind.described());
                    self.problem("missing", &key, "default", message);
                }
                Some(default @ (Value::Null | Value::String(_))) if default.is_null() || field.kind == Type::String => {
                    values.insert(field.name.clone(), default.clone());
                }
                Some(default) => {
                    if let Some(converted) = self.convert(field, &key, "default", default) {
                        values.insert(field.name.clone(), converted);
                    }
                }
            }
        }
    }

    fn invalid(&mut self, field: &Field, key: &str, source: &'static str, value: &Value) {
        let message = format!("{key} is {}; it must be {}", describe(value), field.kind.described());
        self.problem("invalid_value", key, source, message);
    }

    fn convert(&mut self, field: &Field, key: &str, source: &'static str, value: &Value) -> Option<Value> {
        if let Value::String(text) = value {
            return self.read_text(field, key, source, text);
        }
        let converted = match (field.kind, value) {
            (Type::Integer, Value::Number(number)) => parse_integer(&number.to_string()),
            (Type::Float, Value::Number(number)) => finite(number.as_f64()),
            (Type::Boolean, Value::Bool(_)) => Some(value.clone()),
            (Type::Strings, Value::Array(items)) if items.iter().all(Value::is_string) => Some(value.clone()),
            _ => None,
        };
        if converted.is_none() {
            self.invalid(field, key, source, value);
        }
        converted
    }

    /// Reads a text of the environment, a file or an override; the first two may point to a secret file.
    fn read_text(&mut self, field: &Field, key: &str, source: &'static str, text: &str) -> Option<Value> {
        let mut text = text.to_owned();
        if self.loader.secret_files && matches!(source, "environment" | "file") {
            if let Some(path) = text.strip_prefix("file://").filter(|path| path.starts_with('/')) {
                text = match fs::read(path) {
                    Ok(content) => {
                        let content = content
                            .strip_suffix(b"\n")
                            .map_or(content.as_slice(), |content| content.strip_suffix(b"\r").unwrap_or(content));
                        String::from_utf8_lossy(content).into_owned()
                    }
                    Err(error) => {
                        let message = format!("{key} points to {path}, which cannot be read: {error}");
                        self.problem("unreadable_file", key, source, message);
                        return None;
                    }
                };
            }
        }
        let parsed = parse_text(field.kind, &text);
        if parsed.is_none() {
            let shown = if key.split('.').any(is_secret_name) {
                "a text that is not shown".to_owned()
            } else {
                format!("{text:?}")
            };
            self.problem(
                "invalid_value",
                key,
                source,
                format!("{key} is {shown}; it must be {}", field.kind.described()),
            );
        }
        parsed
    }
}

fn nested<'v>(values: &'v mut Map<String, Value>, name: &str) -> &'v mut Map<String, Value> {
    let entry = values.entry(name).or_insert_with(|| Value::Object(Map::new()));
    match entry {
        Value::Object(members) => members,
        _ => unreachable!("only mappings are stored under a structure's name"),
    }
}

fn finite(value: Option<f64>) -> Option<Value> {
    value.and_then(Number::from_f64).map(Value::Number)
}

fn parse_integer(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse::<i64>().ok().map(Value::from)
}

fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_is_good = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_is_good
}

/// Reads a text as a type, by the rules for environment variables; the command line uses the same.
pub(crate) fn parse_text(kind: Type, text: &str) -> Option<Value> {
    if kind == Type::String {
        return Some(text.into());
    }
    let space = [' ', '\t', '\r', '\n'];
    let text = text.trim_matches(space);
    match kind {
        Type::Integer => parse_integer(text),
        Type::Float => is_float(text).then(|| finite(text.parse().ok())).flatten(),
        Type::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" | "enabled" => Some(true.into()),
            "false" | "no" | "off" | "0" | "disabled" => Some(false.into()),
            _ => None,
        },
        Type::Strings => {
            let items = text.split(',').map(|item| item.trim_matches(space)).filter(|item| !item.is_empty());
            Some(items.map(Value::from).collect())
        }
        Type::String | Type::Nested => None,
    }
}
