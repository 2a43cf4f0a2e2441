"""Requests as spans: which of them FastAPI records, and what a search adds to its span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from fastapi.telemetry import TelemetryConfig

    from schemas.answers import SearchAnswer
    from stream.runtime.telemetry.interface import Tracer

TRACED_PATHS = ("/search", "/items/", "/products/", "/explain")
"""The beginnings of the paths whose requests are recorded. Programs ask the others, again and again."""


def http_telemetry(tracer: Tracer | None) -> TelemetryConfig:
    """Return FastAPI's own settings of OpenTelemetry: a span for each request of `TRACED_PATHS`, and nothing else.

    A request with a `traceparent` belongs to that trace. Without a tracer nothing is recorded.
    """
    if tracer is None:
        return {"tracing": False, "metrics": False, "logs": False}
    return {
        "tracer_provider": tracer.provider,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "exclude": _is_quiet,
    }


def _is_quiet(scope: MutableMapping[str, Any]) -> bool:
    return not str(scope.get("path", "")).startswith(TRACED_PATHS)


def note_search(tracer: Tracer | None, answer: SearchAnswer) -> None:
    """Add to the span of this request what its search found, and by what."""
    if tracer is not None:
        tracer.annotate_current(
            {
                "freshline.search.by": answer.by,
                "freshline.search.hits": len(answer.hits),
                "freshline.search.milliseconds": answer.took_ms,
                "freshline.search.fresh": answer.fresh,
            }
        )
