"""`freshline up`."""

from __future__ import annotations

import typer

from stream.commands import options


def up(
    *,
    data_dir: options.DataDir = None,
    api_port: options.ApiPort = None,
    kafka_port: options.KafkaPort = None,
    broker: options.BrokerKind = None,
    json: options.AsJson = False,
) -> None:
    """Run a whole stack: broker, workers, index, API.

    Until Ctrl-C; what dies below it is started again. With --json one line once it can serve.
    """
    import os

    from stream.commands.configured import settings
    from stream.runtime.printing import say
    from stream.runtime.settings import unknown_settings
    from stream.runtime.sources_file import sources_of
    from stream.up import run_up

    for sentence in unknown_settings(os.environ):
        say(f"freshline: {sentence}")
    configured = settings(data_dir=data_dir, api_port=api_port, kafka_port=kafka_port, broker=broker)
    sources_of(configured)  # A worker that cannot read them would end again and again.
    raise typer.Exit(run_up(configured, as_json=json))
