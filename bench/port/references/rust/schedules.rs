use std::collections::{HashSet, VecDeque};

#[derive(Debug)]
pub struct Refused(pub &'static str);

pub fn merge_intervals(intervals: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut ordered = intervals.to_vec();
    ordered.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (start, end) in ordered {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

pub fn max_concurrent(starts: &[i64], ends: &[i64]) -> i64 {
    let mut begins = starts.to_vec();
    let mut stops = ends.to_vec();
    begins.sort_unstable();
    stops.sort_unstable();
    let (mut running, mut most) = (0, 0);
    let mut stops = stops.into_iter().peekable();
    for begin in begins {
        while stops.next_if(|&stop| stop <= begin).is_some() {
            running -= 1;
        }
        running += 1;
        most = most.max(running);
    }
    most
}

pub fn free_slots(busy: &[(i64, i64)], start: i64, end: i64, length: i64) -> Vec<(i64, i64)> {
    let mut slots = Vec::new();
    let mut cursor = start;
    for &(begin, finish) in busy {
        if begin - cursor >= length {
            slots.push((cursor, begin));
        }
        cursor = cursor.max(finish);
    }
    if end - cursor >= length {
        slots.push((cursor, end));
    }
    slots
}

pub fn backoff_table(base: f64, factor: f64, limit: f64, attempts: i64) -> Vec<f64> {
    let mut delay = base;
    (0..attempts)
        .map(|_| {
            let next = delay.min(limit);
            delay *= factor;
            next
        })
        .collect()
}

pub fn window_maxima(values: &[i64], size: i64) -> Vec<i64> {
    let size = size as usize;
    let mut candidates: VecDeque<usize> = VecDeque::new();
    let mut maxima = Vec::with_capacity((values.len() + 1).saturating_sub(size));
    for (i, &value) in values.iter().enumerate() {
        while candidates.back().is_some_and(|&k| values[k] <= value) {
            candidates.pop_back();
        }
        candidates.push_back(i);
        if candidates[0] + size <= i {
            candidates.pop_front();
        }
        if i + 1 >= size {
            maxima.push(values[candidates[0]]);
        }
    }
    maxima
}

pub fn moving_average(values: &[f64], size: i64) -> Result<Vec<f64>, Refused> {
    if size <= 0 {
        return Err(Refused("the size of a window must be positive"));
    }
    let width = size as usize;
    let mut averages = Vec::with_capacity((values.len() + 1).saturating_sub(width));
    let mut total = 0.0;
    for (i, value) in values.iter().enumerate() {
        total += value;
        if i >= width {
            total -= values[i - width];
        }
        if i + 1 >= width {
            averages.push(total / size as f64);
        }
    }
    Ok(averages)
}

pub fn percentile(values: &[f64], share: f64) -> Result<f64, Refused> {
    if values.is_empty() {
        return Err(Refused("no values"));
    }
    let mut ordered = values.to_vec();
    ordered.sort_unstable_by(f64::total_cmp);
    let position = share * (ordered.len() - 1) as f64;
    let low = position as usize;
    let high = (low + 1).min(ordered.len() - 1);
    Ok(ordered[low] + (ordered[high] - ordered[low]) * (position - low as f64))
}

pub fn admit(timestamps: &[i64], limit: i64, window: i64) -> Vec<bool> {
    let mut admitted: VecDeque<i64> = VecDeque::new();
    timestamps
        .iter()
        .map(|&now| {
            while admitted.front().is_some_and(|&t| t <= now - window) {
                admitted.pop_front();
            }
            let room = (admitted.len() as i64) < limit;
            if room {
                admitted.push_back(now);
            }
            room
        })
        .collect()
}

pub fn count_buckets(values: &[f64], low: f64, high: f64, buckets: i64) -> Vec<i64> {
    let mut counts = vec![0; buckets as usize];
    let width = (high - low) / buckets as f64;
    for &value in values {
        if low <= value && value < high {
            counts[(((value - low) / width) as usize).min(buckets as usize - 1)] += 1;
        }
    }
    counts
}

pub fn longest_streak(days: &[i64]) -> i64 {
    let present: HashSet<i64> = days.iter().copied().collect();
    let mut best = 0;
    for &day in days {
        if present.contains(&(day - 1)) {
            continue;
        }
        let mut length = 1;
        while present.contains(&(day + length)) {
            length += 1;
        }
        best = best.max(length);
    }
    best
}
