"""JSON answers by orjson."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response


class JSONAnswer(Response):
    """A pydantic model, or plain values, as JSON; skips FastAPI's second validation of what is valid already."""

    media_type = "application/json"

    def __init__(self, content: object, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        """UTF-8 bytes."""
        return orjson.dumps(content.model_dump() if isinstance(content, BaseModel) else content)
