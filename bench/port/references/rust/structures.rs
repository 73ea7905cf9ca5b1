use std::collections::{BTreeMap, HashMap};

#[derive(Debug)]
pub struct Malformed(pub String);

impl From<std::num::ParseIntError> for Malformed {
    fn from(e: std::num::ParseIntError) -> Self {
        Malformed(e.to_string())
    }
}

/// The entries that were used last: each has the time of its last use, and the times are in order.
struct Cache {
    capacity: usize,
    entries: HashMap<String, (i64, u64)>,
    uses: BTreeMap<u64, String>,
    clock: u64,
    hits: i64,
}

impl Cache {
    fn new(capacity: usize) -> Self {
        Cache {
            capacity,
            entries: HashMap::with_capacity(capacity),
            uses: BTreeMap::new(),
            clock: 0,
            hits: 0,
        }
    }

    fn get(&mut self, key: &str) -> Option<i64> {
        let (value, used) = self.entries.get_mut(key)?;
        self.hits += 1;
        self.clock += 1;
        if let Some(name) = self.uses.remove(used) {
            self.uses.insert(self.clock, name);
        }
        *used = self.clock;
        Some(*value)
    }

    fn put(&mut self, key: &str, value: i64) {
        self.clock += 1;
        if let Some((_, used)) = self.entries.remove(key) {
            self.uses.remove(&used);
        } else if self.entries.len() >= self.capacity {
            if let Some((_, oldest)) = self.uses.pop_first() {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(key.to_string(), (value, self.clock));
        self.uses.insert(self.clock, key.to_string());
    }
}

pub fn cache_hits(capacity: i64, keys: &[String]) -> i64 {
    let mut cache = Cache::new(capacity as usize);
    for (i, key) in keys.iter().enumerate() {
        if cache.get(key).is_none() {
            cache.put(key, i as i64);
        }
    }
    cache.hits
}

struct RingBuffer {
    values: Vec<i64>,
    start: usize,
    count: usize,
}

impl RingBuffer {
    fn new(capacity: usize) -> Self {
        RingBuffer {
            values: vec![0; capacity],
            start: 0,
            count: 0,
        }
    }

    fn push(&mut self, value: i64) {
        let capacity = self.values.len();
        if self.count < capacity {
            self.values[(self.start + self.count) % capacity] = value;
            self.count += 1;
        } else {
            self.values[self.start] = value;
            self.start = (self.start + 1) % capacity;
        }
    }

    fn to_vec(&self) -> Vec<i64> {
        (0..self.count)
            .map(|i| self.values[(self.start + i) % self.values.len()])
            .collect()
    }
}

pub fn last_values(values: &[i64], capacity: i64) -> Vec<i64> {
    let mut buffer = RingBuffer::new(capacity as usize);
    for &value in values {
        buffer.push(value);
    }
    buffer.to_vec()
}

#[derive(Default)]
struct TrieNode {
    children: HashMap<char, TrieNode>,
    count: i64,
}

impl TrieNode {
    fn insert(&mut self, word: &str) {
        let mut node = self;
        for c in word.chars() {
            node = node.children.entry(c).or_default();
            node.count += 1;
        }
    }

    fn count_prefix(&self, prefix: &str) -> i64 {
        let mut node = self;
        for c in prefix.chars() {
            match node.children.get(&c) {
                Some(child) => node = child,
                None => return 0,
            }
        }
        node.count
    }
}

pub fn prefix_counts(words: &[String], prefixes: &[String]) -> Vec<i64> {
    let mut root = TrieNode::default();
    for word in words {
        root.insert(word);
    }
    prefixes
        .iter()
        .map(|prefix| root.count_prefix(prefix))
        .collect()
}

#[derive(Default)]
struct PriorityQueue<'a> {
    tasks: Vec<(i64, &'a str)>,
}

impl<'a> PriorityQueue<'a> {
    fn push(&mut self, priority: i64, name: &'a str) {
        self.tasks.push((priority, name));
        let mut i = self.tasks.len() - 1;
        while i > 0 {
            let parent = (i - 1) / 2;
            if self.tasks[parent].0 <= self.tasks[i].0 {
                break;
            }
            self.tasks.swap(i, parent);
            i = parent;
        }
    }

    fn pop(&mut self) -> Option<&'a str> {
        if self.tasks.is_empty() {
            return None;
        }
        let (_, name) = self.tasks.swap_remove(0);
        let n = self.tasks.len();
        let mut i = 0;
        loop {
            let mut least = i;
            for child in 2 * i + 1..(2 * i + 3).min(n) {
                if self.tasks[child].0 < self.tasks[least].0 {
                    least = child;
                }
            }
            if least == i {
                return Some(name);
            }
            self.tasks.swap(i, least);
            i = least;
        }
    }
}

pub fn run_order(priorities: &[i64], names: &[String]) -> Vec<String> {
    let mut queue = PriorityQueue::default();
    for (&priority, name) in priorities.iter().zip(names) {
        queue.push(priority, name);
    }
    let mut order = Vec::with_capacity(names.len());
    while let Some(name) = queue.pop() {
        order.push(name.to_string());
    }
    order
}

pub fn evaluate_rpn(tokens: &[String]) -> Result<i64, Malformed> {
    let mut stack: Vec<i64> = Vec::new();
    for token in tokens {
        let value = match token.as_str() {
            "+" | "-" | "*" => {
                let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else {
                    return Err(Malformed(format!("nothing for {token}")));
                };
                match token.as_str() {
                    "+" => left + right,
                    "-" => left - right,
                    _ => left * right,
                }
            }
            number => number.parse()?,
        };
        stack.push(value);
    }
    match stack[..] {
        [value] => Ok(value),
        _ => Err(Malformed("not one value".to_string())),
    }
}

struct Histogram<'a> {
    bounds: &'a [i64],
    counts: Vec<i64>,
}

impl<'a> Histogram<'a> {
    fn new(bounds: &'a [i64]) -> Self {
        Histogram {
            bounds,
            counts: vec![0; bounds.len() + 1],
        }
    }

    fn observe(&mut self, value: i64) {
        let place = self.bounds.iter().position(|&bound| value <= bound);
        self.counts[place.unwrap_or(self.bounds.len())] += 1;
    }
}

pub fn latency_counts(bounds: &[i64], latencies: &[i64]) -> Vec<i64> {
    let mut buckets = Histogram::new(bounds);
    for &latency in latencies {
        buckets.observe(latency);
    }
    buckets.counts
}
