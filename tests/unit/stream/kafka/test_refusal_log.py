"""Each refused record has a line with its place and its reason, and a flood of them does not flood the log."""

from __future__ import annotations

from structlog.testing import capture_logs

from schemas.errors import InvalidEvent
from stream.kafka.headers import Origin
from stream.kafka.refusal_log import LINES_MAX, SPAN_S, TEXT_CHARS_MAX, RefusalLog
from tests.support.clocks import ManualClock

REASON = InvalidEvent("price: must be 0 or more")


def at(offset: int) -> Origin:
    return Origin("prices", 2, offset, 0)


def test_a_line_names_product_place_and_reason() -> None:
    with capture_logs() as lines:
        RefusalLog(ManualClock()).refused(at(17), b"P1", REASON)
    assert lines == [
        {"event": "dead letter", "log_level": "warning", "product_id": "P1", "topic": "prices", "partition": 2,
         "offset": 17, "error": "InvalidEvent", "reason": "price: must be 0 or more"},
    ]  # fmt: skip


def test_what_no_producer_is_to_blame_for_is_an_error() -> None:
    with capture_logs() as lines:
        RefusalLog(ManualClock()).refused(at(17), None, ZeroDivisionError("a bug"))
    assert [(each["log_level"], each["product_id"]) for each in lines] == [("error", None)]


def test_a_flood_is_counted_and_the_first_line_after_it_says_how_many_were_left_out() -> None:
    clock, flood = ManualClock(), 10_000
    refusals = RefusalLog(clock)
    with capture_logs() as lines:
        for offset in range(flood):
            refusals.refused(at(offset), b"P1", REASON)
        assert len(lines) == LINES_MAX
        refusals.bug(at(flood), b"P1", ZeroDivisionError("a bug"))
        assert lines[-1]["event"] == "bug", "a flood of refusals hides no bug"
        clock.sleep(SPAN_S)
        for offset in (1, 2):
            refusals.refused(at(flood + offset), b"P1", REASON)
    assert [each.get("left_out") for each in lines[-2:]] == [flood - LINES_MAX, None]


def test_a_long_key_and_a_long_reason_are_cut() -> None:
    with capture_logs() as lines:
        RefusalLog(ManualClock()).refused(at(17), "é".encode() * 1_000_000, InvalidEvent("x" * 1_000_000))
    assert len(lines[0]["product_id"]) == len(lines[0]["reason"]) == TEXT_CHARS_MAX
