"""The collections of an index by their roles: the one that serves, the one that is built, and the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from workers.embedder.interface import ModelId
    from workers.index.interface import Index


class Roles(NamedTuple):
    """The roles of the collections under one alias."""

    serving: Index
    """The collection that answers searches."""
    building: Index | None = None
    """The collection that a rebuild is filling, and which will serve next."""
    previous: Index | None = None
    """The collection that served until the last rebuild. It is kept up to date and can serve again at any moment."""

    @property
    def all(self) -> list[Index]:
        """The collections that item records are written to."""
        return [index for index in self if index is not None]


NOTHING_BEFORE = "there is nothing to go back to: another worker has dropped the collection that served before"


def abandoned_sentence(index: Index) -> str:
    """Return a sentence that says why this collection may not begin to serve."""
    return f"{index.collection} is not being built any more: another worker has given this rebuild up, or begun another"


def serving_sentence(index: Index) -> str:
    """Return a sentence that says why this collection may not be dropped."""
    return f"{index.collection} serves since a moment ago, so it is not dropped: look at /status, and ask again"


class Collections(Protocol):
    """The collections under one alias, and the only place where their roles are stored.

    All methods raise Unavailable while the backend is away.
    """

    async def roles(self) -> Roles:
        """Return the roles as they are now. Another worker may change them at any time."""

    async def serving(self) -> Index:
        """Return the collection that the alias names, or has named within the last second, with its model.

        Called once a request. A collection that served a second ago is kept up to date as well.
        """

    async def begin(self, model: ModelId, model_source: str | None) -> Index:
        """Create an empty collection and give it the role `building`, which must be free."""

    async def switch(self, built: Index) -> None:
        """Let this collection serve and make the one that served the previous one, in one step.

        There must be no previous collection before. Nothing changes if this collection serves already. Raises Conflict
        if another collection is being built, or none.
        """

    async def roll_back(self) -> None:
        """Swap the serving and the previous collection in one step. Raises Conflict if there is no previous one."""

    async def retire(self, index: Index) -> None:
        """Take the role of this collection away, so that no worker writes to it again. Raises Conflict if it serves."""

    async def delete(self, index: Index) -> None:
        """Delete a collection that has no role. Idempotent."""

    async def close(self) -> None:
        """Release everything that was opened. Idempotent."""
