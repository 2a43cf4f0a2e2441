"""A query gate that says when work has come to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from workers.query_gate import TokenBucket


class WatchedGate(QueryGate):
    """A gate at which work waits for as long as it is closed, and which counts the work that has come meanwhile."""

    def __init__(self) -> None:
        super().__init__(wait_share=1, wait_seconds_max=60)
        self.came = 0

    @override
    async def wait_until_open(self) -> None:
        self.came += bool(self.queries)
        await super().wait_until_open()

    @override
    def wait_until_open_in_thread(self, bucket: TokenBucket) -> None:
        self.came += bool(self.queries)
        super().wait_until_open_in_thread(bucket)
