"""Imports a heavy module at its first use: each process of a test run collects all test modules, and few run them."""

from __future__ import annotations

import importlib
from typing import Any


class Lazily:
    """Stands for a module, which is imported when a name of it is first asked for."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest asks each object of a module that it collects for `_mock_name`.
            raise AttributeError(name)
        return getattr(importlib.import_module(self._module), name)
