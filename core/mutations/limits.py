"""How many jobs a whole queue runs at once, and within a time: set, lifted, and a window that is used up forgotten."""

from __future__ import annotations

from core.errors import Invalid
from core.instance import Instance
from core.model import Outcome, Queue
from core.mutations.act import Act
from core.mutations.permits import check
from core.mutations.refusals import counted
from core.mutations.sentences import of_queue
from core.words import span

# What the libraries' own scripts can still count with.
LARGEST = 2**53 - 1
# A worker that met the limit sleeps on its own, at most this long, whatever we delete.
_SLEEPS = "A worker that sleeps because of it looks again by itself, within half a minute."


async def set_concurrency(instance: Instance, queue: Queue, limit: int | None) -> Outcome:
    """So many jobs of the queue run at once, over all its workers; None lifts that limit."""
    check(queue, "set_concurrency")
    if limit is not None:
        _check_number("A concurrency", limit)
    changed = await _set(instance, queue, concurrency=limit)
    most = "as many jobs at once as its workers allow" if limit is None else counted(limit, "job", "jobs") + " at once"
    return Outcome("set_concurrency", queue.id, _said(queue, most, changed=changed), changed=changed)


async def set_rate_limit(instance: Instance, queue: Queue, most: int | None, duration: int | None) -> Outcome:
    """At most so many jobs of the queue begin within `duration` ms, over all its workers; both None lift that limit."""
    check(queue, "set_rate_limit")
    if (most is None) != (duration is None):
        raise Invalid("A rate limit is a number of jobs within a number of milliseconds.", "Give both, or neither.")
    if most is None or duration is None:
        changed = await _set(instance, queue, max=None, duration=None)
        return Outcome("set_rate_limit", queue.id, _said(queue, "at any rate", changed=changed), changed=changed)
    _check_number("A number of jobs", most)
    _check_number("A number of milliseconds", duration)
    changed = await _set(instance, queue, max=most, duration=duration)
    rate = f"{counted(most, 'job', 'jobs')} within {span(duration)}"
    return Outcome("set_rate_limit", queue.id, _said(queue, rate, changed=changed), changed=changed)


async def release_rate_limit(instance: Instance, queue: Queue) -> Outcome:
    """The present window of a rate limit, or a limit that a worker set by hand, ends now; the limit itself stays.

    Groups are let go on Bull, which remembers whose jobs it put off. Those of BullMQ 1 and 2 leave no such trace.
    """
    check(queue, "release_rate_limit")
    running, left, groups, cursor = await Act(instance, queue, "release_rate_limit", (0,)).on_queue()
    while cursor:
        more = await Act(instance, queue, "release_rate_limit", (str(cursor),)).on_queue()
        groups, cursor = groups + more[2], more[3]
    if not running and not groups:
        said = f"{of_queue(queue)} is not held back by a rate limit now."
        return Outcome("release_rate_limit", queue.id, said, changed=False)
    early = f", {span(left)} early" if left else ""
    put_off = " Jobs that it has put off stay delayed until they are due, or are promoted." if groups else ""
    said = f"The rate limit of {of_queue(queue)} starts anew{early}.{put_off} {_SLEEPS}"
    return Outcome("release_rate_limit", queue.id, said)


async def _set(instance: Instance, queue: Queue, **fields: int | None) -> bool:
    told = [word for field, value in fields.items() for word in (field, "" if value is None else str(value))]
    (changed,) = await Act(instance, queue, "limit", tuple(told)).on_queue()
    return bool(changed)


def _check_number(what: str, number: int) -> None:
    if not 1 <= number <= LARGEST:
        raise Invalid(f"{what} is 1 or more, not {number:,}.", "To run nothing at all, pause the queue.")


def _said(queue: Queue, most: str, *, changed: bool) -> str:
    return f"{of_queue(queue)} runs {most} now." if changed else f"{of_queue(queue)} ran {most} already."
