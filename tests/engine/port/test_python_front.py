"""What the Python front end makes of the ten patterns, of two other libraries, and of classes and blocks."""

# ruff: noqa: E501 - a source stands on one line.
from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any, TypeVar

from foundation_engine.port import ir, port
from foundation_engine.port.front.python import lower_module
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_specs.model import LanguageId

N = TypeVar("N", bound=ir.Node)


def lowered(text: str) -> ir.Module:
    """The module, which must hold no decline."""
    module = lower_module(textwrap.dedent(text), "sample")
    assert not module.declines, [(d.line, d.reason, d.construct) for d in module.declines]
    return module


def reasons(text: str) -> list[str]:
    """Why parts of the module are declined."""
    return [d.reason for d in lower_module(textwrap.dedent(text), "sample").declines]


def function(module: ir.Module, name: str) -> ir.Function:
    """A function or method of the module."""
    return next(f for _, f in module.functions() if f.name == name)


def nodes(module: ir.Module, kind: type[N]) -> list[N]:
    """Every node of a kind, in order."""
    return [n for d in module.definitions for n in ir.walk(d) if isinstance(n, kind)]


def plain(arguments: dict[str, ir.Expr]) -> dict[str, Any]:
    """Arguments as Python values."""

    def value(e: ir.Expr) -> Any:
        match e:
            case ir.Lit():
                return e.value
            case ir.ListLit():
                return [value(x) for x in e.elems]
            case ir.Name():
                return e.id
            case _:
                return e

    return {k: value(v) for k, v in arguments.items()}


def test_configuration_names_its_class_variables_and_secrets() -> None:
    module = lowered("""
        from dataclasses import dataclass
        from foundation.config import field, load_config

        @dataclass
        class Settings:
            url: str = field(default="http://localhost", env="SHOP_URL")
            token: str = field(default="", secret=True)
            workers: int = 4

        def settings() -> Settings:
            return load_config(Settings, env_prefix="SHOP", files=["shop.toml"], strict=False)
        """)
    (cls,) = (d for d in module.definitions if isinstance(d, ir.Class))
    assert [(f.env, f.secret) for f in cls.fields] == [("SHOP_URL", False), ("", True), ("", False)]
    (load,) = nodes(module, ir.PatternOp)
    assert (load.pattern_id, load.op, load.type) == ("configuration", "load", ir.NamedT("Settings"))
    assert plain(load.arguments) == {"env_prefix": "SHOP", "files": ["shop.toml"], "strict": False}


def test_an_http_client_answers_requests_and_is_closed() -> None:
    module = lowered("""
        from foundation.http import HttpClient

        def stock(base: str, sku: str, most: int) -> str | None:
            with HttpClient(base_url=base, timeout=2.5) as client:
                answer = client.get(f"/stock/{sku}", params={"limit": most}, headers={"accept": "text/plain"})
                if answer.status == 404:
                    return None
                return answer.headers.get("etag", answer.text)

        def order(client: HttpClient, sku: str) -> int:
            return client.post("/orders", json={"sku": sku, "count": 2, "tags": ["a"]}).status
        """)
    made = nodes(module, ir.PatternNew)[0]
    assert plain(made.arguments)["timeout"] == 2.5
    get, close, post = nodes(module, ir.PatternOp)
    assert (get.op, close.op, post.op) == ("get", "close", "post")
    assert [n for n, _ in get.fields] == ["params", "headers"]
    assert get.fields[0][1].type == ir.DictT(ir.STR, ir.STR)
    assert post.fields[0][1].type == ir.DictT(ir.STR, ir.ANY)
    assert {n.op for n in nodes(module, ir.Intrinsic)} >= {"http.status", "http.text", "http.header"}


