"""The processor time of one offer's new price: on an item with 200 offers against one with a single offer."""

from __future__ import annotations

import os
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import orjson

from tests.benchmarks.catalogue import catalogue
from tests.benchmarks.figures import Figure, Goal, repeated
from tests.benchmarks.peers.measure import Sender
from tests.benchmarks.peers.staging import new_workload
from tests.benchmarks.peers.workload import Sent
from tests.benchmarks.running import data_dir, running

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.benchmarks.running import Running

ITEMS, OFFERS = 100, 200
"""The number of items that have 200 offers, and of those that have one."""
ROUNDS, PRICES = 5, 5
"""Each round changes one offer of every item so many times, and waits each time until search shows it."""
RATIO_GOAL = Goal(1.5)
PROCESSES = ("stream.items", "stream.index")


def measure() -> tuple[list[Figure], dict[str, Any]]:
    """Return the processor milliseconds of the workers for a price, of both kinds of items in turns."""
    used_ms: dict[int, list[float]] = {1: [], OFFERS: []}
    with data_dir() as settings, running(settings) as stack:
        sender = Sender(stack.kafka)
        offers = _fill(stack, sender)
        for number in range(ROUNDS):
            for held in list(used_ms)[:: (-1) ** number]:
                used_ms[held].append(_used_ms(stack, sender, offers, held))
        sender.close()
    ratios = [many / one for one, many in zip(used_ms[1], used_ms[OFFERS], strict=True)]
    figures = [
        *(repeated(f"a price on an item with {held} offers", values, "ms") for held, values in used_ms.items()),
        repeated("200 offers against one", ratios, "", RATIO_GOAL),
    ]
    return figures, {"load_after": os.getloadavg()}


class _Offers:
    """New prices of offers, each newer than the one before."""

    def __init__(self, product_ids: list[str]) -> None:
        self.of_items = {OFFERS: product_ids[:ITEMS], 1: product_ids[ITEMS : 2 * ITEMS]}
        self._number = count(1)

    def price(self, product_id: str, seller: int) -> Sent:
        body = {"product_id": product_id, "seller": f"s{seller}", "price": next(self._number) / 100, "currency": "USD"}
        return Sent("prices", product_id.encode(), orjson.dumps(body))


def _fill(stack: Running, sender: Sender) -> _Offers:
    workload = new_workload(catalogue())
    sender.send_all(islice(workload.products(), 2 * ITEMS))
    stack.until_quiet()
    offers = _Offers(list(workload.expected))
    for held, product_ids in offers.of_items.items():
        sender.send_all(offers.price(each, seller) for seller in range(held) for each in product_ids)
    stack.until_quiet()
    return offers


def _used_ms(stack: Running, sender: Sender, offers: _Offers, held: int) -> float:
    before = _seconds(stack)
    for number in range(PRICES):
        prices: Iterable[Sent] = (offers.price(each, number % held) for each in offers.of_items[held])
        sender.send_all(prices)
        stack.until_quiet(vectors=False)
    return 1000 * (_seconds(stack) - before) / (ITEMS * PRICES)


def _seconds(stack: Running) -> float:
    used = stack.processor_seconds()
    return sum(used[name] for name in PROCESSES)
