"""Starts rebuilds and reconciliations for an operator, and reports how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from stream.api.drift.check import comparison_context
from stream.api.services import JobsApi
from stream.rebuild.context import RebuildContext
from stream.rebuild.run import Rebuild
from stream.reconcile.run import reconcile
from stream.runtime.jobs import Jobs

if TYPE_CHECKING:
    from stream.api.context import ServingContext
    from stream.api.drift.check import DriftCheck
    from stream.runtime.jobs import JobReport, Step

REBUILD, RECONCILE = "rebuild", "reconcile"


class JobsService(JobsApi):
    """Runs one rebuild and one reconciliation at a time, in this process."""

    def __init__(self, context: ServingContext, jobs: Jobs, drift: DriftCheck) -> None:
        self._context = context
        self._drift = drift
        self._jobs = jobs
        self._rebuild = Rebuild(
            RebuildContext(
                context.collections,
                context.writers,
                context.models,
                context.shop,
                context.identity.epoch,
                context.settings.partitions,
                context.settings.model,
                context.clock,
            )
        )

    @override
    def start_rebuild(self, model: str | None, *, dry_run: bool) -> JobReport:
        work = self._rebuild.estimate if dry_run else self._rebuild.run
        return self._jobs.start(REBUILD, lambda step: work(step, model))

    @override
    async def roll_back(self) -> dict[str, Any]:
        self._jobs.refuse_while_running(REBUILD)
        return await self._rebuild.roll_back()

    @override
    async def finish_rebuild(self) -> dict[str, Any]:
        self._jobs.refuse_while_running(REBUILD)
        return await self._rebuild.finish()

    @override
    def start_reconcile(self, *, repair: bool) -> JobReport:
        return self._jobs.start(RECONCILE, lambda step: self._reconcile(step, repair=repair))

    @override
    def report(self, kind: str) -> JobReport | None:
        return self._jobs.report(kind)

    def resume_rebuild(self) -> None:
        """Continue a rebuild that was begun before this process started, if there is one."""
        building = self._context.writers.roles.building
        if building is not None:
            self._jobs.start(REBUILD, lambda step: self._rebuild.go_on(step, building))

    async def close(self) -> None:
        """Stop all jobs. Idempotent."""
        await self._jobs.stop()

    async def _reconcile(self, step: Step, *, repair: bool) -> dict[str, Any]:
        context, settings = self._context, self._context.settings
        compared = comparison_context(context, await context.collections.serving())
        # Workers on one machine may share the data directory.
        directory = settings.data_dir / f"reconcile-{settings.worker_slot}"
        found = await reconcile(compared, directory, step, context.gate, repair=repair)
        if repair:
            self._drift.forget()
        return found
