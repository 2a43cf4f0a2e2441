"""The sources of the demo, as they lie in `data`: gzip-compressed JSON lines."""

from __future__ import annotations

import gzip
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

Event = tuple[str, str, dict[str, Any]]
"""Topic, key (the product_id) and value of an event."""


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The objects of data/NAME.jsonl.gz, in its order."""
    with as_file(files("stream.demo") / "data" / f"{name}.jsonl.gz") as path, gzip.open(path, "rb") as lines:
        yield from map(orjson.loads, lines)
