"""Functions of Python's library that no other language has with this meaning: they come along, lowered from Python.

`T` and `U` stand for the types that a call gives them; each set of types gets a function of its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

_PARAMETERS = ("T", "U")

SOURCES = {
    "find_from": '''
def find_from(text: str, part: str, start: int) -> int:
    """Where one text is in another from a position on, -1 where it is not."""
    first = max(start + len(text), 0) if start < 0 else start
    if first > len(text):
        return -1
    at = text[first:].find(part)
    return at if at < 0 else first + at
''',
    "json_holds": '''
from typing import Any


def json_holds(value: Any, text: str) -> bool:
    """Whether a text is a key of a JSON object, an item of a list, or a part of a text."""
    if isinstance(value, dict):
        return text in value
    if isinstance(value, list):
        return any(isinstance(item, str) and item == text for item in value)
    whole: str = value
    return text in whole
''',
    "position_from": '''
def position_from(text: str, part: str, start: int) -> int:
    """Where one text is in another from a position on; it must be there."""
    first = max(start + len(text), 0) if start < 0 else start
    at = -1 if first > len(text) else text[first:].find(part)
    if at < 0:
        raise ValueError("substring not found")
    return first + at
''',
    "table_rows": '''
def table_rows(text: str, mark: str) -> list[list[str]]:
    """The rows of a table in which a mark is between values; one in quotes may hold marks, line ends and quotes."""
    rows: list[list[str]] = []
    row: list[str] = []
    value = ""
    fresh = True
    quoted = False
    closed = False
    returned = False
    for c in text:
        if quoted and c == '"':
            quoted = False
            closed = True
        elif quoted:
            value += c
        elif c == "\\n" and returned:
            returned = False
        elif c == "\\n" or c == "\\r":
            if not fresh or row:
                row.append(value)
            rows.append(row)
            row = []
            value = ""
            fresh = True
            closed = False
            returned = c == "\\r"
        elif c == mark:
            row.append(value)
            value = ""
            fresh = True
            closed = False
            returned = False
        elif c == '"' and (fresh or closed):
            if closed:
                value += c
            quoted = True
            closed = False
            fresh = False
            returned = False
        else:
            value += c
            fresh = False
            closed = False
            returned = False
    if not fresh or row:
        row.append(value)
        rows.append(row)
    return rows
''',
    "table_row": '''
def table_row(values: list[str], ends: str) -> str:
    """A row of a table: a comma between values, and quotes around one that holds a comma, a quote or an end."""
    parts: list[str] = []
    for value in values:
        if any(c == "," or c == '"' or c in ends for c in value):
            parts.append('"' + value.replace('"', '""') + '"')
        else:
            parts.append(value)
    if len(values) == 1 and values[0] == "":
        return '""' + ends
    return ",".join(parts) + ends
''',
    "table_records": '''
import csv
import io


def table_records(text: str, mark: str) -> list[dict[str, str]]:
    """The rows of a table below its first, each as a map from the names in that one."""
    records: list[dict[str, str]] = []
    names: list[str] = []
    for i, row in enumerate(csv.reader(io.StringIO(text), delimiter=mark)):
        if i == 0:
            names = row
        elif row:
            if len(row) != len(names):
                raise ValueError("a row with another number of values than there are names")
            records.append(dict(zip(names, row)))
    return records
''',
    "float_of": '''
from typing import Any


def float_of(value: Any) -> float:
    """The number that a value from JSON is, or that its text says."""
    if isinstance(value, str):
        return float(value)
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if not isinstance(value, (int, float)):
        raise TypeError("float() argument must be a string or a real number")
    number: float = value
    return number
''',
    "length_of": '''
from datetime import timedelta


def length_of(count: float, unit: int) -> timedelta:
    """So many times a unit in microseconds, rounded to the nearest one, ties to even."""
    whole = int(count)
    return timedelta(microseconds=whole * unit + round((count - whole) * unit))
''',
    "length_text": '''
from datetime import timedelta


def length_text(length: timedelta) -> str:
    """A length of time as `1 day, 2:03:04.000005`."""
    rest = length.seconds
    text = f"{rest // 3600}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    if length.microseconds != 0:
        text += f".{length.microseconds:06d}"
    days = length.days
    if days == 0:
        return text
    return f"{days} day{'' if abs(days) == 1 else 's'}, {text}"
''',
    "raise_last": '''
def raise_last(heap: list[T]) -> None:
    """Move the last item of a heap up to its place below a smaller one."""
    place = len(heap) - 1
    item = heap[place]
    while place > 0:
        above = (place - 1) // 2
        if not item < heap[above]:
            break
        heap[place] = heap[above]
        place = above
    heap[place] = item
''',
    "smallest_last": '''
def smallest_last(heap: list[T]) -> None:
    """Move the smallest item of a heap behind the others, which stay a heap without it."""
    end = len(heap) - 1
    smallest = heap[0]
    heap[0] = heap[end]
    heap[end] = smallest
    if end > 0:
        item = heap[0]
        place = 0
        child = 1
        while child < end:
            if child + 1 < end and not heap[child] < heap[child + 1]:
                child += 1
            heap[place] = heap[child]
            place = child
            child = 2 * place + 1
        while place > 0:
            above = (place - 1) // 2
            if not item < heap[above]:
                break
            heap[place] = heap[above]
            place = above
        heap[place] = item
''',
    "make_heap": '''
def make_heap(items: list[T]) -> None:
    """Put the items of a list in an order in which each is no larger than those at twice its place."""
    end = len(items)
    for start in range(end // 2 - 1, -1, -1):
        item = items[start]
        place = start
        child = 2 * place + 1
        while child < end:
            if child + 1 < end and not items[child] < items[child + 1]:
                child += 1
            items[place] = items[child]
            place = child
            child = 2 * place + 1
        while place > start:
            above = (place - 1) // 2
            if not item < items[above]:
                break
            items[place] = items[above]
            place = above
        items[place] = item
''',
    "centered": '''
def centered(text: str, width: int, fill: str) -> str:
    """The text in the middle of a width."""
    missing = width - len(text)
    if missing <= 0:
        return text
    left = missing // 2 + (missing & width & 1)
    return fill * left + text + fill * (missing - left)
''',
    "expanded_tabs": '''
def expanded_tabs(text: str, size: int) -> str:
    """The text with blanks up to the next column for each tab."""
    out = ""
    column = 0
    for c in text:
        if c != "\\t":
            out += c
            column = 0 if c == "\\n" or c == "\\r" else column + 1
        elif size > 0:
            blanks = size - column % size
            out += " " * blanks
            column += blanks
    return out
''',
    "translated": '''
def translated(text: str, table: dict[str, str]) -> str:
    """The text with each character that the table has as the table says."""
    out = ""
    for c in text:
        out += table.get(c, c)
    return out
''',
    "translation": '''
def translation(source: str, target: str, removed: str) -> dict[str, str]:
    """What each character of one text becomes: the one at its place in another, or nothing."""
    if len(source) != len(target):
        raise ValueError("the first two maketrans arguments must have equal length")
    table: dict[str, str] = {}
    for a, b in zip(source, target):
        table[a] = b
    for c in removed:
        table[c] = ""
    return table
''',
    "distinct": '''
def distinct(items: list[T]) -> list[T]:
    """The items in order, each once."""
    seen: set[T] = set()
    out: list[T] = []
    for item in items:
        if item not in seen:
            seen.add(item)
            out.append(item)
    return out
''',
    "running_totals": '''
def running_totals(items: list[T]) -> list[T]:
    """The sum of the items up to each one."""
    out: list[T] = []
    for item in items:
        out.append(out[-1] + item if out else item)
    return out
''',
    "adjacent": '''
def adjacent(items: list[T]) -> list[tuple[T, T]]:
    """Each item with the next one."""
    out: list[tuple[T, T]] = []
    for i in range(1, len(items)):
        out.append((items[i - 1], items[i]))
    return out
''',
    "pairs_of": '''
def pairs_of(items: list[T]) -> list[tuple[T, T]]:
    """Every two of the items, in order."""
    out: list[tuple[T, T]] = []
    for i in range(len(items)):
        for j in range(i + 1, len(items)):
            out.append((items[i], items[j]))
    return out
''',
    "triples_of": '''
def triples_of(items: list[T]) -> list[tuple[T, T, T]]:
    """Every three of the items, in order."""
    out: list[tuple[T, T, T]] = []
    for i in range(len(items)):
        for j in range(i + 1, len(items)):
            for k in range(j + 1, len(items)):
                out.append((items[i], items[j], items[k]))
    return out
''',
    "chosen": '''
def chosen(items: list[T], count: int) -> list[list[T]]:
    """Every choice of so many items, in order."""
    if count < 0:
        raise ValueError("r must be non-negative")
    if count > len(items):
        return []
    out: list[list[T]] = []
    places = [i for i in range(count)]
    at = 0
    while at >= 0:
        out.append([items[place] for place in places])
        at = count - 1
        while at >= 0 and places[at] == at + len(items) - count:
            at -= 1
        if at >= 0:
            places[at] += 1
            for i in range(at + 1, count):
                places[i] = places[i - 1] + 1
    return out
''',
    "orders": '''
def orders(items: list[T]) -> list[list[T]]:
    """Every order of the items; the first ones change last."""
    out: list[list[T]] = []
    places = [i for i in range(len(items))]
    at = 0
    while at >= 0:
        out.append([items[place] for place in places])
        at = len(items) - 2
        while at >= 0 and places[at] > places[at + 1]:
            at -= 1
        if at >= 0:
            other = len(items) - 1
            while places[other] < places[at]:
                other -= 1
            held = places[at]
            places[at] = places[other]
            places[other] = held
            rest = places[at + 1 :]
            for i in range(len(rest)):
                places[at + 1 + i] = rest[len(rest) - 1 - i]
    return out
''',
    "grouped": '''
def grouped(items: list[T], keys: list[U]) -> list[tuple[U, list[T]]]:
    """Neighbours with one key together, with the key."""
    out: list[tuple[U, list[T]]] = []
    start = 0
    for i in range(1, len(items) + 1):
        if i == len(items) or keys[i] != keys[start]:
            out.append((keys[start], items[start:i]))
            start = i
    return out
''',
    "held": '''
def held(items: list[T], holds: list[bool]) -> list[T]:
    """The items before the first for which a test does not hold."""
    count = 0
    while count < len(items) and holds[count]:
        count += 1
    return items[:count]
''',
    "left_over": '''
def left_over(items: list[T], holds: list[bool]) -> list[T]:
    """The items from the first for which a test does not hold."""
    count = 0
    while count < len(items) and holds[count]:
        count += 1
    return items[count:]
''',
    "filled_pairs": '''
def filled_pairs(first: list[T], second: list[U], one: T, other: U) -> list[tuple[T, U]]:
    """Items at the same place, as many as the longer list has."""
    out: list[tuple[T, U]] = []
    for i in range(max(len(first), len(second))):
        out.append((first[i] if i < len(first) else one, second[i] if i < len(second) else other))
    return out
''',
    "product_of": '''
def product_of(items: list[T], start: T) -> T:
    """The product of the items."""
    out = start
    for item in items:
        out *= item
    return out
''',
    "product_of_some": '''
def product_of_some(items: list[T]) -> T:
    """The product of the items, of which there must be one."""
    if not items:
        raise TypeError("reduce() of empty iterable with no initial value")
    out = items[0]
    for item in items[1:]:
        out *= item
    return out
''',
    "sum_of_some": '''
def sum_of_some(items: list[T]) -> T:
    """The sum of the items, of which there must be one."""
    if not items:
        raise TypeError("reduce() of empty iterable with no initial value")
    out = items[0]
    for item in items[1:]:
        out += item
    return out
''',
    "columns": '''
def columns(rows: list[list[T]]) -> list[list[T]]:
    """The first items of all rows, the second ones, and so on, as far as the shortest row goes."""
    if not rows:
        return []
    out: list[list[T]] = []
    for i in range(min(len(row) for row in rows)):
        out.append([row[i] for row in rows])
    return out
''',
    "text_columns": '''
def text_columns(rows: list[str]) -> list[list[str]]:
    """The first characters of all texts, the second ones, and so on, as far as the shortest text goes."""
    if not rows:
        return []
    out: list[list[str]] = []
    for i in range(min(len(row) for row in rows)):
        out.append([row[i] for row in rows])
    return out
''',
    "filled_columns": '''
def filled_columns(rows: list[list[T]], fill: T) -> list[list[T]]:
    """The first items of all rows, the second ones, and so on, as far as the longest row goes."""
    out: list[list[T]] = []
    for i in range(max((len(row) for row in rows), default=0)):
        out.append([row[i] if i < len(row) else fill for row in rows])
    return out
''',
    "filled_text_columns": '''
def filled_text_columns(rows: list[str], fill: str) -> list[list[str]]:
    """The first characters of all texts, the second ones, and so on, as far as the longest text goes."""
    out: list[list[str]] = []
    for i in range(max((len(row) for row in rows), default=0)):
        out.append([row[i] if i < len(row) else fill for row in rows])
    return out
''',
    "repeated": '''
def repeated(items: list[T], count: int) -> list[T]:
    """So many items, from the first again after the last."""
    out: list[T] = []
    if items:
        for i in range(count):
            out.append(items[i % len(items)])
    return out
''',
    "arranged": '''
def arranged(items: list[T], count: int) -> list[list[T]]:
    """Every order of so many of the items; the first ones change last."""
    if count < 0:
        raise ValueError("r must be non-negative")
    if count > len(items):
        return []
    out: list[list[T]] = []
    places = [i for i in range(len(items))]
    left = [len(items) - i for i in range(count)]
    out.append([items[place] for place in places[:count]])
    at = count - 1
    while at >= 0:
        left[at] -= 1
        if left[at] == 0:
            moved = places[at]
            for i in range(at, len(places) - 1):
                places[i] = places[i + 1]
            places[len(places) - 1] = moved
            left[at] = len(items) - at
            at -= 1
        else:
            other = len(places) - left[at]
            held = places[at]
            places[at] = places[other]
            places[other] = held
            out.append([items[place] for place in places[:count]])
            at = count - 1
    return out
''',
    "choices": '''
def choices(count: int, chosen: int) -> int:
    """How many ways there are to choose so many of a number of things."""
    if count < 0 or chosen < 0:
        raise ValueError("a negative number of things")
    if chosen > count:
        return 0
    ways = 1
    for i in range(min(chosen, count - chosen)):
        ways = ways * (count - i) // (i + 1)
    return ways
''',
    "arrangements": '''
def arrangements(count: int, chosen: int) -> int:
    """How many ways there are to choose so many of a number of things in order."""
    if count < 0 or chosen < 0:
        raise ValueError("a negative number of things")
    if chosen > count:
        return 0
    ways = 1
    for i in range(chosen):
        ways *= count - i
    return ways
''',
    "common_multiple": '''
import math


def common_multiple(a: int, b: int) -> int:
    """The least common multiple, not below zero."""
    if a == 0 or b == 0:
        return 0
    return abs(a * b) // math.gcd(a, b)
''',
    "power_modulo": '''
def power_modulo(base: int, exponent: int, modulus: int) -> int:
    """A power, reduced by the modulus at every step."""
    if exponent < 0:
        raise ValueError("an exponent below zero")
    result = 1 % modulus
    square = base % modulus
    while exponent > 0:
        if exponent % 2 == 1:
            result = result * square % modulus
        square = square * square % modulus
        exponent //= 2
    return result
''',
    "stepped": '''
def stepped(start: int, stop: int, step: int) -> list[int]:
    """The numbers from start to before stop."""
    if step == 0:
        raise ValueError("range() arg 3 must not be zero")
    out: list[int] = []
    at = start
    while (step > 0 and at < stop) or (step < 0 and at > stop):
        out.append(at)
        at += step
    return out
''',
    "left_place": '''
def left_place(items: list[T], item: T) -> int:
    """The first place at which an item keeps a sorted list sorted."""
    low = 0
    high = len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low
''',
    "right_place": '''
def right_place(items: list[T], item: T) -> int:
    """The last place at which an item keeps a sorted list sorted."""
    low = 0
    high = len(items)
    while low < high:
        middle = (low + high) // 2
        if item < items[middle]:
            high = middle
        else:
            low = middle + 1
    return low
''',
    "dedented": '''
def dedented(text: str) -> str:
    """The text without the blanks that all of its lines begin with; lines of blanks alone become empty."""
    lines: list[str] = []
    margin = ""
    first = True
    for line in text.split("\\n"):
        inner = line.lstrip(" \\t")
        if inner == "":
            lines.append("")
            continue
        lines.append(line)
        indent = line[: len(line) - len(inner)]
        if first:
            margin = indent
            first = False
        else:
            common = 0
            while common < len(margin) and common < len(indent) and margin[common] == indent[common]:
                common += 1
            margin = margin[:common]
    return "\\n".join(line.removeprefix(margin) for line in lines)
''',
    "quoted_url": '''
def quoted_url(text: str, safe: str) -> str:
    """The text with other characters than letters, digits and the safe ones as the numbers of their bytes."""
    out = ""
    for c in text:
        if c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~" or (c in safe and ord(c) < 128):
            out += c
            continue
        code = ord(c)
        units: list[int] = []
        if code < 0x80:
            units.append(code)
        elif code < 0x800:
            units.append(0xC0 + code // 0x40)
            units.append(0x80 + code % 0x40)
        elif code < 0x10000:
            units.append(0xE0 + code // 0x1000)
            units.append(0x80 + code // 0x40 % 0x40)
            units.append(0x80 + code % 0x40)
        else:
            units.append(0xF0 + code // 0x40000)
            units.append(0x80 + code // 0x1000 % 0x40)
            units.append(0x80 + code // 0x40 % 0x40)
            units.append(0x80 + code % 0x40)
        for unit in units:
            out += "%" + "0123456789ABCDEF"[unit // 16] + "0123456789ABCDEF"[unit % 16]
    return out
''',
    "required_variable": '''
import os


def required_variable(name: str) -> str:
    """A variable of the environment that must be set."""
    value = os.environ.get(name)
    if value is None:
        raise KeyError(name)
    return value
''',
    "close_numbers": '''
import math


def close_numbers(a: float, b: float, relative: float, absolute: float) -> bool:
    """Whether two numbers differ by no more than a part of the larger one, or than an amount."""
    if a == b:
        return True
    if abs(a) == math.inf or abs(b) == math.inf:
        return False
    return abs(a - b) <= max(relative * max(abs(a), abs(b)), absolute)
''',
    "with_commas": '''
def with_commas(number: str) -> str:
    """The digits of a number with a comma before every three."""
    whole, point, rest = number.partition(".")
    digits = whole.lstrip("+-")
    out = whole.removesuffix(digits)
    for i in range(len(digits)):
        if i > 0 and (len(digits) - i) % 3 == 0:
            out += ","
        out += digits[i]
    return out + point + rest
''',
    "in_the_middle": '''
def in_the_middle(text: str, width: int, fill: str) -> str:
    """The text in the middle of a width, with more of the padding on the right."""
    missing = max(0, width - len(text))
    return fill * (missing // 2) + text + fill * (missing - missing // 2)
''',
    "split_ending": '''
def split_ending(path: str) -> tuple[str, str]:
    """A path without its ending, and the ending with its dot."""
    start = path.rfind("/") + 1
    at = path.rfind(".")
    if at < start or path[start:at].strip(".") == "":
        return path, ""
    return path[:at], path[at:]
''',
    "path_parts": '''
def path_parts(path: str) -> list[str]:
    """The root and the names that a path is made of."""
    parts = [part for part in path.split("/") if part != "" and part != "."]
    root = "//" if path.startswith("//") and not path.startswith("///") else "/" if path.startswith("/") else ""
    return [root, *parts] if root != "" else parts
''',
    "bits_of": '''
def bits_of(number: int) -> int:
    """How many binary digits the absolute value has."""
    count = 0
    rest = abs(number)
    while rest > 0:
        count += 1
        rest //= 2
    return count
''',
    "ones_of": '''
def ones_of(number: int) -> int:
    """How many ones are among the binary digits of the absolute value."""
    count = 0
    rest = abs(number)
    while rest > 0:
        count += rest % 2
        rest //= 2
    return count
''',
    "path_name": '''
def path_name(path: str) -> str:
    """The last part of a path, "" where there is none."""
    parts = [part for part in path.split("/") if part != "" and part != "."]
    return parts[-1] if parts else ""
''',
    "expanded_home": '''
from pathlib import Path

def expanded_home(path: str) -> str:
    """The path with the user's folder in place of a tilde at its start."""
    if not path.startswith("~"):
        return path
    if path != "~" and not path.startswith("~/"):
        raise RuntimeError("Could not determine home directory.")
    return str(Path.home() / path.removeprefix("~").lstrip("/"))