def test_commands_processes_and_files() -> None:
    module = lowered("""
        from pathlib import Path
        from foundation.cli import App, register_command
        from foundation.files import atomic_write
        from foundation.process import arun_process, run_process

        app = App(name="deploy", version="1.0")

        @register_command("deploy.tag", "Tag the release", aliases=["t"])
        def tag(version: str, dry_run: bool = False) -> int:
            result = run_process(["git", "tag", version], timeout=10, check=False)
            return 0 if result.exit_code == 0 and not result.stderr else 1

        async def head(folder: Path) -> str:
            result = await arun_process(["git", "rev-parse", "HEAD"], cwd=str(folder))
            return result.stdout.strip()

        def note(path: Path, text: str) -> str:
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            atomic_write(path, before + text, backup=True, mode=0o600)
            return open(path).read()

        def main(argv: list[str]) -> int:
            return app.run(argv)
        """)
    (use,) = function(module, "tag").patterns
    assert use.pattern_id == "cli_framework"
    assert plain(use.arguments) == {"name": "deploy.tag", "description": "Tag the release", "aliases": ["t"]}
    ops = [(n.pattern_id, n.op) for n in nodes(module, ir.PatternOp)]
    assert ops == [
        ("process_execution", "run"), ("process_execution", "run"), ("file_operations", "write"), ("cli_framework", "run")
    ]  # fmt: skip
    assert {"process.exit_code", "process.stdout", "file.read_text", "file.exists"} <= {
        n.op for n in nodes(module, ir.Intrinsic)
    }
    assert sum("Coroutines" in d for d in module.differences) == 1


def test_blocks_under_patterns_keep_what_they_return() -> None:
    module = lowered("""
        from foundation.errors import NetworkError, error_boundary
        from foundation.resilience import CircuitBreaker, RateLimiter, Retry, RetryPolicy

        breaker = CircuitBreaker("stock", failure_threshold=2)
        limiter = RateLimiter(10, 1.0)
        POLICY = RetryPolicy(max_attempts=4, jitter=False)

        def size(x: int) -> int:
            with breaker:
                return 10 // x

        def safe(x: int) -> int | None:
            with error_boundary(ZeroDivisionError, reraise=False, log_errors=False):
                return 10 // x
            return None

        def counted(xs: list[int]) -> int:
            total = 0
            for x in xs:
                with error_boundary(ValueError, reraise=False):
                    total += x
            return total

        def patient(x: int) -> int:
            for attempt in Retry(POLICY, NetworkError):
                with attempt:
                    return size(x)

        def called(x: int) -> int:
            return Retry(POLICY).call(size, x)

        @limiter
        @breaker
        def both(x: int) -> int:
            return x
        """)
    assert isinstance(function(module, "size").body[0], ir.Return)
    assert [p.pattern_id for p in function(module, "safe").patterns] == ["error_boundary"]
    (use,) = function(module, "patient").patterns
    assert plain(use.arguments) == {"max_attempts": 4, "jitter": False, "retryable": ["NetworkError"]}
    both = function(module, "both").body
    assert isinstance(both[0], ir.ExprStmt)
    assert isinstance(both[1], ir.Return)
    assert isinstance(both[1].value, ir.PatternCall)
    assert both[1].value.obj is not None
    (block,) = (n for n in nodes(module, ir.PatternCall) if n.pattern_id == "error_boundary")
    assert block.type == ir.NONE


def test_a_block_that_returns_in_some_cases_is_declined() -> None:
    assert reasons("""
        from foundation.resilience import CircuitBreaker

        breaker = CircuitBreaker("stock")

        def size(x: int) -> int:
            with breaker:
                if x > 3:
                    return 1
            return 2

        def first(xs: list[int]) -> int:
            found = 0
            for x in xs:
                with breaker:
                    found = x
                    break
            return found
        """) == [
        "a block under a pattern that returns from the function in some cases only",
        "a block under a pattern that leaves a loop around it",
    ]


def test_tenacity_becomes_the_parameters_of_the_spec() -> None:
    module = lowered("""
        from tenacity import (
            RetryError, retry, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_fixed, wait_random,
            wait_random_exponential,
        )

        TRIES = 7

        @retry(stop=stop_after_attempt(5), wait=wait_exponential(multiplier=1, max=10), retry=retry_if_exception_type(ConnectionError), reraise=True)
        def a(x: int) -> int:
            return x

        @retry(stop=stop_after_attempt(TRIES), wait=wait_fixed(3) + wait_random(0, 2))
        def b(x: int) -> int:
            return x

        @retry(stop=stop_after_attempt(2), wait=wait_random_exponential(multiplier=0.5, max=60))
        async def c(x: int) -> int:
            return x

        @retry(stop=stop_after_attempt(3))
        def d(x: int) -> int:
            return x

        def e(x: int) -> int:
            try:
                return d(x)
            except RetryError:
                return 0
        """)
    uses = {f.name: plain(f.patterns[0].arguments) for _, f in module.functions() if f.patterns}
    assert uses["a"] == {
        "max_attempts": 5, "base_delay": 1.0, "backoff_strategy": "exponential", "max_delay": 10.0, "jitter": False,
        "retryable": ["NetworkError"], "non_retryable": [],
    }  # fmt: skip
    assert uses["b"]["max_attempts"] == "TRIES"
    assert (uses["b"]["base_delay"], uses["b"]["jitter"]) == (4.0, {"kind": "symmetric", "ratio": 0.25})
    assert (uses["c"]["base_delay"], uses["c"]["jitter"]["kind"]) == (0.5, "full")
    assert (uses["d"]["base_delay"], uses["d"]["retryable"]) == (0.0, ["Exception"])
    (handler,) = nodes(module, ir.Handler)
    assert handler.classes == ["MaxRetriesExceeded"]
    assert {f.name for _, f in module.functions() for p in f.patterns if p.last_error} == {"a"}


