"""Run functions of a Python module on given arguments and report what they did, as JSON lines on standard output.

A script of its own, started in a separate limited process, because it executes the user's code. It imports nothing of
this program. Time stands still except when the code sleeps, and random draws are fixed, so that a run can be repeated.
"""

# pyright: basic, reportArgumentType=false, reportOptionalMemberAccess=false, reportAttributeAccessIssue=false
# It handles values of any type of the user's; strict types would only say "unknown" at every line.
# ruff: noqa: BLE001, PTH100, PTH110, PTH118, PTH119, PTH120, PTH122, N818, SLF001
# It reports whatever the user's code raises, starts fast without pathlib, and its fakes show no names of their own.

import ast
import asyncio
import collections.abc
import contextlib
import csv
import datetime
import enum
import functools
import importlib
import importlib.util
import inspect
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time
import types
import typing

import record_world  # pyright: ignore[reportMissingImports] - it stands beside this script.

LARGEST = 20_000  # characters of one recorded case
LONGEST = 200  # calls that one case makes of fakes
# What functions of the library say of values outside their domain, which ports state as a difference.
OUTSIDE = (
    "math domain error",
    "0.0 cannot be raised to a negative power",
    "comparing strings with non-ASCII characters is not supported",
)
# Errors of other libraries that ports have as errors of our runtime, with their bases; () for what has no counterpart.
_NETWORK, _TIMEOUT = ("NetworkError", "FoundationError"), ("TimeoutError", "FoundationError")
_HTTP, _STATUS = ("HttpError", "FoundationError"), ("HttpStatusError", "HttpError", "FoundationError")
LIBRARY_ERRORS = {
    "requests.Timeout": _TIMEOUT,
    "requests.ConnectionError": _NETWORK,
    "requests.ChunkedEncodingError": _NETWORK,
    "requests.HTTPError": _STATUS,
    "requests.TooManyRedirects": _HTTP,
    "requests.JSONDecodeError": ("ValueError",),
    "requests.RequestException": (),
    "httpx.TimeoutException": _TIMEOUT,
    "httpx.NetworkError": _NETWORK,
    "httpx.RemoteProtocolError": _NETWORK,
    "httpx.HTTPStatusError": _STATUS,
    "httpx.HTTPError": (),
    "httpx.InvalidURL": (),
    "subprocess.CalledProcessError": ("ProcessError", "FoundationError"),
    "subprocess.TimeoutExpired": ("ProcessTimeoutError", "ProcessError", "FoundationError"),
    "tenacity.RetryError": ("MaxRetriesExceeded",),
}
SECONDS = 2.0  # that one case takes
PATIENCE = 4  # cases of one function that take longer, before no more of its cases are tried


class VirtualTime:
    """Replaces the process's clocks and sleeps.

    The clocks stand still. A call that reads one runs again, when they have another time, which each reading moves on
    a little, and once more with sleeps that end a little early: what is not the same then is what the time was, how
    long something took, or which of two things came first.
    """

    WALL = 1_700_000_000_000_000_000  # nanoseconds since 1970 when the program starts
    # A hundred years later, in another month, on another day of it and of the week, at another time of the day: what
    # looks at any of them sees it, and what only asks whether something is over finds today in between.
    FAR = ((36_700 * 24 + 7) * 3600 + 13 * 60 + 17) * 1_000_000_000 + 123_456_000
    OTHER = 98_765_432_100_000  # nanoseconds by which the clocks of the second run are ahead

    def __init__(self):
        self.now = 1_000_000_000_000
        self.sleeps = []
        self.was_read = False
        self.moving = False
        self.early = 0

    def reading(self, above=2):
        """What the clock says to whoever called the caller, or one above it, in nanoseconds."""
        asked = sys._getframe(above)
        name, place = asked.f_globals.get("__name__", ""), asked.f_code.co_filename
        if name.partition(".")[0] != "foundation" and not place.startswith(
            (sys.prefix, sys.base_prefix, "<")
        ):
            self.was_read = True
            if self.moving:
                self.now += 1_000 + self.now % 7_000
        return self.now + (self.OTHER if self.moving else 0)

    def wall(self, above=2):
        """The nanoseconds since 1970, as `reading` tells the time."""
        return self.WALL + self.reading(above + 1) + (self.FAR if self.moving else 0)

    @contextlib.contextmanager
    def other(self, *, moving=False, early=0):
        """Time that passes, or sleeps that end some nanoseconds early."""
        now, self.moving, self.early = self.now, moving, early
        try:
            yield
        finally:
            self.now, self.moving, self.early = now, False, 0

    def sleep(self, seconds):
        if seconds < 0:
            raise StatedDifference("a sleep of less than nothing")
        if sys._getframe(1).f_globals.get("__name__") == "subprocess":
            # Waiting for a real process takes real time, and how often is chance.
            self.real_sleep(seconds)
            return
        ns = round(seconds * 1e9)
        self.sleeps.append(ns)
        self.now += max(0, ns - self.early)

    async def asleep(self, seconds, result=None):
        if seconds > 0:
            self.sleep(seconds)
        return result

    def install(self):
        self.real_sleep = time.sleep
        time.sleep = self.sleep
        time.monotonic = lambda: self.reading() / 1e9
        time.monotonic_ns = lambda: int(self.reading())
        time.perf_counter = time.monotonic
        time.perf_counter_ns = time.monotonic_ns
        time.time = lambda: self.wall() / 1e9
        asyncio.sleep = self.asleep


