"""What can happen in a history: whom it befalls, how the library does it and how we do."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from core.mutations.adding import NewJob
from tests.interop.history import Drawn, History
from tests.interop.node_driver import Library, NodeQueue
from tests.interop.ours import Ours
from tests.interop.scenario import bullmq, newer_bullmq

Told = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """`whom`: the jobs that it may befall, [""] for the queue. `tell` draws the rest, and lets the history know.
    Without `ours` the library does it to both queues."""

    verb: str
    whom: Callable[[History], list[str]]
    tell: Callable[[History, str], Told]
    theirs: Callable[[NodeQueue, str, Told], Any]
    ours: Callable[[Ours, str, Told], Awaitable[Any]] | None
    on: Callable[[Library], bool] = lambda library: True


def on_queue(_: History) -> list[str]:
    return [""]


def _everything(history: History) -> list[str]:
    return list(history.jobs)


def _ready_again(history: History, job_id: str) -> Told:
    told = {"from": history.jobs[job_id].state}
    history.jobs[job_id].state = "ready"
    return told


def _their_retry(queue: NodeQueue, job_id: str, told: Told) -> None:
    queue.retry(job_id, *([] if queue.library.facts.is_bull else [told["from"]]))


def promotable(history: History) -> list[str]:
    """Bull 3 puts a promoted job into the list of a paused queue that has no other."""
    return [] if history.paused and history.library.alias == "bull3" else history.in_state("delayed")


def _gone(history: History, job_id: str) -> Told:
    history.gone(job_id)
    return {}


def _set_paused(paused: bool) -> Callable[[History, str], Told]:
    def tell(history: History, _: str) -> Told:
        history.paused = paused
        return {}

    return tell


def _new_job(history: History, _: str) -> Told:
    job_id = history.new(history.draw.choice(["ready", "ready", "delayed"]))
    job = history.jobs[job_id]
    return {"name": job.name, "data": job.data, "opts": {"jobId": job_id, **job.opts}}


def _their_add(queue: NodeQueue, _: str, told: Told) -> Any:
    return queue.add(told["name"], told["data"], **told["opts"])


async def _our_add(ours: Ours, _: str, told: Told) -> None:
    await ours.add([NewJob(told["name"], _compact(told["data"]), told["opts"])])


def _copied(history: History, job_id: str) -> Told:
    job = history.jobs[job_id]
    opts = {name: value for name, value in job.opts.items() if name != "delay"}
    return {"name": job.name, "data": job.data, "opts": opts}


def _copyable(history: History) -> list[str]:
    """Families and jobs whose priority was changed are another matter."""
    return [
        job_id
        for job_id, job in history.jobs.items()
        if not job.parent and job.state != "waiting-children" and job.priority == job.opts.get("priority", 0)
    ]


def _with_data(history: History, job_id: str) -> Told:
    history.jobs[job_id].data = history.data()
    return {"data": history.jobs[job_id].data}


def _with_priority(history: History, job_id: str) -> Told:
    """4 and 5.1 leave a job of priority 0 among those that have one."""
    least = 1 if history.library.alias in ("bullmq4", "bullmq51") else 0
    history.jobs[job_id].priority = history.draw.randint(least, 4)
    return {"priority": history.jobs[job_id].priority}


def _with_delay(history: History, job_id: str) -> Told:
    return {"delay": history.delay()}


def _with_progress(history: History, _: str) -> Told:
    return {"progress": history.draw.choice([50, {"step": 2, "of": "three"}])}


def _with_family(history: History, _: str) -> Told:
    """A plain parent of two, in this queue."""
    children = [history.new(history.draw.choice(["ready", "delayed"])) for _ in range(2)]
    parent = f"parent{history.made}"
    history.known(parent, Drawn("invoice", "waiting-children", {}, {}, 0, pending=set(children)))
    for child in children:
        history.jobs[child].parent = parent
    named = [(child, history.jobs[child]) for child in children]
    return {
        "parent": parent,
        "children": [{"name": j.name, "data": j.data, "opts": {"jobId": child, **j.opts}} for child, j in named],
    }


def _add_family(queue: NodeQueue, _: str, told: Told) -> None:
    children = [{**child, "queueName": queue.name} for child in told["children"]]
    tree = {"name": "invoice", "queueName": queue.name, "data": {}, "opts": {"jobId": told["parent"]}}
    queue.library.add_flow({**tree, "children": children})


def _compact(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _changes_priority(library: Library) -> bool:
    return library.alias in ("bullmq3", "bullmq4", "bullmq51", "bullmq5", "bullmq6")


KINDS = (
    Kind("retry", History.retryable, _ready_again, _their_retry, lambda o, job, _: o.retry(job)),
    Kind("promote", promotable, _ready_again, lambda q, job, _: q.promote(job), lambda o, job, _: o.promote(job)),
    Kind("remove", History.removable, _gone, lambda q, job, _: q.remove(job), lambda o, job, _: o.remove(job)),
    Kind(
        "pause",
        lambda history: [] if history.paused else [""],
        _set_paused(True),
        lambda q, _, __: q.pause(),
        lambda o, _, __: o.pause(),
    ),
    Kind(
        "resume",
        lambda history: [""] if history.paused else [],
        _set_paused(False),
        lambda q, _, __: q.resume(),
        lambda o, _, __: o.resume(),
    ),
    Kind("add", on_queue, _new_job, _their_add, _our_add),
    Kind("duplicate", _copyable, _copied, _their_add, lambda o, job, _: o.duplicate(job)),
    Kind(
        "edit_data",
        _everything,
        _with_data,
        lambda q, job, told: q.call("job.updateData", job, told["data"]),
        lambda o, job, told: o.edit_data(job, _compact(told["data"])),
    ),
    Kind(
        "change_priority",
        lambda history: history.in_state("ready"),
        _with_priority,
        lambda q, job, told: q.call("job.changePriority", job, told),
        lambda o, job, told: o.change_priority(job, told["priority"]),
        _changes_priority,
    ),
    Kind(
        "change_delay",
        lambda history: history.in_state("delayed"),
        _with_delay,
        lambda q, job, told: q.call("job.changeDelay", job, told["delay"]),
        lambda o, job, told: o.change_delay(job, told["delay"]),
        bullmq,
    ),
    Kind(
        "set_progress",
        _everything,
        _with_progress,
        lambda q, job, told: q.update_progress(job, told["progress"]),
        lambda o, job, told: o.set_progress(job, _compact(told["progress"])),
    ),
    Kind(
        "log",
        _everything,
        lambda history, _: {"line": f"line {history.draw.randint(1, 9)}"},
        lambda q, job, told: q.log(job, told["line"]),
        lambda o, job, told: o.log(job, told["line"]),
    ),
    Kind(
        "set_concurrency",
        on_queue,
        lambda history, _: {"limit": history.draw.randint(1, 9)},
        lambda q, _, told: q.call("queue.setGlobalConcurrency", told["limit"]),
        lambda o, _, told: o.set_concurrency(told["limit"]),
        newer_bullmq,
    ),
    Kind(
        "set_rate_limit",
        on_queue,
        lambda history, _: {"most": history.draw.randint(1, 9), "duration": 1000},
        lambda q, _, told: q.call("queue.setGlobalRateLimit", told["most"], told["duration"]),
        lambda o, _, told: o.set_rate_limit(told["most"], told["duration"]),
        newer_bullmq,
    ),
    Kind("family", on_queue, _with_family, _add_family, None, bullmq),
)
