"""The machine on which the figures were measured."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("faust-streaming", "qdrant-edge-py", "sentence-transformers", "torch")
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8")
"""The processor flags that decide how fast a text is embedded."""


def facts() -> dict[str, object]:
    """Describe this machine. Its load before the run shows whether it was busy with other work."""
    return {
        "processor": _of_processor("model name"),
        "cores": os.cpu_count(),
        "flags": [flag for flag in FLAGS if flag in _of_processor("flags").split()],
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _of_processor(field: str) -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "unknown")
