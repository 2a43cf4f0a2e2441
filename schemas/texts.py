"""The texts of events are cleaned when they come in, and cut to a size by a rule that composes."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTRIBUTE_VALUE_CHARS_MAX = 256
"""The characters of an attribute's value that are counted and compared."""
ATTRIBUTE_KEY = "attributes."
"""The beginning of the keys by which values of attributes are compared."""

CUT_MARK = "…"
"""The end of a text that was cut."""

SET_WORDS = ("true", "t", "1", "1.0", "yes", "y", "on")
"""A flag that is set, as programs and databases write it, in lower case."""

_CUT_MARK_BYTES = len(CUT_MARK.encode())
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_IGNORABLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The characters that Unicode calls default ignorable (DerivedCoreProperties.txt 15.1)."""
_INVISIBLE = re.compile(f"[{_IGNORABLE}]")
_VISIBLE = re.compile(rf"[^\s{_IGNORABLE}]")
_SHOWS_NOTHING = re.compile(r"[\u00ad\u200b\u2060-\u2064\ufeff]")
"""The default ignorable characters that change nothing of how a text looks. Others join letters, or choose an emoji."""
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")


def cleaned(text: str) -> str:
    """Return the text without control characters (each would take six bytes as JSON), without characters that show
    nothing, such as soft hyphens, and without outer whitespace; an empty text if nothing of it can be seen.
    """
    if not text.isascii():
        text = _SHOWS_NOTHING.sub("", text) if _VISIBLE.search(text) else ""
    return _CONTROL.sub(" ", text).strip()


def is_text(typed: str) -> bool:
    """Return whether all bytes of an argument or a variable were UTF-8: Python keeps others as lone surrogates."""
    try:
        typed.encode()
    except UnicodeEncodeError:
        return False
    return True


def visible(text: str) -> str:
    """Return the text without the characters that nobody sees: to compare and to find texts, not to show them."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def with_ascii_digits(text: str) -> str:
    """Return the text with the decimal digits of every script as 0 to 9: they say the same number."""
    return text if text.isascii() else _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)


def name_of(text: str) -> str:
    """Return a text as the name of something: composed (NFC), without invisible characters and outer whitespace."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", visible(text)).strip()


def is_set(flag: object) -> bool:
    """Return whether a flag is set that comes as a truth value, a number or a text."""
    return str(flag).strip().lower() in SET_WORDS


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


def name_key(text: str) -> str:
    """Return the key that a name of a brand or a category is compared by: whatever its case, composition, width and
    blanks."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", visible(text)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def field_key(field: str, name: str) -> str:
    """Return the key that a name in this field of a product is compared by, such as `brand:acme`."""
    return f"{field}:{name_key(name)}"


def attribute_key(name: str, value: str) -> str:
    """Return the key that a value of an attribute is compared by: the name as it stands, the value as names are."""
    return f"{ATTRIBUTE_KEY}{name}:{name_key(value[:ATTRIBUTE_VALUE_CHARS_MAX])}"


def attribute_values(value: object) -> Iterator[str]:
    """Iterate over the values of an attribute that has one or a list of them, as texts, each cut to
    `ATTRIBUTE_VALUE_CHARS_MAX`."""
    if isinstance(value, bool):
        yield "yes" if value else "no"
    elif isinstance(value, str):
        yield from [value[:ATTRIBUTE_VALUE_CHARS_MAX]] if value.strip() else []
    elif isinstance(value, int | float):
        yield f"{value:.15g}"
    elif isinstance(value, list):
        for element in value:
            if not isinstance(element, list | dict):
                yield from attribute_values(element)


def values_in_words(value: object) -> str:
    """Return the value of a filter for a person; of several, one of which is enough, each."""
    return " or ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _prefix(encoded: bytes, size: int) -> str:
    kept = encoded[:size].decode("utf-8", errors="ignore")
    backslashes = len(kept) - len(kept.rstrip("\\"))
    if backslashes % 2:  # the cut went through an escape of two characters
        kept = kept[:-1]
    text: str = orjson.loads(f'"{kept}"')
    return text
