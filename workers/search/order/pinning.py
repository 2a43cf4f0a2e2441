"""Pins: the products that a shop shows at a position of its own choice, where they may be shown at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from schemas.points import point_id
from workers.index.interface import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.queries import Filters
    from schemas.rules import Rule
    from workers.index.interface import Index
    from workers.search.order.groups import Group
    from workers.search.retrieval.retrievers import Ranked


class Pin(NamedTuple):
    """A product that is pinned in one search."""

    point_id: str
    product_id: str
    position: int
    """The first one is 1."""
    rule_id: str


async def with_pins(index: Index, ranked: Ranked, rules: Sequence[Rule], filters: Filters) -> tuple[Ranked, list[Pin]]:
    """Return the ranking with the pinned products that it lacks at its end, and the pins that may be shown.

    A product is shown if it is visible and passes the filters of the search, as the index itself says: a pin opens no
    way around either. Raises Unavailable.
    """
    if not rules:
        return ranked, []
    found, pins = {point for point, _ in ranked.whole}, _pins(rules)
    missing = [pin for pin in pins if pin.point_id not in found]
    asked = await asyncio.gather(*(index.find_exact(pin.product_id, filters) for pin in missing))
    added = [pin.point_id for pin, passing in zip(missing, asked, strict=True) if pin.point_id in passing]
    shown = [pin for pin in pins if pin.point_id in found or pin.point_id in added]
    return ranked._replace(rest=[*ranked.rest, *(Found(point, 0.0) for point in added)]), shown


def pinned_first(ranked: Ranked, pins: Sequence[Pin]) -> list[Found]:
    """Return the ranking with pinned products before the others, so that each is the best one of its item group.

    Exact matches stay before all.
    """
    if not pins:
        return ranked.whole
    places = {pin.point_id: place for place, pin in enumerate(pins)}
    others = [*ranked.head, *ranked.rest]
    pinned = sorted((each for each in others if each.point_id in places), key=lambda each: places[each.point_id])
    return [*ranked.exact, *pinned, *(each for each in others if each.point_id not in places)]


def placed(groups: list[Group], pins: Sequence[Pin], exact: Sequence[Found]) -> list[Group]:
    """Return the groups with the pinned ones at their positions; a position beyond the end is the last one.

    `groups` are in the order of `pinned_first`. Those of the exact matches stay before all. Of two pins at one position
    the second one follows the first.
    """
    if not pins:
        return groups
    named, position = {point for point, _ in exact}, {pin.point_id: pin.position for pin in pins}
    movable = [group for group in groups if group.best.point_id not in named]
    order = [group for group in groups if group.best.point_id in named]
    least = len(order)
    order += [group for group in movable if group.best.point_id not in position]
    for group in movable:
        if group.best.point_id in position:
            slot = min(max(least, position[group.best.point_id] - 1), len(order))
            order.insert(slot, group)
            least = slot + 1
    return order


def _pins(rules: Sequence[Rule]) -> list[Pin]:
    """Return the pins by position, of equal ones by rule id. Of two pins of a product the first one counts."""
    pins = [
        Pin(point_id(rule.pin.product_id), rule.pin.product_id, rule.pin.position, rule.id)
        for rule in rules
        if rule.pin is not None
    ]
    first: dict[str, Pin] = {}
    for pin in sorted(pins, key=lambda pin: (pin.position, pin.rule_id)):
        first.setdefault(pin.point_id, pin)
    return list(first.values())
