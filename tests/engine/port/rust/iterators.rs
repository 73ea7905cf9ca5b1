//! Iterators that are handed over, and chains that end before their source does.

/// The sum of what an iterator gives.
fn total(xs: impl Iterator<Item = i64>) -> i64 {
    xs.sum()
}

/// How many are even, of those above a limit.
fn evens(xs: impl Iterator<Item = i64>, limit: i64) -> usize {
    xs.skip(1).filter(|x| *x > limit).filter(|x| x % 2 == 0).count()
}

/// The doubled numbers before the first that is not positive.
pub fn leading(xs: &[i64]) -> Vec<i64> {
    xs.iter().copied().take_while(|x| *x > 0).map(|x| x * 2).collect()
}

/// The letters at the beginning, in upper case.
pub fn prefix(s: &str) -> String {
    s.chars().take_while(|c| c.is_ascii_alphabetic()).map(|c| c.to_ascii_uppercase()).collect()
}

/// The numbers until the first word that is none.
pub fn numbers(s: &str) -> Vec<i64> {
    s.split(' ').map_while(|w| w.parse::<i64>().ok()).collect()
}

/// How many small numbers there are before the first large one.
pub fn small(xs: &[i64], limit: i64) -> usize {
    xs.iter().filter(|x| **x != 0).take_while(|x| **x < limit).count()
}

/// A sum over a loop that ends early.
pub fn until(xs: &[i64]) -> i64 {
    let mut t = 0;
    for x in xs.iter().take_while(|x| **x != 7) {
        if *x == 3 {
            continue;
        }
        t = t * 2 + x;
        if t > 50 {
            break;
        }
    }
    t
}

/// Uses the functions above.
pub fn both(xs: Vec<i64>) -> (i64, usize) {
    let t = total(xs.iter().map(|x| x + 1));
    (t, evens(xs.into_iter(), 0))
}
