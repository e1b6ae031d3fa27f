"""Who works: every connected worker, the lock of each active job, who vanished, and queues that nobody serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.model import Health, Queue, QueueId
from core.permission import Permission
from core.workers.crew import Condition, Crew, Pulse, Vanished, Worker
from dashboard.board import Piece
from dashboard.budgets import Cost
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.job_row import LONGEST_PART
from dashboard.pages.watching import Asked
from dashboard.urls import RawRoute, encode_part, job_page, queue_of_page, queue_page

TEMPLATE = "pages/workers.html"
REGIONS = (
    *((TEMPLATE, name) for name in ("summary", "unattended", "vanished", "pulses", "crew")),
    (LAYOUT, "banner"),
    (LAYOUT, "foot"),
)
# Rows of a kind on one page; the worst come first, and the JSON has more.
MOST_ROWS = 200
MOST_JOBS = 5
LONGEST_FILTER = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """What the page is asked to show: one queue, what a filter fits, only what is in trouble."""

    queue: QueueId | None = None
    href: str = ""
    filter: str = ""
    trouble: bool = False

    def has(self, *words: str) -> bool:
        """Whether the filter fits one of these."""
        return any(self.filter.casefold() in word.casefold() for word in words)


@dataclass(frozen=True, slots=True)
class JobLine:
    """An active job, a link to it, and how much of its lock's usual length is left, of a hundred."""

    pulse: Pulse
    href: str
    queue_href: str
    percent: float | None


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """A worker, the queue it serves, and links to the first of its jobs."""

    worker: Worker
    href: str
    jobs: tuple[tuple[str, str], ...]
    more: int

    @property
    def is_trouble(self) -> bool:
        return self.worker.condition not in (Condition.BEATING, Condition.TAKEN)


@dataclass(frozen=True, slots=True)
class VanishedLine:
    """A worker that went, with links to the jobs that it held."""

    gone: Vanished
    href: str
    jobs: tuple[tuple[str, str], ...]


def routes(base: str) -> list[Route]:
    """The page."""
    return [RawRoute(f"{base}/workers", show, needs=Permission.VIEW, costs=Cost.HEAVY)]


async def show(request: Request) -> Response:
    """The page. Invalid for a queue that is none, NotFound for one that is not there."""
    desk = desk_of(request)
    desk.herd.glance()
    choice = _choice(desk, request.query_params)
    values = _values(desk, frame(desk, request), await _look(desk, choice), choice)
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


def _choice(desk: Desk, asked: QueryParams) -> Choice:
    href = asked.get("queue", "")
    queue = queue_of_page(desk.base, href) if href else None
    return Choice(queue, href, asked.get("filter", "").strip()[:LONGEST_FILTER], asked.get("show") == "trouble")


async def _look(desk: Desk, choice: Choice) -> Crew:
    return await (desk.herd.workers.of_queue(choice.queue) if choice.queue else desk.herd.workers.look())


def _values(desk: Desk, around: Frame, crew: Crew, choice: Choice) -> dict[str, Any]:
    lines = [_worker_line(desk, worker) for worker in crew.workers if _fits_worker(choice, worker)]
    lines = [line for line in lines if line.is_trouble or not choice.trouble]
    pulses = [pulse for pulse in crew.pulses if _fits_pulse(choice, pulse)]
    return {
        "frame": around,
        "place": "workers",
        "choice": choice,
        "crew": crew,
        "trouble": sum(pulse.is_trouble for pulse in crew.pulses),
        "doubtful": sum(pulse.condition is Condition.DOUBTFUL for pulse in crew.pulses),
        "free": sum(worker.free for worker in crew.workers),
        "served": len({worker.serves for worker in crew.workers}),
        "unattended": _unattended(desk, around, choice),
        "vanished": [_vanished_line(desk, gone) for gone in crew.vanished if choice.has(gone.serves, gone.name)],
        "pulses": [_job_line(desk, pulse) for pulse in pulses[:MOST_ROWS]],
        "more_pulses": max(0, len(pulses) - MOST_ROWS),
        "lines": lines[:MOST_ROWS],
        "more_lines": max(0, len(lines) - MOST_ROWS),
        "many": len(around.readings) > 1,
    }


def _unattended(desk: Desk, around: Frame, choice: Choice) -> list[tuple[Queue, str]]:
    """Queues with work and nobody to do it."""
    queues = (q for q in around.snapshot.queues if choice.queue in (None, q.id) and choice.has(q.id.name, q.id.prefix))
    lost = [queue for queue in queues if queue.verdict.health is Health.UNATTENDED]
    return [(queue, queue_page(desk.base, queue.id)) for queue in lost[:MOST_ROWS]]


def _fits_worker(choice: Choice, worker: Worker) -> bool:
    return choice.has(worker.serves, worker.name, worker.address, worker.library, worker.instance)


def _fits_pulse(choice: Choice, pulse: Pulse) -> bool:
    is_wanted = not choice.trouble or pulse.is_trouble or pulse.condition is Condition.DOUBTFUL
    return is_wanted and choice.has(pulse.queue.name, pulse.queue.prefix, pulse.name, pulse.worker, pulse.job_id)


def _job_line(desk: Desk, pulse: Pulse) -> JobLine:
    share = 100 * pulse.lock_left / pulse.usual if pulse.lock_left is not None and pulse.usual else None
    return JobLine(
        pulse,
        _job(desk, pulse.queue, pulse.job_id),
        queue_page(desk.base, pulse.queue),
        None if share is None else min(100.0, share),
    )


def _worker_line(desk: Desk, worker: Worker) -> WorkerLine:
    if worker.queue is None:
        return WorkerLine(worker, "", (), 0)
    jobs = worker.jobs or ()
    return WorkerLine(
        worker,
        queue_page(desk.base, worker.queue),
        _links(desk, worker.queue, jobs),
        max(0, len(jobs) - MOST_JOBS),
    )


def _vanished_line(desk: Desk, gone: Vanished) -> VanishedLine:
    if gone.queue is None:
        return VanishedLine(gone, "", ())
    return VanishedLine(gone, queue_page(desk.base, gone.queue), _links(desk, gone.queue, gone.jobs))


def _links(desk: Desk, queue: QueueId, jobs: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((id, _job(desk, queue, id)) for id in jobs[:MOST_JOBS])


def _job(desk: Desk, queue: QueueId, id: str) -> str:
    """The job's page; empty for an id that is too long to be part of an address."""
    return job_page(desk.base, queue, id) if len(encode_part(id)) <= LONGEST_PART else ""


class Watch:
    """The page as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked) -> None:
        self._desk, self._asked = desk, asked

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        return await self._desk.shared.get(("workers page", self._asked.at), self._look)

    async def _look(self) -> list[Piece]:
        choice = _choice(self._desk, self._asked.params)
        values = _values(self._desk, still(self._desk, self._asked.at), await _look(self._desk, choice), choice)
        return [region(self._desk, self._asked.at, name, values) for name in REGIONS]
