"""The hazards of docs/redis-layout.md, section 8, that concern paused queues: each a test."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.instance import Instance
from tests.interop.node_driver import NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, BULLMQS, UNVERSIONED, Ours, named
from tests.interop.scenario import FAR, failed, waiting

RENAMING = tuple(library for library in ACTED_ON if library.renames_wait_on_pause)
NOT_YET = 0.4  # long enough for an idle worker to have taken a job, had it been allowed to


def ready(redis: Any, *lists: str) -> list[str]:
    """The ids in these lists, the next to run first."""
    return [item.decode() for name in lists for item in reversed(redis.lrange(f"bull:mail:{name}", 0, -1))]


@pytest.mark.parametrize("library", RENAMING, ids=named)
async def test_8_1_our_pause_survives_the_resume_of_the_queues_own_library(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    for name in ("one", "two", "three"):
        mail.add(name, jobId=name)
    await ours.pause()
    mail.add("four", jobId="four")
    mail.resume()
    assert ready(redis, "wait") == ["one", "two", "three", "four"]
    assert ready(redis, "paused") == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("version", ["5.81.5", "6.7.0", UNVERSIONED])
async def test_8_2_no_pause_or_resume_of_ours_loses_jobs_between_producers_of_5_and_6(
    node: NodeDriver, instance: Instance, redis: Any, version: str, seed: int
) -> None:
    five, six = (node.library(alias).queue("mail") for alias in ("bullmq5", "bullmq6"))
    ours, draw, added = Ours(instance, five, version), random.Random(f"{version} {seed}"), []
    acts: list[Callable[[], Awaitable[Any]]] = [ours.pause, ours.resume]
    for number in range(25):
        producer = draw.choice([five, six])
        added.append(f"job{number}")
        producer.add("deliver", jobId=added[-1])
        await draw.choice(acts)()
        if draw.random() < 0.2:
            draw.choice([six.pause, six.resume])()
    await ours.resume()
    assert sorted(ready(redis, "wait")) == sorted(added)
    assert ready(redis, "paused") == []


@pytest.mark.parametrize("version", ["5.81.5", "6.7.0", UNVERSIONED])
@pytest.mark.parametrize("pauser", ["bullmq5", "bullmq6"])
async def test_8_2_what_we_put_in_line_while_paused_survives_the_resume_of_a_client_of_5(
    node: NodeDriver, instance: Instance, redis: Any, pauser: str, version: str
) -> None:
    """Whatever the queue claims to be: our job stands in the list in which the others stand."""
    five = node.library("bullmq5").queue("mail")
    broken = failed(five)
    for name in ("one", "two"):
        five.add(name, jobId=name)
    later = str(five.add("later", jobId="later", delay=FAR)["id"])
    node.library(pauser).queue("mail").pause()
    ours = Ours(instance, five, version)
    await ours.retry(broken)
    await ours.promote(later)
    five.resume()
    assert ready(redis, "wait") == ["one", "two", broken, later]


async def test_8_2_pausing_again_keeps_what_a_producer_of_6_added_meanwhile(
    node: NodeDriver, instance: Instance, redis: Any
) -> None:
    five, six = (node.library(alias).queue("mail") for alias in ("bullmq5", "bullmq6"))
    ours = Ours(instance, five)
    for name in ("one", "two", "three"):
        five.add(name, jobId=name)
    await ours.pause()
    six.add("four", jobId="four")
    outcome = await ours.pause()
    assert ready(redis, "paused") == ["one", "two", "three", "four"]
    assert "1 more job was set aside" in outcome.sentence
    five.resume()
    assert ready(redis, "wait") == ["one", "two", "three", "four"]


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_3_our_pause_stops_the_workers(mail: NodeQueue, ours: Ours) -> None:
    with mail.worker(), mail.worker():
        before = waiting(mail)
        mail.wait_for_state(before, "completed")
        await ours.pause()
        mail.add("deliver", jobId="plain")
        mail.add("deliver", jobId="urgent", priority=1)
        deadline = time.monotonic() + NOT_YET
        while time.monotonic() < deadline:
            assert [run["jobId"] for run in mail.truth()] == [before]
        await ours.resume()
        until(lambda: len(mail.truth()) == 3)


@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_8_18_while_paused_the_old_way_hash_and_state_stay_in_step(
    node: NodeDriver, mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    """A client of 5 or earlier paused; what we put in line is found where its hash says."""
    broken = failed(mail, priority=2)
    later = str(mail.add("later", jobId="later", delay=FAR, priority=3)["id"])
    mail.add("plain", jobId="plain")
    (mail if mail.library.facts.renames_wait_on_pause else node.library("bullmq5").queue("mail")).pause()
    await ours.retry(broken)
    await ours.promote(later)
    name, unit = ("prioritized", 2**32) if mail.library.facts.has_prioritized_state else ("priority", 1)
    for job_id, priority in ((broken, 2), (later, 3)):
        assert redis.zscore(f"{ours.base}{name}", job_id) // unit == priority
        assert redis.hget(f"{ours.base}{job_id}", "priority") == str(priority).encode()
    await ours.resume()
    with mail.worker():
        until(lambda: {run["jobId"] for run in mail.truth()} == {broken, later, "plain"})
