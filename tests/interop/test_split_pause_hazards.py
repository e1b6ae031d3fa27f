"""Queues that clients of different versions paused apart, beside the real libraries; hazards by their numbers."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import Any

import pytest

from core.instance import Instance
from core.model import State
from core.split_pause import split_pause
from tests.interop.node_driver import NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, UNVERSIONED, Ours, named

EVERY = pytest.mark.parametrize("library", ACTED_ON, ids=named)
RENAMING = tuple(library for library in ACTED_ON if library.renames_wait_on_pause)
ALIASES = {library.alias: library for library in ACTED_ON}
NOT_YET = 0.4  # long enough for an idle worker to have taken a job, had it been allowed to


def ready(redis: Any, *lists: str) -> list[str]:
    """The ids in these lists, the next to run first; markers are none."""
    items = [item.decode() for name in lists for item in reversed(redis.lrange(f"bull:mail:{name}", 0, -1))]
    return [item for item in items if not item.startswith("0:")]


def flag_alone(mail: NodeQueue, redis: Any) -> None:
    """Paused as BullMQ 6, or a dashboard that runs it, would pause any queue."""
    redis.hset("bull:mail:meta", "paused", 1)
    if mail.library.facts.is_bull:
        redis.set("bull:mail:meta-paused", 1)


def still_only(mail: NodeQueue, runs: int) -> None:
    deadline = time.monotonic() + NOT_YET
    while time.monotonic() < deadline:
        assert len(mail.truth()) == runs


@pytest.mark.proves("mend_pause")
@pytest.mark.parametrize("library", RENAMING, ids=named)
async def test_8_1_a_mended_pause_survives_the_resume_of_the_queues_own_library(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    for name in ("one", "two", "three"):
        mail.add(name, jobId=name)
    flag_alone(mail, redis)
    mail.add("four", jobId="four")
    outcome = await ours.mend_pause()
    assert outcome.changed
    assert ready(redis, "wait") == []
    assert mail.is_paused()
    mail.resume()
    assert sorted(ready(redis, "wait")) == ["four", "one", "three", "two"]
    with mail.worker():
        until(lambda: len([run for run in mail.truth() if run["outcome"] == "completed"]) == 4)


@pytest.mark.proves("mend_pause")
@pytest.mark.parametrize("library", [ALIASES["bullmq6"]], ids=named)
@pytest.mark.parametrize("resumer", ["bullmq5", "bullmq6"])
@pytest.mark.parametrize("version", ["5.81.5", "6.7.0", UNVERSIONED])
async def test_8_2_a_mended_pause_survives_the_resume_of_clients_of_5_and_of_6(
    node: NodeDriver, mail: NodeQueue, instance: Instance, redis: Any, resumer: str, version: str
) -> None:
    """Whatever the queue claims to be."""
    five = node.library("bullmq5").queue("mail")
    five.add("one", jobId="one")
    five.pause()
    mail.add("two", jobId="two")
    assert (ready(redis, "paused"), ready(redis, "wait")) == (["one"], ["two"])
    await Ours(instance, five, version).mend_pause()
    node.library(resumer).queue("mail").resume()
    assert ready(redis, "wait") == ["one", "two"]


@pytest.mark.parametrize("library", [ALIASES["bullmq5"]], ids=named)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("version", ["5.81.5", "6.7.0", UNVERSIONED])
async def test_8_2_once_mended_anybody_may_pause_and_resume(
    node: NodeDriver, mail: NodeQueue, instance: Instance, redis: Any, version: str, seed: int
) -> None:
    """Producers and clients of 5 and 6 at random. Unmended, the clients of 5 lose what lies in the other list."""
    clients = [mail, node.library("bullmq6").queue("mail")]
    ours, draw, added = Ours(instance, mail, version), random.Random(f"mend {version} {seed}"), []
    for number in range(30):
        added.append(f"job{number}")
        draw.choice(clients).add("deliver", jobId=added[-1])
        if draw.random() < 0.5:
            await ours.mend_pause()
            client = draw.choice(clients)
            draw.choice([client.pause, client.resume])()
    await ours.mend_pause()
    mail.resume()
    assert sorted(ready(redis, "wait")) == sorted(added)


@pytest.mark.parametrize("library", [ALIASES["bullmq5"]], ids=named)
async def test_8_1_a_version_that_a_dashboard_wrote_over_does_not_mislead_a_pause(
    node: NodeDriver, mail: NodeQueue, instance: Instance, redis: Any
) -> None:
    """A producer of 5 added while the queue was paused before: the list that it left tells what works here."""
    ours = Ours(instance, mail, "6.7.0")
    mail.add("one", jobId="one")
    node.library("bullmq6").queue("mail").open()
    await ours.pause()
    mail.add("two", jobId="two")
    await ours.pause()
    assert (ready(redis, "wait"), ready(redis, "paused")) == ([], ["two", "one"])
    mail.resume()
    assert sorted(ready(redis, "wait")) == ["one", "two"]


@pytest.mark.parametrize("library", [ALIASES["bullmq5"]], ids=named)
async def test_8_1_a_queue_once_known_to_be_of_5_is_paused_as_5_does_whatever_it_claims_now(
    mail: NodeQueue, instance: Instance, redis: Any
) -> None:
    ours = Ours(instance, mail, "6.7.0")
    ours.queue = replace(ours.queue, identity=replace(ours.queue.identity, also_before_6=True))
    mail.add("one", jobId="one")
    await ours.pause()
    mail.add("two", jobId="two")
    mail.resume()
    assert ready(redis, "wait") == ["one", "two"]


@pytest.mark.proves("mend_pause")
@pytest.mark.parametrize(
    "library", [each for each in ACTED_ON if each.dialect in ("bull", "mq_list", "mq4")], ids=named
)
async def test_8_3_mending_stops_workers_that_do_not_heed_a_mere_flag(mail: NodeQueue, ours: Ours, redis: Any) -> None:
    for number in range(3):
        mail.add("deliver", jobId=f"job{number}")
    flag_alone(mail, redis)
    await ours.mend_pause()
    with mail.worker():
        still_only(mail, 0)
        await ours.resume()
        until(lambda: len(mail.truth()) == 3)


@pytest.mark.proves("mend_pause")
@EVERY
async def test_jobs_left_in_the_paused_list_of_a_running_queue_run_after_mending(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    mail.add("deliver", jobId="left")
    redis.rename("bull:mail:wait", "bull:mail:paused")
    with mail.worker():
        still_only(mail, 0)
        await ours.mend_pause()
        until(lambda: [run["jobId"] for run in mail.truth()] == ["left"], timeout=4)


@pytest.mark.parametrize("library", [ALIASES["bull4"], ALIASES["bullmq4"], ALIASES["bullmq6"]], ids=named)
async def test_8_16_mending_moves_more_jobs_than_one_call_of_lua_can_name(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    redis.rpush("bull:mail:wait", *(f"w{number}" for number in range(9_001)))
    redis.rpush("bull:mail:paused", *(f"p{number}" for number in range(9_001)))
    flag_alone(mail, redis)
    await ours.mend_pause()
    assert (redis.llen("bull:mail:wait"), redis.llen("bull:mail:paused")) == (0, 18_002)
    mail.resume()
    assert redis.llen("bull:mail:wait") - redis.lrange("bull:mail:wait", 0, -1).count(b"0:0") == 18_002


@pytest.mark.parametrize("library", RENAMING, ids=named)
async def test_a_pause_by_the_library_itself_is_no_split(mail: NodeQueue, ours: Ours, redis: Any) -> None:
    mail.add("one", jobId="one")
    mail.pause()
    mail.add("two", jobId="two")
    counts = {State.WAITING: len(ready(redis, "wait")), State.PAUSED: len(ready(redis, "paused"))}
    assert counts == {State.WAITING: 0, State.PAUSED: 2}
    assert split_pause(replace(ours.queue, paused=True, counts=counts)) == ""
