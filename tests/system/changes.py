"""A cluster changes masters, or moves a slot, in the middle of bulk work: what pages answer, what becomes of the jobs.

`python -m tests.system.changes` prints the table that docs/topologies.md has.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import redis as redis_py

from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core import layout
from tests.interop.three_masters import MASTERS
from tests.system.clusters import HOLDER, STEADY, TAG, Shards, shards
from tests.system.exercise import Program, running
from tests.system.topologies import until

JOBS = 3000
PAGES = ("/admin/queues", "/admin/queues/operations", "/admin/queues/queues/shop/{bull}/mail?state=failed")
# The master that nothing happens to.
SPARE = (HOLDER + 2) % MASTERS
Change = Callable[[Shards], None]


@dataclass
class Cost:
    """What came of it: answers of pages by their status, seconds from the end of the change until the operation had
    ended, jobs that are nowhere, in two places, or among the failed again."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    lost: int = 0
    doubled: int = 0
    again: int = 0


def hand_over(cluster: Shards) -> None:
    """a replica takes over in step (`CLUSTER FAILOVER`)"""
    cluster.hand_over()


def die(cluster: Shards) -> None:
    """the master is killed, its replica elected"""
    cluster.fail_over()


def move_slot(cluster: Shards) -> None:
    """the queue's slot moves to another master, with all its keys"""
    target = (HOLDER + 1) % MASTERS
    cluster.masters.begin_move(TAG, HOLDER, target)
    cluster.masters.move_keys(TAG, HOLDER, target)
    cluster.masters.end_move(TAG, target)


CHANGES: tuple[Change, ...] = (hand_over, die, move_slot)


def endure(change: Change) -> Cost:
    """Retry all failed jobs in bulk, and change the cluster in the middle of it."""
    found = Cost()
    with shards(None, *(() if change is die else STEADY)) as cluster:
        client = cluster.masters.clients[HOLDER]
        base = _laid_out(client)
        at = cluster.masters.servers[SPARE]
        with running(Settings(redis=(RedisSettings("shop", at.url, ("{bull}",)),))) as program:
            until(lambda: program.counts("mail").get("failed") == JOBS, "the queue is not found")
            operation = _begun(program)
            until(lambda: client.zcard(base + b"failed") < JOBS, "the operation does not begin")
            change(cluster)
            over = time.monotonic()
            until(lambda: _ended(program, operation, found), "the operation does not end")
            found.seconds = time.monotonic() - over
            until(lambda: program.get(PAGES[-1])[0] == HTTPStatus.OK, "the queue's page does not come back")
        with redis_py.RedisCluster(host="127.0.0.1", port=at.port) as now:
            _account(now.lrange(base + b"wait", 0, -1), now.zrange(base + b"failed", 0, -1), found)
    return found


def _laid_out(client: Any) -> bytes:
    """The queue's base; its jobs have arrived at the replica."""
    base = layout.queue(client, f"{{{TAG}}}:mail:")
    pipeline = client.pipeline(transaction=False)
    fields = {"name": "send", "data": "{}", "opts": '{"attempts":1}', "timestamp": 1, "atm": 1, "failedReason": "x"}
    for number in range(JOBS):
        pipeline.hset(base + b"%d" % number, mapping=fields)
        pipeline.zadd(base + b"failed", {str(number): 1_700_000_000_000 + number})
    pipeline.execute()
    until(lambda: client.wait(1, 1000), "the jobs do not arrive at the replica")
    return base


def _begun(program: Program) -> str:
    asked = {"action": "retry", "queues": "all", "state": "failed", "reason": "a change", "options": {"rate": 1500}}
    status, said = program.post("/admin/queues/api/operations", asked)
    assert status < HTTPStatus.BAD_REQUEST, said
    return str(said["href"])


def _ended(program: Program, operation: str, found: Cost) -> bool:
    """Somebody goes from page to page all the while."""
    for page in PAGES:
        found.statuses[program.get(page)[0]] += 1
    status, said = program.get(operation)
    assert status == HTTPStatus.OK, said
    assert said["status"] not in ("failed", "cancelled"), said
    return bool(said["status"] == "done")


def _account(waiting: list[bytes], failed: list[bytes], found: Cost) -> None:
    where = Counter(waiting + failed)
    found.lost = sum(where[b"%d" % number] == 0 for number in range(JOBS))
    found.doubled = sum(number > 1 for number in where.values())
    found.again = len(failed)


def main() -> None:
    print("| in the middle of 3,000 retries | pages answered | done after | lost | doubled | failed again |")
    print("| --- | --- | --- | --- | --- | --- |")
    for change in CHANGES:
        found = endure(change)
        answers = ", ".join(f"{number} × {status}" for status, number in sorted(found.statuses.items()))
        figures = f"{answers} | {found.seconds:.1f} s | {found.lost} | {found.doubled} | {found.again}"
        print(f"| {change.__doc__} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
