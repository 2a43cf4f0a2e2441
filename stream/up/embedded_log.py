"""The log of the embedded broker, which lives in memory: what `up` does so that the item state outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING, Any

from schemas.errors import Unavailable
from stream.kafka.headers import dead_letter_topic
from stream.kafka.log_identity import log_identity
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import INPUTS, ITEMS, PROGRESS, STATES, all_topics
from stream.state_files.journal import Journal
from stream.state_files.journal_follower import JournalFollower
from stream.up.broker import accepting
from stream.up.fetch_probe import measure_fetch_seconds
from stream.up.handover import InputHandover
from stream.up.loss_report import LossReport
from stream.up.probe import POLL_S
from stream.up.process import how, processor_seconds, resident_bytes
from stream.up.topic_bootstrap import create_topics_first

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.runtime.settings import Settings
    from stream.runtime.stack_report import StackReportFile
    from stream.up.brokers.interface import Broker
    from stream.up.data_dir import DataDir
    from stream.up.probe import Probe
    from stream.up.process import Child

    Say = Callable[[str], None]

PULL_SECONDS_MAX = 3.0
LEAVE_SECONDS_MAX = 8.0
STARTS_MAX = 10
WATCH_S = 2.0
FETCH_WATCH_S = 20.0


class EmbeddedLog:
    """A broker with its log in memory: the journal carries the item state from one life to the next."""

    keeps = False

    def __init__(
        self, settings: Settings, directory: DataDir, report: StackReportFile, broker: Broker, child: Child, say: Say
    ) -> None:
        self.address = broker.address
        self._settings = settings
        self._directory = directory
        self._broker = broker
        self._child = child
        self._say = say
        self._journal = Journal(directory.journal, settings.partitions)
        self._keeper: JournalFollower | None = None
        self._tail = InputHandover(self._places(*INPUTS), directory.tail)
        self._next_look_s = 0.0
        self._losses = LossReport(report, say)
        self._takes_events = False
        """Since it began, and nothing was told of its end."""

    async def open(self) -> None:
        """An empty log of a higher epoch, then the journal's state in it, and events that the last one had not done."""
        try:
            await self._begin()
            await self._fill()
        except Unavailable as error:
            self._died(f"it could not be made ready: {error}")
            raise

    async def _fill(self) -> None:
        identity = await log_identity(self.address, epoch_floor=self._directory.epoch)
        self._directory.epoch = identity.epoch
        keeper = JournalFollower(self.address, self._journal, self._settings.partitions)
        try:
            count = await keeper.start()
        except BaseException:
            await keeper.stop()
            raise
        self._keeper = keeper
        await self._tail.publish(self.address)
        self._next_look_s = time.monotonic() + FETCH_WATCH_S
        self._tell_size()
        if count:
            self._say(f"{count} records of item state are back in {self._broker.name}")

    async def _begin(self) -> None:
        """A broker to whose topics nobody has written before they were there."""
        for _ in range(STARTS_MAX):
            await self._start()
            if await create_topics_first(self.address, all_topics(self._settings)):
                return
            await self._child.kill()
            self._died("it took events before its topics were there, which hides them: it starts anew")
        raise Unavailable(
            f"events came to {self.address} before the topics could be created, at {STARTS_MAX} starts one after the "
            "other: pause what sends them until `up` is ready"
        )

    async def _start(self) -> None:
        try:
            await self._child.start()
        except OSError as error:
            raise Unavailable(f"{self._broker.name} cannot be started: {error.strerror or error}") from error
        await accepting(self._broker, self._child)
        self._takes_events = True
        self._losses.log_began()

    def _died(self, how: str) -> None:
        """Told once, of a broker that may have taken events."""
        if self._takes_events:
            self._takes_events = False
            self._losses.broker_died(how)

    async def keep(self) -> None:
        """Follows the log into the journal."""
        assert self._keeper
        await self._keeper.follow()

    async def heard(self, status: dict[str, Any]) -> None:
        """Learns up to when all that was sent is in the journal."""
        if self._keeper:
            with contextlib.suppress(Unavailable):
                ends, positions = await self._keeper.end_offsets(), self._keeper.positions
                self._journal.sync()
                self._losses.heard(status, ends, positions)
                self._tail.settle(self._losses.kept_until)

    async def to_renew(self) -> bool:
        """Dead, or too large or too slow."""
        ended = asyncio.ensure_future(self._child.ended())
        try:
            while not (await asyncio.wait([ended], timeout=WATCH_S))[0]:
                if (reason := await self._outgrown()) is not None:
                    self._say(f"{self._broker.name} {reason}: it starts anew")
                    return True
            self._died(how(ended.result()))
            return False
        finally:
            ended.cancel()

    async def _outgrown(self) -> str | None:
        """Why its log must begin anew, if it must."""
        if self._tell_size() > (self._broker.memory_bytes_max or math.inf):
            return "has grown too large"
        if time.monotonic() < self._next_look_s:
            return None
        self._next_look_s = time.monotonic() + FETCH_WATCH_S
        with contextlib.suppress(Unavailable):
            places = self._places(*INPUTS, *STATES, PROGRESS)
            took = await measure_fetch_seconds(self.address, places, self._ran_s)
            if took > (self._broker.fetch_seconds_max or math.inf):
                return f"has become slow, its log is long (a fetch takes {1000 * took:.0f} ms)"
        return None

    def _ran_s(self) -> float:
        """Of the broker; where the system does not tell, it counts as running all the time."""
        try:
            return processor_seconds(self._child.pid or 0)
        except Unavailable:
            return time.monotonic()

    def _places(self, *topics: str) -> list[Partition]:
        return [Partition(topic, number) for topic in topics for number in range(self._settings.partitions)]

    def _tell_size(self) -> int:
        size = 0
        with contextlib.suppress(Unavailable):
            size = resident_bytes(self._child.pid or 0)
        self._losses.update(log_kind=self._broker.name, log_bytes=size)
        return size

    async def drain(self, probe: Probe, seconds_max: float) -> None:
        """All events are finished, and so in the item state, which the journal keeps."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                while self._child.pid:
                    if await probe.inputs_waiting() == 0:
                        return
                    await asyncio.sleep(POLL_S)

    async def end(self) -> None:
        """Takes along what is in it still, where it lives."""
        await self._pull_all()
        if self._child.pid:
            await self._tell_dead_letters()
            await self._take_tail()
            with contextlib.suppress(Unavailable):  # It is published from memory.
                self._tail.save()
        await self.kill()

    async def _take_tail(self) -> None:
        try:
            await self._tail.take(self.address, self._pull, self._child.kill)
        except Unavailable as error:
            self._losses.tail_lost(str(error))

    async def _tell_dead_letters(self) -> None:
        """They are not carried: where they came from is in this log, and ends with it."""
        places = self._places(*(dead_letter_topic(topic) for topic in (*INPUTS, ITEMS)))
        with contextlib.suppress(Unavailable):
            async with Reader(self.address) as reader:
                reader.assign(dict.fromkeys(places, 0))
                count = sum((await reader.end_offsets()).values())
            if count:
                self._losses.letters_end(count)

    async def close(self) -> bool:
        """The journal has everything that is finished and the tail what is not, then the broker may go."""
        losses_before = self._losses.count
        await self._pull_all()
        try:
            async with asyncio.timeout(LEAVE_SECONDS_MAX):
                await self._leave()
        except TimeoutError:
            self._losses.tail_lost("it did not answer")
        await self.kill()
        self._journal.close()
        self._losses.leave()
        return self._losses.count == losses_before

    async def _leave(self) -> None:
        if self._child.pid:
            await self._tell_dead_letters()
            await self._take_tail()
        try:
            self._tail.save()
        except Unavailable as error:
            self._losses.tail_lost(str(error))
        else:
            if count := len(self._tail):
                self._say(f"events that were not taken yet: {count:,}; the next `freshline up` goes on with them")

    async def _pull_all(self) -> None:
        """All that is finished, into the journal."""
        if self._child.pid is None:
            self._died("while it was to end")
        elif self._keeper:
            try:
                await asyncio.wait_for(self._keeper.pull(), PULL_SECONDS_MAX)
            except (Unavailable, TimeoutError) as error:
                self._losses.tail_lost(f"the item state was not all written down: {error or 'that took too long'}")
                self._tail.keep()

    async def _pull(self) -> None:
        """What an import has written since."""
        if self._keeper:
            with contextlib.suppress(Unavailable):
                await self._keeper.pull()

    async def kill(self) -> None:
        """What was confirmed is in the journal, but for the last moment."""
        self._takes_events = False
        if self._keeper:
            await self._keeper.stop()
            self._keeper = None
        await self._child.kill()
