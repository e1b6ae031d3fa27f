"""Runs our Lua verbs on a queue: which keys a script gets, what it is told, and parents that live elsewhere.

A script answers in codes, one a job; `core/mutations/refusals.py` turns those that refuse into sentences.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import NoPermissionError, ResponseError

from core.dialects.contract import contract
from core.dialects.since import at_least
from core.errors import Conflict, TickbirdError, Unavailable
from core.instance import Instance
from core.model import Dialect, Identity, Queue
from core.mutations.above import met
from core.script import script
from core.text import raw_bytes, text

Option = int | str | bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a script says of one job: a code such as `ok`, `locked` or `children`, and that code's details."""

    code: str
    details: tuple[str | int, ...] = ()

    def number(self, position: int) -> int:
        return int(self.details[position])

    def word(self, position: int) -> str:
        return str(self.details[position])


_OK = Answer("ok")


def wishes(**said: int | str | None) -> str:
    """What the scripts of retry, promote and remove are told beyond the ids: words that their headers explain."""
    return json.dumps({word: value for word, value in said.items() if value is not None and value is not False})


@dataclass(frozen=True, slots=True)
class Act:
    """A verb on a queue, with the options that its script takes: on the queue itself, or on any number of its jobs.

    `beside` are the base keys of other queues in its slot that the script may touch. `spent` collects the microseconds
    of Redis' time that each script took, of those that are asked to be brief; `met` the bases of parents in its slot.
    """

    instance: Instance
    queue: Queue
    verb: str
    options: tuple[Option, ...] = ()
    beside: tuple[bytes, ...] = ()
    spent: list[int] = field(default_factory=list)
    met: list[bytes] = field(default_factory=list)

    async def on_queue(self) -> list[int]:
        """The numbers that a verb on a whole queue answers."""
        return [int(number) for number in await self._evaluate(self.verb, [self._base], self.options)]

    async def on_jobs(self, job_ids: Sequence[str | bytes]) -> list[Answer]:
        """The answer for each id, in order, all from one script, but for jobs with a parent: those need the keys of
        its queue, which only they can name."""
        answers = await self._run(job_ids)
        parents = {at: base_of(answer) for at, answer in enumerate(answers) if answer.code == "parent"}
        near = [at for at, base in parents.items() if one_slot(self._base, base)]
        if near:
            bases = list(dict.fromkeys(parents[at] for at in near))
            self.met.extend(bases)
            met(self.instance.name, bases)
            again = await self._run([job_ids[at] for at in near], bases)
            answers = [dict(zip(near, again, strict=True)).get(at, answer) for at, answer in enumerate(answers)]
        for at in parents.keys() - near:
            answers[at] = await self._apart(job_ids[at], answers[at])
        return answers

    @property
    def _base(self) -> bytes:
        return self.queue.id.base

    async def _run(
        self, job_ids: Sequence[str | bytes], parents: Iterable[bytes] = (), *, apart: bool = False
    ) -> list[Answer]:
        bases = dict.fromkeys((self._base, *self.beside, *parents))
        replies = await self._evaluate(self.verb, bases, (*self.options, *job_ids), apart=apart)
        if len(replies) > len(job_ids):
            self.spent.append(replies.pop())
        return [_OK if reply == b"ok" else _answer(reply) for reply in replies]

    async def _apart(self, job_id: str | bytes, stray: Answer) -> Answer:
        """A job whose parent may live in another slot: the parent is told by a call of its own, of a retry before
        the child can finish, of a removal once the child is gone. No other verb goes so far."""
        if self.verb not in ("retry", "remove"):
            return stray
        parent, relation = [base_of(stray)], (stray.word(1), stray.word(2))
        met(self.instance.name, parent)
        if self.verb == "retry":
            await self._evaluate("rejoin", parent, relation)
        (answer,) = await self._run([job_id], apart=True)
        if self.verb == "remove" and answer.code == "ok":
            released = await self._evaluate("leave", parent, relation)
            return Answer("ok", (*answer.details[:1], int(released)))
        return answer

    async def _evaluate(
        self, verb: str, bases: Iterable[bytes], arguments: Iterable[Option], *, apart: bool = False
    ) -> Any:
        identity = self.queue.identity
        keys = [base + suffix for base in bases for suffix in contract(identity).script_keys]
        common = (_now(), uuid.uuid4().hex, pauses_by(identity), "apart" if apart else "ask")
        told = (raw_bytes(a) if isinstance(a, str) else a for a in (*common, *arguments))
        try:
            return await self.instance.script(script(identity.dialect, verb), keys, told)
        except ResponseError as error:
            raise _refused(self.instance, error) from error


def pauses_by(identity: Identity) -> str:
    """How this queue's library pauses. Only from 6 on does it leave its list where it is; and what claims to be of 6
    may only be a dashboard, so every sign of an earlier version outweighs it: 6 finds jobs in the other list too."""
    is_6 = identity.dialect is Dialect.MQ5 and at_least(identity, 6) and not identity.also_before_6
    return "flag_only" if is_6 else "rename_merge"


def _now() -> int:
    return time.time_ns() // 1_000_000


def _answer(reply: list[bytes | int]) -> Answer:
    code, *details = map(_detail, reply)
    return Answer(str(code), tuple(details))


def _detail(raw: bytes | int) -> str | int:
    return raw if isinstance(raw, int) else text(raw)


def base_of(stray: Answer) -> bytes:
    """The base key of the parent's queue that the script named."""
    return raw_bytes(stray.word(0))


def one_slot(base: bytes, other: bytes) -> bool:
    """Without hash tags a queue of several keys cannot live on a cluster at all, so slots do not matter."""
    return _hash_tag(base) == _hash_tag(other)


def _hash_tag(key: bytes) -> bytes:
    _, opened, rest = key.partition(b"{")
    tag, closed, _ = rest.partition(b"}")
    return tag if opened and closed else b""


def _refused(instance: Instance, error: ResponseError) -> TickbirdError:
    if isinstance(error, NoPermissionError):
        hint = "Give it the commands that scripts use."
        return Unavailable(f"Redis {instance.name} does not let our user do this: {error}.", hint)
    if "WRONGTYPE" in str(error):
        return Conflict("A key of this queue holds something that its library never writes there.", f"{error}")
    if "CROSSSLOT" in str(error) or "don't hash to the same slot" in str(error):
        hint = "Give it a hash tag: {bull} as its prefix, or {name} as its name."
        return Conflict("The keys of this queue lie on several nodes of the cluster, where nothing can be done.", hint)
    return Unavailable(f"Redis {instance.name} refused: {error}.")
