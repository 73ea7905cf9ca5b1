//! A weather station: settings, uploads, records, the station's tool.

use std::fs;
use std::io;
use std::time::Duration;

use foundation::cli::{App, Exit};
use foundation::config::ConfigLoader;
use foundation::errors::Error;
use foundation::files::AtomicFile;
use foundation::http::HttpClient;
use foundation::process::Process;
use foundation::register_command;

/// How the station works.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub struct Settings {
    pub name: String,
    #[serde(default = "default_interval")]
    pub interval: i64,
    #[serde(default)]
    pub indoor: bool,
}

fn default_interval() -> i64 {
    300
}

/// The settings from the environment.
pub fn load_settings() -> Result<Settings, Error> {
    let settings: Settings = ConfigLoader::new().env_prefix("STATION").load()?;
    if settings.interval <= 0 {
        return Err(Error::validation("interval must be positive"));
    }
    Ok(settings)
}

/// Measurements a day, from a file that the environment may override.
pub fn per_day(path: &str) -> Result<i64, Error> {
    let settings: Settings = ConfigLoader::new().env_prefix("STATION").file(path).load()?;
    let factor = if settings.indoor { 2 } else { 1 };
    Ok(86_400 / settings.interval.max(1) / factor)
}

/// Ask the network for the station's last report; None when there is none.
pub fn last_report(client: &HttpClient, name: &str) -> Result<Option<String>, Error> {
    match client.get(&format!("/stations/{name}/last")) {
        Ok(response) => Ok(Some(response.text().trim().to_string())),
        Err(Error::HttpStatus(failure)) if failure.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Send lines to the network; the status of its answer.
pub fn upload(client: &HttpClient, lines: &[String]) -> Result<i64, Error> {
    if lines.is_empty() {
        return Err(Error::validation("nothing to upload"));
    }
    let response = client.post("/uploads", lines.join("\n"))?;
    Ok(i64::from(response.status))
}

/// Keep a record; how many lines the file has now.
pub fn keep(path: &str, line: &str) -> io::Result<usize> {
    let mut text = fs::read_to_string(path).unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(line.trim());
    text.push('\n');
    AtomicFile::new(path).backup(true).write(&text)?;
    Ok(text.lines().count())
}

/// Write the greatest value of each line to another file.
pub fn extremes(source: &str, target: &str) -> io::Result<Vec<i64>> {
    let text = fs::read_to_string(source)?;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut best: Option<i64> = None;
        for word in line.split(',') {
            let value = word
                .trim()
                .parse::<i64>()
                .map_err(|_| io::Error::other(format!("line {}", number + 1)))?;
            best = Some(best.map_or(value, |b| b.max(value)));
        }
        if let Some(value) = best {
            found.push(value);
        }
    }
    let lines: Vec<String> = found.iter().map(|v| format!("{v:>5}")).collect();
    AtomicFile::new(target).create_parents(true).write(lines.join("\n"))?;
    Ok(found)
}

/// The uptime in hours, as the system says in seconds.
pub fn uptime_hours() -> Result<i64, Error> {
    let result = Process::new(["uptime", "--seconds"])
        .timeout(Duration::from_secs(5))
        .run()?;
    let text = result.stdout_text();
    let seconds = text
        .trim()
        .parse::<i64>()
        .map_err(|_| Error::validation("not a number"))?;
    Ok(seconds / 3600)
}

/// Which sensors answer.
pub fn answering(sensors: &[String]) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for sensor in sensors {
        let result = Process::new(["probe".to_string(), sensor.clone()]).check(false).run()?;
        if result.exit_code == 0 {
            found.push(sensor.to_uppercase());
        }
    }
    Ok(found)
}

/// Print a calibration.
#[register_command(name = "sensor.calibrate", description = "Calibrate a sensor", aliases = ["cal"])]
pub fn calibrate(sensor: String, offset: Option<i64>, dry_run: bool) -> Result<(), Error> {
    let by = offset.unwrap_or(0);
    if by.abs() > 100 {
        return Err(Error::validation("offset too large"));
    }
    let prefix = if dry_run { "would set" } else { "set" };
    println!("{prefix} {sensor} to {by:+}");
    Ok(())
}

/// Print the state of the battery.
#[register_command(name = "battery")]
pub fn battery(millivolts: i64) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let percent = ((millivolts - 3000) * 100 / 1200).clamp(0, 100);
    println!("{percent}%");
    if percent < 10 {
        return Err(Box::new(Exit(4)));
    }
    Ok(())
}

/// Run the station's tool.
pub fn run(arguments: Vec<String>) -> i32 {
    App::new("station", "0.9")
        .register(calibrate_command())
        .register(battery_command())
        .run(arguments)
}
