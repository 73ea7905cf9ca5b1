"""Readers of the small notations that services meet: durations, sizes, headers, queries, log lines."""

SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
UNITS = {"B": 1, "KB": 1000, "MB": 1000000, "GB": 1000000000, "KIB": 1024, "MIB": 1048576, "GIB": 1073741824}


def parse_duration(text: str) -> int:
    """Seconds of a text such as 1h30m15s."""
    total = 0
    number = 0
    digits = 0
    for ch in text:
        if "0" <= ch <= "9":
            number = number * 10 + ord(ch) - ord("0")
            digits += 1
            continue
        if ch not in SECONDS or digits == 0:
            raise ValueError(f"not a duration: {text}")
        total += number * SECONDS[ch]
        number = 0
        digits = 0
    if digits > 0:
        raise ValueError(f"no unit at the end: {text}")
    return total


def parse_size(text: str) -> int:
    """Bytes of a text such as 10 KiB or 5MB."""
    stripped = text.strip()
    end = 0
    while end < len(stripped) and stripped[end].isdigit():
        end += 1
    if end == 0:
        raise ValueError(f"not a size: {text}")
    unit = stripped[end:].strip().upper()
    if unit == "":
        unit = "B"
    if unit not in UNITS:
        raise ValueError(f"unknown unit: {unit}")
    return int(stripped[:end]) * UNITS[unit]


def parse_headers(lines: list[str]) -> dict[str, str]:
    """Header lines by their name in lower case; what is given again is joined with commas."""
    headers: dict[str, str] = {}
    for line in lines:
        name, separator, value = line.partition(":")
        if not separator:
            continue
        key = name.strip().lower()
        value = value.strip()
        if key in headers:
            headers[key] = headers[key] + ", " + value
        else:
            headers[key] = value
    return headers


def parse_query(query: str) -> dict[str, list[str]]:
    """The values of each field of a query string."""
    fields: dict[str, list[str]] = {}
    for part in query.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        fields.setdefault(name, []).append(value.replace("+", " "))
    return fields


def parse_ranges(header: str, size: int) -> list[tuple[int, int]]:
    """First and last positions of a Range header that lie within a size."""
    if not header.startswith("bytes="):
        raise ValueError("only ranges of bytes are known")
    ranges: list[tuple[int, int]] = []
    for part in header[6:].split(","):
        first, _, last = part.strip().partition("-")
        if first == "":
            start = max(0, size - int(last))
            end = size - 1
        else:
            start = int(first)
            end = size - 1 if last == "" else min(int(last), size - 1)
        if start <= end:
            ranges.append((start, end))
    return ranges


def parse_fields(line: str) -> dict[str, str]:
    """The fields of a log line such as level=info msg="it runs"."""
    fields: dict[str, str] = {}
    i = 0
    n = len(line)
    while i < n:
        while i < n and line[i] == " ":
            i += 1
        start = i
        while i < n and line[i] != "=" and line[i] != " ":
            i += 1
        key = line[start:i]
        if i >= n or line[i] == " ":
            if key:
                fields[key] = ""
            continue
        i += 1
        if i < n and line[i] == '"':
            i += 1
            start = i
            while i < n and line[i] != '"':
                i += 1
            fields[key] = line[start:i]
            i += 1
        else:
            start = i
            while i < n and line[i] != " ":
                i += 1
            fields[key] = line[start:i]
    return fields


def split_csv_line(line: str) -> list[str]:
    """The cells of a line of comma separated values; quotes are doubled inside of quotes."""
    cells: list[str] = []
    cell: list[str] = []
    quoted = False
    i = 0
    while i < len(line):
        ch = line[i]
        if quoted:
            if ch == '"':
                if i + 1 < len(line) and line[i + 1] == '"':
                    cell.append('"')
                    i += 1
                else:
                    quoted = False
            else:
                cell.append(ch)
        elif ch == '"':
            quoted = True
        elif ch == ",":
            cells.append("".join(cell))
            cell = []
        else:
            cell.append(ch)
        i += 1
    cells.append("".join(cell))
    return cells


def tokenize(text: str) -> list[str]:
    """Numbers, names and operators of an expression."""
    tokens: list[str] = []
    current = ""
    for ch in text:
        if ch.isalnum() or ch == "_":
            current += ch
            continue
        if current:
            tokens.append(current)
            current = ""
        if not ch.isspace():
            tokens.append(ch)
    if current:
        tokens.append(current)
    return tokens


def count_statuses(lines: list[str]) -> dict[str, int]:
    """How many lines of an access log have each class of status; the status is the ninth word."""
    counts: dict[str, int] = {}
    for line in lines:
        words = line.split()
        if len(words) < 9:
            continue
        status = words[8][0] + "xx"
        counts[status] = counts.get(status, 0) + 1
    return counts


def expand_cron_field(field: str, low: int, high: int) -> list[int]:
    """The numbers that a field of a cron line stands for."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step_text = part.partition("/")
        step = int(step_text) if step_text else 1
        if span == "*":
            first, last = low, high
        elif "-" in span:
            bounds = span.split("-")
            first, last = int(bounds[0]), int(bounds[1])
        else:
            first = int(span)
            last = first
        for value in range(first, last + 1):
            if (value - first) % step == 0:
                found.add(value)
    return sorted(found)
