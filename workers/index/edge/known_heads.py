"""The heads of points of a shard, remembered as the last read or write left them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson
from qdrant_edge import PayloadSelector

from schemas.points import point_id
from workers.index.edge.operations import read_head
from workers.index.layout import HEAD_FIELDS, is_item

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from qdrant_edge import EdgeShard

    from schemas.points import Payload

HEADS_KNOWN_MAX = 32_768
"""The most heads that are remembered, some 800 bytes each. Reading one from the shard takes 17 us."""
FORGOTTEN_SHARE = 4
"""One in this many is forgotten where there are too many: those that were read first."""
HEAD = PayloadSelector.Include(list(HEAD_FIELDS))
_IN_HEAD = frozenset(HEAD_FIELDS)


class KnownHeads:
    """Heads by product_id. The only process that writes to the shard tells each write.

    They are kept as JSON: as objects they take several times the memory, and Python's collector would look at each.
    """

    def __init__(self, shard: EdgeShard) -> None:
        self._shard = shard
        self._known: dict[str, bytes] = {}

    def of(self, product_ids: Collection[str]) -> dict[str, Payload]:
        """Return the heads of these items by product_id, without the missing ones."""
        known = self._known
        stored = {each: orjson.loads(known[each]) for each in product_ids if each in known}
        heads = {product_id: read_head(head) for product_id, head in stored.items()}
        missing = [each for each in product_ids if each not in heads]
        return heads | self._read(missing) if missing else heads

    def patched(self, product_id: str, fields: Mapping[str, Any]) -> None:
        """Note that fields of a point were set, in the form in which they are stored; None takes a field away."""
        known = self._known.get(product_id)
        if known is not None:
            head = orjson.loads(known) | {name: value for name, value in fields.items() if name in _IN_HEAD}
            self._known[product_id] = _encoded(head)

    def forget(self, product_ids: Iterable[str]) -> None:
        """Forget the heads of points that were written whole."""
        for product_id in product_ids:
            self._known.pop(product_id, None)

    def forget_all(self) -> None:
        """Forget all heads."""
        self._known.clear()

    def _read(self, product_ids: Collection[str]) -> dict[str, Payload]:
        if len(self._known) > HEADS_KNOWN_MAX:
            self.forget(list(islice(self._known, HEADS_KNOWN_MAX // FORGOTTEN_SHARE)))
        found: dict[str, Payload] = {}
        for record in self._shard.retrieve([point_id(each) for each in product_ids], HEAD, False):
            head = read_head(stored := record.payload or {})
            if is_item(head):
                found[head["product_id"]] = head
                self._known[head["product_id"]] = _encoded(stored)
        return found


def _encoded(head: Mapping[str, Any]) -> bytes:
    """Return JSON that stays in memory: a copy, since what orjson returns holds on to its buffer of 4 KB and more."""
    return bytes(memoryview(orjson.dumps({name: value for name, value in head.items() if value is not None})))
