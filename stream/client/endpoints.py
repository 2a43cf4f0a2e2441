"""Endpoints: a route of the API as a method of both clients, typed by the models of its parameters and its answer."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, ParamSpec, TypeVar, overload
from urllib.parse import quote

import orjson
from pydantic import TypeAdapter, ValidationError

from stream.api.parameter_refusals import refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from pydantic import BaseModel

P = ParamSpec("P")
T = TypeVar("T")

SILENCE_SECONDS_MAX = 60.0
"""The longest silence of a stream of events. The API sends a line every 15 s to keep the connection."""
_PLACEHOLDER = re.compile(r"{(\w+)}")
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
"""The end of a line. A carriage return that ends a part may be the first half of one."""


class Call(NamedTuple, Generic[T]):
    """One request, and how its answer is read."""

    method: str
    path: str
    """The path with its parameters, encoded."""
    query: Mapping[str, Any]
    headers: Mapping[str, bytes]
    body: bytes | None
    wait_seconds: float
    """The time that the API is asked to wait before it answers."""
    seconds_max: float | None
    """The time that the answer may take besides; None: as long as the client says."""
    answers: type[T]
    """The model of the answer, `str` for plain text."""

    def read(self, answer: bytes) -> T:
        """Parse the answer. Raises pydantic's ValidationError if the route does not give such an answer."""
        if self.answers is str:
            return answer.decode(errors="replace")  # type: ignore[return-value]
        return TypeAdapter(self.answers).validate_json(answer)


class CallSender(ABC):
    """Sends calls, and returns their answers."""

    @abstractmethod
    def send(self, call: Call[T]) -> T:
        """Return the answer. Raises Unavailable, RefusedRequest, NotFound, Conflict or another FreshlineError."""

    @abstractmethod
    def stream(self, call: Call[T], event: str) -> Iterator[T]:
        """Yield the server-sent events of this name until the server ends the stream. Raises as `send` does."""


class AsyncSender(ABC):
    """Sends calls as `CallSender` does, and is awaited."""

    @abstractmethod
    async def send(self, call: Call[T]) -> T:
        """Return the answer, as `CallSender.send` does. Raises as that does."""

    @abstractmethod
    def stream(self, call: Call[T], event: str) -> AsyncIterator[T]:
        """Yield the answers, as `CallSender.stream` does. Raises as that does."""


class Route(Generic[P, T]):
    """A route of the API, and the call that it is for some parameters."""

    def __init__(
        self,
        method: str,
        path: str,
        asks: Callable[P, BaseModel],
        answers: type[T],
        *,
        in_body: bool = False,
        in_headers: Mapping[str, str] = MappingProxyType({}),
        seconds_max: float | None = None,
    ) -> None:
        """`asks`: the model of all parameters. Those in braces are put into the path, those of `in_headers` into the
        header that it gives by their name, and the others into the URL, or with `in_body` into a JSON object.
        `answers`: the model of the answer, `str` for plain text. `seconds_max`: how long the answer may take, if not as
        long as the client allows."""
        self.method, self.path, self.asks, self.answers = method, path, asks, answers
        self.in_headers = in_headers
        self._in_body = in_body
        self._seconds_max = seconds_max

    def call(self, *args: P.args, **kwargs: P.kwargs) -> Call[T]:
        """Return the request. Raises RefusedRequest, which names the parameter, before anything is sent."""
        try:
            asked = self.asks(*args, **kwargs)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise refusal({**first, "loc": ("request", *first["loc"])}) from None
        given = asked.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        path = _PLACEHOLDER.sub(lambda name: _segment(str(given.pop(name[1]))), self.path)
        headers = {header: str(given.pop(name)).encode() for name, header in self.in_headers.items() if name in given}
        waits_ms = getattr(asked, "wait_ms", 0) if getattr(asked, "after", None) is not None else 0
        return Call(
            self.method,
            path,
            {} if self._in_body else given,
            headers,
            orjson.dumps(given) if self._in_body else None,
            waits_ms / 1000,
            self._seconds_max,
            self.answers,
        )


def _segment(text: str) -> str:
    """Return a text as one segment of a path. A bare `.` or `..` would be taken for a step up the path."""
    return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe="")


class Endpoint(Route[P, T]):
    """A method of the clients that returns the answer of a route."""

    @overload
    def __get__(self, client: None, _: type) -> Endpoint[P, T]: ...

    @overload
    def __get__(self, client: CallSender, _: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, client: AsyncSender, _: type) -> Callable[P, Awaitable[T]]: ...

    def __get__(self, client: CallSender | AsyncSender | None, _: type) -> Any:
        """Return the method of this client; of a class, the endpoint itself."""
        if client is None:
            return self

        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.send(self.call(*args, **kwargs))

        return method


class EventEndpoint(Route[P, T]):
    """A method of the clients that iterates over the server-sent events of one name."""

    def __init__(
        self,
        path: str,
        asks: Callable[P, BaseModel],
        event: str,
        answers: type[T],
        in_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`event`: the name of the events that are yielded; the stream may have others."""
        super().__init__("GET", path, asks, answers, in_headers=in_headers, seconds_max=SILENCE_SECONDS_MAX)
        self.event = event

    @overload
    def __get__(self, client: None, _: type) -> EventEndpoint[P, T]: ...

    @overload
    def __get__(self, client: CallSender, _: type) -> Callable[P, Iterator[T]]: ...

    @overload
    def __get__(self, client: AsyncSender, _: type) -> Callable[P, AsyncIterator[T]]: ...

    def __get__(self, client: CallSender | AsyncSender | None, _: type) -> Any:
        """Return the method of this client; of a class, the endpoint itself."""
        if client is None:
            return self

        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.stream(self.call(*args, **kwargs), self.event)

        return method


class EventReader:
    """Reads server-sent events (https://html.spec.whatwg.org/#parsing-an-event-stream) from parts of a stream.

    The lines of httpx are not those of the standard: they end at U+2028 and U+0085 too, which texts of products have.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._name, self._lines = b"message", list[bytes]()

    def read(self, part: bytes) -> list[tuple[str, bytes]]:
        """Return the names and the contents of the events that this part ends."""
        *lines, self._rest = _LINE_END.split(self._rest + part)
        ended = (self._add(line) for line in lines)
        return [event for event in ended if event is not None]

    def _add(self, line: bytes) -> tuple[str, bytes] | None:
        if line:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"event":
                self._name = value
            elif field == b"data":
                self._lines.append(value)
            return None
        event = (self._name.decode(errors="replace"), b"\n".join(self._lines)) if self._lines else None
        self._name, self._lines = b"message", []
        return event
