"""Note the calls of the functions of one file, types and values; loaded as `sitecustomize` of a user's command.

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
CALLS = 60  # distinct calls of one function whose values are kept
LARGEST = 4000  # characters of one call
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


class NoFormError(Exception):
    """A value that cannot be written down."""


def neutral(value, depth=0):
    """A value in the neutral form in which recorders read arguments."""
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int and -(2**63) <= value < 2**63:
        return value
    if kind is float:
        return {"float": repr(value)}
    if kind is bytes:
        return {"bytes": list(value)}
    if depth > 8:
        raise NoFormError
    if kind in (list, tuple):
        return {kind.__name__: [neutral(v, depth + 1) for v in value]}
    if kind in (set, frozenset):
        return {"set": [neutral(v, depth + 1) for v in sorted(value, key=repr)]}
    if kind is dict:
        return {"dict": [[neutral(k, depth + 1), neutral(v, depth + 1)] for k, v in value.items()]}
    module = sys.modules.get(kind.__module__)
    if module is None or os.path.realpath(getattr(module, "__file__", None) or "") != FILE:
        raise NoFormError
    if hasattr(kind, "__members__"):
        return {"enum": [kind.__name__, value.name]}
    return {"object": {"class": kind.__name__, "fields": fields_of(value, depth + 1)}}


def fields_of(value, depth=0):
    """The fields of a dataclass, of which another like it can be made."""
    named = getattr(type(value), "__dataclass_fields__", None)
    if named is None or not all(f.init for f in named.values()):
        raise NoFormError
    return {name: neutral(getattr(value, name), depth) for name in named}


def note_call(calls, code, given):
    """Keep the values of a call, where it has parameters by name only and its values can be written down."""
    unnamed = code.co_flags & 0x0C or not code.co_flags & 0x01  # *args, **kwargs; the body of a class
    if len(calls) >= CALLS or unnamed or not ("." not in name_of(code) or "self" in given):
        return
    try:
        values = {n: neutral(v) for n, v in given.items() if n != "self"}
        fields = fields_of(given["self"]) if "self" in given else {}
    except Exception:  # noqa: BLE001 - anything may happen in the user's objects; the call is then not kept.
        return
    text = json.dumps([values, fields])
    if len(text) <= LARGEST:
        calls.setdefault(text)


def name_of(code):
    """The qualified name, where the interpreter has it."""
    return getattr(code, "co_qualname", code.co_name)


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
        f"{name_of(code)}:{code.co_firstlineno}", {"arguments": {}, "result": set(), "calls": {}}
    )
    if event == "call":
        named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        given = {name: frame.f_locals[name] for name in named if name in frame.f_locals}
        for name, value in given.items():
            if name not in ("self", "cls"):
                entry["arguments"].setdefault(name, set()).add(type_text(value))
        note_call(entry["calls"], code, given)
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
                "calls": [json.loads(call) for call in e["calls"]],
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
