"""The topics: their names, and the settings that they must have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from stream.runtime.settings import Settings

PRODUCTS = "products"
PRICES = "prices"
REVIEWS = "reviews"
INPUTS = (PRODUCTS, PRICES, REVIEWS)

ITEMS = "items"
"""The item log: the last record of a key is the state of that item."""
REVIEW_STATES = "review-states"
STATES = (ITEMS, REVIEW_STATES)
"""The topics of the item state. The state of a partition is the join of all their records, and nothing else is."""

ITEMS_GROUP = "freshline-items"
"""Consumer group of the items workers."""

RULES = "rules"
"""The merchant rules: the last record of a key is the rule of that id."""
WATCHES = "watches"
"""The watches in force: one record a watch, under its id."""
KEPT = (*STATES, RULES, WATCHES)
"""The topics whose last records outlive the embedded broker."""
ALERTS = "alerts"

PROGRESS = "progress"
DEAD_LETTERS = {topic: f"{topic}.dlq" for topic in (*INPUTS, ITEMS)}
"""Topics of dead letters, by the topic of the events. A dead letter is in the partition of its event."""

EVENT_BYTES_MAX = 8 * 1024 * 1024
DEAD_LETTER_BYTES_MAX = 10 * 1024 * 1024
COMPACTION_LAG_MS_MIN = 3_600_000
"""No record is compacted away before the worker that has its partition has seen it."""
ALERTS_RETENTION_MS = 7 * 86_400_000
PROGRESS_SEGMENT_MS = 600_000
"""The time after which a segment of the topic `progress` can be compacted: it gets many records a second under few
keys."""


class Topic(NamedTuple):
    """A topic with the properties that it must have."""

    name: str
    partitions: int
    settings: dict[str, str]


def all_topics(settings: Settings) -> list[Topic]:
    """Return all topics of Freshline."""
    inputs = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(EVENT_BYTES_MAX)}
    states = {"cleanup.policy": "compact", "min.compaction.lag.ms": str(COMPACTION_LAG_MS_MIN)}
    progress = {"cleanup.policy": "compact", "segment.ms": str(PROGRESS_SEGMENT_MS)}
    dead_letters = {"max.message.bytes": str(DEAD_LETTER_BYTES_MAX), "retention.ms": "-1"}
    number = settings.partitions
    return [
        *(Topic(name, number, inputs) for name in INPUTS),
        *(Topic(name, number, states) for name in STATES),
        *(Topic(name, number, dead_letters) for name in DEAD_LETTERS.values()),
        Topic(RULES, number, {"cleanup.policy": "compact"}),
        Topic(PROGRESS, number, progress),
        Topic(WATCHES, number, {"cleanup.policy": "compact"}),
        Topic(ALERTS, number, {"retention.ms": str(ALERTS_RETENTION_MS)}),
    ]
