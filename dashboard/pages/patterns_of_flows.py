"""What the page of all components shows of flows: a small tree, what holds it back, and a row of their list."""

from __future__ import annotations

from typing import Any

from core.flows.flow import Blocker, Blocking, Cause, Flow, InFlight, Node, Step, Tie
from core.job import Children, Covered, JobRow
from core.model import QueueId, State
from dashboard.pages.flow import Hindrance
from dashboard.pages.flow_branch import branch, links
from dashboard.pages.flows import Row
from dashboard.words import now

REPORT, PICTURE = QueueId("default", "bull", "report"), QueueId("default", "bull", "picture")


def values(base: str) -> dict[str, Any]:
    """Made-up flows."""
    flow = _flow()
    (blocker,) = flow.blocking.blockers
    flight = InFlight(
        REPORT, _row("12", State.WAITING_CHILDREN), now() - 90_000, _COUNTS, 2, 20, "", None, is_part=True
    )
    said = "2 jobs in picture have failed."
    return {
        "tree": branch(base, flow),
        "hindrances": [Hindrance(blocker, links(base, blocker.path), base, "Paused while 7 jobs wait.")],
        "flights": [Row(flight, base, base), Row(_failing(flight, said), base, base)],
    }


_COUNTS = Children(pending=2, processed=4_900, ignored=1, unsuccessful=1)


def _row(id: str, state: State, **rest: Any) -> JobRow:
    at = now()
    return JobRow(id, state, name="render", timestamp=at - 90_000, processed_on=at - 5_000, **rest)


def _failing(flight: InFlight, said: str) -> InFlight:
    return InFlight(flight.queue, flight.row, flight.since, _COUNTS, 2, 3, said, Cause.FAILED, is_part=False)


def _flow() -> Flow:
    kids = (
        _kid("1", State.FAILED, Tie.FAILED, failed_reason="ENOENT: no such file", finished_on=now()),
        _kid("2", State.ACTIVE, Tie.PENDING, progress={"percent": 62, "message": "compressing"}),
        _kid("3", State.DELAYED, Tie.PENDING, due_at=now() + 12_000),
        _kid("4", State.FAILED, Tie.IGNORED, finished_on=now()),
        Node("bull:picture:5", "5", PICTURE, None, Tie.PENDING),
        Node("other:queue:6", "6", None, None, Tie.PENDING),
    )
    top = Node("bull:report:12", "12", REPORT, _row("12", State.WAITING_CHILDREN), since=now() - 90_000)
    root = Node(top.key, top.id, top.queue, top.row, None, "", top.since, _COUNTS, None, True, kids, 4_898)
    steps = (Step("12", REPORT, "bull:report:12"), Step("1", PICTURE, "bull:picture:1"))
    blocker = Blocker(Cause.FAILED, PICTURE, 2, "2 jobs in picture have failed: ENOENT: no such file", steps)
    return Flow(root, kids[0].key, steps[:1], None, Covered(6, 4_904), Blocking((blocker,)), 7)


def _kid(id: str, state: State, tie: Tie, **rest: Any) -> Node:
    locked = False if state is State.ACTIVE else None
    return Node(f"bull:picture:{id}", id, PICTURE, _row(id, state, **rest), tie, "fails it", locked=locked)
