"""What redaction takes out, shown on purpose: to somebody who may see it, one job at a time, written down beforehand.

It is read anew for each who asks and shared with nobody: what is remembered of other readings stays redacted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from core.access.asker import asker, asking
from core.audit.trail import Trail
from core.instance import Instance
from core.job import Job, Logs
from core.jobs.heads import Heads
from core.jobs.logs import read_logs
from core.jobs.whole import Reader, read_job
from core.model import QueueId
from core.permission import Permission
from core.sight import Sight
from core.text import raw_bytes

VERB = "reveal"
MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Revealed:
    """A job with all that others do not see of it, and the last of its log lines, or those from where was asked."""

    job: Job
    logs: Logs


class Reveals:
    """What shows redacted values. Reading is all it does, so a read-only Tickbird has it too."""

    def __init__(self, sight: Sight, trail: Trail) -> None:
        self._sight, self._trail = sight, trail

    async def job(
        self, id: QueueId, job_id: str, *, limit_bytes: int = 65_536, logs_from: int = -MOST_LINES
    ) -> Revealed:
        """The job as Redis has it, payloads cut at `limit_bytes`. Raises Forbidden, NotFound, Unavailable; each try
        is in the audit log before anything is read."""
        async with self._trail.act(VERB, id, job_id) as told:
            asker().check(Permission.REVEAL)
            queue, instance = self._sight.queue(id), self._sight.present(id.instance)
            self._sight.check_job(id, job_id)
            reader = Reader(limit_bytes, partial(self._sight.resolve, id.instance), Heads())

            async def read(instance: Instance) -> Revealed:
                job, kin = await read_job(instance, queue, job_id, reader), instance.redaction(id)
                key = id.base + raw_bytes(job_id)
                return Revealed(job, await read_logs(instance, key, logs_from, MOST_LINES, kin))

            with asking(replace(asker(), reveals=True)):
                revealed = await self._sight.read_alone(instance, read)
            told.says("What is redacted of it was shown.")
        return revealed
