"""Dataclasses of many shapes, files in TOML and YAML, and commands from signatures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as plain_field
from pathlib import Path
from typing import Annotated, Any

import pytest
from foundation import ConfigurationError
from foundation.cli import App, Exit, Parameter, Registry, register_command
from foundation.config import describe_config, field, load_config


@dataclass
class Database:
    url: str
    password: str = field(default="", secret=True)
    pool: int | None = None


@dataclass
class Settings:
    database: Database
    tags: Sequence[str] = ()
    pair: tuple[str, ...] = ("a",)
    names: list[str] = field(default_factory=list)  # noqa: RUF009 - it makes a dataclasses.field.
    debug: bool = False
    derived: int = plain_field(default=1, init=False)


def test_shapes(tmp_path: Path) -> None:
    toml, yaml = tmp_path / "a.toml", tmp_path / "b.yaml"
    toml.write_text('tags = ["x"]\n[database]\nurl = "u"\npassword = "p"\n')
    yaml.write_text("database: {pool: 3}\npair: [b, c]\n")
    settings = load_config(Settings, files=[toml, yaml], environment={"NAMES": "n,m"})
    assert settings == Settings(Database("u", "p", 3), ["x"], ("b", "c"), ["n", "m"])
    assert "'p'" not in repr(settings)
    shown = describe_config(settings)
    assert shown["database"] == {"url": "u", "password": "[REDACTED]", "pool": 3}


def test_messages_name_the_key_and_hide_secrets(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"database": {"url": "u", "password": 5}, "debug": "maybe", "tags": 3, "pool": 1}')

    with pytest.raises(ConfigurationError) as caught:
        load_config(Settings, files=[path], environment={})
    text = str(caught.value)
    assert "4 problems" in text
    assert "debug: expected true, yes, on, 1, enabled" in text
    assert "'maybe'" in text
    assert "database.password: expected a string, found a number" in text
    assert "pool: no such key; there are database, debug" in text


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.toml", "x = ", "invalid_file"),
        ("a.yaml", "x: [", "invalid_file"),
        ("a.yaml", "- 1", "invalid_file"),
        ("a.json", "\xff", "invalid_file"),
        ("a.ini", "", "invalid_file"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: str, kind: str) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError) as caught:
        load_config(Database, files=[tmp_path / name], environment={"URL": "u"})
    assert [problem.kind for problem in caught.value.problems] == [kind]


def test_classes_that_cannot_be_used() -> None:
    with pytest.raises(ConfigurationError, match="dataclass"):
        load_config(int)

    @dataclass
    class Odd:
        value: dict[int, int]

    with pytest.raises(ConfigurationError, match="value"):
        load_config(Odd)


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_URL", "x")
    assert load_config(Database, env_prefix="T").url == "x"


def run(app: App, *argv: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return app.run(argv, stdout=out, stderr=err), out.getvalue(), err.getvalue()


def test_signatures() -> None:
    app = App("shop", "1.0", description="Sells things.\n\nMany of them.", registry=Registry())
    seen: list[Any] = []

    @app.command("sum")
    def total(first: int, *rest: int, scale: float = 1.0, loud: bool, tags: list[str] = ()) -> None:  # type: ignore[assignment]
        """Add numbers.

        All of them.
        """
        seen.append((first, rest, scale, loud, tags))

    @app.command("wait")
    async def wait(name: Annotated[str, Parameter(short="n", help="whom to wait for")] = "bob") -> None:
        seen.append(name)

    @app.command("copy")
    def copy(source: str, target: str | None = None) -> None:
        seen.append((source, target))

    assert run(app, "sum", "1", "2", "3", "--scale", "2", "--loud")[0] == 0
    assert run(app, "sum", "1")[0] == 0
    assert run(app, "wait", "-n", "ann")[0] == 0
    assert run(app, "copy", "a", "--target", "b")[0] == 0
    assert seen == [(1, (2, 3), 2.0, True, ()), (1, (), 1.0, False, ()), "ann", ("a", "b")]
    code, out, _ = run(app, "sum", "--help")
    assert (code, "Add numbers." in out, "All of them." in out) == (0, True, True)
    assert "whom to wait for (default: bob)" in run(app, "wait", "-h")[1]
    assert "Many of them." in run(app, "--help")[1]


def test_unsupported_signature() -> None:
    with pytest.raises(ConfigurationError, match="bytes"):

        @register_command("odd", registry=Registry())
        def odd(data: bytes) -> None: ...


def test_exits(capsys: pytest.CaptureFixture[str]) -> None:
    app = App("shop", registry=Registry(), debug=True)

    @app.command("exit")
    def leave(code: int) -> None:
        raise Exit(code)

    @app.command("system")
    def system(message: str = "") -> None:
        raise SystemExit(message or None)

    @app.command("fail")
    def fail() -> None:
        raise OSError

    assert run(app, "exit", "5")[0] == 5
    assert run(app, "system")[0] == 0
    assert run(app, "system", "--message", "x")[0] == 1
    code, _, err = run(app, "fail")
    assert (code, "Traceback" in err, "Error: OSError" in err) == (1, True, True)
    with pytest.raises(SystemExit) as caught:
        app.main(["exit", "4"])
    assert caught.value.code == 4


def test_a_command_that_is_a_group_too() -> None:
    app = App("shop", registry=Registry())
    seen: list[str] = []
    app.command("db")(lambda: seen.append("db"))
    app.command("db.migrate", aliases=["m"])(lambda: seen.append("migrate"))
    for argv in (["db"], ["db", "migrate"], ["db", "m"]):
        assert run(app, *argv)[0] == 0
    assert seen == ["db", "migrate", "migrate"]
    assert "migrate (m)" in run(app, "db", "--help")[1]
    with pytest.raises(ConfigurationError):
        app.command("x", aliases=[""])(lambda: None)
    assert run(app, "--bogus")[0] == 2
    assert run(app, "nope", "--help")[0] == 0
