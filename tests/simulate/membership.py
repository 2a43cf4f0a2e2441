"""The actors of consumer groups: a process joins, is assigned partitions, seeks, commits, and is expelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .truth import partitions_of
from .world import shown

if TYPE_CHECKING:
    from .process import Process
    from .world import World


def take_part(_: World, process: Process) -> str | None:
    """Join the group, take over an assignment, or seek to where it begins."""
    group = process.group
    if not process.runs or not process.ready:
        return None
    if not group.knows(process.name) or group.wants(process.name):
        _give_up(process)
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
        return _seek(process)
    return None


def commit(world: World, process: Process) -> str | None:
    """Commit one offset that is committable."""
    if not process.runs:
        return None
    for partition in process.trackers.partitions:
        offset = process.trackers.committable(partition)
        if offset is not None and offset > process.group.committed[partition]:
            if not process.group.commit(process.name, process.generation, partition, offset):
                world.reached["refused commit"] += 1
                continue
            world.truth.committed(partition, offset)
            return f"commits {shown(partition)}:{offset}"
    return None


def expel(world: World, _: object) -> str | None:
    """Let the session of a dead or frozen member expire."""
    for group in world.groups.values():
        for name in group.members:
            if not world.processes[name].runs:
                group.expel(name)
                return f"expels {name}"
    return None


def _give_up(process: Process) -> None:
    process.positions, process.assigned, process.seeking = None, set(), False
    for queue in process.queues.values():
        while not queue.empty():
            queue.get_nowait()
    with process.loop.inside():
        process.assign(set())


def _seek(process: Process) -> str:
    own = [partition for partition in partitions_of(process.group.topics) if partition.number in process.assigned]
    commits = {partition: process.group.committed[partition] for partition in own}
    process.seeking = True
    process.loop.start(process.seek(commits))
    return f"seeks to { ({shown(partition): offset for partition, offset in commits.items()}) }"
