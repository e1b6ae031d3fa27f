"""Where dead letters go back to, and as what: from what they record, what is still there of their originals, what a
person says, and what is usual in that queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.access.asker import asker
from core.dead_letters.letter import DeadLetter, Sent
from core.dead_letters.reading import original_options, originals
from core.dead_letters.sending import Parcel, Sender, refused
from core.errors import Conflict, Invalid, NotFound, TickbirdError, Unavailable
from core.ground import Ground
from core.model import QueueId
from core.redaction.redaction import NOTHING_HIDDEN
from core.sight import Sight
from core.snapshot import Snapshot
from core.text import printable
from core.usual import read_usual

Original = tuple[str, Mapping[str, Any]]


def known_queue(snapshot: Snapshot, near: QueueId, said: str) -> QueueId | None:
    """The queue that a word means: the one beside `near`, else the only one called so; None where there is no such, or
    more than one."""
    meant = _meant(snapshot, near, said)
    return meant[0] if len(meant) == 1 else None


def _meant(snapshot: Snapshot, near: QueueId, said: str) -> list[QueueId]:
    """The nearest of those that are called so."""
    ids = [queue.id for queue in snapshot.queues]
    called = [id for id in ids if said in (id.name, f"{id.prefix}:{id.name}")]
    beside = [id for id in called if id == QueueId(near.instance, near.prefix, said)]
    return beside or [id for id in called if id.instance == near.instance] or called


@dataclass(slots=True)
class Addressing:
    """One call of somebody who sends them back: what is usual in a queue is asked once."""

    sight: Sight
    ground: Ground
    sender: Sender
    usual: dict[tuple[QueueId, str], Mapping[str, Any]] = field(default_factory=dict)

    async def send(self, letters: Sequence[DeadLetter], place: int | None) -> list[Sent]:
        """What became of each, in order; `place` as in `Sender.send`. Raises Unavailable."""
        there = await self._originals(letters)
        became: dict[str, Sent] = {}
        parcels: list[Parcel] = []
        for letter in letters:
            try:
                parcels.append(await self._parcel(letter, there.get(letter.id)))
            except Unavailable:
                raise
            except TickbirdError as error:
                became[letter.id] = refused(letter, error)
        if parcels:
            became |= {sent.id: sent for sent in await self.sender.send(parcels, place)}
        return [became[letter.id] for letter in letters]

    async def _originals(self, letters: Sequence[DeadLetter]) -> dict[str, Original]:
        by_instance: dict[str, list[DeadLetter]] = {}
        for letter in letters:
            if letter.queue is not None:
                by_instance.setdefault(letter.queue.instance, []).append(letter)
        found: dict[str, Original] = {}
        for name, mine in by_instance.items():
            found |= await originals(self.sight.present(name), mine)
        return found

    async def _parcel(self, letter: DeadLetter, original: Original | None) -> Parcel:
        if letter.why_not:
            raise Conflict(letter.why_not)
        to, name = self._queue(letter), self._name(letter, original)
        queue = self.ground.find(to)
        options = original_options(letter) or (original[1] if original else await self._usual(letter, to, name))
        return self.sender.parcel(letter, queue, name, options)

    def _queue(self, letter: DeadLetter) -> QueueId:
        how = self.sender.how
        self._check_sight(letter)
        to = letter.queue or how.to or (letter.likely_queue if how.guesses else None)
        if to is not None:
            return to
        if letter.queue_said is not None:
            said = f"It came from {printable(letter.queue_said.text)}, of which there is none here, or more than one."
            raise Invalid(said, "Say which queue it goes to.")
        raise Invalid("It is not recorded which queue it came from.", "Say which.")

    def _check_sight(self, letter: DeadLetter) -> None:
        """Raises NotFound where it came from a queue that is hidden from who asks: it goes to no other one."""
        if letter.queue_said is None:
            return
        meant = _meant(self.sight.everything, self.sender.source.id, letter.queue_said.text)
        if not all(map(asker().scope.has, meant)):
            raise NotFound("Its original queue is not there for you.", "Who may see it can send it back.")

    def _name(self, letter: DeadLetter, original: Original | None) -> str:
        how = self.sender.how
        name = letter.name.text if letter.name else original[0] if original else how.name
        name = name or (letter.likely_name if how.guesses else "")
        if not name:
            raise Invalid("It is not recorded what its job was called.", "Say its name.")
        return name

    async def _usual(self, letter: DeadLetter, to: QueueId, name: str) -> Mapping[str, Any]:
        """What jobs of that name mostly have there; and as many attempts as it had."""
        if (to, name) not in self.usual:
            # Not within the time of a page: what was begun is not to stop because Redis is slow.
            usual = await read_usual(self.sight.present(to.instance), self.ground.find(to), name, NOTHING_HIDDEN)
            self.usual[to, name] = usual.given
        attempts = letter.told.attempts if letter.told else None
        return {**self.usual[to, name], **({"attempts": attempts} if attempts else {})}
