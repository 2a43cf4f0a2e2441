"""The README names everything that a user can type, set or scrape."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main
from prometheus_client import CollectorRegistry

from stream.api.app import create_app
from stream.commands.app import app
from stream.runtime.metrics import IndexMetrics, ItemsMetrics
from stream.runtime.settings import Settings
from tests.support.standing_in import StandIn

README = (Path(__file__).parents[4] / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
FLAGS_OF_THE_API_TOO = "`GET /search`"


def metrics() -> list[str]:
    registry = CollectorRegistry()
    ItemsMetrics(registry)
    IndexMetrics(registry)
    return sorted(metric.name for metric in registry.collect())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"`freshline {name}" in README


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_in_the_readme(name: str) -> None:
    for parameter in COMMANDS[name].params:
        spoken = [flag for flag in parameter.opts if flag.startswith("--")]
        named = [flag in README or f"`{flag[2:].replace('-', '_')}`" in README for flag in spoken]
        assert all(named) or f"FRESHLINE_{parameter.name}".upper() in README, f"{name} {spoken}"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_can_answer_in_json(name: str) -> None:
    assert any("--json" in parameter.opts for parameter in COMMANDS[name].params)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"`FRESHLINE_{name.upper()}`" in README


@pytest.mark.parametrize("name", metrics())
def test_every_metric_is_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README


def test_the_readme_names_no_metric_that_is_not_there() -> None:
    assert set(re.findall(r"`(freshline_[a-z_]+)`", README)) == set(metrics())


def test_every_route_is_in_the_readme() -> None:
    paths = {
        path.replace("{product_id:path}", "{product_id}") for path in create_app(StandIn().services).openapi()["paths"]
    }
    assert not [path for path in paths if f"`GET {path}`" not in README and f"`POST {path}`" not in README]
