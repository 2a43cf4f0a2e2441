"""The compose file starts servers that fit the libraries that are pinned, and on request what watches them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]


def minor_version(pattern: str, file: str) -> tuple[int, int]:
    found = re.search(pattern, (ROOT / file).read_text())
    assert found is not None
    return int(found[1]), int(found[2])


def test_the_qdrant_server_is_of_the_release_of_its_client() -> None:
    """The client warns at every start from two minor versions on; from one on, features are refused or ignored."""
    client = minor_version(r"qdrant-client==(\d+)\.(\d+)", "deploy/constraints.txt")
    server = minor_version(r"qdrant/qdrant:v(\d+)\.(\d+)", "docker-compose.yml")
    assert client == server


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def mounts(service: str) -> dict[str, str]:
    """Return the files of ours that a service sees, by the path at which it sees them."""
    mounted = (volume.split(":") for volume in compose()["services"][service]["volumes"])
    return {inside: ours for ours, inside, *_ in mounted if ours.startswith("./")}


def test_what_watches_is_started_on_request_alone() -> None:
    services = compose()["services"]
    profiles = {name: service.get("profiles", []) for name, service in services.items()}
    assert profiles == {
        "kafka": [], "qdrant": [], "items": [], "index": [], "prometheus": ["monitoring"], "grafana": ["monitoring"],
    }  # fmt: skip
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service.get("ports", []))


def test_every_volume_is_declared_and_every_file_is_there() -> None:
    for name, service in compose()["services"].items():
        for volume in service.get("volumes", []):
            ours = volume.split(":")[0]
            there = (ROOT / ours).exists() if ours.startswith("./") else ours in compose()["volumes"]
            assert there, (name, volume)


def test_prometheus_scrapes_every_index_worker_with_the_rules_that_ship() -> None:
    seen = mounts("prometheus")
    config = yaml.safe_load((ROOT / seen["/etc/prometheus/prometheus.yml"]).read_text())
    [job] = config["scrape_configs"]
    [found] = job["dns_sd_configs"]
    published = compose()["services"]["index"]["ports"][0].rpartition(":")[2]
    assert (found["names"], str(found["port"])) == (["index"], published)
    assert [f"/etc/prometheus/{rules}" for rules in config["rule_files"]] == ["/etc/prometheus/freshline.rules.yml"]
    assert f'up{{job="{job["job_name"]}"}}' in (ROOT / seen["/etc/prometheus/freshline.rules.yml"]).read_text()


def test_grafana_has_the_dashboard_and_the_data_source_that_it_asks() -> None:
    seen = mounts("grafana")
    [source] = yaml.safe_load((ROOT / seen["/etc/grafana/provisioning/datasources/freshline.yml"]).read_text())[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    shown = seen["/var/lib/grafana/dashboards/freshline.json"]
    asked = re.findall(r'"type": "prometheus",\s*"uid": "([^"]+)"', (ROOT / shown).read_text())
    assert set(asked) == {source["uid"]}
    folder = ROOT / seen["/etc/grafana/provisioning/dashboards"] / "freshline.yml"
    [provider] = yaml.safe_load(folder.read_text())["providers"]
    home = compose()["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == "/var/lib/grafana/dashboards/freshline.json" and home.startswith(provider["options"]["path"])
