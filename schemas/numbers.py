"""Numbers of requests, rules and files: Python takes `true` for 1 and `1_000` for a thousand, and nothing else does."""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic import BaseModel, ValidationInfo, field_validator

_NUMBERS = {int, float, type(None)}


class NumbersInDigits(BaseModel):
    """A model whose fields for numbers take digits alone."""

    @field_validator("*", mode="before")
    @classmethod
    def _digits_alone(cls, given: Any, of: ValidationInfo) -> Any:
        misread = isinstance(given, bool) or (isinstance(given, str) and "_" in given)
        if misread and _is_number(cls.model_fields[of.field_name or ""].annotation):
            raise ValueError(f"{_shown(given)} is no number: write its digits alone")
        return given


def _is_number(annotation: Any) -> bool:
    return _NUMBERS.issuperset(get_args(annotation) or (annotation,))


def _shown(given: bool | str) -> str:
    return json.dumps(given) if isinstance(given, bool) else repr(given[:30])
