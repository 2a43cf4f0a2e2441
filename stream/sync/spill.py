"""A feed, the item state and the events to publish, on disk and sorted by product, so that memory stays bounded."""

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
"""The size of a page of the database: most lines and records share a page with others."""
CACHE_KIB = 32 * 1024
_TABLES = """
CREATE TABLE line (
    product_id TEXT, seller TEXT, number INTEGER, value BLOB, PRIMARY KEY (product_id, seller)
) WITHOUT ROWID;
CREATE TABLE record (product_id TEXT, writer BLOB, value BLOB, PRIMARY KEY (product_id, writer)) WITHOUT ROWID;
CREATE TABLE event (line INTEGER, product_id TEXT, value BLOB);
"""


class Gathered(NamedTuple):
    """Everything that the feed and the item log hold of one product."""

    product_id: str
    lines: list[tuple[int, bytes]]
    """The (number, value) of its lines in the feed, ordered by seller."""
    records: list[bytes]
    """The last item record of each of its writers."""


class FeedEvent(NamedTuple):
    """An event to publish."""

    line: int
    """The number of the line that it comes from; 0 if it comes from none."""
    product_id: str
    value: bytes


class Spill:
    """Rows in a temporary database, which no other process sees and which ends with its connection."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            f"PRAGMA page_size={PAGE_BYTES}; PRAGMA cache_size=-{CACHE_KIB}; PRAGMA journal_mode=OFF; {_TABLES} BEGIN;"
        )

    def close(self) -> None:
        """Drop everything in it."""
        self._db.close()

    def add_line(self, product_id: str, seller: str | None, number: int, value: bytes) -> int | None:
        """Add a line of the feed.

        Return None, or the number of the earlier line about the same product or offer; then nothing is added.
        """
        key = (product_id, seller or "")
        try:
            self._db.execute("INSERT INTO line VALUES (?, ?, ?, ?)", (*key, number, value))
        except sqlite3.IntegrityError:
            found = self._db.execute("SELECT number FROM line WHERE product_id = ? AND seller = ?", key)
            return int(found.fetchone()[0])
        return None

    def add_records(self, records: Iterable[tuple[str, bytes, bytes]]) -> None:
        """Add (product_id, writer, value). Each replaces an earlier record of the same product by the same writer."""
        self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", records)

    def add_event(self, event: FeedEvent) -> None:
        """Add an event to publish."""
        self._db.execute("INSERT INTO event VALUES (?, ?, ?)", event)

    def products(self) -> Iterator[Gathered]:
        """Yield every product of the feed or the state once. Only events may be added meanwhile."""
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
        """Return the number of lines and records together."""
        found = self._db.execute("SELECT (SELECT count(*) FROM line) + (SELECT count(*) FROM record)")
        return int(found.fetchone()[0])

    def events(self) -> Iterator[FeedEvent]:
        """Return the events in the order in which they were added."""
        return map(FeedEvent._make, self._db.execute("SELECT line, product_id, value FROM event ORDER BY rowid"))


@contextmanager
def spill() -> Iterator[Spill]:
    """Open a new spill. Raises Unavailable, also within the block, if the disk has no room for it."""
    rows = Spill()
    try:
        yield rows
    except sqlite3.OperationalError as error:
        raise Unavailable(f"no room for temporary files ({error}): free some, or set TMPDIR to another disk") from error
    finally:
        rows.close()
