"""The address of an input event: what a caller waits for until search can show it."""

from __future__ import annotations

import re
from typing import NamedTuple

INPUT_TOPICS = ("products", "prices", "reviews")
_TOKEN = re.compile(rf"({'|'.join(INPUT_TOPICS)}):(\d{{1,5}}):(\d{{1,18}})(?:@([\w-]{{1,64}}))?", re.ASCII)


class Token(NamedTuple):
    """Where the broker put an event, as its confirmation says: "prices:3:4711", "prices:3:4711@LOG"."""

    topic: str
    partition: int
    offset: int
    log: str | None = None
    """Id of the log that the offset is of: in another it means nothing. None where the caller does not know it."""

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}" + (f"@{self.log}" if self.log else "")

    @classmethod
    def parse(cls, text: str) -> Token:
        """Raises ValueError, with a sentence, for anything else than topic:partition:offset[@log] of an input topic."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise ValueError(
                f"want topic:partition:offset with one of {', '.join(INPUT_TOPICS)}, such as prices:3:4711"
            )
        return cls(match[1], int(match[2]), int(match[3]), match[4])
