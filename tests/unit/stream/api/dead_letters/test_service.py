"""A repaired dead letter is checked before anything is read or sent."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest

from schemas.errors import RefusedRequest
from stream.api.dead_letters.models import LetterList, RepairRequest
from stream.api.dead_letters.service import OTHER, kind_of, listed, repair_line, shown
from stream.kafka.headers import PREFIX, Origin, origin_headers
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.replay.dead_letters import DeadLetter, dead_letter_of
from tests.support.api_client import api_client
from tests.support.standing_in import StandIn
from workers.clock import SystemClock
from workers.sources.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEP = '{"x": ' + "[" * 500 + "]" * 500 + "}"
"""Nested so deeply that orjson reads it and does not write it."""


def refused(value: str, reason: str = "") -> DeadLetter:
    headers = (*origin_headers(Origin("prices", 0, 1, 0)), (f"{PREFIX}reason", reason.encode()))
    letter = dead_letter_of(Record(Partition("prices.dlq", 0), 0, 0, None, value.encode(), headers), "prices", "id")
    assert letter is not None
    return letter


def repair(text: str) -> RepairRequest:
    return RepairRequest(topic="prices", origin="prices:0:1", text=text)


def test_a_repair_is_the_line_that_replay_reads() -> None:
    line = orjson.loads(repair_line(repair('{"price": 1, "currency": "EUR"}')))
    assert line == {"origin": "prices:0:1", "value": {"price": 1, "currency": "EUR"}}
    assert orjson.loads(repair_line(repair("null")))["value"] is None


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", '"text"', '{}, "origin": "prices:0:2"', DEEP])
def test_a_text_that_is_no_object_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(RefusedRequest, match="nothing was sent") as refused:
        repair_line(repair(text))
    assert refused.value.field == "text"


def test_a_letter_that_can_be_read_and_not_written_or_is_too_long_is_shown_and_the_others_are() -> None:
    deep, long = (shown(refused(text), 0, Sources()) for text in (DEEP, '{"x": "' + "y" * 8_000_000))
    assert (deep.text, deep.is_whole) == (DEEP, True)
    assert long.text.startswith('{"x": "yyy') and len(long.text) < 10_000 and not long.is_whole


class Prepared:
    """Letters that wait to be sent."""

    already_sent = ()
    sources = Sources()

    def __init__(self, *reasons: str) -> None:
        self._letters = [refused("{}", reason) for reason in reasons]

    @contextmanager
    def dead_letters(self) -> Iterator[Iterator[DeadLetter]]:
        yield iter(self._letters)


def listing(*reasons: str, reason: str | None = None, **bounds: int) -> LetterList:
    return listed(cast("Any", Prepared(*reasons)), "prices", reason, 10, SystemClock(), **bounds)


def test_letters_that_were_refused_alike_are_of_one_kind_whatever_the_values() -> None:
    reasons = [
        "price: 'cheap' is no number",
        'price: "it\'s" is no number',
        "price: is missing",
        "price: 'a' is no number",
    ]
    found = listing(*reasons)
    assert [(each.reason, each.count) for each in found.reasons] == [
        ("price: '…' is no number", 3), ("price: is missing", 1),
    ]  # fmt: skip
    of_one_kind = listing(*reasons, reason="price: '…' is no number").letters
    assert [letter.reason for letter in of_one_kind] == [reasons[3], reasons[1], reasons[0]]
    assert len(listing(*reasons, reason=reasons[0]).letters) == 3
    assert kind_of("the record's price and the shop's currency differ") == (
        "the record's price and the shop's currency differ"
    )


def test_no_letter_is_left_out_of_the_counts_however_many_kinds_there_are() -> None:
    found = listing(*(f"kind {number}" for number in range(10)), kinds_max=3)
    assert {each.reason: each.count for each in found.reasons} == {"kind 0": 1, "kind 1": 1, "kind 2": 1, OTHER: 7}
    assert len(listing(*(f"kind {number}" for number in range(10)), reason=OTHER, kinds_max=3).letters) == 7


async def test_another_site_cannot_send_a_letter_since_a_form_has_no_json() -> None:
    body = orjson.dumps({"topic": "prices", "origin": "prices:0:1", "text": "{}"})
    async with api_client(StandIn()) as client:
        for kind, status in (("application/json", 200), ("text/plain", 422)):
            answer = await client.post("/dead-letters/resend", content=body, headers={"Content-Type": kind})
            assert answer.status_code == status, answer.text
        for wrong in ("topic=items", "topic=prices&limit=0", ""):
            assert (await client.get(f"/dead-letters?{wrong}")).status_code == 422
