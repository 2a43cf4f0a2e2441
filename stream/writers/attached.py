"""The writers that a process has, as state: the writer set changes it, and all other parts only read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from schemas.errors import Misconfigured
    from workers.index.interface import Index
    from workers.lanes.embedding import EmbeddingLane
    from workers.lanes.lanes import Lanes


class AttachedWriter(Protocol):
    """The writer of one collection as other parts see it."""

    @property
    def index(self) -> Index:
        """The collection that it writes."""

    @property
    def lanes(self) -> Lanes:
        """The lanes through which item records reach the collection."""

    @property
    def embedding(self) -> EmbeddingLane:
        """The lane that embeds the texts of the collection."""

    @property
    def failed(self) -> Misconfigured | None:
        """Why the collection can never be complete; None while it can."""

    async def read_positions(self) -> None:
        """Read the positions that the collection keeps in itself. Raises Unavailable."""

    def start(self, partition: int) -> int | None:
        """Return where reading must begin for this collection; None: anywhere."""

    def complete(self, partition: int) -> bool:
        """Return whether everything below the delivered records is in the collection."""

    async def run(self) -> None:
        """Write until cancelled."""


class AttachedWriters:
    """One writer for each collection that item records are written to. It is made before the first of them."""

    def __init__(self) -> None:
        self._writers: dict[str, AttachedWriter] = {}
        self._serving = ""

    @property
    def all(self) -> list[AttachedWriter]:
        """All writers."""
        return list(self._writers.values())

    @property
    def serving(self) -> AttachedWriter:
        """The writer of the collection that searches ask."""
        return self._writers[self._serving]

    @property
    def serving_lane(self) -> EmbeddingLane:
        """The embedding lane of the collection that searches ask."""
        return self.serving.embedding

    def serves(self, collection: str) -> bool:
        """Return whether searches ask this collection."""
        return collection == self._serving

    def get(self, collection: str) -> AttachedWriter | None:
        """Return the writer of a collection, or None where it has none."""
        return self._writers.get(collection)

    def collections(self) -> set[str]:
        """Return the names of the collections that have a writer."""
        return set(self._writers)

    def attach(self, writer: AttachedWriter) -> None:
        """Add a writer: from now on it gets every record that is delivered."""
        self._writers[writer.index.collection] = writer

    def detach(self, collection: str) -> AttachedWriter:
        """Remove and return a writer."""
        return self._writers.pop(collection)

    def serve(self, collection: str) -> None:
        """Set the collection that searches ask."""
        self._serving = collection
