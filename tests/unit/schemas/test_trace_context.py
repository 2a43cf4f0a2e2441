"""Trace contexts in headers: what W3C allows is read, what it forbids is ignored, and nothing ever raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trace_context import STATE_BYTES_MAX, TRACEPARENT, TRACESTATE, TraceContext, sampled_context

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01".encode()


def hexadecimal(digits: int) -> st.SearchStrategy[str]:
    return st.text("0123456789abcdef", min_size=digits, max_size=digits).filter(lambda text: bool(text.strip("0")))


@given(hexadecimal(32), hexadecimal(16), st.sampled_from(["", "vendor=1", "a=b,c=d"]))
def test_a_context_is_read_as_it_was_written(trace_id: str, span_id: str, state: str) -> None:
    context = TraceContext(trace_id, span_id, state)
    assert sampled_context([("other", b"1"), *context.headers]) == context


@given(st.lists(st.tuples(st.sampled_from([TRACEPARENT, TRACESTATE, "x"]), st.none() | st.binary(max_size=80))))
def test_no_header_of_any_producer_raises(headers: list[tuple[str, bytes | None]]) -> None:
    context = sampled_context(headers)
    assert context is None or len(context.trace_id) == 32


@pytest.mark.parametrize(
    "parent",
    [
        b"",
        b"00",
        PARENT[:-1],
        PARENT.upper(),
        PARENT + b"-later",
        b"ff" + PARENT[2:],
        f"00-{'0' * 32}-{SPAN}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
    ],
)
def test_a_malformed_context_is_none(parent: bytes) -> None:
    assert sampled_context([(TRACEPARENT, parent)]) is None


def test_a_trace_that_is_not_recorded_is_none() -> None:
    assert sampled_context([(TRACEPARENT, PARENT[:-2] + b"00")]) is None
    assert sampled_context([(TRACEPARENT, PARENT[:-2] + b"03")]) == TraceContext(TRACE, SPAN)


def test_a_later_version_may_say_more() -> None:
    assert sampled_context([(TRACEPARENT, b"cc" + PARENT[2:] + b"-later")]) == TraceContext(TRACE, SPAN)


def test_of_two_contexts_the_last_one_counts() -> None:
    other = TraceContext("1" * 32, "2" * 16)
    assert sampled_context([(TRACEPARENT, PARENT), *other.headers]) == other


@pytest.mark.parametrize("state", ["ä=1".encode(), b"a" * (STATE_BYTES_MAX + 1)])
def test_a_state_that_no_vendor_may_write_is_left_out(state: bytes) -> None:
    assert sampled_context([(TRACEPARENT, PARENT), (TRACESTATE, state)]) == TraceContext(TRACE, SPAN)
