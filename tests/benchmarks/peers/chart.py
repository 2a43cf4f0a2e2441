"""Draws freshness p99 and search p95 against the offered rate, from the JSON of `make bench-peers`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import orjson

PANELS = (("fresh_p99_ms", "price visible, p99 in ms"), ("search_p95_ms", "search, p95 in ms"))


def main() -> None:
    """Read JSON from stdin, and write the picture to the path that is the first argument."""
    results: dict[str, Any] = orjson.loads(sys.stdin.buffer.read())["results"]
    plt.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "peers"}  # Text stays text, and the same figures one file.
    figure, panels = plt.subplots(1, len(PANELS), figsize=(11, 4.5), layout="constrained")
    for panel, (name, label) in zip(panels, PANELS, strict=True):
        for contestant, result in results.items():
            rates = [rate for rate in result.get("rates", []) if not rate["wrong"]]
            at = [rate["offered_per_second"] for rate in rates]
            panel.plot(at, [rate[name] for rate in rates], marker="o", label=contestant)
        panel.set(xscale="log", yscale="log", xlabel="events offered a second", ylabel=label)
        panel.grid(visible=True, alpha=0.3)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize="small")
    figure.savefig(Path(sys.argv[1]), metadata={"Date": None})


if __name__ == "__main__":
    main()