''',
    "path_suffix": '''
def path_suffix(path: str) -> str:
    """The ending of a path's last part with its dot, "" where there is none."""
    parts = [part for part in path.split("/") if part != "" and part != "."]
    if not parts:
        return ""
    at = parts[-1].rfind(".")
    return parts[-1][at:] if 0 < at < len(parts[-1]) - 1 else ""
''',
    "path_parent": '''
def path_parent(path: str) -> str:
    """What a path's last part is in, "." or the root at the end."""
    parts = [part for part in path.split("/") if part != "" and part != "."]
    root = "//" if path.startswith("//") and not path.startswith("///") else "/" if path.startswith("/") else ""
    above = root + "/".join(parts[:-1])
    return above if above != "" else "."
''',
    "path_with_suffix": '''
def path_with_suffix(path: str, ending: str) -> str:
    """The path with another ending of its last part."""
    parts = [part for part in path.split("/") if part != "" and part != "."]
    root = "//" if path.startswith("//") and not path.startswith("///") else "/" if path.startswith("/") else ""
    if not parts:
        raise ValueError(f"PosixPath('{root if root else '.'}') has an empty name")
    name = parts[-1]
    at = name.rfind(".")
    bare = name[:at] if 0 < at < len(name) - 1 else name
    return root + "/".join([*parts[:-1], bare + ending])
