"""The items worker: `python -m stream.items`, configured by FRESHLINE_* variables."""

from __future__ import annotations

from stream.items.process import run_items_worker
from stream.runtime.process import exit_now, run
from stream.runtime.settings import read_settings


async def main() -> None:
    """Run the items worker with the settings from the environment."""
    await run_items_worker(read_settings())


if __name__ == "__main__":
    exit_now(run(main))
