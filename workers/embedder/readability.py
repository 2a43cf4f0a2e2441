"""The limits of a model: the queries that it can read, and the cosine above which two texts are related."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.embedder.interface import Vectors

UNREADABLE_SHARE_MAX = 0.4
"""The share of a query's tokens that the model may not know. all-MiniLM-L6-v2 reads every character of 麵包 as the same
unknown one, and its vector is that of any other Chinese text."""
UNRELATED = (
    "car insurance quote",
    "football world cup",
    "how are you today",
    "chapter three of a novel",
    "the president met the press",
)
"""Queries that have nothing to do with what shops sell."""
RELATED_SHARE_MIN = 0.37
"""The least share of the way from the mean cosine of unrelated texts to 1 that a related text has.

For all-MiniLM-L6-v2 that is a cosine of 0.4: above it are nine in ten of the texts that people judged relevant, and
hardly any neighbour of random letters.
"""


def related_cosine_min(unrelated: Vectors) -> float:
    """Return the cosine from which on a text is related, by the cosines `(queries, texts)` of unrelated ones."""
    mean = float(np.mean(unrelated))
    return mean + RELATED_SHARE_MIN * (1 - mean)


class SpecialTokens(NamedTuple):
    """The tokens of a model that stand for no word."""

    unknown: str | None
    """The token that stands for every text that the model does not know."""
    all: frozenset[str]
    """All special tokens, the unknown one among them."""

    @classmethod
    def of(cls, tokeniser: Any) -> SpecialTokens | None:
        """Return the special tokens of a tokeniser of transformers; None for one of another kind."""
        if not hasattr(tokeniser, "convert_ids_to_tokens"):
            return None
        return cls(tokeniser.unk_token, frozenset(tokeniser.all_special_tokens))


def is_readable(tokens: Sequence[str], special: SpecialTokens) -> bool:
    """Return whether the model reads the tokens of a query."""
    said = [token for token in tokens if token == special.unknown or token not in special.all]
    unread = sum(token == special.unknown or _is_foreign_character(token) for token in said)
    return bool(unread <= UNREADABLE_SHARE_MAX * len(said))


def _is_foreign_character(token: str) -> bool:
    """Return whether the token continues a word by one character that is not of ASCII: WordPiece spells by ##х."""
    return len(token) == 3 and token.startswith("##") and not token.isascii()
