"""What is remembered of an instance from look to look: who was connected, and how each lock went on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.clients import Connection
from core.model import Dialect, Queue
from core.text import text
from core.workers.beats import JUST_BEGUN, Beat, expected
from core.workers.crew import Vanished
from core.workers.readings import Held, Look, who

# Answers of one look differ from those of the next by the time they took to come (milliseconds).
JITTER = 400
# Over longer than this between two looks, nobody knows how far a lock had run down before it was renewed.
CLOSE = 2_500
# Who vanished is told for so long, and so many of them.
TOLD_FOR = 15 * 60_000
MOST_TOLD = 100
# Of one queue: more than its workers, and where each lock has a token of its own, more than are looked at.
MOST_RHYTHMS = 200
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What does not change while a job runs."""

    name: str = ""
    worker: str = ""
    timeout: int | None = None


@dataclass(slots=True)
class Run:
    """One run of a job, under one token. All but `token`, `facts` and `steps` are instants."""

    token: bytes
    since: int | None
    seen_at: int
    still_since: int
    looked_at: int
    facts: Facts = Facts()
    steps: tuple[int, int] = (0, 0)
    until: int | None = None
    renewed_at: int | None = None
    unlocked_since: int | None = None


@dataclass(slots=True)
class Known:
    """A connection that is there, and since when."""

    connection: Connection
    connected_at: int | None
    seen_at: int


@dataclass(slots=True)
class Memory:
    """Of one instance. `connections` is None until Redis has listed its clients once; `beats` are by queue and worker,
    `runs` by the job's key, `queues` by base."""

    queues: Mapping[bytes, Queue] = field(default_factory=dict)
    connections: dict[Key, Known] | None = None
    vanished: list[Vanished] = field(default_factory=list)
    runs: dict[bytes, Run] = field(default_factory=dict)
    beats: dict[bytes, dict[bytes, Beat]] = field(default_factory=dict)

    def is_new(self, held: Held) -> bool:
        """Whether nothing is known yet of this run."""
        run = self.runs.get(held.key)
        return run is None or run.since != held.since or bool(held.token and run.token and run.token != held.token)

    def take(self, look: Look, facts: Mapping[bytes, Facts], queues: Mapping[bytes, Queue]) -> None:
        """Take in a look. `facts` are those of runs that are new, `queues` the known ones by base key."""
        self.queues = queues
        self.runs = {held.key: self._run(held, look.at, facts) for held in look.held}
        self.beats = {base: beats for base, beats in self.beats.items() if base in queues}
        for held in look.held:
            self._hear(held, look.at)
        if look.connected is not None:
            self._meet(look)
        self.vanished = [each for each in self.vanished if look.at - each.gone_at < TOLD_FOR][-MOST_TOLD:]

    def beat(self, held: Held) -> Beat:
        """By which rhythm this lock should be renewed."""
        beats = self.beats.get(held.queue.id.base, {})
        return expected(beats.get(_rhythm(held), Beat()), beats.values())

    def _run(self, held: Held, at: int, facts: Mapping[bytes, Facts]) -> Run:
        steps = (held.lines, held.progress)
        if self.is_new(held):
            return Run(held.token, held.since, at, at, at, facts.get(held.key, Facts()), steps)
        run = self.runs[held.key]
        run.token = held.token or run.token
        if run.steps != steps:
            run.steps, run.still_since = steps, at
        return run

    def _hear(self, held: Held, at: int) -> None:
        run = self.runs[held.key]
        if held.left is None:
            run.until = None
            run.unlocked_since = run.unlocked_since or at
        else:
            self._hear_lock(held, run, at)
        run.looked_at = at

    def _hear_lock(self, held: Held, run: Run, at: int) -> None:
        assert held.left is not None  # noqa: S101 # asked for only then
        beats = self.beats.setdefault(held.queue.id.base, {})
        beat = beats.setdefault(_rhythm(held), Beat())
        until, gap = at + held.left, at - run.looked_at
        renewed = run.until is not None and until > run.until + JITTER
        begun = gap if renewed and gap < CLOSE else None
        if run.seen_at == at and held.since is not None and abs(at - held.since) < JUST_BEGUN:
            begun = abs(at - held.since)
        beat.see(held.left, begun=begun)
        if renewed and run.until is not None:
            run.renewed_at = at
            if gap < CLOSE:
                lowest = max(0, run.until - at)
                beat.lowest = lowest if beat.lowest is None else min(beat.lowest, lowest)
        while len(beats) > MOST_RHYTHMS:
            del beats[next(iter(beats))]
        # Kept while it is the same but for jitter, so that what shows it need not be drawn anew.
        run.until = run.until if run.until is not None and abs(until - run.until) <= JITTER else until
        run.unlocked_since = None

    def _meet(self, look: Look) -> None:
        before = self.connections or {}
        self.connections = {}
        for connection in look.connected or ():
            if not self._works(connection):
                continue
            key = (connection.id, connection.address)
            since = None if connection.age is None else look.at - connection.age
            known = before.get(key)
            self.connections[key] = Known(connection, known.connected_at if known else since, look.at)
        for key, known in before.items():
            if key not in self.connections and key not in look.ids:
                self._miss(known, look)

    def _works(self, connection: Connection) -> bool:
        """Bull 3 names all its connections, its producers' too: there only one that has waited is a worker's."""
        queue = self.queues.get(connection.base)
        is_bull = queue is not None and queue.identity.dialect is Dialect.BULL
        return not connection.scheduler and (connection.waited or not is_bull)

    def _miss(self, known: Known, look: Look) -> None:
        connection = known.connection
        jobs, sure = self._left_by(known, look)
        queue = self.queues.get(connection.base)
        gone = Vanished(
            look.instance,
            queue.id if queue else None,
            who(connection),
            connection.worker,
            connection.address,
            known.connected_at,
            known.seen_at,
            look.at,
            tuple(text(held.id) for held in jobs),
            sure,
        )
        self.vanished.append(gone)

    def _left_by(self, known: Known, look: Look) -> tuple[list[Held], bool]:
        """The jobs that it held, as far as can be told, and whether they were surely its own."""
        connection, base = known.connection, known.connection.base
        others = [k.connection for k in (self.connections or {}).values() if k.connection.base == base]
        of_queue = (each for each in look.held if each.queue.id.base == base)
        held = [each for each in of_queue if could_be_of(each, self.runs[each.key], known.seen_at)]
        if connection.worker:
            mine = [each for each in held if self.runs[each.key].facts.worker == connection.worker]
            return mine, all(other.worker != connection.worker for other in others)
        unnamed = [each for each in held if not self.runs[each.key].facts.worker]
        return unnamed, not others


def could_be_of(held: Held, run: Run, last_seen: int) -> bool:
    """Whether the job was running already when that connection was last seen, or may have begun just after."""
    return run.seen_at <= last_seen or held.since is None or held.since <= last_seen + CLOSE


def _rhythm(held: Held) -> bytes:
    """What locks that are renewed together have in common."""
    return held.owner or held.key
