"""A scenario: one fault on a running stack, and the checks that must hold after it, the same for all faults."""

from __future__ import annotations

import contextlib
import random
import re
import time
import traceback
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar

import httpx

from tests.faults import queues
from tests.faults.api import PATIENCE, Failed, wait_for
from tests.faults.checks import check
from tests.faults.events import Source
from tests.faults.feed import Feed
from tests.faults.stack import Stack
from tests.faults.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.faults.feed import Sent
    from tests.faults.server_stack import ServerStack

FRESH_SECONDS = 2.0 * PATIENCE
"""An event that is searchable after this is fresh enough on a machine that is busy with starting a process."""
PROBE_SECONDS_MAX = 5.0
SETTLES_SECONDS = {"embedded": (15, 20), "kafka": (2, 4)}
"""The seconds that a group takes to expel a worker that is gone, or to admit one that is back."""
S = TypeVar("S", "Stack", "ServerStack")
SENT_AFTER = re.compile(r"changes sent after (\S+) may be missing")
"""The time in /status after which changes may be missing: the harness sends those changes again."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault. It is called while events flow, and returns when the fault is over."""

    name: str
    fault: Callable[[Run[Any]], None]
    brokers: tuple[str, ...] = ("embedded", "kafka")
    loses_log: bool = False
    """True if it ends the embedded broker: changes sent shortly before may be missing, and /status must say so."""
    loses_index: bool = False
    """True if it loses the index: earlier versions and commits say nothing of the new one, so it is watched from the
    fault on."""
    gives_up: bool = False
    """True if there are texts that cannot be embedded."""
    recovery_seconds_max: float = 60.0
    after: Callable[[Run[Any]], list[str]] = lambda _run: []
    """Further checks once the stack is quiet; returns a sentence for each failure."""
    alone: bool = False
    """True if it needs a stack that no other fault has touched."""
    env: Mapping[str, str] = field(default_factory=dict)
    """The environment of a stack of its own; empty if any stack will do."""
    control: str | None = None
    """The fault that the items worker has on purpose, on a stack of its own; see controls.py."""
    small_disk: bool = False
    """True if its data directory is a small disk of its own."""
    short: str | None = None
    """The broker on which it belongs to the short form; None for the long form alone."""
    must_say: str = ""
    """The word, of a control, in the sentence with which the harness must report the control's bug."""
    stack: type[Stack] | type[ServerStack] = Stack
    """The kind of stack on which the scenario runs."""
    cannot: str | None = None
    """The reason why it cannot be played here."""

    @property
    def own_stack(self) -> bool:
        """True if it cannot share the stack of other scenarios."""
        return bool(self.alone or self.env or self.control or self.small_disk)


class Verdict(NamedTuple):
    """The result of a scenario."""

    name: str
    broker: str
    seed: int
    events: int
    recovery_seconds: float
    failures: list[str]
    passed: bool

    @property
    def outcome(self) -> str:
        """The word under which the result is counted."""
        return "passed" if self.passed else "failed"

    def __str__(self) -> str:
        line = (
            f"{self.outcome}  {self.name} ({self.broker}): seed {self.seed}, {self.events} events, "
            f"fresh {self.recovery_seconds:.1f} s after the fault"
        )
        if self.passed and self.failures:
            return f"{line}; caught: {self.failures[0]}"
        return "\n      ".join([line, *self.failures[:8]])


class Skipped(NamedTuple):
    """A scenario that cannot be played here."""

    name: str
    why: str
    outcome: str = "skipped"

    def __str__(self) -> str:
        return f"skipped  {self.name}: {self.why}"


