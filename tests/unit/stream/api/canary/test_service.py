"""A canary is shown by a search that answers: where shoppers get none, it is not seen, whatever the index holds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from schemas.errors import NotFound, Unavailable
from stream.api.canary.names import canary_id
from stream.api.canary.service import CanaryService
from stream.api.live_synonyms import LiveSynonyms
from workers.clock import SystemClock
from workers.query_gate import QueryGate
from workers.search.searcher import Results
from workers.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from schemas.queries import SearchRequest

PARTITIONS = 4
NOTHING = Results(
    hits=[], total=0, found=0, total_is_exact=True, by="words", facets={}, facets_are_exact=True, left_out=[]
)


class Process:
    """A process whose index has a canary, and whose searches fail while it is `blind`."""

    def __init__(self) -> None:
        self.blind = False
        self.asked: list[str | None] = []
        context = SimpleNamespace(
            settings=SimpleNamespace(partitions=PARTITIONS),
            shop=SimpleNamespace(currency=None),
            collections=self,
            vocabulary=Vocabulary(),
            synonyms=LiveSynonyms(None),
            gate=QueryGate(),
            clock=SystemClock(),
        )
        self.canaries = CanaryService(cast("Any", context), cast("Any", self))

    async def serving(self) -> Process:
        return self

    async def find_canary(self, product_id: str) -> dict[str, Any] | None:
        return {"updated_at_ms": {"price": 17}} if product_id == canary_id(1, PARTITIONS) else None

    async def search(self, request: SearchRequest, *_: object, **__: object) -> Results:
        self.asked.append(request.q)
        if self.blind:
            raise Unavailable("the index does not answer")
        return NOTHING


async def test_the_search_that_shoppers_get_is_asked_for_its_id() -> None:
    process = Process()
    shown = [(await process.canaries.shown(number)).updated_at_ms for number in range(PARTITIONS)]
    assert shown == [None, 17, None, None]
    assert process.asked == [canary_id(number, PARTITIONS) for number in range(PARTITIONS)]


async def test_while_searches_fail_no_canary_is_seen_though_the_index_holds_it() -> None:
    process = Process()
    process.blind = True
    with pytest.raises(Unavailable):
        await process.canaries.shown(1)


async def test_a_partition_that_is_not_there_has_none() -> None:
    with pytest.raises(NotFound):
        await Process().canaries.shown(PARTITIONS)
