"""The changes that wait, as GET /status tells them."""

from __future__ import annotations

from stream.api.models import Oldest
from stream.api.status_service import oldest
from stream.kafka.partitions import Partition
from stream.progress.lag_by_partition import PartitionLag


def test_the_oldest_change_is_the_input_event_that_has_waited_longest() -> None:
    partitions = {
        Partition("prices", 0): PartitionLag(2, 4.0),
        Partition("prices", 1): PartitionLag(9, 1.0),
        Partition("items", 0): PartitionLag(3, 60.0),
        Partition("reviews", 0): PartitionLag(0, 0.0),
    }
    assert oldest(partitions) == Oldest(topic="prices", seconds=4.0)
    assert oldest({Partition("reviews", 0): PartitionLag(0, 0.0)}) is None
