"""`freshline export` and `import` where the file is wrong: one line, nothing asked of a broker, nothing lost."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Unavailable
from schemas.items import NO_REVIEWS, Change, ItemRecord
from schemas.state_codec import encode_item, encode_review, review_key
from stream.commands.current_run import CommandBounds
from stream.commands.files import written
from stream.kafka.partitions import Partition
from stream.state_files.records import StateRecord, normalised_record
from tests.support.events_strategy import ITEM, NOW_MS, item_events, review_events
from tests.support.folding import folded
from tests.support.running_commands import freshline
from workers.state import reviews

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "--kafka=127.0.0.1:9"
HEADER = b'{"freshline":"export","version":2,"partitions":4}\n'
REVIEW = {"f": [3, 1_000, "x"], "s": {"rating": 450}}
STATE: dict[str, Any] = {
    "w": "a worker",
    "id": "P1",
    "p": {"f": [-1, 1_000, "x"], "l": 1_000, "s": {"title/und": "Lamp"}},
    "du": -1,
    "v": -1,
    "o": {"shop": {"f": [-1, 1_000, "x"], "s": {"p": 9.5, "c": "EUR"}}},
    "pl": 1_000,
    "r": [1, 450, [0, 0, 0, 0, 1], 1_000],
    "c": {},
}


def line(value: object, key: str = "P1", topic: str = "items") -> bytes:
    return orjson.dumps({"topic": topic, "partition": 0, "key": key, "value": value}) + b"\n"


def review(value: object = REVIEW, key: str = "P1\0R1") -> bytes:
    return line(value, key, "review-states")


def end(items: int, reviews: int) -> bytes:
    return b'{"freshline":"end of export","items":%d,"reviews":%d}\n' % (items, reviews)


def offer(**facts: object) -> bytes:
    return line(STATE | {"o": {"shop": {"f": [-1, 1_000, "x"], "s": facts}}})


WHOLE = HEADER + line(STATE) + review() + end(1, 1)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "the file is empty"),
        (b'{"product_id": "P1"}\n' + WHOLE, "line 1: no export of Freshline"),
        (b'{"freshline":"export","version":7,"partitions":4}', "line 1: export of version 7"),
        (b'{"freshline":"export","version":2}', "line 1: export without its number of partitions"),
        (HEADER, "line 1 is the last, and does not say so: the export was cut off"),
        (HEADER + line(STATE), "line 2 is the last, and does not say so"),
        (HEADER + line(STATE)[:-9], "line 2: not a record of an item's state: "),
        (HEADER + b"{}\n", "line 2: not a record of an item's state: it has no 'topic'"),
        (HEADER + line(STATE) + end(2, 0), "line 3: there should be 2 items and 0 reviews before it, and there are 1 "),
        (HEADER + b'{"freshline":"end of export","items":0}', "line 2: not the last line of an export: 'reviews'"),
        (WHOLE + line(STATE), "line 5: stands behind the last line"),
        (WHOLE + b"\n", "line 5: stands behind the last line"),
        (HEADER + b"[" * 2_000_000, "line 2: takes more than 1048576 bytes"),
        (HEADER + line(STATE, "P2"), "line 2: a record of the item 'P1' under the key 'P2': make them equal"),
        (HEADER + line({"a": 1}), "line 2: no item record of Freshline: Object missing required field `w`"),
        (HEADER + line(STATE | {"du": "never"}), "line 2: no item record of Freshline: Expected `int`, got `str`"),
        (HEADER + line(STATE | {"r": [1, 900, [0, 0, 0, 0, 1], 0]}), "line 2: the summary of the reviews cannot be "),
        (HEADER + line(STATE | {"p": {"f": ["1", 0, "x"]}}), "line 2: a stamp of the product cannot be "),
        (HEADER + line(STATE | {"p": {"d": [1, 0, "x"], "l": 1.5}}), "line 2: a time of the product cannot be '1.5'"),
        (HEADER + line(STATE | {"id": " "}, " "), "line 2: the product_id is empty"),
        (HEADER + offer(p=-1), "line 2: price of the offer of 'shop' cannot be '-1'"),
        (HEADER + offer(c=["EUR"]), "line 2: currency of the offer of 'shop' cannot be "),
        (HEADER + offer(colour="red"), "line 2: colour of the offer of 'shop' cannot be 'red'"),
        (HEADER + review(key="P1"), "line 2: the review_id is empty"),
        (HEADER + review(key="\0R1"), "line 2: the product_id is empty"),
        (HEADER + review(key="P1\0R1\0"), "line 2: the review_id contains the character NUL"),
        (HEADER + review([1]), "line 2: no review record of Freshline"),
        (HEADER + review(STATE), "line 2: it says nothing of a review"),
        (HEADER + review(REVIEW | {"s": {"rating": 99}}), "line 2: rating of the review cannot be '99'"),
        (HEADER + review(REVIEW | {"s": {"rating": 501}}), "line 2: rating of the review cannot be '501'"),
    ],
)
def test_a_file_that_is_no_whole_export_is_refused_with_its_line(file: bytes, message: str) -> None:
    done = freshline("import", "-", NOBODY, stdin=file)
    assert done.code == 1 and done.out == ""
    assert done.err.startswith(f"freshline: {message}") and done.err.endswith(" (nothing was sent)\n")
    assert done.err.count("\n") == 1


def test_what_comes_through_a_pipe_is_checked_too() -> None:
    for file, message in ((WHOLE[:-5], "not the last line of an export"), (WHOLE, "no broker answers at 127.0.0.1:9")):
        out_of, into = os.pipe()
        with os.fdopen(into, "wb") as pipe:
            pipe.write(file)
        done = freshline("import", f"/dev/fd/{out_of}", NOBODY, bounds=CommandBounds(connect_seconds_max=0.1))
        os.close(out_of)
        assert done.code == 1 and message in done.err and done.err.count("\n") == 1


@given(st.lists(item_events, max_size=10), st.lists(review_events, min_size=1, max_size=5))
def test_whatever_events_lead_to_can_be_published_again(events: list[Any], of_review: list[Any]) -> None:
    place, state = Partition("items", 0), folded(events)
    records = [
        StateRecord(place, ITEM.encode(), encode_item(ItemRecord("a worker", state, NO_REVIEWS, changes)))
        for changes in ({"price": Change(1_000, 3)}, {})
    ]
    assert [normalised_record(record, NOW_MS) for record in records] == [records[1]] * 2
    joined = reviews.delta(of_review[0])
    for event in of_review[1:]:
        joined = reviews.join(joined, reviews.delta(event))
    key = review_key(ITEM, of_review[0].part)
    record = StateRecord(Partition("review-states", 0), key, encode_review(joined))
    assert normalised_record(record, NOW_MS) == record


def test_times_that_a_wrong_clock_put_far_ahead_are_not_carried_on() -> None:
    ahead_ms = NOW_MS + 400 * 86_400_000
    deleted = StateRecord(Partition("items", 0), b"P1", orjson.dumps(STATE | {"du": ahead_ms, "v": ahead_ms}))
    past = orjson.loads(normalised_record(deleted, NOW_MS).value)
    assert (past["du"], past["v"], past["p"]) == (NOW_MS, NOW_MS, STATE["p"])
    review = StateRecord(Partition("review-states", 0), b"P1\0R1", orjson.dumps({"f": [3, ahead_ms, "x"]}))
    assert orjson.loads(normalised_record(review, NOW_MS).value) == {"f": [3, NOW_MS, "x"]}


def test_an_export_with_no_broker_is_one_line_and_keeps_the_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(WHOLE)
    done = freshline("export", str(tmp_path / "kept"), NOBODY, bounds=CommandBounds(connect_seconds_max=0.1))
    assert done.code == 1 and done.err.startswith("freshline: no broker answers at 127.0.0.1:9")
    assert done.err.count("\n") == 1
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("kept", WHOLE)]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("none/such.jsonl", "cannot write none/such.jsonl: No such file or directory"),
        (".", "cannot write .: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(
    file: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert freshline("export", file, NOBODY) == (1, "", f"freshline: {message}\n")


def test_a_full_disk_leaves_the_file_that_is_there_and_no_other(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(b"before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
    try:
        with pytest.raises(Unavailable, match=f"cannot write {kept}: File too large"), written(str(kept)) as write:
            write(b"cake" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("kept", b"before")]


def test_a_file_is_replaced_with_its_permissions_and_through_its_links(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept", tmp_path / "link"
    kept.write_bytes(b"before")
    kept.chmod(0o600)
    link.symlink_to(kept)
    with written(str(link)) as write:
        write(b"after")
        assert kept.read_bytes() == b"before"
    assert kept.read_bytes() == b"after" and kept.stat().st_mode & 0o777 == 0o600 and link.is_symlink()


def test_a_device_stays_one() -> None:
    with written("/dev/null") as write:
        write(b"cake")
    with pytest.raises(Unavailable, match="cannot write /dev/full: No space left"), written("/dev/full") as write:
        write(b"cake")
