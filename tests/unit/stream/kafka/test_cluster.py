"""The brokers are reached as the settings say, and asked as their kind needs."""

from __future__ import annotations

import pytest

from stream.kafka.cluster import cluster_of
from stream.runtime.settings import read_settings


@pytest.mark.parametrize(
    ("said", "wakes"),
    [({"kafka": "kafka.example:9092"}, True), ({"kafka": "127.0.0.1:9292", "broker": "embedded"}, False), ({}, False)],
)
def test_only_apache_kafka_answers_a_fetch_as_soon_as_a_record_comes(said: dict[str, str], wakes: bool) -> None:
    assert cluster_of(read_settings(**said)).wakes_fetches == wakes
