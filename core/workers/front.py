"""Who works on all instances, and how the jobs do that they hold: read when somebody looks, shared by all who do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from core.access.asker import asker
from core.errors import TickbirdError
from core.instance import Instance
from core.job import Covered
from core.jobs.rows import Placed, is_past, read_rows
from core.model import Queue, QueueId, State
from core.shared import FRESH
from core.sight import Sight, now
from core.text import text
from core.workers.attributed import workers
from core.workers.cases import Case, Team, teams
from core.workers.crew import BY_TROUBLE, Crew, Pulse, Vanished, Worker
from core.workers.judging import LONG, judge
from core.workers.readings import Held, Look, read
from core.workers.remembered import Facts, Memory
from core.workers.usual import Usual, usual

# What is usual changes slowly (seconds), and is asked of so many queues at a look at most.
USUAL_FRESH = 60.0
MOST_UNUSUAL = 10
# CLIENT LIST takes Redis about 4.5 µs for each client: with a look in so many seconds for each, 0.2 % of its time.
PER_CLIENT = 0.0025


class WorkerWatch:
    """Looks at the workers of every instance in `sight`, and remembers from look to look what went and what went on."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._memories: dict[str, Memory] = {}
        self._clients: dict[str, int] = {}

    async def look(self) -> Crew:
        """Everyone, on all instances. What cannot be asked is said in `trouble`; raises nothing."""
        names = [reading.instance for reading in self._sight.snapshot.readings]
        return joined(await asyncio.gather(*(self._told(name) for name in names)))

    async def of_queue(self, id: QueueId) -> Crew:
        """Those of one queue. Raises NotFound, Unavailable."""
        queue = self._sight.queue(id)
        return of_queue(await self._of(id.instance), queue)

    async def pulse(self, id: QueueId, job_id: str) -> Pulse | None:
        """The lock pulse of a job; None where it is not active, or not among those looked at. Raises as `of_queue`."""
        pulses = (await self.of_queue(id)).pulses
        return next((pulse for pulse in pulses if pulse.job_id == job_id), None)

    async def _told(self, name: str) -> Crew:
        try:
            return await self._of(name)
        except TickbirdError as error:
            return Crew(trouble=(f"Who works on Redis {name} is not known: {error.message}",))

    async def _of(self, name: str) -> Crew:
        fresh = max(FRESH, self._clients.get(name, 0) * PER_CLIENT)
        return _visible(await self._sight.read_of(name, ("crew", name), self._look, fresh))

    async def _look(self, instance: Instance) -> Crew:
        """What is remembered must not depend on who looks: everything is looked at, and shown in part."""
        memory = self._memories.setdefault(instance.name, Memory())
        reading = self._sight.everything.reading(instance.name)
        queues = reading.queues if reading else ()
        look = await read(instance, queues, now())
        self._clients[instance.name] = len(look.ids)
        facts = await _facts(instance, [held for held in look.held if memory.is_new(held)])
        memory.take(look, facts, {queue.id.base: queue for queue in queues})
        normal = await self._usual(instance, look)
        of_queue = teams(look, memory)
        found = (_pulse(_case(held, look, memory, (of_queue[held.queue.id.base], normal))) for held in look.held)
        pulses = tuple(sorted(found, key=_by_trouble))
        return Crew(
            workers=workers(memory, look, pulses),
            pulses=pulses,
            vanished=tuple(_with_what_is_left(gone, memory) for gone in reversed(memory.vanished) if gone.jobs),
            nameless=look.nameless,
            trouble=(look.refusal,) if look.refusal else (),
            covered=_covered(queues, look),
        )

    async def _usual(self, instance: Instance, look: Look) -> Mapping[tuple[QueueId, str], Usual]:
        """What is usual in the queues in which something runs for long."""
        long = {held.queue.id: held.queue for held in look.held if held.since and look.at - held.since >= LONG}
        found: dict[tuple[QueueId, str], Usual] = {}
        for queue in list(long.values())[:MOST_UNUSUAL]:
            ask = partial(usual, instance, queue)
            known = await self._sight.shared.get(("usual", queue.id), ask, USUAL_FRESH)
            found |= {(queue.id, name): each for name, each in known.items()}
        return found


