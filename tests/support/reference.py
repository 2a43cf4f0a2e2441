"""The reference pages, from the commands, routes, settings and metrics. `make docs` writes them into docs/reference.

`tests/unit/docs/test_reference.py` compares whole pages, so a flag, route, setting or metric that is missing or stale
fails.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main
from prometheus_client import CollectorRegistry
from pydantic_core import PydanticUndefined

from stream.api.app import create_app
from stream.commands.app import app
from stream.runtime.metrics import IndexMetrics, ItemsMetrics
from stream.runtime.settings import PREFIX, Settings
from tests.support.markdown import table
from tests.support.reference_points import point_lines
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
GENERATED = "<!-- Written by `make docs`; do not edit. -->"
OF_ERRORS = {"default": "any error"}
"""The words for the status of OpenAPI that stands for all others."""
HTTP_INTRODUCTION = """\
All parameters belong in the URL, also those of a `POST`; a body is refused, except the JSON of
`POST /dead-letters/resend`, `POST /recommend` and `POST /watch`.
An unknown parameter is an error that names it. Errors are `{"error": {"field", "message"}}`: 403 (a page of another
origin asks for a change in a browser), 404, 409 (one is running;
there is nothing to go back to), 422 (the field is named), 503 with `Retry-After`. A running stack describes its routes
at `/openapi.json`.

