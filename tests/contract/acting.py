"""Every mutation by its name on a queue that was laid out: `await acting(mail).edit_data("7", "{}")`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from core.errors import TickbirdError
from core.ground import Ground
from core.model import State
from core.mutations.front import Mutations
from tests.contract.laid_out import LaidOut

MADE = 1_700_000_000_000


class acting:  # noqa: N801 # reads as what it is: acting(mail).retry("7")
    """As the dashboard acts, on the queue as it is now."""

    def __init__(self, mail: LaidOut) -> None:
        ground = Ground({"default": mail.instance}, lambda _id: mail.queue, lambda _id: None)
        self._mutations, self._id = Mutations(ground), mail.queue.id

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        return partial(getattr(self._mutations, verb), self._id)


def made(mail: LaidOut, job_id: str, state: State | None, **fields: Any) -> str:
    """A job with the fields that every library stores."""
    whole = {"data": "{}", "opts": "{}", "timestamp": MADE, "delay": 0, "priority": 0, **fields}
    return mail.add(job_id, state, score=MADE * 4096, **whole)


def field(mail: LaidOut, job_id: str, name: str) -> bytes | None:
    stored: bytes | None = mail.redis.hget(mail.base + job_id, name)
    return stored


async def refused(mail: LaidOut, error: type[TickbirdError], doing: Awaitable[Any]) -> str:
    """The sentence and what to do instead; nothing in Redis has changed."""
    before = mail.everything()
    with pytest.raises(error) as caught:
        await doing
    assert mail.everything() == before
    assert caught.value.message.endswith(".")
    return f"{caught.value.message} {caught.value.hint}".strip()
