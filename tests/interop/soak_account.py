"""What must be true after a soak: every job that was ever added is finished, or was removed by us, and ran as often as
it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from core.mutations.act import Act, Answer
from core.text import text

LISTS = ("wait", "paused", "active")
UNFINISHED = (*LISTS, "prioritized", "delayed", "waiting-children")
STATES = (*UNFINISHED, "completed", "failed")
_DONE = {"ok", "dropped"}


@dataclass
class Account:
    """What we know of every job of one queue. `runs` is how often each runs if we leave it alone."""

    runs: dict[str, int] = field(default_factory=dict)
    retries: Counter[str] = field(default_factory=Counter)
    removed: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    acts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    agreed: int = 0
    faults: list[str] = field(default_factory=list)

    def note(self, verb: str, ids: Sequence[str], answers: Sequence[Answer]) -> None:
        """A script's answers, one for each id."""
        for job_id, answer in zip(ids, answers, strict=True):
            if answer.code in _DONE:
                self.retries[job_id] += verb == "retry"
                self.removed |= {job_id} if verb == "remove" else set()

    def blame(self, what: str, jobs: Iterable[str]) -> None:
        """Remember a fault, with the first jobs that show it."""
        if found := sorted(jobs):
            self.faults.append(f"{len(found)} {what}: {', '.join(found[:5])}")


@contextmanager
def noting(accounts: Mapping[bytes, Account]) -> Iterator[None]:
    """Note what each script did to each job of these queues, by base key: bulk work tells only numbers."""
    on_jobs = Act.on_jobs

    async def noted(act: Act, job_ids: Sequence[str | bytes]) -> list[Answer]:
        account, ids = accounts[act.queue.id.base], [i if isinstance(i, str) else text(i) for i in job_ids]
        try:
            answers = await on_jobs(act, job_ids)
        except BaseException:
            account.unsure |= set(ids)
            raise
        if ids and act.verb in ("retry", "remove"):
            account.note(act.verb, ids, answers)
        return answers

    with patch.object(Act, "on_jobs", noted):
        yield


def held(redis: Any, base: str, state: str) -> list[str]:
    """The ids in a state; markers are none."""
    members = redis.lrange(base + state, 0, -1) if state in LISTS else redis.zrange(base + state, 0, -1)
    return [member.decode() for member in members if member != b"0" and not member.startswith(b"0:")]


def settle_up(account: Account, redis: Any, base: str, truth: Sequence[dict[str, Any]]) -> None:
    """Find every fault in what is left when all work is done."""
    where = Counter(job_id for state in STATES for job_id in held(redis, base, state))
    ran = Counter(run["jobId"] for run in truth)
    kept = [job_id for job_id in account.runs if job_id not in account.removed | account.unsure]
    left_over = {key.decode().removeprefix(base).split(":")[0] for key in redis.scan_iter(f"{base}*", count=1000)}
    account.blame("lost", (job_id for job_id in kept if not where[job_id]))
    account.blame("in two states", (job_id for job_id, places in where.items() if places > 1))
    account.blame("removed and still there", (job_id for job_id in account.removed if where[job_id]))
    account.blame("removed, with keys left over", account.removed & left_over - account.unsure)
    account.blame("added by nobody", where.keys() - account.runs.keys())
    due = {job_id: account.runs[job_id] + account.retries[job_id] for job_id in kept}
    account.blame("run too often", (job_id for job_id in kept if ran[job_id] > due[job_id]))
    account.blame("run too rarely", (job_id for job_id in kept if ran[job_id] < due[job_id]))
    account.blame("never ended", (run["jobId"] for run in truth if run["outcome"] not in ("completed", "failed")))
