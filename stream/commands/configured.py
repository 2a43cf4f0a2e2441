"""The settings of one run of a command, and the addresses of the stack that it talks to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import Misconfigured
from stream.commands.current_run import bounds, close_at_end
from stream.runtime.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.client import Client
    from stream.kafka.cluster import Cluster
    from stream.kafka.send_spans import SendSpans
    from stream.runtime.settings import Settings
    from stream.runtime.stacks import Stack
    from workers.sources.file_events import FileFormat


def settings(**flags: object) -> Settings:
    """Return the settings: a flag that was given, else FRESHLINE_*, else the default. Raises Misconfigured."""
    return read_settings(**{name: value for name, value in flags.items() if value is not None})


def client(api: str | None, *, kafka: str | None = None, sends: bool = False, changes: bool = False) -> Client:
    """Return a client of the stack that `--api` or FRESHLINE_API names, else of the stack of this directory.

    `sends`: whether the command sends to the brokers that `kafka` or FRESHLINE_KAFKA names: they must be those of the
    stack. `changes`: whether it changes the stack itself, which it then says. The client is closed when the command
    ends. Raises Misconfigured.
    """
    from stream.client import Client

    ours = settings(api=api, kafka=kafka)
    address = ours.api
    if address is None:
        stack = _found("api")
        if sends and ours.kafka is not None:
            _check_same(ours.kafka, stack.kafka, stack)
        if changes:
            _name_stack(stack)
        address = stack.api
    return close_at_end(Client(address, answer_seconds_max=bounds().answer_seconds_max))


def parameters(given: Mapping[str, Any], **other_names: str) -> dict[str, Any]:
    """Return the parameters of a request: the flags that were given, by the names that the API has for them."""
    return {other_names.get(name, name): value for name, value in given.items() if value is not None}


def brokers(kafka: str | None, *, api: str | None = None) -> Cluster:
    """Return the brokers that `--kafka` or FRESHLINE_KAFKA names, else that of the stack of this directory.

    `api`: the API that the command waits at, if it names it. Raises Misconfigured, also where an API is named and the
    stack of this directory is another: what is written would go to a stack that nobody named.
    """
    from stream.kafka.cluster import cluster_of

    return cluster_of(with_brokers(kafka, api=api))


def with_brokers(kafka: str | None, *, api: str | None = None) -> Settings:
    """Return the settings with the brokers that `brokers` finds. Raises Misconfigured."""
    ours = settings(kafka=kafka, api=api)
    if ours.kafka is not None:
        return ours
    stack = _found("kafka")
    if ours.api is not None:
        _check_same(ours.api, stack.api, stack)
    _name_stack(stack)
    return settings(kafka=stack.kafka, api=api)


def send_spans() -> SendSpans | None:
    """Return the recorder of spans for the records that this command sends; None where no traces are asked for.

    The spans are exported when the command ends. Raises Misconfigured.
    """
    from stream.kafka.send_spans import SendSpans
    from stream.runtime.printing import say
    from stream.runtime.telemetry.configured import tracing
    from workers.clock import SystemClock

    tracer = close_at_end(tracing("freshline", os.environ, say))
    return None if tracer is None else SendSpans(tracer, SystemClock())


def file_format(topic: str, name: str) -> FileFormat:
    """Return the format of a file for this topic, as FRESHLINE_SOURCES configures it. Raises Misconfigured."""
    from stream.runtime.sources_file import configured_sources
    from workers.sources.file_events import FileFormat
    from workers.sources.formats import WITH_PRICES, Source

    ours = settings()
    named = [each for each in configured_sources(ours).sources if name in (each.format, each.envelope)]
    # The products of a platform have their prices in them, and are configured for the topic of products alone.
    found = [each for each in named if each.topic == topic] or [each for each in named if each.format in WITH_PRICES]
    given = {"envelope": "cloudevents"} if name == "cloudevents" else {"format": name}
    source = found[0] if found and name != "freshline" else Source.model_validate({"topic": topic, **given})
    return FileFormat(source, ours.shop_currency)


def _found(part: str) -> Stack:
    from stream.runtime.stacks import find_stack

    stack = find_stack(settings().data_dir, Path.cwd())
    if stack is None:
        raise Misconfigured(
            f"no running stack is known: start one with `freshline up`, or name one with --{part} "
            f"or FRESHLINE_{part.upper()}"
        )
    return stack


def _check_same(named: str, known: str, stack: Stack) -> None:
    """Raise Misconfigured if a named address is none of the stack's."""
    if _addresses(named).isdisjoint(_addresses(known)):
        raise Misconfigured(
            f"{named} is not of the stack {stack.in_words}: name both, with --kafka or FRESHLINE_KAFKA, and --api or "
            "FRESHLINE_API"
        )


def _addresses(named: str) -> set[str]:
    """Return the hosts and ports of a URL, or of a list of brokers."""
    parts = (each.strip().rpartition("//")[2].rstrip("/").lower() for each in named.split(","))
    return {part.replace("localhost:", "127.0.0.1:") for part in parts}


def _name_stack(stack: Stack) -> None:
    """Say which stack it is, unless it is the one of this directory."""
    from stream.runtime.printing import say

    if Path.cwd() not in (stack.data_dir, *stack.data_dir.parents):
        say(f"the stack is {stack.in_words}")
