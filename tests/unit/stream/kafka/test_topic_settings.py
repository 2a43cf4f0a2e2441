"""A setting of a topic that loses or falsifies something is named, with the command that mends it."""

from __future__ import annotations

import pytest

from stream.kafka.topic_settings import unfit_settings
from stream.kafka.topics import all_topics
from stream.runtime.settings import Settings

TOPICS = {topic.name: topic for topic in all_topics(Settings())}


def found(topic: str, **has: str) -> list[str]:
    return [each.fix for each in unfit_settings(TOPICS[topic], {name.replace("_", "."): has[name] for name in has})]


@pytest.mark.parametrize(
    ("topic", "name", "value", "should"),
    [
        ("prices", "message_timestamp_type", "CreateTime", "LogAppendTime"),
        ("prices", "max_message_bytes", "1048588", "8388608"),
        ("prices", "retention_ms", "3600000", "86400000"),
        ("items.dlq", "retention_ms", "604800000", "-1"),
        ("items", "min_compaction_lag_ms", "0", "3600000"),
    ],
)
def test_what_loses_or_falsifies_something_is_named(topic: str, name: str, value: str, should: str) -> None:
    [fix] = found(topic, **{name: value})
    assert fix == f"kafka-configs.sh --alter --topic {topic} --add-config {name.replace('_', '.')}={should}"


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_as_it_is_created_has_nothing_to_mend(topic: str) -> None:
    assert list(unfit_settings(TOPICS[topic], TOPICS[topic].settings)) == []


def test_more_than_is_asked_for_and_what_the_broker_does_not_tell_are_right() -> None:
    more = {"message_timestamp_type": "LogAppendTime", "max_message_bytes": "99999999", "retention_ms": "-1"}
    assert found("prices", **more) == found("prices") == []
    assert found("items", retention_ms="1000") == []  # Compacted: its records are not deleted by their age.
