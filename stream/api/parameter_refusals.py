"""Parameters that a model refuses, as one plain sentence that names the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.errors import RefusedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping


def refusal(error: Mapping[str, Any]) -> RefusedRequest:
    """Return the error for a request of which pydantic says this; its `loc` begins with where the parameters are."""
    message = str(error["msg"]).removeprefix("Value error, ")
    if len(error["loc"]) == 1:  # A rule over several fields names the one to change.
        field, named, rest = message.partition(": ")
        return RefusedRequest(field, rest) if named else RefusedRequest(str(error["loc"][0]), _lower(message))
    if error["type"] == "json_invalid":
        return RefusedRequest("body", f"is no JSON ({error.get('ctx', {}).get('error', message)})")
    # The other parts are places in a list or in the body.
    field = next(part for part in reversed(error["loc"]) if isinstance(part, str))
    if error["type"] == "extra_forbidden":
        return RefusedRequest(field, "there is no such parameter")
    if error["type"] == "string_unicode":
        return RefusedRequest(field, f"{error['input']!r} is not UTF-8 text")
    return RefusedRequest(field, _lower(message.removeprefix("Input ").removeprefix("String ").removeprefix("Value ")))


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
