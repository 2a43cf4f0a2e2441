"""The pipeline monitor: lag is what the acked offsets and the end offsets leave between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.progress import IndexProgress, ItemsProgress
from stream.kafka.partitions import Partition
from stream.kafka.topics import DEAD_LETTERS, INPUTS, ITEMS
from stream.progress.fresh_as_of import FreshAsOf
from stream.progress.lag import Lag
from stream.progress.monitor import PipelineMonitor
from stream.progress.watermark import Watermark
from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

UNUSED: Any = None
COLLECTION = "items-1"
PARTITIONS = 2


class Ends:
    """End offsets that are set by hand; a partition that was not named is empty. `then` runs after each answer."""

    def __init__(self, ends: dict[Partition, int]) -> None:
        self.ends = ends
        self.then: Callable[[], None] = lambda: None

    async def fetch(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        found = {partition: self.ends.get(partition, 0) for partition in partitions}
        self.then()
        return found


class Points:
    """An index with so many pending embeddings and overdue sale boundaries."""

    def __init__(self, pending: int = 0, overdue: int = 0) -> None:
        self._pending, self._overdue = pending, overdue

    async def count_pending_embeddings(self) -> int:
        return self._pending

    async def count_due_price_changes(self, now_ms: int) -> int:
        return self._overdue


NO_POINTS: Any = Points()


def monitor(watermark: Watermark, ends: Any) -> PipelineMonitor:
    return PipelineMonitor(
        "log",
        PARTITIONS,
        watermark=watermark,
        as_of=FreshAsOf(watermark),
        ends=ends,
        reader=UNUSED,
        clock=SystemClock(),
    )


async def lag_of(watermark: Watermark, ends: Any, index: Any = NO_POINTS) -> Lag:
    return await monitor(watermark, ends).lag(index, 0)


async def test_lag_counts_what_waits_before_each_stage_in_all_partitions() -> None:
    watermark = Watermark(COLLECTION)
    watermark.items_progress(ItemsProgress(0, {"prices": 4, "products": 10}, 7))
    watermark.index_progress(IndexProgress(0, COLLECTION, 5))
    ends = Ends({Partition("prices", 0): 6, Partition("prices", 1): 3, Partition("products", 0): 10})
    ends.ends |= {Partition(ITEMS, 0): 7, Partition(ITEMS, 1): 1}
    lag = await lag_of(watermark, ends, Points(pending=11, overdue=2))
    assert lag == Lag(inputs={"products": 0, "prices": 5, "reviews": 0}, items=3, vectors_due=11, sale_boundaries=2)
    assert lag.total == 21


async def test_a_log_without_records_has_no_lag() -> None:
    assert (await lag_of(Watermark(COLLECTION), Ends({}))).total == 0


async def test_item_records_count_until_the_collection_that_serves_has_them() -> None:
    watermark = Watermark(COLLECTION)
    watermark.index_progress(IndexProgress(0, "items-2", 9))
    ends = Ends({Partition(ITEMS, 0): 9})
    assert (await lag_of(watermark, ends)).items == 9
    watermark.serve("items-2")
    assert (await lag_of(watermark, ends)).items == 0


async def test_an_event_that_moves_to_the_next_stage_between_two_reads_is_still_counted() -> None:
    watermark, answers = Watermark(COLLECTION), iter(range(2))
    ends = Ends({Partition("prices", 0): 1})

    def folds() -> None:
        if next(answers) == 0:  # The items worker acks after the ends of the inputs were read.
            watermark.items_progress(ItemsProgress(0, {"prices": 1}, 1))
            ends.ends[Partition(ITEMS, 0)] = 1

    ends.then = folds
    assert (await lag_of(watermark, ends)).total >= 1


@given(st.lists(st.tuples(st.sampled_from(INPUTS), st.integers(0, 1), st.integers(0, 50), st.integers(0, 50))))
async def test_lag_is_never_negative_though_an_ack_is_known_before_its_end(
    seen: list[tuple[str, int, int, int]],
) -> None:
    watermark = Watermark(COLLECTION)
    ends: dict[Partition, int] = {}
    for topic, number, finished, end in seen:
        watermark.items_progress(ItemsProgress(number, {topic: finished}, 0))
        ends[Partition(topic, number)] = end
    lag = await lag_of(watermark, Ends(ends))
    assert all(events >= 0 for events in lag.inputs.values())


async def test_the_lag_of_each_partition_is_that_of_all_hops_to_search() -> None:
    watermark = Watermark(COLLECTION)
    watermark.items_progress(ItemsProgress(0, {"prices": 4}, 7))
    made = monitor(watermark, Ends({Partition("prices", 0): 4, Partition(ITEMS, 0): 7}))
    lag = await made.lag(NO_POINTS, 1_000)
    assert (lag.inputs["prices"], lag.items) == (0, 7)
    waiting = {partition.topic: each.events for partition, each in made.partition_lags.lags.items() if each.events}
    assert waiting == {"prices": 4, ITEMS: 7}


async def test_dead_letters_are_summed_over_the_partitions_of_each_topic() -> None:
    letters = DEAD_LETTERS["prices"]
    ends = Ends({Partition(letters, 0): 2, Partition(letters, 1): 3})
    counts = await monitor(Watermark(COLLECTION), ends).dead_letters()
    assert counts == dict.fromkeys(DEAD_LETTERS, 0) | {"prices": 5}
