"""The new texts in hand: the points to which several operations write a text, should a crash come between them.

Between its operations a point has the words of the new text and the version and fingerprint of the old one. Its record
is not acked and comes again, but perhaps joined with a later one that has the old text again, whose words would not be
written. The hidden point therefore names the points and their versions before the first operation. What a crash left
unfinished loses its fingerprint when the shard is opened, so that the next record writes the words, whatever they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from qdrant_edge import PayloadSelector, UpdateOperation

from schemas.points import point_id
from workers.index.edge.operations import id_of
from workers.index.layout import POSITIONS_POINT, TEXTS_IN_HAND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qdrant_edge import EdgeShard

    from workers.index.writes import Write


def mark(shard: EdgeShard, writes: Sequence[Write]) -> None:
    """Name the points of these writes, and no others, as those that texts are written to. Those before are finished."""
    if writes:
        versions = {point_id(write.product_id): write.version for write in writes}
        in_hand = {TEXTS_IN_HAND: orjson.dumps(versions).decode()}
        shard.update(UpdateOperation.set_payload([POSITIONS_POINT], in_hand))


def clear_unfinished(shard: EdgeShard) -> None:
    """Clear the fingerprint of each named point that did not reach its version."""
    [hidden] = shard.retrieve([POSITIONS_POINT], PayloadSelector.Include([TEXTS_IN_HAND]), False)
    versions = orjson.loads((hidden.payload or {}).get(TEXTS_IN_HAND, "{}"))
    found = shard.retrieve(list(versions), PayloadSelector.Include(["version"]), False)
    stored = {id_of(record): (record.payload or {})["version"] for record in found}
    if unfinished := [point for point, version in stored.items() if version < versions[point]]:
        shard.update(UpdateOperation.set_payload([*unfinished], {"fingerprint": None}))
