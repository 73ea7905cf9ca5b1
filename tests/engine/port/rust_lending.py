"""Functions whose ports to Rust lend texts, walk parts, and change entries in place: what they give must not change."""

# ruff: noqa: C416, C420, E741, PERF401, RET505, RUF051, SIM102, SIM118, SIM201, SIM300, SIM401 - the loops and tests are the cases.


# Keys that are borrowed, and those that cannot be.


def kept_once(items: list[str]) -> list[str]:
    seen: set[str] = set()
    kept: list[str] = []
    for item in items:
        if item not in seen:
            seen.add(item)
            kept.append(item)
    return kept


def counted_words(words: list[str], text: str, pairs: list[tuple[str, int]]) -> list[str]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
        counts[word.strip()] = len(word)
    if text in counts:
        del counts[text]
    if text.lower() in counts and counts[text.lower()] > 0:
        counts.pop(text.lower())
    for name, n in pairs:
        counts[name] = counts.get(name, 1) + n % 1000
    out: list[str] = []
    for key, value in counts.items():
        out.append(key + str(value))
    out.extend(counts)
    out.append(str(counts["a"] if "a" in counts else 0))
    return out + [k for k in counts.keys()] + [k + "x" for k, v in counts.items() if v > 1] + sorted(counts)


def counted_anew(words: list[str], word: str) -> list[str]:
    tally: dict[str, int] = {}
    queue = [w.upper() for w in words]
    for _ in words:
        tally[word] = tally.get(word, 0) + 1
        if queue:
            word = queue.pop()
    return [f"{key}{n}" for key, n in sorted(tally.items())] + [word]


def listed_by_letter(words: list[str]) -> list[list[str]]:
    by: dict[str, list[str]] = {}
    first = {word: 0 for word in words}
    for word in words:
        if word[:1] not in by:
            by[word[:1]] = []
        by[word[:1]].append(word)
        first[word] += 1
    for letter, found in by.items():
        first[letter] = len(found)
    return [sorted(found) for found in by.values()] + [[key for key in first]]


def emptied_after(words: list[str]) -> int:
    seen: set[str] = set()
    i = 0
    while i < len(words):
        seen.add(words[i])
        words[i] = "x"
        i += 1
    return len(seen)


def changed_keys(names: list[str], counts: dict[str, int], k: int) -> dict[str, int]:
    out = dict(counts)
    for name in names:
        out[name] += 1
        out[name] = out[name] * 2 - len(name)
        out[name] -= out[names[0]]
    by_number = {1: 2, 3: 4}
    by_number[k] += 5
    grid = {"a": [1, 2]}
    grid["a"][0] += by_number[k]
    out["grid"] = grid["a"][0]
    return out


class Words:
    def __init__(self, words: list[str]) -> None:
        self.words = words

    def distinct(self) -> int:
        seen = {"a"}
        for word in self.words:
            seen.add(word)
        for word in self.words:
            if word in seen:
                seen.discard(word)
        return len(seen)

    def reset(self) -> int:
        seen = {"a"}
        for word in self.words:
            seen.add(word)
        self.words = []
        return len(seen)


def kept_words(words: list[str]) -> list[int]:
    kept = Words(words)
    return [kept.distinct(), kept.reset(), kept.distinct()]


# Texts around a separator.


def halves(line: str) -> list[str]:
    name, separator, value = line.partition(":")
    if not separator:
        return [name]
    return [name, value]


def pairs_of(lines: list[str]) -> dict[str, str]:
    out: dict[str, str] = {}
    for line in lines:
        name, separator, value = line.partition("=")
        if not separator:
            continue
        out[name.strip()] = value
    for line in lines:
        key, _, rest = line.strip().partition("::")
        out[key] = rest
    for line in lines:
        before, found, behind = line.rpartition("é")
        if found:
            out[before] = behind
        else:
            out[line] = found
    return out


def before_the_test(text: str) -> list[str]:
    name, separator, value = text.partition(":")
    name = name.strip()
    if separator == "":
        return ["no value in " + name]
    last, mark, end = text.rpartition(":")
    if mark != "":
        return [name, value, last, end]
    return [last + end]


def either(parts: list[str]) -> str:
    text = parts[0] if parts else "é"
    head, dot, tail = text.partition(".")
    if not dot:
        head, dot, tail = text.partition(",")
    a, _, b = text.partition("é")
    c, _, d = text.strip().rpartition("é")
    return tail + dot + head + b + a + d + c


def cut_end(text: str, marks: str) -> list[str]:
    out = ""
    for c in text:
        if c != "x":
            out += c * 2
    other = text
    other += marks
    return [dashless(text), other.rstrip(marks), out.rstrip()]


