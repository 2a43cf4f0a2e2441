"""The index worker with its API: `python -m stream.index`, configured by FRESHLINE_* variables."""

from __future__ import annotations

from stream.index.process import run_index_worker
from stream.runtime.process import exit_now, run
from stream.runtime.settings import read_settings


async def main() -> None:
    """Run the index worker with the settings from the environment."""
    await run_index_worker(read_settings())


if __name__ == "__main__":
    exit_now(run(main))