def test_tenacity_without_a_counterpart_is_declined() -> None:
    source = """
        import tenacity

        @tenacity.retry({})
        def a(x: int) -> int:
            return x
        """
    assert reasons(source.replace("{}", ""))[0].startswith("a retry without an end")
    assert reasons(source.replace("{}", "stop=tenacity.stop_after_delay(5)")) == [
        "a retry that ends by something else than a number of attempts"
    ]
    assert reasons(
        source.replace(
            "{}", "stop=tenacity.stop_after_attempt(2), wait=tenacity.wait_exponential(exp_base=3)"
        )
    ) == ["delays that grow by another factor than 2"]
    assert reasons(
        source.replace("{}", "stop=tenacity.stop_after_attempt(2), retry_error_callback=print")
    ) == ["the argument retry_error_callback of tenacity's retry"]


def test_provide_foundation_is_read_with_its_own_defaults() -> None:
    module = lowered("""
        from provide.foundation import logger, retry
        from provide.foundation.process import run
        from provide.foundation.resilience import BackoffStrategy, circuit_breaker

        @retry(ValueError, max_attempts=4, base_delay=0.5, backoff=BackoffStrategy.LINEAR)
        def a(x: int) -> int:
            logger.info("tried", x=x)
            return x

        @retry(max_attempts=2)
        def b(x: int) -> int:
            return x

        @circuit_breaker(failure_threshold=3, expected_exception=ValueError)
        def c(x: int) -> int:
            return x

        def d() -> str:
            return run(["git", "status"], timeout=5, capture_output=True).stdout
        """)
    uses = {f.name: plain(f.patterns[0].arguments) for _, f in module.functions() if f.patterns}
    assert uses["a"] == {
        "retryable": ["ValueError"], "max_attempts": 4, "base_delay": 0.5, "backoff_strategy": "linear", "non_retryable": []
    }  # fmt: skip
    assert uses["b"]["retryable"] == ["Exception"]
    assert uses["c"] == {"failure_threshold": 3, "expected": ["ValueError"], "excluded": []}
    assert {f.name for _, f in module.functions() for p in f.patterns if p.last_error} == {"a", "b"}
    assert isinstance(module.find("logger"), ir.Constant)


def test_an_observer_of_a_retry_is_declined() -> None:
    assert reasons("""
        from foundation.resilience import retry

        def noted(*args) -> None: ...

        @retry(max_attempts=3, on_retry=noted)
        def a(x: int) -> int:
            return x
        """) == [
        "*args has no type; annotate what one of them is, or name the parameters",
        "the argument on_retry of retry",
    ]


def test_inheritance_is_written_out() -> None:
    module = lowered("""
        from abc import ABC, abstractmethod
        from dataclasses import dataclass, replace
        from typing import Self

        @dataclass(frozen=True)
        class Item:
            name: str
            price: int = 1

            def label(self) -> str:
                return f"{self.name}: {self.price}"

        @dataclass(frozen=True)
        class Sold(Item):
            price: int = 2
            count: int = 0

            def total(self) -> int:
                return self.price * self.count

            @classmethod
            def parse(cls, text: str) -> Self:
                name, _, price = text.partition("=")
                return cls(name, int(price))

            def cheaper(self) -> "Sold":
                return replace(self, price=self.price - 1)

        class Store(ABC):
            @abstractmethod
            def put(self, key: str) -> None: ...

        class Base:
            def __init__(self, limit: int) -> None:
                self.limit = limit

            def full(self, n: int) -> bool:
                return n >= self.limit

        class Memory(Base):
            def __init__(self, limit: int, name: str) -> None:
                super().__init__(limit)
                self.name = name

        def sold(text: str) -> int:
            return Sold.parse(text).total()
        """)
    classes = {d.name: d for d in module.definitions if isinstance(d, ir.Class)}
    assert [f.name for f in classes["Sold"].fields] == ["name", "price", "count"]
    assert {m.name for m in classes["Sold"].methods} == {"label", "total", "parse", "cheaper"}
    assert {f.name for f in classes["Memory"].fields} == {"limit", "name"}
    assert isinstance(module.find("Store"), ir.Protocol)
    assert function(module, "parse").kind == "static"


