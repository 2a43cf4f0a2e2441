"""Keeps watches: on their topic, and in force in this process."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from schemas.errors import Conflict, NotFound, RefusedRequest, Unavailable
from schemas.points import Status
from schemas.times import rfc3339
from schemas.watches import ShownWatch, WatchList, WatchRecord
from stream.api.watching.interface import WatchApi
from stream.api.watching.keys import WatchKeys
from workers.watches.watch import counting_words, filter_values, passes, watch_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from pydantic import SecretStr

    from schemas.points import Payload
    from schemas.watches import Alert, WatchesRequest, WatchRequest
    from stream.api.context import ServingContext
    from stream.watches.alert_feed import AlertFeed
    from stream.watches.feed import WatchFeed
    from stream.watches.watch_log import WatchLog
    from workers.watches.watch import Watch
    from workers.watches.watch_set import WatchSet

ID_BYTES = 16


class WatchBounds(NamedTuple):
    """The bounds on the number of watches."""

    watches_max: int = 100_000
    """The most watches of all owners, some 2 KB each in every index worker."""
    of_owner_max: int = 1_000


BOUNDS = WatchBounds()


class WatchParts(NamedTuple):
    """The parts of a process that keep watches."""

    watches: WatchSet
    written: WatchLog
    alerts: AlertFeed
    feed: WatchFeed


class WatchService(WatchApi):
    """Writes a watch to its topic first, then puts it in force here."""

    def __init__(
        self,
        context: ServingContext,
        parts: WatchParts,
        bounds: WatchBounds = BOUNDS,
        keys: Mapping[str, SecretStr] | None = None,
    ) -> None:
        """`keys`: the keys to which watches belong, by name; without any, all who ask may set and end them."""
        self._context = context
        self._keys = WatchKeys(keys or {})
        self._bounds = bounds
        self._watches, self._written, self._alerts = parts.watches, parts.written, parts.alerts

    @property
    @override
    def full(self) -> bool:
        return self._alerts.full

    @override
    def key_of(self, secret: str | None) -> str | None:
        return self._keys.name_of(secret)

    @override
    async def watch(self, request: WatchRequest, key: str | None) -> ShownWatch:
        if request.q is not None and not counting_words(request.q):
            raise RefusedRequest("q", "there is no letter or digit in it, so no item can have its words")
        self._check_room(key, request.owner)
        point = None if request.product_id is None else await self._point(request.product_id)
        _check_currency_of(point, request)
        now_ms = self._context.clock.now_ms()
        record = WatchRecord(
            owner=request.owner,
            key=key,
            q=request.q,
            product_id=request.product_id,
            filters=request.filters,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + 1000 * request.expires_in_seconds,
        )
        watch = watch_of(secrets.token_urlsafe(ID_BYTES), record)
        await self._written.put(watch)
        self._watches.put(watch)
        self._count()
        return shown_watch(watch, None if point is None else passes(watch, filter_values(point)))

    @override
    def listed(self, request: WatchesRequest, key: str | None) -> WatchList:
        if key is None:
            raise Conflict(
                "watches belong to nobody here, and their ids are what it takes to end them: set FRESHLINE_WATCH_KEYS, "
                "and each key lists its own"
            )
        found = self._watches.of_key(key, request.owner, request.after or "", request.limit + 1)
        page, now_ms = found[: request.limit], self._context.clock.now_ms()
        watches = [shown_watch(each, None) for each in page if each.record.expires_at_ms > now_ms]
        return WatchList(watches=watches, next=page[-1].watch_id if len(found) > len(page) else None)

    @override
    def shown(self, watch_id: str, key: str | None) -> ShownWatch:
        return shown_watch(self._known(watch_id, key), None)

    @override
    async def unwatch(self, watch_id: str, key: str | None) -> ShownWatch:
        watch = self._known(watch_id, key)
        await self._written.end(watch_id)
        self._watches.remove(watch_id)
        self._alerts.end(watch_id)
        self._count()
        return shown_watch(watch, None)

    @override
    def alerts(self, watch_id: str, after: str | None) -> AsyncIterator[Alert]:
        return self._alerts.alerts(watch_id, after)

    @override
    def close(self) -> None:
        self._alerts.close()

    def _known(self, watch_id: str, key: str | None) -> Watch:
        watch = self._watches.get(watch_id)
        lives = watch is not None and watch.record.expires_at_ms > self._context.clock.now_ms()
        # A watch that was set before the stack had keys belongs to no key: its id alone gives access.
        if watch is None or not lives or (key is not None and watch.record.key not in (None, key)):
            raise NotFound(f"there is no watch {watch_id}: it was never set, or has ended or expired")
        return watch

    def _check_room(self, key: str | None, owner: str) -> None:
        watches_max, of_owner_max = self._bounds
        if self._watches.count_of(owner, key) >= of_owner_max:
            raise RefusedRequest("owner", f"has {of_owner_max:,} watches, which is the most: end one first")
        if len(self._watches) >= watches_max:
            raise Conflict(f"there are {watches_max:,} watches, which is the most: wait until some have ended")

    async def _point(self, product_id: str) -> Payload:
        """Return the point of a product. Raises RefusedRequest if nothing was ever heard of it."""
        index = await self._context.collections.serving()
        stored = (await index.stored([product_id])).get(product_id)
        if stored is not None and stored.payload["status"] != Status.CANARY:
            return stored.payload
        if not self._context.as_of.caught_up:
            raise Unavailable(f"{product_id} is not in the index yet, which is behind the item log: ask again")
        raise RefusedRequest("product_id", f"no item {product_id} was ever heard of: watch for it by its words")

    def _count(self) -> None:
        self._context.metrics.watching.watches.set(len(self._watches))


def _check_currency_of(point: Payload | None, request: WatchRequest) -> None:
    """Raise RefusedRequest if no offer of a product is in the currency of its target price: a slip, most likely."""
    currencies = [] if point is None else sorted({each["currency"] for each in point["offers"]})
    if currencies and request.currency not in currencies:
        named = f"the offers of {request.product_id} are in {', '.join(currencies)}: name one of these"
        raise RefusedRequest("currency", named)


def shown_watch(watch: Watch, matches_now: bool | None) -> ShownWatch:
    """Return a watch as the API shows it."""
    record = watch.record
    return ShownWatch(
        id=watch.watch_id,
        owner=record.owner,
        key=record.key,
        q=record.q,
        words=counting_words(record.q or ""),
        product_id=record.product_id,
        filters=record.filters.model_dump(exclude_none=True),
        matches_now=matches_now,
        created_at=rfc3339(record.created_at_ms) or "",
        expires_at=rfc3339(record.expires_at_ms) or "",
    )
