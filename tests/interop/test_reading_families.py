"""Flows: parents and children, told from both sides as the real library tells them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.herd import Herd
from core.model import QueueId
from tests.core.waiting import still
from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeQueue, until
from tests.interop.reading import MAIL, agree, named
from tickbird.demo.server import EmbeddedServer

FLOWS = [library for library in LIBRARIES if not library.is_bull]


@pytest.fixture
def mail(node: NodeDriver, library: Library) -> NodeQueue:
    return node.library(library.alias).queue("mail")


@pytest.fixture
async def herd(server: EmbeddedServer, mail: NodeQueue) -> AsyncIterator[Herd]:
    """A herd that knows the queue and reads when told to."""
    mail.add("first")
    async with still(server.url) as herd:
        yield herd


@pytest.mark.parametrize("library", FLOWS, ids=named)
async def test_a_family_is_told_from_both_sides(herd: Herd, mail: NodeQueue, library: Library) -> None:
    child = {"name": "child", "queueName": "video", "data": {"script": {"return": 7}}}
    flow = mail.library.add_flow({"name": "parent", "queueName": "mail", "children": [child, child, child]})
    video = mail.library.queue("video")
    parent_id, children = flow["job"]["id"], [each["job"]["id"] for each in flow["children"]]
    with video.worker() as worker:
        video.wait_for_state(children[0], "completed")
        worker.pause()
    until(lambda: not video.ids("active"))
    read = await agree(herd, mail, parent_id)
    counts = mail.call("job.getDependenciesCount", parent_id)
    assert read.children is not None
    assert (read.children.pending, read.children.processed) == (counts["unprocessed"], counts["processed"])
    assert read.children.total == 3
    assert {(each.queue, each.id) for each in read.children.listed} == {
        (QueueId("default", "bull", "video"), child_id) for child_id in children
    }
    young = await herd.job(QueueId("default", "bull", "video"), children[0])
    assert young.parent is not None
    assert (young.parent.queue, young.parent.id) == (MAIL, parent_id)
    assert young.returnvalue is not None
    assert young.returnvalue.value == 7


@pytest.mark.parametrize("library", [each for each in LIBRARIES if each.alias in ("bullmq5", "bullmq6")], ids=named)
async def test_children_that_failed_are_told_apart(herd: Herd, mail: NodeQueue, library: Library) -> None:
    fails = {"script": {"fail": "550"}}
    flow = mail.library.add_flow(
        {
            "name": "parent",
            "queueName": "mail",
            "children": [
                {"name": "ignored", "queueName": "video", "data": fails, "opts": {"ignoreDependencyOnFailure": True}},
                {"name": "fatal", "queueName": "video", "data": fails, "opts": {"failParentOnFailure": True}},
                {"name": "later", "queueName": "video", "data": {}, "opts": {"delay": 600_000}},
            ],
        }
    )
    parent_id, fatal = flow["job"]["id"], flow["children"][1]["job"]["id"]
    video = mail.library.queue("video")
    with video.worker(), mail.worker():
        until(lambda: len(video.ids("failed")) == 2)
        until(lambda: mail.state(parent_id) == "failed")
    read = await agree(herd, mail, parent_id)
    assert read.children is not None
    assert (read.children.pending, read.children.ignored, read.children.unsuccessful) == (1, 1, 1)
    assert [each.id for each in read.children.listed if each.status == "failed"] == [fatal]
    young = await herd.job(QueueId("default", "bull", "video"), fatal)
    assert young.parent is not None
    assert "fails it" in young.parent.note
