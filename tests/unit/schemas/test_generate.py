from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from schemas.generate import FOLDER, schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUNDS = {
    "array": {"minLength", "maxLength", "minimum", "maximum", "pattern"},
    "string": {"minItems", "maxItems", "minimum", "maximum"},
    "integer": {"minLength", "maxLength", "minItems", "maxItems", "pattern"},
    "number": {"minLength", "maxLength", "minItems", "maxItems", "pattern"},
}
"""The keywords that say nothing about values of a type."""


def test_the_json_schema_files_are_what_the_models_say() -> None:
    """Run `python -m schemas.generate` if this fails."""
    stored = {path.name.removesuffix(".schema.json"): path.read_bytes() for path in FOLDER.iterdir()}
    assert stored == schemas()


@pytest.mark.parametrize("name", schemas())
def test_a_bound_is_one_of_the_type_that_it_bounds(name: str) -> None:
    """A reader of JSON Schema passes over the others: a list of 101 brands looked valid, and was refused."""
    without_effect = [
        (path, bound)
        for path, part in _parts(orjson.loads(schemas()[name]), name)
        for bound in BOUNDS.get(str(part.get("type")), set()) & part.keys()
    ]
    assert without_effect == []


def _parts(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield path, schema
    children = schema.items() if isinstance(schema, dict) else enumerate(schema) if isinstance(schema, list) else ()
    for name, child in children:
        yield from _parts(child, f"{path}/{name}")
