"""What the functions of the set are timed on: for each, calls of three sizes, drawn from a seed.

Values are what services meet: words, names and addresses, mostly ASCII, with some letters beyond it where the function
is about text for people. Every call succeeds; references were written to the same contract, failures included.
"""

# ruff: noqa: ARG005 - every maker takes the source of draws and the size; a call reads best on one line.
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

SIZES = (8, 64, 512)
SYLLABLES = ["ka", "lor", "min", "te", "ra", "sol", "ven", "du", "pi", "ost", "an", "el"]
Maker = Callable[[random.Random, int], list[Any]]


def word(r: random.Random, most: int = 4) -> str:
    """One word of letters in lower case."""
    return "".join(r.choice(SYLLABLES) for _ in range(r.randint(1, most)))


def words(r: random.Random, n: int, distinct: int | None = None) -> list[str]:
    """Words drawn from so many different ones; most are repeated where there are fewer of these than words."""
    pool = [word(r) + str(i % 7) * (i % 2) for i in range(distinct or max(4, n // 3))]
    return [r.choice(pool) for _ in range(n)]


def prose(r: random.Random, n: int) -> str:
    """A text of so many words, some with capitals, marks or letters beyond ASCII."""
    out = [w.capitalize() if r.random() < 0.2 else w for w in words(r, n)]
    out = [w + r.choice([",", ".", "!", "é"]) if r.random() < 0.1 else w for w in out]
    return " ".join(out)


def integers(r: random.Random, n: int, low: int = -1000, high: int = 1000) -> list[int]:
    """Numbers between two bounds."""
    return [r.randint(low, high) for _ in range(n)]


def floats(r: random.Random, n: int) -> list[float]:
    """Measured values with three digits after the point."""
    return [round(r.uniform(0, 100), 3) for _ in range(n)]


def intervals(r: random.Random, n: int) -> list[tuple[int, int]]:
    """Starts and ends in any order, many of which overlap."""
    starts = integers(r, n, 0, 20 * n)
    return [(start, start + r.randint(1, 30)) for start in starts]


def edges(r: random.Random, n: int, count: int) -> list[tuple[int, int]]:
    """Pairs of different nodes below n."""
    return [(a, (a + r.randint(1, n - 1)) % n) for a in (r.randrange(n) for _ in range(count))]


def forward(r: random.Random, n: int) -> list[list[int]]:
    """For each node some later nodes: a graph without a cycle."""
    return [sorted({r.randint(i + 1, n - 1) for _ in range(3)}) if i < n - 1 else [] for i in range(n)]


def address(r: random.Random) -> str:
    """An address of four bytes."""
    return ".".join(str(r.randrange(256)) for _ in range(4))


def log_line(r: random.Random) -> str:
    """A line of an access log."""
    path = "/".join(words(r, 3))
    status = r.choice([200, 200, 301, 404, 500])
    return f'{address(r)} - {word(r)} [10/Oct/2026:13:55:36 +0000] "GET /{path} HTTP/1.1" {status} {r.randrange(90000)}'


def fields(r: random.Random, n: int) -> str:
    """A line of fields, some quoted."""
    values = [f'"{prose(r, 4)}"' if r.random() < 0.3 else word(r) for _ in range(n)]
    return " ".join(f"{word(r)}={value}" for value in values)


def digits(r: random.Random, n: int) -> str:
    """A text of digits."""
    return "".join(r.choice("0123456789") for _ in range(n))


def card(r: random.Random) -> str:
    """The number of a card in groups of four whose check digit is right."""
    first = [int(d) for d in digits(r, 15)]
    total = sum(d if i % 2 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(first))
    text = "".join(map(str, first)) + str(-total % 10)
    return " ".join(text[i : i + 4] for i in range(0, 16, 4))


def rpn(r: random.Random, n: int) -> list[str]:
    """An expression of so many operators."""
    tokens = [str(r.randint(1, 9))]
    for _ in range(n):
        tokens += [str(r.randint(1, 9)), r.choice("+-")]
    return tokens


def brackets(r: random.Random, n: int) -> str:
    """Brackets that are closed in order, among other characters."""
    out, stack = "", ""
    for _ in range(n):
        if stack and r.random() < 0.5:
            out, stack = out + stack[-1], stack[:-1]
        else:
            kind = r.randrange(3)
            out, stack = out + "([{"[kind] + word(r, 1), stack + ")]}"[kind]
    return out + stack[::-1]


def csv_line(r: random.Random, n: int) -> str:
    """A line of cells, some quoted, some with quotes inside of quotes."""
    return ",".join(r.choice([w, w, f'"{w}, {w}"', f'"a ""{w}"""']) for w in words(r, n))


def query(r: random.Random, n: int) -> str:
    """A query string."""
    return "&".join(f"{word(r, 2)}={'+'.join(words(r, 2))}" for _ in range(n))


def template(r: random.Random, n: int) -> list[Any]:
    """A template and the values of most of its names."""
    names = [word(r) + str(i) for i in range(max(2, n // 8))]
    text = " ".join(f"{{{r.choice(names)}}}" if r.random() < 0.3 else word(r) for _ in range(n))
    return [text, {name: prose(r, 2) for name in names[1:]}]


def topology(r: random.Random, n: int) -> list[Any]:
    """Named nodes and edges without a cycle."""
    names = [f"{word(r)}-{i}" for i in range(n)]
    found = [(names[a], names[b]) for a, after in enumerate(forward(r, n)) for b in after]
    return [names, found]


def neighbours(r: random.Random, n: int) -> list[Any]:
    """A graph of named nodes and one of them."""
    names = [f"{word(r)}-{i}" for i in range(n)]
    return [{name: [r.choice(names) for _ in range(3)] for name in names}, names[0]]


def roads(r: random.Random, n: int) -> list[tuple[int, int, int]]:
    """Weighted edges (a, b, weight)."""
    return [(a, b, r.randint(1, 99)) for a, b in edges(r, n, 3 * n)]


def matrices(r: random.Random, n: int) -> list[Any]:
    """Two square matrices."""
    return [[floats(r, n) for _ in range(n)] for _ in range(2)]


MAKERS: dict[str, Maker] = {
    "parse_duration": lambda r, n: [
        "".join(f"{r.randint(1, 59)}{r.choice('dhms')}" for _ in range(1 + n // 16))
    ],
    "parse_size": lambda r, n: [
        f"{' ' * (n // 100)}{r.randint(1, 9999)}{r.choice([' ', ''])}{r.choice(['KiB', 'MB', 'B', 'gib'])}"
    ],
    "parse_headers": lambda r, n: [
        [f"{word(r).title()}-{word(r, 1).title()}: {prose(r, 3)}" for _ in range(n)]
    ],
    "parse_query": lambda r, n: [query(r, n)],
    "parse_ranges": lambda r, n: [
        "bytes=" + ", ".join(f"{i * 100}-{i * 100 + 50}" for i in range(1 + n // 8)) + ",-5",
        n * 50,
    ],
    "parse_fields": lambda r, n: [fields(r, 1 + n // 8)],
    "split_csv_line": lambda r, n: [csv_line(r, n)],
    "tokenize": lambda r, n: [" ".join(f"{word(r)}*({r.randint(1, 999)} + x_{i})" for i in range(n // 4))],
    "count_statuses": lambda r, n: [[log_line(r) for _ in range(n)]],
    "expand_cron_field": lambda r, n: [["*/15", "1-5,10,40-50/2", "0,7,30-59/3,*/20"][SIZES.index(n)], 0, 59],
    "group_by_length": lambda r, n: [words(r, n)],
    "word_counts": lambda r, n: [prose(r, n)],
    "top_words": lambda r, n: [words(r, n), 5],
    "deduplicate": lambda r, n: [words(r, n)],
    "totals_by_customer": lambda r, n: [words(r, n), integers(r, n, -50, 500)],
    "common_ids": lambda r, n: [integers(r, n, 0, 2 * n), integers(r, n, 0, 2 * n)],
    "missing_ids": lambda r, n: [integers(r, n, 0, 2 * n), integers(r, n, 0, 2 * n)],
    "chunk": lambda r, n: [integers(r, n), 10],
    "flatten": lambda r, n: [[integers(r, r.randint(0, 12)) for _ in range(n // 4)]],
    "index_documents": lambda r, n: [[" ".join(words(r, 12, 40)) for _ in range(n // 8 + 1)]],
    "first_repeated": lambda r, n: [[*range(n), n // 2]],
    "labels": lambda r, n: [words(r, n), integers(r, n, 0, 100), 40],
    "merge_intervals": lambda r, n: [intervals(r, n)],
    "max_concurrent": lambda r, n: [list(x) for x in zip(*intervals(r, n), strict=True)],
    "free_slots": lambda r, n: [sorted(intervals(r, n)), 0, 20 * n + 40, 10],
    "backoff_table": lambda r, n: [0.1, 1.5, 60.0, n // 4],
    "window_maxima": lambda r, n: [integers(r, n), 6],
    "moving_average": lambda r, n: [floats(r, n), 6],
    "percentile": lambda r, n: [floats(r, n), 0.95],
    "admit": lambda r, n: [sorted(integers(r, n, 0, 10 * n)), 5, 60],
    "count_buckets": lambda r, n: [floats(r, n), 10.0, 90.0, 16],
    "longest_streak": lambda r, n: [integers(r, n, 0, 2 * n)],
    "topological_order": topology,
    "hops": neighbours,
    "shortest_distances": lambda r, n: [n // 2, roads(r, n // 2), 0],
    "component_sizes": lambda r, n: [n, edges(r, n, n // 2)],
    "spanning_weight": lambda r, n: [n, [(w, a, b) for a, b, w in roads(r, n)]],
    "has_cycle": lambda r, n: [forward(r, n)],
    "count_islands": lambda r, n: [
        ["".join(r.choice("#..") for _ in range(n // 8 + 4)) for _ in range(n // 16 + 3)]
    ],
    "reachable": lambda r, n: [forward(r, n), 0],
    "matrix_multiply": lambda r, n: matrices(r, {8: 3, 64: 10, 512: 32}[n]),
    "transpose": lambda r, n: [[integers(r, n // 8 + 2) for _ in range(n // 16 + 3)]],
    "prefix_sums": lambda r, n: [integers(r, n)],
    "range_sums": lambda r, n: [integers(r, n), [(n // 4, n // 2 + i % 3) for i in range(n // 4)]],
    "edit_distance": lambda r, n: [word(r, n // 4)[: n // 2], word(r, n // 4)[: n // 2] + "é"],
    "common_subsequence": lambda r, n: [integers(r, n // 4, 0, 9), integers(r, n // 4, 0, 9)],
    "knapsack": lambda r, n: [integers(r, n // 8, 1, 20), integers(r, n // 8, 1, 99), n],
    "coin_ways": lambda r, n: [[1, 2, 5, 10, 20, 50], n],
    "max_subarray": lambda r, n: [integers(r, n)],
    "primes_below": lambda r, n: [n * 4],
    "standard_deviation": lambda r, n: [floats(r, n)],
    "positions": lambda r, n: [sorted(integers(r, n)), integers(r, n // 4)],
    "digit_sum": lambda r, n: [r.randint(n, n**3)],
    "slugify": lambda r, n: [prose(r, n // 4)],
    "wrap_words": lambda r, n: [prose(r, n), 40],
    "render_template": template,
    "mask_digits": lambda r, n: [" ".join(digits(r, 4) for _ in range(n // 4)), 4],
    "snake_to_camel": lambda r, n: ["_".join(words(r, n // 8 + 2))],
    "camel_to_snake": lambda r, n: ["".join(w.capitalize() for w in words(r, n // 8 + 2))],
    "caesar": lambda r, n: [prose(r, n // 4), 29],
    "is_palindrome": lambda r, n: [(lambda t: t + t[::-1])(prose(r, n // 8))],
    "run_length_encode": lambda r, n: ["".join(r.choice("abcd") * r.randint(1, 6) for _ in range(n // 4))],
    "shorten": lambda r, n: [prose(r, n // 4), 40],
    "initials": lambda r, n: [[f"{word(r)} {word(r).title()} {word(r)}" for _ in range(n // 4)]],
    "strip_comments": lambda r, n: [
        [prose(r, 4) + r.choice(["", "  # why", "  "]) for _ in range(n // 4)] + ["# only"]
    ],
    "escape_html": lambda r, n: [f'<p>{prose(r, n // 4)} & "{word(r)}"</p>'],
    "align": lambda r, n: [[words(r, 4) for _ in range(n // 8 + 1)]],
    "luhn_valid": lambda r, n: [card(r)],
    "isbn13_valid": lambda r, n: ["978-0-306-40615-7"],
    "parse_ipv4": lambda r, n: [address(r)],
    "in_network": lambda r, n: [address(r), f"{address(r)}/{r.choice([8, 16, 24])}"],
    "compare_versions": lambda r, n: [f"1.{n}.{r.randrange(40)}", f"1.{n}.{r.randrange(40)}.1"],
    "balanced": lambda r, n: [brackets(r, n)],
    "password_problems": lambda r, n: [word(r, 6) + r.choice(["", "7", "A7-"])],
    "checksum": lambda r, n: [prose(r, n)],
    "valid_names": lambda r, n: [[w + r.choice(["", "_1", "-x"]) for w in words(r, n // 4)]],
    "cache_hits": lambda r, n: [n // 8 + 2, words(r, n)],
    "last_values": lambda r, n: [integers(r, n), n // 8 + 3],
    "prefix_counts": lambda r, n: [words(r, n // 2), [w[:3] for w in words(r, n // 4)]],
    "run_order": lambda r, n: [r.sample(range(10 * n), n // 2), words(r, n // 2)],
    "evaluate_rpn": lambda r, n: [rpn(r, n)],
    "latency_counts": lambda r, n: [[1, 5, 10, 25, 50, 100, 250, 500, 1000], integers(r, n, 0, 1200)],
}


def calls(function: str) -> list[list[Any]]:
    """The arguments of the function's calls, one for each size; the same whenever it is asked."""
    return [MAKERS[function](random.Random(f"{function} {n}"), n) for n in SIZES]
