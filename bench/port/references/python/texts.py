"""Names, lines and templates: what services do with texts."""


def slugify(title: str) -> str:
    """A title as a part of an address."""
    parts: list[str] = []
    dashed = True
    for ch in title.lower():
        if "a" <= ch <= "z" or "0" <= ch <= "9":
            parts.append(ch)
            dashed = False
        elif not dashed:
            parts.append("-")
            dashed = True
    return "".join(parts).rstrip("-")


def wrap_words(text: str, width: int) -> list[str]:
    """Lines of words that are no longer than a width where the words allow it."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line == "":
            line = word
        elif len(line) + 1 + len(word) <= width:
            line += " " + word
        else:
            lines.append(line)
            line = word
    if line:
        lines.append(line)
    return lines


def render_template(template: str, values: dict[str, str]) -> str:
    """A template with each {name} replaced; unknown names stay."""
    out: list[str] = []
    position = 0
    while True:
        start = template.find("{", position)
        if start < 0:
            break
        end = template.find("}", start)
        if end < 0:
            break
        out.append(template[position:start])
        name = template[start + 1 : end]
        out.append(values.get(name, template[start : end + 1]))
        position = end + 1
    out.append(template[position:])
    return "".join(out)


def mask_digits(text: str, visible: int) -> str:
    """A text whose digits are stars, but for the last ones."""
    digits = sum(1 for ch in text if ch.isdigit())
    seen = 0
    masked = ""
    for ch in text:
        if ch.isdigit():
            seen += 1
            masked += ch if seen > digits - visible else "*"
        else:
            masked += ch
    return masked


def snake_to_camel(name: str) -> str:
    """retry_after as retryAfter."""
    words = name.split("_")
    return words[0] + "".join(word.capitalize() for word in words[1:])


def camel_to_snake(name: str) -> str:
    """retryAfter as retry_after."""
    out = ""
    for i, ch in enumerate(name):
        if ch.isupper():
            if i > 0:
                out += "_"
            out += ch.lower()
        else:
            out += ch
    return out


def caesar(text: str, shift: int) -> str:
    """Each letter of the alphabet shifted."""
    out: list[str] = []
    for ch in text:
        if "a" <= ch <= "z":
            out.append(chr((ord(ch) - ord("a") + shift) % 26 + ord("a")))
        elif "A" <= ch <= "Z":
            out.append(chr((ord(ch) - ord("A") + shift) % 26 + ord("A")))
        else:
            out.append(ch)
    return "".join(out)


def is_palindrome(text: str) -> bool:
    """Whether letters and digits read the same from both ends."""
    cleaned = [ch for ch in text.lower() if ch.isalnum()]
    return cleaned == cleaned[::-1]


def run_length_encode(text: str) -> str:
    """Each run of a character as its length and the character."""
    if not text:
        return ""
    out: list[str] = []
    previous = text[0]
    count = 0
    for ch in text:
        if ch == previous:
            count += 1
        else:
            out.append(f"{count}{previous}")
            previous = ch
            count = 1
    out.append(f"{count}{previous}")
    return "".join(out)


def shorten(text: str, width: int) -> str:
    """A text with dots in its middle where it is too long."""
    if len(text) <= width:
        return text
    kept = width - 3
    left = (kept + 1) // 2
    right = kept - left
    return text[:left] + "..." + text[len(text) - right :]


def initials(names: list[str]) -> list[str]:
    """The first letters of the words of each name, in capitals."""
    return ["".join(word[0].upper() for word in name.split()) for name in names]


def strip_comments(lines: list[str]) -> list[str]:
    """Lines without comments, and without those that are then empty."""
    kept: list[str] = []
    for line in lines:
        code = line.split("#", 1)[0].rstrip()
        if code:
            kept.append(code)
    return kept


def escape_html(text: str) -> str:
    """A text that can stand in a page."""
    out: list[str] = []
    for ch in text:
        if ch == "&":
            out.append("&amp;")
        elif ch == "<":
            out.append("&lt;")
        elif ch == ">":
            out.append("&gt;")
        elif ch == '"':
            out.append("&quot;")
        else:
            out.append(ch)
    return "".join(out)


def align(rows: list[list[str]]) -> list[str]:
    """Rows of cells as lines whose columns stand below each other."""
    widths: list[int] = []
    for row in rows:
        for i, cell in enumerate(row):
            if i == len(widths):
                widths.append(0)
            widths[i] = max(widths[i], len(cell))
    return ["  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip() for row in rows]
