"""Reveals of a fixed herd: its jobs and log lines as they are, written down as the real ones are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.access.asker import asker
from core.model import QueueId
from core.permission import Permission
from core.redaction.revealing import VERB, Revealed, Reveals

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedReveals(Reveals):
    """Of a herd that hides nothing: what is revealed is what is shown anyway."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd

    async def job(self, id: QueueId, job_id: str, *, limit_bytes: int = 65_536, logs_from: int = -200) -> Revealed:
        async with self._herd.audit.act(VERB, id, job_id):
            asker().check(Permission.REVEAL)
            job = await self._herd.job(id, job_id, limit_bytes=limit_bytes)
            return Revealed(job, await self._herd.logs(id, job_id, start=logs_from))
