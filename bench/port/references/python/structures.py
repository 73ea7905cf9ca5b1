"""Small data structures behind the functions that use them."""


class Cache:
    """The entries that were used last."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.entries: dict[str, int] = {}
        self.hits = 0

    def get(self, key: str) -> int:
        """The value of a key, or -1."""
        if key not in self.entries:
            return -1
        self.hits += 1
        value = self.entries.pop(key)
        self.entries[key] = value
        return value

    def put(self, key: str, value: int) -> None:
        """Keep a value, and forget the one that was not used for longest."""
        if key in self.entries:
            del self.entries[key]
        elif len(self.entries) >= self.capacity:
            oldest = next(iter(self.entries))
            del self.entries[oldest]
        self.entries[key] = value


def cache_hits(capacity: int, keys: list[str]) -> int:
    """How often a key is found in the cache."""
    cache = Cache(capacity)
    for i, key in enumerate(keys):
        if cache.get(key) < 0:
            cache.put(key, i)
    return cache.hits


class RingBuffer:
    """The last values."""

    def __init__(self, capacity: int) -> None:
        self.values = [0] * capacity
        self.start = 0
        self.count = 0

    def push(self, value: int) -> None:
        """Keep a value, in place of the oldest where there is no room."""
        capacity = len(self.values)
        if self.count < capacity:
            self.values[(self.start + self.count) % capacity] = value
            self.count += 1
        else:
            self.values[self.start] = value
            self.start = (self.start + 1) % capacity

    def to_list(self) -> list[int]:
        """The values, oldest first."""
        capacity = len(self.values)
        return [self.values[(self.start + i) % capacity] for i in range(self.count)]


def last_values(values: list[int], capacity: int) -> list[int]:
    """What a ring buffer holds at the end."""
    buffer = RingBuffer(capacity)
    for value in values:
        buffer.push(value)
    return buffer.to_list()


class TrieNode:
    """A place in a trie."""

    def __init__(self) -> None:
        self.children: dict[str, TrieNode] = {}
        self.count = 0


class Trie:
    """Words by their prefixes."""

    def __init__(self) -> None:
        self.root = TrieNode()

    def insert(self, word: str) -> None:
        """Add a word."""
        node = self.root
        for ch in word:
            if ch not in node.children:
                node.children[ch] = TrieNode()
            node = node.children[ch]
            node.count += 1

    def count_prefix(self, prefix: str) -> int:
        """How many words begin with a prefix."""
        node = self.root
        for ch in prefix:
            if ch not in node.children:
                return 0
            node = node.children[ch]
        return node.count


def prefix_counts(words: list[str], prefixes: list[str]) -> list[int]:
    """How many words begin with each prefix."""
    trie = Trie()
    for word in words:
        trie.insert(word)
    return [trie.count_prefix(prefix) for prefix in prefixes]


class PriorityQueue:
    """Tasks by their priority, the least first."""

    def __init__(self) -> None:
        self.priorities: list[int] = []
        self.names: list[str] = []

    def swap(self, i: int, j: int) -> None:
        """Exchange two entries."""
        self.priorities[i], self.priorities[j] = self.priorities[j], self.priorities[i]
        self.names[i], self.names[j] = self.names[j], self.names[i]

    def push(self, priority: int, name: str) -> None:
        """Add a task."""
        self.priorities.append(priority)
        self.names.append(name)
        i = len(self.names) - 1
        while i > 0:
            parent = (i - 1) // 2
            if self.priorities[parent] <= self.priorities[i]:
                break
            self.swap(i, parent)
            i = parent

    def pop(self) -> str:
        """Take out the task with the least priority."""
        self.swap(0, len(self.names) - 1)
        self.priorities.pop()
        name = self.names.pop()
        n = len(self.names)
        i = 0
        while True:
            least = i
            for child in range(2 * i + 1, min(2 * i + 3, n)):
                if self.priorities[child] < self.priorities[least]:
                    least = child
            if least == i:
                return name
            self.swap(i, least)
            i = least


def run_order(priorities: list[int], names: list[str]) -> list[str]:
    """The order in which tasks with different priorities run."""
    queue = PriorityQueue()
    for priority, name in zip(priorities, names, strict=True):
        queue.push(priority, name)
    return [queue.pop() for _ in range(len(names))]


def evaluate_rpn(tokens: list[str]) -> int:
    """The value of an expression whose operators follow their operands."""
    stack: list[int] = []
    for token in tokens:
        if token in ("+", "-", "*"):
            if len(stack) < 2:
                raise ValueError(f"nothing for {token}")
            right = stack.pop()
            left = stack.pop()
            if token == "+":
                stack.append(left + right)
            elif token == "-":
                stack.append(left - right)
            else:
                stack.append(left * right)
        else:
            stack.append(int(token))
    if len(stack) != 1:
        raise ValueError("not one value")
    return stack[0]


class Histogram:
    """Counts in buckets whose upper bounds are given."""

    def __init__(self, bounds: list[int]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)

    def observe(self, value: int) -> None:
        """Count a value."""
        for i, bound in enumerate(self.bounds):
            if value <= bound:
                self.counts[i] += 1
                return
        self.counts[-1] += 1


def latency_counts(bounds: list[int], latencies: list[int]) -> list[int]:
    """How many latencies fall into each bucket."""
    buckets = Histogram(bounds)
    for latency in latencies:
        buckets.observe(latency)
    return buckets.counts
