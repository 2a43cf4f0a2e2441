"""A refusal by pydantic is told in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from schemas.wrong_fields import reason


class Part(BaseModel):
    name: str = Field(pattern="^[a-z]+$", max_length=3)


class Whole(BaseModel):
    parts: list[Part] = Field(max_length=1)
    by_name: dict[str, int] = Field(default_factory=dict)
    number: float = Field(0, ge=0)

    @field_validator("number")
    @classmethod
    def _is_even(cls, number: float) -> float:
        if number % 2:
            raise ValueError("EUR wants even numbers")
        return number


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "is missing"),
        ({"parts": "a"}, "should be a list"),
        ({"parts": ["a"]}, "must be an object with keys"),
        ({"parts": [], "by_name": []}, "must be an object with keys"),
        ({"parts": [{"name": "a"}, {"name": "b"}]}, "should have at most 1 item"),
        ({"parts": [{"name": "A"}]}, "'A' does not match ^[a-z]+$"),
        ({"parts": [{"name": "aaaa"}]}, "should have at most 3 characters"),
        ({"parts": [], "number": -1}, "should be greater than or equal to 0"),
        ({"parts": [], "number": 1}, "EUR wants even numbers"),
    ],
)
def test_each_kind_of_refusal_has_its_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Whole.model_validate(given)
    assert reason(refused.value.errors()[0]) == said
