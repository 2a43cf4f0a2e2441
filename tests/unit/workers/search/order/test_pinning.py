"""The places of pinned products."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.index.interface import Found
from workers.search.order.groups import ungrouped
from workers.search.order.pinning import Pin, pinned_first, placed
from workers.search.retrieval.retrievers import Ranked

points = st.lists(st.sampled_from("abcdefgh"), unique=True)


def pins_at(positions: dict[str, int]) -> list[Pin]:
    """Pins of these points, in the order in which a search has them."""
    return [
        Pin(point, point, position, point) for point, position in sorted(positions.items(), key=lambda pin: pin[::-1])
    ]


def shown(found: list[str], positions: dict[str, int], exact: int = 0) -> list[str]:
    each = [Found(point, 0.5) for point in found]
    ranked = Ranked(each[:exact], each[exact:-1], each[-1:]) if len(each) > exact else Ranked(each, [], [])
    pins = pins_at({point: position for point, position in positions.items() if point in found})
    groups = placed(ungrouped(pinned_first(ranked, pins)), pins, ranked.exact)
    return [group.best.point_id for group in groups]


@given(points, st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 12)), st.integers(0, 3))
def test_pins_lose_nothing_and_leave_the_others_and_exact_matches_in_their_order(
    found: list[str], positions: dict[str, int], exact: int
) -> None:
    order = shown(found, positions, exact)
    assert sorted(order) == sorted(found)
    named = found[:exact]
    assert order[: len(named)] == named
    others = [point for point in found if point not in positions or point in named]
    assert [point for point in order if point in others] == others


@given(st.permutations("abcdefgh"), st.permutations(range(1, 7)), st.integers(0, 3))
def test_products_with_positions_of_their_own_are_at_them(found: list[str], places: list[int], pinned: int) -> None:
    positions = dict(zip("aceg", places[:pinned], strict=False))
    positions = {point: position for point, position in positions.items() if position <= len(found) - pinned + 1}
    order = shown(found, positions)
    assert {point: order.index(point) + 1 for point in positions} == positions


@given(points, st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 12)))
def test_pins_follow_each_other_in_the_order_of_their_positions(found: list[str], positions: dict[str, int]) -> None:
    order = shown(found, positions)
    pinned = [pin.point_id for pin in pins_at({point: at for point, at in positions.items() if point in found})]
    assert [point for point in order if point in pinned] == pinned


def test_examples_of_pins() -> None:
    assert shown(list("abcd"), {"d": 1}) == list("dabc")
    assert shown(list("abcd"), {"a": 3}) == list("bcad")
    assert shown(list("abcd"), {"a": 99}) == list("bcda")
    assert shown(list("abcd"), {"c": 2, "d": 2}) == list("acdb")
    assert shown(list("abcd"), {"b": 1, "a": 1}, exact=1) == list("abcd")
    assert shown([], {"a": 1}) == []
