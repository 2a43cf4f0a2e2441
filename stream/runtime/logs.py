"""The log of a worker: an object of JSON in each line, or a readable line where a person watches."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog
from structlog.stdlib import ProcessorFormatter

if TYPE_CHECKING:
    from typing import TextIO

    from structlog.typing import EventDict, Processor, WrappedLogger

CHATTY = ("aiokafka", "faust", "mode", "kafka", "httpx", "uvicorn", "stream.agents.transport", "stream.agents.app")
"""Loggers that write from warnings upwards."""
FIRST_FIELDS = ("timestamp", "level", "event")


def set_up_logs(out: TextIO | None = None) -> None:
    """Write the log lines of this process and its libraries to `out`, by default stderr.

    Each line is an object of JSON with `timestamp`, `level`, `event` and `logger`, and with `product_id`, `topic`,
    `partition` and `offset` where the line is about one. Where `out` is a terminal, the lines are for a person.
    A full disk may lose a line, but never ends the process: handlers of `logging` see to that.
    """
    out = out or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(readable=out.isatty()))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_added_fields(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _formatter(*, readable: bool) -> ProcessorFormatter:
    shown: list[Processor] = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    if not readable:
        shown = [structlog.processors.format_exc_info, _in_order, structlog.processors.JSONRenderer()]
    return ProcessorFormatter(
        foreign_pre_chain=_added_fields(), processors=[ProcessorFormatter.remove_processors_meta, *shown]
    )


def _added_fields() -> list[Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _in_order(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    return {**{name: fields[name] for name in FIRST_FIELDS}, **fields}
