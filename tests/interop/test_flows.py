"""Flows made by the real library: our tree is its tree, and what is in flight is told. Bull has no such thing, and we
say so."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.errors import Unsupported
from core.flows.flow import Cause, Flow
from core.herd import Herd
from core.model import Dialect
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core.waiting import read_now
from tests.interop.flow_company import (
    PICTURE,
    REPORT,
    Because,
    Company,
    get_flow,
    job,
    shape,
    their_shape,
)
from tests.interop.node_driver import Library, NodeDriver, until
from tests.interop.ours import BULLMQS, BULLS, named
from tests.interop.scenario import FAR, newer_bullmq
from tickbird.demo.server import EmbeddedServer


@pytest.fixture
async def company(
    server: EmbeddedServer, redis: redis_py.Redis, node: NodeDriver, library: Library
) -> AsyncIterator[Company]:
    pinned = RedisSettings("default", server.url, ("*",), (("*", Dialect(library.dialect)),))
    herd = Herd(Settings(redis=(pinned,)))
    yield Company(herd, node, library)
    await herd.stop()


@pytest.mark.proves("flow-tree")
@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_the_tree_is_the_one_that_the_library_tells(company: Company) -> None:
    far = {"delay": FAR}
    company.add(
        job(
            "report",
            "top",
            job("chapter", "one", *(job("picture", f"p{n}", **(far if n % 2 else {})) for n in range(5))),
            job("chapter", "two", job("picture", "broken", script={"fail": "no such file"})),
            job("chapter", "three", script={"return": 3}),
            job("picture", "cover"),
        )
    )
    with company.working():
        until(lambda: company.chapter.state("three") == "completed" and company.picture.state("broken") == "failed")
        until(company.is_quiet)
    await read_now(company.herd)
    flow = await company.herd.flows.tree(REPORT, "top")
    assert shape(flow.root) == their_shape(company, get_flow(company, "top"))
    counts = company.report.call("job.getDependenciesCount", "top")
    assert flow.root.children is not None
    assert (flow.root.children.pending, flow.root.children.processed) == (counts["unprocessed"], counts["processed"])
    worst = flow.blocking.blockers[0]
    assert (worst.cause, worst.queue, [step.id for step in worst.path]) == (
        Cause.FAILED,
        PICTURE,
        ["top", "two", "broken"],
    )
    assert "no such file" in worst.sentence
    await _is_told_from_below_too(company, flow)


async def _is_told_from_below_too(company: Company, flow: Flow) -> None:
    from_below = await company.herd.flows.tree(PICTURE, "p1")
    assert [step.id for step in from_below.above] == ["top", "one"]
    assert shape(from_below.root) == shape(flow.root)
    assert from_below.focus.id == "p1"


@pytest.mark.parametrize("library", [each for each in BULLMQS if newer_bullmq(each)], ids=named)
async def test_failed_and_ignored_children_are_told_apart(company: Company) -> None:
    fails = {"script": {"fail": "550"}}
    company.add(
        job(
            "report",
            "top",
            job("chapter", "fatal", failParentOnFailure=True, **fails),
            job("chapter", "ignored", ignoreDependencyOnFailure=True, **fails),
            job("chapter", "goes-on", continueParentOnFailure=True, delay=FAR, **fails),
            job("chapter", "dropped", removeDependencyOnFailure=True, **fails),
            job("chapter", "plain", **fails),
        )
    )
    with company.working():
        until(lambda: company.report.state("top") == "failed" and len(company.chapter.ids("failed")) == 4)
    await read_now(company.herd)
    flow = await company.herd.flows.tree(REPORT, "top")
    told = {kid.id: (kid.tie, kid.terms) for kid in flow.root.kids}
    assert told == {
        "fatal": ("failed", "fails it"),
        "ignored": ("ignored", "is ignored on failure"),
        "goes-on": ("pending", "lets it go on"),
        "plain": ("pending", ""),
    }
    theirs = company.report.call("job.getDependencies", "top", {})
    assert {key.rpartition(":")[2] for key in theirs["unprocessed"]} == {"plain", "goes-on"}


@pytest.mark.proves("flow-tree", "absent")
@pytest.mark.proves("flows-in-flight", "absent")
@pytest.mark.proves("retry-failed-leaves", "absent")
@pytest.mark.proves("remove-unprocessed-children", "absent")
@pytest.mark.proves("remove-flow", "absent")
@pytest.mark.parametrize("library", BULLS, ids=named)
async def test_bull_has_no_such_thing_and_we_say_so(company: Company, because: Because) -> None:
    job_id = str(company.report.add("deliver")["id"])
    await read_now(company.herd)
    flows = company.herd.flows
    for asked in (flows.tree, flows.extent, flows.retry_failed, flows.remove_unprocessed, flows.remove):
        with pytest.raises(Unsupported, match="has no flows") as refusal:
            await asked(REPORT, job_id)
        because(refusal.value)
    page = await flows.in_flight()
    assert (page.flights, page.without) == ((), 1)
    assert company.report.state(job_id) == "waiting"


@pytest.mark.proves("flows-in-flight")
@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_flows_in_flight_are_those_whose_parents_wait_and_no_others(company: Company) -> None:
    for number in range(5):
        company.add(job("report", f"top{number}", job("chapter", f"mid{number}", job("picture", f"low{number}"))))
    company.add(job("report", "quick", job("picture", "quickly", lifo=True)))
    company.chapter.pause()
    with company.report.worker(), company.picture.worker():
        until(lambda: company.report.state("quick") == "completed" and not company.picture.ids("waiting"))
        until(lambda: not company.picture.ids("active"))
    await read_now(company.herd)
    seen: list[str] = []
    cursor = None
    while True:
        page = await company.herd.flows.in_flight(limit=2, cursor=cursor)
        seen += [flight.row.id for flight in page.flights]
        if (cursor := page.next) is None:
            break
    assert seen == [f"top{number}" for number in range(5)] == company.report.ids("waiting-children")
    parents = (await company.herd.flows.in_flight(all_parents=True)).flights
    assert {flight.row.id for flight in parents} == {*seen, *company.chapter.ids("waiting-children")}
    (first, *_) = (await company.herd.flows.in_flight()).flights
    assert (first.children.pending, first.worst) == (1, Cause.PAUSED)
