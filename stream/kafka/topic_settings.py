"""Settings of topics that let workers start, but lose or falsify something. `freshline doctor` names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stream.kafka.topics import INPUTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stream.kafka.topics import Topic

INPUT_RETENTION_MS_MIN = 86_400_000
"""The shortest time for which events must be kept: workers may be away for a night."""
UNLIMITED = -1
CONSEQUENCES = {
    "message.timestamp.type": "freshness counts from the clocks of producers, and a wrong one makes dead letters",
    "max.message.bytes": "the broker refuses records that are larger",
    "retention.ms": "what nobody has read or sent again by then is lost",
    "min.compaction.lag.ms": "a state may be gone before the worker of its partition has seen it",
}
"""The settings that are checked, and the consequence of each wrong one."""


class UnfitSetting(NamedTuple):
    """A setting of a topic that is not as it should be."""

    said: str
    """The setting, and what follows from it."""
    fix: str
    """The command that sets it right."""


def unfit_settings(topic: Topic, has: Mapping[str, str]) -> Iterator[UnfitSetting]:
    """Yield the settings that cost something. One that the broker does not tell is taken for right."""
    wanted = topic.settings
    if topic.name in INPUTS:
        wanted = wanted | {"retention.ms": str(INPUT_RETENTION_MS_MIN)}
    for name, consequence in CONSEQUENCES.items():
        should, value = wanted.get(name), has.get(name)
        if should is None or value is None or _fits(value, should):
            continue
        least = "" if should == str(UNLIMITED) or not should.isdigit() else "at least "
        yield UnfitSetting(
            f"topic {topic.name} has {name}={value} and should have {least}{should}, as {consequence}",
            alteration(topic.name, name, should),
        )


def alteration(topic: str, name: str, value: str) -> str:
    """Return the command that gives a topic this setting."""
    return f"kafka-configs.sh --alter --topic {topic} --add-config {name}={value}"


def _fits(value: str, should: str) -> bool:
    """Return whether a value is the one that it should be; of numbers a larger one fits too, and no limit at all."""
    try:
        has, least = int(value), int(should)
    except ValueError:
        return value == should
    return has == UNLIMITED or (least != UNLIMITED and has >= least)
