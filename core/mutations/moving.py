"""Moves a job to another queue of its Redis, exactly once: whoever presses twice, whoever else presses at the same
time, and wherever this process ends in between.

Three steps, each of which can be repeated: the job is set aside, in one step with a mark on it that says where it goes
and as which job; that job is added there, in one step with a note that it has come; the one set aside is removed.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass

from core.errors import Conflict, Invalid, TickbirdError
from core.ground import Ground
from core.instance import Instance
from core.model import Outcome, Queue, State
from core.mutations.act import Act, Answer
from core.mutations.adding import Ready, place_of
from core.mutations.deep import TRIES, place_in
from core.mutations.duplicating import Original, read_original
from core.mutations.job_options import LAST_DUE, placed
from core.mutations.permits import check
from core.mutations.receiving import hidden_there, is_forgotten, receive_jobs
from core.mutations.refusals import refusal
from core.mutations.sentences import of_job, of_queue
from core.mutations.translating import Translated, translated
from core.redaction.fields import cleaned
from core.sight import now
from core.text import json_or_none, printable, raw_bytes

# What a job that has moved is called in its new queue: its old id may be another job's there.
PREFIX = "moved-"
_WHEN = ("processedOn", "finishedOn")
_FINISHED = (None, State.COMPLETED, State.FAILED)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Written on a job that is set aside: to which queue of its Redis it goes, as which job, and since when."""

    prefix: str
    name: str
    job_id: str
    at: int

    def encode(self) -> bytes:
        return json.dumps((self.prefix, self.name, self.job_id, self.at), separators=(",", ":")).encode()


def ticket_of(raw: bytes | None) -> Ticket | None:
    """The ticket in that field; None where there is none, or somebody else wrote there."""
    value = json_or_none(raw)
    if not isinstance(value, list) or list(map(type, value)) != [str, str, str, int]:
        return None
    return Ticket(*value)


@dataclass(frozen=True, slots=True)
class Aside:
    """A job that is set aside: its ticket, the state that it left, and when it was due, in ms; 0 if not delayed."""

    ticket: Ticket
    state: str
    due: int


