"""Operations of the representation as Python expressions, with the precedence that decides on parentheses."""

from __future__ import annotations

from collections.abc import Mapping

TERNARY, OR, AND, NOT, COMPARE, BOR, XOR, BAND, SHIFT, ADD, MUL, UNARY, POWER, PRIMARY = range(2, 16)
LOWEST = 1

COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

# operation -> (text with {n} for operands, precedence of the whole, precedence that each operand needs)
OPERATIONS: Mapping[str, tuple[str, int, tuple[int, ...]]] = {
    "int.add": ("{0} + {1}", ADD, (ADD, MUL)),
    "int.sub": ("{0} - {1}", ADD, (ADD, MUL)),
    "int.mul": ("{0} * {1}", MUL, (MUL, UNARY)),
    "int.floordiv": ("{0} // {1}", MUL, (MUL, UNARY)),
    "int.mod": ("{0} % {1}", MUL, (MUL, UNARY)),
    "int.pow": ("{0} ** {1}", POWER, (PRIMARY, UNARY)),
    "int.bor": ("{0} | {1}", BOR, (BOR, XOR)),
    "int.xor": ("{0} ^ {1}", XOR, (XOR, BAND)),
    "int.band": ("{0} & {1}", BAND, (BAND, SHIFT)),
    "int.shl": ("{0} << {1}", SHIFT, (SHIFT, ADD)),
    "int.shr": ("{0} >> {1}", SHIFT, (SHIFT, ADD)),
    "int.invert": ("~{0}", UNARY, (UNARY,)),
    "int.neg": ("-{0}", UNARY, (UNARY,)),
    "int.abs": ("abs({0})", PRIMARY, (LOWEST,)),
    "int.to_float": ("float({0})", PRIMARY, (LOWEST,)),
    "int.to_str": ("str({0})", PRIMARY, (LOWEST,)),
    "int.chr": ("chr({0})", PRIMARY, (LOWEST,)),
    "int.gcd": ("math.gcd({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "int.isqrt": ("math.isqrt({0})", PRIMARY, (LOWEST,)),
    "int.factorial": ("math.factorial({0})", PRIMARY, (LOWEST,)),
    "int.bin": ("bin({0})", PRIMARY, (LOWEST,)),
    "int.hex": ("hex({0})", PRIMARY, (LOWEST,)),
    "int.oct": ("oct({0})", PRIMARY, (LOWEST,)),
    "bool.or": ("{0} | {1}", BOR, (BOR, XOR)),
    "bool.and": ("{0} & {1}", BAND, (BAND, SHIFT)),
    "bool.to_int": ("int({0})", PRIMARY, (LOWEST,)),
    "bool.to_str": ("str({0})", PRIMARY, (LOWEST,)),
    "float.add": ("{0} + {1}", ADD, (ADD, MUL)),
    "float.sub": ("{0} - {1}", ADD, (ADD, MUL)),
    "float.mul": ("{0} * {1}", MUL, (MUL, UNARY)),
    "float.floordiv": ("{0} // {1}", MUL, (MUL, UNARY)),
    "float.mod": ("{0} % {1}", MUL, (MUL, UNARY)),
    "float.pow": ("{0} ** {1}", POWER, (PRIMARY, UNARY)),
    "float.neg": ("-{0}", UNARY, (UNARY,)),
    "float.abs": ("abs({0})", PRIMARY, (LOWEST,)),
    "float.to_int": ("int({0})", PRIMARY, (LOWEST,)),
    "float.trunc": ("math.trunc({0})", PRIMARY, (LOWEST,)),
    "float.floor": ("math.floor({0})", PRIMARY, (LOWEST,)),
    "float.ceil": ("math.ceil({0})", PRIMARY, (LOWEST,)),
    "float.round": ("round({0})", PRIMARY, (LOWEST,)),
    "float.round_to": ("round({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "float.round_away": ("round_half_away({0})", PRIMARY, (LOWEST,)),
    "float.to_str": ("str({0})", PRIMARY, (LOWEST,)),
    "float.to_plain": ("plain_number({0})", PRIMARY, (LOWEST,)),
    "float.ieee_div": ("float_quotient({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "float.quotient": ("float_quotient({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "str.to_symbol": ("{0}", PRIMARY, (PRIMARY,)),
    "math.pi": ("math.pi", PRIMARY, ()),
    "math.e": ("math.e", PRIMARY, ()),
    "math.inf": ("math.inf", PRIMARY, ()),
    "str.concat": ("{0} + {1}", ADD, (ADD, MUL)),
    "str.repeat": ("{0} * {1}", MUL, (MUL, UNARY)),
    "list.repeat": ("{0} * {1}", MUL, (MUL, UNARY)),
    "list.concat": ("{0} + {1}", ADD, (ADD, MUL)),
    "str.upper": ("{0}.upper()", PRIMARY, (PRIMARY,)),
    "str.lower": ("{0}.lower()", PRIMARY, (PRIMARY,)),
    "char.upper": ("{0}.upper()", PRIMARY, (PRIMARY,)),
    "char.lower": ("{0}.lower()", PRIMARY, (PRIMARY,)),
    "str.strip": ("{0}.strip()", PRIMARY, (PRIMARY,)),
    "str.lstrip": ("{0}.lstrip()", PRIMARY, (PRIMARY,)),
    "str.rstrip": ("{0}.rstrip()", PRIMARY, (PRIMARY,)),
    "str.strip_chars": ("{0}.strip({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.lstrip_chars": ("{0}.lstrip({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.rstrip_chars": ("{0}.rstrip({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.startswith": ("{0}.startswith({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.endswith": ("{0}.endswith({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.removeprefix": ("{0}.removeprefix({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.removesuffix": ("{0}.removesuffix({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.contains": ("{1} in {0}", COMPARE, (BOR, BOR)),
    "str.contains_char": ("{1} in {0}", COMPARE, (BOR, BOR)),
    "str.split_ws": ("{0}.split()", PRIMARY, (PRIMARY,)),
    "str.split": ("{0}.split({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.split_n": ("{0}.split({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "str.rsplit_n": ("{0}.rsplit({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "str.splitlines": ("{0}.splitlines()", PRIMARY, (PRIMARY,)),
    "str.join": ("{0}.join({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.replace": ("{0}.replace({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "str.replace_n": ("{0}.replace({1}, {2}, {3})", PRIMARY, (PRIMARY, LOWEST, LOWEST, LOWEST)),
    "str.find": ("{0}.find({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.rfind": ("{0}.rfind({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.find_or_raise": ("{0}.index({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.count": ("{0}.count({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.partition": ("{0}.partition({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.rpartition": ("{0}.rpartition({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.ljust": ("{0}.ljust({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.rjust": ("{0}.rjust({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.ljust_char": ("{0}.ljust({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "str.rjust_char": ("{0}.rjust({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "str.zfill": ("{0}.zfill({1})", PRIMARY, (PRIMARY, LOWEST)),
    "str.title": ("{0}.title()", PRIMARY, (PRIMARY,)),
    "str.capitalize": ("{0}.capitalize()", PRIMARY, (PRIMARY,)),
    "str.swapcase": ("{0}.swapcase()", PRIMARY, (PRIMARY,)),
    "str.isdigit": ("{0}.isdecimal()", PRIMARY, (PRIMARY,)),
    "str.isalpha": ("{0}.isalpha()", PRIMARY, (PRIMARY,)),
    "str.isalnum": ("{0}.isalnum()", PRIMARY, (PRIMARY,)),
    "str.isspace": ("{0}.isspace()", PRIMARY, (PRIMARY,)),
    "str.isupper": ("{0}.isupper()", PRIMARY, (PRIMARY,)),
    "str.islower": ("{0}.islower()", PRIMARY, (PRIMARY,)),
    "char.isdigit": ("{0}.isdecimal()", PRIMARY, (PRIMARY,)),
    "char.isalpha": ("{0}.isalpha()", PRIMARY, (PRIMARY,)),
    "char.isalnum": ("{0}.isalnum()", PRIMARY, (PRIMARY,)),
    "char.isspace": ("{0}.isspace()", PRIMARY, (PRIMARY,)),
    "char.isupper": ("{0}.isupper()", PRIMARY, (PRIMARY,)),
    "char.islower": ("{0}.islower()", PRIMARY, (PRIMARY,)),
    "str.encode": ("{0}.encode()", PRIMARY, (PRIMARY,)),
    "str.ord": ("ord({0})", PRIMARY, (LOWEST,)),
    "str.ord_first": ("ord({0}[0])", PRIMARY, (PRIMARY,)),
    "str.to_int": ("int({0})", PRIMARY, (LOWEST,)),
    "str.to_int_base": ("int({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "str.to_float": ("float({0})", PRIMARY, (LOWEST,)),
    "str.parse_int": ("parse_int({0})", PRIMARY, (LOWEST,)),
    "str.parse_float": ("parse_float({0})", PRIMARY, (LOWEST,)),
    "str.reversed": ("{0}[::-1]", PRIMARY, (PRIMARY,)),
    "str.byte_len": ("len({0}.encode())", PRIMARY, (PRIMARY,)),
    "str.byte_at": ("byte_at({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "str.byte_slice": ("byte_slice({0}, {1}, {2})", PRIMARY, (LOWEST, LOWEST, LOWEST)),
    "str.byte_find": ("{0}.encode().find({1}.encode())", PRIMARY, (PRIMARY, PRIMARY)),
    "str.byte_rfind": ("{0}.encode().rfind({1}.encode())", PRIMARY, (PRIMARY, PRIMARY)),
    "list.reversed": ("{0}[::-1]", PRIMARY, (PRIMARY,)),
    "reversed": ("reversed({0})", PRIMARY, (LOWEST,)),
    "len": ("len({0})", PRIMARY, (LOWEST,)),
    "is_none": ("{0} is None", COMPARE, (BOR,)),
    "is_some": ("{0} is not None", COMPARE, (BOR,)),
    "list.copy": ("{0}.copy()", PRIMARY, (PRIMARY,)),
    "dict.copy": ("{0}.copy()", PRIMARY, (PRIMARY,)),
    "set.copy": ("{0}.copy()", PRIMARY, (PRIMARY,)),
    "list.contains": ("{1} in {0}", COMPARE, (BOR, BOR)),
    "set.contains": ("{1} in {0}", COMPARE, (BOR, BOR)),
    "dict.contains": ("{1} in {0}", COMPARE, (BOR, BOR)),
    "list.count": ("{0}.count({1})", PRIMARY, (PRIMARY, LOWEST)),
    "list.append": ("{0}.append({1})", PRIMARY, (PRIMARY, LOWEST)),
    "list.extend": ("{0}.extend({1})", PRIMARY, (PRIMARY, LOWEST)),
    "list.insert": ("{0}.insert({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "list.clear": ("{0}.clear()", PRIMARY, (PRIMARY,)),
    "list.reverse": ("{0}.reverse()", PRIMARY, (PRIMARY,)),
    "list.remove": ("{0}.remove({1})", PRIMARY, (PRIMARY, LOWEST)),
    "list.pop": ("{0}.pop()", PRIMARY, (PRIMARY,)),
    "list.find_or_raise": ("{0}.index({1})", PRIMARY, (PRIMARY, LOWEST)),
    "tuple.to_list": ("list({0})", PRIMARY, (LOWEST,)),
    "dict.get": ("{0}.get({1})", PRIMARY, (PRIMARY, LOWEST)),
    "dict.get_or": ("{0}.get({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "dict.pop": ("{0}.pop({1})", PRIMARY, (PRIMARY, LOWEST)),
    "dict.pop_or": ("{0}.pop({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "dict.pop_optional": ("{0}.pop({1}, None)", PRIMARY, (PRIMARY, LOWEST)),
    "dict.setdefault": ("{0}.setdefault({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "dict.update": ("{0}.update({1})", PRIMARY, (PRIMARY, LOWEST)),
    "dict.clear": ("{0}.clear()", PRIMARY, (PRIMARY,)),
    "dict.keys": ("{0}.keys()", PRIMARY, (PRIMARY,)),
    "dict.values": ("{0}.values()", PRIMARY, (PRIMARY,)),
    "dict.items": ("{0}.items()", PRIMARY, (PRIMARY,)),
    "set.add": ("{0}.add({1})", PRIMARY, (PRIMARY, LOWEST)),
    "set.discard": ("{0}.discard({1})", PRIMARY, (PRIMARY, LOWEST)),
    "set.remove": ("{0}.remove({1})", PRIMARY, (PRIMARY, LOWEST)),
    "set.update": ("{0}.update({1})", PRIMARY, (PRIMARY, LOWEST)),
    "set.clear": ("{0}.clear()", PRIMARY, (PRIMARY,)),
    "set.union": ("{0} | {1}", BOR, (BOR, XOR)),
    "dict.union": ("{0} | {1}", BOR, (BOR, XOR)),
    "set.intersection": ("{0} & {1}", BAND, (BAND, SHIFT)),
    "set.difference": ("{0} - {1}", ADD, (ADD, MUL)),
    "set.symmetric_difference": ("{0} ^ {1}", XOR, (XOR, BAND)),
    "set.issubset": ("{0} <= {1}", COMPARE, (BOR, BOR)),
    "set.isdisjoint": ("{0}.isdisjoint({1})", PRIMARY, (PRIMARY, LOWEST)),
    "error.message": ("str({0})", PRIMARY, (LOWEST,)),
    "error.as": ("{0}", PRIMARY, (PRIMARY,)),
    "error.with_message": ("with_message({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "error.http_status": ("{0}.status", PRIMARY, (PRIMARY,)),
    "error.exit_code": ("({0}.exit_code or 0)", PRIMARY, (PRIMARY,)),
    "error.stdout": ("{0}.stdout", PRIMARY, (PRIMARY,)),
    "error.stderr": ("{0}.stderr", PRIMARY, (PRIMARY,)),
    "error.attempts": ("{0}.attempts", PRIMARY, (PRIMARY,)),
    "error.cause": ("{0}.cause", PRIMARY, (PRIMARY,)),
    "error.retry_after": ("{0}.retry_after", PRIMARY, (PRIMARY,)),
    "error.circuit_name": ("{0}.name", PRIMARY, (PRIMARY,)),
    "count_each": ("Counter({0})", PRIMARY, (LOWEST,)),
    "json.dumps": ("json.dumps({0})", PRIMARY, (LOWEST,)),
    "json.parse": ("json.loads({0})", PRIMARY, (LOWEST,)),
    "json.generate": ('json.dumps({0}, separators=(",", ":"), ensure_ascii=False)', PRIMARY, (LOWEST,)),
    "json.of": ("{0}", PRIMARY, (PRIMARY,)),
    "json.has": ("{1} in {0}", COMPARE, (BOR, BOR)),
    "json.integer": ("{0}", PRIMARY, (PRIMARY,)),
    "json.boolean": ("{0}", PRIMARY, (PRIMARY,)),
    "json.members": ("{0}", PRIMARY, (PRIMARY,)),
    "json.present": ("is_present({0})", PRIMARY, (LOWEST,)),
    "json.field": ("{0}[{1}]", PRIMARY, (PRIMARY, LOWEST)),
    "json.item": ("{0}[{1}]", PRIMARY, (PRIMARY, LOWEST)),
    "json.get_or": ("{0}.get({1}, {2})", PRIMARY, (PRIMARY, LOWEST, LOWEST)),
    "json.items": ("{0}", PRIMARY, (PRIMARY,)),
    "json.truthy": ("bool({0})", PRIMARY, (LOWEST,)),
    "json.number": ("{0}", PRIMARY, (PRIMARY,)),
    "json.text": ("{0}", PRIMARY, (PRIMARY,)),
    "json.to_int": ("int({0})", PRIMARY, (LOWEST,)),
    "json.to_text": ("str({0})", PRIMARY, (LOWEST,)),
    "env.get": ("os.environ.get({0})", PRIMARY, (LOWEST,)),
    "env.get_or": ("os.environ.get({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "sleep": ("time.sleep({0})", PRIMARY, (LOWEST,)),
    "path.join": ("str(Path({0}) / {1})", PRIMARY, (LOWEST, UNARY)),
    "file.read_text": ("Path({0}).read_text(encoding=\"utf-8\")", PRIMARY, (LOWEST,)),
    "file.exists": ("Path({0}).exists()", PRIMARY, (LOWEST,)),
    "file.remove": ("Path({0}).unlink()", PRIMARY, (LOWEST,)),
    "file.discard": ("Path({0}).unlink(missing_ok=True)", PRIMARY, (LOWEST,)),
    "file.is_file": ("Path({0}).is_file()", PRIMARY, (LOWEST,)),
    "file.is_dir": ("Path({0}).is_dir()", PRIMARY, (LOWEST,)),
    "file.make_folders": ("os.makedirs({0}, exist_ok=True)", PRIMARY, (LOWEST,)),
    "file.write_text": ("Path({0}).write_text({1}, encoding=\"utf-8\")", PRIMARY, (LOWEST, LOWEST)),
    "file.is_link": ("os.path.islink({0})", PRIMARY, (LOWEST,)),
    "file.list": ("sorted(os.listdir({0}))", PRIMARY, (LOWEST,)),
    "file.make_folder": ("os.mkdir({0})", PRIMARY, (LOWEST,)),
    "file.rename": ("os.replace({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "file.copy": ("shutil.copy({0}, {1})", PRIMARY, (LOWEST, LOWEST)),
    "file.remove_tree": ("shutil.rmtree({0})", PRIMARY, (LOWEST,)),
    "file.size": ("os.path.getsize({0})", PRIMARY, (LOWEST,)),
    "path.which": ("shutil.which({0})", PRIMARY, (LOWEST,)),
    "platform.system": ("platform.system()", PRIMARY, ()),
    "path.cwd": ("os.getcwd()", PRIMARY, ()),
    "path.home": ("str(Path.home())", PRIMARY, ()),
    "print": ("print({0})", PRIMARY, (LOWEST,)),
    "print.error": ("print({0}, file=sys.stderr)", PRIMARY, (LOWEST,)),
    "print.part": ("print({0}, end=\"\")", PRIMARY, (LOWEST,)),
}  # fmt: skip

# Operations that only say what a JSON value is.
JSON_AS_IT_IS = frozenset(
    {"json.of", "json.items", "json.members", "json.number", "json.integer", "json.boolean", "json.text"}
)
# How a JSON value of a kind is told from others.
JSON_KINDS: Mapping[str, str] = {
    "null": "{} is None", "boolean": "isinstance({}, bool)", "integer": "type({}) is int", "float": "type({}) is float",
    "number": "type({}) in (int, float)", "string": "isinstance({}, str)", "list": "isinstance({}, list)",
    "object": "isinstance({}, dict)",
}  # fmt: skip

# What the text of an operation needs: an import line, or the name of a helper below.
NEEDS: Mapping[str, str] = {
    "math.": "import math", "Counter(": "from collections import Counter", "os.environ": "import os",
    "os.getcwd": "import os", "os.makedirs": "import os", "os.listdir": "import os", "os.mkdir": "import os",
    "os.replace": "import os", "os.path": "import os", "shutil.": "import shutil", "platform.": "import platform",
    "sys.stderr": "import sys",
    "json.dumps": "import json", "json.loads": "import json", "time.sleep": "import time",
    "Path(": "from pathlib import Path",
}  # fmt: skip

HELPERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "truncated_quotient": ((), '''
def truncated_quotient(a: int, b: int) -> int:
    """The quotient rounded toward zero."""
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient
'''),
    "truncated_remainder": ((), '''
def truncated_remainder(a: int, b: int) -> int:
    """The remainder that has the sign of the dividend."""
    remainder = abs(a) % abs(b)
    return -remainder if a < 0 else remainder
'''),
    "round_half_away": (("import math",), '''
def round_half_away(x: float) -> int:
    """The nearest integer; a half is rounded away from zero."""
    whole = math.trunc(x)
    if abs(x - whole) < 0.5:
        return whole
    return whole + (1 if x > 0 else -1)
'''),
    "item_at": (("from collections.abc import Sequence", "from typing import TypeVar"), '''
T = TypeVar("T")


def item_at(items: Sequence[T], index: int) -> T:
    """The item at an index, which must not be below zero."""
    if index < 0:
        raise IndexError(f"index {index} is below zero")
    return items[index]
'''),
    "is_present": ((), '''
def is_present(value: object) -> bool:
    """Whether a value is neither None nor False."""
    return value is not None and value is not False
'''),
    "position": ((), '''
def position(index: int) -> int:
    """The index, which must not be below zero."""
    if index < 0:
        raise IndexError(f"index {index} is below zero")
    return index
'''),
    "part_of": (("from typing import TypeVar",), '''
S = TypeVar("S", str, list, bytes)


def part_of(items: S, low: int | None, high: int | None) -> S:
    """The items from `low` to before `high`, which must lie inside."""
    start, stop = 0 if low is None else low, len(items) if high is None else high
    if not 0 <= start <= stop <= len(items):
        raise IndexError(f"slice [{start}:{stop}] of {len(items)} items")
    return items[start:stop]
'''),
    "float_quotient": (("import math",), '''
def float_quotient(a: float, b: float) -> float:
    """The quotient as IEEE 754 has it: infinite or not a number for a divisor of zero."""
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)
'''),
    "parse_int": (("import re",), '''
def parse_int(text: str, low: int = -(2**63), high: int = 2**63 - 1) -> int:
    """An optional sign and ASCII digits, a number from `low` to `high`; ValueError for anything else."""
    if re.fullmatch(r"[+-]?[0-9]+", text) is None or not low <= int(text) <= high:
        raise ValueError(f"not an integer: {text!r}")
    return int(text)
'''),
    "plain_number": (("import math", "from decimal import Decimal"), '''
def plain_number(x: float) -> str:
    """The shortest digits that read back as the number, without an exponent and without a bare `.0`."""
    if not math.isfinite(x):
        return "NaN" if math.isnan(x) else "inf" if x > 0 else "-inf"
    return format(Decimal(repr(x)), "f").removesuffix(".0")
'''),
    "parse_float": ((), '''
def parse_float(text: str) -> float:
    """A number without blanks and underscores; ValueError for anything else."""
    if "_" in text or text != text.strip() or not text.isascii():
        raise ValueError(f"not a number: {text!r}")
    return float(text)
'''),
    "byte_at": ((), '''
def byte_at(text: str, index: int) -> int:
    """The byte at an index of the text in UTF-8."""
    if index < 0:
        raise IndexError(f"index {index} is below zero")
    return text.encode()[index]
'''),
    "byte_slice": ((), '''
def byte_slice(text: str, low: int | None, high: int | None) -> str:
    """The text between two positions in its UTF-8 bytes, which must lie inside and between characters."""
    data = text.encode()
    start, stop = 0 if low is None else low, len(data) if high is None else high
    if not 0 <= start <= stop <= len(data):
        raise IndexError(f"slice [{start}:{stop}] of {len(data)} bytes")
    return data[start:stop].decode()
'''),
    "with_message": (("from typing import TypeVar",), '''
E = TypeVar("E", bound=BaseException)


def with_message(error: E, message: str) -> E:
    """The same error, class and fields, under another message."""
    made = error.__class__.__new__(error.__class__)
    made.__dict__.update(error.__dict__)
    made.args = (message,)
    made.__cause__ = error
    return made
'''),
}  # fmt: skip
