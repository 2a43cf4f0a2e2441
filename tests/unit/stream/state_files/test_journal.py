"""The journal on disk has the last record of each key, whatever happened to its writer."""

from __future__ import annotations

import resource
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvalidStateLine, Misconfigured, Unavailable
from stream.kafka.partitions import Partition
from stream.state_files.journal import Journal
from stream.state_files.lines import decode_line, encode_line
from stream.state_files.records import DELETED, StateRecord
from tests.support.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5).map(str.encode)
values = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), st.integers(0, 9), max_size=2)
records = st.builds(
    StateRecord,
    st.builds(Partition, st.sampled_from(["items", "review-states"]), st.integers(0, 3)),
    keys,
    values.map(orjson.dumps),
)


def last(written: list[StateRecord]) -> dict[tuple[Partition, bytes], bytes]:
    return {(record.partition, record.key): record.value for record in written}


def held(journal: Journal) -> dict[tuple[Partition, bytes], bytes]:
    found = list(journal.records())
    assert len(found) == len(journal)
    return last(found)


def reopened(path: Path) -> dict[tuple[Partition, bytes], bytes]:
    """Open a journal again, return the records that it holds, and close it."""
    with closing(Journal(path, 4)) as journal:
        return held(journal)


@given(record=records)
def test_a_record_comes_back_from_its_line_as_it_was(record: StateRecord) -> None:
    assert decode_line(encode_line(record)) == record


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"topic":"prices","partition":0,"key":"a","value":{}}',
        b'{"topic":"items","key":1}',
    ],
)
def test_a_line_that_is_no_record_of_the_state_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidStateLine):
        decode_line(line)


@settings(max_examples=examples(25))
@given(batches=st.lists(st.lists(records, max_size=5), max_size=5), cut=st.integers(0, 40))
def test_a_journal_opened_again_has_the_last_of_each_key(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[StateRecord]], cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "state.journal"
    journal = Journal(path, 4)
    for batch in batches:
        journal.append(batch)
    written = [record for batch in batches for record in batch]
    assert held(journal) == last(written)
    torn = encode_line(StateRecord(Partition("items", 0), b"torn", b'{"in":"the middle of writing"}'))[:cut]
    with path.open("ab") as file:
        file.write(torn)
    again = Journal(path, 4)
    assert held(again) == last(written)
    more = StateRecord(Partition("items", 0), b"more", b"{}")
    again.append([more])
    assert reopened(path) == last([*written, more])
    for each in (journal, again):
        each.close()


def test_a_journal_that_grew_is_compacted(tmp_path: Path) -> None:
    path = tmp_path / "state.journal"
    journal = Journal(path, 4, compaction_bytes_min=10_000)
    for number in range(1000):
        journal.append([StateRecord(Partition("items", 0), b"%d" % (number % 10), b"%d" % number)])
    assert path.stat().st_size <= 10_100
    assert sorted(int(value) for value in held(journal).values()) == list(range(990, 1000))
    journal.close()


def test_without_room_for_a_second_file_a_journal_writes_none_and_is_opened_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second file that is written until the disk is full, and deleted again, takes the index's last room."""
    path, room = tmp_path / "journal", shutil.disk_usage(tmp_path)
    written = [StateRecord(Partition("items", 0), b"P1", orjson.dumps({"at": at})) for at in range(900)]
    journal = Journal(path, 4, compaction_bytes_min=10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: room._replace(free=10))
    (second := path.with_suffix(".new")).mkdir()  # Any attempt to write there fails, other than for want of room.
    for record in written:
        journal.append([record])
    journal.close()
    again = Journal(path, 4, compaction_bytes_min=10_000)
    assert path.stat().st_size > 10_000 and held(again) == last(written)
    second.rmdir()
    monkeypatch.undo()
    with closing(again):
        again.append(written[-1:])
        assert path.stat().st_size < 1_000 and held(again) == last(written)


def test_a_deleted_rule_is_gone_when_the_journal_is_opened_again_and_when_it_is_compacted(tmp_path: Path) -> None:
    path, partition = tmp_path / "state.journal", Partition("rules", 0)
    kept, gone = (StateRecord(partition, key, b'{"id":1}') for key in (b"kept", b"gone"))
    journal = Journal(path, 4)
    journal.append([kept, gone, gone._replace(value=DELETED)])
    assert held(journal) == last([kept])
    journal.close()
    again = Journal(path, 4)
    assert held(again) == last([kept])
    again.compact()
    assert b"gone" not in path.read_bytes() and held(again) == last([kept])
    again.close()


def test_a_record_that_is_no_json_is_left_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state.journal", 4)
    journal.append([StateRecord(Partition("items", 0), b"a", b"\xff"), StateRecord(Partition("items", 0), b"b", b"1")])
    journal.close()
    assert reopened(tmp_path / "state.journal") == {(Partition("items", 0), b"b"): b"1"}


def test_a_journal_of_other_partitions_is_refused_in_one_line(tmp_path: Path) -> None:
    Journal(tmp_path / "state.journal", 4).close()
    with pytest.raises(Misconfigured, match=r"has 4 partitions and should have 8.*FRESHLINE_PARTITIONS=4"):
        Journal(tmp_path / "state.journal", 8)


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.journal").write_bytes(b'{"freshline":"journal","version":99,"partitions":4}\n')
    with pytest.raises(Misconfigured, match="version 99"):
        Journal(tmp_path / "state.journal", 4)


@pytest.mark.parametrize("line", [b"garbage\n", b'{"topic":"items"}\n', b"\n"])
def test_a_damaged_journal_is_named_with_its_line_and_what_to_do(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "state.journal"
    journal = Journal(path, 4)
    journal.append([StateRecord(Partition("items", 0), b"a", b"{}")])
    journal.close()
    with path.open("ab") as file:
        file.write(line + encode_line(StateRecord(Partition("items", 0), b"b", b"{}")))
    before = path.read_bytes()
    with pytest.raises(Misconfigured, match=r"state\.journal: line 3: not a record.*: move the file away.* import"):
        Journal(path, 4)
    assert path.read_bytes() == before


def test_a_full_disk_leaves_no_half_line_and_is_written_to_once_it_is_free(tmp_path: Path) -> None:
    place, path = Partition("items", 0), tmp_path / "journal"
    first, second = (StateRecord(place, key, orjson.dumps({"title": "cake" * 50})) for key in (b"P1", b"P2"))
    journal = Journal(path, 4)
    journal.append([first])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
    try:
        with pytest.raises(Unavailable, match="free some space"):
            journal.append([second])
        with pytest.raises(Unavailable, match="free some space"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
            journal.compact()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert held(journal) == last([first])
    journal.append([second])
    journal.close()
    assert reopened(path) == last([first, second])
