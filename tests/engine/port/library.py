"""What the languages have libraries of their own for: functions that the tests run in Python and in each target."""

# ruff: noqa: RET504, PTH103, PTH118, PTH119, PTH120, PTH122, PLW0108, C416, B905, PTH123, FURB122 - what a library can do is what the functions are for.
from __future__ import annotations

import bisect
import csv
import heapq
import io
import itertools
import json
import math
import os
import os.path
import platform
import re
import shutil
import string
import sys
import textwrap
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import partial, reduce
from heapq import heappop, heappush
from itertools import chain, combinations, cycle, zip_longest
from operator import mul
from pathlib import Path
from string import ascii_lowercase
from threading import Lock
from urllib.parse import quote_plus, urlencode, urlparse

# A version with two or three parts.
VERSION = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?$")


def parse_version(text: str) -> tuple[int, int, int]:
    m = VERSION.match(text)
    if m is None:
        raise ValueError(f"bad version {text}")
    patch = int(m.group(3)) if m.group(3) else 0
    return int(m.group(1)), int(m[2]), patch


def slug(text: str) -> str:
    text = re.sub(r"[^a-z0-9]+", "-", text.lower())
    return re.sub(r"^-+|-+$", "", text)


def is_name(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_]\w*", text))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def settings(text: str) -> dict[str, str]:
    return {k: v for k, v in re.findall(r"(\w+)=(\w*)", text)}


def swapped(text: str) -> str:
    return re.sub(r"(\w+)@(\w+)", r"\2 at \1", text)


def shout(text: str) -> str:
    pat = re.compile(r"[aeiou]", re.IGNORECASE)
    return pat.sub(lambda m: m.group(0).upper() + "!", text)


def fields(text: str) -> list[str]:
    return re.split(r"[,;]\s*", text)


def signed_total(text: str) -> int:
    total = 0
    for m in re.finditer(r"(?P<sign>[+-])?(?P<digits>\d+)", text):
        n = int(m["digits"])
        total += -n if m["sign"] == "-" else n
    return total


def host(url: str) -> str:
    m = re.search(r"^(?:https?://)?([^/:]+)(?::(\d+))?", url)
    if not m:
        return ""
    return m.group(1) + ":" + (m.group(2) or "80")


def strip_git(url: str) -> str:
    return re.sub(r"\.git$", "", url)


def framed(text: str, width: int) -> list[str]:
    return [text.center(width), text.center(7, "*"), text.expandtabs(4), text.rsplit(" ", maxsplit=1)[0]]


def rna(text: str) -> str:
    return text.translate(str.maketrans("GCTA", "CGAU"))


def rotated(text: str, n: int) -> str:
    k = n % 26
    table = str.maketrans(ascii_lowercase, ascii_lowercase[k:] + ascii_lowercase[:k], string.digits)
    return text.translate(table)


