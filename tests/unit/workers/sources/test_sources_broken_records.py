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


def name_of(sample: Sample) -> str:
    return "-".join(map(str, sample[0].values()))


def decode(source: dict[str, Any], body: Any, key: bytes | None = None) -> None:
    """Decode. Raises what is no refusal."""
    try:
        Sources([Source(**source)], "EUR").decode(source["topic"], key, orjson.dumps(body), [], Times(ARRIVED_MS, None))
    except InvalidEvent as error:
        assert str(error)


@pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
@given(st.data())
def test_a_record_with_a_wild_part_is_events_or_refused(sample: Sample, data: st.DataObject) -> None:
    source, body = data.draw(broken([sample]))
    decode(source, body, data.draw(st.none() | st.binary(max_size=8)))


@pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
def test_every_sample_is_read_or_says_what_it_lacks(sample: Sample) -> None:
    source, body = sample
    for way in paths(body):
        for wild in PARTS:
            decode(source, with_part(body, way, wild))
