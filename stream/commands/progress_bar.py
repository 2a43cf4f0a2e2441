"""The progress bar of the commands that take long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn


def progress_bar(*columns: str | ProgressColumn, hidden: bool) -> Progress:
    """Return a bar on stderr that vanishes at its end. It is hidden, too, where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, highlight=False, markup=False)
    return Progress(*columns, console=console, transient=True, disable=hidden or not console.is_terminal)
