use std::collections::{BTreeSet, HashMap};

#[derive(Debug)]
pub struct Malformed(pub String);

impl From<std::num::ParseIntError> for Malformed {
    fn from(e: std::num::ParseIntError) -> Self {
        Malformed(e.to_string())
    }
}

pub fn parse_duration(text: &str) -> Result<i64, Malformed> {
    let (mut total, mut number, mut digits) = (0, 0, 0);
    for c in text.bytes() {
        if c.is_ascii_digit() {
            number = number * 10 + i64::from(c - b'0');
            digits += 1;
            continue;
        }
        let seconds = match c {
            b'd' => 86400,
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return Err(Malformed(format!("not a duration: {text}"))),
        };
        if digits == 0 {
            return Err(Malformed(format!("not a duration: {text}")));
        }
        total += number * seconds;
        number = 0;
        digits = 0;
    }
    if digits > 0 {
        return Err(Malformed(format!("no unit at the end: {text}")));
    }
    Ok(total)
}

pub fn parse_size(text: &str) -> Result<i64, Malformed> {
    let stripped = text.trim();
    let end = stripped
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(stripped.len());
    if end == 0 {
        return Err(Malformed(format!("not a size: {text}")));
    }
    let unit = stripped[end..].trim().to_uppercase();
    let factor = match unit.as_str() {
        "" | "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KIB" => 1 << 10,
        "MIB" => 1 << 20,
        "GIB" => 1 << 30,
        _ => return Err(Malformed(format!("unknown unit: {unit}"))),
    };
    Ok(stripped[..end].parse::<i64>()? * factor)
}

pub fn parse_headers(lines: &[String]) -> HashMap<String, String> {
    let mut headers: HashMap<String, String> = HashMap::with_capacity(lines.len());
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        headers
            .entry(name.trim().to_lowercase())
            .and_modify(|old| {
                old.push_str(", ");
                old.push_str(value);
            })
            .or_insert_with(|| value.to_string());
    }
    headers
}

pub fn parse_query(query: &str) -> HashMap<String, Vec<String>> {
    let mut fields: HashMap<String, Vec<String>> = HashMap::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        fields
            .entry(name.to_string())
            .or_default()
            .push(value.replace('+', " "));
    }
    fields
}

pub fn parse_ranges(header: &str, size: i64) -> Result<Vec<(i64, i64)>, Malformed> {
    let Some(list) = header.strip_prefix("bytes=") else {
        return Err(Malformed("only ranges of bytes are known".to_string()));
    };
    let mut ranges = Vec::new();
    for part in list.split(',') {
        let part = part.trim();
        let (first, last) = part.split_once('-').unwrap_or((part, ""));
        let (start, end) = if first.is_empty() {
            ((size - last.parse::<i64>()?).max(0), size - 1)
        } else if last.is_empty() {
            (first.parse()?, size - 1)
        } else {
            (first.parse()?, last.parse::<i64>()?.min(size - 1))
        };
        if start <= end {
            ranges.push((start, end));
        }
    }
    Ok(ranges)
}

pub fn parse_fields(line: &str) -> HashMap<String, String> {
    let bytes = line.as_bytes();
    let n = bytes.len();
    let mut fields = HashMap::new();
    let mut i = 0;
    while i < n {
        while i < n && bytes[i] == b' ' {
            i += 1;
        }
        let start = i;
        while i < n && bytes[i] != b'=' && bytes[i] != b' ' {
            i += 1;
        }
        let key = &line[start..i];
        if i >= n || bytes[i] == b' ' {
            if !key.is_empty() {
                fields.insert(key.to_string(), String::new());
            }
            continue;
        }
        i += 1;
        let (end, stop) = if i < n && bytes[i] == b'"' {
            i += 1;
            let end = line[i..].find('"').map_or(n, |k| i + k);
            (end, end + 1)
        } else {
            let end = line[i..].find(' ').map_or(n, |k| i + k);
            (end, end)
        };
        fields.insert(key.to_string(), line[i..end].to_string());
        i = stop;
    }
    fields
}

pub fn split_csv_line(line: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}

pub fn tokenize(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut current = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || c == '_' {
            current.push(c);
            continue;
        }
        if !current.is_empty() {
            tokens.push(std::mem::take(&mut current));
        }
        if !c.is_whitespace() {
            tokens.push(c.to_string());
        }
    }
    if !current.is_empty() {
        tokens.push(current);
    }
    tokens
}

pub fn count_statuses(lines: &[String]) -> HashMap<String, i64> {
    let mut counts = HashMap::new();
    for line in lines {
        let Some(class) = line
            .split_whitespace()
            .nth(8)
            .and_then(|word| word.chars().next())
        else {
            continue;
        };
        *counts.entry(format!("{class}xx")).or_insert(0) += 1;
    }
    counts
}

pub fn expand_cron_field(field: &str, low: i64, high: i64) -> Result<Vec<i64>, Malformed> {
    let mut found = BTreeSet::new();
    for part in field.split(',') {
        let (span, step) = match part.split_once('/') {
            Some((span, step)) => (span, step.parse::<usize>()?),
            None => (part, 1),
        };
        let (first, last) = if span == "*" {
            (low, high)
        } else if let Some((first, last)) = span.split_once('-') {
            (first.parse()?, last.parse()?)
        } else {
            let only = span.parse()?;
            (only, only)
        };
        found.extend((first..=last).step_by(step));
    }
    Ok(found.into_iter().collect())
}
