"""Files of settings are read as people mean them, and a mistake in one is a line."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from schemas.errors import Misconfigured
from schemas.setting_files import parse_setting_file


class File(BaseModel):
    words: list[str] = []
    flags: list[bool] = []
    anything: Any = None


def read(text: str) -> File:
    return parse_setting_file(text, File, "FRESHLINE_X", "x.yaml")


def test_words_that_yaml_once_took_for_truth_values_are_words() -> None:
    assert read("words: [no, on, Off, yes, y, N, NO]").words == ["no", "on", "Off", "yes", "y", "N", "NO"]
    assert read("flags: [true, False, TRUE]").flags == [True, False, True]


@pytest.mark.parametrize("text", ["0012345012345", "0012345678905", "007", "12:30", "1:30.5", "1_000", "0x1F", "0b1"])
def test_what_is_no_decimal_number_is_a_text_as_it_is_written(text: str) -> None:
    """PyYAML takes digits behind a nought for octal ones, if each is below 8, and what has colons for sixtieths."""
    assert read(f"words: [{text}]").words == [text]


def test_decimal_numbers_are_numbers() -> None:
    assert read("anything: [0, 12, -3, +4, 1.50, .5, 1., 1e3, 2.5E-1]").anything == [
        0,
        12,
        -3,
        4,
        1.5,
        0.5,
        1,
        1e3,
        0.25,
    ]


@pytest.mark.parametrize("text", ["[]", "false", "0", "''"])
def test_a_file_that_holds_something_other_than_keys_is_not_an_empty_one(text: str) -> None:
    assert read("# nothing yet") == File()
    with pytest.raises(Misconfigured, match="must be an object with keys"):
        read(text)


@pytest.mark.parametrize("time", ["2026-11-30", "2026-02-30", "2026-11-30T10:00:00Z", "2026-99-99 10:00:00"])
def test_a_time_is_a_text_and_no_day_that_is_none_ends_the_reading(time: str) -> None:
    assert read(f"anything: {time}").anything == time


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("words: [501]", "FRESHLINE_X: x.yaml: words.0: 501 is no text to YAML: put it in quotes"),
        ("words: [true]", "words.0: True is no text to YAML: put it in quotes"),
        ("words: [a]\nwords: [b]", "x.yaml is no YAML: words stands there twice"),
        ("anything: {a: 1, a: 2}", "a stands there twice"),
        ("? [a]\n: b", "x.yaml is no YAML: while constructing a mapping"),
        ("words: [a", "x.yaml is no YAML: "),
        ("words", "FRESHLINE_X: x.yaml: must be an object with keys"),
        ("anything: !!python/object:os.system x", "x.yaml is no YAML: could not determine a constructor"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(text: str, line: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read(text)
    assert line in str(refused.value) and "\n" not in str(refused.value)
