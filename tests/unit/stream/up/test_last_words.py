"""`up` says with which error a process ended, not how a line of its log begins."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
import structlog

from stream.up.last_words import last_words

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("the broker is silent"),
        ExceptionGroup("all parts", [ExceptionGroup("one", [TimeoutError("the broker is silent")])]),
    ],
)
def test_of_a_line_with_a_traceback_the_error_is_said_however_long_the_line_is(
    error: Exception, tmp_path: Path
) -> None:
    line = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(line),
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
    )
    log.error("failed", before="x" * 9_000, exc_info=error)
    (output := tmp_path / "items.log").write_text(f"started\n{line.getvalue()}\n")
    assert last_words(output) == "TimeoutError: the broker is silent"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", ""),
        ("a\n\n  there is no broker: start one \n\n", "there is no broker: start one"),
        ('{"event": "starting"}\n', '{"event": "starting"}'),
        ('{"event": "failed", "exception": ""}\n', '{"event": "failed", "exception": ""}'),
        ("[1]\n", "[1]"),
        ("\xff\n", "\xff"),
    ],
)
def test_any_other_end_is_said_as_it_is(written: str, said: str, tmp_path: Path) -> None:
    (output := tmp_path / "items.log").write_text(written)
    assert last_words(output) == said


def test_of_a_traceback_of_java_the_cause_is_said_and_not_its_frames(tmp_path: Path) -> None:
    (output := tmp_path / "broker.log").write_text(
        "Exception in thread main java.lang.RuntimeException: cannot write\n"
        "\tat kafka.tools.StorageTool.main(StorageTool.scala)\n"
        "Caused by: java.io.IOException: No space left on device\n"
        "\tat java.base/sun.nio.ch.FileDispatcherImpl.write0(Native Method)\n"
        "\t... 8 more\n"
    )
    assert last_words(output) == "Caused by: java.io.IOException: No space left on device"
