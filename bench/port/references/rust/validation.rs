#[derive(Debug)]
pub struct Invalid(pub String);

impl From<std::num::ParseIntError> for Invalid {
    fn from(e: std::num::ParseIntError) -> Self {
        Invalid(e.to_string())
    }
}

pub fn luhn_valid(number: &str) -> bool {
    let (mut total, mut count) = (0, 0);
    for c in number.bytes().rev() {
        if c == b' ' {
            continue;
        }
        if !c.is_ascii_digit() {
            return false;
        }
        let mut digit = i64::from(c - b'0');
        if count % 2 == 1 {
            digit *= 2;
            if digit > 9 {
                digit -= 9;
            }
        }
        total += digit;
        count += 1;
    }
    count > 1 && total % 10 == 0
}

pub fn isbn13_valid(isbn: &str) -> bool {
    let (mut total, mut count) = (0, 0);
    for c in isbn.chars().filter(|&c| c != '-') {
        let Some(digit) = c.to_digit(10) else {
            return false;
        };
        total += digit * if count % 2 == 1 { 3 } else { 1 };
        count += 1;
    }
    count == 13 && total % 10 == 0
}

pub fn parse_ipv4(address: &str) -> Result<i64, Invalid> {
    let mut value = 0;
    let mut count = 0;
    for part in address.split('.') {
        let byte: u8 = part
            .parse()
            .map_err(|_| Invalid(format!("not a byte: {part}")))?;
        value = value * 256 + i64::from(byte);
        count += 1;
    }
    if count != 4 {
        return Err(Invalid(format!("not an address: {address}")));
    }
    Ok(value)
}

pub fn in_network(address: &str, network: &str) -> Result<bool, Invalid> {
    let (base, bits) = network
        .split_once('/')
        .ok_or_else(|| Invalid(format!("not a network: {network}")))?;
    let shift = 32 - bits.parse::<u32>()?;
    Ok(parse_ipv4(address)? >> shift == parse_ipv4(base)? >> shift)
}

pub fn compare_versions(left: &str, right: &str) -> Result<i64, Invalid> {
    let numbers = |version: &str| {
        version
            .split('.')
            .map(str::parse::<i64>)
            .collect::<Result<Vec<_>, _>>()
    };
    let (a, b) = (numbers(left)?, numbers(right)?);
    for i in 0..a.len().max(b.len()) {
        let x = a.get(i).copied().unwrap_or(0);
        let y = b.get(i).copied().unwrap_or(0);
        if x != y {
            return Ok(if x < y { -1 } else { 1 });
        }
    }
    Ok(0)
}

pub fn balanced(text: &str) -> bool {
    let mut stack = Vec::new();
    for c in text.chars() {
        let open = match c {
            '(' | '[' | '{' => {
                stack.push(c);
                continue;
            }
            ')' => '(',
            ']' => '[',
            '}' => '{',
            _ => continue,
        };
        if stack.pop() != Some(open) {
            return false;
        }
    }
    stack.is_empty()
}

pub fn password_problems(password: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |wrong: bool, problem: &str| {
        if wrong {
            problems.push(problem.to_string());
        }
    };
    check(password.chars().count() < 12, "too short");
    check(!password.chars().any(char::is_numeric), "no digit");
    check(!password.chars().any(char::is_uppercase), "no capital");
    check(!password.chars().any(char::is_lowercase), "no small letter");
    check(password.chars().all(char::is_alphanumeric), "no mark");
    problems
}

pub fn checksum(text: &str) -> i64 {
    let (mut low, mut high) = (1, 0);
    for c in text.chars() {
        low = (low + i64::from(u32::from(c))) % 65521;
        high = (high + low) % 65521;
    }
    high * 65536 + low
}

pub fn valid_names(names: &[String]) -> Vec<String> {
    names
        .iter()
        .filter(|name| {
            name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        })
        .cloned()
        .collect()
}
