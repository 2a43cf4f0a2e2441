"""A Prometheus of Debian's package, with the shipped rules in a hurry: their windows are a thirtieth as long."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import yaml

from stream.runtime.ports import free_port
from tests.support.waiting import STILL_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
DASHBOARD = MONITORING / "grafana" / "freshline.json"
RULES = MONITORING / "freshline.rules.yml"
PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
MISSING = "there is no Prometheus: apt-get install prometheus"
HURRY = 30
SHORTEST_S = 4
"""The least window, in seconds: a rate needs several samples."""
INTERVAL = "500ms"
_UNITS_S = {"s": 1, "m": 60, "h": 3_600}
_WINDOW = re.compile(r"\[(\d+)([smh])\]")


def hurried(rules: str) -> str:
    """Return the rules with each window and each `for` a thirtieth as long, and with nothing else changed."""
    loaded: dict[str, Any] = yaml.safe_load(rules)
    for rule in (rule for group in loaded["groups"] for rule in group["rules"]):
        rule["expr"] = _WINDOW.sub(lambda found: f"[{_shorter(*found.groups())}]", rule["expr"])
        if "for" in rule:
            rule["for"] = _shorter(*re.fullmatch(r"(\d+)([smh])", rule["for"]).groups())  # type: ignore[union-attr]
    return str(yaml.safe_dump(loaded, sort_keys=False))


def _shorter(number: str, unit: str) -> str:
    return f"{max(SHORTEST_S, int(number) * _UNITS_S[unit] // HURRY)}s"


class Prometheus:
    """A running Prometheus."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._process, self._log = process, log
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=STILL_S, trust_env=False)

    def ask(self, path: str, **parameters: Any) -> Any:
        """Return the data of an answer of the API."""
        return self._http.get(path, params=parameters).raise_for_status().json()["data"]

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire now."""
        return {each["labels"]["alertname"] for each in self.ask("/alerts")["alerts"] if each["state"] == "firing"}

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for the condition while Prometheus runs."""

        def holds() -> bool:
            try:
                return condition()
            except httpx.HTTPError:
                return False

        wait_until(holds, what, process=self._process, said=self._log.read_text, every_s=0.2)

    def close(self) -> None:
        self._http.close()


@contextmanager
def running_prometheus(folder: Path, api: str) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes this API and evaluates the hurried rules; it is stopped at the end of the block."""
    assert PROMETHEUS is not None, MISSING
    port, log = free_port(), folder / "prometheus.log"
    (folder / RULES.name).write_text(hurried(RULES.read_text(encoding="utf-8")), encoding="utf-8")
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL}
    config["scrape_configs"][0]["static_configs"] = [{"targets": [api.removeprefix("http://")]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [
        PROMETHEUS,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        prometheus = Prometheus(process, port, log)
        prometheus.until(lambda: bool(prometheus.ask("/targets")["activeTargets"]), "Prometheus answers")
        yield prometheus
        prometheus.close()
    finally:
        process.terminate()
        process.wait()
