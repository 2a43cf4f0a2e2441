"""One run: a scheduler that takes one small step after another; the choices decide whose step is next."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from schemas.progress import IndexProgress, ItemsProgress, decode
from stream.kafka.partitions import Partition
from stream.kafka.record_batch import RecordBatch
from stream.kafka.topics import INPUTS, ITEMS, PROGRESS
from stream.progress.watermark import Watermark
from workers.priority import CooperativeTurns

from .events import START_MS, Sent, make_events
from .index import COLLECTION, Points, Request
from .log import Log, new_groups
from .loop import Clock
from .processes import LOG_ID, IndexProcess, ItemsProcess, Message, Process
from .truth import Broken, Truth, partitions_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .choices import Choices

    Actor = Callable[[Any], str | None]
    """Takes one step of the world or of a process, and returns what it did; None if it had nothing to do."""

WORKERS = ("items-0", "items-1", "index-0", "index-1")
STEPS_MAX = 30_000
QUIET_LOOK_STEPS = 32
BATCHES_QUEUED_MAX = 4
WORST_MOMENT_STEPS = 80
LATE_STEPS_MAX = 600
IDLE_STEPS = 128
"""After so many steps without a record, the next fault comes at once."""


class Fault(NamedTuple):
    """A fault of a worker."""

    step: int
    kind: str
    worker: str


@dataclass(frozen=True)
class Plan:
    """Everything that makes a run, except the choices of its scheduler."""

    events: tuple[Sent, ...]
    faults: tuple[Fault, ...]
    weights: tuple[int, ...]
    """How often each actor is on the scheduler's wheel: some workers are slow for a whole run."""
    gap_steps: int
    """The fewest steps between two events."""


def make_plan(seed: int) -> Plan:
    """Return the plan of this seed."""
    chosen = random.Random(seed)
    events, faults = make_events(chosen), list[Fault]()
    for _ in range(chosen.choice((0, 1, 2, 2, 3))):
        step, worker = chosen.randrange(20, 450), chosen.choice(WORKERS)
        later = step + chosen.randrange(20, 500)
        match chosen.randrange(6):
            case 0 | 1:
                faults += [Fault(step, "crash", worker), Fault(later, "start", worker)]
            case 2 | 3:
                faults += [Fault(step, "freeze", worker), Fault(later, "thaw", worker)]
            case _:
                faults += [Fault(step, chosen.choice(("fail", "late")), chosen.choice(WORKERS[2:]))]
    weights = tuple(chosen.choice((1, 4, 4, 4)) for _ in range(64))
    return Plan(tuple(events), tuple(sorted(faults)), weights, chosen.choice((0, 15, 30)))


