"""The dead letters of the item log: item records and texts that the index worker refused.

They are shown and not sent back: `freshline reconcile --repair` publishes the state of their items again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from schemas.points import offset_in_log
from stream.kafka.headers import dead_letter_topic
from stream.kafka.topic_admin import topic_layout
from stream.kafka.topics import ITEMS
from stream.replay.dead_letters import dead_letters_in, each_once
from stream.replay.offset_range import find_range
from stream.replay.selection import Selection
from stream.replay.source import ReplaySource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.points import Payload
    from stream.api.dead_letters.models import Letter, LetterList
    from stream.kafka.cluster import Cluster
    from stream.replay.dead_letters import DeadLetter
    from workers.index.interface import Index


@contextmanager
def item_letters(kafka: Cluster) -> Iterator[Iterator[DeadLetter]]:
    """Read the dead letters of the item log, the oldest first. Raises Misconfigured if there is no such topic,
    Unavailable."""
    topic, letters = dead_letter_topic(ITEMS), topic_layout(kafka, dead_letter_topic(ITEMS))
    topic_id = topic_layout(kafka, ITEMS).topic_id
    with ReplaySource(kafka, find_range(kafka, topic, letters.partitions, Selection())) as source:
        yield each_once(dead_letters_in(source.records(), ITEMS, topic_id))


async def superseded(found: LetterList, index: Index, epoch: int) -> LetterList:
    """Return the list with the letters marked whose item has a newer record in the index. Raises Unavailable.

    `epoch` is that of the item log, in which the letters have their offsets.
    """
    heads = await index.heads({letter.key for letter in found.letters if letter.key})
    marked = [
        letter.model_copy(update={"superseded": _is_older(letter, heads.get(letter.key or ""), epoch)})
        for letter in found.letters
    ]
    return found.model_copy(update={"letters": marked})


def _is_older(letter: Letter, head: Payload | None, epoch: int) -> bool:
    written = None if head is None else offset_in_log(head["version"], epoch)
    return written is not None and written > int(letter.origin.rpartition(":")[2])
