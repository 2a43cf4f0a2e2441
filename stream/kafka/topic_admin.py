"""Requests to the broker about topics: to create missing ones, to check those that exist, and for ids and commits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.errors import Misconfigured, Unavailable
from stream.kafka.cluster import cluster_of
from stream.kafka.diagnosis import diagnose
from stream.kafka.partitions import Partition
from stream.kafka.topic_settings import UnfitSetting, alteration, unfit_settings
from stream.kafka.topics import DEAD_LETTERS, PRODUCTS, PROGRESS, RULES, all_topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.kafka.cluster import Cluster
    from stream.kafka.topics import Topic
    from stream.runtime.settings import Settings

REQUEST_TIMEOUT_MS = 10_000
CONNECT_SECONDS_MAX = 5.0
"""The time that one attempt to connect to a broker may take."""


def ensure_topics(settings: Settings, *, connect_seconds_max: float = CONNECT_SECONDS_MAX) -> None:
    """Create the topics that are missing and check the topics that exist.

    Raises Misconfigured if a topic does not have the properties that it must have, Unavailable if the broker at
    `settings.kafka` does not answer.
    """
    wanted = all_topics(settings)
    try:
        with _admin(cluster_of(settings), connect_seconds_max) as admin:
            _create(admin, _missing(admin, wanted, settings), settings)
            admin.wait_for_topics([topic.name for topic in wanted], timeout_ms=REQUEST_TIMEOUT_MS)
    except KafkaError as error:
        raise Unavailable(f"the broker at {settings.kafka} did not create or show the topics: {error}") from error


class CheckedTopics(NamedTuple):
    """The topics of a broker that answers."""

    missing: list[str]
    wrong: str | None
    """A sentence about the first topic that keeps workers from starting, and what to do; None if all are right."""
    unfit: list[UnfitSetting]
    """The settings that let workers start, but lose or falsify something."""


def check_topics(settings: Settings, *, connect_seconds_max: float = CONNECT_SECONDS_MAX) -> CheckedTopics:
    """Check the topics that exist, and create none.

    Raises Unavailable, and Misconfigured where the settings lead to no broker.
    """
    try:
        with _admin(cluster_of(settings), connect_seconds_max) as admin:
            try:
                missing = [topic.name for topic in _missing(admin, all_topics(settings), settings)]
            except Misconfigured as error:
                return CheckedTopics([], str(error), [])
            present = [topic for topic in all_topics(settings) if topic.name not in missing]
            described = _described_settings(admin, present)
            unfit = [each for topic in present for each in unfit_settings(topic, described.get(topic.name, {}))]
            return CheckedTopics(missing, None, unfit)
    except KafkaError as error:
        raise Unavailable(f"the broker at {settings.kafka} did not show the topics: {error}") from error


def _missing(admin: KafkaAdminClient, wanted: list[Topic], settings: Settings) -> list[Topic]:
    """Check the topics that exist, and return those that do not. Raises Misconfigured."""
    existing = {found["name"]: found for found in _described(admin, wanted)}
    present = [topic for topic in wanted if topic.name in existing]
    for topic in present:
        _check_layout(topic, existing[topic.name]["partitions"], settings)
    _check_policies(admin, present)
    return [topic for topic in wanted if topic.name not in existing]


def topic_id(kafka: Cluster, topic: str, *, connect_seconds_max: float = CONNECT_SECONDS_MAX) -> str:
    """Return the broker's id of the topic, which changes when the topic is deleted and created again.

    Raises Unavailable if there is no broker or no such topic.
    """
    layout = _found_layout(kafka, topic, connect_seconds_max)
    if layout is None:
        raise Unavailable(f"the broker at {kafka} has no topic {topic} yet: workers create it when they start")
    return layout.topic_id


def stamps_are_unknown(kafka: Cluster, topic: str = PRODUCTS) -> bool:
    """Return whether the broker does not tell who stamps the records of the topic: the embedded one leaves that to
    producers, whatever was asked of it.

    It calls what it was asked a default of the broker. Apache's default is CreateTime: there LogAppendTime is a setting
    of the topic or of the brokers. Raises Unavailable.
    """
    try:
        with _admin(kafka) as admin:
            resource = ConfigResource(ConfigResourceType.TOPIC, topic)
            described = admin.describe_configs([resource], config_filter="all")["topic"]
    except KafkaError as error:
        raise Unavailable(f"the broker at {kafka} does not describe the topic {topic}: {error}") from error
    stamp = described.get(topic, {}).get("message.timestamp.type")
    return stamp is None or (stamp["value"], stamp["config_source"]) == ("LogAppendTime", "DEFAULT_CONFIG")


def committed_offsets(kafka: Cluster, group: str) -> dict[Partition, int]:
    """Return the offsets that the consumer group has committed, by partition. Raises Unavailable."""
    try:
        with _admin(kafka) as admin:
            found = admin.list_group_offsets(group)[group]
    except KafkaError as error:
        raise Unavailable(f"the broker at {kafka} does not tell the commits of {group}: {error}") from error
    return {Partition(*partition): commit.offset for partition, commit in found.items() if commit.offset >= 0}


class TopicLayout(NamedTuple):
    """The properties that an existing topic has."""

    topic_id: str
    """The broker's id of the topic."""
    partitions: int


