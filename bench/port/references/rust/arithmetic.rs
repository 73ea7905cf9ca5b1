#[derive(Debug)]
pub struct Empty;

pub fn matrix_multiply(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let columns = b[0].len();
    a.iter()
        .map(|row| {
            let mut out = vec![0.0; columns];
            for (factor, other) in row.iter().zip(b) {
                for (cell, value) in out.iter_mut().zip(other) {
                    *cell += factor * value;
                }
            }
            out
        })
        .collect()
}

pub fn transpose(matrix: &[Vec<i64>]) -> Vec<Vec<i64>> {
    let columns = matrix.first().map_or(0, Vec::len);
    (0..columns)
        .map(|i| matrix.iter().map(|row| row[i]).collect())
        .collect()
}

pub fn prefix_sums(values: &[i64]) -> Vec<i64> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut total = 0;
    sums.push(0);
    for value in values {
        total += value;
        sums.push(total);
    }
    sums
}

pub fn range_sums(values: &[i64], queries: &[(i64, i64)]) -> Vec<i64> {
    let sums = prefix_sums(values);
    queries
        .iter()
        .map(|&(low, high)| sums[high as usize] - sums[low as usize])
        .collect()
}

pub fn edit_distance(a: &str, b: &str) -> i64 {
    let b: Vec<char> = b.chars().collect();
    let mut previous: Vec<i64> = (0..=b.len() as i64).collect();
    let mut current = vec![0; b.len() + 1];
    for (i, x) in a.chars().enumerate() {
        current[0] = i as i64 + 1;
        for (j, &y) in b.iter().enumerate() {
            let cost = i64::from(x != y);
            current[j + 1] = (previous[j + 1] + 1)
                .min(current[j] + 1)
                .min(previous[j] + cost);
        }
        std::mem::swap(&mut previous, &mut current);
    }
    previous[b.len()]
}

pub fn common_subsequence(a: &[i64], b: &[i64]) -> i64 {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            table[i + 1][j + 1] = if x == y {
                table[i][j] + 1
            } else {
                table[i][j + 1].max(table[i + 1][j])
            };
        }
    }
    table[a.len()][b.len()]
}

pub fn knapsack(weights: &[i64], values: &[i64], capacity: i64) -> i64 {
    let capacity = capacity as usize;
    let mut best = vec![0; capacity + 1];
    for (&weight, &value) in weights.iter().zip(values) {
        let weight = weight as usize;
        for room in (weight..=capacity).rev() {
            best[room] = best[room].max(best[room - weight] + value);
        }
    }
    best[capacity]
}

pub fn coin_ways(coins: &[i64], amount: i64) -> i64 {
    let amount = amount as usize;
    let mut ways = vec![0; amount + 1];
    ways[0] = 1;
    for &coin in coins {
        let coin = coin as usize;
        for total in coin..=amount {
            ways[total] += ways[total - coin];
        }
    }
    ways[amount]
}

pub fn max_subarray(values: &[i64]) -> Result<i64, Empty> {
    let (&first, rest) = values.split_first().ok_or(Empty)?;
    let (mut best, mut current) = (first, first);
    for &value in rest {
        current = value.max(current + value);
        best = best.max(current);
    }
    Ok(best)
}

pub fn primes_below(limit: i64) -> Vec<i64> {
    if limit < 3 {
        return Vec::new();
    }
    let limit = limit as usize;
    let mut sieve = vec![true; limit];
    sieve[0] = false;
    sieve[1] = false;
    let mut i = 2;
    while i * i < limit {
        if sieve[i] {
            for multiple in (i * i..limit).step_by(i) {
                sieve[multiple] = false;
            }
        }
        i += 1;
    }
    sieve
        .iter()
        .enumerate()
        .filter(|(_, &prime)| prime)
        .map(|(i, _)| i as i64)
        .collect()
}

pub fn standard_deviation(values: &[f64]) -> Result<f64, Empty> {
    if values.is_empty() {
        return Err(Empty);
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Ok((squares / n).sqrt())
}

pub fn positions(values: &[i64], wanted: &[i64]) -> Vec<i64> {
    wanted
        .iter()
        .map(|target| {
            let low = values.partition_point(|value| value < target);
            if values.get(low) == Some(target) {
                low as i64
            } else {
                -1
            }
        })
        .collect()
}

pub fn digit_sum(number: i64) -> i64 {
    let mut n = number.abs();
    let mut total = 0;
    while n > 0 {
        total += n % 10;
        n /= 10;
    }
    total
}
