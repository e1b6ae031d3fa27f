"""Which verbs are legal in the herd of fixed queues: on a job by its state, and on any queue."""

from __future__ import annotations

from core.model import State

_PENDING = (State.WAITING, State.PAUSED, State.PRIORITIZED, State.DELAYED)
LEGAL = {
    "retry": (State.FAILED, State.COMPLETED),
    "promote": (State.DELAYED,),
    "remove": tuple(state for state in State if state is not State.ACTIVE),
    "edit_data": tuple(state for state in State if state is not State.ACTIVE),
    "change_priority": _PENDING,
    "change_delay": (State.DELAYED,),
    "set_progress": tuple(State),
    "log": tuple(State),
    "duplicate": tuple(State),
    "move": tuple(state for state in State if state not in (State.ACTIVE, State.WAITING_CHILDREN)),
    "fail": (State.ACTIVE,),
    "requeue": (State.ACTIVE,),
    "remove_by_force": (State.ACTIVE,),
    "fail_by_force": (),
    "requeue_by_force": (),
}
OF_QUEUE = (
    "add",
    "set_concurrency",
    "set_rate_limit",
    "release_rate_limit",
    "release_deduplication",
    "trim_events",
    "mend_pause",
    "upsert_scheduler",
    "remove_scheduler",
    "run_scheduler",
)
