"""A job goes to another queue, of whatever layout, and is then in that one alone; where it may not, it stays."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.errors import Conflict, Forbidden, Invalid, NotFound, TickbirdError, Unavailable
from core.ground import Ground
from core.instance import Instance
from core.model import Dialect, Outcome, State
from core.mutations.adding import NewJob
from core.mutations.front import Mutations
from core.mutations.moving import Ticket
from core.mutations.receiving import REMEMBERED
from core.permission import Permission
from core.redis_settings import RedisSettings
from core.sight import now
from tests.contract.acting import MADE, made, refused
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout
from tickbird.demo.server import EmbeddedServer

each_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
newest = pytest.mark.parametrize("layout", [LAYOUTS[0], LAYOUTS[1], LAYOUTS[-1]], ids=str)
PLACES = (State.WAITING, State.PAUSED, State.DELAYED, State.COMPLETED, State.FAILED)


@pytest.fixture(params=[Layout(Dialect.BULL), Layout(Dialect.MQ5, "6.7.0")], ids=lambda to: f"to-{to}")
def post(redis: redis_py.Redis, instance: Instance, request: pytest.FixtureRequest) -> LaidOut:
    return LaidOut(redis, instance, request.param, prefix="{other}", name="post")


def mover(*queues: LaidOut, through: Instance | None = None) -> Mutations:
    found = {queue.queue.id: queue.queue for queue in queues}
    return Mutations(Ground({"default": through or queues[0].instance}, found.__getitem__, lambda _id: None))


async def moved(mail: LaidOut, post: LaidOut, job_id: str, *, again: bool = False) -> Outcome:
    return await mover(mail, post).move(mail.queue.id, job_id, post.queue.id, again=again)


def stored(queue: LaidOut, job_id: str | None) -> dict[str, bytes]:
    return {name.decode(): value for name, value in queue.redis.hgetall(f"{queue.base}{job_id}").items()}


def aside(mail: LaidOut, post: LaidOut, job_id: str, at: int) -> None:
    """It was begun to be moved at that moment, and nothing more."""
    ticket = Ticket(post.queue.id.prefix, post.queue.id.name, f"moved-{job_id}", at)
    made(mail, job_id, None, movingTo=ticket.encode(), movingFrom="failed 0")
    mail.redis.zadd(f"{mail.base}tickbird:moving", {job_id: at})


@each_layout
async def test_from_wherever_it_was_it_is_there_and_nothing_of_it_is_left(mail: LaidOut, post: LaidOut) -> None:
    for state in PLACES:
        made(mail, "bystander", state)
        made(mail, "7", state, data=b'{"a":"\xff"}', failedReason="no", attemptsMade=3, atm=3)
        mail.redis.rpush(f"{mail.base}7:logs", "a line")
        outcome = await moved(mail, post, "7")
        assert outcome.queue == post.queue.id
        assert not mail.redis.keys(f"{mail.base}7*")
        assert not mail.redis.exists(f"{mail.base}tickbird:moving")
        there = stored(post, outcome.job_id)
        assert there.keys() == {"name", "data", "opts", "timestamp", "delay", "priority"}
        assert (there["name"], there["data"]) == (b"deliver", b'{"a":"\xff"}')
        with pytest.raises(NotFound):
            await moved(mail, post, "7")
        assert mail.redis.exists(f"{mail.base}bystander")
        mail.redis.delete(*mail.redis.keys(f"{mail.base}*"))
    assert len(post.line("wait")) == len(PLACES)


@each_layout
async def test_priority_options_and_the_delay_that_is_left_go_along(mail: LaidOut, post: LaidOut) -> None:
    opts = {"attempts": 4, "backoff": {"type": "fixed", "delay": 700}, "removeOnFail": True, "priority": 2}
    due = now() + 3_600_000
    made(mail, "7", None, opts=json.dumps({**opts, "jobId": "7", "delay": 1}), priority=9)
    mail.redis.zadd(f"{mail.base}delayed", {"7": due * 4096})
    outcome = await moved(mail, post, "7")
    there = stored(post, outcome.job_id)
    assert {word: json.loads(there["opts"])[word] for word in opts} == {**opts, "priority": 9}
    assert json.loads(there["opts"])["jobId"] == outcome.job_id
    assert there["priority"] == b"9"
    score = post.redis.zscore(f"{post.base}delayed", outcome.job_id)
    assert abs(score / 4096 - due) < 5_000
    assert "due in" in outcome.sentence


@each_layout
async def test_a_prioritised_job_keeps_its_priority(mail: LaidOut, post: LaidOut) -> None:
    job_id = (await _added(mail, priority=3)).job_id
    outcome = await moved(mail, post, str(job_id))
    assert post.prioritised() == {outcome.job_id: 3}
    assert mail.prioritised() == {}


async def _added(mail: LaidOut, **options: Any) -> Outcome:
    (outcome,) = await mover(mail).add(mail.queue.id, [NewJob("deliver", "{}", options)])
    return outcome


@newest
async def test_what_the_other_library_does_not_know_is_said(mail: LaidOut, post: LaidOut) -> None:
    opts = {"timeout": 5000, "kl": 3, "backoff": {"type": "jitter"}, "de": {"id": "x"}}
    made(mail, "7", State.FAILED, opts=json.dumps(opts))
    outcome = await moved(mail, post, "7")
    kept = json.loads(stored(post, outcome.job_id)["opts"])
    is_bull = post.layout.dialect is Dialect.BULL
    assert ("timeout" in kept, "kl" in kept, "keepLogs" in kept) == (is_bull, not is_bull, False)
    for word in ("keepLogs" if is_bull else "timeout", "'jitter'", "deduplication"):
        assert word in outcome.sentence


@each_layout
async def test_what_may_not_be_moved_stays_as_it_is(mail: LaidOut, post: LaidOut, layout: Layout) -> None:
    made(mail, "taken", State.ACTIVE)
    made(mail, "locked", State.WAITING)
    mail.redis.set(f"{mail.base}locked:lock", "somebody")
    made(mail, "holder", State.WAITING, deid="order")
    mail.redis.set(f"{mail.base}de:order", "holder")
    made(mail, f"repeat:nightly:{MADE}", State.DELAYED, rjk="nightly", opts='{"repeat":{"key":"nightly"}}')
    mail.redis.zadd(f"{mail.base}repeat", {"nightly": MADE})
    made(mail, "child", State.FAILED, parent='{"id":"1","queueKey":"bull:q"}', parentKey="bull:q:1")
    made(mail, "orphan", None)
    mail.ghost("ghost", State.FAILED)
    ids = ["taken", "locked", "holder", f"repeat:nightly:{MADE}", "child", "orphan"]
    if layout.dialect is not Dialect.BULL:
        made(mail, "parent", State.COMPLETED)
        mail.redis.hset(f"{mail.base}parent:processed", "bull:q:2", "1")
        made(mail, "waits", State.WAITING_CHILDREN)
        ids += ["parent", "waits"]
    for job_id in ids:
        await refused(mail, Conflict, moved(mail, post, job_id))
    for job_id in ("ghost", "nowhere"):
        await refused(mail, NotFound, moved(mail, post, job_id))


@newest
async def test_a_job_does_not_move_to_where_it_is_or_with_what_cannot_be_there(mail: LaidOut, post: LaidOut) -> None:
    made(mail, "7", State.FAILED)
    made(mail, "8", State.FAILED, opts='{"attempts":"many"}')
    await refused(mail, Invalid, moved(mail, mail, "7"))
    await refused(mail, Invalid, moved(mail, post, "8"))


@newest
async def test_one_that_has_finished_since_somebody_looked_is_not_run_twice(mail: LaidOut, post: LaidOut) -> None:
    made(mail, "7", State.COMPLETED)
    id, to = mail.queue.id, post.queue.id
    said = await refused(mail, Conflict, mover(mail, post).move(id, "7", to, seen=State.WAITING))
    assert "has completed meanwhile" in said
    assert (await mover(mail, post).move(id, "7", to, seen=State.COMPLETED)).changed


@newest
async def test_it_takes_the_permissions_to_add_and_to_remove(mail: LaidOut, post: LaidOut) -> None:
    made(mail, "7", State.FAILED)
    for may in ({Permission.ADD}, {Permission.REMOVE}):
        with asking(Asker("ada", "half", frozenset({Permission.VIEW, *may}))):
            await refused(mail, Forbidden, moved(mail, post, "7"))


class Cut(Instance):
    """A Redis that goes away before one script of ours, or just after."""

    verb, after = "", False

    async def script(self, script: Any, keys: Any, arguments: Any) -> Any:
        if script.name.endswith(f"/{self.verb}"):
            verb, self.verb = self.verb, ""
            if self.after:
                await super().script(script, keys, arguments)
            raise Unavailable(f"Gone at {verb}.")
        return await super().script(script, keys, arguments)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("verb", ["set_aside", "receive", "let_go"])
@newest
async def test_what_was_cut_off_anywhere_is_finished_and_never_done_twice(
    server: EmbeddedServer, mail: LaidOut, post: LaidOut, verb: str, after: bool
) -> None:
    for job_id in ("6", "7", "8"):
        made(mail, job_id, State.WAITING)
    cut = Cut(RedisSettings("default", server.url, ("*",)))
    cut.verb, cut.after = verb, after
    try:
        with pytest.raises(Unavailable):
            await mover(mail, post, through=cut).move(mail.queue.id, "7", post.queue.id)
    finally:
        await cut.close()
    if verb != "set_aside" or after:
        # No worker of the one queue takes it while it may be in the other.
        assert mail.line("wait") == ["6", "8"]
    # A worker ran it meanwhile, and nothing is left of it there.
    ran = post.line("wait")
    for job_id in ran:
        post.redis.lrem(f"{post.base}wait", 0, job_id)
        post.redis.delete(f"{post.base}{job_id}")
    if (verb, after) == ("let_go", True):
        with pytest.raises(NotFound):
            await moved(mail, post, "7")
    else:
        await moved(mail, post, "7")
    assert len(ran) + len(post.line("wait")) == 1
    assert mail.line("wait") == ["6", "8"]
    assert not mail.redis.keys(f"{mail.base}7*")


@newest
async def test_many_who_press_at_once_move_it_once(mail: LaidOut, post: LaidOut) -> None:
    for number in range(20):
        made(mail, str(number), State.WAITING)
    pressed = [moved(mail, post, str(number)) for number in range(20) for _ in range(4)]
    became = await asyncio.gather(*pressed, return_exceptions=True)
    assert {type(each) for each in became if not isinstance(each, Outcome)} <= {NotFound}
    assert len({each.job_id for each in became if isinstance(each, Outcome)}) == 20
    assert len(post.line("wait")) == 20
    assert mail.line("wait") == []


@newest
async def test_one_on_its_way_goes_nowhere_else_and_nothing_else_is_done_to_it(mail: LaidOut, post: LaidOut) -> None:
    other = LaidOut(mail.redis, mail.instance, mail.layout, name="other")
    aside(mail, post, "7", now() - 1000)
    queues = mover(mail, post, other)
    id = mail.queue.id
    assert "other}:post" in await refused(mail, Conflict, queues.move(id, "7", other.queue.id))
    for doing in (
        queues.retry(id, "7"),
        queues.promote(id, "7"),
        queues.remove(id, "7", force=True),
        queues.edit_data(id, "7", "[]"),
        queues.change_priority(id, "7", 3),
    ):
        await refused(mail, TickbirdError, doing)
    outcome = await moved(mail, post, "7")
    assert (outcome.job_id, post.line("wait")) == ("moved-7", ["moved-7"])


@newest
async def test_one_begun_so_long_ago_that_nobody_remembers_is_not_guessed_about(mail: LaidOut, post: LaidOut) -> None:
    aside(mail, post, "7", now() - REMEMBERED - 1000)
    assert "may have run" in await refused(mail, Conflict, moved(mail, post, "7"))
    outcome = await moved(mail, post, "7", again=True)
    assert post.line("wait") == [outcome.job_id]
    assert not mail.redis.exists(f"{mail.base}7")


@newest
async def test_a_field_of_that_name_which_somebody_else_wrote_hinders_nothing(mail: LaidOut, post: LaidOut) -> None:
    made(mail, "7", State.FAILED, movingTo="yesterday")
    made(mail, "8", State.WAITING, movingTo=Ticket("bull", "gone", "moved-8", 1).encode())
    for job_id in ("7", "8"):
        await moved(mail, post, job_id)
    assert len(post.line("wait")) == 2


@newest
async def test_one_deep_in_a_long_list_is_found(mail: LaidOut, post: LaidOut) -> None:
    others = [f"x{number}" for number in range(30_000)]
    mail.redis.rpush(f"{mail.base}wait", *others)
    made(mail, "7", State.WAITING)
    mail.redis.lpush(f"{mail.base}wait", *others)
    await moved(mail, post, "7")
    assert mail.redis.llen(f"{mail.base}wait") == 60_000
    assert mail.redis.lpos(f"{mail.base}wait", "7") is None


@newest
async def test_a_paused_queue_takes_it_and_says_so(mail: LaidOut, post: LaidOut) -> None:
    await post.pause()
    made(mail, "7", State.FAILED)
    assert "paused, so it runs after a resume" in (await moved(mail, post, "7")).sentence
