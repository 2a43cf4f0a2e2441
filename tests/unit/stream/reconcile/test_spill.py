from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import Unavailable
from stream.reconcile.spill import BUCKET_ITEMS, BUCKETS_MAX, Buckets, bucket_count
from tests.support.examples import examples


async def filled(directory: str, count: int, added: list[tuple[bytes, bytes]]) -> Buckets:
    buckets = Buckets(Path(directory), count, buffer_bytes_max=50, chunk_bytes=7)
    for product_id, frame in added:
        await buckets.add("log", product_id, frame)
    await buckets.flush()
    return buckets


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=3), st.binary(max_size=40))), st.integers(1, 5))
@settings(max_examples=examples(30))
def test_an_items_frames_come_back_whole_and_in_order_from_one_bucket(
    added: list[tuple[bytes, bytes]], count: int
) -> None:
    async def check(directory: str) -> None:
        buckets = await filled(directory, count, added)
        read = [[frame async for frame in buckets.read("log", bucket)] for bucket in range(count)]
        assert sorted(frame for frames in read for frame in frames) == sorted(frame for _, frame in added)
        for wanted in {product_id for product_id, _ in added}:
            own = [frame for product_id, frame in added if product_id == wanted]
            assert any(_in_order(own, frames) for frames in read)

    with TemporaryDirectory() as directory:
        asyncio.run(check(directory))


def _in_order(wanted: list[bytes], frames: list[bytes]) -> bool:
    left = iter(frames)
    return all(frame in left for frame in wanted)


def test_a_bucket_holds_a_thousand_items_whatever_their_number() -> None:
    assert bucket_count(0) == 1
    assert bucket_count(40_000) == 41
    assert 1_000_000 / bucket_count(1_000_000) <= BUCKET_ITEMS
    assert bucket_count(10**12) == BUCKETS_MAX


async def test_on_a_disk_that_is_nearly_full_it_stops_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=250 << 20))
    with pytest.raises(Unavailable, match="only 250 MB of disk are free"):
        await filled(str(tmp_path), 1, [(b"p1", b"frame")])
    assert [frame async for frame in Buckets(tmp_path, 1).read("log", 0)] == []
