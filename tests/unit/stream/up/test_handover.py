"""The events that nobody acked before an embedded broker ended, in a file from one `up` to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Misconfigured, Unavailable
from stream.kafka.cluster import Cluster
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.up.handover import InputHandover, decode_record, encode_record
from workers.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

some_bytes = st.none() | st.binary(max_size=20)
headers = st.lists(st.tuples(st.text(max_size=9), st.binary(max_size=9)), max_size=3).map(tuple)
records = st.builds(
    Record,
    partition=st.builds(Partition, st.sampled_from(["products", "prices"]), st.integers(0, 9)),
    offset=st.integers(0, 2**53),
    timestamp_ms=st.integers(0, 2**53),
    key=some_bytes,
    value=some_bytes,
    headers=headers,
)


@given(records)
def test_a_record_comes_back_as_it_was_whatever_is_in_it(record: Record) -> None:
    line = encode_record(record)
    assert decode_record(line) == record and line.endswith(b"\n") and line.count(b"\n") == 1


WHOLE = [b'{"events":2}', *(b'["prices",0,%d,2,null,null,[]]' % offset for offset in (1, 2)), b""]
DAMAGED = {
    b"": "it is not whole",
    b"\n".join(WHOLE[:2]): "it is not whole",
    b"\n".join(WHOLE[1:]): "it is not whole",
    **{
        b"\n".join([*WHOLE[:2], line, b""]): "line 3: "
        for line in (b"{oops", b"7", b'["prices"]', b'["prices",0,1,2,"?",null,[]]', b'["prices",0,1,2,3,4,5]')
    },
}


@pytest.mark.parametrize(("content", "how"), DAMAGED.items())
def test_a_file_that_was_damaged_is_refused_with_its_line(tmp_path: Path, content: bytes, how: str) -> None:
    (tmp_path / "tail.jsonl").write_bytes(content)
    with pytest.raises(Misconfigured, match=rf"tail\.jsonl: {how}"):
        InputHandover([], tmp_path / "tail.jsonl", SystemClock())


async def test_a_whole_file_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "tail.jsonl").write_bytes(b"\n".join(WHOLE))
    handover = InputHandover([], tmp_path / "tail.jsonl", SystemClock())
    with pytest.raises(Unavailable):
        await handover.publish(Cluster("127.0.0.1:9"))
    assert len(handover) == 2


def test_events_that_were_not_published_yet_are_kept_by_a_stop(tmp_path: Path) -> None:
    (tmp_path / "tail.jsonl").write_bytes(b"\n".join(WHOLE))
    InputHandover([], tmp_path / "tail.jsonl", SystemClock()).save()
    assert len(InputHandover([], tmp_path / "tail.jsonl", SystemClock())) == 2
