/// Rows by their count, largest first.
pub fn top(mut rows: Vec<(String, u32)>, n: usize) -> Vec<(String, u32)> {
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    rows.truncate(n);
    rows
}

pub fn is_error(status: u16) -> bool {
    (500..600).contains(&status)
}

pub fn in_range(x: i64, low: i64, high: i64) -> bool {
    (low..=high).contains(&x) && !(0..1).contains(&x)
}

#[derive(Debug)]
pub enum ConfigError {
    Missing(&'static str),
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            ConfigError::Missing(key) => write!(f, "{} is not set", key),
        }
    }
}

impl std::error::Error for ConfigError {}

pub fn host(port: u16) -> Result<String, ConfigError> {
    let host = std::env::var("APP_HOST").map_err(|_| ConfigError::Missing("APP_HOST"))?;
    let level = std::env::var("APP_LEVEL").unwrap_or_else(|_| "info".to_string());
    Ok(format!("{host}:{port} {level}"))
}
