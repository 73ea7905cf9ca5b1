use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

pub fn group_by_length(words: &[String]) -> HashMap<i64, Vec<String>> {
    let mut groups: HashMap<i64, Vec<String>> = HashMap::new();
    for word in words {
        groups
            .entry(word.chars().count() as i64)
            .or_default()
            .push(word.clone());
    }
    groups
}

pub fn word_counts(text: &str) -> HashMap<String, i64> {
    let mut counts = HashMap::new();
    for word in text.to_lowercase().split_whitespace() {
        match counts.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                counts.insert(word.to_string(), 1);
            }
        }
    }
    counts
}

pub fn top_words(words: &[String], n: i64) -> Vec<String> {
    let mut counts: HashMap<&str, i64> = HashMap::new();
    for word in words {
        *counts.entry(word).or_insert(0) += 1;
    }
    let mut ranked: Vec<(&str, i64)> = counts.into_iter().collect();
    ranked.sort_unstable_by_key(|&(word, count)| (Reverse(count), word));
    ranked
        .into_iter()
        .take(n as usize)
        .map(|(word, _)| word.to_string())
        .collect()
}

pub fn deduplicate(items: &[String]) -> Vec<String> {
    let mut seen = HashSet::with_capacity(items.len());
    items
        .iter()
        .filter(|item| seen.insert(item.as_str()))
        .cloned()
        .collect()
}

pub fn totals_by_customer(customers: &[String], amounts: &[i64]) -> HashMap<String, i64> {
    let mut totals = HashMap::new();
    for (customer, &amount) in customers.iter().zip(amounts) {
        if amount > 0 {
            *totals.entry(customer.clone()).or_insert(0) += amount;
        }
    }
    totals
}

pub fn common_ids(left: &[i64], right: &[i64]) -> Vec<i64> {
    let left: HashSet<i64> = left.iter().copied().collect();
    let right: HashSet<i64> = right.iter().copied().collect();
    let mut common: Vec<i64> = left.intersection(&right).copied().collect();
    common.sort_unstable();
    common
}

pub fn missing_ids(expected: &[i64], present: &[i64]) -> Vec<i64> {
    let there: HashSet<i64> = present.iter().copied().collect();
    expected
        .iter()
        .copied()
        .filter(|id| !there.contains(id))
        .collect()
}

pub fn chunk(items: &[i64], size: i64) -> Vec<Vec<i64>> {
    items.chunks(size as usize).map(<[i64]>::to_vec).collect()
}

pub fn flatten(lists: &[Vec<i64>]) -> Vec<i64> {
    lists.concat()
}

pub fn index_documents(documents: &[String]) -> HashMap<String, Vec<i64>> {
    let mut index: HashMap<String, Vec<i64>> = HashMap::new();
    for (position, document) in documents.iter().enumerate() {
        let position = position as i64;
        for word in document.split(' ') {
            match index.get_mut(word) {
                Some(places) => {
                    if places.last() != Some(&position) {
                        places.push(position);
                    }
                }
                None => {
                    index.insert(word.to_string(), vec![position]);
                }
            }
        }
    }
    index
}

pub fn first_repeated(ids: &[i64]) -> i64 {
    let mut seen = HashSet::new();
    ids.iter()
        .copied()
        .find(|&id| !seen.insert(id))
        .unwrap_or(-1)
}

pub fn labels(names: &[String], scores: &[i64], limit: i64) -> Vec<String> {
    names
        .iter()
        .zip(scores)
        .enumerate()
        .filter(|(_, (_, &score))| score >= limit)
        .map(|(i, (name, score))| format!("{}. {name}: {score}", i + 1))
        .collect()
}
