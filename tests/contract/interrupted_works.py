"""Every kind of work on many jobs, with what must have become of each when it is done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import redis as redis_py

from core.dead_letters.letter import How
from core.errors import NotFound
from core.herd import Herd
from core.model import QueueId, State
from core.operations.operation import OVER, Status
from core.operations.request import Action, Options, Request
from tests.contract.interrupted import Work
from tests.core import layout
from tests.core.laid_flows import MAIL as FLOWS
from tests.core.laid_flows import VIDEO, Laid

MAIL, POST = QueueId("default", "bull", "mail"), QueueId("default", "bull", "post")
MAIL_BASE, POST_BASE = MAIL.base, POST.base
JOBS = 20
IDS = [f"j{n}" for n in range(JOBS)]
DELAY, PRIORITY = 3_600_000, 7
STATES = ("wait", "paused", "active", "prioritized", "delayed", "completed", "failed", "waiting-children")
OPTIONS = Options()


def lay(redis: Any, state: str) -> None:
    layout.queue(redis, MAIL_BASE)
    layout.queue(redis, POST_BASE)
    for n, id in enumerate(IDS):
        _put(redis, id, state, 1_000 + n, n)


def _put(redis: Any, id: str, state: str, at: int, n: int = 0) -> None:
    layout.job(redis, MAIL_BASE, id, data=json.dumps({"n": n}), timestamp=at)
    if state == "wait":
        redis.lpush(MAIL_BASE + b"wait", id)
    else:
        redis.zadd(MAIL_BASE + state.encode(), {id: at * 4_096 if state == "delayed" else at})


def held(redis: Any, base: bytes = MAIL_BASE) -> dict[str, list[str]]:
    """The ids in each state; markers are none."""
    found = {}
    for state in STATES:
        key = base + state.encode()
        ids = redis.lrange(key, 0, -1) if redis.type(key) == b"list" else redis.zrange(key, 0, -1)
        found[state] = [id.decode() for id in ids if not id.startswith(b"0:")]
    return found


def operation(name: str, state: str, request: Request, take: Any, faults: Any) -> Work:
    async def act(herd: Herd) -> None:
        begun = await herd.operations.start(request)
        await herd.operations.wait(begun.id)
        await herd.operations.stop()

    async def again(herd: Herd) -> None:
        """Somebody finds it held and lets it go on, or finds nothing and begins anew."""
        await herd.operations.look()
        left = herd.operations.list()
        assert len(left) <= 1, f"{len(left)} operations are remembered, where one was begun"
        if not left:
            return await act(herd)
        if left[0].status not in OVER:
            herd.operations.resume(left[0].id, scope=left[0].scope or None)
        done = await herd.operations.wait(left[0].id)
        assert done.status is Status.DONE, f"it ended as {done.status}: {done.trouble}"
        assert done.done + sum((done.skipped or {}).values()) == done.total, (
            f"{done.done} done, {done.skipped} of {done.total}"
        )

    return Work(name, lambda redis: lay(redis, state), act, again, take, faults)


def fail_anew(redis: redis_py.Redis) -> list[str]:
    """A worker takes what is ready, and has it fail."""
    taken = held(redis)["wait"]
    for id in taken:
        redis.lrem(MAIL_BASE + b"wait", 0, id)
        redis.zadd(MAIL_BASE + b"failed", {id: layout.now()})
    return taken


def add_anew(redis: redis_py.Redis, state: str) -> list[str]:
    """A producer adds a job again as soon as its id is free."""
    free = [id for id in IDS if not redis.exists(MAIL_BASE + id.encode())]
    for id in free:
        _put(redis, id, state, layout.now())
    return free


def run_in_post(redis: redis_py.Redis) -> list[str]:
    """A worker of the other queue runs what has come, and nothing is left of it."""
    return list(_run(redis, POST_BASE))


def _run(redis: redis_py.Redis, base: bytes) -> Iterator[str]:
    for id in held(redis, base)["wait"]:
        yield f"j{json.loads(redis.hget(base + id.encode(), 'data') or '{}')['n']}"
        redis.lrem(base + b"wait", 0, id)
        redis.delete(base + id.encode())


def nothing(_redis: redis_py.Redis) -> list[str]:
    return []


def each_once(redis: redis_py.Redis, taken: Counter[str], *, end: str) -> Iterator[str]:
    """Each was taken once, and lies where that ended."""
    yield from _compared("taken", taken, Counter(IDS))
    yield from each_in(redis, Counter(), state=end)


def each_in(redis: redis_py.Redis, _taken: Counter[str], *, state: str) -> Iterator[str]:
    where = Counter((in_state, id) for in_state, ids in held(redis).items() for id in ids)
    yield from _compared("held", where, Counter((state, id) for id in IDS))


def each_moved(redis: redis_py.Redis, taken: Counter[str]) -> Iterator[str]:
    yield from _compared("come", taken, Counter(IDS))
    yield from (f"left over: {key!r}" for key in redis.scan_iter(MAIL_BASE + b"j*"))
    yield from (f"{ids} are {state}" for state, ids in held(redis).items() if ids)


def removed_once(redis: redis_py.Redis, taken: Counter[str], *, state: str) -> Iterator[str]:
    """Each was removed, and what was added in its place is there."""
    yield from _compared("removed", taken, Counter(IDS))
    yield from each_in(redis, Counter(), state=state)


def delayed_alike(redis: Any, _taken: Counter[str]) -> Iterator[str]:
    yield from each_in(redis, Counter(), state="delayed")
    due = {int(score) // 4_096 for _, score in redis.zrange(MAIL_BASE + b"delayed", 0, -1, withscores=True)}
    if len(due) != 1:
        yield f"they are due at {sorted(due)}"


def no_key(redis: redis_py.Redis, _taken: Counter[str]) -> Iterator[str]:
    yield from (f"left over: {key!r}" for key in redis.scan_iter(MAIL_BASE + b"*"))


def _compared(what: str, found: Counter[Any], meant: Counter[Any]) -> Iterator[str]:
    if found != meant:
        yield f"{what}: too often {dict(found - meant)}, too rarely {dict(meant - found)}"


def act(name: str, lay: Callable[[redis_py.Redis], None], do: Callable[[Herd], Awaitable[Any]], **ends: Any) -> Work:
    """What is not recorded, and so asked for anew."""

    async def done(herd: Herd) -> None:
        await do(herd)

    async def again(herd: Herd) -> None:
        with suppress(NotFound):  # nothing is left of it
            await do(herd)

    return Work(name, lay, done, again, ends.get("take", nothing), ends["faults"])


def bury(redis: redis_py.Redis) -> None:
    layout.queue(redis, MAIL_BASE)
    layout.queue(redis, POST_BASE)
    for n, id in enumerate(IDS):
        buried = {"originalQueue": "post", "jobName": "send", "jobData": {"n": n}, "error": "no"}
        layout.waiting(redis, MAIL_BASE, id, data=json.dumps(buried), timestamp=1)


def lay_flow(redis: redis_py.Redis, leaves: str) -> None:
    laid = Laid(redis)
    top = laid.put(FLOWS, "top", "waiting-children")
    mid = laid.put(VIDEO, "mid", "waiting-children" if leaves == "wait" else "failed", top)
    laid.waits_for(top, mid, *(laid.put(FLOWS, f"a{n}", leaves, top) for n in range(4)))
    laid.waits_for(mid, *(laid.put(VIDEO, f"b{n}", leaves, mid) for n in range(4)))
    laid.put(FLOWS, "bystander", "wait")


def flow_waits(redis: redis_py.Redis, _taken: Counter[str]) -> Iterator[str]:
    mail = {"wait": ["bystander", *(f"a{n}" for n in range(4))], "waiting-children": ["top"]}
    video = {"wait": [f"b{n}" for n in range(4)], "waiting-children": ["mid"]}
    for id, meant in ((FLOWS, mail), (VIDEO, video)):
        found = {state: sorted(ids) for state, ids in held(redis, id.base).items() if ids}
        if found != {state: sorted(ids) for state, ids in meant.items()}:
            yield f"{id.name}: {found}"


def flow_gone(redis: redis_py.Redis, _taken: Counter[str]) -> Iterator[str]:
    found = [ids for base in (FLOWS.base, VIDEO.base) for ids in held(redis, base).values() if ids]
    if found != [["bystander"]]:
        yield f"there is {found}"
    for pattern in (b"bull:mail:top*", b"bull:mail:a[0-9]", b"shop:video:mid*", b"shop:video:b[0-9]"):
        yield from (f"left over: {key!r}" for key in redis.scan_iter(pattern))


def _request(action: Action, state: State | None = None, **more: Any) -> Request:
    return Request(action, (MAIL,), state, **more)


WORKS: Sequence[Work] = (
    operation("retry", "failed", _request(Action.RETRY, State.FAILED), fail_anew, partial(each_once, end="failed")),
    operation(
        "retry, with a query",
        "failed",
        _request(Action.RETRY, State.FAILED, query="data.n:>=0"),
        fail_anew,
        partial(each_once, end="failed"),
    ),
    operation("promote", "delayed", _request(Action.PROMOTE), fail_anew, partial(each_once, end="failed")),
    operation(
        "remove",
        "failed",
        _request(Action.REMOVE, State.FAILED),
        partial(add_anew, state="failed"),
        partial(removed_once, state="failed"),
    ),
    operation(
        "drain",
        "wait",
        _request(Action.DRAIN),
        partial(add_anew, state="wait"),
        partial(removed_once, state="wait"),
    ),
    operation(
        "change priority",
        "wait",
        _request(Action.CHANGE_PRIORITY, State.WAITING, options=Options(priority=PRIORITY)),
        nothing,
        partial(each_in, state="prioritized"),
    ),
    operation(
        "change delay",
        "delayed",
        _request(Action.CHANGE_DELAY, State.DELAYED, options=Options(delay=DELAY)),
        nothing,
        delayed_alike,
    ),
    operation("move", "wait", _request(Action.MOVE, State.WAITING, options=Options(to=POST)), run_in_post, each_moved),
    operation("obliterate", "failed", _request(Action.OBLITERATE), nothing, no_key),
    act(
        "send dead letters back",
        bury,
        lambda herd: herd.dead_letters.send_all(MAIL, How()),
        take=run_in_post,
        faults=each_moved,
    ),
    act(
        "retry a flow",
        partial(lay_flow, leaves="failed"),
        lambda herd: herd.flows.retry_failed(FLOWS, "top"),
        faults=flow_waits,
    ),
    act(
        "remove a flow",
        partial(lay_flow, leaves="wait"),
        lambda herd: herd.flows.remove(FLOWS, "top"),
        faults=flow_gone,
    ),
)
