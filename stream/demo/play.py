"""The demo itself: load, replay at a steady rate, report, and search for what changes."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from schemas.errors import FreshlineError
from stream.api.client import Client
from stream.demo.script import catalogue, changes, outgoing, ticks
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.send_rate import at_rate
from stream.kafka.send_report import SendReport
from stream.progress.histograms import BucketCounts, Histograms, read_histograms, since
from stream.runtime.printing import money
from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.tokens import Token
    from stream.demo.position import DemoPosition
    from stream.demo.stack import Stack

REPORT_SECONDS = 3.0
WINDOW_REPORTS = 10
"""Freshness is that of the changes of the last half minute."""
FIRST_QUERY = "chocolate cake"
FIRST_SEARCH_SECONDS_MAX = 60.0
WAIT_MS = 2_000
CATALOGUE_SECONDS_MAX = 60.0


@dataclass(slots=True)
class DemoSummary:
    """What happened, printed at the end as JSON."""

    seconds: float = 0.0
    first_search_seconds: float | None = None
    """From the start of the demo to the first answer with hits."""
    catalogue_events: int = 0
    changes: int = 0
    freshness_seconds: dict[str, Any] = field(default_factory=dict)
    """Of the changes of the last half minute, by facet."""
    embeddings: dict[str, int] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    """Searches before and after a price change."""
    lag_events: int = 0
    dead_letters: dict[str, int] = field(default_factory=dict)
    items: int = 0


class Demo:
    """One run over a running stack."""

    def __init__(
        self,
        stack: Stack,
        position: DemoPosition,
        say: Callable[[str], None],
        began: float,
        asked_to_stop: Callable[[], bool],
    ) -> None:
        """`began`: monotonic seconds at the start of the command. `asked_to_stop`: looked at before each change."""
        self.summary = DemoSummary()
        self._client = Client(stack.api)
        self._producer = Producer([stack.kafka])
        self._position = position
        self._say = say
        self._began = began
        self._asked_to_stop = asked_to_stop
        self._tick = ticks(SystemClock().now_ms)
        self._awaited: list[Token] = []
        """The ends of the catalogue: it is loaded once they are searchable."""
        self._titles: dict[str, str] = {}
        """English titles of the items of the catalogue, to search for."""
        self._seen: deque[Histograms] = deque(maxlen=WINDOW_REPORTS + 1)
        """Freshness of all events up to each report, the first from before the first change."""

    def run(self, rate: float, seconds: float | None) -> None:
        """Loads what is not loaded, then replays `rate` changes a second, for ever or for `seconds`."""
        loading = threading.Thread(target=self._load, daemon=True)
        loading.start()
        self._first_search()
        loading.join()
        self._await_catalogue()
        self._replay(rate, seconds)

    def finish(self) -> DemoSummary:
        """Closes what was opened, and sums up."""
        self._producer.close()
        self.summary.seconds = round(time.monotonic() - self._began, 1)
        try:
            self._note_loaded()
            self._note_status(self._client.get("/status"))
            self._note_freshness()
        except FreshlineError as error:
            self._say(f"no last status: {error}")
        self._position.save()
        return self.summary

    def _load(self) -> None:
        """Sends the catalogue once; a later start only reads its titles."""
        events = list(catalogue())
        self._titles = {key: _english(event["title"]) for topic, key, event in events if topic == "products"}
        if self._position.loaded:
            self._say("the catalogue is there already: going on with the changes")
            return
        sent, began = SendReport(), time.monotonic()
        self._producer.send_all(outgoing(events, self._tick), sent)
        self.summary.catalogue_events = sent.confirmed
        self._awaited = sent.tokens
        self._say(f"{sent.confirmed:,} events of the catalogue sent in {time.monotonic() - began:.1f} s")

    def _first_search(self) -> None:
        """As early as anything is found, while the catalogue is still coming in."""
        deadline = time.monotonic() + FIRST_SEARCH_SECONDS_MAX
        while time.monotonic() < deadline:
            hits = self._client.get("/search", q=FIRST_QUERY, limit=3)["hits"]
            if hits:
                self.summary.first_search_seconds = round(time.monotonic() - self._began, 1)
                best = "; ".join(f"{hit['title']} {money(hit['price'], hit['currency'])}".strip() for hit in hits)
                self._say(
                    f"first answer, {self.summary.first_search_seconds} s after the start: {FIRST_QUERY!r}: {best}"
                )
                return
            time.sleep(0.1)

    def _replay(self, rate: float, seconds: float | None) -> None:
        sent, reported = SendReport(), time.monotonic()
        stop = time.monotonic() + seconds if seconds is not None else float("inf")
        self._seen.append(self._histograms())
        self._say(f"replaying real changes, {rate:g} a second; Ctrl-C stops everything")
        records = at_rate(outgoing(changes(self._position.changes), self._tick), rate, time.monotonic, time.sleep)
        for record in records:
            if time.monotonic() >= stop or self._asked_to_stop():
                break
            if time.monotonic() - reported >= REPORT_SECONDS and self._can_show(record):
                self._report_and_show(record)
                reported = time.monotonic()
            else:
                self._producer.send_one(record, sent)
            self._position.changes += 1
            self.summary.changes += 1

    def _report_and_show(self, record: OutgoingRecord) -> None:
        """A worker that is away for a moment is started again by `up`: the demo goes on."""
        try:
            self._report()
            self._show(record)
        except FreshlineError as error:
            self._say(f"         {error}")

    def _await_catalogue(self) -> None:
        """The changes come to a catalogue that is there: behind it they would be as late as it is."""
        deadline = time.monotonic() + CATALOGUE_SECONDS_MAX
        while self._awaited and time.monotonic() < deadline:
            self._note_loaded(wait_ms=1_000)
            if not self._awaited:
                self._say(f"the catalogue is searchable {time.monotonic() - self._began:.0f} s after the start")

    def _note_loaded(self, wait_ms: int = 0) -> None:
        """What was not taken when a stack ends may be gone: such a catalogue is sent again at the next start."""
        while self._awaited and self._client.get("/progress", after=self._awaited[0], wait_ms=wait_ms)["searchable"]:
            self._awaited.pop(0)
            self._position.loaded = not self._awaited

    def _report(self) -> None:
        self._note_loaded()
        self._position.save()
        status = self._client.get("/status")
        self._note_status(status)
        price = self._note_freshness().get("price", {})
        fresh = " ".join(f"{name} {price[name] * 1000:,.0f} ms" for name in ("p50", "p99") if price.get(name))
        made, spared = status["embeddings"]["computed"], status["embeddings"]["avoided"]
        self._say(
            f"{time.monotonic() - self._began:5.0f} s  {self.summary.changes:,} changes  price freshness {fresh}  "
            f"embeddings {made:,} made, {spared:,} avoided  waiting {status['lag_events']:,}"
        )

    def _note_status(self, status: dict[str, Any]) -> None:
        for name in ("embeddings", "lag_events", "dead_letters"):
            setattr(self.summary, name, status[name])
        self.summary.items = status["index"]["points"]

    def _note_freshness(self) -> dict[str, Any]:
        """Of the changes alone: the catalogue, which came all at once, lies before the first look."""
        if self._seen:
            self._seen.append(self._histograms())
            came = since(self._seen[-1], self._seen[0])
            self.summary.freshness_seconds = {
                facet: _percentiles(counts) for facet, counts in came.items() if counts.observations
            }
        return self.summary.freshness_seconds

    def _histograms(self) -> Histograms:
        return read_histograms(self._client.metrics(), "freshline_freshness_seconds", "facet")

    def _can_show(self, record: OutgoingRecord) -> bool:
        """A new price of an item that can be searched for by its title."""
        key, value = record.key or b"", record.value or b""
        return record.topic == "prices" and b'"price"' in value and key.decode() in self._titles

    def _show(self, record: OutgoingRecord) -> None:
        """Searches before and after one price change, and says how soon the answer was another, if it was."""
        event = orjson.loads(record.value or b"{}")
        query, seller = self._titles[event["product_id"]], event.get("seller")
        before = _offer(self._client.get("/search", q=query), event["product_id"], seller)
        sent_at = time.monotonic()
        token = self._producer.send_now(record)
        answer = self._client.get("/search", q=query, after=token, wait_ms=WAIT_MS)
        after = _offer(answer, event["product_id"], seller)
        took_ms = (time.monotonic() - sent_at) * 1000
        if not answer["fresh"] or after in (None, before):
            return
        sample = {"query": query, "seller": seller, "before": before, "after": after, "ms": round(took_ms, 1)}
        self.summary.samples = [*self.summary.samples[-9:], sample]
        change = f"{seller} {before or 'no offer'} -> {after}"
        self._say(f"         search {query!r}: {change}, found {took_ms:.0f} ms after sending")


def _percentiles(counts: BucketCounts) -> dict[str, float | int | None]:
    """As GET /status names them."""
    found = {name: counts.quantile(quantile) for name, quantile in (("p50", 0.5), ("p99", 0.99))}
    seconds = {name: round(each, 4) if math.isfinite(each) else None for name, each in found.items()}
    return {**seconds, "events": counts.observations}


def as_json(summary: DemoSummary) -> dict[str, Any]:
    """Plain values."""
    return asdict(summary)


def _english(title: str | dict[str, str]) -> str:
    return title if isinstance(title, str) else title.get("en") or next(iter(title.values()))


def _offer(answer: dict[str, Any], product_id: str, seller: str | None) -> str | None:
    """The seller's price in a search answer; None where it shows none."""
    for hit in answer["hits"]:
        for offer in hit["offers"]:
            if hit["product_id"] == product_id and offer["seller"] == seller:
                return money(offer["price"], offer["currency"])
    return None
