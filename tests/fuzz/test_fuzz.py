"""The short form of the fuzz: no record raises outside the dead letters, breaks the join, or breaks another item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.answers import SLOW, check_answers, check_path
from tests.fuzz.files import FRAME, ROW, SOUND, check_file, check_framed, files, framed
from tests.fuzz.records import records
from tests.support.examples import examples

if TYPE_CHECKING:
    from tests.fuzz.records import Raw


@given(st.lists(records, max_size=6))
@settings(SLOW, max_examples=examples(300))
def test_no_record_raises_or_breaks_the_join_anywhere_on_its_path(raws: list[Raw]) -> None:
    check_path(raws)


@given(st.lists(records, min_size=2, max_size=8))
@settings(SLOW, max_examples=examples(40))
def test_no_item_breaks_the_answer_for_another(raws: list[Raw]) -> None:
    check_answers(raws)


@given(files)
@settings(SLOW, max_examples=examples(100))
def test_no_file_raises_but_a_refusal(file: tuple[bytes, str]) -> None:
    check_file(file)


@given(framed)
@settings(SLOW, max_examples=examples(60))
def test_no_framed_record_raises_but_a_refusal(value: bytes) -> None:
    check_framed(value)


def test_sound_files_and_records_are_read() -> None:
    """The fuzz begins with what can be read, or it tries refusals alone."""
    assert all(check_file(sound) for sound in SOUND)
    assert check_framed(FRAME + ROW)
