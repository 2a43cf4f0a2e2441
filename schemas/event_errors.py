"""The reasons why an event is refused: sentences that quote the faulty part and say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import orjson
    from pydantic import ValidationError

NEAR_CHARACTERS = 40
"""The most characters of the faulty part that a reason quotes on each side."""
_NAMES = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
NAMES_CHARACTERS = 200
"""The most characters of the names of fields that a reason lists."""

_WORDS = {
    "missing": "is missing: add it",
    "string_type": "must be text",
    "int_type": "must be an integer",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""The ends of sentences by error type of pydantic. The sentence begins with the field."""
_QUOTED = frozenset(("string_type", "int_type", "bool_type", "dict_type", "list_type", "literal_error"))
"""The types whose sentences end with the value that was given."""


def field_in_words(error: ValidationError) -> str:
    """Return the first invalid field and what is wrong with it."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    context = first.get("ctx", {})
    if "error" in context:
        return f"{field}: {context['error']}"
    kind, given = str(first["type"]), first["input"]
    if kind == "missing" and field == "product_id" and given:
        names = ", ".join(sorted(given))[:NAMES_CHARACTERS]
        return f"product_id: is missing, there are only {names!r}: add it, or configure the format of the record"
    if kind not in _WORDS:
        return f"{field}: {first['msg']}"
    said = f"{field}: {_WORDS[kind].format(**context)}"
    return f"{said}, not {named(given)}" if kind in _QUOTED else said


def named(given: object) -> str:
    """Return a text in quotes, as far as it is short, and of any other value what JSON calls it.

    Dead letters are counted by their reasons without what is quoted.
    """
    if isinstance(given, str):
        return repr(given if len(given) <= NEAR_CHARACTERS else f"{given[:NEAR_CHARACTERS]}...")
    return next((name for kind, name in _NAMES.items() if isinstance(given, kind)), "null")


def not_json(value: bytes, error: orjson.JSONDecodeError) -> str:
    """Return where a record stops being JSON or UTF-8."""
    try:
        text = value.decode()
    except UnicodeDecodeError as broken:
        before = value[: broken.start].decode()[-NEAR_CHARACTERS:]
        byte = value[broken.start]
        where = f"after {before!r}" if before else "at its start"
        return f"the record is not UTF-8: its byte {broken.start} is 0x{byte:02x}, {where}: encode it as UTF-8"
    near = text[max(0, error.pos - NEAR_CHARACTERS) : error.pos + NEAR_CHARACTERS]
    hint = ": JSON has no NaN or Infinity" if text[error.pos :].lstrip("-").startswith(("NaN", "Infinity")) else ""
    return f"the record is not JSON, near {near!r}: {error.msg} at character {error.pos}{hint}"


def key_in_words(key: bytes) -> str:
    """Return the beginning of a key, quoted."""
    try:
        return repr(key.decode()[:NEAR_CHARACTERS])
    except UnicodeDecodeError:
        return f"{key[:NEAR_CHARACTERS]!r}, which is not UTF-8"
