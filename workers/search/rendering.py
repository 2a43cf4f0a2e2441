"""Renders a page: from the points that a search lists to the hits that its answer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.point.payload import is_visible
from workers.search import hits
from workers.search.hits import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.answers import Hit
    from schemas.points import Payload
    from workers.index.interface import Index
    from workers.search.arranging import Listing
    from workers.search.hit_explanation import HitExplainer
    from workers.search.hits import Shop


async def rendered(
    index: Index,
    listing: Listing,
    known: Mapping[str, Payload],
    shop: Shop,
    now_ms: int,
    explainer: HitExplainer | None,
) -> tuple[list[Hit], list[str]]:
    """Return the hits, and the points that cannot be shown. `known`: payloads that were read with the ranking."""
    lacking = [group.best.point_id for group in listing.groups if group.best.point_id not in known]
    payloads = {**known, **(await index.payloads(lacking))}
    pinned = {pin.point_id: pin.rule_id for pin in listing.pins}
    page: list[Hit] = []
    left_out: list[str] = []
    for (point, score), product_ids in listing.groups:
        payload = payloads.get(point)
        if payload is None or not is_visible(payload):  # The item was hidden after the ranking was made.
            continue
        try:
            by = Shown(pinned.get(point), None if point in pinned else listing.teams.get(point))
            why = explainer.explain(point, payload, by.team) if explainer is not None else None
            page.append(hits.hit(payload, score, shop, now_ms, product_ids, by, why))
        except hits.UNSHOWABLE:  # One bad point must not cost the others their answer.
            left_out.append(point)
    return page, left_out