class Dates:
    """The classes of datetime on the clock of a recording; they end a case that meets a difference that ports state."""

    # What ports read: others are refused there, or read in another way.
    FORM = re.compile(
        r"\d{4}-\d\d-\d\d"
        r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,](?:\d{3}|\d{6}))?)?(Z|\+00:00)?)?",
        re.ASCII,
    )

    @classmethod
    def install(cls, clock, aware):
        """`aware` tells what the module calls a datetime: with the offset of UTC, or without any."""
        point, day = datetime.datetime, datetime.date
        utc = datetime.timezone.utc  # noqa: UP017 - the interpreter may be older than this program's.

        def now():
            return point.fromtimestamp(0, utc) + datetime.timedelta(microseconds=clock.wall(3) // 1000)

        def refused(make):
            try:
                return make()
            except ValueError:
                raise ValueError("no such date or time") from None

        def read(make, form):
            try:
                value = make()
            except ValueError:
                raise ValueError("not a date or time of this form") from None
            zone = getattr(value, "tzinfo", None)
            if not form or (zone is not None and zone.utcoffset(value) != datetime.timedelta(0)):
                raise StatedDifference("a date or time in a form that ports do not read")
            return value

        class Same(type):
            def __instancecheck__(cls, value):
                return isinstance(value, point if issubclass(cls, point) else day)

        class Datetime(point, metaclass=Same):
            def __new__(cls, *args, **options):
                return refused(lambda: point.__new__(cls, *args, **options))

            @classmethod
            def now(cls, tz=None):
                return cls.of(now().astimezone(tz) if tz is not None else now().replace(tzinfo=None))

            @classmethod
            def today(cls):
                return cls.of(now().replace(tzinfo=None))

            @classmethod
            def utcnow(cls):
                return cls.of(now().replace(tzinfo=None))

            @classmethod
            def of(cls, made):
                clock = (made.hour, made.minute, made.second, made.microsecond)
                return cls(made.year, made.month, made.day, *clock, tzinfo=made.tzinfo)

            @classmethod
            def strptime(cls, text, form):
                shapes = {"%Y": r"\d{4}", "%f": r"\d{1,6}"}
                known = "".join(
                    shapes.get(p, r"\d{1,2}") if p.startswith("%") else re.escape(p)
                    for p in re.split(r"(%.)", form)
                )
                fits = re.fullmatch(known, text, re.ASCII) and not text.startswith("0000")
                return read(lambda: cls.of(point.strptime(text, form)), fits)

            @classmethod
            def fromisoformat(cls, text):
                found = Dates.FORM.fullmatch(text)
                return read(lambda: cls.of(point.fromisoformat(text)), found and bool(found[1]) is aware)

        class Date(day, metaclass=Same):
            def __new__(cls, *args, **options):
                return refused(lambda: day.__new__(cls, *args, **options))

            @classmethod
            def today(cls):
                return cls(*now().timetuple()[:3])

            @classmethod
            def fromisoformat(cls, text):
                fits = re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII)
                return read(lambda: cls(*day.fromisoformat(text).timetuple()[:3]), fits)

        for made, name in ((Datetime, "datetime"), (Date, "date")):
            made.__name__ = made.__qualname__ = name
            made.__module__ = "datetime"
            setattr(datetime, name, made)

    @staticmethod
    def aware(paths):
        """Whether files say UTC, as the port's front end asks."""

        def says(n):
            if isinstance(n, ast.Attribute) and n.attr == "utc":
                return ast.unparse(n.value).rpartition(".")[2] == "timezone"
            if isinstance(n, ast.Attribute):
                return n.attr == "UTC" and isinstance(n.value, ast.Name)
            return (
                isinstance(n, ast.ImportFrom)
                and n.module == "datetime"
                and any(a.name == "UTC" for a in n.names)
            )

        for path in paths:
            with contextlib.suppress(SyntaxError, ValueError):
                if any(map(says, ast.walk(ast.parse(pathlib.Path(path).read_text(encoding="utf-8"))))):
                    return True
        return False


