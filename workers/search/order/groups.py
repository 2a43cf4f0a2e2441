"""Item groups: of several variants of one thing, the best one is shown, with how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.index.interface import Found
    from workers.index.traits import Traits


class Group(NamedTuple):
    """The found items of one item group."""

    best: Found
    """The item of the group that is first in the order of the answer."""
    product_ids: list[str]
    """All items of the group, in that order; empty for an item without a group."""


def group_key(point: str, item: Traits) -> str:
    """Return the key that the variants of one thing have in common; an item without a group is one by itself."""
    return f"of {item.item_group_id}" if item.item_group_id else f"point {point}"


def grouped(found: Sequence[Found], traits: Mapping[str, Traits]) -> list[Group]:
    """Return the groups in the order of their first points. `traits` has those of all the points."""
    groups: dict[str, Group] = {}
    for each in found:
        item = traits[each.point_id]
        group = groups.setdefault(group_key(each.point_id, item), Group(each, []))
        if item.item_group_id:
            group.product_ids.append(item.product_id)
    return list(groups.values())


def ungrouped(found: Sequence[Found]) -> list[Group]:
    """Return each point by itself."""
    return [Group(each, []) for each in found]
