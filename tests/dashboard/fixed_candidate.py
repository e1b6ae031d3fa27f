"""A job of a fixed herd as a query sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.job import Job, Payload


class FixedCandidate:
    """The fields that the tests search by."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.queue, self.state, self.id = job.queue, job.row.state, job.row.id

    @property
    def due(self) -> int | None:
        return self._job.row.due_at

    def text(self, field: str) -> str | None:
        if field == "name":
            return self._job.row.name
        payload = self._payload(field)
        return payload.text if payload else None

    def json(self, field: str) -> Any:
        payload = self._payload(field)
        return payload.value if payload else None

    def number(self, field: str) -> int | None:
        row = self._job.row
        return {"timestamp": row.timestamp, "processedOn": row.processed_on, "finishedOn": row.finished_on}.get(field)

    def lines(self) -> Iterator[str]:
        return iter(())

    def _payload(self, field: str) -> Payload | None:
        job = self._job
        return {"data": job.data, "opts": job.opts, "failedReason": job.failed_reason}.get(field)