def test_inheritance_from_elsewhere_and_super_are_declined() -> None:
    assert sorted(
        reasons("""
        from somewhere import Base

        class A(Base):
            x: int = 1

        class B:
            def f(self) -> int:
                return 1

        class C(B):
            def f(self) -> int:
                return super().missing() + 1

        def g(a: A) -> bool:
            return a == a or not a

        def h() -> A:
            return A()
        """)
    ) == [
        "a call of super()",
        "a class with base classes",
        "construction of A, whose initialiser is not ported",
        "equality of A",
    ]


def test_match_generators_and_gather() -> None:
    module = lowered("""
        import asyncio
        from collections.abc import Iterator
        from enum import Enum

        class Kind(Enum):
            A = "a"
            B = "b"

        def word(kind: Kind, n: int) -> str:
            match kind:
                case Kind.A if n > 3:
                    return "many a"
                case Kind.A | Kind.B:
                    return "some"
            return "none"

        def code(n: int) -> str:
            match n % 5:
                case 0:
                    out = "zero"
                case 1 | 2:
                    out = "few"
                case other:
                    out = f"{other}"
            return out

        def evens(xs: list[int]) -> Iterator[int]:
            for x in xs:
                if x < 0:
                    return
                if x % 2 == 0:
                    yield x
            yield from xs

        async def double(x: int) -> int:
            return 2 * x

        async def all_of(xs: list[int]) -> list[int]:
            return await asyncio.gather(*(double(x) for x in xs))
        """)
    assert function(module, "evens").result == ir.ListT(ir.INT)
    assert {n.op for n in nodes(module, ir.Intrinsic)} >= {"list.append", "list.extend"}
    assert len(nodes(module, ir.Comp)) == 1


def test_a_match_of_a_structure_is_declined() -> None:
    assert reasons(
        "def f(x: list[int]) -> int:\n    match x:\n        case [a, *rest]:\n            return a\n    return 0\n"
    ) == ["a match of a structure"]


def test_logging_with_the_standard_module_and_bound_fields() -> None:
    module = lowered("""
        import logging
        from foundation.logging import Logger, get_logger

        old = logging.getLogger(__name__)
        log = get_logger("shop", level="debug")

        def f(user: int) -> None:
            old.warning("user %s is %d", "x", user)
            bound = log.bind(user=user)
            bound.info("seen")

        def g(given: Logger) -> None:
            given.error("lost", reason="x")
        """)
    assert [n.op for n in nodes(module, ir.PatternOp)] == ["warning", "bind", "info", "error"]
    assert plain(nodes(module, ir.PatternNew)[0].arguments) == {"name": "sample"}


def verified(tmp_path: Path, text: str, *targets: LanguageId) -> None:
    """The port to every target has no hole and agrees with the source on every case."""
    path = tmp_path / "sample.py"
    path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    for target in targets:
        candidate = port(PortRequest(str(path), path.read_text(), LanguageId.PYTHON, target))
        assert not candidate.holes, (target, candidate.holes)
        report = verify(candidate, VerifyOptions(cases=6, differential=24, use_cache=False))
        steps = "\n".join(f"{r.step} {r.verdict}: {r.detail}" for r in report.results)
        assert report.agreed, f"{target}\n{steps}"


