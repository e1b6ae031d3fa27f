"""The single writes on a fixed herd: they move and change jobs in memory, and refuse as core's do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.errors import Conflict, Forbidden, Invalid
from core.job import Job, JobRow, Payload
from core.model import Limits, Outcome, QueueId, State
from core.mutations.front import Mutations
from core.mutations.schedule_writing import Wanted
from core.text import json_or_none
from tests.dashboard.fixed_schedulers import FixedSchedulers

if TYPE_CHECKING:
    from core.mutations.adding import NewJob
    from tests.dashboard.fixed_herd import FixedHerd


class FixedMutations(Mutations):
    """What can be done to the queues and jobs that the herd was given."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd

    async def retry(self, id: QueueId, job_id: str, *, reset_attempts: bool = False) -> Outcome:
        await self._change("retry", id, job_id, state=State.WAITING)
        return Outcome("retry", id, f"{job_id} waits again{', anew' if reset_attempts else ''}.", job_id)

    async def promote(self, id: QueueId, job_id: str) -> Outcome:
        await self._change("promote", id, job_id, state=State.WAITING)
        return Outcome("promote", id, f"{job_id} no longer waits for its time.", job_id)

    async def remove(self, id: QueueId, job_id: str, *, force: bool = False) -> Outcome:
        found = await self._allowed("remove", id, job_id, force=force)
        self._herd.contents = [job for job in self._herd.contents if job is not found]
        return Outcome("remove", id, f"{job_id} is gone{', by force' if force else ''}.", job_id)

    async def fail(self, id: QueueId, job_id: str, reason: str, *, force: bool = False) -> Outcome:
        await self._allowed("fail", id, job_id, force=force)
        await self._change("log", id, job_id, state=State.FAILED, failed_reason=reason)
        return Outcome("fail", id, f"{job_id} has failed: {reason}{' (by force)' if force else ''}.", job_id)

    async def requeue(self, id: QueueId, job_id: str, *, force: bool = False) -> Outcome:
        await self._allowed("requeue", id, job_id, force=force)
        await self._change("log", id, job_id, state=State.WAITING)
        return Outcome("requeue", id, f"{job_id} waits again{' (by force)' if force else ''}.", job_id)

    async def edit_data(self, id: QueueId, job_id: str, data: str, *, seen: str | None = None) -> Outcome:
        found = await self._allowed("edit_data", id, job_id)
        if seen is not None and (found.data is None or found.data.text != seen):
            raise Conflict("Somebody else changed it meanwhile.", "Look at it anew.")
        self._put(found, replace(found, data=_payload(data)))
        return Outcome("edit_data", id, f"The data of {job_id} are changed.", job_id)

    async def change_priority(self, id: QueueId, job_id: str, priority: int, *, lifo: bool = False) -> Outcome:
        if not 0 <= priority <= 2**21:
            raise Invalid("A priority is 0 to 2,097,152.")
        await self._change("change_priority", id, job_id, priority=priority)
        return Outcome("change_priority", id, f"{job_id} has priority {priority}{', first' if lifo else ''}.", job_id)

    async def change_delay(self, id: QueueId, job_id: str, delay: int) -> Outcome:
        await self._change("change_delay", id, job_id, delay=delay)
        return Outcome("change_delay", id, f"{job_id} is due in {delay} ms.", job_id)

    async def set_progress(self, id: QueueId, job_id: str, progress: str) -> Outcome:
        await self._change("set_progress", id, job_id, progress=json.loads(progress))
        return Outcome("set_progress", id, f"{job_id} is at {progress}.", job_id)

    async def log(self, id: QueueId, job_id: str, line: str) -> Outcome:
        await self._allowed("log", id, job_id)
        self._herd.log_lines = [*self._herd.log_lines, line]
        return Outcome("log", id, f"{job_id} has a line more.", job_id)

    async def add(self, id: QueueId, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        self._writable()
        self._herd.reach(id)
        return tuple(self._added(id, job.name, job.data, job.options) for job in jobs)

    async def duplicate(self, id: QueueId, job_id: str, *, data: str | None = None) -> Outcome:
        found = await self._allowed("duplicate", id, job_id)
        text = found.data.text if found.data else "{}"
        return replace(self._added(id, found.row.name or "", data or text, {}), verb="duplicate")

    async def move(
        self, id: QueueId, job_id: str, target: QueueId, *, seen: State | None = None, again: bool = False
    ) -> Outcome:
        self._herd.reach(target)
        found = await self._allowed("move", id, job_id)
        if seen not in (None, found.row.state):
            raise Conflict(f"{job_id} is {found.row.state} meanwhile.", "Look at it again.")
        there = replace(found, queue=target, row=replace(found.row, id=f"moved-{job_id}", state=State.WAITING))
        self._put(found, there)
        said = f"{job_id} is in {target.name} now{', again' if again else ''}."
        return Outcome("move", target, said, there.row.id)

    async def pause(self, id: QueueId) -> Outcome:
        return self._paused(id, paused=True)

    async def resume(self, id: QueueId) -> Outcome:
        return self._paused(id, paused=False)

    async def upsert_scheduler(self, id: QueueId, key: str, wanted: Wanted) -> Outcome:
        return self._schedulers(id).put(id, key or wanted.name or "", wanted)

    async def remove_scheduler(self, id: QueueId, key: str) -> Outcome:
        return self._schedulers(id).drop(id, key)

    async def run_scheduler(self, id: QueueId, key: str) -> Outcome:
        return self._schedulers(id).run(id, key)

    def _schedulers(self, id: QueueId) -> FixedSchedulers:
        self._writable()
        self._herd.reach(id)
        assert isinstance(self._herd.schedulers, FixedSchedulers)
        return self._herd.schedulers

    async def set_concurrency(self, id: QueueId, limit: int | None) -> Outcome:
        self._limited(id, concurrency=limit)
        return Outcome("set_concurrency", id, f"{id.name} runs {limit or 'any number of jobs'} at once.")

    async def set_rate_limit(self, id: QueueId, most: int | None, duration: int | None) -> Outcome:
        self._limited(id, rate_max=most, rate_duration=duration)
        return Outcome("set_rate_limit", id, f"{id.name} runs {most} in {duration} ms.")

    async def release_rate_limit(self, id: QueueId) -> Outcome:
        self._limited(id, limited_for=None)
        return Outcome("release_rate_limit", id, f"{id.name} goes on.")

    async def release_deduplication(self, id: QueueId, deduplication_id: str) -> Outcome:
        self._limited(id)
        return Outcome("release_deduplication", id, f"{deduplication_id} can be added again.")

    async def trim_events(self, id: QueueId, keep: int) -> Outcome:
        self._limited(id)
        return Outcome("trim_events", id, f"{keep} events are left.")

    async def mend_pause(self, id: QueueId) -> Outcome:
        self._limited(id)
        return Outcome("mend_pause", id, f"The pause of {id.name} is whole.")

    def _added(self, id: QueueId, name: str, data: str, options: Any) -> Outcome:
        job_id = str(options.get("jobId") or f"new{len(self._herd.contents)}")
        row = JobRow(job_id, State.WAITING, name, timestamp=self._herd.taken_at)
        made = Job(row, id, _payload(data), _payload(json.dumps(dict(options))), None, None, None)
        self._herd.contents = [*self._herd.contents, made]
        return Outcome("add", id, f"{job_id} is added.", job_id)

    def _limited(self, id: QueueId, **limits: int | None) -> None:
        self._writable()
        self._herd.reach(id)
        self._herd.queues = [
            replace(queue, limits=_with(queue.limits, limits)) if queue.id == id else queue
            for queue in self._herd.queues
        ]

    def _paused(self, id: QueueId, *, paused: bool) -> Outcome:
        self._writable()
        self._herd.reach(id)
        before = self._herd.queue(id)
        queues = [replace(queue, paused=paused) if queue.id == id else queue for queue in self._herd.queues]
        self._herd.queues = queues
        verb, word = ("pause", "paused") if paused else ("resume", "running")
        return Outcome(verb, id, f"{id.name} is {word}.", changed=before.paused is not paused)

    async def _change(self, verb: str, id: QueueId, job_id: str, **row: Any) -> None:
        found = await self._allowed(verb, id, job_id)
        self._put(found, replace(found, row=replace(found.row, **row)))

    def _put(self, before: Job, after: Job) -> None:
        self._herd.contents = [after if job is before else job for job in self._herd.contents]

    async def _allowed(self, verb: str, id: QueueId, job_id: str, *, force: bool = False) -> Job:
        self._writable()
        found = await self._herd.job(id, job_id)
        permit = next(
            permit
            for permit in self._herd.job_permits(id, found)
            if permit.verb == (f"{verb}_by_force" if force else verb)
        )
        if not permit.allowed:
            raise Conflict(f"{job_id} cannot be {verb}d: it is {found.row.state}.", "Look at its page.")
        return found

    def _writable(self) -> None:
        if self._herd.settings.read_only:
            raise Forbidden("This Tickbird is read-only.")
        self._herd.version += 1


def _with(limits: Limits, changes: dict[str, int | None]) -> Limits:
    return replace(limits, **changes)


def _payload(text: str) -> Payload:
    value = json_or_none(text.encode())
    return Payload(text, len(text.encode()), value=value, is_json=value is not None)
