"""The trace context of a record or request, as W3C Trace Context Level 1 writes it: `traceparent` and `tracestate`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
"""The names of the headers."""
STATE_BYTES_MAX = 512
"""A longer `tracestate` is left out: the standard asks for so many bytes at least."""
_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1


class TraceContext(NamedTuple):
    """A span of a trace that is recorded, to which further spans may belong."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    state: str = ""
    """The additions of vendors (`tracestate`); empty if there are none."""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers of a record that belongs to this trace."""
        parent = f"00-{self.trace_id}-{self.span_id}-01".encode()
        return [(TRACEPARENT, parent), *([(TRACESTATE, self.state.encode())] if self.state else [])]


def sampled_context(headers: Iterable[tuple[str, bytes | None]]) -> TraceContext | None:
    """Return the trace context in the headers of a record.

    Return None if there is none, if it is malformed, or if its trace is not recorded. Of headers with one name the last
    one counts, as for every Kafka client.
    """
    parent = state = None
    for name, value in headers:
        if name == TRACEPARENT:
            parent = value
        elif name == TRACESTATE:
            state = value
    return None if parent is None else _context(parent, state or b"")


def _context(parent: bytes, state: bytes) -> TraceContext | None:
    found = _PARENT.fullmatch(parent)
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    malformed = version == b"ff" or (version == b"00" and rest) or not trace_id.strip(b"0") or not span_id.strip(b"0")
    if malformed or not int(flags, 16) & _SAMPLED:
        return None
    return TraceContext(trace_id.decode(), span_id.decode(), _state(state))


def _state(state: bytes) -> str:
    kept = state if len(state) <= STATE_BYTES_MAX and state.isascii() else b""
    return kept.decode()
