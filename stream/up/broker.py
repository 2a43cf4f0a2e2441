"""A broker below `up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from stream.up.brokers.interface import wait_accepting

if TYPE_CHECKING:
    from stream.up.brokers.interface import Broker
    from stream.up.process import Child

BROKER_STOP_SECONDS_MAX = 6.0


async def accepting(broker: Broker, child: Child) -> None:
    """Returns once it takes connections. Raises Unavailable with the broker's own last words if it ends."""
    try:
        await wait_accepting(broker.address, broker.start_seconds_max, alive=lambda: child.pid is not None)
    except Unavailable as error:
        raise Unavailable(f"{error}: {child.last_line() or 'it said nothing'} (its log: {child.log})") from error