''',
    "folder_of": '''
def folder_of(path: str) -> str:
    """What stands before the last slash."""
    head = path[: path.rfind("/") + 1]
    bare = head.rstrip("/")
    return bare if bare != "" else head
''',
    "lines_of": '''
def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends."""
    lines = text.split("\\n")
    last = lines.pop()
    found = [line + "\\n" for line in lines]
    if last != "":
        found.append(last)
    return found
''',
    "make_new_folders": '''
import os


def make_new_folders(path: str) -> None:
    """Make a folder that must be new, with those above it."""
    if os.path.exists(path):
        raise OSError("File exists: " + path)
    os.makedirs(path, exist_ok=True)
''',
    "make_folder_once": '''
import os


def make_folder_once(path: str) -> None:
    """Make a folder unless it is there."""
    if not os.path.isdir(path):
        os.mkdir(path)
''',
    "remove_tree_quietly": '''
import shutil


def remove_tree_quietly(path: str) -> None:
    """Remove a folder and all that is in it, as far as that is possible."""
    try:
        shutil.rmtree(path)
    except OSError:
        pass
''',
    "copy_into": '''
import os
import shutil


def copy_into(source: str, target: str) -> None:
    """Copy a file to a path, or into a folder."""
    at = target
    if os.path.isdir(target):
        at = target + "/" + source.rpartition("/")[2]
    shutil.copyfile(source, at)
''',
    "move_into": '''
import os
import shutil


def move_into(source: str, target: str) -> None:
    """Move a file to a path, or into a folder."""
    at = target
    if os.path.isdir(target):
        at = target + "/" + source.rpartition("/")[2]
    os.replace(source, at)
''',
    "paths_in": '''
import os
from pathlib import Path


def paths_in(folder: str) -> list[str]:
    """The paths of what is in a folder."""
    return [str(Path(folder) / name) for name in os.listdir(folder)]
''',
    "paths_ending": '''
import os
from pathlib import Path


def paths_ending(folder: str, ending: str) -> list[str]:
    """The paths in a folder whose names end in this way."""
    if not os.path.isdir(folder):
        return []
    return [str(Path(folder) / name) for name in os.listdir(folder) if name.endswith(ending)]
''',
    "paths_like": '''
import os
from pathlib import Path


def paths_like(folder: str, start: str, ending: str) -> list[str]:
    """The paths in a folder whose names begin and end in this way."""
    if not os.path.isdir(folder):
        return []
    least = len(start) + len(ending)
    names = [n for n in os.listdir(folder) if len(n) >= least and n.startswith(start) and n.endswith(ending)]
    return [str(Path(folder) / name) for name in names]
''',
    "paths_below": '''
import os
from pathlib import Path


def paths_below(folder: str, ending: str) -> list[str]:
    """The paths below a folder whose names end in this way."""
    if not os.path.isdir(folder):
        return []
    paths = [str(Path(folder) / name) for name in os.listdir(folder)]
    found = [path for path in paths if path.endswith(ending)]
    for path in paths:
        if not os.path.islink(path):
            found.extend(paths_below(path, ending))
    return found
''',
    "relative_path": '''
def relative_path(path: str, folder: str) -> str:
    """A path from a folder that it is in."""
    if folder == ".":
        return path
    if path == folder:
        return "."
    start = folder if folder.endswith("/") else folder + "/"
    if not path.startswith(start):
        raise ValueError(f"'{path}' is not in the subpath of '{folder}'")
    return path[len(start):]
''',
    "url_scheme": '''
def url_scheme(url: str) -> str:
    """The scheme of an address in lower case, nothing where it has none."""
    before, colon, _ = url.lstrip().partition(":")
    marks = "abcdefghijklmnopqrstuvwxyz0123456789+-."
    name = before.lower()
    if colon == "" or name == "" or not name.isascii() or not name[0].isalpha() or not all(c in marks for c in name):
        return ""
    return name
''',
    "url_host": '''
from urllib.parse import urlparse


def url_host(url: str) -> str:
    """The host of an address, with its user and its port."""
    text = url.lstrip()
    scheme = urlparse(text).scheme
    rest = text[len(scheme) + 1:] if scheme != "" else text
    if not rest.startswith("//"):
        return ""
    for i, c in enumerate(rest):
        if i > 1 and c in "/?#":
            return rest[2:i]
    return rest[2:]
''',
    "url_path": '''
from urllib.parse import urlparse


def url_path(url: str) -> str:
    """The path of an address, without the parameters of its last part."""
    text = url.lstrip()
    scheme = urlparse(text).scheme
    host = urlparse(text).netloc
    rest = text[len(scheme) + 1:] if scheme != "" else text
    if rest.startswith("//"):
        rest = rest[len(host) + 2:]
    whole, _, _ = rest.partition("#")
    path, _, _ = whole.partition("?")
    with_parameters = ["", "ftp", "hdl", "prospero", "http", "imap", "https", "shttp"]
    with_parameters += ["rtsp", "rtspu", "sip", "sips", "mms", "sftp", "tel"]
    if scheme not in with_parameters:
        return path
    folder, slash, last = path.rpartition("/")
    name, _, _ = last.partition(";")
    return folder + slash + name
''',
    "url_query": '''
def url_query(url: str) -> str:
    """The query of an address."""
    whole, _, _ = url.lstrip().partition("#")
    _, _, query = whole.partition("?")
    return query
''',
    "url_fragment": '''
def url_fragment(url: str) -> str:
    """The fragment of an address."""
    _, _, fragment = url.lstrip().partition("#")
    return fragment
''',
    "json_of": '''
import json
from typing import Any


def json_of(value: Any, comma: str, colon: str, indent: int, level: int) -> str:
    """A JSON value as Python writes it: on one line, or with an indent on several."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    start = ""
    end = ""
    if indent >= 0:
        start = "\\n" + " " * (indent * (level + 1))
        end = "\\n" + " " * (indent * level)
    if isinstance(value, list):
        items = [json_of(item, comma, colon, indent, level + 1) for item in value]
        return "[" + start + (comma + start).join(items) + end + "]" if items else "[]"
    if isinstance(value, dict):
        entries: list[str] = []
        for key in value:
            entries.append(json.dumps(key) + colon + json_of(value[key], comma, colon, indent, level + 1))
        return "{" + start + (comma + start).join(entries) + end + "}" if entries else "{}"
    return str(value)
