"""Records of other systems with one part replaced, wherever it is: they are events or refused, and never a bug."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from tests.support.foreign_records import PARTS, SAMPLES, Sample, broken, paths, with_part
from tests.support.sources import ARRIVED_MS
from workers.sources.formats import Source
from workers.sources.sources import Sources, Times

MARK, NESTED = "stands where the part goes", 1_000
"""orjson reads 1,024 levels, and Python follows fewer."""


def name_of(sample: Sample) -> str:
    return "-".join(map(str, sample[0].values()))


def decode(source: dict[str, Any], body: Any, key: bytes | None = None) -> None:
    """Decode. Raises what is no refusal."""
    decode_bytes(source, orjson.dumps(body), key)


def decode_bytes(source: dict[str, Any], value: bytes, key: bytes | None = None) -> None:
    """Decode. Raises what is no refusal."""
    try:
        Sources([Source(**source)], "EUR").decode(source["topic"], key, value, [], Times(ARRIVED_MS, None))
    except InvalidEvent as error:
        assert str(error)


@pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
@given(st.data())
def test_a_record_with_a_wild_part_is_events_or_refused(sample: Sample, data: st.DataObject) -> None:
    source, body = data.draw(broken([sample]))
    decode(source, body, data.draw(st.none() | st.binary(max_size=8)))


@pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
def test_a_part_that_is_nested_as_deeply_as_json_may_be_is_no_bug(sample: Sample) -> None:
    source, body = sample
    deep = [b"[" * NESTED + b"]" * NESTED, b'{"a":' * NESTED + b"1" + b"}" * NESTED]
    for way in paths(body):
        marked = orjson.dumps(with_part(body, way, MARK))
        for part in deep:
            decode_bytes(source, marked.replace(orjson.dumps(MARK), part))


@pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
def test_every_sample_is_read_or_says_what_it_lacks(sample: Sample) -> None:
    source, body = sample
    for way in paths(body):
        for wild in PARTS:
            decode(source, with_part(body, way, wild))
