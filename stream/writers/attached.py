"""The attached writers of a process: state that the writer set changes, and that all other parts only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from schemas.errors import Misconfigured
    from workers.index.interface import Index
    from workers.lanes.embedding import EmbeddingLane
    from workers.lanes.lanes import Lanes


class AttachedWriter(Protocol):
    """The writer of one collection, as far as other parts need it."""

    @property
    def index(self) -> Index:
        """The collection to which it writes."""

    @property
    def lanes(self) -> Lanes:
        """The lanes through which item records reach the collection."""

    @property
    def embedding(self) -> EmbeddingLane:
        """The lane that embeds the texts of the collection."""

    @property
    def failed(self) -> Misconfigured | None:
        """The reason why the collection can never be complete; None while it can."""

    async def read_positions(self) -> None:
        """Read the positions that are stored in the collection. Raises Unavailable."""

    def start(self, partition: int) -> int | None:
        """Return the offset at which reading must begin for this collection; None if any offset will do."""

    def complete(self, partition: int) -> bool:
        """Return whether the collection has every record below the first one that was delivered."""

    async def run(self) -> None:
        """Write until cancelled."""


class AttachedWriters:
    """One writer for each collection to which item records are written; empty at first."""

    def __init__(self) -> None:
        self._writers: dict[str, AttachedWriter] = {}
        self._serving = ""

    @property
    def all(self) -> list[AttachedWriter]:
        """All writers."""
        return list(self._writers.values())

    @property
    def serving(self) -> AttachedWriter:
        """The writer of the collection that answers searches."""
        return self._writers[self._serving]

    @property
    def serving_lane(self) -> EmbeddingLane:
        """The embedding lane of the collection that answers searches."""
        return self.serving.embedding

    def serves(self, collection: str) -> bool:
        """Return whether this collection answers searches."""
        return collection == self._serving

    def get(self, collection: str) -> AttachedWriter | None:
        """Return the writer of a collection, or None if it has none."""
        return self._writers.get(collection)

    def collections(self) -> set[str]:
        """Return the names of the collections that have a writer."""
        return set(self._writers)

    def attach(self, writer: AttachedWriter) -> None:
        """Add a writer, which gets every record that is delivered from now on."""
        self._writers[writer.index.collection] = writer

    def detach(self, collection: str) -> AttachedWriter:
        """Remove and return a writer."""
        return self._writers.pop(collection)

    def serve(self, collection: str) -> None:
        """Set the collection that answers searches."""
        self._serving = collection
