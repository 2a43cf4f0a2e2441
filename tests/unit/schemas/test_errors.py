"""The table of errors that people read agrees with the classes that the code reads."""

from __future__ import annotations

import inspect
import re

import pytest

from schemas import errors
from schemas.errors import FreshlineError, InvalidEvent, InvalidFeedLine, Misconfigured

CLASSES = {
    name: found
    for name, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, FreshlineError) and found.__module__ == errors.__name__
}
ROW = re.compile(r"\+- (\w+) +.*?  +(\d+|-) +(\d+)(?: \((\d+)\))?  ")
ROWS = {row[1]: row for row in ROW.finditer(errors.__doc__ or "")}


def test_the_table_has_every_error() -> None:
    assert ROWS.keys() == CLASSES.keys()


@pytest.mark.parametrize("name", CLASSES)
def test_a_row_of_the_table_gives_the_codes_of_its_class(name: str) -> None:
    _, http_status, exit_code, worker_exit_code = ROWS[name].groups()
    error = CLASSES[name]
    assert error.exit_code == int(exit_code)
    assert error.worker_exit_code == int(worker_exit_code or FreshlineError.worker_exit_code)
    expected = FreshlineError.http_status if http_status == "-" else int(http_status)
    assert error.http_status == expected


def test_only_a_worker_that_is_misconfigured_has_an_exit_code_of_its_own() -> None:
    assert {name for name, error in CLASSES.items() if error.worker_exit_code != 1} == {Misconfigured.__name__}


def test_the_reason_for_which_an_event_is_refused_is_one_line() -> None:
    assert str(InvalidEvent("the product 7\r\n8 has none")) == "the product 7 8 has none"
    assert str(InvalidFeedLine(3, "a\u2028b")) == "line 3: a b (nothing was sent)"
