"""The merchant rules that are in force in this process: the last record of each id in the topic `rules`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from schemas.rules import Rule
from stream.kafka.partitions import all_partitions
from stream.kafka.reader import Reader
from stream.kafka.rule_log import rule_in
from stream.kafka.topics import RULES
from workers.merchandising.rules import RULES_MAX, Rules
from workers.retry import BROKER_BACKOFF, until_available

if TYPE_CHECKING:
    from prometheus_client import Counter

    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record

log = structlog.get_logger(__name__)

FETCH_WAIT_MS = 100
"""The time that a fetch waits for records. A rule is in force about that long after it was sent."""
REFUSED_KNOWN_MAX = 100
"""The most refused records whose reasons are kept, those that came last."""


class LiveRules:
    """Follows the topic `rules`. A record that is no rule takes the rule of its id out of force and changes no other.

    So which rules are in force depends on the last record of each id alone, in every process alike.
    """

    def __init__(self, kafka: Cluster, partitions: int, refused: Counter) -> None:
        """`refused` counts the records that are no rules."""
        self._kafka = kafka
        self._partitions = partitions
        self._refused_count = refused
        self.rules = Rules()
        self.refused: dict[str, str] = {}
        """The reason why the last record of an id is no rule, by id."""

    async def run(self) -> None:
        """Follow the topic until cancelled. While the broker is away the rules in force stay."""
        await until_available(self._follow, "rules wait", BROKER_BACKOFF)

    async def _follow(self) -> None:
        async with Reader(self._kafka, fetch_wait_ms=FETCH_WAIT_MS) as reader:
            reader.assign(dict.fromkeys(all_partitions(RULES, each=self._partitions), 0))
            async for records in reader.follow():
                for record in records:
                    self.apply(record)

    def apply(self, record: Record) -> None:
        """Put the rule of a record into force, or take it out."""
        rule_id, rule = rule_in(record)
        self.refused.pop(rule_id, None)
        if isinstance(rule, Rule) and rule_id not in self.rules and len(self.rules) >= RULES_MAX:
            rule = f"there are {RULES_MAX:,} rules in force already: delete some, and put it again"
        if isinstance(rule, Rule):
            self.rules.put(rule)
            return
        self.rules.remove(rule_id)
        if rule is not None:
            self._refuse(rule_id, rule)

    def _refuse(self, rule_id: str, reason: str) -> None:
        self._refused_count.inc()
        self.refused[rule_id] = reason
        if len(self.refused) > REFUSED_KNOWN_MAX:
            del self.refused[next(iter(self.refused))]
        log.error("rule refused", rule=rule_id, reason=reason)
