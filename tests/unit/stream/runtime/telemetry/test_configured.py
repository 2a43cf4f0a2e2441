"""The standard variables decide whether a process records traces, and nothing is imported where it does not."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from schemas.errors import Misconfigured
from stream.runtime.telemetry.configured import asks_for_traces, tracing
from stream.runtime.telemetry.interface import SpanKind

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize(
    ("environ", "asking"),
    [
        ({}, None),
        ({"OTEL_SERVICE_NAME": "shop"}, None),
        ({ENDPOINT: "http://collector:4318"}, ENDPOINT),
        ({ENDPOINT: " "}, None),
        ({"OTEL_TRACES_EXPORTER": "console"}, "OTEL_TRACES_EXPORTER"),
        ({"OTEL_TRACES_EXPORTER": "none", ENDPOINT: "http://collector:4318"}, None),
        ({"OTEL_SDK_DISABLED": "true", ENDPOINT: "http://collector:4318"}, None),
        ({"OTEL_SDK_DISABLED": "false", ENDPOINT: "http://collector:4318"}, ENDPOINT),
    ],
)
def test_traces_are_recorded_only_where_there_is_a_place_to_send_them(
    environ: Mapping[str, str], asking: str | None
) -> None:
    assert asks_for_traces(environ) == asking


def test_without_a_variable_that_asks_for_traces_the_sdk_is_not_imported() -> None:
    code = (
        "import sys; from stream.runtime.telemetry.configured import tracing\n"
        "with tracing('test', {}, print) as tracer: assert tracer is None\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_where_the_extra_is_not_installed_a_sentence_says_so_and_the_process_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "stream.runtime.telemetry.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    said: list[str] = []
    with tracing("test", {ENDPOINT: "http://collector:4318"}, said.append) as tracer:
        assert tracer is None
    assert said == [f"{ENDPOINT} is set, but no traces are recorded: pip install 'freshline[otel]'"]


def test_an_exporter_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "jaeger")
    with (
        pytest.raises(Misconfigured, match="OTEL_TRACES_EXPORTER: no exporter 'jaeger'"),
        tracing("test", {"OTEL_TRACES_EXPORTER": "jaeger"}, print),
    ):
        pass


def test_a_collector_that_is_away_does_not_keep_a_process_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    before = set(threading.enumerate())
    with tracing("test", {ENDPOINT: "http://127.0.0.1:9"}, print) as tracer:
        assert tracer is not None
        span = tracer.begin("send prices", SpanKind.PRODUCER, parent=None, at_ms=1, attributes={})
        assert span is not None
        span.end(2)
    for still_exporting in set(threading.enumerate()) - before:
        still_exporting.join()  # It logs that it failed, which is not to be among the lines of a later test.


def test_what_the_sampler_leaves_out_has_no_span(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    with tracing("test", {"OTEL_TRACES_EXPORTER": "console"}, print) as tracer:
        assert tracer is not None
        assert tracer.begin("send prices", SpanKind.PRODUCER, parent=None, at_ms=1, attributes={}) is None
