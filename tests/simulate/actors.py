"""The actors: each takes one small step of the world or of one process, and returns what it did; None if it had nothing
to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.progress import IndexProgress, ItemsProgress, decode
from stream.kafka.partitions import Partition
from stream.kafka.record_batch import RecordBatch
from stream.kafka.topics import ALERTS, ITEMS, PROGRESS

from .broken import Broken
from .process import Message
from .truth import partitions_of
from .workers import LOG_ID
from .world import shown

if TYPE_CHECKING:
    from .process import Process
    from .world import World

BATCHES_QUEUED_MAX = 4


def produce(world: World, _: object) -> str | None:
    """Send the next event of the plan."""
    if not world.to_send or world.steps < world.next_event_step:
        return None
    world.next_event_step = world.steps + world.plan.gap_steps
    sent = world.to_send.pop()
    partition = Partition(sent.topic, sent.partition)
    offset = world.log.append(partition, sent.key, sent.value, sent.headers).offset
    if (world.truth.inputs[partition][offset].event is None) != sent.poisoned:
        raise Broken(f"poisoned {sent.poisoned}, and parsed as {world.truth.inputs[partition][offset]}")
    return f"{shown(partition)}:{offset} {sent.value!r} {dict(sent.headers) or ''}"


def tick(world: World, _: object) -> str | None:
    """Let time pass until the next timer of a process is due."""
    running = [p.loop for p in world.workers if p.runs]
    due = min((at for loop in running if (at := loop.next_timer_s()) is not None), default=None)
    if due is None:
        return None
    world.clock.now_s = max(due, world.clock.now_s)
    for loop in running:
        loop.wake_timers()
    return ""


def hear(world: World, _: object) -> str | None:
    """Let the API, which answers tokens, read the topic `progress`."""
    said = [partition for partition in partitions_of([PROGRESS]) if world.heard[partition] < world.log.end(partition)]
    if not said:
        return None
    partition = said[world.choices.draw(len(said))]
    [record] = world.log.records(partition, world.heard[partition])[:1]
    world.heard[partition] += 1
    match decode(LOG_ID, record.key, record.value):
        case ItemsProgress() as report:
            world.watermark.items_progress(report)
        case IndexProgress() as report:
            world.watermark.index_progress(report)
    world.resolve_tokens()
    return f"hears {(record.value or b'').decode()}"


def deliver_orphan(world: World, _: object) -> str | None:
    """Take a step of something that arrives late."""
    due = [number for number, (step, _) in enumerate(world.orphans) if step <= world.steps]
    if not due:
        return None
    number = due[world.choices.draw(len(due))]
    done = world.orphans[number][1]()
    world.reached["orphan"] += 1
    if done is None:
        return "a step of a request whose caller is gone"
    del world.orphans[number]
    return done


def turn(_: World, process: Process) -> str | None:
    """Run the event loop of a process once. Raises Broken if one of its tasks has failed."""
    if not process.runs or not process.loop.ready:
        return None
    process.loop.turn()
    for error in (*process.loop.errors, *process.failures):
        if isinstance(error, Broken):
            raise error
        raise Broken(f"{process.name} ends: {error!r}") from error
    return ""


def append(world: World, process: Process) -> str | None:
    """Let the broker append a record that a process sends; its confirmation may come later."""
    if not process.sending or not process.runs:
        return None
    process.sending -= 1
    waiting = [queue for queue in process.outbox.values() if queue]
    record = waiting[world.choices.draw(len(waiting))].popleft()
    group = world.groups["items"]
    owner = record.generation == group.generation and group.owns(process.name, record.partition.number)
    answer = world.log.append(record.partition, record.key, record.value, record.headers, by_owner=owner)
    world.reached["alert"] += record.partition.topic == ALERTS
    world.reached["foreign record"] += not owner and record.partition.topic == ITEMS
    if world.choices.draw(4) == 3:
        process.unconfirmed.append((record.confirmation, answer))
        return f"appends {shown(record.partition)}:{answer.offset} {_read(record)}, not confirmed yet"
    _answer(record.confirmation, answer)
    return f"appends {shown(record.partition)}:{answer.offset} {_read(record)}"


def confirm(_: World, process: Process) -> str | None:
    """Let a process hear that a record was appended."""
    if not process.runs or not process.unconfirmed:
        return None
    confirmation, answer = process.unconfirmed.popleft()
    _answer(confirmation, answer)
    return f"gets the confirmation of offset {answer.offset}"


def fetch(world: World, process: Process) -> str | None:
    """Fetch records of one partition, as many as the choice is."""
    if not process.runs or process.positions is None or process.seen == world.log.length:
        return None
    behind = [
        partition
        for partition, offset in process.positions.items()
        if offset < world.log.end(partition) and process.queues[partition.topic].qsize() < BATCHES_QUEUED_MAX
    ]
    if not behind:
        if not any(queue.qsize() for queue in process.queues.values()):
            process.seen = world.log.length
        return None
    partition = behind[world.choices.draw(len(behind))]
    there = world.log.records(partition, process.positions[partition])
    taken = there[: len(there) - world.choices.draw(len(there))]
    process.positions[partition] += len(taken)
    records = [Message(r.offset, r.timestamp_ms, r.key, r.value, r.headers) for r in taken]
    batch = RecordBatch(partition, process.generation, records, taken[-1].offset + 1)
    process.queues[partition.topic].put_nowait(batch)
    return f"fetches {shown(partition)}:{taken[0].offset}-{taken[-1].offset}"


def read(_: World, process: Any) -> str | None:
    """Let an items worker read its own log and the one of the cluster."""
    if not process.runs or not process.reader.wants:
        return None
    process.reader.turn()
    return "reads its logs"


def request(world: World, process: Process) -> str | None:
    """Take a step of a request to the index."""
    if not process.runs or not process.requests:
        return None
    number = world.choices.draw(len(process.requests))
    chosen = process.requests[number]
    if chosen.step():
        del process.requests[number]
    if chosen.what.startswith("saves"):
        _check_saved(world)
    return chosen.what


def _check_saved(world: World) -> None:
    partitions = filter(str.isdecimal, world.points.positions)
    for number, version in ((name, world.points.positions[name]) for name in partitions):
        world.truth.committed(Partition(ITEMS, int(number)), version & ((1 << 40) - 1))


def _answer(confirmation: Any, answer: Any) -> None:
    if not confirmation.done():
        confirmation.set_result(answer)


def _read(record: Any) -> str:
    return (record.key or b"").decode(errors="replace").replace("\0", "/")
