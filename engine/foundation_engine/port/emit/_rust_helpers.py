"""Functions that a port to Rust brings along because Rust has no operation with exactly this meaning."""

# ruff: noqa: E501 - Rust source, which its own formatter lays out.
from __future__ import annotations

from collections.abc import Mapping

from foundation_engine.port.emit import _rust_times as times

# name -> (documentation, source, helpers that it uses)
HELPERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    **times.HELPERS,
    "floor_div": ("Divides and rounds down.", """
fn floor_div(a: i64, b: i64) -> i64 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}
""", ()),
    "floor_mod": ("The remainder of `floor_div`; it has the sign of the divisor.", """
fn floor_mod(a: i64, b: i64) -> i64 {
    let rest = a % b;
    if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
}
""", ()),
    "int_power": ("`base` to the power `exponent`, which must not be negative.", """
fn int_power(base: i64, exponent: i64) -> i64 {
    base.pow(u32::try_from(exponent).expect("an exponent that is not negative"))
}
""", ()),
    "whole": ("The integer that a float is without its fraction.", """
fn whole(x: f64) -> i64 {
    assert!(x.abs() < 9_223_372_036_854_775_808.0, "a number of 64 bits");
    x as i64
}
""", ()),
    "names_in": ("The names of what is in a folder, in order.", """
fn names_in(folder: &str) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
""", ()),
    "append_text": ("Writes a text behind what a file holds.", """
fn append_text(path: &str, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())
}
""", ()),
    "which": ("The place of a program on the search path, None when there is none.", """
fn which(name: &str) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let runs = |path: &String| std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        return Some(name.to_string()).filter(runs);
    }
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').filter(|folder| !folder.is_empty()).map(|folder| format!("{folder}/{name}")).find(runs)
}
""", ()),
    "system_name": ("The name that the operating system has for itself.", """
fn system_name() -> String {
    match std::env::consts::OS {
        "linux" => "Linux".to_string(),
        "macos" => "Darwin".to_string(),
        "windows" => "Windows".to_string(),
        other => other.to_string(),
    }
}
""", ()),
    "discard_file": ("Removes a file that need not be there.", """
fn discard_file(path: &str) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
""", ()),
    "gcd": ("The greatest common divisor.", """
fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}
""", ()),
    "binary": ("The binary digits behind `0b`.", """
fn binary(n: i64) -> String {
    format!("{}0b{:b}", if n < 0 { "-" } else { "" }, n.unsigned_abs())
}
""", ()),
    "divide": ("Division that refuses zero.", """
fn divide(a: f64, b: f64) -> f64 {
    assert!(b != 0.0, "division by zero");
    a / b
}
""", ()),
    "float_floor_div": ("Division rounded down, without the error of rounding the quotient first.", """
fn float_floor_div(a: f64, b: f64) -> f64 {
    assert!(b != 0.0, "division by zero");
    let rest = a % b;
    let quotient = (a - rest) / b - f64::from(rest != 0.0 && (rest < 0.0) != (b < 0.0));
    if quotient == 0.0 {
        return 0.0_f64.copysign(a / b);
    }
    let floor = quotient.floor();
    if quotient - floor > 0.5 { floor + 1.0 } else { floor }
}
""", ()),
    "float_mod": ("The remainder with the sign of the divisor.", """
fn float_mod(a: f64, b: f64) -> f64 {
    assert!(b != 0.0, "division by zero");
    let rest = a % b;
    if rest == 0.0 {
        0.0_f64.copysign(b)
    } else if (rest < 0.0) != (b < 0.0) {
        rest + b
    } else {
        rest
    }
}
""", ()),
    "round_to": ("The number rounded to decimals, correctly in the last one.", """
fn round_to(x: f64, digits: i64) -> f64 {
    format!("{:.*}", usize::try_from(digits).expect("a number of decimals"), x).parse().unwrap_or(x)
}
""", ()),
    "float_text": ("The shortest text that reads back as the same number.", """
fn float_text(x: f64) -> String {
    if x.is_nan() {
        return "nan".to_string();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.to_string();
    }
    if x != 0.0 && (x.abs() < 1e-4 || x.abs() >= 1e16) {
        let text = format!("{x:e}");
        let (digits, exponent) = text.split_once('e').expect("an exponent");
        let power: i32 = exponent.parse().expect("an exponent");
        return format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs());
    }
    let text = x.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}
""", ()),
    "all_chars": ("Whether the text is not empty and every character of it is of a kind.", """
fn all_chars(text: &str, is: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(is)
}
""", ()),
    "is_upper": ("Whether the text has letters with case and all of them are upper case.", """
fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}
""", ()),
    "is_lower": ("Whether the text has letters with case and all of them are lower case.", """
fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)
}
""", ()),
    "capitalize": ("The text with its first letter in upper case and the rest in lower case.", """
fn capitalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    if let Some(first) = rest.next() {
        out.extend(first.to_uppercase());
        out.push_str(&rest.as_str().to_lowercase());
    }
    out
}
""", ()),
    "title_case": ("The text with every run of letters capitalized.", """
fn title_case(text: &str) -> String {
    let mut inside = false;
    let mut out = String::new();
    for c in text.chars() {
        if inside { out.extend(c.to_lowercase()) } else { out.extend(c.to_uppercase()) }
        inside = c.is_alphabetic();
    }
    out
}
""", ()),
    "swap_case": ("The text with the case of every letter changed.", """
fn swap_case(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_uppercase() { out.extend(c.to_lowercase()) } else { out.extend(c.to_uppercase()) }
    }
    out
}
""", ()),
    "upper_char": ("The letter in upper case; itself when that is several characters.", """
fn upper_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut upper = c.to_uppercase();
    upper.next().filter(|_| upper.next().is_none()).unwrap_or(c)
}
""", ()),
    "lower_char": ("The letter in lower case; itself when that is several characters.", """
fn lower_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    lower.next().filter(|_| lower.next().is_none()).unwrap_or(c)
}
""", ()),
    "split_lines": ("The lines of a text; a final line end adds no empty line.", """
fn split_lines(text: &str) -> Vec<String> {
    let end = ['\\r', '\\u{b}', '\\u{c}', '\\u{1c}', '\\u{1d}', '\\u{1e}', '\\u{85}', '\\u{2028}', '\\u{2029}'];
    text.replace("\\r\\n", "\\n").replace(end, "\\n").lines().map(str::to_string).collect()
}
""", ()),
    "find": ("The position of a text in another in characters, or -1.", """
fn find(text: &str, part: &str) -> i64 {
    text.find(part).map_or(-1, |at| text[..at].chars().count() as i64)
}
""", ()),
    "find_from": ("The byte at which a text goes on with another behind a byte of it, if it does.", """
fn find_from(text: &str, part: &str, from: usize) -> Option<usize> {
    Some(from + text.get(from..)?.find(part)?)
}
""", ()),
    "width_at": ("How many bytes the character has that begins at a byte of a text; 1 behind its end.", """
fn width_at(text: &str, at: usize) -> usize {
    let rest = text.get(at..);
    rest.and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}
""", ()),
    "ahead": ("The byte that is some characters behind another one.", """
fn ahead(text: &str, at: usize, count: usize) -> usize {
    (0..count).fold(at, |at, _| at + width_at(text, at))
}
""", ("width_at",)),
    "cut_between": ("The part of a text between two bytes that may lie behind its end; nothing where they cross.", """
fn cut_between(text: &str, low: usize, high: usize) -> &str {
    text.get(low..high.min(text.len())).unwrap_or_default()
}
""", ()),
    "position": ("The position of a text in another in characters.", """
fn position(text: &str, part: &str) -> Option<i64> {
    text.find(part).map(|at| text[..at].chars().count() as i64)
}
""", ()),
    "first_code": ("The code point of a text's first character.", """
fn first_code(text: &str) -> i64 {
    let first = text.chars().next().expect("a text that is not empty");
    i64::from(u32::from(first))
}
""", ()),
    "without": ("What `cut` leaves of a text; all of it when there is nothing to cut.", """
fn without<'a>(text: &'a str, cut: impl Fn(&'a str) -> Option<&'a str>) -> &'a str {
    cut(text).unwrap_or(text)
}
""", ()),
    "bounds": ("Where a slice begins and ends; bounds below zero count from the end.", """
fn bounds(low: Option<i64>, high: Option<i64>, size: usize) -> (usize, usize) {
    let size = size as i64;
    let place = |i: i64| if i < 0 { (i + size).max(0) } else { i.min(size) };
    let (low, high) = (low.map_or(0, place), high.map_or(size, place));
    (low as usize, high.max(low) as usize)
}
""", ()),
    "slice_text": ("The characters from `low` to before `high`.", """
fn slice_text(text: &str, low: Option<i64>, high: Option<i64>) -> &str {
    let size = text.chars().count();
    let (low, high) = bounds(low, high, size);
    if size == text.len() {
        return &text[low..high];
    }
    let place = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    &text[place(low)..place(high)]
}
""", ("bounds",)),
    "slice_between": ("The characters from `low` to before `high` of a text whose characters begin at known places.", """
fn slice_between<'a>(text: &'a str, places: &[usize], low: Option<i64>, high: Option<i64>) -> &'a str {
    let (low, high) = bounds(low, high, places.len());
    let place = |count: usize| places.get(count).copied().unwrap_or(text.len());
    &text[place(low)..place(high)]
}
""", ("bounds",)),
    "slice_list": ("The elements from `low` to before `high`.", """
fn slice_list<T>(items: &[T], low: Option<i64>, high: Option<i64>) -> &[T] {
    let (low, high) = bounds(low, high, items.len());
    &items[low..high]
}
""", ("bounds",)),
    "wrap": ("The place that an index means; below zero it counts from the end.", """
fn wrap(index: i64, size: usize) -> usize {
    (if index < 0 { index + size as i64 } else { index }) as usize
}
""", ()),
    "joined": ("The elements of both lists.", """
fn joined<T: Clone>(first: &[T], second: &[T]) -> Vec<T> {
    [first, second].concat()
}
""", ()),
    "parse_int": ("The integer that a text holds.", """
fn parse_int(text: &str) -> Result<i64, Error> {
    text.parse()
        .or_else(|_| ungrouped(text.trim(), |c| c.is_ascii_digit()).parse())
        .map_err(|_| Error::Value(format!("invalid literal for int() with base 10: {text:?}")))
}
""", ("ungrouped",)),
    "ungrouped": ("The text without the underscores that stand between two digits.", """
fn ungrouped(text: &str, is_digit: impl Fn(char) -> bool) -> std::borrow::Cow<'_, str> {
    if !text.contains('_') {
        return text.into();
    }
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let follows = out.ends_with(&is_digit) && chars.peek().is_some_and(|&next| is_digit(next));
        if c != '_' || !follows {
            out.push(c);
        }
    }
    out.into()
}
""", ()),
    "digit": ("The digit that a character is.", """
fn digit(c: char) -> Result<i64, Error> {
    let found = c.to_digit(10).map(i64::from);
    found.ok_or_else(|| Error::Value(format!("invalid literal for int() with base 10: '{c}'")))
}
""", ()),
    "parse_float": ("The number that a text holds.", """
fn parse_float(text: &str) -> Result<f64, Error> {
    ungrouped(text.trim(), |c| c.is_ascii_digit())
        .parse()
        .map_err(|_| Error::Value(format!("could not convert string to float: {text:?}")))
}
""", ("ungrouped",)),
    "stepped": ("The numbers from `start` to before `stop`; the step, which is not zero, may go either way.", """
fn stepped(start: i64, stop: i64, step: i64) -> impl Iterator<Item = i64> {
    let far = if step > 0 { stop - start } else { start - stop };
    let count = (far + step.abs() - 1).div_euclid(step.abs());
    (0..count).map(move |turn| start + turn * step)
}
""", ()),
    "count_of": ("How often a value occurs.", """
fn count_of<T: PartialEq<U>, U: ?Sized>(items: &[T], wanted: &U) -> i64 {
    items.iter().filter(|&item| *item == *wanted).count() as i64
}
""", ()),
    "place_of": ("Where a value is first.", """
fn place_of<T: PartialEq<U>, U: ?Sized>(items: &[T], wanted: &U) -> Option<usize> {
    items.iter().position(|item| *item == *wanted)
}
""", ()),
    "count_each": ("How often each item occurs.", """
fn count_each<T: Eq + std::hash::Hash>(items: impl Iterator<Item = T>) -> HashMap<T, i64> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts
}
""", ()),
    "sorted": ("The items in order.", """
fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items
}
""", ()),
    "sorted_down": ("The items in order, the greatest first.", """
fn sorted_down<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable_by(|a, b| b.cmp(a));
    items
}
""", ()),
    "sorted_distinct": ("The items in order, each of them once.", """
fn sorted_distinct<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}
""", ()),
    "sorted_with": ("The items in an order; those that it does not tell apart stay in theirs.", """
fn sorted_with<T>(items: impl Iterator<Item = T>, order: impl Fn(&T, &T) -> std::cmp::Ordering) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_by(order);
    items
}
""", ()),
    "sorted_by": ("The items in the order of their keys; items with equal keys stay in their order.", """
fn sorted_by<T, K: PartialOrd>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K, reverse: bool) -> Vec<T> {
    let mut keyed: Vec<(K, T)> = items.map(|item| (key(&item), item)).collect();
    keyed.sort_by(|a, b| {
        let order = a.0.partial_cmp(&b.0).expect("keys with an order");
        if reverse { order.reverse() } else { order }
    });
    keyed.into_iter().map(|(_, item)| item).collect()
}
""", ()),
    "greatest_by": ("The first item whose key is the greatest.", """
fn greatest_by<T, K: PartialOrd>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Option<T> {
    items.reduce(|best, item| if key(&item) > key(&best) { item } else { best })
}
""", ()),
    "least_by": ("The first item whose key is the least.", """
fn least_by<T, K: PartialOrd>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Option<T> {
    items.reduce(|best, item| if key(&item) < key(&best) { item } else { best })
}
""", ()),
    "partition": ("The text before a separator, the separator, and the text behind it.", """
fn partition<'a>(text: &'a str, separator: &'a str) -> (&'a str, &'a str, &'a str) {
    match text.split_once(separator) {
        Some((before, after)) => (before, separator, after),
        None => (text, "", ""),
    }
}
""", ()),
    "partition_last": ("The text before the last separator, the separator, and the text behind it.", """
fn partition_last<'a>(text: &'a str, separator: &'a str) -> (&'a str, &'a str, &'a str) {
    match text.rsplit_once(separator) {
        Some((before, after)) => (before, separator, after),
        None => ("", "", text),
    }
}
""", ()),
    "owned_parts": ("The three parts of a text, each of its own.", """
fn owned_parts((before, between, after): (&str, &str, &str)) -> (String, String, String) {
    (before.to_string(), between.to_string(), after.to_string())
}
""", ()),
    "split_last": ("The parts of a text, split at the last separators, so often at most.", """
fn split_last(text: &str, separator: &str, count: usize) -> Vec<String> {
    let mut parts: Vec<String> = text.rsplitn(count + 1, separator).map(str::to_string).collect();
    parts.reverse();
    parts
}
""", ()),
    "find_last": ("The last position of a text in another in characters, or -1.", """
fn find_last(text: &str, part: &str) -> i64 {
    text.rfind(part).map_or(-1, |at| text[..at].chars().count() as i64)
}
""", ()),
    "pad_right": ("The text with characters behind it up to a width.", """
fn pad_right(text: &str, width: i64, fill: char) -> String {
    let missing = width - text.chars().count() as i64;
    let mut out = text.to_string();
    out.extend(std::iter::repeat_n(fill, missing.max(0) as usize));
    out
}
""", ()),
    "pad_left": ("The text with characters before it up to a width.", """
fn pad_left(text: &str, width: i64, fill: char) -> String {
    let missing = width - text.chars().count() as i64;
    format!("{}{text}", fill.to_string().repeat(missing.max(0) as usize))
}
""", ()),
    "zero_fill": ("The text with zeros before it up to a width, behind its sign.", """
fn zero_fill(text: &str, width: i64) -> String {
    let missing = (width - text.chars().count() as i64).max(0) as usize;
    let sign = usize::from(text.starts_with(['+', '-']));
    format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..])
}
""", ()),
    "parse_int_base": ("The integer that a text holds in a base.", """
fn parse_int_base(text: &str, base: u32) -> Result<i64, Error> {
    i64::from_str_radix(&ungrouped(text.trim(), |c| c.is_digit(base)), base)
        .map_err(|_| Error::Value(format!("invalid literal for int() with base {base}: {text:?}")))
}
""", ("ungrouped",)),
    "hexadecimal": ("The hexadecimal digits behind `0x`.", """
fn hexadecimal(n: i64) -> String {
    format!("{}0x{:x}", if n < 0 { "-" } else { "" }, n.unsigned_abs())
}
""", ()),
    "octal": ("The octal digits behind `0o`.", """
fn octal(n: i64) -> String {
    format!("{}0o{:o}", if n < 0 { "-" } else { "" }, n.unsigned_abs())
}
""", ()),
    "try_sorted_by": ("The items in the order of their keys, of which one may fail.", """
fn try_sorted_by<T, K: PartialOrd>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> Result<K, Error>, reverse: bool) -> Result<Vec<T>, Error> {
    let mut keyed: Vec<(K, T)> = items.map(|item| Ok((key(&item)?, item))).collect::<Result<_, Error>>()?;
    keyed.sort_by(|a, b| {
        let order = a.0.partial_cmp(&b.0).expect("keys with an order");
        if reverse { order.reverse() } else { order }
    });
    Ok(keyed.into_iter().map(|(_, item)| item).collect())
}
""", ()),
    "try_all": ("Whether all answers are yes; the first failure or no ends it.", """
fn try_all(mut answers: impl Iterator<Item = Result<bool, Error>>) -> Result<bool, Error> {
    answers.find(|answer| !matches!(answer, Ok(true))).unwrap_or(Ok(true))
}
""", ()),
    "try_any": ("Whether an answer is yes; the first failure or yes ends it.", """
fn try_any(mut answers: impl Iterator<Item = Result<bool, Error>>) -> Result<bool, Error> {
    answers.find(|answer| !matches!(answer, Ok(false))).unwrap_or(Ok(false))
}
""", ()),
    "random_fraction": ("A random number from 0 to below 1.", """
fn random_fraction() -> f64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // The keys of the standard library's hashers are random.
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1_u64 << 53) as f64
}
""", ()),
    "try_greatest_by": ("The first item whose key is the greatest; a key may fail.", """
fn try_greatest_by<T, K: PartialOrd>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> Result<K, Error>) -> Result<Option<T>, Error> {
    let mut best: Option<(K, T)> = None;
    for item in items {
        let found = key(&item)?;
        if best.as_ref().is_none_or(|(known, _)| found > *known) {
            best = Some((found, item));
        }
    }
    Ok(best.map(|(_, item)| item))
}
""", ()),
    "try_least_by": ("The first item whose key is the least; a key may fail.", """
fn try_least_by<T, K: PartialOrd>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> Result<K, Error>) -> Result<Option<T>, Error> {
    let mut best: Option<(K, T)> = None;
    for item in items {
        let found = key(&item)?;
        if best.as_ref().is_none_or(|(known, _)| found < *known) {
            best = Some((found, item));
        }
    }
    Ok(best.map(|(_, item)| item))
}
""", ()),
    "monotonic": ("The seconds on a clock that nobody sets.", """
fn monotonic() -> f64 {
    clock::Clock::now(&clock::SystemClock) as f64 / 1e9
}
""", ()),
    "wall_clock": ("The seconds since 1970.", """
fn wall_clock() -> f64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map_or(0.0, |passed| passed.as_secs_f64())
}
""", ()),
    "shift_left": ("A number shifted to the left, by less than the bits that it has.", """
fn shift_left(value: i64, count: i64) -> i64 {
    assert!(count >= 0, "negative shift count");
    assert!(count < 64 || value == 0, "a number of 64 bits");
    value.checked_shl(count as u32).unwrap_or(0)
}
""", ()),
    "shift_right": ("A number shifted to the right by however many bits.", """
fn shift_right(value: i64, count: i64) -> i64 {
    assert!(count >= 0, "negative shift count");
    value >> count.min(63)
}
""", ()),
    "pause": ("Waits for some seconds.", """
fn pause(seconds: f64) {
    // Nobody gives a signal to end it.
    let _ = clock::Clock::sleep(&clock::SystemClock, clock::nanoseconds(clock::seconds(seconds)), None);
}
""", ()),
    "quoted": ("The text as a literal of the source's language.", """
fn quoted(text: &str) -> String {
    let quote = if text.contains('\\'') && !text.contains('"') { '"' } else { '\\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\n' => out.push_str("\\\\n"),
            '\\r' => out.push_str("\\\\r"),
            '\\t' => out.push_str("\\\\t"),
            '\\\\' => out.push_str("\\\\\\\\"),
            c if c == quote => out.extend(['\\\\', c]),
            c if c.is_control() => out.push_str(&format!("\\\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}
""", ()),
    "join_path": ("The paths one below the other; an absolute one stands alone.", """
fn join_path(first: &str, second: &str) -> String {
    let path = if second.starts_with('/') { second.to_string() } else { format!("{first}/{second}") };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let start = if first.is_empty() || second.starts_with('/') { second } else { first };
    let root = match start.len() - start.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let joined = format!("{root}{}", parts.join("/"));
    if joined.is_empty() { ".".to_string() } else { joined }
}
""", ()),
    "json_field": ("A member of a JSON object.", """
fn json_field(value: &serde_json::Value, key: &str) -> Result<serde_json::Value, Error> {
    let members = value.as_object().expect("a JSON object");
    members.get(key).cloned().ok_or_else(|| Error::Key(format!("{key:?}")))
}
""", ()),
    "json_truthy": ("Whether a JSON value is something: not null, false, zero or empty.", """
fn json_truthy(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => false,
        serde_json::Value::Bool(yes) => *yes,
        serde_json::Value::Number(number) => number.as_f64() != Some(0.0),
        serde_json::Value::String(text) => !text.is_empty(),
        serde_json::Value::Array(items) => !items.is_empty(),
        serde_json::Value::Object(members) => !members.is_empty(),
    }
}
""", ()),
    "json_int": ("A JSON number cut to an integer, or the integer that a text holds.", """
fn json_int(value: &serde_json::Value) -> Result<i64, Error> {
    match value {
        serde_json::Value::String(text) => parse_int(text),
        serde_json::Value::Bool(yes) => Ok(i64::from(*yes)),
        other => Ok(other.as_i64().unwrap_or_else(|| other.as_f64().expect("a JSON number") as i64)),
    }
}
""", ("parse_int",)),
    "json_quoted": ("The text as a JSON string of ASCII characters only.", """
fn json_quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\\\\""),
            '\\\\' => out.push_str("\\\\\\\\"),
            '\\n' => out.push_str("\\\\n"),
            '\\r' => out.push_str("\\\\r"),
            '\\t' => out.push_str("\\\\t"),
            '\\u{8}' => out.push_str("\\\\b"),
            '\\u{c}' => out.push_str("\\\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}
""", ()),
    "json_text": ("A JSON value as a text, as Python shows it.", """
fn json_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "None".to_string(),
        serde_json::Value::Bool(yes) => if *yes { "True" } else { "False" }.to_string(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) if number.is_f64() => float_text(number.as_f64().unwrap_or_default()),
        serde_json::Value::Number(number) => number.to_string(),
        _ => panic!("a JSON list or object as a text"),
    }
}
""", ("float_text",)),
}  # fmt: skip
