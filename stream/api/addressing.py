"""The checks of a URL before a route's own parameters: an id in a path may be any text, and no parameter that has one
value is given twice."""

from __future__ import annotations

from collections import Counter

from fastapi import Request
from starlette.convertors import Convertor, register_url_convertor
from typing_extensions import override

from schemas.errors import RefusedRequest

REPEATABLE = frozenset(("seller", "brand", "category", "availability", "attribute", "facets"))
"""The parameters that may be there several times."""


class _AnyText(Convertor[str]):
    """An id as its shop writes it, with slashes and line ends, which Starlette's `path` has not."""

    regex = r"[\s\S]*"

    @override
    def convert(self, value: str) -> str:
        return value

    @override
    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _AnyText())


async def check_each_once(request: Request) -> None:
    """Raise RefusedRequest for a parameter that is there twice: one of its values would count, without a word."""
    counts = Counter(name for name, _ in request.query_params.multi_items())
    for name, count in counts.items():
        if count > 1 and name not in REPEATABLE:
            raise RefusedRequest(name, f"is there {count} times: give it once")
