"""The items worker: `python -m stream.items`, configured by FRESHLINE_* variables."""

from __future__ import annotations

from stream.runtime.held_start import until_released
from stream.runtime.process import exit_now, run
from stream.runtime.settings import read_settings
from workers import memory


async def main() -> None:
    """Run the items worker with the settings from the environment."""
    settings = read_settings()
    with memory.uncollected():
        from stream.items.process import run_items_worker
    await until_released()
    await run_items_worker(settings)


if __name__ == "__main__":
    exit_now(run(main))
