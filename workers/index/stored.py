"""A point as the index holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Payload


class Stored(NamedTuple):
    """A point as the index holds it."""

    payload: Payload
    dense: NDArray[np.float32] | None
    """float32 `(dimension,)`; None if the point has no vector, or if vectors were not asked for."""
