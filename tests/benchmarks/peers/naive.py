"""Peer (a), the pipeline of a first afternoon: a Faust agent, and for each event one `encode` and one upsert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.peers.applying import new_item, parsed
from tests.benchmarks.peers.edge_peer import start
from tests.benchmarks.peers.faust_app import app_of
from tests.benchmarks.peers.serving import TOPICS
from tests.benchmarks.peers.workload import shown_title

if TYPE_CHECKING:
    import faust

peer = start()
app = app_of(peer.asked, "naive")


def handle(topic: str, value: bytes) -> None:
    """Read the item, change it, embed it and write it."""
    change = parsed(topic, value)
    if change is None:
        return
    item = peer.store.get(change.product_id) or new_item(change.product_id)
    if topic == "products":
        item["title"] = shown_title(change.body["title"])
    elif topic == "prices":
        item |= {"price": change.body["price"], "currency": change.body["currency"]}
    else:
        item["reviews"] += 1
    [vector] = peer.model.embed([item["title"] or ""])
    peer.store.upsert([(item, vector)])


for name in TOPICS:

    @app.agent(app.topic(name, value_serializer="raw", key_serializer="raw"), name=name)
    async def agent(stream: faust.StreamT[bytes], topic: str = name) -> None:
        """Handle the events of a topic one by one."""
        async for value in stream:
            handle(topic, value)


if __name__ == "__main__":
    app.main()
