"""The events that producers send: changes of a few items, late, repeated, misrouted, and some that are invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from aiokafka.partitioner import murmur2

from stream.kafka.headers import EVENT_TIME

if TYPE_CHECKING:
    from random import Random

    Headers = tuple[tuple[str, bytes], ...]

PARTITIONS = 2
START_MS = 1_800_000_000_000
ITEMS = ("a", "b", "d")
"""The product_ids, which lie in both partitions."""
EVENTS_MIN, EVENTS_MAX = 6, 14
CURSED = "cursed"
"""A text with this word cannot be embedded."""
WORDS = ("lamp", "desk", "cake", "tea")


class Sent(NamedTuple):
    """A record as a producer sends it."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    poisoned: bool = False


def route(product_id: str) -> int:
    """Return the partition that the item belongs to."""
    return int(murmur2(product_id.encode()) & 0x7FFFFFFF) % PARTITIONS


def make_events(random: Random) -> list[Sent]:
    """Return all records that are sent in one run, in order."""
    made: list[Sent] = []
    items = random.sample(ITEMS, random.choice((1, 1, 2, 3)))
    for _ in range(random.randint(EVENTS_MIN, EVENTS_MAX)):
        kind = random.random()
        if made and kind < 0.15:
            made.append(random.choice(made))
        elif kind < 0.22:
            made.append(_poisoned(random, random.choice(items)))
        else:
            made.append(_astray(random, _change(random, random.choice(items))))
    return made


def _change(random: Random, product_id: str) -> Sent:
    topic = random.choices(("products", "prices", "reviews"), (4, 4, 3))[0]
    if topic == "products" and random.random() < 0.1:
        return Sent(topic, route(product_id), product_id.encode(), None, _event_time(random))
    body = {"product_id": product_id, **_order(random), **_BODIES[topic](random)}
    return Sent(topic, route(product_id), product_id.encode(), orjson.dumps(body), _event_time(random))


def _order(random: Random) -> dict[str, Any]:
    """Draw from few times and versions, so that ties come up; some events have neither."""
    order: dict[str, Any] = {}
    if random.random() < 0.8:
        order["updated_at"] = START_MS - 1_000 * random.randrange(6)
    if random.random() < 0.25:
        order["version"] = random.randrange(3)
    return order


def _event_time(random: Random) -> Headers:
    return ((EVENT_TIME, str(START_MS - random.randrange(4_000)).encode()),) if random.random() < 0.05 else ()


def _product(random: Random) -> dict[str, Any]:
    kind = random.random()
    if kind < 0.2:
        return {"op": "delete"}
    if kind < 0.4:
        return {"op": "patch", "availability": random.choice(("in_stock", "out_of_stock", None))}
    title = CURSED if random.random() < 0.06 else random.choice(WORDS)
    texts = title if random.random() < 0.7 else {"en": title, "zh-Hant": random.choice(WORDS)}
    return {"title": texts, **({"brand": random.choice(WORDS)} if random.random() < 0.3 else {})}


def _price(random: Random) -> dict[str, Any]:
    kind, seller = random.random(), random.choice((None, "other"))
    if kind < 0.15:
        return {"op": "delete", "seller": seller}
    price = {"seller": seller, "price": random.randint(10, 30), "currency": random.choice(("HKD", "HKD", "EUR"))}
    if kind < 0.3:
        return {"op": "patch", "seller": seller, "price": price["price"]}
    if kind < 0.5:
        starts_ms = START_MS + random.randrange(0, 600, 50)
        price |= {"sale_price": 5, "sale_starts_at": starts_ms, "sale_ends_at": starts_ms + random.randint(20, 400)}
    return price


def _review(random: Random) -> dict[str, Any]:
    review = {"review_id": random.choice(("r1", "r2"))}
    return review | ({"op": "delete"} if random.random() < 0.2 else {"rating": random.randint(1, 5)})


_BODIES = {"products": _product, "prices": _price, "reviews": _review}


def _astray(random: Random, sent: Sent) -> Sent:
    """Misroute some records, as a producer with another partitioner, or without a key, does."""
    if sent.value is None or random.random() > 0.08:
        return sent
    key = sent.key if random.random() < 0.5 else None
    return sent._replace(partition=random.randrange(PARTITIONS), key=key)


def _poisoned(random: Random, product_id: str) -> Sent:
    topic = random.choice(("products", "prices", "reviews"))
    key: bytes = product_id.encode()
    body: dict[str, Any] = {"product_id": product_id, **_BODIES[topic](random)}
    value: bytes | None = orjson.dumps(body)
    match random.randrange(4):
        case 0:
            value = b"{not json"
        case 1:
            key = b"another"
        case 2:
            value = orjson.dumps({**body, "updated_at": START_MS * 1_000})
        case _:
            topic, value = "prices", None
    return Sent(topic, route(product_id), key, value, poisoned=True)