def once(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


def ranked(text: str, n: int) -> list[str]:
    return [f"{c}{k}" for c, k in Counter(text.split()).most_common(n)]


def both(a: list[int], b: list[int]) -> list[int]:
    return list(chain(a, b, [1])) + list(itertools.chain.from_iterable([a, b]))


def crossed(a: list[str], b: list[str]) -> list[str]:
    return ["".join(p) for p in itertools.product(a, b)]


def chosen(items: list[int], n: int) -> list[list[int]]:
    return [list(c) for c in combinations(items[:4], n % 4)]


def pairs(items: list[int]) -> list[int]:
    return [a * b for a, b in combinations(items, 2)] + [a - b for a, b in itertools.pairwise(items)]


def orders(items: list[str], n: int) -> list[str]:
    return ["".join(p) for p in itertools.permutations(items[:4])] + [
        "-".join(p) for p in itertools.permutations(items[:3], n % 4)
    ]


def totals(items: list[int]) -> list[int]:
    return list(itertools.accumulate(items))


def runs(text: str) -> str:
    return "".join(f"{len(list(group))}{key}" for key, group in itertools.groupby(text))


def by_size(words: list[str]) -> list[str]:
    return [f"{k}:{len(list(g))}" for k, g in itertools.groupby(words, key=lambda w: len(w))]


def led(items: list[int]) -> list[int]:
    return list(itertools.takewhile(lambda x: x > 0, items)) + list(
        itertools.dropwhile(lambda x: x > 0, items)
    )


def filled(a: list[str], b: list[str]) -> list[str]:
    return [x + y for x, y in itertools.zip_longest(a, b, fillvalue="-")]


def numbers(a: int, b: int) -> list[int]:
    n, k = abs(a) % 12, abs(b) % 6
    return [
        math.comb(n, k),
        math.perm(n, k),
        math.lcm(a % 50, b % 50),
        pow(a % 100, k, 97),
        math.prod([n, k, 2]),
    ]


def multiplied(items: list[int]) -> int:
    return reduce(mul, [x % 5 for x in items], 1)


def placed(items: list[int], x: int) -> list[int]:
    ordered = sorted(items)
    return [bisect.bisect_left(ordered, x), bisect.bisect(ordered, x)]


def stepped(a: int, b: int, n: int) -> list[int]:
    step = n % 7 + 1
    return [i for i in range(a % 50, b % 50, step)] + list(range(a % 20, 0, -step))


def undented(text: str) -> str:
    return textwrap.dedent(text)


def flipped(rows: list[list[int]]) -> list[int]:
    return [sum(col) for col in zip(*rows)]


def turned(rows: list[str]) -> list[str]:
    return ["".join(col) for col in zip(*rows)]


def told(name: str, n: int) -> None:
    print("Hello", name, sep=", ", end="!\n")
    print(n, file=sys.stderr)
    print("no line", end="")


def shut(text: str) -> str:
    return "".join(c for c in text if c not in string.punctuation)


def acronym(words: str) -> str:
    regex = "[A-Z]+['a-z]*|['a-z]+"
    return "".join(word[0].upper() for word in re.findall(regex, words))


def letter_place(char: str) -> int:
    return ascii_lowercase.find(char)


def some(items: list[int], pairs: list[tuple[int, int]]) -> list[bool]:
    return [any(items), all(items), any(pairs)]


def backwards(items: list[int]) -> int:
    return sum(n * 2**i for i, n in enumerate(reversed(items[:8])))


def keyed(text: str, key: list[int]) -> list[int]:
    return [ord(c) + k for c, k in zip(text, cycle(key))]


def columns_of(rows: list[str]) -> list[str]:
    return ["".join(col) for col in zip_longest(*rows, fillvalue=" ")]


def add(a: int, b: int) -> int:
    return a + b


def added(items: list[int]) -> list[int]:
    more = partial(add, 3)
    return [more(x) for x in items]


TABLE = str.maketrans(ascii_lowercase, ascii_lowercase[::-1], " ,.")


def encode(text: str) -> str:
    return text.lower().translate(TABLE)


def squared(rows: list[str]) -> list[str]:
    return ["".join(col) for col in zip_longest(*rows, fillvalue=" ")]


def rotate(text: str, key: int) -> str:
    out = ""
    for char in text:
        if char in ascii_lowercase:
            out += ascii_lowercase[(ascii_lowercase.index(char) + key) % 26]
        else:
            out += char
    return out


def config_path(root: Path, name: str) -> Path:
    return root / "config" / f"{name}.toml"


def described(path: Path) -> list[str]:
    return [
        path.name,
        path.stem,
        path.suffix,
        str(path.parent),
        str(path.with_suffix(".bak")),
        str(path.joinpath("a", "b")),
    ]


def ends(path: str) -> list[str]:
    return [os.path.basename(path), os.path.dirname(path), os.path.join(path, "x.txt")]


def is_paired(input_string: str) -> bool:
    counterparts = {")": "(", "}": "{", "]": "["}
    stack = []
    for char in input_string:
        if char in counterparts.values():
            stack.append(char)
        elif char in counterparts:
            if not stack:
                return False
            if stack.pop() != counterparts[char]:
                return False
    return not stack


def held(counts: dict[str, int], n: int) -> bool:
    return n in counts.values() or n not in counts.values()


def variable(name: str) -> str:
    return os.environ["APP_MODE"] + ("!" if "APP_MODE" in os.environ else "?")


def money(x: float, n: int) -> str:
    return f"{x:,.2f} {n:,} " + format(n, "08d") + format("a", ">4")


def boxed(text: str) -> str:
    return f"|{text:^9}|{text:*^8}|"


def near(a: float, b: float) -> list[bool]:
    return [math.isclose(a, b), math.isclose(a, a + 1e-12), math.isclose(a, b, rel_tol=0.5, abs_tol=0.1)]


def plain(text: str) -> bool:
    return text.isascii()


def endings(path: str) -> list[str]:
    stem, ending = os.path.splitext(path)
    return [stem, ending]


def bits(n: int) -> list[int]:
    return [n.bit_length(), n.bit_count()]


def setting(text: str) -> int:
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        return -1
    return int(data.get("port", 8080)) if isinstance(data, dict) else 0


def spread_evenly(names: list[str]) -> dict[str, int]:
    return {k: v % 3 for k, v in dict.fromkeys(names, 8).items()}


def files_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_file())


