"""A whole stack with watches: a price event, a sale window, a restart, and an item that comes back raise alerts.

These tests prove docs/invariants.md#10.
"""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from stream.kafka.cluster import Cluster
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ALERTS
from tests.support.running_stack import RunningStack, running_stack

if TYPE_CHECKING:
    from pathlib import Path

    from stream.kafka.reader import Record

PARTITIONS = 4


async def alert_records(kafka: str) -> list[Record]:
    async with Reader(Cluster(kafka)) as reader:
        reader.assign({Partition(ALERTS, number): 0 for number in range(PARTITIONS)})
        return [record async for records in reader.read_to_end() for record in records]


def on_topic(stack: RunningStack) -> list[dict[str, Any]]:
    """Return the alerts on the topic, each under the id of its watch."""
    records = asyncio.run(alert_records(stack.kafka))
    found = [json.loads(record.value or b"") for record in records]
    assert [record.key for record in records] == [each["watch_id"].encode() for each in found]
    return found


class Stream:
    """A client of the alerts of one watch, in a thread."""

    def __init__(self, stack: RunningStack, watch_id: str, last_id: str | None = None) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.opened = threading.Event()
        self._url, self._headers = f"{stack.api}/watch/{watch_id}/events", {"Last-Event-ID": last_id or ""}
        if last_id is None:
            del self._headers["Last-Event-ID"]
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    @property
    def ended(self) -> bool:
        return not self.thread.is_alive()

    def _read(self) -> None:
        with (
            httpx.Client(trust_env=False, timeout=None) as client,
            client.stream("GET", self._url, headers=self._headers) as answer,
        ):
            assert answer.status_code == 200
            self.opened.set()
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    self.alerts.append(json.loads(line.removeprefix("data:")))


def set_watch(stack: RunningStack, **body: Any) -> str:
    answer = stack.http.post("/watch", json={"owner": "somebody", **body}).raise_for_status().json()
    return str(answer["id"])


def searchable(stack: RunningStack, topic: str, product_id: str, **fields: Any) -> None:
    """Send an event, and return once search shows it."""
    token = stack.send(topic, product_id, **fields)
    stack.until(lambda: bool(stack.get("/progress", after=token, wait_ms=5_000)["searchable"]), "it is searchable")


def test_alerts_come_once_on_the_topic_and_on_the_stream_through_a_restart(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        searchable(stack, "products", "lamp-1", title="Brass desk lamp")
        searchable(stack, "prices", "lamp-1", price=50, currency="EUR")
        lamps = set_watch(stack, q="desk lamps", max_price=40, currency="EUR")
        target = set_watch(stack, product_id="lamp-1", target_price=30, currency="EUR")
        kept, gone = set_watch(stack, q="walnut cake"), set_watch(stack, q="cake")
        stream = Stream(stack, lamps)
        stream.opened.wait()

        searchable(stack, "prices", "lamp-1", price=39, currency="EUR")
        stack.until(lambda: len(stream.alerts) == 1, "the stream has the alert")
        [alert] = on_topic(stack)
        assert stream.alerts == [alert]
        shown = {"watch_id": lamps, "owner": "somebody", "q": "desk lamps", "product_id": "lamp-1", "price": 39.0}
        assert shown.items() <= alert.items() and alert["title"] == "Brass desk lamp"
        searchable(stack, "prices", "lamp-1", price=38, currency="EUR")  # It has matched already.

        opens_at = datetime.now(UTC) + timedelta(seconds=2)
        window = {"sale_price": 29.5, "sale_starts_at": opens_at.isoformat()}
        searchable(stack, "prices", "lamp-1", price=38, currency="EUR", **window)
        stack.until(lambda: len(on_topic(stack)) == 2, "the sale opens without an event")
        assert datetime.now(UTC) >= opens_at
        assert {each["watch_id"]: each["price"] for each in on_topic(stack)} == {lamps: 39.0, target: 29.5}
        assert stack.http.delete(f"/watch/{gone}").status_code == 200

    with running_stack(tmp_path) as stack:
        stack.until_quiet()
        assert stack.get(f"/watch/{lamps}")["q"] == "desk lamps" and stack.get(f"/watch/{kept}")["words"]
        assert stack.http.get(f"/watch/{gone}").status_code == 404
        stack.kill("index")
        stack.until(lambda: stack.http.get("/readyz").status_code == 200, "the index worker is back")
        assert on_topic(stack) == [], "what matched before raises none again"

        stream = Stream(stack, lamps)
        stream.opened.wait()
        searchable(stack, "products", "lamp-1", op="delete")
        searchable(stack, "products", "lamp-1", title="Brass desk lamp")
        searchable(stack, "prices", "lamp-1", price=35, currency="EUR")
        stack.until(lambda: len(stream.alerts) == 1, "an item that is back raises one again")
        assert [each["id"] for each in on_topic(stack)] == [stream.alerts[0]["id"]] != [alert["id"]]

        again = Stream(stack, lamps, last_id="an-id-that-is-not-remembered")
        stack.until(lambda: again.alerts == stream.alerts, "a client that comes back gets what is remembered")
        assert stack.http.delete(f"/watch/{lamps}").json()["id"] == lamps
        stack.until(lambda: stream.ended and again.ended, "the streams end with the watch")
        assert stack.http.delete(f"/watch/{lamps}").status_code == 404


def test_wrong_watches_are_refused_and_the_stack_goes_on(shared_stack: RunningStack) -> None:
    for body, field in (
        ({"q": "lamp", "colour": "red"}, "colour"),
        ({"q": "lamp", "max_price": 10}, "currency"),
        ({"q": "!!"}, "q"),
        ({"product_id": "never-heard-of", "target_price": 3, "currency": "EUR"}, "product_id"),
    ):
        answer = shared_stack.http.post("/watch", json={"owner": "somebody", **body})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    assert shared_stack.http.get("/watch/none/events").status_code == 404
    searchable(shared_stack, "products", "floor-lamp", title="Lamp")
    assert shared_stack.item("floor-lamp")["title"] == "Lamp"