def test_what_was_read_wrongly_once_is_read_rightly(tmp_path: Path) -> None:
    verified(
        tmp_path,
        """
        from dataclasses import dataclass
        from pathlib import Path

        from foundation.cli import Exit, register_command
        from foundation.errors import ProcessError
        from foundation.process import run_process

        WIDTH = 5


        @dataclass(frozen=True, order=True)
        class Version:
            major: int
            minor: int

            def __str__(self) -> str:
                return f"{self.major}.{self.minor}"


        def sorted_out(xs: list[int], given: dict[str, list[int]]) -> dict[str, list[int]]:
            # A list in a map grows in the map.
            out: dict[str, list[int]] = {"odd": [], "even": []}
            for x in xs:
                if x % 2:
                    out["odd"].append(x)
                else:
                    out["even"].extend([x, x])
            given["seen"].append(len(xs))
            return out


        def below(folder: str, name: str) -> str:
            return str(Path(folder) / "x" / name)


        def lines(text: str, kind: int) -> list[str]:
            ends = ["\\n", "\\r\\n", "\\r", "\\x0b", "\\x0c", "\\x1c", "\\x85", "\\u2028", "\\u2029"]
            return (text.replace(" ", ends[kind % 9]) + ends[kind % 7]).splitlines()


        def which(path: Path | None, other: Path) -> str:
            # A path is true even when it is empty.
            if path and other:
                return "both"
            return "one" if other else "none"


        def newest(versions: list[Version], other: Version) -> str:
            best = max(versions) if versions else other
            return f"{best} and {sorted(versions)[0]}" if best > other else str(other)


        def cut(text: str, width: int = WIDTH) -> str:
            return text[:width]


        @register_command("go", description="Go")
        def go(n: int) -> None:
            if n > 3:
                raise Exit(n)
            print(f"at {n}")


        def code(host: str) -> int:
            try:
                run_process(["ping", host])
            except ProcessError as error:
                return error.exit_code
            return 0


        def parsed(text: str) -> Version | None:
            return Version(len(text), 1) if text else None


        def or_zero(text: str) -> str:
            version = parsed(text) or Version(0, 0)
            return str(version)
        """,
        LanguageId.GO,
        LanguageId.RUBY,
    )


def test_a_fresh_object_and_a_try_that_leaves_say_what_is_there() -> None:
    module = lowered("""
        from dataclasses import dataclass

        @dataclass
        class Result:
            rejected: list[str] | None = None
            reference: str | None = None

        def f(xs: list[str], n: int) -> Result:
            result = Result(rejected=[])
            for x in xs:
                result.rejected.append(x)
            try:
                result.reference = xs[n]
            except IndexError:
                return result
            result.rejected.append(result.reference.upper())
            return result
        """)
    assert len([n for n in nodes(module, ir.Intrinsic) if n.op == "list.append"]) == 2


def test_what_is_known_of_a_map_is_forgotten_when_entries_may_go() -> None:
    module = lowered("""
        def drop(m: dict[str, int]) -> None:
            m.clear()

        def f() -> int:
            m = {"a": 1}
            first = m["a"]
            drop(m)
            return first + m["a"]
        """)
    assert [n.raises for n in nodes(module, ir.Intrinsic) if n.op == "dict.index"] == ["", "KeyError"]


def test_policies_and_decorators_in_variables() -> None:
    module = lowered("""
        from collections.abc import Awaitable, Callable
        from foundation.resilience import CircuitBreaker, Retry, RetryPolicy
        from tenacity import retry, stop_after_attempt, wait_fixed

        patient = retry(stop=stop_after_attempt(4), wait=wait_fixed(2))

        @patient
        def a(x: int) -> int:
            return x

        def b(n: int, f: Callable[[int], int]) -> int:
            policy = RetryPolicy(max_attempts=n)
            return Retry(policy).call(f, n)

        async def c(f: Callable[[int], Awaitable[str]]) -> str:
            async def inner() -> str:
                return await f(3)
            return await inner()

        def d(breaker: CircuitBreaker) -> bool:
            return breaker.state.value == "open"
        """)
    assert plain(function(module, "a").patterns[0].arguments)["max_attempts"] == 4
    (call,) = (n for n in nodes(module, ir.PatternOp) if n.op == "call")
    assert isinstance(call.obj, ir.Name)
    assert function(module, "c").params[0].type == ir.FuncT((ir.INT,), ir.STR)


def test_json_is_written_and_read_as_in_python(tmp_path: Path) -> None:
    verified(
        tmp_path,
        """
        import json
        from dataclasses import dataclass
        from foundation.http import HttpClient


        @dataclass
        class Price:
            sku: str
            cents: int


        def listed(prices: list[Price]) -> str:
            return json.dumps([{"sku": p.sku, "cents": p.cents} for p in prices])


        def mixed(text: str, n: int, tags: list[str]) -> str:
            return json.dumps({"text": text + "\\n\\"\\t\\x7f", "n": n, "many": n > 3, "tags": tags, "none": None, "in": {"a": 1}})


        def first(client: HttpClient, least: int) -> str:
            body = client.get("/items").json()
            for item in body["items"]:
                if item["count"] >= least and item.get("on", True):
                    return str(item["name"])
            return str(int(body.get("total", 0)))
        """,
        LanguageId.RUBY,
    )


