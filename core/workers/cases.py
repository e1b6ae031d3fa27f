"""What speaks for or against the worker of one active job: its lock, who is connected, who went, who renews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.clients import Connection
from core.text import text
from core.workers.beats import Beat
from core.workers.crew import Vanished
from core.workers.readings import Held, Look
from core.workers.remembered import Memory, Run, could_be_of
from core.workers.usual import Usual

# A worker that waits for jobs asks anew at least this often, in every library, unless told otherwise.
ASKS_EVERY = 10_000


@dataclass(frozen=True, slots=True)
class Team:
    """The workers of one queue: their connections (None where Redis does not list them), those that went, newest first,
    and of which owners locks are known to be renewed."""

    connections: tuple[Connection, ...] | None = ()
    vanished: tuple[Vanished, ...] = ()
    renewing: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that speaks of one active job."""

    held: Held
    run: Run
    beat: Beat
    look: Look
    of_queue: Team
    usual: Usual | None

    @property
    def worker(self) -> str:
        return self.run.facts.worker

    @property
    def team(self) -> tuple[Connection, ...] | None:
        return self.of_queue.connections

    @property
    def candidates(self) -> tuple[Connection, ...]:
        """The connections of those who could hold it."""
        team = self.team or ()
        return tuple(each for each in team if each.worker == self.worker) if self.worker else team

    @property
    def beating(self) -> int:
        """How many other workers of the queue are known to renew their locks."""
        return len(self.of_queue.renewing - {self.held.owner}) if self.held.owner else 0

    @property
    def overdue(self) -> int:
        """For how long its renewal should have come; 0 while it has not to."""
        if self.held.left is None:
            lost = self.look.at - (self.run.unlocked_since or self.look.at)
            return lost + (self.beat.due if self.beat.largest else ASKS_EVERY)
        return max(0, self.beat.due - self.held.left)

    @property
    def went(self) -> Vanished | None:
        """The last connection that could be its own and went after its lock was last renewed."""
        seen = self.run.renewed_at or self.run.seen_at
        gone = (each for each in self.of_queue.vanished if not self.worker or each.name == self.worker)
        return next((v for v in gone if v.gone_at >= seen and could_be_of(self.held, self.run, v.seen_at)), None)


def teams(look: Look, memory: Memory) -> Mapping[bytes, Team]:
    """The workers of every queue that has active jobs, by its base key."""
    bases = {held.queue.id.base for held in look.held}
    connected: dict[bytes, list[Connection]] = {base: [] for base in bases}
    renewing: dict[bytes, set[bytes]] = {base: set() for base in bases}
    gone: dict[str, list[Vanished]] = {}
    for known in (memory.connections or {}).values():
        if known.connection.base in bases:
            connected[known.connection.base].append(known.connection)
    for held in look.held:
        if held.owner and memory.runs[held.key].renewed_at and (held.left or 0) >= memory.beat(held).due:
            renewing[held.queue.id.base].add(held.owner)
    for each in reversed(memory.vanished):
        gone.setdefault(each.serves, []).append(each)
    listed = look.connected is not None and memory.connections is not None
    return {
        base: Team(
            tuple(connected[base]) if listed else None,
            tuple(gone.get(text(base[:-1]), ())),
            frozenset(renewing[base]),
        )
        for base in bases
    }
