"""The end of a run: what is still to be done before all is quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.kafka.topics import INPUTS

from .truth import partitions_of
from .world import shown

if TYPE_CHECKING:
    from .world import World


def unquiet(world: World) -> str | None:
    """Return the work that keeps the run from its end; None if there is none left. All faults have struck."""
    return _on_its_way(world) or _workers(world) or _commits(world) or _tokens(world) or _index_backlog(world)


def _on_its_way(world: World) -> str | None:
    unheard = any(world.log.end(partition) > heard for partition, heard in world.heard.items())
    return "something is on its way" if world.to_send or world.orphans or unheard else None


def _workers(world: World) -> str | None:
    if world.revive():
        return "a worker is away"
    at_work = (each.name for each in world.workers if each.positions is None or each.busy())
    return next((f"{name} is at work" for name in at_work), None)


def _commits(world: World) -> str | None:
    for group in world.groups.values():
        for partition in partitions_of(group.topics):
            if (committed := group.committed[partition]) < (end := world.log.end(partition)):
                return f"{shown(partition)} is committed up to {committed}, of {end}"
    return None


def _tokens(world: World) -> str | None:
    for partition in partitions_of(INPUTS):
        if (searchable := world.watermark.searchable(partition)) < world.log.end(partition):
            return f"tokens of {shown(partition)} answer up to {searchable} only"
    return None


def _index_backlog(world: World) -> str | None:
    now_ms = world.clock.now_ms()
    for product_id, point in world.points.by_id.items():
        if point.payload["vector_due"]:
            return f"the embedding of {product_id} is pending"
        if point.payload["alerts_due"]:
            return f"alerts of {product_id} are pending"
        if (point.payload["price_changes_at_ms"] or now_ms + 1) <= now_ms and point.payload["status"] == "visible":
            return f"the price of {product_id} is overdue"
    return None
