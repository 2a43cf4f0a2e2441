"""`freshline rules`."""

from __future__ import annotations

from enum import StrEnum
from typing import IO, TYPE_CHECKING, Annotated

import typer

from stream.commands import options
from stream.commands.files import opened
from stream.commands.rule_lines import read_rule_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from schemas.rules import Rule
    from stream.kafka.cluster import Cluster


class RuleAction(StrEnum):
    """The actions on rules."""

    PUT = "put"
    LIST = "list"
    DELETE = "delete"


def rules(
    action: Annotated[RuleAction, typer.Argument(metavar="put|list|delete", help="What to do.")],
    what: Annotated[
        str | None, typer.Argument(metavar="[FILE|-|ID]", help="put: a rule a line, - is stdin. delete: the id.")
    ] = None,
    *,
    kafka: options.Kafka = None,
    json: options.AsJson = False,
) -> None:
    """Put, list or delete merchant rules: pin, bury or boost items, for a query or always.

    A rule is an object of JSON on one line, under its id; a rule of the same id is replaced. Nothing is sent unless all
    lines are right. All search processes know a change within a second.
    """
    from stream.commands.configured import brokers

    cluster = brokers(kafka)
    if action is RuleAction.LIST:
        _list(cluster, json=json)
    elif action is RuleAction.PUT:
        with opened(what or "-") as lines:
            found = _read(lines)
        changes = {rule.id: rule for rule in found}
        _send(cluster, changes, f"{len(changes)} put", json=json)
    else:
        _delete(cluster, what, json=json)


def _read(lines: IO[bytes]) -> list[Rule]:
    from schemas.errors import InvalidRule, WrongUsage

    try:
        return read_rule_lines(lines)
    except InvalidRule as error:
        raise WrongUsage(f"{error} (nothing was sent)") from None


def _delete(cluster: Cluster, rule_id: str | None, *, json: bool) -> None:
    from schemas.errors import NotFound, WrongUsage

    if rule_id is None:
        raise WrongUsage("name the id of the rule to delete: `freshline rules list` has them")
    if rule_id not in _present(cluster):
        raise NotFound(f"there is no rule {rule_id}: `freshline rules list` has those that there are")
    _send(cluster, {rule_id: None}, "1 deleted", json=json)


def _send(cluster: Cluster, changes: Mapping[str, Rule | None], done: str, *, json: bool) -> None:
    """Send the last change of each id. Raises Unavailable once the broker does not confirm one."""
    from stream.commands.waiting import connected
    from stream.kafka.producer import OutgoingRecord
    from stream.kafka.topics import RULES
    from stream.runtime.printing import print_json
    from workers.merchandising.rule_records import encode_rule

    with connected(cluster) as producer:
        for rule_id, rule in changes.items():
            value = None if rule is None else encode_rule(rule)
            producer.send_now(OutgoingRecord(0, RULES, rule_id.encode(), value))
    if json:
        print_json({"sent": list(changes)})
    else:
        print(done)


def _list(cluster: Cluster, *, json: bool) -> None:
    from stream.runtime.printing import print_json, say, stdout_console
    from workers.clock import SystemClock

    found = _present(cluster)
    if json:
        print_json({each: rule if isinstance(rule, str) else rule.model_dump() for each, rule in found.items()})
        return
    if not found:
        say("there are no rules: `freshline rules put` sends one")
        return
    now_ms = SystemClock().now_ms()
    rows = [
        (each, *((rule, "refused") if isinstance(rule, str) else _row(rule, now_ms))) for each, rule in found.items()
    ]
    stdout_console().print(_table(sorted(rows)))


def _present(cluster: Cluster) -> dict[str, Rule | str]:
    """Return the rules, once a broker answers. Raises Unavailable if none does within `broker_seconds_max`."""
    from stream.commands.current_run import bounds
    from stream.commands.waiting import wait_out
    from stream.kafka.rule_log import read_rules

    limits = bounds()
    return wait_out(
        lambda: read_rules(cluster, connect_seconds_max=limits.connect_seconds_max), limits.broker_seconds_max
    )


def _row(rule: Rule, now_ms: int) -> tuple[str, str]:
    """Return the effect of a rule, and whether its time has come."""
    from schemas.times import rfc3339

    where = "always" if rule.query is None else f"{rule.query!r} {'exactly' if rule.match == 'exact' else 'contained'}"
    if rule.pin is not None:
        does = f"pin {rule.pin.product_id} at {rule.pin.position}"
    elif rule.bury is not None:
        does = f"bury {rule.bury.in_words}"
    else:
        does = f"boost {rule.boost.items.in_words} by {rule.boost.by:g}" if rule.boost is not None else ""
    state = "in force"
    if rule.ends_at is not None and rule.ends_at <= now_ms:
        state = f"over since {rfc3339(rule.ends_at)}"
    elif rule.starts_at is not None and rule.starts_at > now_ms:
        state = f"from {rfc3339(rule.starts_at)}"
    return f"{does}, {where}", state


def _table(rows: Sequence[tuple[str, str, str]]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("rule", "does", "state"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
