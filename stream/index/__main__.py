"""The index worker with its API: `python -m stream.index`, configured by FRESHLINE_* variables."""

from __future__ import annotations

import asyncio
from importlib import import_module

from stream.runtime.held_start import until_released
from stream.runtime.ports import listen
from stream.runtime.process import exit_now, run
from stream.runtime.settings import read_settings
from workers import memory


async def main() -> None:
    """Run the index worker with the settings from the environment."""
    settings = read_settings()
    listening = listen(settings.api_host, settings.api_port)
    from stream.api.not_serving import not_serving

    async with not_serving(listening) as answers:
        # In a thread, because it takes seconds in which requests are to be answered.
        with memory.uncollected():
            process = await asyncio.to_thread(import_module, "stream.index.process")
        await until_released()
        await process.run_index_worker(settings, answers)


if __name__ == "__main__":
    exit_now(run(main))
