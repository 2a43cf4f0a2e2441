"""Plays the demo: loads the catalogue, replays changes at a steady rate, reports, and searches for what changes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import orjson

from schemas.errors import FreshlineError
from stream.client import Client
from stream.demo.script import StampClock, catalogue, changes, outgoing
from stream.demo.summary import DemoSummary, FreshnessWindow
from stream.kafka.cluster import Cluster
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.send_rate import at_rate
from stream.kafka.send_report import SendReport
from stream.progress.histograms import Histograms, read_freshness
from stream.runtime.printing import money, say

if TYPE_CHECKING:
    from schemas.answers import SearchAnswer
    from schemas.tokens import Token
    from stream.demo.script import DemoPosition
    from stream.demo.stack import DemoStack
    from workers.clock import Clock

REPORT_SECONDS = 3.0
FIRST_QUERY = "chocolate cake"
FIRST_SEARCH_SECONDS_MAX = 60.0
SEARCH_INTERVAL_S = 0.1
WAIT_MS = 2_000
CATALOGUE_SECONDS_MAX = 60.0


class Demo:
    """One run of the demo over a running stack."""

    def __init__(
        self,
        stack: DemoStack,
        position: DemoPosition,
        clock: Clock,
        began_s: float,
        asked_to_stop: threading.Event,
    ) -> None:
        """`began_s` is the monotonic time at the start of the command; `asked_to_stop` is read before each change."""
        self._summary = DemoSummary()
        self._client = Client(stack.api)
        self._producer = Producer(Cluster(stack.kafka))
        self._position = position
        self._clock = clock
        self._began_s = began_s
        self._asked_to_stop = asked_to_stop
        self._stamps = StampClock(clock)
        self._awaited: list[Token] = []
        """The last events of the catalogue: it is loaded once they are searchable."""
        self._titles: dict[str, str] = {}
        """The English titles of the items of the catalogue, to search for."""
        self._freshness = FreshnessWindow()

    def run(self, rate: float, seconds: float | None) -> None:
        """Load the rest of the catalogue, then replay `rate` changes a second, for `seconds` or until interrupted."""
        loading = threading.Thread(target=self._load, daemon=True)
        loading.start()
        self._first_search()
        loading.join()
        self._await_catalogue()
        self._replay(rate, seconds)

    def finish(self) -> DemoSummary:
        """Close all connections, and return the summary."""
        self._producer.close()
        self._summary.end(self._seconds())
        try:
            self._note_loaded()
            self._summary.note_status(self._client.status())
            self._note_freshness()
        except FreshlineError as error:
            say(f"no last status: {error}")
        self._client.close()
        self._position.save()
        return self._summary

    def _load(self) -> None:
        """Send the catalogue once; a later start only reads its titles."""
        events = list(catalogue())
        self._titles = {key: _english(event["title"]) for topic, key, event in events if topic == "products"}
        if self._position.loaded:
            say("the catalogue is there already: going on with the changes")
            return
        sent, began_s = SendReport(), self._clock.monotonic_s()
        self._producer.send_all(outgoing(events, self._stamps), sent)
        self._summary.note_catalogue(sent.confirmed)
        self._awaited = sent.tokens
        took_s = self._clock.monotonic_s() - began_s
        say(f"{sent.confirmed:,} events of the catalogue sent in {took_s:.1f} s")

    def _first_search(self) -> None:
        """Search until something is found, while the catalogue is still being loaded."""
        deadline_s = self._clock.monotonic_s() + FIRST_SEARCH_SECONDS_MAX
        while self._clock.monotonic_s() < deadline_s:
            hits = self._client.search(q=FIRST_QUERY, limit=3).hits
            if hits:
                self._summary.note_first_search(self._seconds())
                best = "; ".join(f"{hit.title} {money(hit.price, hit.currency)}".strip() for hit in hits)
                say(f"first answer, {self._summary.first_search_seconds} s after the start: {FIRST_QUERY!r}: {best}")
                return
            time.sleep(SEARCH_INTERVAL_S)

    def _await_catalogue(self) -> None:
        """Wait until the catalogue is searchable: changes sent behind it would be as late as it is."""
        deadline_s = self._clock.monotonic_s() + CATALOGUE_SECONDS_MAX
        while self._awaited and self._clock.monotonic_s() < deadline_s:
            self._note_loaded(wait_ms=1_000)
            if not self._awaited:
                say(f"the catalogue is searchable {self._seconds():.0f} s after the start")

    def _note_loaded(self, wait_ms: int = 0) -> None:
        """Note how much of the catalogue is searchable. It is sent again at the next start unless all of it was.

        Events that are not folded when the stack ends may be lost with the embedded broker's log.
        """
        while self._awaited and self._client.progress(after=str(self._awaited[0]), wait_ms=wait_ms).searchable:
            self._awaited.pop(0)
            if not self._awaited:
                self._position.note_loaded()

    def _replay(self, rate: float, seconds: float | None) -> None:
        sent, reported_s = SendReport(), self._clock.monotonic_s()
        stop_s = reported_s + seconds if seconds is not None else float("inf")
        self._freshness.add(self._histograms())
        say(f"replaying real changes, {rate:g} a second; Ctrl-C stops everything")
        records = outgoing(changes(self._position.changes), self._stamps)
        for record in at_rate(records, rate, self._clock.monotonic_s, time.sleep):
            if self._clock.monotonic_s() >= stop_s or self._asked_to_stop.is_set():
                break
            if self._clock.monotonic_s() - reported_s >= REPORT_SECONDS and self._can_show(record):
                self._report_and_show(record)
                reported_s = self._clock.monotonic_s()
            else:
                self._producer.send_one(record, sent)
            self._position.count_change()
            self._summary.count_change()

    def _report_and_show(self, record: OutgoingRecord) -> None:
        """Report and search. A worker that is away for a moment is started again by `up`, so the demo goes on."""
        try:
            self._report()
            self._show(record)
        except FreshlineError as error:
            say(f"         {error}")

    def _report(self) -> None:
        self._note_loaded()
        self._position.save()
        status = self._client.status()
        self._summary.note_status(status)
        self._note_freshness()
        price = self._summary.freshness_seconds.get("price", {})
        fresh = " ".join(f"{name} {price[name] * 1000:,.0f} ms" for name in ("p50", "p99") if price.get(name))
        computed, avoided = status.embeddings.computed, status.embeddings.avoided
        say(
            f"{self._seconds():5.0f} s  {self._summary.changes:,} changes  price freshness {fresh}  "
            f"embeddings {computed:,} made, {avoided:,} avoided  waiting {status.lag_events:,}"
        )

    def _note_freshness(self) -> None:
        if self._freshness:  # Before the first change there is nothing to measure from.
            self._summary.note_freshness(self._freshness.add(self._histograms()))

    def _histograms(self) -> Histograms:
        return read_freshness(self._client.metrics())

    def _can_show(self, record: OutgoingRecord) -> bool:
        """Return whether the record is a new price of an item that can be searched for by its title."""
        key, value = record.key or b"", record.value or b""
        return record.topic == "prices" and b'"price"' in value and key.decode() in self._titles

    def _show(self, record: OutgoingRecord) -> None:
        """Search before and after one price change, and print how soon the answer changed, if it did."""
        event = orjson.loads(record.value or b"{}")
        query, seller = self._titles[event["product_id"]], event.get("seller")
        before = _offer(self._client.search(q=query), event["product_id"], seller)
        sent_at_s = self._clock.monotonic_s()
        token = self._producer.send_now(record)
        answer = self._client.search(q=query, after=str(token), wait_ms=WAIT_MS)
        after = _offer(answer, event["product_id"], seller)
        took_ms = (self._clock.monotonic_s() - sent_at_s) * 1000
        if not answer.fresh or after in (None, before):
            return
        sample = {"query": query, "seller": seller, "before": before, "after": after, "ms": round(took_ms, 1)}
        self._summary.add_sample(sample)
        change = f"{seller} {before or 'no offer'} -> {after}"
        say(f"         search {query!r}: {change}, found {took_ms:.0f} ms after sending")

    def _seconds(self) -> float:
        """Return the time since the start of the command."""
        return self._clock.monotonic_s() - self._began_s


def _english(title: str | dict[str, str]) -> str:
    return title if isinstance(title, str) else title.get("en") or next(iter(title.values()))


def _offer(answer: SearchAnswer, product_id: str, seller: str | None) -> str | None:
    """Return the seller's price in the answer of a search; None if the answer shows none."""
    for hit in answer.hits:
        for offer in hit.offers:
            if hit.product_id == product_id and offer.seller == seller:
                return money(offer.price, offer.currency)
    return None
