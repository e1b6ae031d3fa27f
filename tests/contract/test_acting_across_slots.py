"""No script names keys of two slots, on a server that would refuse it: a cluster of one node."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis as redis_py

from core.dead_letters.letter import How
from core.errors import Conflict
from core.instance import Instance
from core.model import Dialect, State
from core.mutations.adding import NewJob
from core.redis_settings import RedisSettings
from core.script import Script
from tests.contract.acting import acting, made
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout
from tests.contract.test_dead_letters import room
from tests.contract.test_moving_a_job import mover
from tickbird.demo.server import EmbeddedServer

FLOWS = [layout for layout in LAYOUTS if layout.dialect != "bull"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[EmbeddedServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bus = str(probe.getsockname()[1])
    # Its own choice, 10,000 above the port, may not exist.
    with EmbeddedServer.start(None, "--cluster-enabled", "yes", "--cluster-port", bus) as server:
        with redis_py.Redis(port=server.port) as client:
            client.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
        yield server


@pytest.fixture
def nodes_redis(cluster: EmbeddedServer) -> Iterator[Any]:
    with redis_py.Redis(port=cluster.port) as client:
        ready(client)
        client.flushall()
        yield client


def ready(client: Any) -> None:
    deadline = time.monotonic() + 45
    while client.cluster("INFO")["cluster_state"] != "ok":
        assert time.monotonic() < deadline, "the node did not take up its slots within 45 seconds"
        time.sleep(0.02)


@pytest.fixture
async def on_cluster(cluster: EmbeddedServer) -> AsyncIterator[Instance]:
    opened = Instance(RedisSettings("default", cluster.url, ("*",)))
    yield opened
    await opened.close()


def child_of(parent: LaidOut, *, unsuccessful: bool = False, pending: bool = False) -> dict[str, Any]:
    """Fields of `1` of mail in the slot {a}, whose parent `7` is expecting it."""
    key = "{a}:mail:1"
    if unsuccessful:
        parent.redis.zadd(f"{parent.base}7:unsuccessful", {key: 1})
    if pending:
        parent.redis.sadd(f"{parent.base}7:dependencies", key)
    return {"parent": json.dumps({"id": "7", "queueKey": parent.base.removesuffix(":")})}


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_every_verb_works_on_a_queue_in_one_slot(nodes_redis: Any, on_cluster: Instance, layout: Layout) -> None:
    mail = LaidOut(nodes_redis, on_cluster, layout, prefix="{a}")
    mail.add("1", State.FAILED, priority=2)
    mail.add("2", State.DELAYED)
    await mail.retry("1")
    await mail.promote("2")
    await mail.pause()
    await mail.resume()
    await mail.remove("1")
    assert mail.line("wait") == ["2"]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_adding_and_editing_work_on_a_queue_in_one_slot(
    nodes_redis: Any, on_cluster: Instance, layout: Layout
) -> None:
    mail = LaidOut(nodes_redis, on_cluster, layout, prefix="{a}")
    await acting(mail).add([NewJob("deliver"), NewJob("deliver", "{}", {"delay": 60_000})])
    await acting(mail).change_priority("1", 3)
    await acting(mail).change_delay("2", 5)
    for job_id in ("1", "2"):
        await acting(mail).edit_data(job_id, "[1]", seen="{}")
        await acting(mail).set_progress(job_id, "5")
        await acting(mail).log(job_id, "line")
    assert (await acting(mail).duplicate("2")).job_id == "3"
    assert mail.redis.hget("{a}:mail:3", "data") == b"[1]"


@pytest.mark.parametrize("layout", FLOWS, ids=str)
@pytest.mark.parametrize("prefix", ["{a}", "{b}"])
async def test_a_removed_last_child_lets_its_parent_go_in_whatever_slot(
    nodes_redis: Any, on_cluster: Instance, layout: Layout, prefix: str
) -> None:
    mail = LaidOut(nodes_redis, on_cluster, layout, prefix="{a}")
    billing = LaidOut(nodes_redis, on_cluster, layout, prefix=prefix, name="billing")
    billing.add("7", State.WAITING_CHILDREN)
    mail.add("1", State.DELAYED, **child_of(billing, pending=True))
    outcome = await mail.remove("1")
    assert billing.line("wait") == ["7"]
    assert billing.wakes() == ("now" if layout.dialect is Dialect.MQ5 else "")
    assert outcome.sentence.endswith("Its parent waited for nothing else and runs now.")


@pytest.mark.parametrize("layout", FLOWS, ids=str)
@pytest.mark.parametrize("prefix", ["{a}", "{b}"])
async def test_a_retried_child_is_expected_again_in_whatever_slot(
    nodes_redis: Any, on_cluster: Instance, layout: Layout, prefix: str
) -> None:
    mail = LaidOut(nodes_redis, on_cluster, layout, prefix="{a}")
    billing = LaidOut(nodes_redis, on_cluster, layout, prefix=prefix, name="billing")
    billing.add("7", State.FAILED)
    mail.add("1", State.FAILED, **child_of(billing, unsuccessful=True))
    await mail.retry("1")
    assert nodes_redis.smembers(f"{billing.base}7:dependencies") == {b"{a}:mail:1"}
    assert not nodes_redis.exists(f"{billing.base}7:unsuccessful")
    assert mail.line("wait") == ["1"]


@pytest.mark.parametrize("layout", FLOWS, ids=str)
async def test_without_hash_tags_parent_and_child_change_in_one_step(
    redis: Any, instance: Instance, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran, run = [], instance.script

    async def noted(script: Script, *rest: Any) -> Any:
        ran.append(script.name)
        return await run(script, *rest)

    monkeypatch.setattr(instance, "script", noted)
    mail = LaidOut(redis, instance, layout)
    billing = LaidOut(redis, instance, layout, name="billing")
    billing.add("7", State.WAITING_CHILDREN, priority=3)
    mail.add("1", State.DELAYED, **child_of(billing))
    redis.sadd(f"{billing.base}7:dependencies", "bull:mail:1")
    await mail.remove("1")
    assert billing.prioritised() == {"7": 3}
    assert ran == [f"{layout.dialect}/remove"] * 2, "asked whose child it is, then told with the parent's keys"


@pytest.mark.parametrize("layout", FLOWS, ids=str)
async def test_a_parent_that_is_let_go_late_runs_after_its_own_delay(
    redis: Any, instance: Instance, layout: Layout
) -> None:
    mail = LaidOut(redis, instance, layout)
    mail.add("7", State.WAITING_CHILDREN, delay=60_000)
    mail.add("1", State.DELAYED, parent=json.dumps({"id": "7", "queueKey": "bull:mail"}))
    redis.sadd(f"{mail.base}7:dependencies", "bull:mail:1")
    before = redis.time()[0] * 1000
    await mail.remove("1")
    score = int(redis.zscore(f"{mail.base}delayed", "7"))
    assert 59_000 <= score // 4096 - before <= 62_000
    assert score % 4096 == 0
    assert mail.wakes() == ("" if layout.dialect is Dialect.MQ_LIST else str(score // 4096))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_verbs_on_the_queue_itself_and_on_abandoned_jobs_keep_to_its_slot(
    nodes_redis: Any, on_cluster: Instance, layout: Layout
) -> None:
    mail = LaidOut(nodes_redis, on_cluster, layout, prefix="{a}")
    for job_id in ("1", "2"):
        mail.add(job_id, State.ACTIVE, processedOn=1)
        nodes_redis.sadd(f"{mail.base}stalled", job_id)
    await acting(mail).requeue("1")
    await acting(mail).fail("2", "gone")
    await acting(mail).mend_pause()
    await acting(mail).release_rate_limit()
    if layout.dialect is not Dialect.BULL:
        await acting(mail).trim_events(0)
    if layout.version:
        await acting(mail).set_concurrency(2)
        nodes_redis.set(f"{mail.base}de:order-1", "1")
        await acting(mail).release_deduplication("order-1")
    assert mail.line("wait") == ["1"]
    assert nodes_redis.zscore(f"{mail.base}failed", "2")


@pytest.mark.parametrize("layout", FLOWS, ids=str)
@pytest.mark.parametrize("prefix", ["{a}", "{b}"])
async def test_a_failed_child_tells_its_parent_in_the_same_slot_or_stays(
    nodes_redis: Any, on_cluster: Instance, layout: Layout, prefix: str
) -> None:
    mail = LaidOut(nodes_redis, on_cluster, layout, prefix="{a}")
    billing = LaidOut(nodes_redis, on_cluster, layout, prefix=prefix, name="billing")
    billing.add("7", State.WAITING_CHILDREN)
    nodes_redis.sadd(f"{billing.base}7:dependencies", "{a}:mail:1")
    named = json.dumps({"id": "7", "queueKey": billing.base.removesuffix(":"), "rdof": True})
    mail.add("1", State.ACTIVE, parent=named)
    nodes_redis.sadd(f"{mail.base}stalled", "1")
    if prefix == "{b}":
        with pytest.raises(Conflict, match="in another slot"):
            await acting(mail).fail("1", "gone")
        assert nodes_redis.llen(f"{mail.base}active") == 1
    else:
        await acting(mail).fail("1", "gone")
        assert billing.line("wait") == ["7"]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_a_dead_letter_goes_back_to_a_queue_in_another_slot_once(
    nodes_redis: Any, on_cluster: Instance, layout: Layout
) -> None:
    mail = LaidOut(nodes_redis, on_cluster, layout, prefix="{a}")
    dead = LaidOut(nodes_redis, on_cluster, layout, prefix="{b}", name="dead")
    told = {"originalQueue": "mail", "jobName": "send", "jobData": {"n": 1}, "error": "boom"}
    dead.add("1", State.WAITING, data=json.dumps(told), timestamp=1)
    letters = room(dead, mail)
    first, second = [await letters.send(dead.queue.id, ["1"], How()) for _ in range(2)]
    assert (first.sent, second.refused, len(mail.line("wait"))) == (1, 1, 1)
    assert dead.line("wait") == []


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_a_job_moves_into_another_slot(nodes_redis: Any, on_cluster: Instance, layout: Layout) -> None:
    mail = LaidOut(nodes_redis, on_cluster, layout, prefix="{a}")
    post = LaidOut(nodes_redis, on_cluster, LAYOUTS[-1], prefix="{b}", name="post")
    made(mail, "7", State.WAITING, priority=3)
    outcome = await mover(mail, post).move(mail.queue.id, "7", post.queue.id)
    assert post.prioritised() == {outcome.job_id: 3}
    assert not mail.redis.keys(f"{mail.base}7*")
