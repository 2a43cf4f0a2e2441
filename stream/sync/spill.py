"""A feed, the item state and what comes of the two, on disk and in the order of products: memory stays bounded."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE_BYTES = 16 * 1024
"""Most lines and records fit into a page with others."""
CACHE_KIB = 32 * 1024
_TABLES = """
CREATE TABLE line (
    product_id TEXT, seller TEXT, number INTEGER, value BLOB, PRIMARY KEY (product_id, seller)
) WITHOUT ROWID;
CREATE TABLE record (product_id TEXT, writer BLOB, value BLOB, PRIMARY KEY (product_id, writer)) WITHOUT ROWID;
CREATE TABLE event (line INTEGER, product_id TEXT, value BLOB);
"""


class Gathered(NamedTuple):
    """All that is known of one product."""

    product_id: str
    lines: list[tuple[int, bytes]]
    """(number, value) of its lines in the feed, by seller."""
    records: list[bytes]
    """The last item record of each of its writers."""


class Event(NamedTuple):
    """An event to publish."""

    line: int
    """Number of the line that it comes from, 0: of none."""
    product_id: str
    value: bytes


class Spill:
    """Rows in a temporary database that nobody else sees and that is gone with its connection."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            f"PRAGMA page_size={PAGE_BYTES}; PRAGMA cache_size=-{CACHE_KIB}; PRAGMA journal_mode=OFF; {_TABLES} BEGIN;"
        )

    def close(self) -> None:
        """Everything in it is gone."""
        self._db.close()

    def add_line(self, product_id: str, seller: str | None, number: int, value: bytes) -> int | None:
        """Keeps a line of the feed; the number of the line that is about the same product or offer if there is one."""
        key = (product_id, seller or "")
        try:
            self._db.execute("INSERT INTO line VALUES (?, ?, ?, ?)", (*key, number, value))
        except sqlite3.IntegrityError:
            found = self._db.execute("SELECT number FROM line WHERE product_id = ? AND seller = ?", key)
            return int(found.fetchone()[0])
        return None

    def add_records(self, records: Iterable[tuple[str, bytes, bytes]]) -> None:
        """Keeps (product_id, writer, value); what the same writer said before of the product is replaced."""
        self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", records)

    def add_event(self, event: Event) -> None:
        """Keeps an event to publish."""
        self._db.execute("INSERT INTO event VALUES (?, ?, ?)", event)

    def products(self) -> Iterator[Gathered]:
        """Every product of the feed or the state, once. Events may be added meanwhile, nothing else."""
        lines = self._db.execute("SELECT product_id, number, value FROM line ORDER BY product_id, seller")
        records = self._db.execute("SELECT product_id, 0, value FROM record ORDER BY product_id")
        rows: Iterator[tuple[str, int, bytes]] = merge(lines, records, key=itemgetter(0))
        for product_id, group in groupby(rows, key=itemgetter(0)):
            of_product = list(group)
            yield Gathered(
                product_id,
                [(number, value) for _, number, value in of_product if number],
                [value for _, number, value in of_product if not number],
            )

    def row_count(self) -> int:
        """Lines and records together."""
        found = self._db.execute("SELECT (SELECT count(*) FROM line) + (SELECT count(*) FROM record)")
        return int(found.fetchone()[0])

    def events(self) -> Iterator[Event]:
        """In the order in which they were added."""
        return map(Event._make, self._db.execute("SELECT line, product_id, value FROM event ORDER BY rowid"))


@contextmanager
def spill() -> Iterator[Spill]:
    """A new one. Raises Unavailable if the disk has no room for it."""
    rows = Spill()
    try:
        yield rows
    except sqlite3.OperationalError as error:
        raise Unavailable(f"no room for temporary files ({error}): free some, or set TMPDIR to another disk") from error
    finally:
        rows.close()
