"""The writers that a process has, as state: the writer set changes it, and all other parts only read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stream.writers.writer import Writer
    from workers.lanes.embedding import EmbeddingLane


class AttachedWriters:
    """One writer for each collection that item records are written to. It is made before the first of them."""

    def __init__(self) -> None:
        self._writers: dict[str, Writer] = {}
        self._serving = ""

    @property
    def all(self) -> list[Writer]:
        """All writers."""
        return list(self._writers.values())

    @property
    def serving(self) -> Writer:
        """The writer of the collection that searches ask."""
        return self._writers[self._serving]

    @property
    def serving_lane(self) -> EmbeddingLane:
        """The embedding lane of the collection that searches ask."""
        return self.serving.embedding

    def serves(self, collection: str) -> bool:
        """Return whether searches ask this collection."""
        return collection == self._serving

    def get(self, collection: str) -> Writer | None:
        """Return the writer of a collection, or None where it has none."""
        return self._writers.get(collection)

    def collections(self) -> set[str]:
        """Return the names of the collections that have a writer."""
        return set(self._writers)

    def attach(self, writer: Writer) -> None:
        """Add a writer: from now on it gets every record that is delivered."""
        self._writers[writer.index.collection] = writer

    def detach(self, collection: str) -> Writer:
        """Remove and return a writer."""
        return self._writers.pop(collection)

    def serve(self, collection: str) -> None:
        """Set the collection that searches ask."""
        self._serving = collection
