"""An HTTP client with a time-out, retries of what is safe to repeat, and redirects that do not leak credentials.

docs/semantics.md, section 10. httpx does the talking; its redirects are off because it turns more methods
into GET than the
semantics allow, and its retries cover connecting only.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, cast
from urllib.parse import quote, urljoin, urlsplit

import httpx

from foundation._numbers import MAX, SECOND, count, nanoseconds
from foundation.clock import SYSTEM_CLOCK, Cancellation, Clock, RandomSource, system_random
from foundation.errors import (
    CancelledError,
    ConfigurationError,
    HttpError,
    HttpStatusError,
    MaxRetriesExceeded,
    NetworkError,
    TimeoutError,  # noqa: A004 - the pattern's own name.
    ValidationError,
)
from foundation.resilience import RetryPolicy

__all__ = ["AsyncHttpClient", "HttpClient", "HttpResponse"]

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_BODILESS = frozenset((204, 205, 304))
_CREDENTIALS = frozenset(("authorization", "cookie", "proxy-authorization"))
_PORTS = {"http": 80, "https": 443}

Params = Mapping[str, Any] | Iterable[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole answer; header names are lower-case. `url` is where it came from, after redirects."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str
    request_method: str
    attempts: int = field(default=1, compare=False)

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON."""
        import json

        return json.loads(self.content)

    def raise_for_status(self) -> None:
        """Raise HttpStatusError for a status of 400 or more: what `raise_for_status=False` left to the caller."""
        if self.status >= 400:
            raise HttpStatusError(self)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    timeout: int


class _Settings:
    """The parameters that both clients share, and every decision that needs no socket."""

    def __init__(
        self,
        *,
        base_url: str | None = None,
        timeout: float | timedelta = 30.0,
        max_attempts: int = 3,
        base_delay: float | timedelta = 0.5,
        max_delay: float | timedelta = 60.0,
        retry_statuses: Iterable[int] = (429, 502, 503, 504),
        retry_methods: Iterable[str] = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"),
        follow_redirects: bool = True,
        max_redirects: int = 5,
        raise_for_status: bool = True,
        headers: Mapping[str, str] | None = None,
        clock: Clock = SYSTEM_CLOCK,
        random: RandomSource = system_random,
        cancellation: Cancellation | None = None,
    ) -> None:
        self.base_url = base_url
        if base_url is not None and urlsplit(base_url).scheme not in _PORTS:
            raise ConfigurationError(f"base_url must start with http:// or https://, not {base_url!r}")
        self.timeout = nanoseconds("timeout", timeout, 0.001, 3600)
        self.policy = RetryPolicy(max_attempts=max_attempts, base_delay=base_delay, max_delay=max_delay)
        self.most = nanoseconds("max_delay", max_delay, 0, 3600)
        self.statuses = frozenset(retry_statuses)
        self.methods = frozenset(method.upper() for method in retry_methods)
        self.follow_redirects = follow_redirects
        self.max_redirects = count("max_redirects", max_redirects, 0, 50)
        self.raise_for_status = raise_for_status
        self.headers = dict(headers or {})
        self.clock = clock
        self.random = random
        self.cancellation = cancellation

    def request(
        self,
        method: str,
        path: str,
        params: Params | None,
        headers: Mapping[str, str] | None,
        content: str | bytes | None,
        json: Any,
        timeout: float | timedelta | None,
    ) -> _Request:
        url = path
        if urlsplit(path).scheme not in _PORTS:
            if self.base_url is None:
                raise ValidationError(f"{path!r} is not an absolute URL, and the client has no base_url")
            url = f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"
        if params is not None:
            pairs = cast("Mapping[str, Any]", params).items() if isinstance(params, Mapping) else params
            query = "&".join(f"{quote(str(k), safe='-._~')}={quote(str(v), safe='-._~')}" for k, v in pairs)
            if query:
                url += ("&" if urlsplit(url).query else "?") + query
        sent = {**self.headers, **(headers or {})}
        if json is not None:
            import json as encoder

            content = encoder.dumps(json, ensure_ascii=False, separators=(",", ":"))
            sent.setdefault("Content-Type", "application/json")
        body = content.encode() if isinstance(content, str) else content
        most = self.timeout if timeout is None else nanoseconds("timeout", timeout, 0.001, 3600)
        return _Request(method.upper(), url, sent, body, most)

    def exchange(self, request: _Request) -> Generator[_Request, HttpResponse, HttpResponse]:
        """One attempt: yields each request to send and takes its answer."""
        followed = 0
        while True:
            response = yield request
            location = response.headers.get("location")
            if not self.follow_redirects or response.status not in _REDIRECTS or location is None:
                return response
            if followed == self.max_redirects:
                raise HttpError(f"more than {self.max_redirects} redirects, the last one to {location}")
            followed += 1
            request = _redirected(request, response.status, location)

    def delay(self, attempt: int, error: Exception) -> int:
        """Nanoseconds before the next attempt."""
        if isinstance(error, HttpStatusError):
            after = _retry_after(error.response.headers.get("retry-after"), self.clock.wall())
            if after is not None:
                return min(after, self.most)
        return self.policy.delay(attempt, self.random)

    def judge(
        self, request: _Request, attempt: int, outcome: HttpResponse | Exception
    ) -> HttpResponse | tuple[int, Exception]:
        """The final answer, or the delay before the next attempt; raises the final error."""
        repeatable = request.method in self.methods
        last = attempt >= self.policy.max_attempts
        error: Exception
        if isinstance(outcome, HttpResponse):
            answered = replace(outcome, request_method=request.method, attempts=attempt)
            error = HttpStatusError(answered)
            if not repeatable or answered.status not in self.statuses:
                if answered.status >= 400 and self.raise_for_status:
                    raise error
                return answered
            if last and not self.raise_for_status:
                return answered
        else:
            error = outcome
            if not repeatable:
                raise error
        if last:
            raise MaxRetriesExceeded(attempt, error) from error
        return self.delay(attempt, error), error

    def check_cancelled(self, last: Exception | None) -> None:
        if self.cancellation is not None and self.cancellation.cancelled:
            raise CancelledError("cancelled before the next attempt", last) from last


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _redirected(request: _Request, status: int, location: str) -> _Request:
    url = urljoin(request.url, location)
    if urlsplit(url).scheme not in _PORTS:
        raise HttpError(f"a redirect leads to {url}, which is neither http nor https")
    method, content, headers = request.method, request.content, dict(request.headers)
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, content = "GET", None
        headers = {k: v for k, v in headers.items() if not k.lower().startswith("content-")}
    if _origin(url) != _origin(request.url):
        headers = {k: v for k, v in headers.items() if k.lower() not in _CREDENTIALS}
    return _Request(method, url, headers, content, request.timeout)


