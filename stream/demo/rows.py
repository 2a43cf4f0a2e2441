"""The rows of the demo's data: gzip-compressed JSON lines in the folder `data`."""

from __future__ import annotations

import gzip
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

DemoEvent = tuple[str, str, dict[str, Any]]
"""The topic, key (the product_id) and value of an event."""


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of data/NAME.jsonl.gz in their order."""
    with as_file(files("stream.demo") / "data" / f"{name}.jsonl.gz") as path, gzip.open(path, "rb") as lines:
        yield from map(orjson.loads, lines)
