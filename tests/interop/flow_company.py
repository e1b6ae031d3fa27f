"""Three queues of one library, between which flows live, and a herd that knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from core.flows.flow import Node
from core.herd import Herd
from core.model import QueueId
from tests.interop.node_driver import Library, NodeDriver

NAMES = ("report", "chapter", "picture")
Because = Callable[[BaseException], None]
REPORT, CHAPTER, PICTURE = (QueueId("default", "bull", name) for name in NAMES)
# What depends on when a worker last looked, and what is only ever added to.
BY_CHANCE = ("marker", "events", "stalled", "stalled-check", "pc", "id")


class Company:
    """Three queues of one library, and a herd that knows which it is."""

    def __init__(self, herd: Herd, node: NodeDriver, library: Library) -> None:
        self.herd = herd
        self.queues = {name: node.library(library.alias).queue(name) for name in NAMES}
        for queue in self.queues.values():
            queue.open()
        self.report, self.chapter, self.picture = self.queues.values()

    def add(self, tree: dict[str, Any]) -> None:
        self.report.library.add_flow(tree)

    @contextmanager
    def working(self) -> Iterator[None]:
        with ExitStack() as workers:
            for queue in self.queues.values():
                workers.enter_context(queue.worker())
            yield

    def is_quiet(self) -> bool:
        return not any(queue.ids("active") or queue.ids("waiting") for queue in self.queues.values())


def job(name: str, job_id: str, *children: dict[str, Any], **opts: Any) -> dict[str, Any]:
    """A node of a flow; `script` is what its worker does."""
    script = opts.pop("script", {})
    kids = {"children": list(children)} if children else {}
    return {"name": name, "queueName": name, "data": {"script": script}, "opts": {"jobId": job_id, **opts}, **kids}


def shape(node: Node) -> tuple[str, str | None, tuple[Any, ...]]:
    """Ids and states, children in the order of their ids."""
    return node.id, node.state, tuple(sorted(map(shape, node.kids)))


def their_shape(company: Company, told: dict[str, Any]) -> tuple[str, str, tuple[Any, ...]]:
    """The same of what the library's getFlow tells."""
    mine = told["job"]
    state = company.queues[mine["name"]].state(mine["id"])
    kids = tuple(sorted(their_shape(company, kid) for kid in told.get("children") or ()))
    return mine["id"], state, kids


def get_flow(company: Company, job_id: str) -> dict[str, Any]:
    flow: dict[str, Any] = company.report.call(
        "flow.getFlow", {"id": job_id, "queueName": "report", "prefix": "bull", "depth": 10, "maxChildren": 100}
    )
    return flow
