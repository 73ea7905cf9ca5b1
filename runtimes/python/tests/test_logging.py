"""Streams, threads, defaults and values that only Python has."""

from __future__ import annotations

import io
import json
import sys
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from foundation import ConfigurationError, ErrorBoundary, configure_logging, error_boundary, get_logger
from foundation.logging import Logger
from foundation.redaction import redact_command


@pytest.fixture(autouse=True)
def _defaults() -> object:
    yield
    configure_logging()


def records(stream: io.BytesIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_eight_threads_never_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        log = get_logger("t", stream=file, level="debug")

        def write(number: int) -> None:
            mine = log.bind(thread=number)
            for index in range(500):
                mine.info("x" * (index % 200), index=index)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    seen: dict[int, list[int]] = {}
    for line in path.read_bytes().splitlines():
        record = json.loads(line)
        assert len(record["message"]) == record["index"] % 200
        seen.setdefault(record["thread"], []).append(record["index"])
    assert seen == {n: list(range(500)) for n in range(8)}


def test_standard_error_is_the_default(capfd: pytest.CaptureFixture[str]) -> None:
    get_logger("a").warning("here")
    assert '"message":"here"' in capfd.readouterr().err


def test_configure_logging_sets_the_defaults() -> None:
    stream = io.StringIO()
    configure_logging(level="debug", format="logfmt", timestamps=False, redact=["iban"], stream=stream)
    log = get_logger("a")
    log.trace("no")
    log.debug("yes", IBAN="x")
    log.critical("also")
    assert (
        stream.getvalue()
        == "level=debug logger=a message=yes IBAN=[REDACTED]\nlevel=critical logger=a message=also\n"
    )
    assert log.is_enabled("debug")
    assert not log.is_enabled("trace")


@pytest.mark.parametrize("bad", [{"level": "loud"}, {"format": "xml"}])
def test_unknown_names_are_refused(bad: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        configure_logging(**bad)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        get_logger("a").log("loud", "m")


def test_values_of_python() -> None:
    class Broken:
        def __str__(self) -> str:
            raise ValueError

    class Text(str):
        __slots__ = ()

    class Number(int):
        pass

    class Real(float):
        pass

    stream = io.BytesIO()
    when = datetime(2026, 1, 2, 3, 4, 5, 6, timezone(timedelta(hours=1)))
    get_logger("a", stream=stream).info(
        "m", a=when, b=date(2026, 1, 2), c=b"x\xff", d=Broken(), e=Text("t"), f=Number(5), g={1: 2}, h=OSError("no"),
        i=float("nan"), j=float("-inf"), k=(1, 2), l=Real(0.5), m=datetime(2026, 1, 2, tzinfo=UTC),
    )  # fmt: skip
    record = records(stream)[0]
    assert record["a"] == "2026-01-02T02:04:05.000006Z"
    assert (record["b"], record["c"], record["d"]) == ("2026-01-02", "x\ufffd", "<Broken>")
    assert (record["e"], record["f"], record["g"], record["h"]) == ("t", 5, {"1": 2}, "no")
    assert (record["i"], record["j"], record["k"], record["l"]) == ("NaN", "-Infinity", [1, 2], 0.5)


def test_values_of_python_in_logfmt() -> None:
    stream = io.BytesIO()
    Logger("a", stream=stream, format="logfmt", timestamps=False).info(
        "m", a=float("inf"), b=OSError("a b"), c={"d": {"e": {}}}
    )
    assert stream.getvalue() == b'level=info logger=a message=m a=Infinity b="a b" c.d.e={}\n'


def test_depth_in_logfmt() -> None:
    deep: dict[str, object] = {}
    deep["a"] = deep
    stream = io.BytesIO()
    Logger("a", stream=stream, format="logfmt", timestamps=False).info("m", x=deep)
    assert b'="[too deep]"' in stream.getvalue()


def test_lone_surrogates_do_not_lose_the_record() -> None:
    stream = io.BytesIO()
    get_logger("a", stream=stream).info("x\ud800y")
    assert records(stream)[0]["message"] == "x\ufffdy"


def test_a_message_that_is_no_text() -> None:
    stream = io.BytesIO()
    get_logger("a", stream=stream).info(7)  # type: ignore[arg-type]
    assert records(stream)[0]["message"] == "7"


def test_exception_holds_the_traceback() -> None:
    stream = io.BytesIO()
    log = get_logger("a", stream=stream)
    try:
        raise KeyError("x")
    except KeyError:
        log.exception("failed", order=7)
    log.exception("nothing to tell")
    record, plain = records(stream)
    assert (record["level"], record["error"], record["order"]) == ("error", "KeyError", 7)
    assert "test_logging.py" in str(record["traceback"])
    assert "error" not in plain


def test_text_streams_without_bytes() -> None:
    stream = io.StringIO()
    get_logger("a", stream=stream).info("m")
    assert stream.getvalue().endswith("\n")


def test_text_streams_with_bytes_below(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as file:
        file.write("before\n")
        get_logger("a", stream=file).info("after")
    assert (tmp_path / "log").read_text().startswith('before\n{"timestamp"')


def test_boundary_forms(capfd: pytest.CaptureFixture[str]) -> None:
    @error_boundary
    def bare() -> None:
        raise OSError("bare")

    with pytest.raises(OSError, match="bare"):
        bare()
    with error_boundary(OSError, reraise=False, context={"order": 7}):
        raise FileNotFoundError("gone")
    text = capfd.readouterr().err
    assert '"boundary":"test_boundary_forms.<locals>.bare"' in text
    assert '"context":{"order":7}' in text
    with pytest.raises(ConfigurationError):
        ErrorBoundary(OSError, catch=KeyError)
    with pytest.raises(SystemExit), error_boundary(reraise=False, log_errors=False):
        sys.exit(3)


def test_boundary_for_coroutines() -> None:
    import asyncio

    @error_boundary(catch=OSError, reraise=False, fallback=9, log_errors=False)
    async def call() -> int:
        raise OSError

    async def main() -> None:
        assert await call() == 9
        async with error_boundary(reraise=False, log_errors=False):
            raise OSError
        with pytest.raises(asyncio.CancelledError):
            async with error_boundary(reraise=False, log_errors=False):
                raise asyncio.CancelledError

    asyncio.run(main())


def test_commands_are_shown_without_secrets() -> None:
    command = ["curl", "--token", "abc", "--api-key=k", "PASSWORD=x", "--token", "-v", "a=b", "--user", "u"]
    assert redact_command(command) == [
        "curl", "--token", "[REDACTED]", "--api-key=[REDACTED]", "PASSWORD=[REDACTED]", "--token", "-v",
        "a=b", "--user", "u",
    ]  # fmt: skip
