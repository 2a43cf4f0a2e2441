"""The texts of events are cleaned when they come in, and cut to a size by a rule that composes."""

from __future__ import annotations

import re

import orjson

CUT_MARK = "…"
"""The end of a text that was cut."""

_CUT_MARK_BYTES = len(CUT_MARK.encode())
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def cleaned(text: str) -> str:
    """Return the text without control characters (each would take six bytes as JSON) and outer whitespace."""
    return _CONTROL.sub(" ", text).strip()


def cut(text: str, bytes_max: int) -> str:
    """Return the text if it takes at most `bytes_max` bytes inside JSON, else its longest such prefix and CUT_MARK.

    `bytes_max` >= 3. cut(cut(x, a), b) == cut(x, min(a, b)): states that were cut earlier or later join to the same.
    """
    if len(text) * 6 <= bytes_max:
        return text
    encoded = orjson.dumps(text)[1:-1]
    if len(encoded) <= bytes_max:
        return text
    return _prefix(encoded, bytes_max - _CUT_MARK_BYTES) + CUT_MARK


def _prefix(encoded: bytes, size: int) -> str:
    kept = encoded[:size].decode("utf-8", errors="ignore")
    backslashes = len(kept) - len(kept.rstrip("\\"))
    if backslashes % 2:  # the cut went through an escape of two characters
        kept = kept[:-1]
    text: str = orjson.loads(f'"{kept}"')
    return text
