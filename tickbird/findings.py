"""What `tickbird doctor` finds, as values."""

from __future__ import annotations

from dataclasses import dataclass

from core.model import Queue


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: `fine` or not, and what to do when it is not."""

    fine: bool
    what: str
    advice: str = ""
    grave: bool = True


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything found about one instance."""

    name: str
    address: str
    findings: tuple[Finding, ...]
    queues: tuple[Queue, ...]

    @property
    def well(self) -> bool:
        return all(finding.fine or not finding.grave for finding in self.findings)
