"""The index of a contestant is compared with what was sent to it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from tests.benchmarks.catalogue import Catalogue
from tests.benchmarks.peers.contestants import Item, Running
from tests.benchmarks.peers.measure import until_settled, what_is_wrong
from tests.benchmarks.peers.workload import Expected, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ITEMS = 40
RIGHT = Item(title="Garden cake", price=2.5, reviews=1, is_embedded=True)
EXPECTED = Expected(2.5, "Garden cake", {"r1"})


class Shown:
    """A contestant that shows the items of a dictionary, a further one at each look."""

    def __init__(self, items: dict[str, Item]) -> None:
        self._later = list(items.items())
        self._items: dict[str, Item] = {}

    @contextmanager
    def asking(self) -> Iterator[Callable[[str], tuple[int, Any]]]:
        yield lambda path: (200, path)

    def item(self, _: object, product_id: str) -> Item | None:
        if self._later:
            name, item = self._later.pop(0)
            self._items[name] = item
        return self._items.get(product_id)

    def processor_seconds(self) -> float:
        return 0.0


def workload() -> Workload:
    products = {f"p{number:02}": {"title": f"Cake {number}"} for number in range(ITEMS)}
    return Workload(Catalogue("test", products, {}, []), seed=1, began_at_ms=1)


def shown(changed: Workload) -> dict[str, Item]:
    found = changed.expected.items()
    return {each: Item(is_.title, is_.price, len(is_.reviews), is_embedded=True) for each, is_ in found}


def settled_of(changed: Workload, items: dict[str, Item], seconds_max: float) -> dict[str, int]:
    return until_settled(cast("Running", Shown(items)), changed, seconds_max=seconds_max).wrong


def test_each_part_of_an_item_that_differs_from_the_fold_is_named() -> None:
    assert what_is_wrong(EXPECTED, RIGHT) is None
    assert what_is_wrong(EXPECTED, None) == "missing"
    changed = [
        RIGHT._replace(price=3.0),
        RIGHT._replace(title="Cake"),
        RIGHT._replace(reviews=2),
        RIGHT._replace(is_embedded=False),
    ]
    assert [what_is_wrong(EXPECTED, each) for each in changed] == ["price", "title", "reviews", "vector"]


def test_an_index_that_becomes_the_fold_is_right_and_is_not_looked_at_again() -> None:
    changed = workload()
    list(changed.mix(200))
    assert settled_of(changed, shown(changed), seconds_max=60.0) == {}
    assert not changed.touched


def test_items_that_stay_wrong_are_counted_by_what_is_wrong() -> None:
    changed = workload()
    list(changed.products())
    items = shown(changed)
    items["p03"] = items["p03"]._replace(title="an earlier title")
    items["p07"] = items["p07"]._replace(is_embedded=False)
    del items["p11"]
    assert settled_of(changed, items, seconds_max=0.0) == {"title": 1, "vector": 1, "missing": 1}
    assert len(changed.touched) == ITEMS
