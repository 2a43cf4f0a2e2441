"""Where every decision of a run comes from: a seed, or the choices of an earlier run, which can be made simpler."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Choices:
    """Draws numbers; 0 is always the plainest choice."""

    def __init__(self, seed: int, given: Sequence[int] | None = None) -> None:
        """`given`: these come first, and 0 always after them; None: all are drawn by the seed."""
        self._random = random.Random(seed).random
        self._given = given
        self.made: list[int] = []

    def draw(self, choices: int) -> int:
        """One of 0 .. choices - 1."""
        if self._given is None:
            made = int(self._random() * choices)
        else:
            place = len(self.made)
            made = self._given[place] % choices if place < len(self._given) else 0
        self.made.append(made)
        return made
