"""The source of every decision of a run: a seed, or the choices of an earlier run, which can be made simpler."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Choices:
    """Draws numbers; 0 is always the plainest choice."""

    def __init__(self, seed: int, given: Sequence[int] | None = None) -> None:
        """Draw the `given` choices first, and 0 after them; without `given`, draw all of them by the seed."""
        self._random = random.Random(seed).random
        self._given = given
        self.made: list[int] = []

    def draw(self, choices: int) -> int:
        """Return one of 0 .. choices - 1."""
        if self._given is None:
            made = int(self._random() * choices)
        else:
            number = len(self.made)
            made = self._given[number] % choices if number < len(self._given) else 0
        self.made.append(made)
        return made
