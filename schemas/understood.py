"""A search's understanding of its query, as the answer shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class UnderstoodWords(BaseModel):
    """Some words of the query, and the filter or boost that they were taken for."""

    words: str
    """The words as the query has them."""
    filters: dict[str, float | str]
    """The filters that they stand for, by the names of the parameters of a search."""
    used: Literal["filter", "boost", "no"]
    """`boost`: items that it fits go first, and none is left out."""
    why: str | None = None
    """The reason why it was not used, as a sentence; None if it was."""


class Relaxation(BaseModel):
    """One step by which a search that found too little asked for less."""

    step: Literal["guesses", "spelling"]
    how: str
    """The step and its reason, as a sentence."""


class Understood(BaseModel):
    """A search's understanding of its query. `understand=false` searches for the query as typed."""

    text: str
    """The words that were searched for; empty if all of the query was filters."""
    guesses: list[UnderstoodWords]
    """The guesses, in the order of the query."""
