"""What an embedded broker had not given out, in a file from one `up` to the next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.reader import Record
from stream.tracker import Partition
from stream.up.carry import decode_record, encode_record

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
