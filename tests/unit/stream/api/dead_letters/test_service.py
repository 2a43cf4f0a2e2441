"""A repaired dead letter is checked before anything is read or sent."""

from __future__ import annotations

import orjson
import pytest

from schemas.errors import RefusedRequest
from stream.api.dead_letters.models import RepairRequest
from stream.api.dead_letters.service import repair_line
from tests.support.api_client import api_client
from tests.support.standing_in import StandIn

DEEP = '{"x": ' + "[" * 500 + "]" * 500 + "}"
"""Nested so deeply that orjson reads it and does not write it."""


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


async def test_another_site_cannot_send_a_letter_since_a_form_has_no_json() -> None:
    body = orjson.dumps({"topic": "prices", "origin": "prices:0:1", "text": "{}"})
    async with api_client(StandIn()) as client:
        for kind, status in (("application/json", 200), ("text/plain", 422)):
            answer = await client.post("/dead-letters/resend", content=body, headers={"Content-Type": kind})
            assert answer.status_code == status, answer.text
        letters_of_items = await client.post(
            "/dead-letters/resend", json={"topic": "items", "origin": "x", "text": "{}"}
        )
        assert letters_of_items.status_code == 422
        for wrong in ("topic=review-states", "topic=prices&limit=0", ""):
            assert (await client.get(f"/dead-letters?{wrong}")).status_code == 422
