"""Schedulers and repeatables made, changed and removed, by every library that has them, and where we differ."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from core.mutations.schedule_writing import Wanted
from core.schedulers.scheduler import Timing
from tests.interop.differences import Difference
from tests.interop.keyspace import Seen
from tests.interop.node_driver import Library, NodeQueue, until
from tests.interop.ours import Ours
from tests.interop.scenario import FAR, Scenario

END = 1_999_999_999_000
HOUR = 3_600_000
DATA = {"to": "ann", "list": [], "amount": 12.5, "deep": {"a/b": "ü ☃"}}
OPTIONS = {"attempts": 4, "backoff": {"type": "fixed", "delay": 5}, "removeOnComplete": {"count": 3}}
DAILY = Timing(pattern="30 4 * * 1-5", tz="Europe/Berlin", end=END, limit=7)
HOURLY = Timing(every=HOUR, limit=9)


def schedulers(library: Library) -> bool:
    return library.has_schedulers


def repeatables(library: Library) -> bool:
    return library.has_repeatables


def spelled(timing: Timing, *, cron: bool = False) -> dict[str, Any]:
    """As an application writes it."""
    said = {
        "cron" if cron else "pattern": timing.pattern,
        "every": timing.every,
        "tz": timing.tz,
        "limit": timing.limit,
        "startDate": timing.start,
        "endDate": timing.end,
        "offset": timing.offset,
    }
    return {name: value for name, value in said.items() if value is not None}


def upsert(queue: NodeQueue, timing: Timing, data: Any = None, options: dict[str, Any] | None = None) -> str:
    """The library's own, under the id `nightly`."""
    template = {
        "name": "digest",
        "data": DATA if data is None else data,
        "opts": OPTIONS if options is None else options,
    }
    queue.call("queue.upsertJobScheduler", "nightly", spelled(timing), template)
    return ""


def repeat(queue: NodeQueue, timing: Timing, data: Any = None, **options: Any) -> str:
    """The library's own repeatable, with the word for a pattern that it has had from the beginning."""
    early = queue.library.facts.is_bull or queue.library.facts.alias in ("bullmq1", "bullmq2")
    queue.add("digest", DATA if data is None else data, repeat=spelled(timing, cron=early), **OPTIONS, **options)
    return ""


def key_of(queue: NodeQueue, redis: Any = None) -> str:
    """The only member of its register."""
    facts = queue.library.facts
    members = (
        queue.call("queue.getJobSchedulers") if not facts.has_repeatables else queue.call("queue.getRepeatableJobs")
    )
    return str(members[0]["key"])


def drop(queue: NodeQueue, _: str) -> None:
    """Removed as the library removes by key."""
    if queue.library.facts.alias == "bullmq6":
        queue.call("queue.removeJobScheduler", key_of(queue))
    else:
        queue.call("queue.removeRepeatableByKey", key_of(queue))


def wanted(timing: Timing, data: Any = None, options: Any = None, **rest: Any) -> Wanted:
    written = json.dumps(DATA if data is None else data, ensure_ascii=False, separators=(",", ":"))
    return Wanted(timing, "digest", written, OPTIONS if options is None else options, **rest)


def _theirs(timing: Timing, *template: Any) -> Callable[[NodeQueue, str], Any]:
    return lambda queue, _: upsert(queue, timing, *template)


def _repeated(timing: Timing) -> Callable[[NodeQueue, str], Any]:
    return lambda queue, _: repeat(queue, timing)


def made(timing: Timing, key: str = "", **rest: Any) -> Callable[[Ours, str], Awaitable[Any]]:
    return lambda ours, _: ours.upsert_scheduler(key, wanted(timing, mode="create", **rest))


def changed(timing: Timing, **rest: Any) -> Callable[[Ours, str], Awaitable[Any]]:
    return lambda ours, _: ours.upsert_scheduler("nightly", wanted(timing, mode="edit", **rest))


async def removed(ours: Ours, _: str) -> None:
    (key,) = await ours.instance.ask("ZRANGE", ours.queue.id.base + b"repeat", 0, 0)
    await ours.remove_scheduler(key.decode())


def _idle(_queue: NodeQueue) -> str:
    return ""


def _unmarked(seen: Seen) -> None:
    seen.keys.pop("marker")


UNMARKED = Difference("the library wakes workers of a paused queue; we do not", _unmarked)


def _paused(queue: NodeQueue) -> str:
    queue.add("other", jobId="first")
    queue.pause()
    return ""


