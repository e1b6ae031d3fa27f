"""What can happen to many jobs of a history at once."""

from __future__ import annotations

from collections.abc import Callable

from core.model import State
from core.operations.operation import Status
from core.operations.request import Action
from tests.interop.history import History
from tests.interop.history_kinds import Kind, Told, on_queue, promotable
from tests.interop.node_driver import NodeQueue
from tests.interop.ours import Ours
from tests.interop.scenario import bullmq


def _cleaned(state: str) -> Callable[[History, str], Told]:
    def tell(history: History, _: str) -> Told:
        for job_id in history.in_state(state):
            history.gone(job_id)
        return {}

    return tell


def _all_ready(*states: str) -> Callable[[History, str], Told]:
    def tell(history: History, _: str) -> Told:
        for job_id in history.in_state(*states):
            history.jobs[job_id].state = "ready"
        return {}

    return tell


def _each(verb: str, state: str) -> Callable[[NodeQueue, str, Told], None]:
    """One after the other, in the order in which they finished or fall due."""

    def act(queue: NodeQueue, _: str, __: Told) -> None:
        for job_id in queue.ids(state):
            getattr(queue, verb)(job_id)

    return act


def _all_failed_retryable(history: History) -> list[str]:
    failed = history.in_state("failed")
    return [""] if failed and set(failed) <= set(history.retryable()) else []


def _drained(history: History, _: str) -> Told:
    for job_id in history.in_state("ready"):
        history.gone(job_id)
    return {}


def _no_families(history: History) -> list[str]:
    return [] if any(job.parent or job.pending for job in history.jobs.values()) else [""]


async def _bulk(ours: Ours, action: Action, state: State | None = None) -> None:
    operation = await ours.bulk(action, state)
    assert operation.status is Status.DONE
    assert not operation.skipped, operation.examples


KINDS = (
    Kind(
        "bulk-clean",
        on_queue,
        _cleaned("failed"),
        lambda q, _, __: q.call("queue.clean", 0, 1000, "failed"),
        lambda o, _, __: _bulk(o, Action.CLEAN, State.FAILED),
    ),
    Kind(
        "bulk-remove",
        on_queue,
        _cleaned("completed"),
        _each("remove", "completed"),
        lambda o, _, __: _bulk(o, Action.REMOVE, State.COMPLETED),
    ),
    Kind(
        "bulk-retry",
        _all_failed_retryable,
        _all_ready("failed"),
        _each("retry", "failed"),
        lambda o, _, __: _bulk(o, Action.RETRY, State.FAILED),
    ),
    Kind(
        "bulk-promote",
        lambda history: [""] if promotable(history) else [],
        _all_ready("delayed"),
        _each("promote", "delayed"),
        lambda o, _, __: _bulk(o, Action.PROMOTE),
    ),
    Kind(
        "bulk-drain",
        _no_families,
        _drained,
        lambda q, _, __: q.call("queue.drain"),
        lambda o, _, __: _bulk(o, Action.DRAIN),
        bullmq,
    ),
)
