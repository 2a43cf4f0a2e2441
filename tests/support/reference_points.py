"""The reference page of the points in Qdrant, from the types of their payload."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from typing_extensions import get_original_bases

from schemas.points import POINT_NAMESPACE, Offer, Payload
from tests.support.markdown import table
from workers.index.interface import DENSE, LEXICAL
from workers.index.layout import INDEXED_FIELDS, NESTED_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

INTRODUCTION = f"""\
Each item is one point. Its id is the UUIDv5 of the product_id in the namespace `{POINT_NAMESPACE}`
(`schemas.points.point_id`); one more point, with the status `positions`, has offsets and is no item. The collection
that serves is behind the alias that `FRESHLINE_COLLECTION` names, `items` by default. Its metadata name the model of
the dense vectors. [Clients](../clients.md#qdrant-itself) has an example. Points are Freshline's to write.

| vector | |
| --- | --- |
| `{DENSE}` | float32, cosine: the embedding of the document. A visible item lacks it until it is made. |
| `{LEXICAL}` | sparse, modifier `idf`: the terms of the item, from `workers.words` and `workers.index.lexical`. |

Items that are not visible have neither. A field whose value is null is left out. In the embedded index the fields
{", ".join(f"`{name}`" for name in sorted(NESTED_FIELDS))} are JSON as text; eight offers and more, none of them with a
promotion, have a list for each field there. Such a text is compressed where it is long."""


def point_lines() -> Iterator[str]:
    """Return the lines of the page."""
    yield INTRODUCTION
    for title, stored in (("Payload", Payload), ("Offer", Offer)):
        said = {name: text for each in reversed(_written(stored)) for name, text in _docstrings(each).items()}
        fields = get_type_hints(stored)
        rows = [
            (f"`{name}`", _kind_of(kind), _index(stored, name), said.get(name, "")) for name, kind in fields.items()
        ]
        yield from ("", f"## {title}", "", *table(("field", "", "index", ""), rows))


def _index(stored: Any, name: str) -> str:
    return INDEXED_FIELDS.get(name, "") if stored is Payload else ""


def _written(stored: Any) -> list[Any]:
    """Return a typed dictionary and those that it extends, which are no bases once it is made."""
    return [stored, *get_original_bases(stored)]


def _docstrings(stored: Any) -> dict[str, str]:
    """Return the docstrings of the fields of a class, by field."""
    if stored.__module__ != Payload.__module__:
        return {}
    [written] = ast.parse(inspect.getsource(stored)).body
    body = written.body if isinstance(written, ast.ClassDef) else []
    return {
        field.target.id: said.value.value
        for field, said in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant) and isinstance(said.value.value, str)
    }


def _kind_of(kind: Any) -> str:
    """Return a type as JSON has it."""
    names = {str: "text", int: "integer", float: "number", object: "any", type(None): "", Offer: "[offer](#offer)"}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (list, Sequence):
        return f"list of {_kind_of(arguments[0])}"
    if origin is dict:
        return f"object of {_kind_of(arguments[1])}"
    return ", ".join(filter(None, map(_kind_of, arguments))) if arguments else names[kind]