def dashless(text: str) -> str:
    out = ""
    for c in text.lower():
        out += "-" if c == " " else c
    return out.rstrip("-é")


# Parts of texts that are taken one after the other.


def capitals_behind(text: str) -> str:
    words = text.split("_")
    return words[0] + "".join(word.capitalize() for word in words[1:])


def packed(text: str) -> int:
    parts = text.split(".")
    if len(parts) != 3:
        return -1
    value = 0
    for part in parts:
        value = value * 256 + (int(part) % 256 if part.isdigit() else len(part))
    return value


def columns(lines: list[str]) -> list[str]:
    out: list[str] = []
    for line in lines:
        words = line.split()
        if len(words) < 2:
            continue
        out.append(words[1][0] + "xx")
    for line in lines:
        cells = line.split(" ")
        if len(cells) < 4:
            out.append("few")
            continue
        if cells[1] == "x" or cells[3] != cells[1]:
            out.append(cells[3] + cells[0])
    for line in lines:
        pair = line.split("a")
        if not len(pair) == 2:
            continue
        out.append(pair[1] + pair[0] + pair[1])
    return out


def span(text: str) -> int:
    bounds = text.split("-")
    first, last = int(bounds[0]), int(bounds[-1])
    rest = text.split("-")
    return first + last + int(rest[0]) + len(rest[1])


def walked(text: str) -> list[str]:
    out: list[str] = []
    more = text.split(";")
    first = more[0]
    for part in more[1:]:
        out.append(first + part)
    other = text.split("a")
    out.append(other[1] + other[0])
    once = text.split("b", 2)
    head = once[0]
    if head:
        head = once[1]
    table = {"a": "b"}
    again = text.split("/")
    out.append(table[again[0]] if again[0] in table else head)
    return out


def assigned(lines: list[str]) -> dict[str, str]:
    out: dict[str, str] = {}
    for line in lines:
        key, value = line.split("=", 1)
        out[key.strip()] = value
    return out


def unpacked(text: str) -> list[str]:
    a, c = text.split(" ")
    if "x" in a:
        a, b = a.split("x")
        c = b
    return [a, c]


def sum_of_two(text: str) -> int:
    try:
        a, b = text.split(":")
        return int(a) + int(b)
    except ValueError:
        return -1


# Counts that are indexes, entries that change, and fields that move.


class Buckets:
    def __init__(self, bounds: list[int]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)

    def observe(self, value: int) -> None:
        for i, bound in enumerate(self.bounds):
            if value <= bound:
                self.counts[i] += 1
                return
        self.counts[-1] += 1


def bucketed(bounds: list[int], xs: list[int]) -> list[int]:
    h = Buckets(bounds)
    for x in xs:
        h.observe(x)
    return h.counts


def filled_by_index(xs: list[int], ys: list[str]) -> list[int]:
    out = [0] * len(xs)
    for i, x in enumerate(xs):
        out[i] = x + 1
    for i, y in enumerate(ys):
        if xs:
            out[i % len(xs)] += len(y) + i
    for i, y in enumerate(ys):
        if i < len(xs):
            out[i] = xs[i] + i + len(y)
    return out


def joined_headers(lines: list[str], m: dict[str, str]) -> dict[str, str]:
    h = {}
    n = {}
    l = {}
    for k in lines:
        if k in h:
            h[k] = h[k] + ", " + k
        else:
            h[k] = k
        if k in n:
            n[k] += len(k)
        else:
            n[k] = 1
        if k not in l:
            l[k] = [k]
        else:
            l[k].append(k)
        if k in n and "a" in n:
            n[k] += n[k] + n["a"]
        h[k] = h[k] + m.get(k, "none") + m.get(k, "") + m.get(k, k)
    h["last"] = m.get("a", "b") + m.get("q", "")
    return h


# What a test tells of an integer.


