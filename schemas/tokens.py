"""The address of an input event. A caller can wait until search shows the event at this address."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, get_args

InputTopic = Literal["products", "prices", "reviews"]
INPUT_TOPICS: tuple[str, ...] = get_args(InputTopic)
_TOKEN = re.compile(rf"({'|'.join(INPUT_TOPICS)}):(\d{{1,5}}):(\d{{1,18}})(?:@([\w-]{{1,64}}))?", re.ASCII)


class Token(NamedTuple):
    """The address of an event, from the confirmation of the broker: "prices:3:4711", "prices:3:4711@LOG"."""

    topic: str
    partition: int
    offset: int
    log: str | None = None
    """The id of the log that the offset belongs to: elsewhere it means nothing. None if the caller does not know."""

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}" + (f"@{self.log}" if self.log else "")

    @classmethod
    def parse(cls, text: str) -> Token:
        """Parse topic:partition:offset[@log] of an input topic. Raises ValueError for any other text."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise ValueError(
                f"want topic:partition:offset with one of {', '.join(INPUT_TOPICS)}, such as prices:3:4711"
            )
        return cls(match[1], int(match[2]), int(match[3]), match[4])
