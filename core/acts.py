"""Runs our Lua verbs on a queue: which keys a script gets, what it is told, and parents that live elsewhere.

A script answers in codes, one a job; `core/refusals.py` turns those that refuse into sentences.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from redis.exceptions import NoPermissionError, ResponseError

from core.dialects.contract import contract
from core.errors import Conflict, TickbirdError, Unavailable
from core.instance import Instance
from core.model import Dialect, Identity, Queue
from core.script import script
from core.text import raw_bytes, text

Option = int | str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a script says of one job: a code such as `ok`, `locked` or `children`, and that code's details."""

    code: str
    details: tuple[str | int, ...] = ()

    def number(self, position: int) -> int:
        return int(self.details[position])

    def word(self, position: int) -> str:
        return str(self.details[position])


async def on_jobs(
    instance: Instance, queue: Queue, verb: str, job_ids: Sequence[str], *options: Option
) -> list[Answer]:
    """The verb's answer for each id, in order. Jobs are done together in one script, but for those with a parent:
    they need its queue's keys, which only they can name."""
    answers = await _run(instance, queue, verb, job_ids, options)
    strays = [position for position, answer in enumerate(answers) if answer.code == "parent"]
    near = [position for position in strays if _one_slot(queue.id.base, _parent_base(answers[position]))]
    if near:
        parents = dict.fromkeys(_parent_base(answers[position]) for position in near)
        again = await _run(instance, queue, verb, [job_ids[p] for p in near], options, parents=tuple(parents))
        for position, answer in zip(near, again, strict=True):
            answers[position] = answer
    for position in sorted(set(strays) - set(near)):
        answers[position] = await _apart(instance, queue, verb, job_ids[position], answers[position], options)
    return answers


async def on_queue(instance: Instance, queue: Queue, verb: str, *options: Option) -> list[int]:
    """The numbers that a verb on a whole queue answers."""
    return [int(number) for number in await _evaluate(instance, queue.identity, verb, [queue.id.base], *options)]


async def _run(
    instance: Instance,
    queue: Queue,
    verb: str,
    job_ids: Sequence[str],
    options: Iterable[Option],
    parents: tuple[bytes, ...] = (),
    apart: bool = False,
) -> list[Answer]:
    bases = [queue.id.base, *(base for base in parents if base != queue.id.base)]
    replies = await _evaluate(instance, queue.identity, verb, bases, *options, *job_ids, apart=apart)
    return [Answer(text(code), tuple(map(_detail, details))) for code, *details in replies]


async def _apart(
    instance: Instance, queue: Queue, verb: str, job_id: str, stray: Answer, options: Iterable[Option]
) -> Answer:
    """A job whose parent may live in another slot: the parent is told by a call of its own, of a retry before the
    child can finish, of a removal once the child is gone."""
    base, relation = _parent_base(stray), (stray.word(1), stray.word(2))
    if verb == "retry":
        await _evaluate(instance, queue.identity, "rejoin", [base], *relation)
    (answer,) = await _run(instance, queue, verb, [job_id], options, apart=True)
    if verb == "remove" and answer.code == "ok":
        released = await _evaluate(instance, queue.identity, "leave", [base], *relation)
        return Answer("ok", (answer.details[0], int(released)))
    return answer


async def _evaluate(
    instance: Instance,
    identity: Identity,
    verb: str,
    bases: Sequence[bytes],
    *arguments: Option,
    apart: bool = False,
) -> list[list[bytes | int]]:
    suffixes = contract(identity).script_keys
    keys = [base + suffix for base in bases for suffix in suffixes]
    common = (_now(), uuid.uuid4().hex, pauses_by(identity), "apart" if apart else "ask")
    try:
        return await instance.script(
            script(identity.dialect, verb),
            keys,
            (raw_bytes(a) if isinstance(a, str) else a for a in (*common, *arguments)),
        )
    except ResponseError as error:
        raise _refused(instance, error) from error


def pauses_by(identity: Identity) -> str:
    """How this queue's library pauses. Only a version known to be 6 or later leaves its list where it is."""
    major = (identity.version or "").split(".")[0]
    known = identity.dialect is Dialect.MQ5 and major.isdigit() and int(major) >= 6
    return "flag_only" if known else "rename_merge"


def _now() -> int:
    return time.time_ns() // 1_000_000


def _detail(raw: bytes | int) -> str | int:
    return raw if isinstance(raw, int) else text(raw)


def _parent_base(stray: Answer) -> bytes:
    return raw_bytes(stray.word(0))


def _one_slot(base: bytes, other: bytes) -> bool:
    """Without hash tags a queue of several keys cannot live on a cluster at all, so slots do not matter."""
    return _hash_tag(base) == _hash_tag(other)


def _hash_tag(key: bytes) -> bytes:
    _, opened, rest = key.partition(b"{")
    tag, closed, _ = rest.partition(b"}")
    return tag if opened and closed else b""


def _refused(instance: Instance, error: ResponseError) -> TickbirdError:
    if isinstance(error, NoPermissionError):
        return Unavailable(
            f"Redis {instance.name} does not let our user do this: {error}.", "Give it the commands that scripts use."
        )
    if str(error).startswith("WRONGTYPE") or "WRONGTYPE" in str(error):
        return Conflict("A key of this queue holds something that its library never writes there.", f"{error}")
    return Unavailable(f"Redis {instance.name} refused: {error}.")
