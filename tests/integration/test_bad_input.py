"""A whole stack with a record that is far too large."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

if TYPE_CHECKING:
    from tests.support.running_stack import RunningStack

LARGE = 5_000_000


def test_a_record_of_five_megabytes_is_a_dead_letter_and_the_next_event_is_folded(
    shared_stack: RunningStack,
) -> None:
    body = json.dumps({"product_id": "large", "title": "x" * LARGE}).encode()
    with closing(KafkaProducer(bootstrap_servers=shared_stack.kafka, max_request_size=2 * LARGE)) as producer:
        for _ in range(2):
            written = producer.send("products", key=b"large", value=body).get()
    token = shared_stack.send("products", "large", title="Rye bread")
    answer = shared_stack.get("/search", q="rye bread", after=token, wait_ms=20_000)
    assert answer["fresh"] and [hit["product_id"] for hit in answer["hits"]] == ["large"]
    assert shared_stack.get("/status")["dead_letters"]["products"] == 2

    dead_letters = KafkaConsumer(bootstrap_servers=shared_stack.kafka, max_partition_fetch_bytes=2 * LARGE)
    with closing(dead_letters):
        dead_letters.assign([TopicPartition("products.dlq", written.partition)])
        dead_letters.seek_to_beginning()
        dead_letter = next(dead_letters)
    assert dead_letter.value == body and dead_letter.key == b"large"
    reason = dict(dead_letter.headers)["freshline-reason"].decode()
    assert "bytes" in reason and "\n" not in reason
