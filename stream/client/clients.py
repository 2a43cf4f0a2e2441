"""The clients over HTTP: one that blocks, and one that is awaited."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import httpx
import orjson
from pydantic import ValidationError
from typing_extensions import override

from schemas.errors import Conflict, FreshlineError, NotFound, RefusedRequest, Unauthorized, Unavailable
from stream.client.endpoints import AsyncSender, Call, CallSender, EventReader
from stream.client.routes import Routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

T = TypeVar("T")

ANSWER_SECONDS_MAX = 10.0
"""The time that the API may take to answer, besides the time that the request asks it to wait."""
_KEY = re.compile(r"[!-~]+")
_KNOWN = (Unauthorized, NotFound, Conflict, Unavailable)
_REFUSALS: dict[int, type[FreshlineError]] = {each.http_status: each for each in _KNOWN}


class Client(Routes, CallSender):
    """Asks a running stack; a context manager, which closes the connections. Threads may share it."""

    def __init__(self, api: str, *, key: str | None = None, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        """`api`: the address, such as http://127.0.0.1:8765. `key`: the one to which watches belong, if the stack has
        keys. `answer_seconds_max` bounds an answer, besides the time that the request asks the API to wait."""
        self.api = api.rstrip("/")
        self._seconds_max = answer_seconds_max
        self._http = httpx.Client(trust_env=False, headers=_bearer(key))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Idempotent."""
        self._http.close()

    @override
    def send(self, call: Call[T]) -> T:
        request = _request(self.api, call, self._seconds_max)
        with _explained(self.api, request):
            answer = self._http.request(**request)
        return _parsed(call, answer)

    @override
    def stream(self, call: Call[T], event: str) -> Iterator[T]:
        request, events = _request(self.api, call, self._seconds_max), EventReader()
        with _explained(self.api, request), self._http.stream(**request) as answer:
            if not answer.is_success:
                answer.read()
                raise _refusal(answer)
            for part in answer.iter_bytes():
                for name, content in events.read(part):
                    if name == event:
                        yield _read(call, answer.url, content)


class AsyncClient(Routes, AsyncSender):
    """Asks a running stack as `Client` does, with methods that are awaited, and streams for `async for`."""

    def __init__(self, api: str, *, key: str | None = None, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        """Take the same as `Client`."""
        self.api = api.rstrip("/")
        self._seconds_max = answer_seconds_max
        self._http = httpx.AsyncClient(trust_env=False, headers=_bearer(key))

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        await self._http.aclose()

    @override
    async def send(self, call: Call[T]) -> T:
        request = _request(self.api, call, self._seconds_max)
        with _explained(self.api, request):
            answer = await self._http.request(**request)
        return _parsed(call, answer)

    @override
    async def stream(self, call: Call[T], event: str) -> AsyncIterator[T]:
        request, events = _request(self.api, call, self._seconds_max), EventReader()
        with _explained(self.api, request):
            async with self._http.stream(**request) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _refusal(answer)
                async for part in answer.aiter_bytes():
                    for name, content in events.read(part):
                        if name == event:
                            yield _read(call, answer.url, content)


def _bearer(key: str | None) -> dict[str, str]:
    """Return the header of a key. Raises RefusedRequest for one that no header can have, without naming it."""
    if key is None:
        return {}
    if not _KEY.fullmatch(key):  # httpx would show it in its error.
        raise RefusedRequest("key", "must be ASCII without blanks: of a file, leave out the end of the line")
    return {"Authorization": f"Bearer {key}"}


class _Request(TypedDict):
    """The arguments of httpx."""

    method: str
    url: str
    params: dict[str, Any]
    content: bytes | None
    headers: dict[bytes, bytes]
    timeout: float


def _request(api: str, call: Call[Any], seconds_max: float) -> _Request:
    return {
        "method": call.method,
        "url": api + call.path,
        "params": dict(call.query),
        "content": call.body,
        "headers": {name.encode(): value for name, value in _headers(call)},
        "timeout": (seconds_max if call.seconds_max is None else call.seconds_max) + call.wait_seconds,
    }


def _headers(call: Call[Any]) -> Iterator[tuple[str, bytes]]:
    yield from call.headers.items()
    if call.body is not None:
        yield "Content-Type", b"application/json"


@contextmanager
def _explained(api: str, request: _Request) -> Iterator[None]:
    """Turn the errors of httpx into sentences. Raises Unavailable, and RefusedRequest for a wrong address."""
    try:
        yield
    except httpx.TimeoutException:
        raise Unavailable(
            f"{api} does not answer within {request['timeout']:.0f} s: the index worker hangs, or its machine is "
            "overloaded; see the output of `freshline up`"
        ) from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError) as error:  # IDNA has no such name of a host.
        raise RefusedRequest("api", f"{api} is no address of an API: {error}") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"nothing answers at {api} ({error}): is `freshline up` running there?") from None


def _parsed(call: Call[T], answer: httpx.Response) -> T:
    """Return the answer of a call. Raises the error that the API answers with, or FreshlineError."""
    if not answer.is_success:
        raise _refusal(answer)
    return _read(call, answer.url, answer.content)


def _read(call: Call[T], url: httpx.URL, content: bytes) -> T:
    try:
        return call.read(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise FreshlineError(f"{url} is not Freshline: its answer is no JSON") from None
        where = ".".join(map(str, first["loc"]))
        raise FreshlineError(
            f"{url} answers otherwise than this version of Freshline ({where}: {first['msg']}): install the "
            "version of the stack"
        ) from None


def _refusal(answer: httpx.Response) -> FreshlineError:
    """Return the error that the API answers with."""
    try:
        said = orjson.loads(answer.content)["error"]
        field, message = said["field"], str(said["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return FreshlineError(f"{answer.url} answers HTTP {answer.status_code}: is Freshline running there?")
    if answer.status_code == RefusedRequest.http_status and isinstance(field, str):
        return RefusedRequest(field, message.removeprefix(f"{field}: "))
    return _REFUSALS.get(answer.status_code, FreshlineError)(message)
