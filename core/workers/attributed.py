"""Which jobs a connected worker runs now, as far as anything tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from core.clients import Connection
from core.model import QueueId
from core.text import text
from core.workers.crew import BY_TROUBLE, Condition, Pulse, Worker
from core.workers.readings import Look, who
from core.workers.remembered import Known, Memory

_NOT_RECORDED = "The library does not record which worker runs a job."
_SHARED_NAME = "Several workers of the queue have this name."
# How often a name is used, by queue.
Names = Mapping[tuple[bytes, str], int]


def workers(memory: Memory, look: Look, pulses: Sequence[Pulse]) -> tuple[Worker, ...]:
    """Everyone connected, each with its jobs."""
    known = list((memory.connections or {}).values()) if look.connected is not None else []
    names = Counter((each.connection.base, each.connection.worker) for each in known)
    teams = Counter(each.connection.base for each in known)
    held: dict[QueueId, list[Pulse]] = {}
    for pulse in pulses:
        held.setdefault(pulse.queue, []).append(pulse)
    found = []
    for each in known:
        served = memory.queues.get(each.connection.base)
        queue = served.id if served else None
        mine, note = _jobs(each.connection, held.get(queue, []) if queue else [], names, teams)
        found.append(_worker(look.instance, queue, each, (mine, note)))
    return tuple(sorted(found, key=lambda worker: (BY_TROUBLE.index(worker.condition), worker.serves, worker.address)))


def _jobs(
    connection: Connection, held: Sequence[Pulse], names: Names, teams: Mapping[bytes, int]
) -> tuple[list[Pulse] | None, str]:
    alive = [pulse for pulse in held if pulse.condition not in (Condition.DEAD, Condition.ORPHANED)]
    if connection.worker and any(pulse.worker for pulse in held):
        mine = [pulse for pulse in alive if pulse.worker == connection.worker]
        alone = names[connection.base, connection.worker] == 1
        return (mine, "") if alone or not mine else (None, _SHARED_NAME)
    if teams[connection.base] == 1:
        return alive, ""
    return (None, _NOT_RECORDED) if alive else ([], "")


def _worker(instance: str, queue: QueueId | None, known: Known, work: tuple[list[Pulse] | None, str]) -> Worker:
    connection, (mine, note) = known.connection, work
    conditions = [pulse.condition for pulse in mine or () if pulse.condition is not Condition.TAKEN]
    return Worker(
        instance=instance,
        queue=queue,
        serves=who(connection),
        name=connection.worker,
        address=connection.address,
        connected_at=known.connected_at,
        idle=connection.idle,
        free=connection.free,
        waits_on=text(connection.command),
        library=connection.library,
        jobs=None if mine is None else tuple(pulse.job_id for pulse in mine),
        note=note,
        condition=min(conditions, key=BY_TROUBLE.index, default=Condition.BEATING),
    )