async def _facts(instance: Instance, new: Sequence[Held]) -> Mapping[bytes, Facts]:
    by_queue: dict[QueueId, list[Held]] = {}
    for held in new:
        by_queue.setdefault(held.queue.id, []).append(held)
    found: dict[bytes, Facts] = {}
    for group in by_queue.values():
        rows = await read_rows(instance, group[0].queue, [Placed(held.id, State.ACTIVE) for held in group])
        for held, row in zip(group, rows, strict=True):
            found[held.key] = Facts(row.name or "", row.worker or "", row.timeout)
    return found


def _case(held: Held, look: Look, memory: Memory, around: tuple[Team, Mapping[tuple[QueueId, str], Usual]]) -> Case:
    run, (team, normal) = memory.runs[held.key], around
    return Case(held, run, memory.beat(held), look, team, normal.get((held.queue.id, run.facts.name)))


def _pulse(case: Case) -> Pulse:
    held, run, facts, finding = case.held, case.run, case.run.facts, judge(case)
    return Pulse(
        queue=held.queue.id,
        job_id=text(held.id),
        condition=finding.condition,
        evidence=finding.evidence,
        lock_left=held.left,
        lock_until=run.until,
        usual=case.beat.largest or None,
        worker=facts.worker,
        name=facts.name,
        since=held.since,
        renewed_at=run.renewed_at,
        timeout=facts.timeout,
        past_timeout=is_past(facts.timeout, held.since),
    )


def _with_what_is_left(gone: Vanished, memory: Memory) -> Vanished:
    base = gone.serves.encode("utf-8", "surrogateescape") + b":"
    still = (memory.runs.get(base + id.encode("utf-8", "surrogateescape")) for id in gone.jobs)
    return replace(gone, left=sum(run is not None and run.seen_at <= gone.gone_at for run in still))


def _covered(queues: Iterable[Queue], look: Look) -> Covered:
    """More than the jobs looked at there are only where a queue has more than its share."""
    seen = Counter(held.queue.id for held in look.held)
    full = (queue for queue in queues if seen[queue.id] >= look.share or (not seen[queue.id] and look.cut))
    more = sum(max(0, queue.counts.get(State.ACTIVE, 0) - seen[queue.id]) for queue in full)
    note = "of each queue those that are active for the longest" if more else ""
    return Covered(len(look.held), len(look.held) + more, note)


def _by_trouble(pulse: Pulse) -> tuple[int, int]:
    return BY_TROUBLE.index(pulse.condition), pulse.since or 0


def _visible(crew: Crew) -> Crew:
    """The part of it that is there for who asks."""
    scope = asker().scope
    if scope.is_whole:
        return crew
    pulses = tuple(pulse for pulse in crew.pulses if scope.has(pulse.queue))
    return Crew(
        tuple(worker for worker in crew.workers if worker.queue and scope.has(worker.queue)),
        pulses,
        tuple(gone for gone in crew.vanished if gone.queue and scope.has(gone.queue)),
        trouble=crew.trouble,
        covered=Covered(len(pulses), len(pulses)),
    )


def of_queue(crew: Crew, queue: Queue) -> Crew:
    """What of it is about one queue."""
    pulses = tuple(pulse for pulse in crew.pulses if pulse.queue == queue.id)
    active = queue.counts.get(State.ACTIVE, 0) if crew.covered.note else 0
    return Crew(
        tuple(worker for worker in crew.workers if worker.queue == queue.id),
        pulses,
        tuple(gone for gone in crew.vanished if gone.queue == queue.id),
        crew.nameless,
        crew.trouble,
        Covered(len(pulses), max(len(pulses), active), crew.covered.note if len(pulses) < active else ""),
    )


def joined(crews: Sequence[Crew]) -> Crew:
    """Those of several instances together, worst first."""
    return Crew(
        tuple(sorted((w for crew in crews for w in crew.workers), key=_worst_first)),
        tuple(sorted((p for crew in crews for p in crew.pulses), key=_by_trouble)),
        tuple(sorted((v for crew in crews for v in crew.vanished), key=lambda gone: -gone.gone_at)),
        sum(crew.nameless for crew in crews),
        tuple(said for crew in crews for said in crew.trouble),
        Covered(
            sum(crew.covered.looked_at for crew in crews),
            sum(crew.covered.total for crew in crews),
            next((crew.covered.note for crew in crews if crew.covered.note), ""),
        ),
    )


def _worst_first(worker: Worker) -> tuple[int, str, str, str]:
    return BY_TROUBLE.index(worker.condition), worker.serves, worker.name, worker.address
