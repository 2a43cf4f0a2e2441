"""Searches that understand their query, over an index and what it has, with the rules of a shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from schemas.queries import SearchRequest
from tests.support.index_backends import content, put
from tests.support.queries import LoadedModel, OneIndex, at_once
from workers.merchandising.rule_records import read_rule
from workers.merchandising.rules import Rules
from workers.search.hits import Shop
from workers.search.retrieval.terms import QueryTerms
from workers.search.searcher import Searcher
from workers.search.understood import UnderstandingSearch
from workers.vocabulary.vocabulary import Vocabulary
from workers.vocabulary.words import catalogue_entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.index.interface import Index
    from workers.search.understood import Answer
    from workers.words.synonyms import Synonyms

NOW_MS = 1_000


async def listed(index: Index, product_id: str, title: str, price: float, currency: str = "HKD", **more: Any) -> None:
    window = {"sale_price": None, "sale_starts_at_ms": None, "sale_ends_at_ms": None}
    offer: dict[str, Any] = {
        "seller": "WELLCOME",
        "price": price,
        "currency": currency,
        "promotion": {},
        "updated_at_ms": 1,
        **window,
    }
    fields = {"offers": [offer], "sellers": ["WELLCOME"], "price": price, "currency": currency} | more
    await put(index, content(product_id, title, **fields), 1)


async def understood(index: Index, words: Synonyms, rules: Sequence[Mapping[str, Any]] = (), **asked: Any) -> Answer:
    """Search by words alone. `words`: synonyms and stop phrases; `rules`: those of a merchant, without their ids."""
    vocabulary, in_force = Vocabulary(), Rules()
    for number, said in enumerate(rules):
        in_force.put(read_rule(orjson.dumps({"id": f"r{number}", **said})))
    async for page in index.scan():
        for point in page:
            vocabulary.put(point["product_id"], point["version"], *catalogue_entry(point))
    searcher = Searcher(
        OneIndex(index),
        LoadedModel(at_once(lambda _: None), []),
        Shop(None, ("en",)),
        terms=QueryTerms(words, vocabulary),
        rules=in_force,
    )
    searches = UnderstandingSearch(searcher, OneIndex(index), None, vocabulary, words)
    return await searches.search(SearchRequest(**asked), NOW_MS)
