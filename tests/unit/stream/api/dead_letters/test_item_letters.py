"""A dead letter of the item log is done with once the index has a newer record of its item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from schemas.points import point_version
from stream.api.dead_letters.item_letters import superseded
from stream.api.dead_letters.listing import TopicLetters
from stream.kafka.headers import Origin, origin_headers
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.replay.dead_letters import dead_letter_of

if TYPE_CHECKING:
    from collections.abc import Collection

EPOCH = 3


class Index:
    """An index with one point, or none."""

    def __init__(self, version: int | None) -> None:
        self._version = version

    async def heads(self, product_ids: Collection[str]) -> dict[str, Any]:
        assert product_ids == {"p1"}
        return {} if self._version is None else {"p1": {"version": self._version}}


@pytest.mark.parametrize(
    ("version", "done"),
    [
        (point_version(EPOCH, 8), True),
        (point_version(EPOCH, 7), False),
        (point_version(EPOCH, 6), False),
        (point_version(EPOCH - 1, 8), False),
        (None, False),
    ],
)
async def test_a_letter_is_done_with_if_its_item_has_a_newer_record_of_the_same_log(
    version: int | None, done: bool
) -> None:
    record = Record(Partition("items.dlq", 0), 0, 0, b"p1", b"{}", tuple(origin_headers(Origin("items", 0, 7, 0))))
    letter = dead_letter_of(record, "items", "id")
    assert letter is not None
    listing = TopicLetters("items", None, 10)
    listing.add_all([letter], lambda _: None)
    found = await superseded(listing.answer(), cast("Any", Index(version)), EPOCH)
    assert [each.superseded for each in found.letters] == [done]
