"""Says in plain words why pydantic refuses a value: one reason, without the name of the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

AN_OBJECT = "must be an object with keys"
_BY_TYPE = {
    "missing": "is missing",
    "model_type": AN_OBJECT,
    "model_attributes_type": AN_OBJECT,
    "dict_type": AN_OBJECT,
    "list_type": "should be a list",
}
_PREFIXES = ("Value error, ", "Input ", "String ", "Value ", "List ", "Tuple ", "Dictionary ")
_COUNTED = " after validation"
"""The words after which a message of pydantic says how many items it was given."""


def reason(error: Mapping[str, Any]) -> str:
    """Return why a value is refused. `error`: one of `ValidationError.errors`."""
    kind, said = str(error["type"]), str(error["msg"])
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if kind == "string_pattern_mismatch":
        return f"{error['input']!r} does not match {error['ctx']['pattern']}"
    for prefix in _PREFIXES:
        said = said.removeprefix(prefix)
    said = said.partition(_COUNTED)[0]
    return said if kind == "value_error" else said[:1].lower() + said[1:]