def test_json_of_what_json_cannot_hold_is_declined() -> None:
    assert reasons("import json\n\ndef f(x: float) -> str:\n    return json.dumps({'x': x})\n") == [
        "a value in JSON of this type"
    ]
    assert reasons("import json\n\ndef f(x: list[int]) -> str:\n    return json.dumps(x, default=str)\n") == [
        "json.dumps with a default; turn other values into texts before"
    ]


def test_the_text_of_a_key_error_of_another_function_is_declined() -> None:
    assert reasons("""
        def at(table: dict[str, int], key: str) -> int:
            return table[key]

        def told(table: dict[str, int], key: str) -> str:
            try:
                return str(at(table, key))
            except (ValueError, KeyError) as exc:
                return str(exc)
        """) == [
        "the text of a KeyError of another function, which has other words elsewhere; test for the key"
    ]


def test_an_exit_under_a_retry_is_declined() -> None:
    assert reasons("""
        import sys
        from foundation.resilience import retry

        @retry(max_attempts=3)
        def a(x: int) -> int:
            if x > 3:
                sys.exit(2)
            return x
        """) == ["an exit of the program under a pattern; let the pattern's function give a result"]


def test_what_a_file_is_written_with_is_declined_where_its_use_is_not_known() -> None:
    assert reasons("""
        def f(path: str) -> int:
            with open(path) as handle:
                handle.seek(3)
                return len(handle.read())
        """) == ["an open file that is used in another way than to be read whole or line by line, or written"]
    assert reasons("""
        def f(path: str) -> None:
            with open(path, "rb") as handle:
                print(handle)
        """) == ["a file opened in the mode 'rb' or with these options; texts in UTF-8 are ported"]


def test_a_class_goes_on_without_the_members_that_have_no_counterpart() -> None:
    text = """
        from attrs import define, field, validators
        from elsewhere import Console, Settings

        class Shop(Settings):
            def __init__(self, console: Console, name: str) -> None:
                self.console = console
                self.name = name

            def label(self) -> str:
                return self.name.upper()

            def show(self, *parts) -> None:
                self.console.print(self.name)

            def both(self) -> str:
                self.show()
                return self.label()

        @define
        class Tool:
            name: str = field(validator=validators.instance_of(str))
            env: dict[str, str] = field(factory=dict, validator=[validators.instance_of(dict)])

        @define
        class Picky:
            name: str = field(validator=[validators.instance_of(str), print])

            def __reversed__(self) -> list[str]:
                return [self.name]

            def label(self) -> str:
                return self.name

        def tool(name: str) -> Tool:
            return Tool(name)

        def picky(name: str) -> Picky:
            return Picky(name)

        def label(shop: Shop) -> str:
            return shop.label() + shop.name
        """
    module = lower_module(textwrap.dedent(text), "sample")
    shop, picky = module.find("Shop"), module.find("Picky")
    assert isinstance(shop, ir.Class)
    assert isinstance(picky, ir.Class)
    assert [m.name for m in shop.methods] == ["label", "both"]
    assert [f.name for f in shop.fields] == ["name"]
    assert shop.init is None
    assert [m.name for m in picky.methods] == ["label"]
    lost = {d.name for d in module.definitions if isinstance(d, ir.Declined)}
    assert lost == {"Shop.__init__", "Shop.show", "Picky.__init__", "Picky.__reversed__"}
    assert sorted(reasons(text)) == [
        "*parts has no type; annotate what one of them is, or name the parameters",
        "Shop.show, which is not ported",
        "a class with base classes",
        "a field with a validator",
        "construction of Picky, whose initialiser is not ported",
        "special method __reversed__",
    ]


def test_objects_that_compare_in_a_way_of_their_own_are_not_compared() -> None:
    assert sorted(
        reasons("""
        class Version:
            def __init__(self, text: str) -> None:
                self.text = text

            def __eq__(self, other: object) -> bool:
                return True

        def same(a: Version, b: Version) -> bool:
            return a == b
        """)
    ) == ["equality of Version", "special method __eq__"]
