"""Rust's words and literals, and which of its methods and signs stand for which operation."""

# ruff: noqa: E501 - tables read best with a row on one line.
from __future__ import annotations

KEYWORDS = frozenset(
    [
        "as",
        "async",
        "await",
        "break",
        "const",
        "continue",
        "crate",
        "dyn",
        "else",
        "enum",
        "extern",
        "false",
        "fn",
        "for",
        "gen",
        "if",
        "impl",
        "in",
        "let",
        "loop",
        "match",
        "mod",
        "move",
        "mut",
        "pub",
        "ref",
        "return",
        "self",
        "static",
        "struct",
        "super",
        "trait",
        "true",
        "type",
        "union",
        "unsafe",
        "use",
        "where",
        "while",
        "yield",
        "abstract",
        "become",
        "box",
        "do",
        "final",
        "macro",
        "override",
        "priv",
        "try",
        "typeof",
        "unsized",
        "virtual",
    ]
)
# Types that ports name without a path: a type of the module would hide them.
TYPES = frozenset(
    [
        "Arc",
        "Box",
        "BTreeSet",
        "Duration",
        "Error",
        "HashMap",
        "HashSet",
        "IndexMap",
        "LazyLock",
        "Mutex",
        "Option",
        "Regex",
        "Result",
        "Self",
        "String",
        "Vec",
    ]
)
PRIMARY, UNARY, CAST, MUL, ADD, SHIFT, BAND, XOR, BOR, COMPARE, AND, OR, LOWEST = range(13, 0, -1)
COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
INFIX = {
    "int.add": ("+", ADD), "int.sub": ("-", ADD), "int.mul": ("*", MUL), "float.add": ("+", ADD), "float.sub": ("-", ADD),
    "float.mul": ("*", MUL), "int.bor": ("|", BOR), "int.band": ("&", BAND), "int.xor": ("^", XOR), "bool.or": ("|", BOR),
    "bool.and": ("&", BAND), "float.quotient": ("/", MUL),
}  # fmt: skip
METHODS = {  # operation -> method of the value itself
    "int.abs": "abs()", "float.abs": "abs()", "math.fabs": "abs()",
    "char.isalpha": "is_alphabetic()", "char.isspace": "is_whitespace()", "char.isupper": "is_uppercase()", "char.islower": "is_lowercase()",
    "char.isalnum": "is_alphanumeric()", "str.upper": "to_uppercase()", "str.lower": "to_lowercase()", "math.sqrt": "sqrt()", "math.sin": "sin()",
    "math.cos": "cos()", "math.tan": "tan()", "math.exp": "exp()", "math.log": "ln()", "math.log2": "log2()", "math.log10": "log10()",
    "math.atan": "atan()", "int.to_str": "to_string()", "str.reversed": "chars().rev().collect::<String>()",
}  # fmt: skip
# operation -> helper called with borrowed arguments
HELPED = {
    "str.isdigit": "all_chars", "str.isalpha": "all_chars", "str.isalnum": "all_chars", "str.isspace": "all_chars",
    "str.isupper": "is_upper", "str.islower": "is_lower", "str.capitalize": "capitalize", "str.title": "title_case",
    "str.swapcase": "swap_case", "str.splitlines": "split_lines",
}  # fmt: skip
# float to integer: how to round before
WHOLE = {
    "float.floor": "floor",
    "float.ceil": "ceil",
    "float.round": "round_ties_even",
    "float.trunc": "trunc",
    "float.to_int": "trunc",
}
CHAR_TESTS = {
    "str.isdigit": "|c| c.is_ascii_digit()", "str.isalpha": "char::is_alphabetic", "str.isalnum": "char::is_alphanumeric",
    "str.isspace": "char::is_whitespace",
}  # fmt: skip


def documented(text: str) -> list[str]:
    """The lines of a doc comment; examples and indented parts are text, which Rust would otherwise compile and run."""
    out: list[str] = []
    fenced, before = False, ""
    for line in text.splitlines():
        shown = line.strip()
        code = shown.startswith(">>>") or (line.startswith("    ") and not before)
        if not fenced and shown and code:
            out.append("/// ```text")
            fenced = True
        elif fenced and not shown:
            out.append("/// ```")
            fenced = False
        out.append(f"/// {line}".rstrip())
        before = shown
    return [*out, "/// ```"] if fenced else out


def rust_string(text: str) -> str:
    """A Rust string literal."""
    special = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return (
        '"' + "".join(special.get(c) or (c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in text) + '"'
    )


def rust_char(c: str) -> str:
    """A Rust character literal."""
    special = {"'": "\\'", "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    code = f"\\u{{{ord(c):x}}}"
    return f"'{special.get(c) or (c if c.isprintable() else code)}'"


def rust_float(v: float) -> str:
    """A Rust float literal."""
    text = repr(v)
    if text in ("inf", "-inf", "nan"):
        return {"inf": "f64::INFINITY", "-inf": "f64::NEG_INFINITY", "nan": "f64::NAN"}[text]
    return text if any(c in text for c in ".e") else f"{text}.0"
