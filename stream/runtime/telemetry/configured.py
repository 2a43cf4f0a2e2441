"""Decides by the standard OTEL_* variables whether a process records spans, and opens its tracer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stream.runtime.telemetry.interface import Tracer

ASKS_FOR_TRACES = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Each of these variables asks for traces. With none of them there is no collector to send spans to."""
NOT_INSTALLED = "{} is set, but no traces are recorded: pip install 'freshline[otel]'"


def asks_for_traces(environ: Mapping[str, str]) -> str | None:
    """Return the variable of this environment that asks for traces; None if none does or one forbids them."""
    is_off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_off or environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return None
    return next((name for name in ASKS_FOR_TRACES if environ.get(name, "").strip()), None)


@contextmanager
def tracing(service: str, environ: Mapping[str, str], tell: Callable[[str], None]) -> Iterator[Tracer | None]:
    """Yield the tracer of this process, and export what is left at the end; None where no traces are asked for.

    `tell` is called with a sentence where they are asked for and the extra `otel` is not installed.
    Raises Misconfigured.
    """
    tracer = _opened(service, environ, tell)
    try:
        yield tracer
    finally:
        if tracer is not None:
            tracer.close()


def _opened(service: str, environ: Mapping[str, str], tell: Callable[[str], None]) -> Tracer | None:
    asking = asks_for_traces(environ)
    if asking is None:
        return None
    try:
        from stream.runtime.telemetry.otel import configured_tracer
    except ModuleNotFoundError:
        tell(NOT_INSTALLED.format(asking))
        return None
    return configured_tracer(service)