''',
    "quoted_form": '''
from urllib.parse import quote


def quoted_form(text: str) -> str:
    """A text as a form has it: blanks as `+`, other marks as percent and digits."""
    return quote(text, safe=" ").replace(" ", "+")
''',
    "form_of": '''
from urllib.parse import quote_plus


def form_of(fields: dict[str, T]) -> str:
    """Fields as the query of an address."""
    return "&".join(quote_plus(name) + "=" + quote_plus(str(value)) for name, value in fields.items())
''',
    "joined_path": '''
def joined_path(folder: str, name: str) -> str:
    """One path below another; an absolute second path stands alone."""
    if name.startswith("/") or folder == "":
        return name
    return folder + name if folder.endswith("/") else folder + "/" + name
''',
}
# The same with the keys in order; a choice while it runs would be asked for every value.
SOURCES["json_of_sorted"] = (
    SOURCES["json_of"]
    .replace("json_of(", "json_of_sorted(")
    .replace("for key in value:", "for key in sorted(value.keys()):")
    .replace(
        "as Python writes it: on one line, or with an indent on several.",
        "as Python writes it, its keys in order.",
    )
)


def call(low: ExpressionLowerer, name: str, *args: ir.Expr) -> ir.Expr:
    """A call of a function of the library; raises Unsupported where it cannot be made for these types."""
    from foundation_engine.port.front.python import library_function

    source = SOURCES[name]
    tree = ast.parse(source)
    made = next(s for s in tree.body if isinstance(s, ast.FunctionDef))
    types: dict[str, Type] = {}
    given: list[ir.Expr] = []
    for parameter, value in zip(made.args.args, args, strict=True):
        node = parameter.annotation
        assert node is not None  # noqa: S101 - every function above says its types.
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "list":
            value = low.as_list(value)
        bind(node, value.type, types)
        given.append(value)
    bound = tuple(types.get(p, ir.NONE) for p in _PARAMETERS)
    for t in types.values():
        if ir.has_unknown(t) or t == ir.ANY:
            raise Unsupported("an operation on items whose type is not known")
    function = low.scope.library.get((name, bound))
    if function is None:
        known = {*low.scope.functions, *low.scope.classes, *low.scope.constants}
        # A leading underscore only says that a name is private, which other languages say in their own ways.
        taken = {f"_{name.lstrip('_')}" for name in known}
        chosen, count = f"_{name}", 2
        while chosen in taken:
            chosen, count = f"_{name}_{count}", count + 1
        try:
            function = library_function(chosen, source, types, low.scope)
        except Unsupported:
            low.scope.functions.pop(chosen, None)
            raise
        function.library = name
        low.scope.library[name, bound] = function
    t = ir.FuncT(tuple(p.type for p in function.params), function.result)
    values = [low.coerce(v, p.type) for v, p in zip(given, function.params, strict=True)]
    return ir.Call(ir.Name(function.name, type=t), values, type=function.result)


def member_name(low: ExpressionLowerer, member: ir.Expr, enum: str, members: Sequence[str]) -> ir.Expr:
    """The name of an enum's member, by a function that tells the members apart."""
    lines = [f"    if member == {enum}.{m}:\n        return {m!r}" for m in members[:-1]]
    text = [
        f"def named(member: {enum}) -> str:",
        '    """The name of a member."""',
        *lines,
        f"    return {members[-1]!r}",
    ]
    return _of_enum(low, "name", enum, "\n".join(text), member)


def member_of(low: ExpressionLowerer, value: ir.Expr, enum: str, members: Mapping[str, object]) -> ir.Expr:
    """The member of an enum that has a value; raises ValueError where none has it, in Python's words."""
    kinds = {type(v) for v in members.values()}
    if kinds not in ({str}, {int}):
        raise Unsupported(
            f"a member of {enum} by its value, which is neither always a text nor a whole number"
        )
    t = ir.STR if kinds == {str} else ir.INT
    if value.type in (ir.ANY, ir.FLOAT, ir.BOOL) or isinstance(value.type, ir.OptionalT):
        how = "str" if t == ir.STR else "int"
        raise Unsupported(f"a member of {enum} by a value of type {ir.type_text(value.type)}; say {how}(...)")
    if isinstance(value, ir.Lit) and value.value in members.values():
        named = next(m for m, v in members.items() if v == value.value)
        return ir.EnumMember(enum, named, type=ir.NamedT(enum))
    lines = [f"    if value == {v!r}:\n        return {enum}.{m}" for m, v in members.items()]
    text = [
        f"def of_value(value: {ir.type_text(t)}) -> {enum}:",
        '    """The member that has a value."""',
        *lines,
        f'    raise ValueError(f"{{value!r}} is not a valid {enum}")',
    ]
    return _of_enum(low, "of", enum, "\n".join(text), low.coerce(value, t))


def _of_enum(low: ExpressionLowerer, what: str, enum: str, text: str, given: ir.Expr) -> ir.Expr:
    """A call of a function that comes along for an enum; `what` ends its name."""
    from foundation_engine.port.front.python import library_function

    t = ir.NamedT(enum)
    function = low.scope.library.get((f"member_{what}", (t,)))
    if function is None:
        chosen = f"_{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', enum).lower().strip('_')}_{what}"
        while chosen in low.scope.functions:
            chosen += "_"
        function = library_function(chosen, text, {}, low.scope)
        low.scope.library[f"member_{what}", (t,)] = function
    called = ir.Name(function.name, type=ir.FuncT((given.type,), function.result))
    return ir.Call(called, [given], type=function.result)


def is_new(low: ExpressionLowerer, e: ir.Expr) -> bool:
    """True for a list that nobody else holds: what a function of the library gives, or two lists as one."""
    if isinstance(e, ir.Intrinsic):
        return e.op in ("list.concat", "regex.matches", "regex.find_all", "regex.split")
    if isinstance(e, ir.MethodCall) and e.method == "__iter__":
        return True
    made = {f.name for f in low.scope.library.values()}
    return isinstance(e, ir.Call) and isinstance(e.func, ir.Name) and e.func.id in made


def bind(node: ast.expr, t: Type, types: dict[str, Type]) -> None:
    """Learn from an argument's type what the type parameters in an annotation stand for."""
    parts: Sequence[ast.expr] = [node, node]
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    match node, t:
        case ast.Name(id=name), _ if name in _PARAMETERS:
            types.setdefault(name, ir.STR if t == ir.CHAR else t)
        case ast.Subscript(), ir.ListT(elem) | ir.SetT(elem):
            bind(parts[0], elem, types)
        case ast.Subscript(), ir.DictT(key, value):
            bind(parts[0], key, types)
            bind(parts[1], value, types)
        case ast.Subscript(), ir.TupleT(elems):
            for part, elem in zip(parts, elems, strict=False):
                bind(part, elem, types)
        case _:
            return
