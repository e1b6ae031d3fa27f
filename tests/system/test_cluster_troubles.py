"""A part of a cluster is away, or a queue of it is broken: that is said, and the rest goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest
import redis as redis_py

from core.cluster.slots import SLOTS, slot
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core import layout
from tests.interop.three_masters import MASTERS
from tests.system.clusters import STEADY, Shards, shards
from tests.system.exercise import Program, running
from tests.system.topologies import until


def on(key: str) -> int:
    """Which master holds the key."""
    return slot(key.encode()) * MASTERS // SLOTS


# Each on another master, so that one is away alone.
GONE, HERE = 0, 2
# Some of its keys are away with the one, and some are there with the other.
STRAY = next(
    base
    for base in (f"bull:stray{number}:" for number in range(1000))
    if on(base) == on(f"{base}meta") == HERE and on(f"{base}failed") == GONE
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Shards]:
    with shards(None, "--cluster-require-full-coverage", "no", *STEADY) as found:
        yield found


def lay_out(cluster: Shards, number: int) -> str:
    """A queue on that master, with a failed job; its prefix."""
    client, prefix = cluster.masters.clients[number], cluster.masters.prefix_on(number)
    layout.failed(client, layout.queue(client, f"{prefix}:mail{number}:"), "1", failedReason="550")
    return prefix


@pytest.fixture
def program(cluster: Shards) -> Iterator[Program]:
    """It was told of the master that goes away."""
    cluster.masters.flush()
    for number in (GONE, HERE):
        lay_out(cluster, number)
    # What BullMQ leaves behind where somebody forgot the hash tag: keys in several slots.
    with redis_py.RedisCluster(host="127.0.0.1", port=cluster.masters.port) as client:
        client.hset(f"{STRAY}meta", mapping={"version": "bullmq:6.7.0", "opts.maxLenEvents": 10_000})
        client.zadd(f"{STRAY}failed", {"1": 1})
    with running(Settings(redis=(RedisSettings("shop", cluster.masters.url, ("*",)),))) as started:
        until(lambda: len(started.queues()) == 3, "not all queues are found")
        yield started


@contextmanager
def hung(cluster: Shards) -> Iterator[None]:
    """The process stands still, its connections open."""
    pid = cluster.masters.servers[GONE].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def unowned(cluster: Shards) -> Iterator[None]:
    """The queue's slot belongs to nobody, as after a resharding that went wrong."""
    number = slot(cluster.masters.prefix_on(GONE).encode())
    with redis_py.Redis(port=cluster.replica.port) as replica:
        for client in (*cluster.masters.clients, replica):
            client.execute_command("CLUSTER", "DELSLOTS", number)
    try:
        yield
    finally:
        cluster.masters.clients[GONE].execute_command("CLUSTER", "ADDSLOTS", number)


def instance(program: Program) -> Any:
    return program.get("/admin/queues/api/queues")[1]["instances"][0]


def is_there(program: Program) -> bool:
    return instance(program)["down_since"] is None


def says_so(program: Program) -> str:
    return next((said for said in instance(program)["refusals"] if said.startswith("Part of this cluster")), "")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("trouble", [hung, unowned])
def test_a_part_that_is_away_is_named_and_the_rest_goes_on(cluster: Shards, program: Program, trouble: Any) -> None:
    queues = program.queues()
    with trouble(cluster):
        until(lambda: says_so(program) and is_there(program), "nobody says that only a part is away")
        assert ("slots 0–5461" if trouble is hung else "which no master holds") in says_so(program)
        assert program.queues()["mail0"]["counts"]["failed"] == 1
        assert program.post(f"{queues['mail0']['href']}/jobs/1/retry")[0] == HTTPStatus.SERVICE_UNAVAILABLE
        assert program.post(f"{queues['mail2']['href']}/jobs/1/retry")[0] == HTTPStatus.OK
        until(lambda: program.queues()["mail2"]["counts"]["waiting"] == 1, "the other queue is not read")
        until(lambda: program.metric("bullmq_job_count", queue="mail0") is None, "what is old passes for new")
        assert program.metric("bullmq_job_count", queue="mail2", state="waiting") == 1
        for path in ("", "/redis", f"/queues/shop/{cluster.masters.prefix_on(HERE)}/mail2"):
            assert program.get(f"/admin/queues{path}")[0] == HTTPStatus.OK, path
    until(lambda: not says_so(program), "it is not seen that the part is back")
    until(lambda: program.post(f"{queues['mail0']['href']}/jobs/1/retry")[0] == HTTPStatus.OK, "it takes no action")


def test_a_queue_without_a_hash_tag_is_shown_as_broken_and_nothing_else_is(program: Program) -> None:
    href = program.queues()[STRAY.split(":")[1]]["href"]
    status, page = program.get(href.replace("/api", "", 1))
    assert status == HTTPStatus.OK
    assert "without a hash tag its keys lie in several slots" in page
    refused, said = program.post(f"{href}/pause")
    assert (refused, said["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "unsupported"), said
    assert program.post(f"{program.queues()['mail2']['href']}/pause")[0] == HTTPStatus.OK
