"""The index worker with its API: `python -m stream.index`, configured by FRESHLINE_* variables."""

from __future__ import annotations

from stream.runtime.ports import listen
from stream.runtime.process import exit_now, run
from stream.runtime.settings import read_settings


async def main() -> None:
    """Run the index worker with the settings from the environment."""
    settings = read_settings()
    listening = listen(settings.api_host, settings.api_port)
    # Only now, because it takes seconds: connections wait meanwhile instead of being refused.
    from stream.index.process import run_index_worker

    await run_index_worker(settings, listening)


if __name__ == "__main__":
    exit_now(run(main))
