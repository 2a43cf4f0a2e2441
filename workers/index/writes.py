"""Writes to the index, as data: each with the condition on which it is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Payload
    from workers.index.stored import Stored
    from workers.words.item import Words


@dataclass(frozen=True, slots=True)
class Patch:
    """A write that sets payload fields of a point, if its stored version is still the one they were compared with.

    The condition "lower than the new version" would not do: an older patch that lands between reading and writing
    would leave fields behind that this patch does not mention.
    """

    product_id: str
    base: int
    """The version of the point that the patch was planned on."""
    version: int
    payload: Mapping[str, Any]
    """Complete top-level fields, `version` included. The value None clears a field."""


@dataclass(frozen=True, slots=True)
class Upsert:
    """A write that replaces the whole point, if it is missing or its stored version is lower."""

    product_id: str
    version: int
    payload: Payload
    words: Words | None
    """The words of the lexical vector; None for a point that is not visible, which carries no vectors."""
    dense: NDArray[np.float32] | None
    """float32 `(dimension,)`; None while no vector is known."""
    planned_on: Stored | None = None
    """The point that it was planned on, as `Index.stored` returned it with its vector. Where nothing was written to the
    point since, the backend may write what differs instead of the whole point."""


@dataclass(frozen=True, slots=True)
class Reprice:
    """A write that sets the price fields of a point whose sale window turned, if its stored version is unchanged."""

    product_id: str
    version: int
    payload: Mapping[str, Any]
    """Complete top-level fields without `version`. No event came, so the version stays."""


Write = Patch | Upsert | Reprice


class DenseVector(NamedTuple):
    """The vector of a pending embedding.

    It is written only where `vector_due` equals the fingerprint, and `vector_due` is cleared afterwards.
    """

    product_id: str
    fingerprint: str
    vector: NDArray[np.float32]
