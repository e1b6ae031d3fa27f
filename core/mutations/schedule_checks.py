"""Whether a scheduler makes sense as it is wanted, and when it would run first. Pure."""

from __future__ import annotations

import re

from core.errors import Invalid, Unsupported
from core.model import Queue
from core.mutations.job_options import LAST_DUE, OPTIONS_LIMIT, placed
from core.mutations.schedule_form import Form
from core.mutations.schedule_writing import Wanted, own_options
from core.mutations.written import DATA_LIMIT, NAME_LIMIT, json_text, plain_text
from core.schedulers.cron import Unreadable
from core.schedulers.runs import following, reader_of
from core.schedulers.scheduler import Timing
from core.schedulers.times import CannotTell
from core.schedulers.zones import zone

ID_LIMIT = 200
# Ten years: longer than that nobody waits, and the sums stay exact.
LONGEST_EVERY = 10 * 366 * 86_400_000
_ID = re.compile(r"[^:\s\x00-\x1f]+")


def checked(queue: Queue, form: Form, key: str, wanted: Wanted, now: int) -> None:
    """Raises Invalid, or Unsupported for what this form of scheduler does not have."""
    if wanted.mode == "create":
        _check_key(form, key, wanted)
    plain_text("The name", wanted.name or "", NAME_LIMIT)
    if form is not Form.SCHEDULER and (not wanted.name or ":" in wanted.name):
        raise Invalid("The jobs need a name, and one without a colon: it is part of the repeatable's key.")
    json_text("The data", wanted.data or "{}", DATA_LIMIT)
    placed(queue.identity, own_options(wanted), now)
    if len(str(dict(wanted.options or {}))) > OPTIONS_LIMIT:
        raise Invalid(f"The options are longer than {OPTIONS_LIMIT:,} bytes.")
    _check_timing(form, wanted)
    _check_bounds(wanted.timing, now)


def first_run(queue: Queue, form: Form, wanted: Wanted, now: int) -> int:
    """When it runs first, as its library counts; of a scheduler with a length, its script does that. Raises Invalid."""
    timing = wanted.timing
    if timing.every is not None:
        return now if form is Form.SCHEDULER else now // timing.every * timing.every + timing.every
    if wanted.immediately:
        return now
    try:
        first = next(following(timing, reader_of(queue.identity), now), None)
    except Unreadable as error:
        raise Invalid(f"This cannot be read as a schedule: {error}") from None
    except CannotTell:
        raise Invalid(
            "Libraries count its next run differently, for the clocks of its zone change before it."
        ) from None
    if first is None or first > LAST_DUE:
        raise Invalid("It would never run: no such day comes within 40 years, or not before September 2039.")
    if timing.end is not None and first > timing.end:
        raise Invalid("It would never run: its first run is after its end.")
    return first


def _check_key(form: Form, key: str, wanted: Wanted) -> None:
    what = "id" if form is Form.SCHEDULER else "job id"
    id = key if form is Form.SCHEDULER else wanted.own_id
    plain_text(f"The {what}", id, ID_LIMIT)
    if (id or form is Form.SCHEDULER) and not _ID.fullmatch(id):
        raise Invalid(
            f"The {what} {id[:60]!r} has a colon or a space, or is empty.", "Letters, digits, . _ - are fine."
        )


def _check_timing(form: Form, wanted: Wanted) -> None:
    timing = wanted.timing
    if (timing.pattern is None) == (timing.every is None):
        raise Invalid("A scheduler has either a pattern, such as 0 3 * * *, or a length, such as every 5 minutes.")
    if timing.every is not None and not 1 <= timing.every <= LONGEST_EVERY:
        raise Invalid("It repeats every 1 ms to every 10 years.")
    if timing.tz is not None and zone(timing.tz) is None:
        raise Invalid(f"The time zone {timing.tz[:60]!r} is not known.", "Such as Europe/Berlin, or UTC.")
    if wanted.immediately and timing.start is not None:
        raise Invalid("It cannot both run at once and begin later.")
    if timing.offset is not None and (timing.every is None or not 0 <= timing.offset < timing.every):
        raise Invalid("An offset is shorter than the length after which it repeats.")
    if form is Form.SCHEDULER:
        return
    if wanted.immediately or timing.offset:
        raise Unsupported("Repeatables of this library begin at their next time.", "Save it, and run it once by hand.")
    if timing.every is not None and timing.start is not None:
        raise Unsupported("A repeatable with a length begins at once in this library: it has no start.")


def _check_bounds(timing: Timing, now: int) -> None:
    if timing.end is not None and not now < timing.end <= LAST_DUE:
        raise Invalid("Its end is later than now, and not after September 2039.")
    if timing.start is not None and not 0 <= timing.start <= LAST_DUE:
        raise Invalid("Its start is not after September 2039.")
    if timing.limit is not None and not 1 <= timing.limit < 2**31:
        raise Invalid("A limit is a number of runs, from 1.")
