"""The log of a worker: JSON for machines, readable lines on a terminal."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from typing_extensions import override

from stream.runtime.logs import set_up_logs

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


class FullDisk(io.StringIO):
    @override
    def write(self, _: str) -> int:
        raise OSError("no space left")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Restore the logs of the tests."""
    handlers, level, structure = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**structure)


def written(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_line_is_an_object_with_the_place_of_its_record() -> None:
    set_up_logs(out := io.StringIO())
    structlog.get_logger("stream.x").error("dead letter", product_id='P"1\n', topic="prices", partition=2, offset=17)
    [line] = written(out)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line | {"timestamp": ""} == {
        "timestamp": "", "level": "error", "event": "dead letter", "logger": "stream.x",
        "product_id": 'P"1\n', "topic": "prices", "partition": 2, "offset": 17,
    }  # fmt: skip


def test_lines_of_libraries_have_the_same_form_and_the_chatty_ones_speak_from_warnings_upwards() -> None:
    set_up_logs(out := io.StringIO())
    logging.getLogger("aiokafka.consumer").info("fetched %d", 3)
    logging.getLogger("aiokafka.consumer").warning("lost %s", "node 1")
    [line] = written(out)
    assert (line["level"], line["event"], line["logger"]) == ("warning", "lost node 1", "aiokafka.consumer")


def test_a_traceback_is_one_field_of_one_line() -> None:
    set_up_logs(out := io.StringIO())
    try:
        raise ZeroDivisionError("bug")
    except ZeroDivisionError:
        structlog.get_logger().exception("bug", product_id="P1")
    [line] = written(out)
    assert line["product_id"] == "P1"
    assert line["exception"].startswith("Traceback") and line["exception"].endswith("ZeroDivisionError: bug")


def test_a_terminal_gets_a_line_that_is_no_json_and_has_the_same_fields() -> None:
    set_up_logs(out := Terminal())
    structlog.get_logger("stream.x").warning("index away", product_id="P1")
    assert "index away" in out.getvalue() and "P1" in out.getvalue() and "{" not in out.getvalue()


def test_a_full_disk_loses_the_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(FullDisk())
    structlog.get_logger().error("lost")
    assert "no space left" in capsys.readouterr().err
