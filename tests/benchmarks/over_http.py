"""The parts that ask a build over HTTP alone: they can measure the processes of any checkout."""

from __future__ import annotations

from tests.benchmarks import builds, starting

PARTS_OVER_HTTP = {"server": builds.on_server, "edge": builds.on_edge, "start": starting.first_answer}
