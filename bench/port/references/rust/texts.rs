use std::collections::HashMap;
use std::fmt::Write;

pub fn slugify(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    let mut dashed = true;
    for c in title.to_lowercase().chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            out.push(c);
            dashed = false;
        } else if !dashed {
            out.push('-');
            dashed = true;
        }
    }
    if out.ends_with('-') {
        out.pop();
    }
    out
}

pub fn wrap_words(text: &str, width: i64) -> Vec<String> {
    let width = width as usize;
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let n = word.chars().count();
        if line.is_empty() {
            line.push_str(word);
            length = n;
        } else if length + 1 + n <= width {
            line.push(' ');
            line.push_str(word);
            length += 1 + n;
        } else {
            lines.push(std::mem::replace(&mut line, word.to_string()));
            length = n;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

pub fn render_template(template: &str, values: &HashMap<String, String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let end = start + length;
        out.push_str(&rest[..start]);
        match values.get(&rest[start + 1..end]) {
            Some(value) => out.push_str(value),
            None => out.push_str(&rest[start..=end]),
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

pub fn mask_digits(text: &str, visible: i64) -> String {
    let digits = text.chars().filter(|c| c.is_numeric()).count() as i64;
    let mut seen = 0;
    text.chars()
        .map(|c| {
            if !c.is_numeric() {
                return c;
            }
            seen += 1;
            if seen > digits - visible {
                c
            } else {
                '*'
            }
        })
        .collect()
}

pub fn snake_to_camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = String::with_capacity(name.len());
    out.push_str(words.next().unwrap_or(""));
    for word in words {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            out.extend(first.to_uppercase());
            out.push_str(&chars.as_str().to_lowercase());
        }
    }
    out
}

pub fn camel_to_snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for (i, c) in name.chars().enumerate() {
        if c.is_uppercase() {
            if i > 0 {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

pub fn caesar(text: &str, shift: i64) -> String {
    let by = shift.rem_euclid(26) as u8;
    text.chars()
        .map(|c| match c {
            'a'..='z' => ((c as u8 - b'a' + by) % 26 + b'a') as char,
            'A'..='Z' => ((c as u8 - b'A' + by) % 26 + b'A') as char,
            _ => c,
        })
        .collect()
}

pub fn is_palindrome(text: &str) -> bool {
    let cleaned: Vec<char> = text
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    cleaned.iter().eq(cleaned.iter().rev())
}

pub fn run_length_encode(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut count = 1;
        while chars.next_if_eq(&c).is_some() {
            count += 1;
        }
        let _ = write!(out, "{count}{c}");
    }
    out
}

pub fn shorten(text: &str, width: i64) -> String {
    let chars: Vec<char> = text.chars().collect();
    let width = width as usize;
    if chars.len() <= width {
        return text.to_string();
    }
    let kept = width - 3;
    let left = (kept + 1) / 2;
    let mut out = String::with_capacity(text.len());
    out.extend(&chars[..left]);
    out.push_str("...");
    out.extend(&chars[chars.len() - (kept - left)..]);
    out
}

pub fn initials(names: &[String]) -> Vec<String> {
    names
        .iter()
        .map(|name| {
            name.split_whitespace()
                .filter_map(|word| word.chars().next())
                .flat_map(char::to_uppercase)
                .collect()
        })
        .collect()
}

pub fn strip_comments(lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .map(|line| {
            line.split_once('#')
                .map_or(line.as_str(), |(code, _)| code)
                .trim_end()
        })
        .filter(|code| !code.is_empty())
        .map(str::to_string)
        .collect()
}

pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

pub fn align(rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (i, cell) in row.iter().enumerate() {
            let n = cell.chars().count();
            match widths.get_mut(i) {
                Some(width) => *width = n.max(*width),
                None => widths.push(n),
            }
        }
    }
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (i, cell) in row.iter().enumerate() {
                if i > 0 {
                    line.push_str("  ");
                }
                let _ = write!(line, "{cell:<width$}", width = widths[i]);
            }
            line.truncate(line.trim_end().len());
            line
        })
        .collect()
}
