"""The total order of the changes of a product, an offer or a review."""

from typing import NamedTuple

UNVERSIONED = -1


class Stamp(NamedTuple):
    """Orders two events of the same product, offer or review; tuples compare left to right.

    A versioned write outranks an unversioned one; then the time at the source; then the digest, so that the order
    is total and the fold a join.
    """

    version: int
    """The version at the source, >= 0, or UNVERSIONED."""
    updated_at_ms: int
    """The time of the change at its source, milliseconds since the epoch."""
    digest: str
    """The first 64 bits of the SHA-256 of the canonical event, base64url without padding (11 characters).

    That of a delete begins with "~", so that it is above all others.
    """
