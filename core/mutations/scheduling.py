"""Make, change, remove and run schedulers: BullMQ's job schedulers, and the repeatables of Bull and earlier BullMQ.

What is written is what the library itself would have written now, so that its workers carry on: the entry in the
queue's register, and the one job that stands for the next run, from which workers make the one after it.
"""

from __future__ import annotations

import time
from dataclasses import replace

from core.errors import Conflict, NotFound
from core.instance import Instance
from core.model import Outcome, Queue
from core.mutations.act import Act, Answer
from core.mutations.adding import Ready, place_of, write
from core.mutations.job_options import placed
from core.mutations.permits import check
from core.mutations.schedule_checks import checked, first_run
from core.mutations.schedule_form import Form, form_for
from core.mutations.schedule_writing import (
    Draft,
    Wanted,
    repeatable_arguments,
    scheduler_arguments,
)
from core.mutations.sentences import of_job, of_queue
from core.schedulers.front import completed
from core.schedulers.reading import read_head
from core.schedulers.scheduler import Head, Pending
from core.schedulers.template import read_template, writable
from core.text import printable, text

# A deduplication id that a scheduler's jobs share would only keep this one out.
_CLAIMS = ("de", "deduplication", "debounce")
_BUSY = "The times at which it would run next are taken by other jobs of its: remove those, or wait."


async def upsert_scheduler(instance: Instance, queue: Queue, key: str, wanted: Wanted) -> Outcome:
    """The scheduler of that key as it is wanted: made where `wanted.mode` allows that, changed where it is there.

    A repeatable's key says when it runs, so a changed one has another; `job_id` of the outcome is the job that stands
    for its next run. Raises Invalid, Unsupported, NotFound, Conflict.
    """
    check(queue, "upsert_scheduler")
    head = await read_head(instance, queue, key) if wanted.mode != "create" else None
    if wanted.mode == "edit" and head is None:
        raise _missing(queue, key)
    form = await form_for(instance, queue, head)
    if head is not None:
        head, wanted = await _filled(instance, queue, head, wanted)
    now = time.time_ns() // 1_000_000
    checked(queue, form, key, wanted, now)
    draft = Draft(queue, form, head, wanted, first_run(queue, form, wanted, now), now)
    if form is Form.SCHEDULER:
        arguments, verb = scheduler_arguments(draft, key), "upsert_scheduler"
    else:
        arguments, verb = repeatable_arguments(draft), "upsert_repeatable"
    *options, last = arguments
    (answer,) = await Act(instance, queue, verb, tuple(options)).on_jobs([str(last)])
    return _upserted(queue, key or wanted.name or "", head, answer)


async def remove_scheduler(instance: Instance, queue: Queue, key: str) -> Outcome:
    """It makes no more jobs, and the one for its next run goes while it is delayed. Raises NotFound."""
    check(queue, "remove_scheduler")
    head = await read_head(instance, queue, key)
    if head is None:
        raise _missing(queue, key)
    found, dropped = await Act(instance, queue, "remove_scheduler", (key, head.prefix)).on_queue()
    if not found:
        raise _missing(queue, key)
    kept = (
        " A job of its that is in line, or runs, is left to run." if head.pending is Pending.DUE and not dropped else ""
    )
    return Outcome("remove_scheduler", queue.id, f"{_of(queue, key)} was removed; it makes no more jobs.{kept}")


async def run_scheduler(instance: Instance, queue: Queue, key: str) -> Outcome:
    """One more job, made as it makes its own, to run at once; its own runs stay as they are. Raises NotFound."""
    check(queue, "run_scheduler")
    head = await read_head(instance, queue, key)
    if head is None:
        raise _missing(queue, key)
    template = writable(await read_template(instance, queue, head))
    if not template.source:
        raise Conflict(
            f"{_of(queue, key)} has lost the job that says what its jobs are made from.", "Save it anew first."
        )
    options = {
        name: value for name, value in template.options.items() if name not in ("de", "deduplication", "debounce")
    }
    job = Ready(head.name, text(template.data), placed(queue.identity, options, time.time_ns() // 1_000_000))
    (answer,) = await write(instance, queue, [job])
    if answer.code != "ok":
        raise Conflict(f"{_of(queue, key)} was not run: the next numbers are ids of other jobs.")
    job_id = answer.word(0)
    said = f"{of_job(queue, job_id)} was added{place_of(job, answer)}, as scheduler {printable(key[:200])} makes them."
    return Outcome("run_scheduler", queue.id, f"{said} Its own next run stays as it is.", job_id)


async def _filled(instance: Instance, queue: Queue, head: Head, wanted: Wanted) -> tuple[Head, Wanted]:
    """What is not said stays as it is."""
    template = await read_template(instance, queue, head)
    if wanted.data is None or wanted.options is None:
        writable(template)
    return completed(head, template), replace(
        wanted,
        name=head.name if wanted.name is None else wanted.name,
        data=text(template.data) if wanted.data is None else wanted.data,
        options=template.options if wanted.options is None else wanted.options,
    )


def _upserted(queue: Queue, key: str, head: Head | None, answer: Answer) -> Outcome:
    if answer.code == "missing":
        raise _missing(queue, key)
    if answer.code == "exists":
        raise Conflict(f"{_of(queue, key)} is there already.", "Edit it, or choose another.")
    if answer.code == "busy":
        raise Conflict(f"{_of(queue, key)} was left as it is.", _BUSY)
    job_id = answer.word(0)
    done = "was made" if head is None else "was changed"
    wait = " The queue is paused: it runs after a resume." if answer.number(2) else ""
    return Outcome(
        "upsert_scheduler",
        queue.id,
        f"{_of(queue, key)} {done}; its next run is job {printable(job_id)}.{wait}",
        job_id,
    )


def _missing(queue: Queue, key: str) -> NotFound:
    return NotFound(f"There is no scheduler {printable(key[:200])!r} in {of_queue(queue)} (any more).")


def _of(queue: Queue, key: str) -> str:
    return f"Scheduler {printable(key[:200])} of {of_queue(queue)}"
