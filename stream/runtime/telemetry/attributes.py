"""The attributes of spans, named by OpenTelemetry's semantic conventions for messaging and databases (1.38)."""

from __future__ import annotations

PRODUCT_ID = "freshline.product_id"
CHANGED = "freshline.changed"
"""True if an event changed its item: one that is stale or a duplicate did not."""
EVENTS = "freshline.events"
"""The number of events that an item record states."""
PLAN = "freshline.plan"
"""The plan that was carried out on the point: see `freshline_plans_total`."""
OFFSET = "messaging.kafka.offset"


PARTITION = "messaging.destination.partition.id"


def record_attributes(topic: str, operation: str, **position: int) -> dict[str, str | int]:
    """Return the attributes of a span in which a record is sent or handled (`operation`: send, process).

    `position` is `partition` and `offset`, as far as they are known.
    """
    attributes: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.operation.type": operation,
        "messaging.operation.name": operation,
        "messaging.destination.name": topic,
    }
    return attributes | position_attributes(**position)


def position_attributes(*, partition: int | None = None, offset: int | None = None) -> dict[str, str | int]:
    """Return the attributes that say where a record is."""
    known: dict[str, str | int] = {} if partition is None else {PARTITION: str(partition)}
    return known if offset is None else known | {OFFSET: offset}


def write_attributes(collection: str) -> dict[str, str]:
    """Return the attributes of a span in which a point is written to a collection."""
    return {"db.system.name": "qdrant", "db.operation.name": "upsert", "db.collection.name": collection}