def _retry_after(text: str | None, wall: int) -> int | None:
    """The nanoseconds that a Retry-After header asks for, or None when it says nothing usable."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:30]) * SECOND, MAX)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, int(moment.timestamp()) * SECOND - wall)


def _translated(error: Exception, request: _Request) -> Exception:
    where = f"{request.method} {request.url}"
    if isinstance(error, httpx.TimeoutException):
        return TimeoutError(f"{where}: timed out")
    if isinstance(error, httpx.TransportError) and not isinstance(
        error, httpx.UnsupportedProtocol | httpx.LocalProtocolError
    ):
        return NetworkError(f"{where}: {error}")
    if isinstance(error, httpx.DecodingError):
        return HttpError(f"{where}: {error}")
    return ValidationError(f"{where}: {error}")


class _Deadline:
    """The end of one attempt; every wait inside of it gets what is left."""

    def __init__(self, timeout: int) -> None:
        self._end = time.monotonic_ns() + timeout

    def left(self, request: _Request) -> float:
        left = (self._end - time.monotonic_ns()) / 1e9
        if left <= 0:
            raise TimeoutError(f"{request.method} {request.url}: timed out")
        return left


def _keep_dots(built: httpx.Request, url: str) -> None:
    """Send the segments `.` and `..` of the path as they were given: httpx removes them, the semantics do not.

    httpcore's extension `target` names the request target. It is set only for a path with such a segment, because it
    replaces the absolute form that a forward proxy is asked with.
    """
    parts = urlsplit(url)
    segments = parts.path.split("/")
    dots = {index: segment for index, segment in enumerate(segments) if segment in (".", "..")}
    if not dots:
        return
    # httpx percent-encodes what is left and neither adds nor removes a slash, so that the places stay the same.
    masked = "/".join("-" if index in dots else segment for index, segment in enumerate(segments))
    path, mark, query = httpx.URL(parts._replace(path=masked).geturl()).raw_path.partition(b"?")
    kept = path.split(b"/")
    for index, segment in dots.items():
        kept[index] = segment.encode()
    built.extensions = {**built.extensions, "target": b"/".join(kept) + mark + query}


def _whole(request: _Request, answer: httpx.Response, content: bytes) -> HttpResponse:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if answer.status_code in _BODILESS:
        content = b""
    return HttpResponse(answer.status_code, headers, content, request.url, request.method)


_NATIVE_ERRORS = (httpx.HTTPError, httpx.InvalidURL)


class HttpClient:
    """A client for threads; close it or use it as a context manager.

    Takes the parameters of the pattern; durations in seconds. Raises `NetworkError`, `TimeoutError`,
    `HttpStatusError`, `HttpError`,
    `MaxRetriesExceeded` (cause: the last of the first three), `CancelledError`.
    """

    def __init__(
        self, *, transport: httpx.BaseTransport | None = None, verify: Any = True, **parameters: Any
    ) -> None:
        self._settings = _Settings(**parameters)
        self._client = httpx.Client(transport=transport, verify=verify, follow_redirects=False)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        json: Any = None,
        timeout: float | timedelta | None = None,
    ) -> HttpResponse:
        """Send a request, retrying and following redirects as configured; `timeout` replaces the client's."""
        settings = self._settings
        request = settings.request(method, path, params, headers, content, json, timeout)
        attempt = 1
        last: Exception | None = None
        while True:
            settings.check_cancelled(last)
            try:
                outcome: HttpResponse | Exception = self._attempt(request)
            except (NetworkError, TimeoutError) as error:
                outcome = error
            verdict = settings.judge(request, attempt, outcome)
            if isinstance(verdict, HttpResponse):
                return verdict
            delay, last = verdict
            try:
                settings.clock.sleep(delay, settings.cancellation)
            except CancelledError:
                raise CancelledError("cancelled while waiting for the next attempt", last) from last
            attempt += 1

    def _attempt(self, request: _Request) -> HttpResponse:
        deadline = _Deadline(request.timeout)
        exchange = self._settings.exchange(request)
        current = next(exchange)
        while True:
            answer = self._send(current, deadline)
            try:
                current = exchange.send(answer)
            except StopIteration as stop:
                return stop.value

    def _send(self, request: _Request, deadline: _Deadline) -> HttpResponse:
        content = bytearray()
        try:
            built = self._client.build_request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                timeout=deadline.left(request),
            )
            _keep_dots(built, request.url)
            answer = self._client.send(built, stream=True)
            try:
                for chunk in answer.iter_bytes():
                    content += chunk
                    deadline.left(request)
            finally:
                answer.close()
        except _NATIVE_ERRORS as error:
            raise _translated(error, request) from error
        return _whole(request, answer, bytes(content))

    def get(self, path: str, **options: Any) -> HttpResponse:
        """Send a GET request."""
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Any) -> HttpResponse:
        """Send a HEAD request."""
        return self.request("HEAD", path, **options)

    def options(self, path: str, **options: Any) -> HttpResponse:
        """Send an OPTIONS request."""
        return self.request("OPTIONS", path, **options)

    def post(self, path: str, **options: Any) -> HttpResponse:
        """Send a POST request."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> HttpResponse:
        """Send a PUT request."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> HttpResponse:
        """Send a PATCH request."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> HttpResponse:
        """Send a DELETE request."""
        return self.request("DELETE", path, **options)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncHttpClient:
    """The same client for coroutines: the methods are awaited."""

    def __init__(
        self, *, transport: httpx.AsyncBaseTransport | None = None, verify: Any = True, **parameters: Any
    ) -> None:
        self._settings = _Settings(**parameters)
        self._client = httpx.AsyncClient(transport=transport, verify=verify, follow_redirects=False)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        json: Any = None,
        timeout: float | timedelta | None = None,
    ) -> HttpResponse:
        """Send a request, retrying and following redirects as configured; `timeout` replaces the client's."""
        settings = self._settings
        request = settings.request(method, path, params, headers, content, json, timeout)
        attempt = 1
        last: Exception | None = None
        while True:
            settings.check_cancelled(last)
            try:
                outcome: HttpResponse | Exception = await self._attempt(request)
            except (NetworkError, TimeoutError) as error:
                outcome = error
            verdict = settings.judge(request, attempt, outcome)
            if isinstance(verdict, HttpResponse):
                return verdict
            delay, last = verdict
            try:
                await settings.clock.asleep(delay, settings.cancellation)
            except CancelledError:
                raise CancelledError("cancelled while waiting for the next attempt", last) from last
            attempt += 1

    async def _attempt(self, request: _Request) -> HttpResponse:
        deadline = _Deadline(request.timeout)
        exchange = self._settings.exchange(request)
        current = next(exchange)
        while True:
            answer = await self._send(current, deadline)
            try:
                current = exchange.send(answer)
            except StopIteration as stop:
                return stop.value

    async def _send(self, request: _Request, deadline: _Deadline) -> HttpResponse:
        content = bytearray()
        try:
            built = self._client.build_request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                timeout=deadline.left(request),
            )
            _keep_dots(built, request.url)
            answer = await self._client.send(built, stream=True)
            try:
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    deadline.left(request)
            finally:
                await answer.aclose()
        except _NATIVE_ERRORS as error:
            raise _translated(error, request) from error
        return _whole(request, answer, bytes(content))

    async def get(self, path: str, **options: Any) -> HttpResponse:
        """Send a GET request."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> HttpResponse:
        """Send a POST request."""
        return await self.request("POST", path, **options)

    async def put(self, path: str, **options: Any) -> HttpResponse:
        """Send a PUT request."""
        return await self.request("PUT", path, **options)

    async def delete(self, path: str, **options: Any) -> HttpResponse:
        """Send a DELETE request."""
        return await self.request("DELETE", path, **options)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> AsyncHttpClient:
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()
