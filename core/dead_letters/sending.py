"""Sends dead letters back to the queues that they came from, each exactly once: whoever presses twice, whoever else
presses at the same time, and wherever this process ends in between.

Three steps, each of which can be repeated: it is written on the dead letter which job it becomes; that job is added, in
one step with a note beside its queue that it has come, and only if there is no such note; the dead letter is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.dead_letters.letter import DeadLetter, How, Mark, Sent, job_id_for, mark_of
from core.dead_letters.reading import original_data, original_options
from core.dialects.contract import LISTS, contract
from core.errors import Conflict, TickbirdError
from core.ground import Ground
from core.instance import Instance
from core.model import Queue, QueueId, State
from core.mutations.act import Act, Answer, wishes
from core.mutations.adding import BYTES_AT_ONCE, SEARCHING_AT_ONCE, Ready
from core.mutations.deep import removed
from core.mutations.job_options import placed
from core.mutations.permits import check
from core.mutations.receiving import for_a_new_job, hidden_there, receive_jobs
from core.mutations.refusals import refusal
from core.mutations.sentences import of_job
from core.mutations.written import DATA_LIMIT, NAME_LIMIT, json_text, plain_text
from core.redaction.fields import cleaned
from core.sight import now
from core.text import json_or_none, printable, raw_bytes, text


@dataclass(frozen=True, slots=True)
class Parcel:
    """A dead letter and the job that it becomes, in the queue that `mark` names. `stands`: it had that mark before."""

    letter: DeadLetter
    ready: Ready
    mark: Mark
    stands: bool = False

    @property
    def written_mark(self) -> bytes:
        return self.letter.raw_mark if self.stands else self.mark.encode().encode()


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends dead letters of `source` as somebody wants it (`how`)."""

    ground: Ground
    source: Queue
    how: How

    def parcel(self, letter: DeadLetter, to: Queue, name: str, options: Mapping[str, Any]) -> Parcel:
        """The job that it becomes there. Raises Invalid, Unsupported or Conflict where it cannot become one."""
        check(to, "add")
        if (data := original_data(letter)) is None:
            raise Conflict("The data of its job are not in it any more.")
        plain_text("The name", name, NAME_LIMIT)
        json_text("The data", data, DATA_LIMIT)
        self._check_seen(letter, data, to)
        mark, stands = self._mark(letter, to.id)
        given = for_a_new_job(options, to) | ({"attempts": 1} if self.how.once else {})
        place = placed(to.identity, {**given, "jobId": mark.job_id}, now())
        return Parcel(letter, Ready(name, data, place), mark, stands)

    def _check_seen(self, letter: DeadLetter, data: str, to: Queue) -> None:
        here, there = (self.ground.instance(id).redaction(id) for id in (self.source.id, to.id))
        if not here.hides or (here == there and not here.paths):
            return
        seen = _parts(replace(letter, written=text(cleaned(here, b"data", raw_bytes(letter.written)))))
        # There they stand by themselves, so that a path may not lead to them any more.
        again = here == there and seen[0] == json_or_none(cleaned(there, b"data", raw_bytes(data)))
        if seen != _parts(letter) and not again:
            raise hidden_there(to)

    def _mark(self, letter: DeadLetter, to: QueueId) -> tuple[Mark, bool]:
        """The mark that it gets, and whether it has that already."""
        before = letter.mark
        if before is not None and (self.how.again is None or before.at >= self.how.again):
            _check_same(before, to)
            return before, True
        turn = 0 if before is None else before.turn + 1
        job_id = job_id_for(self.source.id, letter, turn)
        return Mark(to.instance, to.prefix, to.name, job_id, now(), turn), False

    async def send(self, parcels: Sequence[Parcel], place: int | None = None) -> list[Sent]:
        """What became of each, in their order. `place`: in their list, this many stand nearer the tail than the first;
        None where they may stand anywhere. Raises Unavailable: then asking again finishes what was begun."""
        claimed = await self._claim(parcels)
        became: dict[str, Sent] = {p.letter.id: sent for p, sent in claimed if sent is not None}
        open_ones = [parcel for parcel, sent in claimed if sent is None]
        arrived = [parcel for parcel in open_ones if parcel.mark.done]
        became |= {parcel.letter.id: _sent(parcel, "before") for parcel in arrived}
        for group in _groups([parcel for parcel in open_ones if not parcel.mark.done]):
            for parcel, sent in zip(group, await self._receive(group), strict=True):
                became[parcel.letter.id] = sent
                arrived += [parcel] if sent.code != "refused" else []
        order = {parcel.letter.id: at for at, parcel in enumerate(parcels)}
        arrived.sort(key=lambda parcel: order[parcel.letter.id])
        stay = await self._finish(arrived, place)
        return [_ended(became[id], stay) for id in order]

    async def _claim(self, parcels: Sequence[Parcel]) -> list[tuple[Parcel, Sent | None]]:
        marks = [mark for p in parcels for mark in (p.written_mark, p.letter.raw_mark)]
        answers = await self._on_source("claim_letter", (len(parcels), *marks), parcels)
        return [self._claimed(parcel, answer) for parcel, answer in zip(parcels, answers, strict=True)]

    def _claimed(self, parcel: Parcel, answer: Answer) -> tuple[Parcel, Sent | None]:
        if answer.code == "ok":
            return parcel, None
        if answer.code != "marked":
            return parcel, refused(parcel.letter, refusal("remove", of_job(self.source, parcel.letter.id), answer))
        stands = mark_of(answer.word(0).encode("utf-8", "surrogateescape"))
        if stands is None or stands.job_id != parcel.mark.job_id or stands.queue != parcel.mark.queue:
            error = Conflict("Somebody else is sending it back at this moment.", "Look at it again.")
            return parcel, refused(parcel.letter, error)
        raw = answer.word(0).encode("utf-8", "surrogateescape")
        return replace(parcel, mark=stands, stands=True, letter=replace(parcel.letter, raw_mark=raw)), None

    async def _receive(self, group: Sequence[Parcel]) -> list[Sent]:
        """All of them go to one queue."""

        async def receive(instance: Instance, queue: Queue) -> list[Answer]:
            return await receive_jobs(instance, queue, [(p.ready, p.mark.at) for p in group])

        try:
            answers = await self.ground.act(group[0].mark.queue, receive)
        except TickbirdError as error:
            return [refused(parcel.letter, error) for parcel in group]
        return [_received(parcel, answer) for parcel, answer in zip(group, answers, strict=True)]

    async def _finish(self, parcels: Sequence[Parcel], place: int | None) -> dict[str, str]:
        """By id, why a dead letter is still there whose job has come; that it has is written on it."""
        stay = {parcel.letter.id: "Its dead letter stays." for parcel in parcels}
        if not self.how.keep:
            stay = await self._remove(parcels, place)
        staying = [parcel for parcel in parcels if parcel.letter.id in stay and not parcel.mark.done]
        marks = [m for p in staying for m in (replace(p.mark, done=True).encode().encode(), p.written_mark)]
        if staying:
            await self._on_source("claim_letter", (len(staying), *marks), staying)
        return stay

    async def _remove(self, parcels: Sequence[Parcel], place: int | None) -> dict[str, str]:
        if not parcels:
            return {}
        if place is None:
            instance = self.ground.instance(self.source.id)
            answers = [await removed(instance, self.source, parcel.letter.id) for parcel in parcels]
        else:
            state = parcels[0].letter.state
            told = wishes(place=place if state in LISTS else None, **{"from": _spelled(self.source, state)})
            answers = await self._on_source("remove", (told,), parcels)
        return {
            parcel.letter.id: f"Its dead letter stays: {refusal('remove', 'it', answer).message}"
            for parcel, answer in zip(parcels, answers, strict=True)
            if answer.code not in ("ok", "dropped", "missing", "gone")
        }

    async def _on_source(
        self, verb: str, options: tuple[str | int | bytes, ...], parcels: Sequence[Parcel]
    ) -> list[Answer]:
        act = Act(self.ground.instance(self.source.id), self.source, verb, options)
        return await act.on_jobs([parcel.letter.id for parcel in parcels])


