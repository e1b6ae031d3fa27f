"""Several jobs in one text: a JSON array of them, or one on each line. Kept as they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.errors import Invalid, TickbirdError
from core.model import Queue
from core.mutations.adding import JOBS_LIMIT, NewJob
from core.mutations.job_options import placed
from core.mutations.permits import check
from core.mutations.written import DATA_LIMIT, NAME_LIMIT, json_text, plain_text
from dashboard.api.fields import check_known
from dashboard.api.written import elements, members, value_of
from dashboard.json_edit import compact
from dashboard.words import count, now

# A page carries the text from its form to the question and back (characters).
LONGEST = 2_000_000


def read_jobs(text: str, name: str) -> list[NewJob]:
    """The jobs; those that do not say how they are called get this name. Raises Invalid, with the number or line of the
    first that cannot be read."""
    written = text.strip()
    if len(written) > LONGEST:
        raise Invalid(f"The text has {count(len(written))} characters; at most {count(LONGEST)} are read here.")
    if not written:
        raise Invalid("There is nothing to add.", "Paste a JSON array of jobs, or one job on each line.")
    parts = _array(written) if written.startswith("[") else _lines(written)
    if len(parts) > JOBS_LIMIT:
        raise Invalid(f"{count(len(parts))} jobs are too many; at most {count(JOBS_LIMIT)} at a time.")
    return [_job(which, part, name) for which, part in parts]


def check_jobs(queue: Queue, jobs: Sequence[NewJob]) -> None:
    """Raises, with the number of the first, where one cannot be added to this queue."""
    check(queue, "add")
    for at, job in enumerate(jobs):
        try:
            plain_text("The name", job.name, NAME_LIMIT)
            json_text("The data", job.data, DATA_LIMIT)
            placed(queue.identity, job.options, now())
        except TickbirdError as error:
            raise type(error)(f"Number {count(at + 1)}: {error.message}", error.hint) from None


def names_of(jobs: Sequence[NewJob]) -> list[tuple[str, int]]:
    """What they are called, the most frequent first."""
    return Counter(job.name for job in jobs).most_common()


def _array(written: str) -> list[tuple[str, str]]:
    if not isinstance(value_of(written), list):
        raise Invalid("This is no JSON array.")
    return [(f"Number {count(at)}", part) for at, part in enumerate(elements(written), start=1)]


def _lines(written: str) -> list[tuple[str, str]]:
    lines = ((f"Line {count(at)}", line) for at, line in enumerate(written.splitlines(), start=1))
    return [(which, line) for which, line in lines if line.strip()]


def _job(which: str, written: str, name: str) -> NewJob:
    try:
        if not isinstance(value_of(written), dict):
            raise Invalid('a job is an object, {"name": …, "data": …, "opts": …}.')
        parts = members(written)
        check_known(parts, ("name", "data", "opts"))
        own, options = value_of(parts.get("name", "null")), value_of(parts.get("opts", "{}"))
        if not isinstance(own if own is not None else name, str) or not (own or name):
            raise Invalid("name is missing, or no text.", "Say it for each, or once for all that do not.")
        if not isinstance(options, dict):
            raise Invalid("opts is an object, with the options by BullMQ's own names.")
        return NewJob(str(own or name), compact(parts.get("data", "{}")), options)
    except TickbirdError as error:
        said = error.message.replace("The body is", "it is")
        raise Invalid(f"{which}: {said}", error.hint) from None