class Tables:
    """Ends a case in which a row of `csv.DictReader` has not as many values as there are names."""

    @staticmethod
    def install():
        class DictReader(csv.DictReader):
            def __next__(self):
                found = super().__next__()
                if None in found or None in found.values():
                    raise StatedDifference("a row with another number of values than there are names")
                return found

        csv.DictReader = DictReader


class Paths:
    """Ends a case whose code makes a path that pathlib writes otherwise than its text: ports state that difference."""

    @staticmethod
    def install():
        made = pathlib.Path.__new__

        def new(cls, *args, **options):
            written = args[0] if len(args) == 1 and isinstance(args[0], str) else None
            if written is not None and str(pathlib.PurePosixPath(written)) != written:
                place = sys._getframe(1).f_code.co_filename
                if not place.startswith((sys.prefix, sys.base_prefix, "<")):
                    raise StatedDifference("a path that pathlib writes otherwise")
            return made(cls, *args, **options)

        pathlib.Path.__new__ = new


class Draws:
    """Fixed random fractions: the least, or the greatest."""

    high = False
    drawn = False

    @classmethod
    def install(cls):
        random.getrandbits = lambda bits: cls._draw((1 << bits) - 1, 0)
        random.random = lambda: cls._draw(1 - 2**-53, 0.0)
        random.uniform = lambda a, b: cls._draw(b, a)

    @classmethod
    def _draw(cls, greatest, least):
        cls.drawn = True
        return greatest if cls.high else least


class Unrecordable(Exception):
    """A value that has no neutral form."""


class StatedDifference(BaseException):
    """Not an Exception, so that code under test does not handle it."""


class TooManyCalls(BaseException):
    """Not an Exception, so that code under test does not handle it."""


class TooSlow(BaseException):
    """Not an Exception, so that code under test does not handle it."""


class Reached:
    """The steps from line to line that a call takes in some files; a step of a package ends with its file's path."""

    def __init__(self, module):
        package = isinstance(module, Package)
        self.ends = {path: [path] for path in module.paths} if package else {module.__file__: []}
        self.steps = set()

    def __enter__(self):
        sys.settrace(self._frame)
        return self

    def __exit__(self, *_):
        sys.settrace(None)

    def _frame(self, frame, *_):
        end = self.ends.get(frame.f_code.co_filename)
        if end is None:
            return None
        last = frame.f_lineno

        def line(frame, event, _):
            nonlocal last
            if event == "line":
                self.steps.add((last, frame.f_lineno, *end))
                last = frame.f_lineno
            return line

        return line


class Fake:
    """An object or callable that answers from a script and notes its calls."""

    def __init__(self, session, name, methods, coroutines=()):
        self._session = session
        self._coroutines = frozenset(coroutines)
        self._name = name
        self._scripts = {m: list(outcomes) for m, outcomes in methods.items()}
        self._at = dict.fromkeys(methods, 0)

    def _answer(self, method, args):
        self._session.trace.append(
            [f"{self._name}.{method}" if method else self._name, [self._session.encode(a) for a in args]]
        )
        if len(self._session.trace) > LONGEST:
            raise TooManyCalls
        outcomes = self._scripts[method]
        outcome = outcomes[min(self._at[method], len(outcomes) - 1)]
        self._at[method] += 1
        if "error" in outcome:
            raise self._session.error(outcome["error"])
        return self._session.decode(outcome["value"])

    def _call(self, method, args):
        if method not in self._coroutines:
            return self._answer(method, args)

        async def later():
            return self._answer(method, args)

        return later()

    def __call__(self, *args, **kwargs):
        return self._call("", [*args, *kwargs.values()])

    def __getattr__(self, method):
        if method.startswith("__") or method not in self._scripts:
            raise AttributeError(method)
        return lambda *args, **kwargs: self._call(method, [*args, *kwargs.values()])


