"""Each real library's queues get their right dialect, or a doubt: never a wrong one without."""

from __future__ import annotations

import pytest

from core.clients import connections, waiting_commands
from core.dialects.detect import detect
from core.dialects.signals import Signals, read_signals
from core.discovery import connected_command
from core.instance import Instance
from core.model import Identity
from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeQueue, until

# 2.4 and the first 4.x write no version, and without a prioritised job nothing tells them apart.
TELLING = [library for library in LIBRARIES if library.alias != "bullmq2"]


def named(library: Library) -> str:
    return library.alias


@pytest.fixture
def mail(node: NodeDriver, library: Library) -> NodeQueue:
    return node.library(library.alias).queue("mail")


async def signals_of(instance: Instance, base: bytes = b"bull:mail:") -> Signals:
    (seen,) = await read_signals(instance, [base])
    clients, channels = await instance.batch(connected_command())
    waits_on = waiting_commands(connections(clients, 0)).get(base, frozenset())
    listens = base + b"delayed" in channels
    return Signals(seen.types, seen.meta, seen.counter, seen.list_members, seen.jobs, waits_on, listens)


async def identified(instance: Instance) -> Identity:
    return detect(await signals_of(instance))


async def quiet(instance: Instance) -> None:
    """Until no connection of a library is left; its closing is not waited for."""
    while (await signals_of(instance)).waits_on:
        pass


async def waited_for(instance: Instance) -> None:
    """Until a worker waits for jobs."""
    while not (await signals_of(instance)).waits_on:
        pass


def visit_by_another_tool(node: NodeDriver) -> None:
    """What a dashboard does that constructs the newest Queue on anybody's keys."""
    node.library("bullmq6").queue("mail").open()


@pytest.mark.parametrize("library", TELLING, ids=named)
async def test_after_adds_alone(instance: Instance, mail: NodeQueue, library: Library) -> None:
    mail.add("welcome")
    mail.add("reminder", delay=60_000)
    identity = await identified(instance)
    assert (identity.dialect, identity.doubt) == (library.dialect, "")
    assert identity.evidence


@pytest.mark.parametrize("library", TELLING, ids=named)
async def test_with_a_live_worker(instance: Instance, mail: NodeQueue, library: Library) -> None:
    mail.add("welcome")
    with mail.worker():
        until(lambda: mail.counts()["completed"] == 1)
        identity = await identified(instance)
    assert (identity.dialect, identity.doubt) == (library.dialect, "")


@pytest.mark.parametrize("library", TELLING, ids=named)
async def test_after_jobs_ran_and_everybody_left(instance: Instance, mail: NodeQueue, library: Library) -> None:
    mail.add("reminder", delay=60_000)
    mail.add("welcome", {"script": {"fail": "550"}})
    with mail.worker():
        until(lambda: mail.counts()["failed"] == 1)
    mail.library.driver.reset()
    await quiet(instance)
    identity = await identified(instance)
    assert (identity.dialect, identity.doubt) == (library.dialect, "")


@pytest.mark.parametrize("library", LIBRARIES, ids=named)
async def test_with_a_worker_that_never_had_a_job(instance: Instance, mail: NodeQueue, library: Library) -> None:
    with mail.worker():
        await waited_for(instance)
        identity = await identified(instance)
    assert identity.dialect == library.dialect or identity.doubt
    assert identity.library == library.package


@pytest.mark.parametrize("library", LIBRARIES, ids=named)
async def test_prioritised_jobs_tell_generations_apart(instance: Instance, mail: NodeQueue, library: Library) -> None:
    mail.add("welcome", priority=3)
    identity = await identified(instance)
    assert (identity.dialect, identity.doubt) == (library.dialect, "")


@pytest.mark.parametrize("library", LIBRARIES, ids=named)
@pytest.mark.parametrize("when", ["added", "working", "left"])
async def test_another_tools_version_never_misleads_without_a_doubt(
    instance: Instance, node: NodeDriver, mail: NodeQueue, library: Library, when: str
) -> None:
    mail.add("welcome")
    if when != "added":
        with mail.worker():
            until(lambda: mail.counts()["completed"] == 1)
            visit_by_another_tool(node)
            identity = await identified(instance)
    if when != "working":
        node.reset()
        await quiet(instance)
        visit_by_another_tool(node)
        identity = await identified(instance)
    assert identity.dialect == library.dialect or identity.doubt
    assert when != "working" or identity.library == library.package


@pytest.mark.parametrize("library", LIBRARIES, ids=named)
async def test_what_was_settled_outlasts_an_idle_queue(instance: Instance, mail: NodeQueue, library: Library) -> None:
    job = mail.add("welcome", {"script": {"hold": "gate"}}, priority=3, removeOnComplete=True)
    with mail.worker() as worker:
        until(worker.held)
        settled = detect(await signals_of(instance), await identified(instance))
        worker.release("gate")
        until(lambda: mail.job(job["id"]) is None)
    mail.library.driver.reset()
    await quiet(instance)
    identity = detect(await signals_of(instance), settled)
    assert settled.doubt or (identity.dialect, identity.doubt) == (settled.dialect, "")


async def test_an_upgrade_from_4_to_5_is_settled_by_the_new_workers(instance: Instance, node: NodeDriver) -> None:
    old, new = (node.library(alias).queue("mail") for alias in ("bullmq4", "bullmq5"))
    old.add("welcome", priority=2)
    with old.worker():
        until(lambda: old.counts()["completed"] == 1)
        earlier = await identified(instance)
    old.add("welcome", priority=2)
    assert (earlier.dialect, earlier.doubt) == ("mq4", "")
    node.reset()
    await quiet(instance)
    with new.worker():
        until(lambda: new.counts()["completed"] == 2)
        now = detect(await signals_of(instance), earlier)
    assert (now.dialect, now.doubt) == ("mq5", "")
    node.reset()
    await quiet(instance)
    assert detect(await signals_of(instance), now).dialect == "mq5"
    assert (await identified(instance)).dialect == "mq5"


async def test_workers_of_two_generations_at_once_are_a_doubt(instance: Instance, node: NodeDriver) -> None:
    old, new = (node.library(alias).queue("mail") for alias in ("bullmq4", "bullmq6"))
    with old.worker(), new.worker():
        while len((await signals_of(instance)).waits_on) < 2:
            pass
        identity = await identified(instance)
    assert "disagree" in identity.doubt


async def test_workers_of_bull_beside_bullmq_are_a_doubt(instance: Instance, node: NodeDriver) -> None:
    bull, bullmq = (node.library(alias).queue("mail") for alias in ("bull4", "bullmq6"))
    with bull.worker(), bullmq.worker():
        bullmq.add("welcome")
        await waited_for(instance)
        identity = await identified(instance)
    assert "Both" in identity.doubt
