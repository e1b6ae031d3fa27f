"""What Tickbird costs a Redis: how many commands, and how much of its time, by its own clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.instance import Instance, pack
from core.model import Queue
from core.survey.questions import quick_questions

# Redis takes in this much of what a client sends before it turns to the next one, so nobody comes between.
ONE_PIECE = 12_000
_TIME = pack(b"TIME")


@dataclass(frozen=True, slots=True)
class Cost:
    """`microseconds` is what one of our usual commands takes, measured on `sample` of them; None where it was not, and
    `note` then says why."""

    per_minute: float
    microseconds: float | None = None
    sample: int = 0
    note: str = ""

    @property
    def milliseconds_per_minute(self) -> float | None:
        """Redis' time that our commands take in a minute."""
        return None if self.microseconds is None else self.per_minute * self.microseconds / 1000


async def measured(instance: Instance, queues: Sequence[Queue]) -> Cost:
    """What one of the questions of a reading takes: between two looks at Redis' own clock, all sent in one piece. Of a
    cluster, to the master that holds the most queues, whose clock it then is. Raises Unavailable."""
    asked: list[bytes] = []
    together = _on_one_server(instance, queues)
    for queue in together:
        questions = quick_questions(queue.id.base, queue.identity)
        if sum(map(len, asked)) + sum(map(len, questions)) > ONE_PIECE:
            break
        asked += questions
    if not asked:
        return Cost(0.0, note="There is no queue yet whose reading could be measured.")
    before, *_, after = await instance.beside(together[0].id.base, [_TIME, *asked, _TIME])
    refused = next((reply for reply in (before, after) if isinstance(reply, Exception)), None)
    if refused is not None:
        return Cost(
            0.0, note=f"Redis does not let us ask its clock ({refused}), so our share of its time is not known."
        )
    return Cost(0.0, (_microseconds(after) - _microseconds(before)) / len(asked), len(asked))


def _on_one_server(instance: Instance, queues: Sequence[Queue]) -> list[Queue]:
    by_server: dict[str, list[Queue]] = {}
    for queue in queues:
        if instance.reaches(queue.id.base):
            by_server.setdefault(instance.place(queue.id.base), []).append(queue)
    return max(by_server.values(), key=len, default=[])


def _microseconds(reply: Any) -> int:
    seconds, micro = reply
    return int(seconds) * 1_000_000 + int(micro)