def texts_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.glob("*.txt"))


def texts_below(folder: Path) -> list[str]:
    return sorted(str(p) for p in folder.rglob("*.txt"))


def starting(folder: Path) -> int:
    return len(list(folder.glob("a*.txt")))


def prepared(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "inner").mkdir()
    (folder / "deep" / "er").mkdir(parents=True)


def archived(path: Path, folder: str) -> str:
    os.makedirs(folder, exist_ok=True)
    target = Path(folder) / path.name
    shutil.copy2(path, folder)
    size = path.stat().st_size
    path.rename(target.with_name("kept-" + path.name))
    return f"{target} {size}"


def cleared(folder: str) -> None:
    shutil.rmtree(folder)


def cleared_quietly(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def found_tool(name: str) -> str:
    path = shutil.which(name)
    return "" if path is None else path


def address(url: str) -> str:
    parts = urlparse(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"unsupported scheme {parts.scheme}")
    return "|".join([parts.netloc, parts.path, parts.query, parts.fragment])


def query(text: str, page: int) -> str:
    return "/search?" + urlencode({"q": text, "page": str(page)}) + quote_plus(text)


def runs_on() -> str:
    return platform.system()


def numbered(path: str) -> list[str]:
    out: list[str] = []
    with open(path, encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            out.append(f"{number}: {line.rstrip()}")
    return out


def loaded(path: Path) -> list[str]:
    with path.open("r") as f:
        data = json.load(f)
    if not isinstance(data, dict):
        raise ValueError("an object is needed")
    return sorted(data.keys())


def stored(path: str, names: list[str]) -> None:
    with open(path, "w") as f:
        f.write("names:\n")
        for name in names:
            f.write(f"- {name}\n")


def noted(path: str, line: str) -> None:
    with open(path, "a", encoding="utf-8") as log:
        log.write(line + "\n")


@dataclass
class Job:
    name: str
    size: int
    tags: list[str] = field(default_factory=list)


def job_text(job: Job) -> str:
    return json.dumps(asdict(job), sort_keys=True, indent=2) + json.dumps(asdict(job))


def canonical(counts: dict[str, int]) -> str:
    return json.dumps(counts, sort_keys=True, separators=(",", ":"))


def laid_out_again(text: str) -> str:
    return json.dumps(json.loads(text), indent=4, sort_keys=True)


def lacking(text: str, names: list[str]) -> list[str]:
    """The names that are no keys of a JSON object, no items of a list, no parts of a text."""
    data = json.loads(text)
    return [n for n in names if n not in data]


@dataclass(order=True, frozen=True)
class Turn:
    priority: int
    name: str


def in_turn(names: list[str]) -> list[str]:
    turns: list[Turn] = []
    for i, name in enumerate(names):
        heapq.heappush(turns, Turn(len(name) % 3, f"{name}{i % 2}"))
    out: list[str] = []
    while turns:
        turn = heapq.heappop(turns)
        out.append(turn.name)
    return out


def shortest(graph: dict[str, list[tuple[str, int]]], start: str) -> dict[str, int]:
    distances: dict[str, int] = {start: 0}
    heap = [(0, start)]
    while heap:
        distance, node = heapq.heappop(heap)
        for other, weight in graph.get(node, []):
            far = distance + abs(weight)
            if other not in distances or far < distances[other]:
                distances[other] = far
                heapq.heappush(heap, (far, other))
    return distances


def heap_sorted(numbers: list[int]) -> list[int]:
    heap: list[int] = []
    for n in numbers:
        heappush(heap, n)
    out: list[int] = []
    while heap:
        out.append(heap[0])
        heappop(heap)
    return out


def medians(ratios: list[float]) -> list[float]:
    heap: list[float] = []
    for r in ratios:
        heapq.heappush(heap, -r)
        if len(heap) > 3:
            heapq.heappop(heap)
    return heap + heapq.nsmallest(2, ratios) + heapq.nlargest(len(ratios) - 2, ratios)


def heaps_of(numbers: list[int], words: list[str]) -> tuple[list[int], list[str], str]:
    heap = list(numbers)
    heapq.heapify(heap)
    texts = words[:]
    heapq.heapify(texts)
    first = ""
    if texts:
        first = heapq.heappop(texts)
    return heap, texts, first


def between(text: str, left: str, right: str) -> str:
    start = text.find(left)
    if start < 0:
        return ""
    end = text.find(right, start + len(left))
    return text[start + len(left) : end] if end >= 0 else text[start:]


def positions(text: str, part: str, start: int) -> list[int]:
    out: list[int] = []
    at = text.find(part, start)
    while at >= 0 and len(out) < 9:
        out.append(at)
        at = text.find(part, at + 1)
    return out


def place_in(text: str, part: str, start: int) -> int:
    try:
        return text.index(part, start)
    except ValueError:
        return -7


class Counters:
    def __init__(self) -> None:
        self._lock = Lock()
        self._values: dict[str, int] = {}

    def increment(self, name: str, by: int = 1) -> int:
        with self._lock:
            value = self._values.get(name, 0) + by
            self._values[name] = value
            return value

    def reset(self, name: str) -> str:
        # Only what is there.
        with self._lock:
            if name not in self._values:
                return "unknown"
            del self._values[name]
        return f"reset {name}"

    def total(self) -> int:
        with self._lock:
            n = sum(self._values.values())
        return n


def counted(names: list[str]) -> tuple[int, str, str, int]:
    counters = Counters()
    last = 0
    for name in names:
        last = counters.increment(name, len(name))
    return last, counters.reset("abc"), counters.reset(names[0] if names else "x"), counters.total()


class Pool:
    def __init__(self, size: int) -> None:
        self._lock = threading.RLock()
        self.size = size
        self._free: list[str] = []

    def put(self, item: str) -> int:
        with self._lock:
            if len(self._free) >= self.size:
                self.drop(1)
            self._free.append(item)
            return len(self._free)

    def drop(self, count: int) -> int:
        """Forget the oldest items."""
        with self._lock:
            dropped = self._free[:count]
            self._free = self._free[count:]
            return len(dropped)

    def take(self) -> str:
        with self._lock:
            if not self._free:
                raise ValueError("empty")
            return self._free.pop()


def pooled(items: list[str], size: int) -> tuple[int, str]:
    pool = Pool(size)
    for item in items:
        pool.put(item)
    try:
        return pool.drop(1), pool.take()
    except ValueError as error:
        return 0, str(error)


def timed_total(values: list[int]) -> int:
    start = time.perf_counter()
    total = sum(values)
    print(f"took {time.perf_counter() - start:.3f} s")
    return total


def is_slow(seconds: float, limit: float) -> bool:
    started = time.time()
    time.sleep(abs(seconds) % 3)
    elapsed = time.time() - started
    return elapsed > limit


def poll(tries: list[bool], timeout: float, interval: float = 0.5) -> int:
    deadline = time.monotonic() + min(timeout, 10)
    at = 0
    while time.monotonic() < deadline:
        if at < len(tries) and tries[at]:
            return at
        at += 1
        time.sleep(max(interval, 0.3))
    return -1


def numbers_only(values: list[float]) -> list[float]:
    return [v for v in values if not (math.isnan(v) or math.isinf(v))]


class Depth:
    """Counts how deep it is."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.now = 0
        self.most = 0

    def __enter__(self) -> Depth:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now > self.limit:
            raise ValueError("too deep")
        return self

    def __exit__(self, exc_type: object, exc: object, tb: object) -> None:
        self.now -= 1


def entered(text: str) -> tuple[int, int]:
    depth = Depth(2)
    with depth:
        n = text.count("a")
    with Depth(1) as other:
        other.most += n
    return depth.most, other.most - other.now


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def total_of_units(text: str) -> int:
    found = 0
    reader = csv.DictReader(io.StringIO("name,units\n" + text), delimiter=",")
    for line, record in enumerate(reader, start=2):
        if record["name"]:
            found += len(record["units"]) + line
    return found


def records_in(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter=";"))
