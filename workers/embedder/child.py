"""The start and the end that all processes of a model have in common."""

from __future__ import annotations

import logging
import os
import sys
import threading


def end_with_caller() -> None:
    """End this process once its standard input does, and thus with the process that started it."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def quiet_libraries() -> None:
    """Keep the progress bars and the advice for developers of libraries out of the log of the worker."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    # Tracing reads every attribute of a model, also the deprecated ones.
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)


def _wait_for_the_end() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(0)
