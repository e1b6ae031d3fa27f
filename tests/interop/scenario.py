"""A scenario: what the library builds in two queues alike, one of which it then acts on itself, the other we."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.interop.differences import Difference
from tests.interop.node_driver import Library, NodeQueue, until
from tests.interop.ours import Ours

FAILING = {"script": {"fail": "no route to host"}}
FAR = 10_000_000


@dataclass(frozen=True)
class Scenario:
    """`build` answers the id of the job to act on. `differs` names, by library, each deliberate difference."""

    name: str
    verb: str
    build: Callable[[NodeQueue], str]
    on: Callable[[Library], bool] = lambda library: True
    theirs: Callable[[NodeQueue, str], Any] | None = None
    ours: Callable[[Ours, str], Awaitable[Any]] | None = None
    differs: dict[str, Difference] = field(default_factory=dict)

    def act_as_library(self, queue: NodeQueue, job_id: str) -> None:
        if self.theirs is not None:
            self.theirs(queue, job_id)
        else:
            getattr(queue, self.verb)(*([job_id] if job_id else []))

    async def act_as_tickbird(self, ours: Ours, job_id: str) -> None:
        if self.ours is not None:
            await self.ours(ours, job_id)
        else:
            await getattr(ours, self.verb)(*([job_id] if job_id else []))


def bull(library: Library) -> bool:
    return library.is_bull


def bullmq(library: Library) -> bool:
    return not library.is_bull


def newer_bullmq(library: Library) -> bool:
    return library.alias in ("bullmq5", "bullmq6")


def retries_heed_pause(library: Library) -> bool:
    return library.alias not in ("bull3", "bullmq1", "bullmq2")


def may_keep_children(library: Library) -> bool:
    """Before 4.5 a parent was removed with its children, always."""
    return library.alias in ("bullmq4", "bullmq51", "bullmq5", "bullmq6")


def only(*aliases: str) -> Callable[[Library], bool]:
    return lambda library: library.alias in aliases


def run_until(queue: NodeQueue, job_id: str, state: str) -> str:
    with queue.worker():
        queue.wait_for_state(job_id, state)
    return after_the_last_word(queue, job_id)


def after_the_last_word(queue: NodeQueue, job_id: str) -> str:
    """A worker that has closed may have sent a last command: it is through when Redis has answered us."""
    until(lambda: not queue.ids("active"))
    return job_id


def failed(queue: NodeQueue, **opts: Any) -> str:
    return run_until(queue, str(queue.add("deliver", FAILING, jobId="subject", **opts)["id"]), "failed")


def completed(queue: NodeQueue, **opts: Any) -> str:
    return run_until(queue, str(queue.add("deliver", jobId="subject", **opts)["id"]), "completed")


def waiting(queue: NodeQueue, **opts: Any) -> str:
    return str(queue.add("deliver", jobId="subject", **opts)["id"])


def company(queue: NodeQueue) -> None:
    """Other jobs in several states, so that a place in an order means something."""
    queue.add("other", jobId="first")
    queue.add("other", jobId="second")
    queue.add("other", jobId="urgent", priority=3)
    queue.add("other", jobId="bulk", priority=9)
    queue.add("other", jobId="later", delay=FAR)


def family(queue: NodeQueue, *children: dict[str, Any], **parent: Any) -> str:
    """Parent `parent` and children `child0`, `child1`, … all in this queue. Answers the parent's id."""
    tree = {
        "name": "invoice",
        "queueName": queue.name,
        "opts": {"jobId": "parent", **parent},
        "children": [
            {
                "name": "line",
                "queueName": queue.name,
                "data": {"script": options.pop("script", {})},
                "opts": {"jobId": f"child{number}", **options},
            }
            for number, options in enumerate(dict(child) for child in children)
        ],
    }
    queue.open()
    return str(queue.library.add_flow(tree)["job"]["id"])


def after_failure(queue: NodeQueue, *children: dict[str, Any]) -> str:
    """A family whose first child has failed; answers that child's id."""
    family(queue, {**FAILING, **children[0]}, *children[1:])
    with queue.worker():
        until(lambda: queue.state("child0") == "failed" and not queue.ids("active") and not queue.ids("waiting"))
    return after_the_last_word(queue, "child0")


def after_success(queue: NodeQueue, *children: dict[str, Any]) -> str:
    """A family whose first child has completed, and the parent too if that was the only one."""
    family(queue, *children)
    with queue.worker():
        until(lambda: queue.state("child0") == "completed" and not queue.ids("active") and not queue.ids("waiting"))
    return after_the_last_word(queue, "child0")
