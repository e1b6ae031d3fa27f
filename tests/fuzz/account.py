"""What a fuzz run asked, what came of it, and how that is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 3


@dataclass
class Account:
    """`failures`: by check, operation and what is wrong, each time with the answer and the call that got it."""

    calls: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    failures: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    # Answers that Redis was too slow, of a machine that is too busy: they are no failures, but told.
    slow: int = 0

    def add(self, recorder: Any) -> None:
        """What schemathesis recorded of some calls."""
        for id, interaction in recorder.interactions.items():
            self.calls += 1
            self.operations[recorder.cases[id].value.operation.label] += 1
            if interaction.response is not None:
                self.statuses[interaction.response.status_code] += 1
                self.slow += is_slow(interaction.response)
        for id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info:
                    self._failed(recorder, id, check)

    def _failed(self, recorder: Any, id: str, check: Any) -> None:
        failure, response = check.failure_info.failure, recorder.interactions[id].response
        answer = f"{response.status_code} {response.content[:400]!r}" if response is not None else "no answer"
        key = (check.name, recorder.cases[id].value.operation.label, failure.title)
        told = f"{check.failure_info.code_sample[:1000]}\n{answer}\n{failure.message[:1000]}"
        self.failures.setdefault(key, []).append(told)

    def summary(self) -> Iterator[str]:
        """In lines."""
        yield f"{self.calls:,} calls of {len(self.operations)} operations"
        yield "  " + ", ".join(f"{count:,} × {status}" for status, count in sorted(self.statuses.items()))
        if self.slow:
            yield f"  {self.slow:,} times Redis did not answer in time: this machine is busy"
        yield f"{len(self.failures)} kinds of failures, {len(self.errors)} errors of the run itself"
        for key, told in sorted(self.failures.items()):
            yield f"\n{' | '.join(key)}: {len(told)} times, such as"
            yield from ("    " + line for one in told[:EXAMPLES] for line in [*one.splitlines(), ""])
        yield from self.errors


def is_slow(response: Any) -> bool:
    """Whether it says that Redis took too long."""
    return response.status_code == 503 and re.search(rb"did not answer within", response.content) is not None
