"""What can be changed about a job that is there, one act a call; a PATCH is as many as it has fields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from core.errors import Invalid, TickbirdError
from core.model import Outcome, State
from dashboard.api.asked import Asked
from dashboard.api.bodies import LARGEST_JOB, read_body, read_written
from dashboard.api.change_schemas import LONGEST_LINE, LONGEST_REASON
from dashboard.api.fields import check_known, flag, line, whole
from dashboard.api.shapes import Json, outcome, outcomes
from dashboard.api.written import members, value_of
from dashboard.json_edit import compact
from dashboard.urls import queue_of_href

Change = Callable[[], Awaitable[Outcome]]
PATCHED = ("data", "priority", "lifo", "delay", "progress")


async def change_job(asked: Asked) -> Json:
    """Change its data, priority, delay or progress, in this order; the first refusal ends it."""
    written = await _members(asked)
    fields = {name: value_of(text) for name, text in written.items() if name not in ("data", "progress")}
    check_known(written, PATCHED)
    if not set(written) - {"lifo"}:
        raise Invalid("Nothing to change is named.", f"Name one or more of {', '.join(PATCHED)}.")
    return outcomes(asked.base, await in_order(_changes(asked, written, fields)))


def _changes(asked: Asked, written: dict[str, str], fields: dict[str, Any]) -> list[Change]:
    id, job_id, mutations = asked.queue, asked.job_id, asked.herd.mutations
    lifo = flag(fields, "lifo")
    numbers = {name: whole(fields, name) for name in ("priority", "delay") if name in fields}
    changes: list[Change] = []
    if "data" in written:
        changes.append(partial(mutations.edit_data, id, job_id, compact(written["data"])))
    if "priority" in numbers:
        changes.append(partial(mutations.change_priority, id, job_id, numbers["priority"], lifo=lifo))
    if "delay" in numbers:
        changes.append(partial(mutations.change_delay, id, job_id, numbers["delay"]))
    if "progress" in written:
        changes.append(partial(mutations.set_progress, id, job_id, compact(written["progress"])))
    return changes


async def in_order(changes: list[Change]) -> list[Outcome]:
    """One after the other. What one refuses is said together with what was done before it."""
    done: list[Outcome] = []
    for change in changes:
        try:
            done.append(await change())
        except TickbirdError as error:
            if not done:
                raise
            before = " ".join(outcome.sentence for outcome in done)
            raise type(error)(f"{error.message} Done before that: {before}", error.hint) from error
    return done


async def duplicate(asked: Asked) -> Json:
    """Add the same job once more, with other data where some are sent."""
    written = await _members(asked)
    check_known(written, ("data",))
    data = compact(written["data"]) if "data" in written else None
    return outcome(asked.base, await asked.herd.mutations.duplicate(asked.queue, asked.job_id, data=data))


async def move(asked: Asked) -> Json:
    """Move it to another queue."""
    fields = await read_body(asked.request)
    check_known(fields, ("queue", "state", "again"))
    if not isinstance(said := fields.get("queue"), str):
        raise Invalid("queue is the href of the queue to which it goes.", "Each queue of GET /queues has one.")
    act, target = asked.herd.mutations.move, queue_of_href(asked.base, said)
    seen, again = _seen(fields.get("state")), flag(fields, "again")
    return outcome(asked.base, await act(asked.queue, asked.job_id, target, seen=seen, again=again))


def _seen(said: object) -> State | None:
    if said is None:
        return None
    if not isinstance(said, str) or said not in frozenset(State):
        raise Invalid(f"There is no state {said!r:.100}.", f"A state is one of {', '.join(State)}.")
    return State(said)


async def fail(asked: Asked) -> Json:
    """Fail an active job that its worker has abandoned."""
    fields = await read_body(asked.request)
    check_known(fields, ("reason", "force"))
    reason = line(fields, "reason", LONGEST_REASON)
    act = asked.herd.mutations.fail
    return outcome(asked.base, await act(asked.queue, asked.job_id, reason, force=flag(fields, "force")))


async def requeue(asked: Asked) -> Json:
    """Let an active job that its worker has abandoned wait again."""
    fields = await read_body(asked.request)
    check_known(fields, ("force",))
    act = asked.herd.mutations.requeue
    return outcome(asked.base, await act(asked.queue, asked.job_id, force=flag(fields, "force")))


async def add_line(asked: Asked) -> Json:
    """Add a line to its log."""
    fields = await read_body(asked.request, 4 * LONGEST_LINE)
    check_known(fields, ("line",))
    return outcome(
        asked.base, await asked.herd.mutations.log(asked.queue, asked.job_id, line(fields, "line", LONGEST_LINE))
    )


async def _members(asked: Asked) -> dict[str, str]:
    """The fields of the body as they were written."""
    written = await read_written(asked.request, LARGEST_JOB)
    if not written:
        return {}
    if not isinstance(value_of(written), dict):
        raise Invalid("The body is not a JSON object.")
    return members(written)
