"""The last hour of real queues, from what their library leaves in Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.herd import Herd
from core.history import History
from tests.core.waiting import read_now, still
from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeQueue, until
from tests.interop.reading import MAIL, named
from tickbird.demo.server import EmbeddedServer

BULLMQ = [library for library in LIBRARIES if not library.is_bull]


@pytest.fixture
def mail(node: NodeDriver, library: Library) -> NodeQueue:
    return node.library(library.alias).queue("mail")


@pytest.fixture
async def herd(server: EmbeddedServer, mail: NodeQueue) -> AsyncIterator[Herd]:
    """A herd that reads when told to."""
    async with still(server.url) as herd:
        yield herd


def work(mail: NodeQueue, *, keep: bool, metrics: bool = False) -> None:
    """Seven jobs are completed and two fail, and are removed at once unless told to keep them."""
    gone = {"removeOnComplete": not keep, "removeOnFail": not keep}
    mail.add_bulk([{"name": "welcome", "data": {}, "opts": gone}] * 7)
    mail.add_bulk([{"name": "welcome", "data": {"script": {"fail": "550"}}, "opts": gone}] * 2)
    options = {"metrics": {"maxDataPoints": 60}} if metrics else {}
    with mail.worker(**options):
        until(lambda: len(mail.truth()) == 9 and all(run["outcome"] for run in mail.truth()))
        until(lambda: not mail.ids("active"))


async def hour(herd: Herd) -> History:
    await read_now(herd)
    return await herd.history(MAIL)


def totals(history: History) -> tuple[int, int]:
    return sum(each.completed or 0 for each in history.minutes), sum(each.failed or 0 for each in history.minutes)


@pytest.mark.parametrize("library", LIBRARIES, ids=named)
async def test_jobs_that_were_kept_are_counted_once(herd: Herd, mail: NodeQueue, library: Library) -> None:
    work(mail, keep=True)
    history = await hour(herd)
    assert totals(history) == (7, 2)
    assert (history.exact_since is None) is library.is_bull


@pytest.mark.parametrize("library", BULLMQ, ids=named)
async def test_jobs_that_were_removed_at_once_are_told_by_the_events(
    herd: Herd, mail: NodeQueue, library: Library
) -> None:
    work(mail, keep=False)
    history = await hour(herd)
    assert totals(history) == (7, 2)
    assert "Complete" in history.note
    assert history.minutes[0].completed == 0


@pytest.mark.parametrize("library", [each for each in LIBRARIES if each.is_bull], ids=named)
async def test_of_bulls_removed_jobs_nothing_is_claimed(herd: Herd, mail: NodeQueue, library: Library) -> None:
    work(mail, keep=False)
    history = await hour(herd)
    assert {(each.completed, each.failed) for each in history.minutes} == {(None, None)}
    assert "retained" in history.note


@pytest.mark.parametrize("library", [each for each in LIBRARIES if each.has_metrics], ids=named)
async def test_what_workers_count_themselves_is_taken_in(herd: Herd, mail: NodeQueue, library: Library) -> None:
    work(mail, keep=False, metrics=True)
    history = await hour(herd)
    assert totals(history) == (7, 2)
    assert history.exact_since is not None


@pytest.mark.parametrize("library", BULLMQ[-1:], ids=named)
async def test_a_stream_that_is_cut_short_is_not_called_complete(herd: Herd, mail: NodeQueue, library: Library) -> None:
    mail.open(streams={"events": {"maxLen": 0}})
    work(mail, keep=False)
    history = await hour(herd)
    assert totals(history) <= (7, 2)
    assert "Complete: every job" not in history.note
