"""Which masters of a cluster are known to be away, and which slots nobody holds: what that means in sentences."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from core.cluster.topology import Address, Topology

# One that refuses us at once is asked again this soon; one that keeps silent, after as long as it kept us waiting.
AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a master is thought to be away. Until `until` nobody waits for it again."""

    error: Exception
    until: float


@dataclass(slots=True)
class Presence:
    """What was learned from those who asked."""

    absences: dict[Address, Absence] = field(default_factory=dict)
    heard: dict[Address, float] = field(default_factory=dict)

    def failed(self, master: Address, error: Exception, took: float) -> None:
        """It did not answer, and it took so long (seconds) to know that. One that answered somebody else meanwhile is
        there: that answer alone was slow, or that connection broken."""
        now = time.monotonic()
        if self.heard.get(master, float("-inf")) <= now - took:
            self.absences[master] = Absence(error, now + max(AGAIN, took))

    def answered(self, master: Address) -> None:
        """It is there."""
        self.absences.pop(master, None)
        self.heard[master] = time.monotonic()

    def known(self, topology: Topology) -> None:
        """Who is not a master any more is not missed."""
        self.absences = {master: absence for master, absence in self.absences.items() if master in topology.masters}
        self.heard = {master: at for master, at in self.heard.items() if master in topology.masters}

    def absence(self, master: Address) -> Exception | None:
        """Why not to ask it now; None where it is to be asked."""
        absence = self.absences.get(master)
        return absence.error if absence and time.monotonic() < absence.until else None

    def told(self, topology: Topology) -> tuple[str, ...]:
        """Each part that is away."""
        gone = (
            f"{host}:{port} with slots {_slots(topology.ranges((host, port)))} ({_reason(absence.error)})"
            for (host, port), absence in sorted(self.absences.items())
        )
        gaps = (f"slots {_slots(topology.gaps)}, which no master holds",) if topology.gaps else ()
        return (*gone, *gaps)


def _slots(ranges: tuple[tuple[int, int], ...]) -> str:
    """The first few of them: a cluster that was resharded often has many."""
    said = [f"{first}" if first == last else f"{first}–{last}" for first, last in ranges]
    return ", ".join(said[:3]) + (f" and {len(said) - 3} more ranges" if len(said) > 3 else "")


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
