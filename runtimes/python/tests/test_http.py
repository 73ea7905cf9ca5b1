"""The client against a real server: coroutines, headers, JSON, cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from foundation import (
    Cancellation,
    CancelledError,
    ConfigurationError,
    HttpError,
    HttpStatusError,
    MaxRetriesExceeded,
    NetworkError,
    ScriptedRandom,
    TimeoutError,  # noqa: A004 - the pattern's own name.
    ValidationError,
    VirtualClock,
)
from foundation.http import AsyncHttpClient, HttpClient
from foundation_engine.conform.world import ScriptedServer, closed_port


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def test_verbs_and_json(server: ScriptedServer) -> None:
    base, script = server.add([{"body": '{"a": "é"}'}], ["content-type", "x-app"])
    with HttpClient(base_url=base, headers={"X-App": "t"}) as client:
        assert client.get("/a").json() == {"a": "é"}
        client.head("/a")
        client.options("/a")
        client.post("/a", json={"b": [1]})
        client.put("/a", content="x")
        client.patch("/a", content=b"y")
        client.delete("/a", headers={"X-App": "other"})
    assert script.requests == [
        "GET /a content-type=- x-app=t",
        "HEAD /a content-type=- x-app=t",
        "OPTIONS /a content-type=- x-app=t",
        'POST /a content-type=application/json x-app=t body={"b":[1]}',
        "PUT /a content-type=- x-app=t body=x",
        "PATCH /a content-type=- x-app=t body=y",
        "DELETE /a content-type=- x-app=other",
    ]


def test_response_says_where_it_came_from(server: ScriptedServer) -> None:
    base, _ = server.add([{"status": 302, "headers": {"Location": "{base}/b"}}, {"headers": {"X-A": "1"}}])
    with HttpClient() as client:
        response = client.get(f"{base}/a", params={"q": 1})
    assert (response.url, response.headers["x-a"], response.request_method, response.text) == (
        f"{base}/b", "1", "GET", "",
    )  # fmt: skip


def test_a_status_and_a_time_limit_of_one_request(server: ScriptedServer) -> None:
    base, _ = server.add([{"status": 404}, {"status": 200}, {"stall": 1.0}])
    with HttpClient(base_url=base, raise_for_status=False, retry_methods=()) as client:
        missing = client.get("/a")
        with pytest.raises(HttpStatusError) as raised:
            missing.raise_for_status()
        assert raised.value.response is missing
        client.get("/a").raise_for_status()
        with pytest.raises(TimeoutError):
            client.get("/a", timeout=0.05)
        with pytest.raises(ConfigurationError, match="timeout"):
            client.get("/a", timeout=0)


def test_async_client(server: ScriptedServer) -> None:
    clock = VirtualClock()
    base, script = server.add(
        [{"drop": True}, {"status": 503, "headers": {"Retry-After": "2"}}, {"body": "a"}, {"body": "b"}]
    )

    async def main() -> None:
        async with AsyncHttpClient(
            base_url=base, clock=clock, random=ScriptedRandom([0]), max_attempts=4
        ) as client:
            response = await client.get("/x")
            assert (response.text, response.attempts) == ("a", 3)
            assert (await client.put("/x", content="1")).text == "b"
            assert (await client.post("/x", content="1")).text == "b"
            assert (await client.delete("/x")).text == "b"

    asyncio.run(main())
    assert clock.sleeps == [375_000_000, 2_000_000_000]
    assert len(script.requests) == 6


def test_async_errors(server: ScriptedServer) -> None:
    base, _ = server.add([{"stall": 1.0}])
    loop, _ = server.add([{"status": 302, "headers": {"Location": "{base}/a"}}])
    gone, _ = server.add([{"status": 404}])

    async def main() -> None:
        async with AsyncHttpClient(timeout=0.2, max_attempts=1) as client:
            with pytest.raises(MaxRetriesExceeded) as caught:
                await client.get(f"{base}/a")
            assert isinstance(caught.value.cause, TimeoutError)
            with pytest.raises(HttpError, match="redirects"):
                await client.get(f"{loop}/a")
            with pytest.raises(HttpStatusError) as status:
                await client.get(f"{gone}/a")
            assert status.value.status == 404
            with pytest.raises(NetworkError):
                await client.post(f"http://127.0.0.1:{closed_port()}/")
        cancellation = Cancellation()
        cancellation.cancel()
        async with AsyncHttpClient(cancellation=cancellation) as client:
            with pytest.raises(CancelledError):
                await client.get(f"{gone}/a")

    asyncio.run(main())


def test_cancellation_while_waiting(server: ScriptedServer) -> None:
    base, _ = server.add([{"status": 503}])
    clock = VirtualClock()
    settings = {"base_url": base, "clock": clock, "cancellation": clock.cancellation_at(1000)}
    with HttpClient(**settings) as client, pytest.raises(CancelledError) as caught:
        client.get("/a")
    assert isinstance(caught.value.cause, HttpStatusError)

    async def main() -> None:
        other = VirtualClock()
        settings = {"base_url": base, "clock": other, "cancellation": other.cancellation_at(1000)}
        async with AsyncHttpClient(**settings) as client:
            with pytest.raises(CancelledError):
                await client.get("/a")

    asyncio.run(main())


def test_misuse() -> None:
    with pytest.raises(ConfigurationError):
        HttpClient(base_url="inventory")
    with HttpClient() as client:
        with pytest.raises(ValidationError, match="base_url"):
            client.get("/items")
        with pytest.raises(ValidationError):
            client.get("http://exa mple\x00/")
