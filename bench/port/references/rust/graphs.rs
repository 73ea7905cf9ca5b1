use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, VecDeque};

#[derive(Debug)]
pub struct Cyclic;

pub fn topological_order(
    nodes: &[String],
    edges: &[(String, String)],
) -> Result<Vec<String>, Cyclic> {
    let mut incoming: HashMap<&str, usize> = nodes.iter().map(|n| (n.as_str(), 0)).collect();
    let mut outgoing: HashMap<&str, Vec<&str>> = HashMap::with_capacity(nodes.len());
    for (before, after) in edges {
        outgoing.entry(before).or_default().push(after);
        *incoming.entry(after).or_insert(0) += 1;
    }
    let mut order: Vec<&str> = Vec::with_capacity(nodes.len());
    order.extend(
        nodes
            .iter()
            .map(String::as_str)
            .filter(|n| incoming[n] == 0),
    );
    let mut i = 0;
    while i < order.len() {
        if let Some(next) = outgoing.get(order[i]) {
            for after in next {
                if let Some(count) = incoming.get_mut(after) {
                    *count -= 1;
                    if *count == 0 {
                        order.push(after);
                    }
                }
            }
        }
        i += 1;
    }
    if order.len() != nodes.len() {
        return Err(Cyclic);
    }
    Ok(order.into_iter().map(str::to_string).collect())
}

pub fn hops(graph: &HashMap<String, Vec<String>>, start: &str) -> HashMap<String, i64> {
    let mut distances = HashMap::from([(start.to_string(), 0)]);
    let mut queue = VecDeque::from([(start, 0)]);
    while let Some((node, distance)) = queue.pop_front() {
        for neighbour in graph.get(node).into_iter().flatten() {
            if !distances.contains_key(neighbour) {
                distances.insert(neighbour.clone(), distance + 1);
                queue.push_back((neighbour, distance + 1));
            }
        }
    }
    distances
}

pub fn shortest_distances(n: i64, edges: &[(i64, i64, i64)], source: i64) -> Vec<i64> {
    let n = n as usize;
    let mut neighbours: Vec<Vec<(usize, i64)>> = vec![Vec::new(); n];
    for &(a, b, weight) in edges {
        neighbours[a as usize].push((b as usize, weight));
        neighbours[b as usize].push((a as usize, weight));
    }
    let mut distances: Vec<i64> = vec![-1; n];
    distances[source as usize] = 0;
    let mut done = vec![false; n];
    loop {
        let nearest = (0..n)
            .filter(|&node| !done[node] && distances[node] >= 0)
            .min_by_key(|&node| distances[node]);
        let Some(nearest) = nearest else {
            return distances;
        };
        done[nearest] = true;
        for &(other, weight) in &neighbours[nearest] {
            let distance = distances[nearest] + weight;
            if distances[other] < 0 || distance < distances[other] {
                distances[other] = distance;
            }
        }
    }
}

struct UnionFind {
    parents: Vec<usize>,
    sizes: Vec<i64>,
}

impl UnionFind {
    fn new(n: usize) -> Self {
        UnionFind {
            parents: (0..n).collect(),
            sizes: vec![1; n],
        }
    }

    fn find(&mut self, mut x: usize) -> usize {
        while self.parents[x] != x {
            self.parents[x] = self.parents[self.parents[x]];
            x = self.parents[x];
        }
        x
    }

    fn union(&mut self, a: usize, b: usize) -> bool {
        let (mut a, mut b) = (self.find(a), self.find(b));
        if a == b {
            return false;
        }
        if self.sizes[a] < self.sizes[b] {
            std::mem::swap(&mut a, &mut b);
        }
        self.parents[b] = a;
        self.sizes[a] += self.sizes[b];
        true
    }
}

pub fn component_sizes(n: i64, edges: &[(i64, i64)]) -> Vec<i64> {
    let n = n as usize;
    let mut sets = UnionFind::new(n);
    for &(a, b) in edges {
        sets.union(a as usize, b as usize);
    }
    let mut sizes: Vec<i64> = (0..n)
        .filter(|&x| sets.parents[x] == x)
        .map(|x| sets.sizes[x])
        .collect();
    sizes.sort_unstable_by_key(|&size| Reverse(size));
    sizes
}

pub fn spanning_weight(n: i64, edges: &[(i64, i64, i64)]) -> i64 {
    let mut ordered = edges.to_vec();
    ordered.sort_unstable();
    let mut sets = UnionFind::new(n as usize);
    let mut total = 0;
    for (weight, a, b) in ordered {
        if sets.union(a as usize, b as usize) {
            total += weight;
        }
    }
    total
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Closed,
}

fn closes(graph: &[Vec<i64>], states: &mut [State], node: usize) -> bool {
    states[node] = State::Open;
    for &after in &graph[node] {
        let after = after as usize;
        if states[after] == State::Open
            || (states[after] == State::New && closes(graph, states, after))
        {
            return true;
        }
    }
    states[node] = State::Closed;
    false
}

pub fn has_cycle(graph: &[Vec<i64>]) -> bool {
    let mut states = vec![State::New; graph.len()];
    (0..graph.len()).any(|node| states[node] == State::New && closes(graph, &mut states, node))
}

pub fn count_islands(grid: &[String]) -> i64 {
    let cells: Vec<&[u8]> = grid.iter().map(String::as_bytes).collect();
    let rows = cells.len();
    let columns = cells.first().map_or(0, |row| row.len());
    let mut seen = vec![vec![false; columns]; rows];
    let mut stack = Vec::new();
    let mut islands = 0;
    for row in 0..rows {
        for column in 0..columns {
            if cells[row][column] != b'#' || seen[row][column] {
                continue;
            }
            islands += 1;
            seen[row][column] = true;
            stack.push((row, column));
            while let Some((r, c)) = stack.pop() {
                for (dr, dc) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
                    let (Some(y), Some(x)) = (r.checked_add_signed(dr), c.checked_add_signed(dc))
                    else {
                        continue;
                    };
                    if y < rows && x < columns && cells[y][x] == b'#' && !seen[y][x] {
                        seen[y][x] = true;
                        stack.push((y, x));
                    }
                }
            }
        }
    }
    islands
}

pub fn reachable(graph: &[Vec<i64>], start: i64) -> Vec<i64> {
    let mut seen = BTreeSet::from([start]);
    let mut stack = vec![start];
    while let Some(node) = stack.pop() {
        for &after in &graph[node as usize] {
            if seen.insert(after) {
                stack.push(after);
            }
        }
    }
    seen.into_iter().collect()
}