@dataclass(frozen=True, slots=True)
class Move:
    """Of jobs from `source` to `target`. `seen` is the state in which somebody decided it: what was still to run then,
    and has finished since, would run twice. `again`: also of one that may have come there six days ago, and run."""

    ground: Ground
    instance: Instance
    source: Queue
    target: Queue
    seen: State | None = None
    again: bool = False

    async def take(self, job_id: str) -> Outcome:
        """The outcome names the job in its new queue. Raises Conflict, NotFound, Invalid or Unsupported, and has then
        changed nothing; Unavailable, and then asking again finishes what was begun."""
        self.check()
        read = await read_original(self.instance, self.source, job_id, verb="move", more=("movingTo", *_WHEN))
        self._check_seen(read)
        became = translated(read, self.target)
        # What its new queue would refuse has to be known before anything is done.
        self._ready(became, Aside(self._ticket(), "", 0))
        aside = await self._aside(job_id, read)
        answer, ready = await self._bring(job_id, became, aside)
        (gone,) = await self._act("let_go", aside.ticket.encode()).on_jobs([job_id])
        return self._outcome(job_id, (ready, answer, aside, gone), became)

    def check(self) -> None:
        """Raises what forbids it for every job of that queue."""
        check(self.source, "move")
        check(self.target, "add")
        if self.target.id == self.source.id:
            raise Invalid(f"It is in {of_queue(self.source)} already.", "Name another queue.")
        if self.target.id.instance != self.source.id.instance:
            raise Invalid("A job moves between queues of one Redis only.", "Add it there, and remove it here.")

    def _check_seen(self, read: Original) -> None:
        here, there = (self.instance.redaction(queue.id) for queue in (self.source, self.target))
        fields = {name: read.fields[name.decode()] or b"" for name in (b"data", b"opts")}
        if here != there and any(raw and cleaned(here, name, raw) != raw for name, raw in fields.items()):
            raise hidden_there(self.target)

    def _ticket(self) -> Ticket:
        id = self.target.id
        return Ticket(id.prefix, id.name, PREFIX + uuid.uuid4().hex[:24], now())

    async def _aside(self, job_id: str, read: Original) -> Aside:
        """Set aside by us, or before. Raises where it may not be moved, or goes elsewhere."""
        raw = read.fields["movingTo"] or b""
        before, mark = ticket_of(raw), self._ticket().encode()
        replaced = raw if self.again and before is not None and is_forgotten(before.at) else b""
        answer = await self._set_aside(job_id, (mark, replaced, _digest(read), int(self.seen in _FINISHED)))
        if answer.code == "ok":
            return _aside(mark, answer.details)
        if answer.code != "marked":
            raise refusal("move", of_job(self.source, job_id), answer)
        return self._same(_aside(raw_bytes(answer.word(0)), answer.details[1:]))

    async def _set_aside(self, job_id: str, told: tuple[bytes, bytes, str, int]) -> Answer:
        """What the script says, once it has been told the place where it could not be expected to look."""

        async def ask(state: str = "", place: int = 0) -> Answer:
            (answer,) = await self._act("set_aside", *told, state, place).on_jobs([job_id])
            return answer

        answer = await ask()
        lists = [str(state) for state in answer.details] if answer.code == "deep" else []
        for state in lists * TRIES:
            place = await place_in(self.instance, self.source.id.base + state.encode(), raw_bytes(job_id))
            if place is not None and (found := await ask(state, place)).code != "nowhere":
                return found
        return Answer("nowhere") if lists else answer

    def _same(self, aside: Aside) -> Aside:
        ticket, id = aside.ticket, self.target.id
        if (ticket.prefix, ticket.name) != (id.prefix, id.name):
            said = f"It was begun to be moved to {printable(ticket.prefix)}:{printable(ticket.name)}, not there."
            raise Conflict(said, "Move it to that queue: then what was begun is finished.")
        return aside

    def _ready(self, became: Translated, aside: Aside) -> Ready:
        at = now()
        delay = {"delay": min(max(0, aside.due - at), LAST_DUE - at)} if aside.due else {}
        place = placed(self.target.identity, {**became.options, **delay, "jobId": aside.ticket.job_id}, at)
        return Ready(became.name, became.data, place)

    async def _bring(self, job_id: str, became: Translated, aside: Aside) -> tuple[Answer, Ready]:
        """It is there now, or was before; what it would be added as."""
        ready = self._ready(became, self._same(aside))
        try:
            answer = await self._receive(ready, aside)
        except TickbirdError as error:
            job = of_job(self.source, job_id)
            said = f"{job} is set aside, and no worker takes it: move it there once more, and it goes on."
            raise type(error)(f"{error.message} {said}", error.hint) from error
        if answer.code == "unsure":
            raise Conflict(
                f"{of_job(self.source, job_id)} was begun to be moved over six days ago, and is not in "
                f"{of_queue(self.target)}: it may have run there, and be gone.",
                "Look whether it ran; to move it nevertheless, say again.",
            )
        return answer, ready

    async def _receive(self, ready: Ready, aside: Aside) -> Answer:
        async def receive(instance: Instance, queue: Queue) -> Answer:
            (answer,) = await receive_jobs(instance, queue, [(ready, aside.ticket.at)])
            return answer

        return await self.ground.act(self.target.id, receive)

    def _act(self, verb: str, *told: str | bytes | int) -> Act:
        return Act(self.instance, self.source, verb, told)

    def _outcome(self, job_id: str, done: tuple[Ready, Answer, Aside, Answer], became: Translated) -> Outcome:
        ready, answer, aside, gone = done
        new_id, is_new = aside.ticket.job_id, answer.code == "ok"
        how = place_of(ready, answer) if is_new else ", where it had come before"
        said = f"{of_job(self.source, job_id)} is in {of_queue(self.target)} now, as job {printable(new_id)}{how}."
        behind = f" {became.said}" if became.said else ""
        attempts = " Its attempts begin anew; its log, progress and result are gone."
        changed = is_new or gone.code == "ok"
        return Outcome("move", self.target.id, said + attempts + behind, new_id, changed=changed)


def _aside(mark: bytes, details: tuple[str | int, ...]) -> Aside:
    ticket = ticket_of(mark)
    if ticket is None:
        raise Conflict("Somebody else wrote on the job where it goes.", "Remove its field movingTo, if you know why.")
    state, due = (str(each) for each in details)
    return Aside(ticket, state, int(due))


def _digest(read: Original) -> str:
    """As verbs/set_aside.lua makes it."""
    raw = b"\n".join(read.fields[name] or b"" for name in ("data", "opts", "priority", *_WHEN))
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest()
