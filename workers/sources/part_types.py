"""The types of the parts of a record that an adapter reads: a part of another type is refused by its name.

Python would read many of them all the same: a text as the list of its letters, an object as the text of its members.
"""

from __future__ import annotations

from typing import Any

from schemas.errors import InvalidEvent
from schemas.event_errors import named

TEXT = (str,)
SCALAR = (str, int, float)
_OBJECT, _LIST = (dict,), (list,)
PartType = tuple[type, ...] | dict[str, Any] | list[Any]
"""TEXT or SCALAR, an object with the types of those of its members that are read, or a list with the one type of its
elements."""
_IN_WORDS: dict[tuple[type, ...], str] = {
    TEXT: "text",
    SCALAR: "text or a number",
    _OBJECT: "an object",
    _LIST: "a list",
}


def check_part(given: Any, expected: PartType, *way: str | int) -> None:
    """Raise InvalidEvent for the first part of another type than expected, with the `way` to it from the whole record.

    What is absent or empty has every type, since PHP writes an empty object as a list; but not as an element of a list,
    which may be null at most, and only in place of a text or a number.
    """
    if not given:
        return
    if isinstance(expected, tuple):
        check_type(given, expected, *way)
    elif isinstance(expected, dict):
        check_type(given, _OBJECT, *way)
        for name, of_member in expected.items():
            member = given.get(name)
            # A member that is right costs no call: a record has dozens.
            if member and (type(of_member) is not tuple or type(member) not in of_member):
                check_part(member, of_member, *way, name)
    else:
        check_type(given, _LIST, *way)
        _check_elements(given, expected[0], way)


def _check_elements(given: list[Any], of_each: PartType, way: tuple[str | int, ...]) -> None:
    types = of_each if isinstance(of_each, tuple) else _OBJECT
    for number, each in enumerate(given):
        if type(each) not in types and (each is not None or types is _OBJECT):
            check_type(each, types, *way, number)
        if types is _OBJECT and of_each:
            check_part(each, of_each, *way, number)


def check_type(given: Any, expected: tuple[type, ...], *way: str | int) -> None:
    """Raise InvalidEvent, with the `way` to it, for a part of none of these types."""
    if type(given) not in expected:  # A truth value is an int for isinstance.
        raise InvalidEvent(f"{'.'.join(map(str, way))}: must be {_IN_WORDS[expected]}, not {named(given)}")