def _daily(queue: NodeQueue) -> str:
    return upsert(queue, DAILY)


def _hourly(queue: NodeQueue) -> str:
    return upsert(queue, HOURLY)


def _waiting_in_line(queue: NodeQueue) -> str:
    """Its first iteration is due at once, and nobody takes it."""
    upsert(queue, HOURLY)
    until(lambda: queue.ids("waiting"))
    return ""


def _ran_once(queue: NodeQueue) -> str:
    upsert(queue, HOURLY, {"script": {}}, {"attempts": 1})
    with queue.worker():
        until(lambda: queue.ids("completed") and queue.ids("delayed") and not queue.ids("active"))
    return ""


def _prioritised(queue: NodeQueue) -> str:
    upsert(queue, HOURLY, None, {"priority": 3})
    return ""


def _repeats(queue: NodeQueue) -> str:
    return repeat(queue, DAILY)


def _in_brief(seen: Seen) -> None:
    for event in seen.events:
        event.pop("data", None)
        event.pop("opts", None)


def _told(seen: Seen) -> None:
    _in_brief(seen)
    seen.keys.pop("delay", None)


def _no_mark(seen: Seen) -> None:
    seen.keys.pop("wait", None)


def _later_mark(seen: Seen) -> None:
    if "marker" in seen.keys:
        seen.keys["marker"] = [("1", "<ms>")]


IN_BRIEF = Difference("1.x puts the whole job into the event, and wakes a QueueScheduler that is not there", _told)
NO_MARK = Difference("2.x marks an empty list for a delayed job; we do not, for earlier ones would take it", _no_mark)
LATER_MARK = Difference("5.0 wakes by another mark; ours wakes it too", _later_mark)
DIFFERS = {"bullmq1": IN_BRIEF, "bullmq2": NO_MARK, "bullmq51": LATER_MARK}
SCENARIOS = [
    *(
        Scenario(
            f"{name} where {about}",
            "upsert_scheduler",
            build,
            schedulers,
            theirs=_theirs(timing),
            ours=made(timing, "nightly"),
            differs={"bullmq5": UNMARKED, "bullmq6": UNMARKED} if build is _paused and timing is DAILY else {},
        )
        for name, timing in (("a daily one", DAILY), ("an hourly one", HOURLY))
        for about, build in (("nothing is", _idle), ("the queue is paused", _paused))
    ),
    Scenario(
        "one with an offset",
        "upsert_scheduler",
        _idle,
        schedulers,
        theirs=lambda queue, _: upsert(queue, Timing(every=FAR, offset=5)),
        ours=made(Timing(every=FAR, offset=5), "nightly"),
    ),
    Scenario(
        "one with a start",
        "upsert_scheduler",
        _idle,
        schedulers,
        theirs=lambda queue, _: upsert(queue, Timing(every=FAR, start=END)),
        ours=made(Timing(every=FAR, start=END), "nightly"),
    ),
    *(
        Scenario(
            f"{name} changed into {into}",
            "upsert_scheduler",
            build,
            schedulers,
            theirs=_theirs(timing, {"n": 2}, {"priority": 2}),
            ours=changed(timing, data={"n": 2}, options={"priority": 2}),
        )
        for name, build in (
            ("a daily one", _daily),
            ("an hourly one", _hourly),
            ("one that waits in line", _waiting_in_line),
            ("one that ran once", _ran_once),
            ("one with a priority", _prioritised),
        )
        for into, timing in (
            ("a weekly one", Timing(pattern="0 0 * * 0", tz="UTC")),
            ("an hourly one", HOURLY),
            ("one of two hours", Timing(every=2 * HOUR)),
        )
    ),
    *(
        Scenario(
            f"a repeatable of {name}",
            "upsert_scheduler",
            _idle,
            lambda library: repeatables(library) and not library.has_schedulers,
            theirs=_repeated(timing),
            ours=made(timing),
            differs=DIFFERS,
        )
        for name, timing in (("days", DAILY), ("hours", HOURLY))
    ),
    Scenario("a scheduler", "remove_scheduler", _daily, schedulers, theirs=drop, ours=removed),
    Scenario("a scheduler that ran once", "remove_scheduler", _ran_once, schedulers, theirs=drop, ours=removed),
    Scenario("a scheduler in line", "remove_scheduler", _waiting_in_line, schedulers, theirs=drop, ours=removed),
    Scenario("a repeatable", "remove_scheduler", _repeats, repeatables, theirs=drop, ours=removed),
]
