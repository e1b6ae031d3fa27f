"""Flows as JSON; the twin of `flow_schemas`."""

from __future__ import annotations

from core.flows.flow import Blocker, Blocking, Done, Extent, FlightPage, Flow, InFlight, Left, Node, Step
from core.job import Children
from core.model import QueueId
from dashboard.api.job_shapes import is_writable
from dashboard.api.shapes import Json, covered, queue_id
from dashboard.urls import job_href, job_page


def _place(base: str, queue: QueueId | None, job_id: str) -> Json:
    """Where a job is; null where its key begins with no queue that is known here."""
    return {
        "id": job_id,
        "queue": queue and queue_id(base, queue),
        "href": queue and job_href(base, queue, job_id),
        "page": queue and job_page(base, queue, job_id),
    }


def children(children: Children | None) -> Json | None:
    """How many there are, by how the parent counts them."""
    return (
        None
        if children is None
        else {
            "total": children.total,
            "pending": children.pending,
            "processed": children.processed,
            "ignored": children.ignored,
            "failed": children.unsuccessful,
        }
    )


def node(base: str, node: Node) -> Json:
    """One job of a tree, with what is shown below it."""
    row = node.row
    return {
        **_place(base, node.queue, node.id),
        "key": node.key,
        "state": node.state,
        "gone": node.queue is not None and (row is None or row.missing),
        "name": row and row.name,
        "tie": node.tie,
        "onFailure": node.terms,
        "timestamp": row and row.timestamp,
        "dueAt": row and row.due_at,
        "processedOn": row and row.processed_on,
        "finishedOn": row and row.finished_on,
        "took": row and row.took,
        "waitsSince": node.since,
        "progress": row.progress if row and is_writable(row.progress) else None,
        "attemptsMade": row and row.attempts_made,
        "failedReason": row and row.failed_reason,
        "locked": node.locked,
        "sure": node.sure,
        "children": children(node.children),
        "kids": [_inner(base, kid) for kid in node.kids],
        "more": node.more,
    }


_inner = node


def _step(base: str, step: Step) -> Json:
    return {**_place(base, step.queue, step.id), "key": step.key}


def _blocker(base: str, blocker: Blocker) -> Json:
    return {
        "cause": blocker.cause,
        "count": blocker.count,
        "sentence": blocker.sentence,
        "queue": blocker.queue and queue_id(base, blocker.queue),
        "path": [_step(base, step) for step in blocker.path],
    }


def blocking(base: str, blocking: Blocking) -> Json:
    """What holds a flow back, worst first."""
    return {
        "sentence": blocking.sentence,
        "blockers": [_blocker(base, blocker) for blocker in blocking.blockers],
        "covered": covered(blocking.covered),
    }


def flow(base: str, flow: Flow) -> Json:
    """The tree around one job."""
    return {
        "root": node(base, flow.root),
        "here": flow.here,
        "above": [_step(base, step) for step in flow.above],
        "blocking": blocking(base, flow.blocking),
        "next": flow.next,
        "covered": covered(flow.listed),
        "notes": list(flow.notes),
    }


def _flight(base: str, flight: InFlight) -> Json:
    return {
        **_place(base, flight.queue, flight.row.id),
        "name": flight.row.name,
        "waitsSince": flight.since,
        "children": children(flight.children),
        "failed": flight.failed,
        "lookedAt": flight.looked_at,
        "cause": flight.worst,
        "because": flight.because,
        "isPart": flight.is_part,
    }


def flights(base: str, page: FlightPage) -> Json:
    """A page of flows in flight."""
    return {
        "flows": [_flight(base, flight) for flight in page.flights],
        "next": page.next,
        "covered": covered(page.covered),
        "trouble": list(page.trouble),
        "queues_without_flows": page.without,
    }


def extent(base: str, extent: Extent) -> Json:
    """What a removal would take."""
    return {
        "total": extent.total,
        "exact": extent.exact,
        "running": extent.running,
        "strangers": extent.strangers,
        "counts": [
            {"queue": queue_id(base, queue), "state": state, "jobs": number}
            for (queue, state), number in sorted(extent.counts.items())
        ],
    }


def done(base: str, done: Done) -> Json:
    """What an act on a flow did."""
    return {
        "verb": done.verb,
        "changed": bool(done.done or done.results),
        "sentence": done.sentence,
        **_place(base, done.queue, done.job_id),
        "done": done.done,
        "left": [_left(base, left) for left in done.left],
        "left_count": done.left_count,
        "rest": done.rest,
        "results": [{**_place(base, queue, id), "sentence": sentence} for queue, id, sentence in done.results],
    }


def _left(base: str, left: Left) -> Json:
    return {**_place(base, left.queue, left.job_id), "why": left.why}