class Session:
    """Encoding and decoding of values against one module."""

    def __init__(self, module, world=None):
        self.module = module
        self.world = world
        self.trace = []

    def error(self, name):
        cls = getattr(self.module, name, None)
        if cls is None:
            for place in ("foundation.errors", "provide.foundation.errors", "builtins"):
                try:
                    cls = getattr(importlib.import_module(place), name, None)
                except ImportError:
                    continue
                if cls is not None:
                    break
        if cls is None:
            raise Unrecordable(f"no error class {name}")
        try:
            hints = typing.get_type_hints(cls.__init__)
        except Exception:
            hints = {}
        given = []
        parameters = (
            []
            if cls.__init__ is Exception.__init__
            else list(inspect.signature(cls.__init__).parameters.values())[1:]
        )
        for p in parameters:
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
                kind = hints.get(p.name, str)
                known = {int: 0, float: 0.0, bool: False, bytes: b""}
                if isinstance(kind, type) and issubclass(kind, BaseException):
                    given.append(RuntimeError("scripted"))
                else:
                    given.append(known.get(kind, "scripted"))
        try:
            return cls(*given) if given else cls("scripted")
        except TypeError:
            return cls()

    def decode(self, v):
        if isinstance(v, str) and self.world is not None:
            return v.replace("{server}", self.world.server)
        if not isinstance(v, dict):
            return v
        (tag, body), *_ = v.items()
        if tag == "float":
            return float(body)
        if tag == "list":
            return [self.decode(x) for x in body]
        if tag == "tuple":
            return tuple(self.decode(x) for x in body)
        if tag == "set":
            return {self.decode(x) for x in body}
        if tag == "dict":
            return {self.decode(k): self.decode(w) for k, w in body}
        if tag == "bytes":
            return bytes(body)
        if tag == "time":
            return datetime.datetime.fromisoformat(body)
        if tag == "date":
            return datetime.date.fromisoformat(body)
        if tag == "delta":
            return datetime.timedelta(microseconds=body)
        if tag == "enum":
            return getattr(getattr(self.module, body[0]), body[1])
        if tag == "object":
            cls = getattr(self.module, body["class"])
            return cls(**{k: self.decode(w) for k, w in body["fields"].items()})
        if tag == "fake":
            return Fake(self, body["name"], body["methods"], self.coroutines(body["name"], body["methods"]))
        if tag == "made":
            cls = getattr(importlib.import_module("foundation"), body[0], None)
            if cls is None:
                cls = getattr(importlib.import_module("foundation.http"), body[0])
            arguments = {k: self.decode(w) for k, w in body[1].items()}
            if body[0] == "Logger":
                return importlib.import_module("foundation.logging").get_logger(**arguments)
            return cls(**arguments)
        raise Unrecordable(tag)

    def coroutines(self, name, methods):
        """Which methods of a fake a protocol of the module declares with `async`."""
        protocol = getattr(self.module, name, None)
        return [m for m in methods if m and inspect.iscoroutinefunction(getattr(protocol, m, None))]

    def arguments(self, function, values):
        """Decoded arguments; a callable that is awaited by its annotation gives a coroutine."""
        decoded = {k: self.decode(v) for k, v in values.items()}
        try:
            hints = typing.get_type_hints(function)
        except Exception:
            # Annotations of things that exist only for the type checker say nothing about awaiting.
            return decoded
        decoded = {k: as_path(v, hints.get(k)) for k, v in decoded.items()}
        for name, value in decoded.items():
            if isinstance(value, Fake) and typing.get_origin(hints.get(name)) is collections.abc.Callable:
                result = typing.get_args(hints[name])[-1]
                if isinstance(typing.get_origin(result), type) and issubclass(
                    typing.get_origin(result), collections.abc.Awaitable
                ):
                    value._coroutines = frozenset([""])
        return decoded

    def encode(self, v, depth=0):
        if depth > 12:
            raise Unrecordable("a value nested too deeply")
        if v is None or isinstance(v, bool):
            return v
        if isinstance(v, enum.Enum):
            return {"enum": [named(self.module, type(v)), v.name]}
        if isinstance(v, int):
            if not -(2**63) <= v < 2**63:
                raise Unrecordable("an integer beyond 64 bits")
            return int(v)
        if isinstance(v, float):
            return {"float": repr(float(v))}
        if isinstance(v, (str, pathlib.PurePath)):
            return str(v)
        if isinstance(v, (bytes, bytearray)):
            return {"bytes": list(v)}
        if isinstance(v, datetime.datetime):
            if v.tzinfo is not None and v.utcoffset() != datetime.timedelta(0):
                raise Unrecordable("a time with another offset than UTC")
            return {"time": v.isoformat()}
        if isinstance(v, datetime.date):
            return {"date": v.isoformat()}
        if isinstance(v, datetime.timedelta):
            return {"delta": v // datetime.timedelta(microseconds=1)}
        if isinstance(v, tuple) and hasattr(v, "_fields"):
            return {
                "object": {
                    "class": named(self.module, type(v)),
                    "fields": {k: self.encode(getattr(v, k), depth + 1) for k in v._fields},
                }
            }
        if isinstance(v, (list, tuple)) or type(v).__name__ == "deque":
            return {"tuple" if isinstance(v, tuple) else "list": [self.encode(x, depth + 1) for x in v]}
        if isinstance(v, (set, frozenset)):
            return {"set": [self.encode(x, depth + 1) for x in sorted(v, key=repr)]}
        if isinstance(v, dict):
            return {"dict": [[self.encode(k, depth + 1), self.encode(w, depth + 1)] for k, w in v.items()]}
        if isinstance(v, Fake):
            return {"fake": {"name": v._name}}
        if belongs(self.module, type(v)):
            held = (
                vars(v)
                if hasattr(v, "__dict__")
                else {k: getattr(v, k) for k in slots_of(type(v)) if hasattr(v, k)}
            )
            cached = functools.cached_property
            fields = {
                k: w
                for k, w in held.items()
                if not k.startswith("_") and not isinstance(getattr(type(v), k, None), cached)
            }
            return {
                "object": {
                    "class": named(self.module, type(v)),
                    "fields": {k: self.encode(w, depth + 1) for k, w in fields.items()},
                }
            }
        raise Unrecordable(f"a value of type {type(v).__name__}")


_PROPERTIES = (property, functools.cached_property)


def as_path(value, hint):
    """A text as a path where the annotation says so; paths have the neutral form of texts."""
    if isinstance(value, str):
        kinds = [hint, *typing.get_args(hint)]
        if str in kinds or not any(k in (pathlib.Path, pathlib.PurePath) for k in kinds):
            return value
        if str(pathlib.PurePosixPath(value)) != value:
            raise Unrecordable("a path that pathlib writes otherwise")
        return pathlib.Path(value)
    if isinstance(value, (list, tuple)) and typing.get_args(hint):
        return type(value)(as_path(v, typing.get_args(hint)[0]) for v in value)
    return value


def slots_of(cls):
    """The names of a class's slots, those of its bases first."""
    names = []
    for base in reversed(cls.__mro__):
        given = getattr(base, "__slots__", ())
        names.extend([given] if isinstance(given, str) else given)
    return [n for n in dict.fromkeys(names) if n not in ("__weakref__", "__dict__")]


def call(session, clock, plan):
    """Run one plan; what is seen, as JSON values."""
    session.trace.clear()
    clock.sleeps.clear()
    steps = []
    function: typing.Any
    if plan.get("class"):
        owner = getattr(session.module, plan["class"])
        member = member_of(owner, plan["function"])
        if plan["object"] or not isinstance(member, (staticmethod, classmethod)):
            obj = owner(**session.arguments(owner.__init__, plan["object"]))
        else:
            obj = owner
        if isinstance(member, _PROPERTIES):
            function = lambda: getattr(obj, plan["function"])  # noqa: E731
        elif not hasattr(owner, plan["function"]):
            function = types.MethodType(member, obj)
        else:
            function = getattr(obj, plan["function"])
        if obj is owner:
            obj = None
    else:
        obj = None
        function = function_of(session.module, plan["function"])
    names = parameter_names(function, len(plan["args"]))
    args = list(session.arguments(function, dict(zip(names, plan["args"], strict=True))).values())
    reached = Reached(session.module)
    # Parameters after a bare asterisk are passed by name.
    positional = len(names) - sum(kind_of(function, n) == inspect.Parameter.KEYWORD_ONLY for n in names)
    given, further, named_further = args, [], {}
    for kind, empty in ((inspect.Parameter.VAR_KEYWORD, {}), (inspect.Parameter.VAR_POSITIONAL, [])):
        if kind in kinds_of(function):
            # What any further arguments are comes last, as one list and one map.
            names, given, last = names[:-1], given[:-1], given[-1]
            further, named_further = (last, named_further) if empty == [] else (further, last)
    positional = min(positional, len(names))
    if set(named_further) & {*names} or not all(isinstance(k, str) for k in named_further):
        raise Unrecordable("named arguments that no call can have")
    for step in range(plan.get("repeat", 1)):
        if step:
            clock.now += plan.get("advance", 0)
        try:
            with reached:
                by_name = dict(zip(names[positional:], given[positional:], strict=True))
                value = function(*given[:positional], *further, **by_name, **named_further)
                if inspect.iscoroutine(value):
                    value = asyncio.run(value)
                if inspect.isgenerator(value) or type(value).__name__ in ("map", "filter", "zip", "reversed"):
                    value = list(value)
            steps.append({"value": session.encode(value)})
        except Unrecordable:
            raise
        except StatedDifference as said:
            raise Unrecordable(str(said)) from said
        except (RecursionError, MemoryError, OverflowError) as error:
            raise Unrecordable(type(error).__name__) from error
        except (ValueError, ZeroDivisionError, TypeError) as error:
            if str(error) in OUTSIDE:
                raise Unrecordable(f"a difference that ports state: {error}") from error
            steps.append(failure(session, error))
        except PermissionError as error:
            # The folder that it may write to ends here; outside a recording the call might have succeeded.
            raise Unrecordable(f"the call was not permitted: {error}") from error
        except SystemExit as error:
            steps.append(ending(error))
        except csv.Error as error:
            raise Unrecordable(f"a difference that ports state: {error}") from error
        except Exception as error:
            steps.append(failure(session, error))
    after = [
        None
        if isinstance(given, dict) and ("fake" in given or "made" in given)
        else given
        if isinstance(a, pathlib.PurePath)
        else session.encode(a)
        for given, a in zip(plan["args"], args, strict=True)
    ]
    state = None
    if obj is not None and plan.get("state"):
        # An object that keeps, for all to see, something that has no neutral form is compared by what it answers.
        with contextlib.suppress(Unrecordable):
            state = session.encode(obj)
    return {
        "steps": steps,
        "trace": [list(t) for t in session.trace],
        "sleeps": list(clock.sleeps),
        "after": after,
        "state": state,
        "steps_taken": sorted(reached.steps),
    }


def failure(session, error):
    """What is seen of an error."""

    def names(raised):
        for cls in type(raised).__mro__:
            ours = LIBRARY_ERRORS.get(f"{cls.__module__.partition('.')[0]}.{cls.__name__}")
            if ours == ():
                raise Unrecordable("a request that cannot be sent")
            if ours is not None:
                return [*ours, "Exception"]
        if isinstance(raised, OSError) and raised_in(raised, subprocess.__file__):
            raise Unrecordable("a program that is not found")
        return [named(session.module, c) for c in type(raised).__mro__ if c not in (object, BaseException)]

    bases = names(error)
    seen = {"error": bases[0], "bases": bases, "message": str(error)}
    if error.__cause__ is not None:
        seen["cause"] = names(error.__cause__)
    return seen


def ending(error):
    """What is seen of the end of the program: the code that a port ends with, as an error."""
    code = 0 if error.code is None else error.code if isinstance(error.code, int) else 1
    return {"error": "Exit", "bases": ["Exit", "Exception"], "message": f"exit {int(code)}"}


def function_of(module, name):
    """A function of the module; a method of an enum is one under the enum's name and its own."""
    if hasattr(module, name):
        return getattr(module, name)
    for cls in vars(module).values():
        if isinstance(cls, type) and issubclass(cls, enum.Enum):
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
            for own, member in vars(cls).items():
                if name != f"{words}_{own.strip('_')}":
                    continue
                if isinstance(member, property):
                    return member.fget
                return getattr(cls, own)
    return getattr(module, name)


def member_of(owner, name):
    """A member of a class as it stands there; the setter of a property `x` is one under the name `set_x`."""
    held = inspect.getattr_static(owner, name.removeprefix("set_"), None)
    if name.startswith("set_") and not hasattr(owner, name) and isinstance(held, property):
        return held.fset
    if name in ("enter", "leave") and not hasattr(owner, name):
        return entering if name == "enter" else leaving
    return inspect.getattr_static(owner, name)


def entering(obj):
    """The beginning of a with statement over an object; that it gives the object itself is nothing."""
    made = obj.__enter__()
    return None if made is obj else made


def leaving(obj):
    """The end of a with statement whose block ended well."""
    obj.__exit__(None, None, None)


def kinds_of(function):
    """How the parameters of a function are passed."""
    try:
        return {p.kind for p in inspect.signature(function).parameters.values()}
    except (TypeError, ValueError):
        return set()


def raised_in(error, path):
    """Whether an error came out of a file."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and at.tb_frame.f_code.co_filename == path


def kind_of(function, name):
    """How a parameter is passed, None for one that the signature does not tell."""
    try:
        parameter = inspect.signature(function).parameters.get(name)
    except (TypeError, ValueError):
        return None
    return parameter.kind if parameter is not None else None


def parameter_names(function, count):
    """Names for the arguments of a call, those that are passed by name last."""
    try:
        names = [
            p.name
            for p in inspect.signature(function).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
    except (TypeError, ValueError):
        names = []
    return [*names[:count], *(f"*{i}" for i in range(count - len(names)))]


def call_in_world(source, module, clock, plan):
    """Run one plan in the world that it asks for; what is seen."""
    if plan.get("fresh"):
        module = source.load(again=True)
    if plan.get("world") is None:
        return call(Session(module), clock, plan)
    with record_world.World(plan["world"]) as world:
        seen = call(Session(module, world), clock, plan)
        try:
            seen["world_after"] = world.after()
        except UnicodeDecodeError as error:
            raise Unrecordable("a file that is not text") from error
        text = json.dumps(seen)
        if world.root in text:
            raise Unrecordable("a result that names the working directory")
        return json.loads(text.replace(world.server, "{server}")) if world.server else seen


def named(module, cls):
    """A class's name, in a package the one that its definition has there."""
    return module.name_of(cls) if isinstance(module, Package) else cls.__name__


def belongs(module, cls):
    """True for a class that the module or package defines."""
    return module.defines(cls) if isinstance(module, Package) else cls.__module__ == module.__name__


class Package:
    """The definitions of a package's files by the names that they have together; a file is imported when needed."""

    def __init__(self, names):
        self._places = names
        self.paths = {path for path, _ in names.values()}
        self._names = {(module_name(path)[1], own): name for name, (path, own) in names.items()}

    def __getattr__(self, name):
        place = self.__dict__["_places"].get(name)
        if place is None:
            raise AttributeError(name)
        path, own = place
        dotted = module_name(path)[1]
        found = importlib.import_module(dotted)
        if os.path.realpath(found.__file__ or "") != os.path.realpath(path):
            raise Unrecordable(f"import {dotted} gives {found.__file__}")
        return getattr(found, own)

    def defines(self, cls):
        """True for a class of the package."""
        return (cls.__module__, cls.__name__) in self._names

    def name_of(self, cls):
        """The name of a class, in the package where it is one of its own."""
        return self._names.get((cls.__module__, cls.__name__), cls.__name__)


def module_name(path):
    """The folder from which a file is imported, and its dotted name."""
    folder = os.path.dirname(os.path.abspath(path))
    name = os.path.splitext(os.path.basename(path))[0]
    parts = [] if name == "__init__" else [name]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        parts.insert(0, os.path.basename(folder))
        folder = os.path.dirname(folder)
    return folder, ".".join(parts)


class Source:
    """What is recorded: a file, or with `names` the files of a package."""

    def __init__(self, path, names):
        self.path = path
        self.names = names

    def load(self, again=False):
        """The module or package; run once more with `again`."""
        if not self.names:
            return load(self.path, again)
        tops = {module_name(path)[1].partition(".")[0] for path, _ in self.names.values()}
        if again:
            for name in [n for n in sys.modules if n.partition(".")[0] in tops]:
                del sys.modules[name]
            forget_commands()
        else:
            make_importable(dict.fromkeys(module_name(path)[0] for path, _ in self.names.values()))
        return Package(self.names)


def forget_commands():
    """Commands register themselves when their module is run."""
    if "foundation.cli" in sys.modules:
        cli = sys.modules["foundation.cli"]
        cli._default_registry = cli.Registry()


def make_importable(folders):
    """Let imports look in these folders first, and last where the program said."""
    sys.path[:0] = folders
    sys.path.extend(p for p in os.environ.get("FOUNDATION_RECORD_PATH", "").split(os.pathsep) if p)


def load(path, again=False):
    """The module at a path, with the roots of its package and ours importable; run once more with `again`."""
    folder, name = module_name(path)
    if again:
        sys.modules.pop(name, None)
        forget_commands()
    else:
        make_importable([folder])
    if "." in name or os.path.basename(path) == "__init__.py":
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(f"ported_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    clock = VirtualTime()
    clock.install()
    Draws.install()
    Paths.install()
    files = {path for path, _ in (request.get("names") or {}).values()} or {request["path"]}
    Tables.install()
    Dates.install(clock, Dates.aware(files))
    sys.setrecursionlimit(2000)
    source = Source(request["path"], request.get("names"))
    module = source.load()
    signal.signal(signal.SIGALRM, too_slow)
    slow = {}
    for i, plan in enumerate(request["plans"]):
        function = (plan.get("class"), plan["function"])
        try:
            if slow.get(function, 0) >= PATIENCE:
                raise TooSlow
            Draws.high = Draws.drawn = clock.was_read = False
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            seen = call_in_world(source, module, clock, plan)
            if clock.was_read:
                for other in ({"moving": True}, {"early": 5_000}):
                    with clock.other(**other):
                        if not same_call(seen, call_in_world(source, module, clock, plan)):
                            raise Unrecordable("what a clock says is seen in what the call does")
            # Full jitter may draw no delay at all, which is no sleep.
            if seen["sleeps"] or Draws.drawn or any("sleep" in str(s) for s in seen["steps"]):
                Draws.high = True
                again = call_in_world(source, module, clock, plan)
                same = [s.get("value", s.get("error")) for s in again["steps"]] == [
                    s.get("value", s.get("error")) for s in seen["steps"]
                ]
                seen["sleeps"] = seen["sleeps"] or [0] * len(again["sleeps"])
                if not same or len(again["sleeps"]) != len(seen["sleeps"]):
                    raise Unrecordable("the result depends on randomness")
                seen["sleeps_high"] = again["sleeps"]
            signal.setitimer(signal.ITIMER_REAL, 0)
            seen["index"] = i
            taken = seen.pop("steps_taken")
            if len(json.dumps(seen)) > LARGEST:
                raise Unrecordable("a result too large to compare in a test")
            line = json.dumps({**seen, "steps_taken": taken})
        except TooSlow:
            slow[function] = slow.get(function, 0) + 1
            line = json.dumps({"index": i, "skipped": f"the call takes more than {SECONDS:.0f} s"})
        except TooManyCalls:
            line = json.dumps({"index": i, "skipped": "more calls than a test should make"})
        except Unrecordable as why:
            line = json.dumps({"index": i, "skipped": str(why)})
        except Exception as why:
            line = json.dumps({"index": i, "skipped": f"{type(why).__name__}: {why}"})
        signal.setitimer(signal.ITIMER_REAL, 0)
        out.write(line + "\n")
        out.flush()


def same_call(seen, again):
    """Whether two runs of a call did the same."""
    return all(seen[k] == again[k] for k in seen if k != "steps_taken")


def too_slow(*_):
    raise TooSlow


if __name__ == "__main__":
    main()
