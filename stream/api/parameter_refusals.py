"""Parameters that a model refuses, as one plain sentence that names the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.errors import RefusedRequest
from schemas.wrong_fields import reason

if TYPE_CHECKING:
    from collections.abc import Mapping


def refusal(error: Mapping[str, Any]) -> RefusedRequest:
    """Return the error for a request of which pydantic says this; its `loc` begins with where the parameters are."""
    where, *places = error["loc"]
    if not places and isinstance(error.get("input"), bytes):  # Only JSON is read.
        return RefusedRequest(str(where), "is not sent as JSON: add the header Content-Type: application/json")
    if not places:  # A rule over several fields names the one to change.
        field, named, rest = reason(error).partition(": ")
        return RefusedRequest(field, rest) if named else RefusedRequest(str(where), reason(error))
    if error["type"] == "json_invalid":
        message = reason(error)
        return RefusedRequest("body", f"is no JSON ({error.get('ctx', {}).get('error', message)})")
    # The other parts are places in a list, or in an object that is a parameter.
    field, *inside = [part for part in places if isinstance(part, str)]
    if error["type"] == "extra_forbidden":
        why = "there is no such key" if inside else "there is no such parameter"
    elif error["type"] == "string_unicode":
        why = f"{error['input']!r} is not UTF-8 text"
    else:
        why = reason(error)
    return RefusedRequest(field, ": ".join([".".join(inside), why]) if inside else why)


def unreadable(error: Exception) -> RefusedRequest:
    """Return the error for a request whose body raised this when it was read as JSON."""
    if isinstance(error, UnicodeDecodeError):
        return RefusedRequest("body", f"is not UTF-8 at its byte {error.start}: encode it as UTF-8")
    if isinstance(error, RecursionError):
        return RefusedRequest("body", "is nested too deeply to be read: send it flatter")
    return RefusedRequest("body", f"cannot be read ({error}): send JSON")
