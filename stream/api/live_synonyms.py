"""The synonyms in force, from a file that is read again once it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.api.live_file import LiveFile
from workers.words.rarity import NO_COUNTS
from workers.words.synonyms import Synonyms, read_synonyms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.words.rarity import ItemCounts


class LiveSynonyms(LiveFile[Synonyms]):
    """The synonyms and stop phrases of a file; no rules without a file."""

    def __init__(self, file: Path | None) -> None:
        """Read the file. Raises Misconfigured if it is wrong."""
        super().__init__(file, "FRESHLINE_SYNONYMS", read_synonyms, without_file=Synonyms())

    def terms(self, text: str, catalogue: ItemCounts = NO_COUNTS) -> Mapping[str, float]:
        """Return the terms of a query with those of its synonyms; see `Synonyms.terms`."""
        return self.in_force().terms(text, catalogue)

    def without_stop(self, text: str) -> str:
        """Return the query without its stop phrases; see `Synonyms.without_stop`."""
        return self.in_force().without_stop(text)

    def knows(self, word: str) -> bool:
        """Return whether a word is one of the rules; see `Synonyms.knows`."""
        return self.in_force().knows(word)