To read your own write, pass on the token of your event: `after=prices:3:4711` answers once that event is searchable (or
in the dead letters), or after `wait_ms` with `"fresh": false`. Events that change nothing count as done: a token never
hangs. `produce` and `GET /progress` give tokens with the id of the log, `prices:3:4711@LOG`: after the embedded broker
was lost, or topics were recreated, such a token is refused (422) instead of meaning another event."""
SETTINGS_INTRODUCTION = """\
A flag goes before the environment, the environment before the default. Settings of the work (partitions, model,
languages, currency) count where the workers start, not where a command asks them. An empty variable is not set.
`KAFKA_HOME` is the folder of an unpacked Apache Kafka, for `--broker kafka` and for the tests."""
METRICS_INTRODUCTION = """\
An index worker answers them at `GET /metrics`, in OpenMetrics for a client that accepts it and else in the text format
of Prometheus. Counters of the items workers are there too, with the labels `worker` and `what` (the topic, topic/error
or topic/reason), since one API shows all of them. With `FRESHLINE_METRICS_PORT` an items worker serves its own. Where
several index workers are scraped, or an items worker as well, each count is there several times: take
`max by (worker, what)` of `{worker!=""}` before you sum, as `deploy/monitoring` does."""


def commands() -> str:
    """Return the page of the command line, from typer."""
    root: Any = typer.main.get_command(app)
    return _page("Commands", _command_lines(root))


def _command_lines(root: Any) -> Iterator[str]:
    yield from (root.help, "", root.epilog, "", "Data goes to stdout, all else to stderr; `--json` is everywhere.", "")
    yield from table(
        ("command", ""), [(f"[`{name}`](#{name})", _first(each.help)) for name, each in root.commands.items()]
    )
    for name, command in root.commands.items():
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        named = [_argument(each) for each in arguments]
        yield from ("", f"## {name}", "", "`" + " ".join(["freshline", name, *named, "[OPTIONS]"]) + "`", "")
        yield from ((command.help or "").strip(), "")
        rows = [(f"`{metavar}`", each.help or "") for each, metavar in zip(arguments, named, strict=True)]
        yield from table(("", ""), rows + [_option(each) for each in command.params if each not in arguments])


def _argument(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> tuple[str, str]:
    kind = "" if option.is_flag else f" {_kind(option)}"
    flags = ", ".join(option.opts)
    default = option.default if not callable(option.default) else None
    shown = f" Default: {getattr(default, 'value', default)}." if default not in (None, False, "") else ""
    return f"`{flags}{kind}`", (option.help or "") + shown


def _kind(option: Any) -> str:
    given = option.type_descriptor.annotation
    if isinstance(given, type) and issubclass(given, Enum):
        return "|".join(str(choice.value) for choice in given)
    return str(option.metavar or given.__name__.upper())


def http() -> str:
    """Return the page of the HTTP API, from the OpenAPI description that FastAPI makes."""
    return _page("HTTP API", _route_lines(create_app(StandIn().services).openapi()))


def _route_lines(api: dict[str, Any]) -> Iterator[str]:
    yield HTTP_INTRODUCTION
    for path, methods in api["paths"].items():
        for method, route in methods.items():
            yield from ("", f"## {method.upper()} {path}", "")
            if route.get("description"):
                yield from (" ".join(route["description"].split()), "")
            parameters = route.get("parameters", [])
            if parameters:
                yield from table(("parameter", "", "default", ""), [_parameter(each) for each in parameters])
                yield ""
            answers = [(OF_ERRORS.get(status, status), answer) for status, answer in sorted(route["responses"].items())]
            yield "Answers: " + ", ".join(f"{status}{_model(answer)}" for status, answer in answers) + "."
    for name, schema in sorted(api["components"]["schemas"].items()):
        yield from ("", f"## {name}", "")
        if schema.get("description"):
            yield from (" ".join(schema["description"].split()), "")
        fields = schema.get("properties", {})
        yield from table(
            ("field", "", ""),
            [(f"`{field}`", _type(each), each.get("description", "")) for field, each in fields.items()],
        )


def _parameter(parameter: dict[str, Any]) -> tuple[str, str, str, str]:
    schema = parameter["schema"]
    name = f"`{parameter['name']}`" + (" (required)" if parameter.get("required") else "")
    default = schema.get("default")
    return name, _type(schema), "" if default is None else f"`{default}`", parameter.get("description", "")


BOUNDS = {"minimum": ">=", "maximum": "<=", "minLength": "length >=", "maxLength": "length <="}


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return ", ".join(dict.fromkeys(_type(each) for each in schema["anyOf"] if each.get("type") != "null"))
    if "$ref" in schema:
        return _reference(schema["$ref"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    bounds = [f"{sign} {schema[key]}" for key, sign in BOUNDS.items() if key in schema]
    return " ".join([schema.get("type", "any"), ", ".join(bounds)]).strip()


def _reference(reference: str) -> str:
    name = reference.rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _model(answer: dict[str, Any]) -> str:
    references = [
        content["schema"]["$ref"]
        for content in answer.get("content", {}).values()
        if "$ref" in content.get("schema", {})
    ]
    return "".join(f" {_reference(each)}" for each in references).rstrip()


def settings() -> str:
    """Return the page of the settings, from their model."""
    return _page("Settings", _setting_lines())


def _setting_lines() -> Iterator[str]:
    yield from (SETTINGS_INTRODUCTION, "")
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = ",".join(default) if isinstance(default, tuple) else default
        given = "" if default in (None, PydanticUndefined) else f"`{shown}`"
        rows.append((f"`{PREFIX}{name.upper()}`", given, field.description or ""))
    yield from table(("variable", "default", ""), rows)


def metrics() -> str:
    """Return the page of the metrics, from their registries."""
    return _page("Metrics", _metric_lines())


def _metric_lines() -> Iterator[str]:
    yield METRICS_INTRODUCTION
    for title, of in (("Items worker", ItemsMetrics), ("Index worker", IndexMetrics)):
        registry = CollectorRegistry()
        of(registry)
        rows = [
            (
                f"`{each.name}{'_total' if each.type == 'counter' else ''}`",
                each.type,
                ", ".join(f"`{label}`" for label in _labels(registry, each.name)),
                each.documentation,
            )
            for each in registry.collect()
        ]
        yield from ("", f"## {title}", "")
        yield from table(("metric", "type", "labels", ""), rows)


def _labels(registry: CollectorRegistry, name: str) -> tuple[str, ...]:
    collector: Any = registry._names_to_collectors[name]
    labels: tuple[str, ...] = collector._labelnames
    return labels


def points() -> str:
    """Return the page of the points in the index, from the types of their payload."""
    return _page("Points in Qdrant", point_lines())


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", GENERATED, "", *lines]).rstrip() + "\n"


def _first(text: str | None) -> str:
    return (text or "").strip().splitlines()[0]


PAGES = {
    "commands.md": commands,
    "http.md": http,
    "metrics.md": metrics,
    "payload.md": points,
    "settings.md": settings,
}
"""The functions that return the pages, by file name."""


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
