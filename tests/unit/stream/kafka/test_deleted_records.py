"""Records that were deleted before they were read are said to be lost, and nothing else is."""

from structlog.testing import capture_logs

from stream.kafka.deleted_records import log_deleted
from stream.kafka.partitions import Partition

PLACE = Partition("prices", 2)


def test_a_log_that_begins_behind_the_commit_has_lost_what_lies_between() -> None:
    with capture_logs() as lines:
        log_deleted({PLACE: 20}, {PLACE: 30})
    [line] = lines
    assert line["log_level"] == "error" and "deleted before they were read" in line["event"]
    assert (line["topic"], line["partition"], line["offset"], line["deleted"]) == ("prices", 2, 20, 10)


def test_a_log_that_begins_before_the_commit_or_a_new_group_has_lost_nothing() -> None:
    other = Partition("prices", 0)
    with capture_logs() as lines:
        log_deleted({PLACE: 20, other: 0}, {PLACE: 20, other: 5})
        log_deleted({PLACE: 20}, {})
    assert lines == []
