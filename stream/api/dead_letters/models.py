"""The answers and the requests of /dead-letters."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.numbers import NumbersInDigits
from schemas.tokens import InputTopic

TEXT_CHARS_MAX = 1_048_576
LetterTopic = Literal["products", "prices", "reviews", "items"]
"""The topics that have dead letters: the inputs, and the item log, whose letters are only shown."""


class LettersParameters(NumbersInDigits):
    """The parameters of GET /dead-letters."""

    model_config = ConfigDict(extra="forbid")

    topic: LetterTopic
    reason: str | None = Field(
        None, description="only those that were refused with this sentence, whatever the values that it quotes"
    )
    limit: int = Field(20, ge=1, le=100)


class Letter(BaseModel):
    """A dead letter that was not sent again yet."""

    origin: str
    """The name of the dead letter: the position at which its record was refused, such as prices:3:4711."""
    key: str | None
    error: str | None
    reason: str
    refused_at: str | None
    text: str
    """The value of the record, indented where it is JSON; "null" for a null record."""
    is_whole: bool = True
    """False where the value is too long for a page: the text is its beginning, and `freshline replay` sends it back."""
    refused_again: str | None
    """The reason why it would be refused once more as it is; None if it would be folded now, and for letters of
    `items`, which are not sent back."""
    superseded: bool = False
    """True for a letter of `items` if the index has a newer record of the item: then nothing is to be done."""


class ReasonCount(BaseModel):
    """Dead letters of one kind."""

    reason: str
    """The sentence with which they were refused, without the values that it quotes."""
    count: int
    since: str | None
    until: str | None


class LetterList(BaseModel):
    """The dead letters of a topic that were not sent again yet; of `items` all that there are."""

    topic: LetterTopic
    waiting: int
    sent_again: int
    reasons: list[ReasonCount]
    """The most frequent first, at most 50."""
    letters: list[Letter]
    """The newest first, at most as many as were asked for."""


class RepairRequest(BaseModel):
    """A dead letter to send back, with the text that is sent instead of its own."""

    model_config = ConfigDict(extra="forbid")

    topic: InputTopic
    origin: str = Field(min_length=1, max_length=200)
    text: str = Field(max_length=TEXT_CHARS_MAX)


class Resent(BaseModel):
    """The dead letter was sent back."""

    origin: str
    topic: InputTopic
