"""A queue laid out key by key, as its library would, and our operations on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.dialects.contract import CONTRACTS
from core.instance import Instance
from core.model import Dialect, Identity, Outcome, Queue, QueueId, State
from core.mutations import jobs, pausing


@dataclass(frozen=True)
class Layout:
    """A dialect, and the version by which it pauses in one way or the other."""

    dialect: Dialect
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.dialect}-{self.version}" if self.version else str(self.dialect)

    @property
    def renames(self) -> bool:
        """Whether pausing renames the list."""
        return not (self.version or "").startswith("6")


LAYOUTS = (
    Layout(Dialect.BULL),
    Layout(Dialect.MQ_LIST),
    Layout(Dialect.MQ4),
    Layout(Dialect.MQ5),
    Layout(Dialect.MQ5, "5.81.5"),
    Layout(Dialect.MQ5, "6.7.0"),
)


class LaidOut:
    """`add` puts jobs into states; the rest is what people do."""

    def __init__(self, redis: Any, instance: Instance, layout: Layout, *, prefix: str = "bull", name: str = "mail"):
        self.redis, self.instance, self.layout = redis, instance, layout
        self.queue = Queue(QueueId("default", prefix, name), Identity(layout.dialect, layout.version, ()), False, {})
        self.base = self.queue.id.base.decode()

    def add(self, job_id: str, state: State | None, *, score: float = 1, **fields: Any) -> str:
        """A job in this state, or in none; its hash has `name` and whatever fields are given."""
        self.redis.hset(self.base + job_id, mapping={"name": "deliver", **fields})
        if state is not None:
            self.ghost(job_id, state, score=score)
        return job_id

    def ghost(self, job_id: str, state: State, *, score: float = 1) -> str:
        """A mere id in this state."""
        key = self.base + CONTRACTS[self.layout.dialect].keys[state].decode()
        if state in (State.WAITING, State.PAUSED, State.ACTIVE):
            self.redis.lpush(key, job_id)
        else:
            self.redis.zadd(key, {job_id: score})
        return job_id

    def line(self, name: str) -> list[str]:
        """The jobs in a list, the next to run first; markers are none."""
        return [item.decode() for item in reversed(self.redis.lrange(self.base + name, 0, -1)) if item != b"0:0"]

    def prioritised(self) -> dict[str, int]:
        """The priority of each job for which the queue keeps one, in the order in which they run."""
        if self.layout.dialect in (Dialect.BULL, Dialect.MQ_LIST):
            members = self.redis.zrange(f"{self.base}priority", 0, -1, withscores=True)
            return {member.decode(): int(score) for member, score in members}
        members = self.redis.zrange(f"{self.base}prioritized", 0, -1, withscores=True)
        return {member.decode(): int(score) >> 32 for member, score in members}

    def wakes(self) -> str:
        """What the marker, where this layout has one, tells an idle worker: "" for nothing, "now" or a time in ms."""
        if self.layout.dialect is Dialect.MQ5:
            now, due = (self.redis.zscore(f"{self.base}marker", member) for member in "01")
            return "now" if now is not None else str(int(due)) if due is not None else ""
        newest = (self.redis.lindex(f"{self.base}wait", 0) or b"").decode()
        return {"0:0": "now"}.get(newest, newest.removeprefix("0:") if newest.startswith("0:") else "")

    def keys(self) -> set[str]:
        return {key.decode().removeprefix(self.base) for key in self.redis.keys(f"{self.base}*")}

    def everything(self) -> dict[bytes, bytes]:
        """Every key with its contents, as Redis would save them."""
        return {key: self.redis.dump(key) for key in self.redis.keys("*")}

    async def retry(self, job_id: str, **options: bool) -> Outcome:
        return await jobs.retry(self.instance, self.queue, job_id, **options)

    async def promote(self, job_id: str) -> Outcome:
        return await jobs.promote(self.instance, self.queue, job_id)

    async def remove(self, job_id: str) -> Outcome:
        return await jobs.remove(self.instance, self.queue, job_id)

    async def pause(self) -> Outcome:
        return await pausing.pause(self.instance, self.queue)

    async def resume(self) -> Outcome:
        return await pausing.resume(self.instance, self.queue)
