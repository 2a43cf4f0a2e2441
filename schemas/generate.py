"""Generates the JSON Schema files from the models: `python -m schemas.generate` writes them again."""

from __future__ import annotations

from pathlib import Path

import orjson
from pydantic import BaseModel, TypeAdapter

from schemas.answers import ErrorAnswer, IndexedItem, SearchAnswer
from schemas.event_models import CHANGES
from schemas.points import Payload
from schemas.queries import SearchRequest
from schemas.recommendations import Recommendations, RecommendRequest
from schemas.rules import Rule
from schemas.state_json import EntityAsJson, ItemAsJson

FOLDER = Path(__file__).parent / "json"

_ANSWERED: dict[str, type[BaseModel]] = {
    "search_answer": SearchAnswer,
    "item": IndexedItem,
    "recommendations": Recommendations,
    "error": ErrorAnswer,
}
_STORED = {"payload": Payload, "item_record": ItemAsJson, "review_record": EntityAsJson}


def schemas() -> dict[str, bytes]:
    """Return the JSON Schema of each contract by name: topics, requests, rules, answers, stored records."""
    models = {**CHANGES, "search_request": SearchRequest, "recommend_request": RecommendRequest, "rule": Rule}
    by_name = {name: model.model_json_schema(mode="validation") for name, model in models.items()}
    by_name |= {name: model.model_json_schema(mode="serialization") for name, model in _ANSWERED.items()}
    by_name |= {name: TypeAdapter(kind).json_schema(mode="serialization") for name, kind in _STORED.items()}
    return {name: orjson.dumps(_labelled(schema), option=_READABLE) for name, schema in by_name.items()}


_READABLE = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def _labelled(schema: dict[str, object]) -> dict[str, object]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / f"{name}.schema.json").write_bytes(text)


if __name__ == "__main__":
    main()