class Run(Generic[S]):
    """A stack, its feed and its watch, for one scenario after another."""

    def __init__(self, make: type[S], folder: Path, broker: str, seed: int, **env: str) -> None:
        self.seed = seed
        self.broker = broker
        self.rng = random.Random(seed)
        self.folder = folder
        options: dict[str, Any] = {"broker": broker, **env}
        self.stack: S = make(folder, **options)
        self._probes = 0

    def __enter__(self) -> Self:
        self.stack.__enter__()
        self.source = Source(self.seed, self.stack.partitions)
        self.feed = Feed(self.stack.kafka, self.source.changes(), self.stack.events_per_second)
        self.watch = Watch(self.stack, self.seed)
        try:
            self.feed.send_all(self.source.catalogue())
            self.stack.quiet()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.ExitStack() as closing:
            for close in (self.stack.end, self.feed.close, self.watch.close):
                closing.callback(close)  # The last goes first; whatever it raises, the others follow.

    def pause(self, least: float, most: float) -> None:
        """Sleep for a random time in seconds."""
        time.sleep(self.rng.uniform(least, most))

    def play(self, scenario: Scenario) -> Verdict:
        """Let events flow and the fault happen, wait until the stack is quiet, and check everything."""
        sent_before, recovery_seconds = len(self.feed.sent), float("nan")
        self.watch.failures, self.watch.memory = [], []
        queues.forget(self.folder)
        self.rng.seed(f"{self.seed} {scenario.name}")
        failures: list[str] = []
        try:
            recovery_seconds = self._suffer(scenario)
            if recovery_seconds > scenario.recovery_seconds_max * PATIENCE:
                failures.append(f"fresh again only after {recovery_seconds:.1f} s")
            if not self._caught(scenario):
                failures += self._looked_at(scenario)
        except Exception as error:  # What comes after it is played all the same.
            foreseen = isinstance(error, (Failed, httpx.HTTPError))
            failures.append((foreseen and str(error)) or traceback.format_exc())
        self.watch.stop()
        failures = [*self.watch.failures, *failures]
        events = len(self.feed.sent) - sent_before
        failures.sort(key=lambda each: scenario.must_say not in each)
        passed = any(scenario.must_say in each for each in failures) if scenario.must_say else not failures
        return Verdict(scenario.name, self.broker, self.seed, events, recovery_seconds, failures, passed)

    def _caught(self, scenario: Scenario) -> bool:
        """Return whether a control was caught: an event that it lost never lets the stack become quiet."""
        return bool(scenario.must_say) and any(scenario.must_say in each for each in self.watch.failures)

    def _looked_at(self, scenario: Scenario) -> list[str]:
        """Return the failures of all that must hold once nothing waits any more."""
        quiet = self.stack.quiet()
        with contextlib.suppress(Failed):  # Of what it could not see it says so itself.
            wait_for(lambda: not self.watch.blind(), "the watch has seen it all")
        self.watch.stop()
        bounds = queues.HELD_MAX if self.stack.small_queues else queues.BOUNDS
        # A worker that is wrong on purpose takes more than there is room for.
        beyond: list[str] = [] if scenario.control else queues.beyond_bounds(self.folder, bounds)
        found: list[str] = check(self.stack, self.feed.sent, quiet.status, gives_up=scenario.gives_up)
        return [*self.watch.blind(), *beyond, *found, *scenario.after(self)]

    def _suffer(self, scenario: Scenario) -> float:
        """Do the fault, and return the seconds from its end until events are searchable as soon as before."""
        loses_log = scenario.loses_log and not self.stack.keeps_log
        self.watch.product_ids = sorted({s.made.means["product_id"] for s in self.feed.sent if s.made.means})
        if not scenario.loses_index:
            self.watch.start(dying_log=self.stack.get("/status")["log"]["id"] if loses_log else None)
        self.feed.start()
        self.pause(0.5, 2.0)
        told_before = self._losses_told() if loses_log else set()
        scenario.fault(self)
        ended_at_s = time.monotonic()
        if not self.watch.runs:
            raise Failed("nobody watches the index that began anew")
        self.watch.index_serves()
        self.watch.looks = dict.fromkeys(self.watch.looks, 0)
        recovery_seconds = self._until_fresh(ended_at_s, scenario.recovery_seconds_max * PATIENCE)
        self.feed.stop()
        if loses_log:
            self._send_tail_again(ended_at_s, told_before)
        return recovery_seconds

    def _until_fresh(self, ended_at_s: float, seconds_max: float) -> float:
        while time.monotonic() < ended_at_s + seconds_max + PROBE_SECONDS_MAX:
            self._probes += 1
            if (sent := self.feed.send_now(self.source.probe(self._probes))) is not None and self.soon(sent):
                return time.monotonic() - ended_at_s
        raise Failed(
            f"events were not fresh again within {seconds_max:.0f} s of the fault's end; lag {self.stack.lag()}"
        )

    def until_taken_over(self, frozen_at_s: float) -> None:
        """Wait until events of every partition that were sent since are searchable without the frozen worker."""

        def fresh() -> bool:
            last = {sent.partition: sent for sent in self.feed.sent[-400:] if sent.at_s > frozen_at_s}
            return len(last) == self.stack.partitions and all(self.soon(sent) for sent in last.values())

        wait_for(fresh, "another worker takes over the partitions of the frozen one")

    def soon(self, sent: Sent) -> bool:
        """Return whether search shows the event in a moment. An error of the API counts as "no"."""
        token = f"{sent.topic}:{sent.partition}:{sent.offset}"
        try:
            answer = self.stack.get("/progress", after=token, wait_ms=int(1000 * FRESH_SECONDS))
        except httpx.HTTPError:
            time.sleep(0.1)
            return False
        return bool(answer.get("searchable")) and time.monotonic() - sent.at_s < FRESH_SECONDS

    def _losses_told(self) -> set[str]:
        """Return the losses that /status reports, a line each."""
        return set((self.stack.get("/status")["log"]["may_be_missing"] or "").splitlines())

    def _send_tail_again(self, ended_at_s: float, told_before: set[str]) -> None:
        """Send again only the events that /status asks for. Records of the log before say nothing of this log."""
        self.stack.quiet()
        said = self._losses_told() - told_before
        times = SENT_AFTER.findall("\n".join(said))
        if not times:
            raise Failed(f"the log was lost, and /status does not say since when changes may be missing: {said}")
        since_s = time.monotonic() - time.time() + min(datetime.fromisoformat(each).timestamp() for each in times)
        tail = [sent.made for sent in self.feed.sent if sent.at_s > since_s]
        self.feed.forget_places(ended_at_s)
        self.feed.send_all(tail)