class World:
    """The broker, the index, four workers, and the checks that watch them."""

    def __init__(self, plan: Plan, choices: Choices, *, trace: bool = False) -> None:
        self.choices = choices
        self.clock = Clock(START_MS)
        self.truth = Truth()
        self.log = self.truth.log = Log(self.clock, self.truth.appended)
        self.points = self.truth.points = Points(self.truth.written)
        self.groups = new_groups()
        self.watermark = Watermark(COLLECTION)
        self.trace: list[str] | None = [] if trace else None
        self.steps = 0
        self.reached: Counter[str] = Counter()
        """How often the run reached the situations that make a simulation worthwhile."""
        self._plan = plan
        self._to_send = list(plan.events[::-1])
        self._faults = list(plan.faults[::-1])
        self._orphans: list[tuple[int, Callable[[], str | None]]] = []
        """Requests and records that are under way from a process that is gone, or no longer waits; each with its first
        step."""
        self._heard = dict.fromkeys(partitions_of([PROGRESS]), 0)
        self._next_event = 0
        self._length, self._idle_at = 0, IDLE_STEPS
        self._started = 0
        self.processes: dict[str, Any] = dict.fromkeys(("clock", "progress", "network", "session", "producer"))
        for name in WORKERS:
            self._start(name)
        self._wheel = self._make_wheel()

    # The scheduler.

    def run(self) -> None:
        """Run until all is quiet. Raises Broken."""
        turns = cast("Any", CooperativeTurns)
        give, turns.yield_if_over = turns.yield_if_over, _give
        try:
            self._run()
        except Broken as broken:
            self._tell(f"BROKEN: {broken}")
            raise
        finally:
            turns.yield_if_over = give
            for process in self._workers:
                if process.alive:
                    process.crash()

    def _run(self) -> None:
        wheel, slot = self._wheel, 0
        size, draw, processes = len(wheel), self.choices.draw, self.processes
        while self.steps < STEPS_MAX:
            self.steps += 1
            if self._faults and (self._faults[-1].step <= self.steps or self.steps > self._idle_at):
                self._befall_in_time(self._faults.pop())
            slot += 1 + draw(size)
            for _ in range(size):
                name, act = wheel[slot % size]
                done = act(processes[name])
                if done is not None:
                    break
                slot += 1
            else:
                if self._faults:
                    self._befall(self._faults.pop())
                elif not self._revive():
                    raise Broken(f"nothing can move, and {self._unquiet() or 'all is quiet'}")
                continue
            if self.trace is not None and done:
                self._tell(f"{name}: {done}")
            if self.steps % QUIET_LOOK_STEPS == 0 and self.log.length != self._length:
                self._length, self._idle_at = self.log.length, self.steps + IDLE_STEPS
            elif self.steps % QUIET_LOOK_STEPS == 0 and self._unquiet() is None:
                self.truth.check_in_the_end(self.clock.now_ms())
                return
        raise Broken(f"after {STEPS_MAX} steps {self._unquiet()}")

    def _make_wheel(self) -> list[tuple[str, Actor]]:
        actors: list[tuple[str, Actor]] = [
            ("progress", self._hear),
            ("network", self._deliver_orphan),
        ]
        for name in WORKERS:
            last = self._read if name.startswith("items") else self._request
            acts = (self._turn, self._turn, self._append, self._confirm, self._fetch, last)
            actors += [(name, act) for act in acts]
        wheel = [each for each, weight in zip(actors, self._plan.weights, strict=False) for _ in range(weight)]
        # Time is slow: it passes mostly when nothing else can happen, and with it go pauses and polls.
        wheel += [("clock", self._tick), ("session", self._expel), ("producer", self._produce)]
        wheel += [(name, act) for name in WORKERS for act in (self._group, self._group, self._commit)]
        random.Random(len(wheel)).shuffle(wheel)
        return wheel

    @property
    def _workers(self) -> list[Process]:
        return [self.processes[name] for name in WORKERS]

    def _tell(self, what: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.steps:5} {(self.clock.now_s - START_MS / 1000) * 1000:7.1f} ms  {what}")

    # Faults.

    def _befall_in_time(self, fault: Fault) -> None:
        """Strike a worker at its worst moment: while something of it is under way, if that comes soon."""
        process = self.processes[fault.worker]
        if fault.kind in ("fail", "late"):
            idle = not any(request.writes for request in process.requests)
        else:
            at_stake = process.sending if process.kind == "items" else process.trackers.in_flight
            idle = fault.kind in ("crash", "freeze") and not at_stake
        if idle and self.steps <= self._idle_at and self.steps < fault.step + WORST_MOMENT_STEPS:
            self._faults.append(fault)
        else:
            self._befall(fault)

    def _befall(self, fault: Fault) -> None:
        process = self.processes[fault.worker]
        match fault.kind:
            case "crash" if process.alive:
                self._crash(process)
            case "start" if not process.alive:
                self._start(fault.worker)
            case "freeze" if process.alive:
                process.runs = False
            case "thaw":
                process.runs = process.alive
            case "fail" | "late" if process.requests and process.ready:
                self._break_request(process, late=fault.kind == "late")
            case _:
                return
        self.reached[fault.kind] += 1
        self._tell(f"FAULT: {fault.kind} {fault.worker}")

    def _revive(self) -> bool:
        """Start and thaw all workers; return whether any was away."""
        away = [process for process in self._workers if not process.runs]
        for process in away:
            process.runs = True
            if not process.alive:
                self._start(process.name)
        return bool(away)

    def _start(self, name: str) -> None:
        self._started += 1
        kind = name.split("-")[0]
        at: dict[str, Any] = {"clock": self.clock, "log": self.log, "group": self.groups[kind]}
        if kind == "items":
            process: Process = ItemsProcess(name, self._started, **at)
            process.reader.chosen = self.choices.draw  # type: ignore[attr-defined]
        else:
            process = IndexProcess(name, self._started, self.points, self._index_says, **at)
        self.processes[name] = process

    def _crash(self, process: Process) -> None:
        """Crash a worker: each record and request that was under way arrives, or does not."""
        for queue in process.outbox.values():
            for each in list(queue)[: self.choices.draw(len(queue) + 1)]:
                self._late(self._late_record(process.name, each))
        for request in process.requests:
            if request.writes and self.choices.draw(2):
                self._late(_late_request(request))
        process.crash()

    def _break_request(self, process: Process, *, late: bool) -> None:
        [request, *_] = [each for each in process.requests if each.writes] or process.requests
        process.requests.remove(request)
        request.fail()
        if late and request.writes:
            self._late(_late_request(request))

    def _late(self, arrive: Callable[[], str | None]) -> None:
        self._orphans.append((self.steps + self.choices.draw(LATE_STEPS_MAX), arrive))

    def _late_record(self, name: str, record: Any) -> Callable[[], str]:
        def arrive() -> str:
            self.reached["late record"] += 1
            self.log.append(record.partition, record.key, record.value, record.headers, by_owner=False)
            return f"a record of {name}, which crashed, arrives at {_shown(record.partition)}"

        return arrive

    # One step of each actor.

    def _produce(self, _: object) -> str | None:
        if not self._to_send or self.steps < self._next_event:
            return None
        self._next_event = self.steps + self._plan.gap_steps
        sent = self._to_send.pop()
        partition = Partition(sent.topic, sent.partition)
        offset = self.log.append(partition, sent.key, sent.value, sent.headers).offset
        if (self.truth.inputs[partition][offset].event is None) != sent.poisoned:
            raise Broken(f"poisoned {sent.poisoned}, and parsed as {self.truth.inputs[partition][offset]}")
        return f"{_shown(partition)}:{offset} {sent.value!r} {dict(sent.headers) or ''}"

    def _tick(self, _: object) -> str | None:
        running = [p.loop for p in self._workers if p.runs]
        due = min((at for loop in running if (at := loop.next_timer_s()) is not None), default=None)
        if due is None:
            return None
        self.clock.now_s = max(due, self.clock.now_s)
        for loop in running:
            loop.wake_timers()
        return ""

    def _hear(self, _: object) -> str | None:
        """Let the API, which answers tokens, read the topic `progress`."""
        said = [
            partition for partition in partitions_of([PROGRESS]) if self._heard[partition] < self.log.end(partition)
        ]
        if not said:
            return None
        partition = said[self.choices.draw(len(said))]
        [record] = self.log.records(partition, self._heard[partition])[:1]
        self._heard[partition] += 1
        match decode(LOG_ID, record.key, record.value):
            case ItemsProgress() as report:
                self.watermark.items_progress(report)
            case IndexProgress() as report:
                self.watermark.index_progress(report)
        self._resolve()
        return f"hears {(record.value or b'').decode()}"

    def _index_says(self, progress: IndexProgress) -> None:
        """Tell the API of an index worker at once how far its own process is."""
        self.watermark.index_progress(progress)
        self.truth.committed(Partition(ITEMS, progress.partition), progress.finished)
        self._resolve()

    def _resolve(self) -> None:
        for partition in partitions_of(INPUTS):
            self.truth.resolved(partition, self.watermark.searchable(partition))

    def _deliver_orphan(self, _: object) -> str | None:
        due = [number for number, (step, _) in enumerate(self._orphans) if step <= self.steps]
        if not due:
            return None
        number = due[self.choices.draw(len(due))]
        done = self._orphans[number][1]()
        self.reached["orphan"] += 1
        if done is None:
            return "a step of a request whose caller is gone"
        del self._orphans[number]
        return done

    def _turn(self, process: Process) -> str | None:
        if not process.runs or not process.loop.ready:
            return None
        process.loop.turn()
        for error in (*process.loop.errors, *process.failures):
            if isinstance(error, Broken):
                raise error
            raise Broken(f"{process.name} ends: {error!r}") from error
        return ""

    def _append(self, process: Process) -> str | None:
        if not process.sending or not process.runs:
            return None
        process.sending -= 1
        waiting = [queue for queue in process.outbox.values() if queue]
        record = waiting[self.choices.draw(len(waiting))].popleft()
        group = self.groups["items"]
        owner = record.generation == group.generation and group.owns(process.name, record.partition.number)
        answer = self.log.append(record.partition, record.key, record.value, record.headers, by_owner=owner)
        self.reached["foreign record"] += not owner and record.partition.topic == ITEMS
        if self.choices.draw(4) == 3:
            process.unconfirmed.append((record.confirmation, answer))
            return f"appends {_shown(record.partition)}:{answer.offset} {_read(record)}, not confirmed yet"
        _confirm(record.confirmation, answer)
        return f"appends {_shown(record.partition)}:{answer.offset} {_read(record)}"

    def _confirm(self, process: Process) -> str | None:
        if not process.runs or not process.unconfirmed:
            return None
        confirmation, answer = process.unconfirmed.popleft()
        _confirm(confirmation, answer)
        return f"gets the confirmation of offset {answer.offset}"

    def _fetch(self, process: Process) -> str | None:
        if not process.runs or process.positions is None or process.seen == self.log.length:
            return None
        behind = [
            partition
            for partition, offset in process.positions.items()
            if offset < self.log.end(partition) and process.queues[partition.topic].qsize() < BATCHES_QUEUED_MAX
        ]
        if not behind:
            if not any(queue.qsize() for queue in process.queues.values()):
                process.seen = self.log.length
            return None
        partition = behind[self.choices.draw(len(behind))]
        there = self.log.records(partition, process.positions[partition])
        taken = there[: len(there) - self.choices.draw(len(there))]
        process.positions[partition] += len(taken)
        records = [Message(r.offset, r.timestamp_ms, r.key, r.value, r.headers) for r in taken]
        process.queues[partition.topic].put_nowait(RecordBatch(partition, process.generation, records))
        return f"fetches {_shown(partition)}:{taken[0].offset}-{taken[-1].offset}"

    def _read(self, process: Any) -> str | None:
        if not process.runs or not process.reader.wants:
            return None
        process.reader.turn()
        return "reads its logs"

    def _request(self, process: Process) -> str | None:
        if not process.runs or not process.requests:
            return None
        number = self.choices.draw(len(process.requests))
        request = process.requests[number]
        if request.step():
            del process.requests[number]
        if request.what.startswith("saves"):
            self._check_saved()
        return request.what

    def _check_saved(self) -> None:
        partitions = filter(str.isdecimal, self.points.positions)
        for number, version in ((name, self.points.positions[name]) for name in partitions):
            self.truth.committed(Partition(ITEMS, int(number)), version & ((1 << 40) - 1))

    # Consumer groups.

    def _group(self, process: Process) -> str | None:
        group = process.group
        if not process.runs or not process.ready:
            return None
        if not group.knows(process.name) or group.wants(process.name):
            self._give_up(process)
            group.join(process.name)
            return "joins"
        assigned = group.assignment(process.name)
        if assigned is None:
            return None
        if process.generation != group.generation:
            process.generation, process.assigned = group.generation, assigned
            with process.loop.inside():
                process.assign(set(assigned))
            return f"is assigned {sorted(assigned)} in generation {group.generation}"
        if process.positions is None and not process.seeking:
            return self._seek(process)
        return None

    def _give_up(self, process: Process) -> None:
        process.positions, process.assigned, process.seeking = None, set(), False
        for queue in process.queues.values():
            while not queue.empty():
                queue.get_nowait()
        with process.loop.inside():
            process.assign(set())

    def _seek(self, process: Process) -> str:
        own = [partition for partition in partitions_of(process.group.topics) if partition.number in process.assigned]
        commits = {partition: process.group.committed[partition] for partition in own}
        process.seeking = True
        process.loop.start(process.seek(commits))
        return f"seeks to { ({_shown(partition): offset for partition, offset in commits.items()}) }"

    def _commit(self, process: Process) -> str | None:
        if not process.runs:
            return None
        for partition in process.trackers.partitions:
            offset = process.trackers.committable(partition)
            if offset is not None and offset > process.group.committed[partition]:
                if not process.group.commit(process.name, process.generation, partition, offset):
                    self.reached["refused commit"] += 1
                    continue
                self.truth.committed(partition, offset)
                return f"commits {_shown(partition)}:{offset}"
        return None

    def _expel(self, _: object) -> str | None:
        """Let the session of a dead or frozen member expire."""
        for group in self.groups.values():
            for name in group.members:
                process = self.processes[name]
                if not process.runs:
                    group.expel(name)
                    return f"expels {name}"
        return None

    # Quiet.

    def _unquiet(self) -> str | None:
        """Return what keeps the run from its end; None if nothing is left to do."""
        if (
            self._to_send
            or self._orphans
            or any(self.log.end(partition) > heard for partition, heard in self._heard.items())
        ):
            return "something is on its way"
        if self._faults or self._revive():
            return "a worker is away"
        for process in self._workers:
            if process.positions is None or process.busy():
                return f"{process.name} is at work"
        for group in self.groups.values():
            for partition in partitions_of(group.topics):
                if (committed := group.committed[partition]) < (end := self.log.end(partition)):
                    return f"{_shown(partition)} is committed up to {committed}, of {end}"
        for partition in partitions_of(INPUTS):
            if self.watermark.searchable(partition) < self.log.end(partition):
                return f"tokens of {_shown(partition)} answer up to {self.watermark.searchable(partition)} only"
        return self._index_backlog()

    def _index_backlog(self) -> str | None:
        now_ms = self.clock.now_ms()
        for product_id, point in self.points.by_id.items():
            if point.payload["vector_due"]:
                return f"the embedding of {product_id} is pending"
            if (point.payload["price_changes_at_ms"] or now_ms + 1) <= now_ms and point.payload["status"] == "visible":
                return f"the price of {product_id} is overdue"
        return None


async def _give(_: CooperativeTurns) -> None:
    """End the turn at every step, whatever the machine's clock says."""
    await asyncio.sleep(0)


def _confirm(confirmation: Any, answer: Any) -> None:
    if not confirmation.done():
        confirmation.set_result(answer)


def _late_request(request: Request) -> Callable[[], str | None]:
    return lambda: f"late: {request.what}" if request.step() else None


def _shown(partition: Partition) -> str:
    return f"{partition.topic}[{partition.number}]"


def _read(record: Any) -> str:
    return (record.key or b"").decode(errors="replace").replace("\0", "/")
