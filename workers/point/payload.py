"""The payload of a point: the content of an item, its version, and the state of its vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from schemas.item_facets import FACETS
from schemas.points import Content, Payload, Status, differs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTENT_FIELDS = tuple(Content.__annotations__)

FACET_FIELDS: dict[str, tuple[str, ...]] = {
    "price": ("offers", "sellers", "currencies", "price", "currency", "price_changes_at_ms"),
    "reviews": ("rating", "review_count", "rating_histogram"),
}
"""The fields of a payload by facet. All other fields belong to the product."""

CURRENT_PRICE_FIELDS = ("price", "currency", "price_changes_at_ms")
"""Fields that are written together where a sale window is to turn: that may happen, and be written, between reading and
patching."""

FIELDS_BESIDE_PRODUCT = (*FACET_FIELDS["price"], *FACET_FIELDS["reviews"], "left_out", "updated_at_ms")
"""The fields of a content that may change while the product is the same."""

_ABSENT: dict[str, Any] = {"left_out": []}
"""The values of fields that points of earlier releases lack."""

_PRODUCT_FIELDS = tuple(
    field
    for field in CONTENT_FIELDS
    if field != "updated_at_ms" and not any(field in fields for fields in FACET_FIELDS.values())
)


class VectorState(NamedTuple):
    """The fingerprints of the dense vector that a point has and of the pending embedding."""

    fingerprint: str | None
    vector_fingerprint: str | None
    vector_due: str | None
    vector_due_at_ms: int | None


NO_VECTOR = VectorState(None, None, None, None)


def payload(
    content: Content,
    version: int,
    vector: VectorState,
    searchable_at_ms: Mapping[str, int | None],
    product_digest: str | None = None,
) -> Payload:
    """Return the whole payload of a point."""
    whole: dict[str, Any] = {
        **content,
        **vector._asdict(),
        "version": version,
        "vector_failed": None,
        "alerts_due": None,
        "alerts_due_at_ms": None,
        "searchable_at_ms": dict(searchable_at_ms),
        "product_digest": product_digest,
    }
    return cast("Payload", whole)


def differing_fields(stored: Payload, content: Content, among: Sequence[str] = CONTENT_FIELDS) -> list[str]:
    """Return the names of the fields among these whose stored values differ from the content, in their order."""
    before, now = cast("dict[str, Any]", stored), cast("dict[str, Any]", content)
    return [
        field
        for field in among
        if differs(field, before.get(field), now[field]) and differs(field, _value(before, field), now[field])
    ]


def _value(stored: Mapping[str, Any], field: str) -> Any:
    value = stored.get(field)
    return _ABSENT.get(field) if value is None else value


def changed_fields(stored: Payload, content: Content, among: Sequence[str] = CONTENT_FIELDS) -> dict[str, Any]:
    """Return the top-level fields of the content among these that differ from the stored ones."""
    now = cast("dict[str, Any]", content)
    changed = differing_fields(stored, content, among)
    # Where no boundary of a window was to come, none has turned: the stored fields are as they were read.
    if stored["price_changes_at_ms"] is not None and not set(changed).isdisjoint(FACET_FIELDS["price"]):
        changed += [field for field in CURRENT_PRICE_FIELDS if field not in changed]
    return {field: now[field] for field in changed}


def changed_facets(stored: Payload | None, content: Content) -> tuple[str, ...]:
    """Return the facets that search shows differently once this content is written.

    There are none if search shows the item neither before nor after.
    """
    shown, shows = stored is not None and is_visible(stored), is_visible(content)
    if shown != shows:
        return tuple(facet for facet in FACETS if facet == "product" or (shows and _has(facet, content)))
    if stored is None or not shows:
        return ()
    return touched_facets(stored, content, changed_fields(stored, content))


def touched_facets(stored: Payload, content: Content, changed: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the facets of an item that is visible before and after, of which one of the `changed` fields, or the time
    at the source, differs."""
    return tuple(facet for facet in FACETS if _touches(facet, changed) or _newer(facet, stored, content))


def searchable_at_ms(
    stored: Payload | None,
    content: Content,
    changed: tuple[str, ...],
    now_ms: int,
    serving: Payload | None = None,
) -> dict[str, int | None]:
    """Return by facet when search could first show it as it is; None if the item lacks it or is hidden.

    `serving` is the point of the item in the serving collection, if that is another one.
    """
    before = {} if stored is None else stored["searchable_at_ms"]
    since = {f: _since(f, serving, content, now_ms) if f in changed else before.get(f) for f in FACETS}
    return {f: since[f] if is_visible(content) and _has(f, content) else None for f in FACETS}


def is_visible(content: Content) -> bool:
    """Return whether search may show the item."""
    return content["status"] == Status.VISIBLE


def _touches(facet: str, changed: Mapping[str, Any]) -> bool:
    return any(field in changed for field in FACET_FIELDS.get(facet, _PRODUCT_FIELDS))


def _newer(facet: str, stored: Payload, content: Content) -> bool:
    """Return whether the time at the source differs: an event that restates the same price is a change of it too."""
    return stored["updated_at_ms"].get(facet) != content["updated_at_ms"].get(facet)


def _since(facet: str, serving: Payload | None, content: Content, now_ms: int) -> int:
    if serving is None or _newer(facet, serving, content):
        return now_ms
    return serving["searchable_at_ms"].get(facet) or now_ms


def _has(facet: str, content: Content) -> bool:
    return content["updated_at_ms"].get(facet) is not None
