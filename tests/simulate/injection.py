"""Faults strike workers: at the step that the plan names, or at the worst moment soon after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stream.kafka.topics import ALERTS

from .world import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from .index import Request
    from .plan import Fault
    from .process import Process
    from .world import World

WORST_MOMENT_STEPS = 80


class FaultInjector:
    """Lets the faults of a plan happen, one after another."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._faults = list(world.plan.faults[::-1])

    @property
    def pending(self) -> bool:
        """True if a fault is still to come."""
        return bool(self._faults)

    def strike_if_due(self, idle_at: int) -> None:
        """Strike if the step of the next fault has come, or if nothing happens after the step `idle_at`."""
        steps = self._world.steps
        if self._faults and (self._faults[-1].step <= steps or steps > idle_at):
            self._strike_in_time(self._faults.pop(), idle_at)

    def strike_now(self) -> None:
        """Let the next fault happen at this step."""
        self._strike(self._faults.pop())

    def _strike_in_time(self, fault: Fault, idle_at: int) -> None:
        """Strike a worker at its worst moment: while something of it is under way, if that comes soon."""
        process, steps = self._world.processes[fault.worker], self._world.steps
        if fault.kind in ("fail", "late"):
            idle = not any(request.writes for request in process.requests)
        else:
            idle = fault.kind in ("crash", "freeze") and not _at_stake(process, alerts=fault.step % 2 == 0)
        if idle and steps <= idle_at and steps < fault.step + WORST_MOMENT_STEPS:
            self._faults.append(fault)
        else:
            self._strike(fault)

    def _strike(self, fault: Fault) -> None:
        process = self._world.processes[fault.worker]
        match fault.kind:
            case "crash" if process.alive:
                self._crash(process)
            case "start" if not process.alive:
                self._world.start(fault.worker)
            case "freeze" if process.alive:
                process.runs = False
            case "thaw":
                process.runs = process.alive
            case "fail" | "late" if process.requests and process.ready:
                self._break_request(process, late=fault.kind == "late")
            case _:
                return
        self._world.reached[fault.kind] += 1
        self._world.note(f"FAULT: {fault.kind} {fault.worker}")

    def _crash(self, process: Process) -> None:
        """Crash a worker: each record and request that was under way arrives, or does not."""
        world = self._world
        for queue in process.outbox.values():
            for each in list(queue)[: world.choices.draw(len(queue) + 1)]:
                world.arrive_late(self._late_record(process.name, each))
        for request in process.requests:
            if request.writes and world.choices.draw(2):
                world.arrive_late(_late_request(request))
        process.crash()

    def _break_request(self, process: Process, *, late: bool) -> None:
        [request, *_] = [each for each in process.requests if each.writes] or process.requests
        process.requests.remove(request)
        request.fail()
        if late and request.writes:
            self._world.arrive_late(_late_request(request))

    def _late_record(self, name: str, record: Any) -> Callable[[], str]:
        def arrive() -> str:
            self._world.reached["late record"] += 1
            self._world.log.append(record.partition, record.key, record.value, record.headers, by_owner=False)
            return f"a record of {name}, which crashed, arrives at {shown(record.partition)}"

        return arrive


def _at_stake(process: Process, *, alerts: bool) -> bool:
    """Return whether a fault would strike while something is under way: records, or `alerts` of an index worker."""
    if process.kind == "items":
        return bool(process.sending)
    sends_alerts = any(queue and partition.topic == ALERTS for partition, queue in process.outbox.items())
    return sends_alerts if alerts else bool(process.trackers.in_flight)


def _late_request(request: Request) -> Callable[[], str | None]:
    return lambda: f"late: {request.what}" if request.step() else None
