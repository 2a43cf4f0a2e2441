"""The log that `up` runs on is the one that the settings name, or it does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.errors import Misconfigured
from stream.runtime.settings import Settings
from stream.runtime.stack_report import StackReportFile
from stream.up.bounds import UpBounds
from stream.up.broker_log import create_broker_log
from stream.up.data_dir import DataDir
from workers.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path


def test_the_broker_of_up_itself_has_no_tls(tmp_path: Path) -> None:
    settings = Settings(kafka_security_protocol="SSL", data_dir=tmp_path)
    with pytest.raises(
        Misconfigured, match=r"FRESHLINE_KAFKA_SECURITY_PROTOCOL: .* set FRESHLINE_KAFKA to the brokers"
    ):
        create_broker_log(settings, DataDir(tmp_path), StackReportFile(tmp_path), print, UpBounds(), SystemClock())