def halved(n: int, xs: list[int]) -> list[int]:
    i = n
    out = []
    while i > 0:
        out.append((i - 1) // 2)
        out.append((i - 2) // 2)
        i = (i - 1) // 2
        out.append((i - 1) // 2)
    if n >= 4 and len(xs) > 2:
        out.append(n % 3)
        n -= 7
        out.append(n % 3)
    i = n % 50
    while i > 0 and n < 100:
        for x in xs:
            out.append((i - 1) // 2)
            i -= abs(x) + 1
        out.append(i // 2)
        i -= 1
        n += 7
    if 0 < n:
        return out
    elif n < -5:
        out.append(n // 2)
    else:
        out.append(n // 2)
    return out


# Lists of texts that are borrowed.


def hops_from(graph: dict[str, list[str]], start: str) -> dict[str, int]:
    distances = {start: 0}
    queue = [start]
    i = 0
    while i < len(queue):
        node = queue[i]
        i += 1
        for neighbour in graph.get(node, []):
            if neighbour not in distances:
                distances[neighbour] = distances[node] + 1
                queue.append(neighbour)
    return distances


def reach(graph: dict[str, list[str]], start: str, goal: str) -> bool:
    stack = [start]
    seen = {start}
    while stack:
        node = stack.pop()
        if node == goal or node in stack:
            return True
        for other in graph.get(node, []):
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return False


def owned_stack(words: list[str]) -> list[str]:
    stack: list[str] = []
    for w in words:
        stack.append(w.upper())
        if len(stack) > 2:
            x = stack.pop()
            stack.append(x + "!")
    more: list[str] = []
    for w in words:
        more.append(w)
        more.append(w.strip())
    out = []
    for m in more:
        out.append(m + more[0])
    while len(more) > 1:
        last = more.pop()
        last = last + "x"
        out.append(last)
    return out + stack


def length_of_kept(words: list[str]) -> int:
    names: list[str] = []
    for word in words:
        if word not in names:
            names.append(word)
    t = 0
    for n in names:
        t += len(n)
    return t


def parenthesised(text: str) -> bool:
    stack: list[str] = []
    for c in text:
        if c in "([":
            stack.append(c)
        elif c == ")":
            if not stack or stack.pop() != "(":
                return False
    return not stack


# Letters without one of them, and numbers that follow from each other.


def isbn_valid(isbn: str) -> bool:
    digits = isbn.replace("-", "")
    if len(digits) != len(isbn) - 3:
        return False
    total = 0
    for i, ch in enumerate(digits):
        if ch not in "0123456789":
            return False
        total += int(ch) * (3 if i % 2 else 1)
    return total % 10 == 0


def codes_of(number: str) -> int:
    plain = number.replace(" ", "")
    total = 0
    for ch in plain:
        total += ord(ch)
    if not plain:
        return -1
    return total


def spaceless(text: str) -> list[str]:
    plain = text.replace("é", "")
    out = [str(len(plain))]
    for c in plain:
        out.append(c + "!")
    other = text.replace("a", "")
    for i, c in enumerate(other):
        out.append(str(i) + c)
    return out


def part_lengths(text: str) -> list[int]:
    parts = text.split(" ")
    out: list[int] = []
    for part in parts:
        out.append(len(part))
    return out


def delays_of(base: float, factor: float, n: int) -> list[float]:
    out: list[float] = []
    delay = base
    for _ in range(n % 20):
        out.append(min(delay, 60.0))
        delay *= factor
    return out


def running_sums(xs: list[int], n: int) -> list[int]:
    out = [n]
    total = 0
    for x in xs:
        total += x % 1000
        out.append(total)
    before = 0
    for i in range(len(xs)):
        out.append(xs[i] - before)
        before = xs[i]
    a, b = 0, 1
    for _ in range(n % 30):
        c = a + b
        a = b
        b = c
        out.append(a)
    return out


def with_tests(xs: list[int]) -> list[int]:
    out = []
    best = 0
    for x in xs:
        if x > best:
            best = x
        out.append(best)
    for x in xs:
        best = len(out) + x
        out.append(best)
    return out


def sides(text: str) -> list[str]:
    parts = text.split("-")
    if len(parts) != 2:
        return []
    out = [parts[0]]
    for part in parts:
        part = part + "x"
        out.append(part)
    return out + [p.upper() for p in parts] + [p for p in parts if p != parts[1]]


# Shifts by any count, and what has a shorter name in Rust.


def shifts(v: int, n: int, xs: list[int]) -> list[int]:
    k = abs(n) % 80
    out = [v >> k, v >> 3, 1 << (k % 62), v % 8 << 2, 0 << k, -1 >> k]
    w = v
    w >>= k
    out.append(w)
    if k < 60:
        u = 1
        u <<= k
        out.append(u)
        xs.append(5)
        xs[0] >>= k
    for x in xs:
        out.append(x >> k)
    for i in range(k % 40):
        if v >> i & 1:
            out.append(1 << i)
    return out


def lettered(text: str) -> list[bool]:
    return [
        all("a" <= c <= "z" or c == "_" for c in text),
        all("A" <= c <= "Z" for c in text),
        any("a" <= c < "z" for c in text),
        any(c == "x" or c == "y" for c in text),
    ]


def lines_of(names: list[str]) -> str:
    out = ""
    for name in names:
        out += f"- {name}\n"
        out += f"{name}{len(name)}\n"
        out += f"{name}{name.upper()}" + "\n"
    return out


def most(pairs: dict[str, int], n: int) -> list[str]:
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    out = [word for word, _ in ranked[: abs(n) % 4]]
    for word, count in ranked[1:]:
        out.append(word + str(count))
    return out + ["-".join([word, word]) for word, _ in ranked]


def place_above(xs: list[int], limit: int) -> int:
    for i, x in enumerate(xs):
        if x > limit:
            return i
    return -1


def counted_at_first(rows: list[list[int]], n: int) -> list[int]:
    out: list[int] = []
    for row in rows:
        for i, x in enumerate(row):
            if x % 2 == n % 2 and x > 0:
                out.append(row[i] + i)
                return out
        out.append(len(row))
    return out


def counted_down(n: int, m: int) -> list[int]:
    out = [0] * (n % 7 + 2)
    for i in range(n % 7, m - 1, -1):
        if 0 <= i < len(out) and m > -50:
            out[i] += i
        if m <= -50:
            break
    for i in range(n % 5 - 1, -1, -1):
        out.append(i)
    for i in range(len(out) - 1, m % 3 - 1, -2):
        out.append(i)
    for i in range(3 - 1, -1, -1):
        out.append(i)
    return out + [i for i in range(m % 4, 0, -1)] + [i for i in range(9, 5, -3)]


def rooms(weights: list[int], capacity: int) -> list[int]:
    best = [0] * (capacity % 50 + 1)
    limit = capacity % 50
    for weight in weights:
        for room in range(limit, abs(weight) - 1, -1):
            best[room] = max(best[room], best[room - abs(weight)] + weight)
    return best


def joined_by_key(lines: list[str]) -> dict[str, str]:
    out: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        if key in out:
            out[key] += ", " + value
        else:
            out[key] = value.strip()
    return out


def grown_by_key(lines: list[str]) -> dict[str, str]:
    out: dict[str, str] = {}
    for line in lines:
        key = line.lower()[:1]
        value = line + "!"
        if key not in out:
            out[key] = value
        else:
            out[key] += value
    return out


def summed_by_key(lines: list[str]) -> dict[str, int]:
    out: dict[str, int] = {}
    for line in lines:
        key = line.upper()
        if key in out:
            out[key] += 2
        else:
            out[key] = len(lines)
    return out


SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def duration(text: str) -> int:
    total = 0
    number = 0
    digits = 0
    for ch in text:
        if "0" <= ch <= "9":
            number = number * 10 % 1000003 + ord(ch) - ord("0")
            digits += 1
            continue
        if ch not in SECONDS or digits == 0:
            raise ValueError(f"not a duration: {text}")
        total += number * SECONDS[ch]
        number = 0
        digits = 0
    return total


def letters_counted(text: str) -> list[int]:
    out = [0, 0, 0, 0]
    for ch in text:
        if ch == "a":
            out[0] += 1
        elif ch > "z":
            out[1] += 1
    for ch in reversed(text):
        if ch == " ":
            continue
        if ch < "0" or ch > "9":
            break
        out[2] += int(ch)
    for ch in reversed(text):
        if ch not in SECONDS:
            out[3] += 1
    return out


def lengths_of_words(text: str) -> list[int]:
    found: list[int] = []
    word = 0
    for ch in text:
        if ch == " ":
            found.append(word)
            word = 0
        elif "a" <= ch <= "z":
            word += 1
    found.append(word)
    return found


def address(parts: list[str]) -> int:
    value = 0
    for part in parts:
        if not part.isdigit() or int(part) > 255 or int(part) == 7:
            raise ValueError(f"not a byte: {part}")
        value = value * 256 % 65536 + int(part)
    return value


def closed(text: str) -> bool:
    pairs = {")": "(", "]": "[", "é": "è"}
    stack: list[str] = []
    for ch in text:
        if ch in "([è":
            stack.append(ch)
        elif ch in pairs and (not stack or stack.pop() != pairs[ch]):
            return False
    return not stack


def halved_outside(n: int, text: str, x: float) -> list[int]:
    out: list[int] = []
    rest = abs(n) % 1000
    while rest > 0:
        out.append(rest % 10)
        rest = rest // 10
    rest = len(text)
    rest = rest % 3
    count = n
    count = count // 2
    if n < -3 or n > 40:
        out.append(1)
    if n > 7 or n < 2 or x > 1.5:
        out.append(2)
    if x < 0.5 or x > 2.5:
        out.append(3)
    for ch in text:
        if ch < "a" or ch > "z":
            out.append(4)
        if not (ch < "0" or ch > "9"):
            out.append(5)
    return [*out, rest, count]