def _parts(letter: DeadLetter) -> tuple[Any, ...]:
    """The data and options that go on, and whether the data are there."""
    data = original_data(letter)
    return json_or_none(raw_bytes(data or "")), original_options(letter), data is not None


def _check_same(before: Mark, to: QueueId) -> None:
    if before.queue != to:
        raise Conflict(
            f"It was begun to be sent to {printable(before.name)}, not to {printable(to.name)}.",
            "Send it there, or say that it is to be sent once more.",
        )


def _groups(parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    """Those for one queue together, as many as one script adds in a millisecond or two."""
    by_queue: dict[QueueId, list[Parcel]] = {}
    for parcel in parcels:
        by_queue.setdefault(parcel.mark.queue, []).append(parcel)
    for group in by_queue.values():
        piece: list[Parcel] = []
        size = 0
        for parcel in group:
            searched = SEARCHING_AT_ONCE if any(each.ready.place.priority for each in piece) else len(group)
            if piece and (size + parcel.ready.size > BYTES_AT_ONCE or len(piece) >= searched):
                yield piece
                piece, size = [], 0
            piece.append(parcel)
            size += parcel.ready.size
        yield piece


def _spelled(queue: Queue, state: State) -> str:
    """The state as scripts call its key."""
    return contract(queue.identity).keys[state].decode().replace("-", "_")


def _received(parcel: Parcel, answer: Answer) -> Sent:
    if answer.code == "unsure":
        error = Conflict(
            "It was begun to be sent back over six days ago, and its job is not there: it may have run and be gone.",
            "Look whether it ran; then remove it, or send it once more.",
        )
        return refused(parcel.letter, error)
    if answer.code == "taken":
        return refused(parcel.letter, Conflict("Its job could not be added."))
    return _sent(parcel, "sent" if answer.code == "ok" else "before", paused=answer.code == "ok" and answer.number(1))


def _ended(sent: Sent, stay: Mapping[str, str]) -> Sent:
    """The same with what became of the dead letter itself."""
    if sent.code == "refused":
        return sent
    why = stay.get(sent.id, "")
    return replace(sent, sentence=f"{sent.sentence} {why or 'Its dead letter is gone.'}", stays=bool(why))


def _sent(parcel: Parcel, code: str, *, paused: int = 0) -> Sent:
    job = f"Job {printable(parcel.mark.job_id)} of {printable(parcel.mark.name)}"
    said = "was added" if code == "sent" else "had come before; nothing was added"
    rest = "; the queue is paused, so it runs after a resume" if paused else ""
    return Sent(parcel.letter.id, code, f"{job} {said}{rest}.", parcel.mark.queue, parcel.mark.job_id)


def refused(letter: DeadLetter, error: TickbirdError) -> Sent:
    """The dead letter stays as it is, for this reason."""
    return Sent(letter.id, "refused", f"{error.message} {error.hint}".strip())
