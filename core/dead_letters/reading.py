"""Dead letters as they lie in Redis: their few fields, data where these are not too large, and their originals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.dead_letters.letter import MARK, DeadLetter, mark_of
from core.dead_letters.mapping import Mapped
from core.dead_letters.parts import written_at
from core.dead_letters.recognise import Source, recognise, stripped
from core.instance import Instance, pack
from core.jobs.rows import Placed
from core.model import QueueId
from core.redaction.fields import cleaned, cleaned_text
from core.redaction.redaction import Redaction
from core.text import integer, json_or_none, nearest_bytes, raw_bytes, text

# A page shows what a dead letter says, and reads no larger one for it; whoever sends it back reads it whole (bytes).
SHOWN = 262_144
# So much is shipped at once.
AT_ONCE = 2_000_000
_SMALL = (b"name", b"timestamp", MARK.encode())
_LONGEST_NAME = 512

Find = Callable[[str], QueueId | None]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one queue's dead letters are read: `find` knows the queue that a word means, `largest` the data that are
    still read, `redaction` what of them nobody sees."""

    instance: Instance
    queue: QueueId
    table: Mapped | None
    find: Find
    largest: int
    redaction: Redaction

    async def letters(self, placed: Sequence[Placed]) -> list[DeadLetter]:
        """Those of them that are there, in their order. Raises Unavailable."""
        found: list[DeadLetter] = []
        for piece in _pieces(await self._bare(placed)):
            asked = [letter for letter in piece if letter.data_size <= self.largest]
            base = self.queue.base
            answers = await self.instance.read([pack("HGET", base + raw_bytes(each.id), "data") for each in asked])
            data = {letter.id: answer for letter, answer in zip(asked, answers, strict=True)}
            found += [self._read(letter, data.get(letter.id)) for letter in piece]
        return found

    async def _bare(self, placed: Sequence[Placed]) -> list[DeadLetter]:
        base = self.queue.base
        asked = [
            command
            for job in placed
            for command in (pack("HMGET", base + job.id, *_SMALL), pack("HSTRLEN", base + job.id, "data"))
        ]
        answers = await self.instance.read(asked)
        pairs = zip(placed, answers[::2], answers[1::2], strict=True)
        return [
            DeadLetter(
                text(job.id),
                job.state,
                text((fields[0] or b"")[:_LONGEST_NAME]),
                integer(fields[1]),
                size if isinstance(size, int) else 0,
                mark=mark_of(fields[2]),
                raw_mark=fields[2] or b"",
            )
            for job, fields, size in pairs
            if fields and any(field is not None for field in fields)
        ]

    def _read(self, letter: DeadLetter, data: bytes | None) -> DeadLetter:
        if data is None:
            too_large = letter.data_size > self.largest
            why = f"Its data are larger than {self.largest:,} bytes." if too_large else "It has no data."
            return replace(letter, why_not=why)
        written = text(cleaned(self.redaction, b"data", data))
        told = recognise(letter.own_name, json_or_none(raw_bytes(written)), self.table)
        if told is None:
            return replace(letter, why_not="It does not say of which job it is what is left.")
        told = replace(told, error=self._seen(b"failedReason", told.error), stack=self._seen(b"stacktrace", told.stack))
        queue = self.find(told.queue.text) if told.queue else None
        sure = told.name if told.name and told.name.source is not Source.GUESSED else None
        letter = replace(letter, told=told, written=written, queue=queue, queue_said=told.queue, name=sure)
        if queue == self.queue:
            return replace(letter, why_not="It names this very queue.")
        likely_name = told.name.text if told.name and not sure else ""
        return replace(letter, likely_name=likely_name, likely_queue=None if queue else self._likely(letter))

    def _seen(self, field: bytes, said: str | None) -> str | None:
        """A text without what must not be seen in it."""
        return None if said is None else text(cleaned_text(self.redaction, field, nearest_bytes(said)))

    def _likely(self, letter: DeadLetter) -> QueueId | None:
        """The known queue that its own name, or the name of the queue it lies in, speaks of."""
        words = (stripped(letter.own_name), stripped(self.queue.name))
        return next((id for word in words if (id := self.find(word)) not in (None, self.queue)), None)


def original_data(letter: DeadLetter) -> str | None:
    """The original job's data, as they are written; None where they are not there."""
    return written_at(letter.written, letter.told.data) if letter.told else None


def original_options(letter: DeadLetter) -> Mapping[str, Any]:
    """The original job's options, as far as they are recorded."""
    told = letter.told
    written = written_at(letter.written, told.options) if told and told.options else None
    options = json_or_none(raw_bytes(written)) if written else None
    return options if isinstance(options, dict) else {}


async def originals(instance: Instance, letters: Sequence[DeadLetter]) -> dict[str, tuple[str, dict[str, Any]]]:
    """By dead letter, the name and options of the failed job that it speaks of, where that is still in its queue, with
    the same data. All these queues lie in this instance."""
    asked = [each for each in letters if each.queue and each.told and each.told.original_id]
    keys = [each.queue.base + nearest_bytes(each.told.original_id or "") for each in asked if each.queue and each.told]
    sizes = await instance.read([pack("HSTRLEN", key, name) for key in keys for name in ("data", "opts")])
    near = [
        (letter, key)
        for letter, key, data, opts in zip(asked, keys, sizes[::2], sizes[1::2], strict=True)
        if isinstance(data, int) and isinstance(opts, int) and data + opts <= SHOWN
    ]
    answers = await instance.read([pack("HMGET", key, "name", "opts", "data") for _, key in near])
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for (letter, _), fields in zip(near, answers, strict=True):
        name, opts, data = fields or (None, None, None)
        options = json_or_none(opts)
        if name is not None and json_or_none(data) == json_or_none(raw_bytes(original_data(letter) or "null")):
            found[letter.id] = text(name), options if isinstance(options, dict) else {}
    return found


def _pieces(letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    piece: list[DeadLetter] = []
    room = AT_ONCE
    for letter in letters:
        if piece and letter.data_size > room:
            yield piece
            piece, room = [], AT_ONCE
        piece.append(letter)
        room -= letter.data_size
    if piece:
        yield piece
