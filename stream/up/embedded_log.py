"""The log of the embedded broker, which is in memory, and the steps by which `up` makes the item state outlive it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from schemas.errors import Unavailable
from stream.kafka.cluster import Cluster
from stream.kafka.log_identity import log_identity
from stream.kafka.partitions import Partition, all_partitions
from stream.kafka.topics import INPUTS, PROGRESS, STATES, all_topics
from stream.runtime.printing import counted
from stream.state_files.journal import Journal
from stream.state_files.journal_follower import JournalFollower
from stream.up.child_process import describe_exit, wait_broker_accepts
from stream.up.handover import InputHandover
from stream.up.loss_report import LossReport, count_dead_letters
from stream.up.probe import READY_INTERVAL_S
from stream.up.renewal_probe import RenewalProbe
from stream.up.topic_bootstrap import create_topics_first

if TYPE_CHECKING:
    from stream.runtime.settings import Settings
    from stream.runtime.stack_report import StackReportFile
    from stream.up.bounds import UpBounds
    from stream.up.brokers.interface import Broker
    from stream.up.child_process import ChildProcess, Say
    from stream.up.data_dir import DataDir
    from stream.up.probe import Probe
    from workers.clock import Clock


HANDOVER_SECONDS_MAX = 8.0
"""The longest that the handover may take when `up` ends."""
STARTS_MAX = 10
WATCH_INTERVAL_S = 2.0


class EmbeddedLog:
    """A broker that keeps its log in memory. The journal carries the item state from one broker process to the next."""

    is_durable = False

    def __init__(
        self,
        settings: Settings,
        directory: DataDir,
        report: StackReportFile,
        broker: Broker,
        child: ChildProcess,
        say: Say,
        bounds: UpBounds,
        clock: Clock,
    ) -> None:
        self.address = broker.address
        self._cluster = Cluster(broker.address)
        self._settings = settings
        self._directory = directory
        self._broker = broker
        self._child = child
        self._say = say
        self._bounds = bounds
        self._journal = Journal(directory.journal, settings.partitions)
        self._follower: JournalFollower | None = None
        """The follower of the journal; None while no log is open."""
        self._handover = InputHandover(self._partitions_of(*INPUTS), directory.handover, clock)
        self._losses = LossReport(report, say, clock)
        probed = self._partitions_of(*INPUTS, *STATES, PROGRESS)
        self._renewal = RenewalProbe(broker, child, probed, bounds.renewal_probe_interval_s, clock)
        self._may_have_events = False
        """True if the broker may have accepted events and its end has not been reported yet."""

    async def open(self) -> None:
        """Start a broker with an empty log of a higher epoch, and fill the log from the journal and the handover."""
        try:
            await self._begin()
            await self._fill()
        except Unavailable as error:
            self._report_death(f"it could not be made ready: {error}")
            raise

    async def _fill(self) -> None:
        identity = await log_identity(self._cluster, epoch_floor=self._directory.epoch)
        self._directory.raise_epoch(identity.epoch)
        follower = JournalFollower(self._cluster, self._journal, self._settings.partitions)
        try:
            count = await follower.start()
        except BaseException:
            await follower.stop()
            raise
        self._follower = follower
        await self._handover.publish(self._cluster)
        self._renewal.log_started()
        self._report_size()
        if count:
            self._say(f"the item state is back in {self._broker.name}: {counted(count, 'record')}")

    async def _begin(self) -> None:
        """Start the broker, and start it again as long as a producer wrote to a topic before it was created."""
        for _ in range(STARTS_MAX):
            await self._start()
            if await create_topics_first(self.address, all_topics(self._settings)):
                return
            await self._child.kill()
            self._report_death("it took events before its topics were there, which hides them: it starts anew")
        raise Unavailable(
            f"events came to {self.address} before the topics could be created, at {STARTS_MAX} starts one after the "
            "other: pause what sends them until `up` is ready"
        )

    async def _start(self) -> None:
        try:
            await self._child.start()
        except OSError as error:
            raise Unavailable(f"{self._broker.name} cannot be started: {error.strerror or error}") from error
        await wait_broker_accepts(self._broker, self._child)
        self._may_have_events = True
        self._losses.log_started()

    def _report_death(self, how: str) -> None:
        """Report, only once, the death of a broker that may have accepted events."""
        if self._may_have_events:
            self._may_have_events = False
            self._losses.broker_died(how)

    async def run(self) -> None:
        """Copy the item state from the log to the journal as it is written, until cancelled."""
        assert self._follower
        await self._follower.follow()

    async def note_status(self, status: dict[str, Any]) -> None:
        """Find out the time before which all events that were sent have their effect in the journal."""
        if self._follower:
            with contextlib.suppress(Unavailable):
                end_offsets, positions = await self._follower.end_offsets(), self._follower.positions
                self._journal.sync()
                self._losses.note_status(status, end_offsets, positions)
                self._handover.forget(self._losses.kept_until)

    async def wait_end(self) -> bool:
        """Wait until the broker has died (return False), or must be replaced as too large or too slow (return True)."""
        ended = asyncio.ensure_future(self._child.ended())
        try:
            while not (await asyncio.wait([ended], timeout=WATCH_INTERVAL_S))[0]:
                if (reason := await self._renewal.reason_to_renew(self._report_size())) is not None:
                    self._say(f"{self._broker.name} {reason}: it starts anew")
                    return True
            self._report_death(describe_exit(ended.result()))
            return False
        finally:
            ended.cancel()

    def _partitions_of(self, *topics: str) -> list[Partition]:
        return all_partitions(*topics, each=self._settings.partitions)

    def _report_size(self) -> int:
        size = self._renewal.memory_bytes()
        self._losses.update(log_kind=self._broker.name, log_bytes=size)
        return size

    async def drain(self, probe: Probe, seconds_max: float) -> None:
        """Wait until all events are acked: their effect is then in the item state, which the journal keeps."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                while self._child.pid:
                    if await probe.inputs_waiting() == 0:
                        return
                    await asyncio.sleep(READY_INTERVAL_S)

    async def hand_over(self) -> None:
        """End the broker; if it is alive, first keep the item state and the unacked events that it still has."""
        await self._pull_all()
        if self._child.pid:
            await self._report_dead_letters()
            await self._collect_events()
            with contextlib.suppress(Unavailable):  # The events are published from memory.
                self._handover.save()
        await self.kill()

    async def _collect_events(self) -> None:
        try:
            await self._handover.collect(self._cluster, self)
        except Unavailable as error:
            self._losses.handover_failed(str(error))

    async def _report_dead_letters(self) -> None:
        """Report the dead letters, which are not handed over: the records that they refer to end with this log."""
        with contextlib.suppress(Unavailable):
            if count := await count_dead_letters(self._cluster, self._settings.partitions):
                self._losses.dead_letters_ended(count)

    async def close(self) -> bool:
        """End the broker: acked events are in the journal, others in the handover. Return whether all are kept."""
        losses_before = self._losses.count
        await self._pull_all()
        try:
            async with asyncio.timeout(HANDOVER_SECONDS_MAX):
                await self._save_handover()
        except TimeoutError:
            self._losses.handover_failed("it did not answer")
        await self.kill()
        self._journal.close()
        self._losses.close()
        return self._losses.count == losses_before

    async def _save_handover(self) -> None:
        if self._child.pid:
            await self._report_dead_letters()
            await self._collect_events()
        try:
            self._handover.save()
        except Unavailable as error:
            self._losses.handover_failed(str(error))
        else:
            if count := len(self._handover):
                self._say(f"events that were not taken yet: {count:,}; the next `freshline up` goes on with them")

    async def _pull_all(self) -> None:
        """Append all item state in the log to the journal."""
        if self._child.pid is None:
            self._report_death("while it was to end")
        elif self._follower:
            try:
                await asyncio.wait_for(self._follower.pull(), self._bounds.pull_seconds_max)
            except (Unavailable, TimeoutError) as error:
                why = str(error) or "that took too long"
                self._losses.handover_failed(f"the item state was not all written down: {why}")
                self._handover.keep_published()

    async def end_broker(self) -> None:
        """End the broker at once, and nothing else."""
        await self._child.kill()

    async def pull(self) -> None:
        """Append to the journal the records that an import has written in the meantime."""
        if self._follower:
            with contextlib.suppress(Unavailable):
                await self._follower.pull()

    async def kill(self) -> None:
        """End the broker at once. The journal has everything that the broker confirmed, except in the last moment."""
        self._may_have_events = False
        if self._follower:
            await self._follower.stop()
            self._follower = None
        await self._child.kill()
