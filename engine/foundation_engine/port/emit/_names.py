"""Names and documentation in the conventions of the target languages."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_INITIALISMS = frozenset(
    [
        "api",
        "ascii",
        "cpu",
        "css",
        "dns",
        "eof",
        "guid",
        "html",
        "http",
        "https",
        "id",
        "ip",
        "json",
        "os",
        "qps",
        "ram",
        "rpc",
        "sku",
        "sla",
        "smtp",
        "sql",
        "ssh",
        "tcp",
        "tls",
        "ttl",
        "udp",
        "ui",
        "uid",
        "uri",
        "url",
        "utf8",
        "uuid",
        "vm",
        "xml",
        "xsrf",
        "xss",
    ]
)
_VERBS = frozenset(
    [
        "accept",
        "add",
        "append",
        "apply",
        "ask",
        "assert",
        "attach",
        "authenticate",
        "begin",
        "bind",
        "build",
        "bump",
        "cache",
        "calculate",
        "call",
        "cancel",
        "chain",
        "charge",
        "check",
        "choose",
        "chunk",
        "clamp",
        "clean",
        "clear",
        "close",
        "collapse",
        "collect",
        "combine",
        "compare",
        "compute",
        "connect",
        "convert",
        "copy",
        "count",
        "create",
        "decide",
        "decode",
        "decrement",
        "deduplicate",
        "delete",
        "deliver",
        "describe",
        "detect",
        "determine",
        "dispatch",
        "divide",
        "download",
        "drain",
        "drop",
        "emit",
        "encode",
        "ensure",
        "enqueue",
        "escape",
        "estimate",
        "evaluate",
        "execute",
        "expand",
        "extract",
        "fetch",
        "filter",
        "find",
        "finish",
        "fire",
        "flatten",
        "flush",
        "follow",
        "format",
        "generate",
        "get",
        "give",
        "group",
        "guess",
        "handle",
        "hash",
        "identify",
        "implement",
        "import",
        "increment",
        "insert",
        "inspect",
        "interpolate",
        "invert",
        "issue",
        "join",
        "keep",
        "launch",
        "limit",
        "list",
        "load",
        "log",
        "look",
        "lookup",
        "make",
        "map",
        "mark",
        "match",
        "measure",
        "merge",
        "move",
        "multiply",
        "normalise",
        "normalize",
        "notify",
        "number",
        "open",
        "order",
        "pack",
        "pad",
        "parse",
        "partition",
        "pause",
        "perform",
        "pick",
        "place",
        "poll",
        "pop",
        "post",
        "predict",
        "prepare",
        "print",
        "process",
        "produce",
        "publish",
        "pull",
        "push",
        "put",
        "query",
        "raise",
        "rank",
        "read",
        "rebuild",
        "receive",
        "recompute",
        "record",
        "redact",
        "reduce",
        "refresh",
        "refund",
        "register",
        "reject",
        "release",
        "reload",
        "remove",
        "rename",
        "render",
        "repeat",
        "replace",
        "report",
        "request",
        "reserve",
        "reset",
        "resolve",
        "restart",
        "restore",
        "resume",
        "retry",
        "return",
        "reverse",
        "rotate",
        "round",
        "run",
        "sanitise",
        "sanitize",
        "save",
        "scale",
        "scan",
        "schedule",
        "score",
        "search",
        "select",
        "send",
        "serialise",
        "serialize",
        "set",
        "shift",
        "shorten",
        "show",
        "skip",
        "sleep",
        "slugify",
        "sort",
        "split",
        "start",
        "stop",
        "store",
        "strip",
        "submit",
        "subscribe",
        "sum",
        "summarise",
        "summarize",
        "swap",
        "sync",
        "take",
        "tell",
        "tokenise",
        "tokenize",
        "total",
        "trim",
        "truncate",
        "try",
        "turn",
        "unpack",
        "update",
        "upload",
        "validate",
        "verify",
        "visit",
        "wait",
        "walk",
        "warm",
        "weigh",
        "wrap",
        "write",
        "yield",
    ]
)

_FINITE = re.compile(
    r"\b(has|have|is|are|was|were|does|do|did|can|cannot|must|will|should|may|gives|takes|needs|says|holds|had"
    # A word in -ed may end a sentence ("the gateway answered") or describe ("a list sorted by name").
    r"|\w+[^s]s (?:a|an|the|its|it|them|no|each|every|all)|\w+ed|failed|lost|went|came|sent|found|ran|got|kept|left)\b"
)
# Words that are verbs before one of these and may be adjectives or nouns elsewhere ("Open amounts by country").
_AMBIGUOUS = frozenset(["clean", "clear", "close", "issue", "limit", "open", "order"])
_FURTHER = re.compile(r"((?:\band|\bor|\bthen|;)(?: then)?) ([a-z]+) (\w+)")
_OBJECT = re.compile(
    r"(a|an|the|all|any|each|every|this|that|these|those|its|one|two|it|them|both|how|what|where|which|whether|if"
    r"|true|false|none|up|down|in|on|off|out|for|from|to|into|only|again|without|with|[`'\"\d].*)\b",
    re.IGNORECASE,
)


# A plural of initials (SKUs), initials before a word (HTTPStatus), a word, initials at the end.
_WORD = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*")


# What Python's special methods are called elsewhere.
_SPECIAL: Mapping[str, tuple[str, ...]] = {
    "__lt__": ("less", "than"),
    "__contains__": ("contains",),
    "__len__": ("len",),
    "__eq__": ("equals",),
    "__add__": ("plus",),
    "__sub__": ("minus",),
    "__mul__": ("times",),
    "__truediv__": ("divided", "by"),
    "__neg__": ("negated",),
    "__getitem__": ("item",),
    "__setitem__": ("set", "item"),
    "__delitem__": ("delete", "item"),
    "__iter__": ("items",),
    "__bool__": ("is", "truthy"),
    "__call__": ("call",),
}


def is_special(name: str) -> bool:
    """True for the name of a special method of Python."""
    return name.startswith("__") and name.endswith("__")


def is_hidden(name: str) -> bool:
    """True for a name that says it is private by a leading underscore, as special methods do not."""
    return name.startswith("_") and not is_special(name)


def words(name: str) -> list[str]:
    """The lower-case words of an identifier in any convention."""
    if name in _SPECIAL:
        return [*_SPECIAL[name]]
    out: list[str] = []
    for part in name.strip("_").split("_"):
        out.extend(w.lower() for w in _WORD.findall(part))
    if out and out[0][0].isdigit():
        out[0] = f"n{out[0]}"
    return out or ["value"]


def pascal(name: str, initialisms: bool = True) -> str:
    """`order_id` as `OrderID` (`OrderId` without initialisms)."""
    return "".join(
        w.upper() if initialisms and w in _INITIALISMS else w[:1].upper() + w[1:] for w in words(name)
    )


# What Ruby and its standard library (E: Minitest) call so themselves: most are classes, which no module can be.
_RUBY_CONSTANTS = frozenset(
    {
        "Addrinfo", "Array", "Base64", "Benchmark", "BigDecimal", "BigMath", "Binding", "Bundler",
        "Class", "Comparable", "Complex", "ConditionVariable", "Coverage", "Data", "Date", "DateTime",
        "Delegator", "Dir", "E", "Encoding", "English", "Enumerable", "Enumerator", "Errno", "Etc",
        "Exception", "Fcntl", "Fiber", "Fiddle", "File", "FileTest", "FileUtils", "Find", "Float", "Foundation",
        "Forwardable", "Gem", "GetoptLong", "Hash", "Integer", "Interrupt", "Kernel", "Logger",
        "Marshal", "MatchData", "Math", "Matrix", "Method", "Minitest", "Module", "Monitor", "Mutex",
        "Net", "Numeric", "Object", "Observable", "Open3", "OpenStruct", "OptionParser", "Pathname",
        "Prime", "Proc", "Process", "Psych", "Queue", "Racc", "Ractor", "Rake", "Random", "Range",
        "Rational", "Readline", "Refinement", "Regexp", "Reline", "Resolv", "Ripper", "SecureRandom",
        "Set", "Shellwords", "Signal", "Singleton", "SizedQueue", "Socket", "String", "StringScanner",
        "Struct", "Symbol", "Syslog", "Tempfile", "Test", "Thread", "ThreadGroup", "Time", "Timeout",
        "Tmpdir", "TracePoint", "Trace", "Vector", "Warning", "WeakRef", "Zlib",
    }
)  # fmt: skip


def ruby_module(name: str, classes: Collection[str] = ()) -> str:
    """`order_math` as `OrderMath`; `queue` as `QueueModule`, because Ruby has a class of that name.

    Likewise where one of the file's own classes has it: what stands in the module would take the one for the other.
    """
    made = pascal(name, initialisms=False)
    return f"{made}Module" if made in _RUBY_CONSTANTS or made in classes else made


def camel(name: str, initialisms: bool = True) -> str:
    """`order_id` as `orderID`."""
    first, *rest = words(name)
    return first + "".join(
        w.upper() if initialisms and w in _INITIALISMS else w[:1].upper() + w[1:] for w in rest
    )


def snake(name: str) -> str:
    """`OrderLine` as `order_line`."""
    return "_".join(words(name))


def third_person(verb: str) -> str:
    """`parse` as `parses`."""
    if re.search(r"(s|x|z|sh|ch|o)$", verb):
        return verb + "es"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ies"
    return verb + "s"


def _also(m: re.Match[str]) -> str:
    """A further verb of a sentence, in the person of the first one."""
    goes_on = m[2] in _VERBS and _OBJECT.match(m[3])
    return f"{m[1]} {third_person(m[2])} {m[3]}" if goes_on else m[0]


def go_doc(name: str, doc: str) -> str:
    """The documentation as Go writes it: a sentence that begins with the name."""
    if not doc:
        return ""
    first, _, rest = doc.partition(" ")
    if rest and first.lower() == f"{name.removeprefix('Package ')}:".lower():
        return f"{name}: {rest}"
    plain = first.strip(".,:;")
    if plain == name and plain.lower() not in _VERBS:
        return doc
    ambiguous = first.lower() in _AMBIGUOUS and not _OBJECT.match(rest)
    if first.lower() in _VERBS and first[:1].isupper() and not ambiguous:
        return f"{name} {third_person(first.lower())} {_FURTHER.sub(_also, rest)}"
    if first == "Whether":
        return f"{name} reports whether {rest}"
    if first in ("The", "A", "An", "One") and not _FINITE.search(
        re.split(r" (?:that|which|who|whose|where) |[.,;:]", rest)[0]
    ):
        return f"{name} is {first.lower()} {rest}"
    if first in ("What", "Where", "How", "Why", "Which"):
        return (
            f"{name} is {first.lower()} {rest}" if first == "Where" else f"{name} says {first.lower()} {rest}"
        )
    if first == "True" and rest.startswith(("when", "if")):
        return f"{name} reports whether {rest.removeprefix('when').removeprefix('if').lstrip()}"
    return f"{name}: {doc[:1].lower() + doc[1:] if len(plain) > 1 and not plain.isupper() else doc}"
