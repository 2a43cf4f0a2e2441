"""Reads the merchant rules from their topic, once and to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import InvalidRule
from stream.kafka.partitions import all_partitions
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import CONNECT_SECONDS_MAX, topic_layout
from stream.kafka.topics import RULES
from workers.merchandising.rule_records import read_record

if TYPE_CHECKING:
    from schemas.rules import Rule
    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record


def rule_in(record: Record) -> tuple[str, Rule | str | None]:
    """Return the id of a record of the topic, and its rule, or the reason why the record is no rule, or None for a
    tombstone."""
    rule_id = (record.key or b"").decode(errors="replace")
    if record.value is None:
        return rule_id, None
    try:
        return rule_id, read_record(record.key, record.value)
    except InvalidRule as error:
        return rule_id, str(error)


def read_rules(kafka: Cluster, *, connect_seconds_max: float = CONNECT_SECONDS_MAX) -> dict[str, Rule | str]:
    """Return the last rule of each id, or why its last record is none. Raises Unavailable, Misconfigured."""
    partitions = topic_layout(kafka, RULES, connect_seconds_max=connect_seconds_max).partitions
    return asyncio.run(_read(kafka, partitions))


async def _read(kafka: Cluster, partitions: int) -> dict[str, Rule | str]:
    last: dict[str, Rule | str] = {}
    async with Reader(kafka) as reader:
        reader.assign(dict.fromkeys(all_partitions(RULES, each=partitions), 0))
        async for records in reader.read_to_end():
            for record in records:
                rule_id, rule = rule_in(record)
                last.pop(rule_id, None)
                if rule is not None:
                    last[rule_id] = rule
    return last
