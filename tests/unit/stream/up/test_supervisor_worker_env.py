"""The environment of workers says which kind of broker they read from, also where others run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stream.runtime.ports import free_port
from stream.runtime.settings import Settings, read_settings
from stream.runtime.stack_report import StackReportFile
from stream.up.bounds import UpBounds
from stream.up.broker_log import create_broker_log
from stream.up.data_dir import DataDir
from stream.up.embedded_log import EmbeddedLog
from stream.up.supervisor import worker_env
from workers.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path


def kind_for_workers(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    directory = DataDir(folder)
    log = create_broker_log(settings, directory, StackReportFile(folder), print, UpBounds(), SystemClock())
    for name, value in worker_env(settings, directory, log).items():
        monkeypatch.setenv(name, value)
    if isinstance(log, EmbeddedLog):
        log._journal.close()
    return read_settings().broker_kind


@pytest.mark.parametrize("said", [{}, {"broker": "embedded"}, {"broker": "kafka"}])
def test_the_workers_take_brokers_that_others_run_for_apache_kafka(
    said: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings(kafka="kafka.example:9092", data_dir=tmp_path, **said)
    assert kind_for_workers(settings, tmp_path, monkeypatch) == "kafka"


def test_the_workers_know_the_embedded_broker_though_they_are_given_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings(data_dir=tmp_path, kafka_port=free_port())
    assert kind_for_workers(settings, tmp_path, monkeypatch) == "embedded"


def test_a_worker_that_is_started_by_itself_takes_its_brokers_for_apache_kafka() -> None:
    assert read_settings(kafka="kafka.example:9092").broker_kind == "kafka"
    assert read_settings(kafka="127.0.0.1:9292", broker="embedded").broker_kind == "embedded"
