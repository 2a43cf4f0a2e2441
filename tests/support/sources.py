"""Messages of other systems, and the events that an adapter makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from schemas.events import parse
from workers.sources.mapping import Column
from workers.sources.messages import Message

if TYPE_CHECKING:
    from schemas.events import Event
    from workers.sources.messages import Adapter

ARRIVED_MS = 1_795_000_000_000


def columns(**names: Any) -> dict[str, Column]:
    """Return a mapping. A double underscore in a name is a dot."""
    return {
        field.replace("__", "."): given if isinstance(given, Column) else Column(column=given)
        for field, given in names.items()
    }


def message(topic: str, body: Any, *, key: Any = None, headers: dict[str, str] | None = None) -> Message:
    """Return a message; a key that is no bytes is written as JSON."""
    return Message(topic, key if key is None or isinstance(key, bytes) else orjson.dumps(key), body, headers or {})


def events(adapt: Adapter, given: Message) -> list[Event]:
    """Return the events of a message, parsed as those of a topic are."""
    return [
        parse(body.topic, None, orjson.dumps(body.fields), arrived_at_ms=ARRIVED_MS, event_time_ms=None)
        for body in adapt(given)
    ]
