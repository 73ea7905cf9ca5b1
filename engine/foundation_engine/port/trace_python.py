"""Note the types that the functions of one file take and answer; loaded as `sitecustomize` of a user's command.

It imports nothing of this program, and a fault of its own must not become one of the user's run.
"""

# pyright: basic
import atexit
import json
import os
import sys
import threading

FILE = os.path.realpath(os.environ.get("FOUNDATION_TRACE_FILE", ""))
OUT = os.environ.get("FOUNDATION_TRACE_OUT", "")
LOOKED_AT = 20  # elements of a collection
seen = {}
same_file = {}


def type_text(value, depth=0):
    """The type of a value as an annotation, "?" for what has none."""
    if value is None:
        return "None"
    kind = type(value)
    if kind in (int, float, str, bool, bytes):
        return kind.__name__
    if depth > 4:
        return "?"
    if kind in (list, set, frozenset):
        inner = sorted({type_text(v, depth + 1) for v in list(value)[:LOOKED_AT]})
        return f"{kind.__name__}[{'|'.join(inner)}]"
    if kind is dict:
        items = list(value.items())[:LOOKED_AT]
        keys = sorted({type_text(k, depth + 1) for k, _ in items})
        values = sorted({type_text(v, depth + 1) for _, v in items})
        return f"dict[{'|'.join(keys)}, {'|'.join(values)}]"
    if kind is tuple:
        return f"tuple[{', '.join(type_text(v, depth + 1) for v in value)}]"
    module = sys.modules.get(kind.__module__)
    if module is not None and os.path.realpath(getattr(module, "__file__", None) or "") == FILE:
        return kind.__qualname__
    return "?"


def is_traced(code):
    """True when a code object belongs to the file."""
    known = same_file.get(code.co_filename)
    if known is None:
        known = same_file[code.co_filename] = os.path.realpath(code.co_filename) == FILE
    return known


def profile(frame, event, argument):
    """Called at every call and return."""
    code = frame.f_code
    if event not in ("call", "return") or not is_traced(code) or code.co_name.startswith("<"):
        return
    entry = seen.setdefault(
        f"{code.co_qualname if hasattr(code, 'co_qualname') else code.co_name}:{code.co_firstlineno}",
        {"arguments": {}, "result": set()},
    )
    if event == "call":
        for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            if name in frame.f_locals and name not in ("self", "cls"):
                entry["arguments"].setdefault(name, set()).add(type_text(frame.f_locals[name]))
    elif not code.co_flags & 0x2A0:  # A generator or a coroutine gives its value otherwise.
        entry["result"].add(type_text(argument))


def save():
    """Write what was seen; several processes of one command add up."""
    sys.setprofile(None)
    lines = json.dumps(
        {
            key: {
                "arguments": {n: sorted(t) for n, t in e["arguments"].items()},
                "result": sorted(e["result"]),
            }
            for key, e in seen.items()
        }
    )
    if seen:
        with open(OUT, "a") as out:  # noqa: PTH123
            out.write(lines + "\n")


if OUT:
    sys.setprofile(profile)
    threading.setprofile(profile)
    atexit.register(save)