def topic_layout(kafka: Cluster, topic: str, *, connect_seconds_max: float = CONNECT_SECONDS_MAX) -> TopicLayout:
    """Return the layout of an existing topic. Raises Misconfigured if there is no such topic, Unavailable."""
    layout = _found_layout(kafka, topic, connect_seconds_max)
    if layout is None:
        raise Misconfigured(f"there is no topic {topic} at {kafka}: name one that is there")
    return layout


def _found_layout(kafka: Cluster, topic: str, connect_seconds_max: float) -> TopicLayout | None:
    """Return the layout of a topic, None if it does not exist. Raises Unavailable."""
    try:
        with _admin(kafka, connect_seconds_max) as admin:
            described = admin.describe_topics([topic])[0]
    except KafkaError as error:
        raise Unavailable(f"the broker at {kafka} does not describe the topic {topic}: {error}") from error
    if described["error_code"]:
        return None
    return TopicLayout(str(described["topic_id"]), len(described["partitions"]))


@contextlib.contextmanager
def _admin(kafka: Cluster, connect_seconds_max: float = CONNECT_SECONDS_MAX) -> Iterator[KafkaAdminClient]:
    try:
        admin = KafkaAdminClient(
            **kafka.for_kafka_python,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            bootstrap_timeout_ms=round(connect_seconds_max * 1000),
        )
    except (KafkaError, ValueError, OSError) as error:
        nobody = Unavailable(
            f"no broker answers at {kafka}: start one with `freshline up`, or set FRESHLINE_KAFKA to where it is"
        )
        raise diagnose(kafka) or nobody from error
    try:
        yield admin
    finally:
        admin.close()


def _described(admin: KafkaAdminClient, wanted: Iterable[Topic]) -> list[dict[str, Any]]:
    answers = admin.describe_topics([topic.name for topic in wanted])
    return [answer for answer in answers if answer["error_code"] == 0]


def _check_layout(topic: Topic, partitions: list[dict[str, Any]], settings: Settings) -> None:
    if len(partitions) != topic.partitions:
        raise Misconfigured(
            f"topic {topic.name} has {len(partitions)} partitions and should have {topic.partitions}: "
            + _advice(topic, len(partitions))
        )
    replicas = min(len(partition["replica_nodes"]) for partition in partitions)
    if replicas < settings.replication_factor:
        raise Misconfigured(
            f"topic {topic.name} has {replicas} replicas and should have {settings.replication_factor}: "
            "add replicas, or set FRESHLINE_REPLICATION_FACTOR"
        )


def _advice(topic: Topic, has: int) -> str:
    if topic.name in (PROGRESS, RULES, *DEAD_LETTERS.values()) and has < topic.partitions:
        return f"kafka-topics.sh --alter --topic {topic.name} --partitions {topic.partitions}"
    return f"set FRESHLINE_PARTITIONS={has} if all input topics have as many, or use topics of another cluster"


def _check_policies(admin: KafkaAdminClient, existing: list[Topic]) -> None:
    """Check the cleanup policies. The embedded broker never compacts."""
    described = _described_settings(admin, existing)
    for topic in existing:
        should = topic.settings.get("cleanup.policy", "delete")
        has = described.get(topic.name, {}).get("cleanup.policy", should)
        if has != should:
            raise Misconfigured(
                f"topic {topic.name} has cleanup.policy={has} and should have {should}: "
                f"alter it with {alteration(topic.name, 'cleanup.policy', should)}"
            )


def _described_settings(admin: KafkaAdminClient, topics: list[Topic]) -> dict[str, dict[str, str]]:
    """Return the settings that the topics have; the embedded broker tells only what it was asked for."""
    if not topics:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    described = admin.describe_configs(resources, config_filter="all")["topic"]
    return {topic: {name: each["value"] for name, each in found.items()} for topic, found in described.items()}


def _create(admin: KafkaAdminClient, missing: list[Topic], settings: Settings) -> None:
    if not missing:
        return
    always = {"min.insync.replicas": str(settings.min_insync_replicas)}
    new = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": settings.replication_factor,
            "configs": topic.settings | always,
        }
        for topic in missing
    }
    with contextlib.suppress(TopicAlreadyExistsError):  # Another process was faster, with the same settings.
        admin.create_topics(new)
