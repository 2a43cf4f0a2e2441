"""`freshline demo`."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from stream.commands import options


def demo(
    *,
    seconds: Annotated[
        float | None,
        typer.Option(min=0, envvar="DEMO_SECONDS", help="Replay this many seconds, then stop; left out, until Ctrl-C."),
    ] = None,
    rate: Annotated[float, typer.Option(min=0.1, help="Replay this many changes a second.")] = 30.0,
    data_dir: options.DataDir = None,
    api_port: options.ApiPort = None,
    kafka_port: options.KafkaPort = None,
    broker: options.BrokerKind = None,
    json: options.AsJson = False,
) -> None:
    """Start a stack, load a real catalogue, replay real changes and search for them.

    A second start goes on where the first stopped. The summary on stdout is JSON, with --json on one line.
    """
    from workers.clock import SystemClock

    began_s = SystemClock().monotonic_s()  # Before the imports, which take a part of the time to the first answer.
    from contextlib import suppress

    from stream.commands.configured import settings
    from stream.demo.play import Demo
    from stream.demo.script import DemoPosition
    from stream.demo.stack import running_stack
    from stream.runtime.printing import print_json, say

    configured = settings(data_dir=data_dir, api_port=api_port, kafka_port=kafka_port, broker=broker)
    asked_to_stop = _interruptions()
    say("starting the stack ...")
    with suppress(KeyboardInterrupt), running_stack(configured) as stack:
        say(f"search   {stack.api}/   status {stack.api}/status   broker {stack.kafka}   data {configured.data_dir}")
        demo = Demo(stack, DemoPosition.read(configured.data_dir), SystemClock(), began_s, asked_to_stop)
        with suppress(KeyboardInterrupt):
            demo.run(rate, seconds)
        print_json(demo.finish().as_json(), indent=not json)
        say("stopping the stack ...")


def _interruptions() -> threading.Event:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt wherever the demo is, and return an event that they set as well.

    Python drops an exception that is raised while it finalises an object, and such a Ctrl-C would be lost.
    """
    asked = threading.Event()

    def interrupt(*_: object) -> None:
        asked.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    return asked
