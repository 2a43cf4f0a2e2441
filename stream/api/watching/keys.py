"""The keys to which watches belong: whether a request has one of them, and under which name."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from schemas.errors import Unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr


class WatchKeys:
    """The keys of a stack (`FRESHLINE_WATCH_KEYS`); there may be none."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        """`keys`: each secret by the name that the operator gave it."""
        self._keys = {name: key.get_secret_value().encode() for name, key in keys.items()}

    def name_of(self, secret: str | None) -> str | None:
        """Return the name of a key; None where the stack has no keys. Raises Unauthorized for a wrong key, or none."""
        if not self._keys:
            return None
        given = (secret or "").encode()
        # Each key is compared, and in the same time whatever it has in common with the given one.
        named = [name for name, key in self._keys.items() if secrets.compare_digest(key, given)]
        if not named:
            raise Unauthorized("watches belong to keys here: send one of FRESHLINE_WATCH_KEYS as Authorization: Bearer")
        return named[0]
