"""What a retention rule would remove now: counted as an operation's preview does, and nothing is touched."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import TickbirdError
from core.instance import Instance
from core.model import Queue
from core.mutations.permits import check
from core.operations.scope import freeze
from core.retention.rules import Rule

# Each takes a few small reads; somebody waits for the answer.
MOST_QUEUES = 200


@dataclass(frozen=True, slots=True)
class Forecast:
    """So many jobs of so many queues; `refused` of those queues are left alone, and the first of them because of `why`.
    `unseen` match too, but were not looked at."""

    rule: Rule
    jobs: int = 0
    queues: int = 0
    refused: int = 0
    why: str = ""
    unseen: int = 0


async def forecast(instance: Instance, queues: Iterable[Queue], rule: Rule) -> Forecast:
    """Over the queues of one instance. Raises Unavailable."""
    matching = [queue for queue in queues if rule.matches(queue.id)]
    looked_at, now = matching[:MOST_QUEUES], time.time_ns() // 1_000_000
    jobs, refusals = 0, []
    for queue in looked_at:
        try:
            check(queue, "remove")
        except TickbirdError as refused:
            refusals.append(str(refused))
        else:
            jobs += (await freeze(instance, queue, rule.state, rule.options, now)).count
    why = refusals[0] if refusals else ""
    return Forecast(rule, jobs, len(looked_at), len(refusals), why, len(matching) - len(looked_at))
