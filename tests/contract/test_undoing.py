"""What was removed is there again, byte for byte and where it was; what is not free any more is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from core.dialects.contract import contract
from core.errors import Conflict, NotFound
from core.ground import Ground
from core.instance import Instance
from core.model import QueueId, State
from core.mutations.front import Mutations
from core.sight import Sight
from core.snapshot import Pass, Reading, Snapshot
from core.store.memory import MemoryStore
from core.undo.front import Undo
from core.undo.keepsakes import Keepsakes
from tests.contract.acting import made
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)


class Undoing:
    """Removes as the dashboard does, and puts back."""

    def __init__(self, mail: LaidOut) -> None:
        store = MemoryStore()
        reading = Reading("default", 1, (mail.queue,), None, Pass())
        keepsakes = Keepsakes(Sight({"default": mail.instance}, Snapshot(1, (reading,))), store)
        ground = Ground({"default": mail.instance}, lambda _id: mail.queue, lambda _id: None)
        self.undo, self._mutations, self._mail = Undo(keepsakes, ground, store), Mutations(ground), mail
        self.id = "some removal"

    async def remove(self, *job_ids: str) -> None:
        self.id = await self.undo.before(self._mail.queue.id, job_ids)
        for job_id in job_ids:
            try:
                await self._mutations.remove(self._mail.queue.id, job_id)
            except Conflict:
                await self.undo.spare(self.id, self._mail.queue.id, [job_id])
                raise


def contents(mail: LaidOut) -> dict[str, Any]:
    """All keys but those, and those ids in lists, that only announce."""
    told = {"events", "marker", "meta", "delay"}
    kinds = {"hash": "hgetall", "list": "lrange", "zset": "zrange", "string": "get", "set": "smembers"}
    found: dict[str, Any] = {}
    for key in sorted(mail.keys() - told):
        kind = mail.redis.type(mail.base + key).decode()
        rest = {"list": (0, -1), "zset": (0, -1, False, True)}.get(kind, ())
        found[key] = getattr(mail.redis, kinds[kind])(mail.base + key, *rest)
        if kind == "list":
            found[key] = [item for item in found[key] if not item.startswith(b"0:")]
    return {key: value for key, value in found.items() if value}


ODD = {"data": b'{"a":"\xff\xfe"}', "odd": b"\x00\xff", "opts": '{"attempts":3}', "returnvalue": "null"}


RESTING = (State.FAILED, State.COMPLETED, State.DELAYED, State.WAITING, State.PRIORITIZED)


async def test_a_job_comes_back_byte_for_byte_with_its_log_its_score_and_its_place(mail: LaidOut) -> None:
    for state in contract(mail.queue.identity).states:
        if state in RESTING:
            await removed_and_put_back(mail, state)
            mail.redis.delete(*mail.redis.keys(f"{mail.base}*"))


async def removed_and_put_back(mail: LaidOut, state: State) -> None:
    for id in ("before", "7", "after"):
        made(mail, id, state, **ODD)
    mail.redis.hset(f"{mail.base}7", b"\xfe field", b"\xff")
    mail.redis.rpush(f"{mail.base}7:logs", b"one \xff", "two")
    before = contents(mail)
    undoing = Undoing(mail)
    await undoing.remove("7")
    assert contents(mail) != before
    outcome = await undoing.undo.restore(undoing.id)
    assert contents(mail) == before
    assert outcome.sentence == "1 job is back in mail."


async def test_many_that_waited_come_back_in_their_order_before_those_that_came_later(mail: LaidOut) -> None:
    for number in range(30):
        made(mail, str(number), State.WAITING)
    undoing = Undoing(mail)
    await undoing.remove(*map(str, (0, 1, 5, 6, 7, 29)))
    made(mail, "later", State.WAITING)
    await undoing.undo.restore(undoing.id)
    assert [id for id in mail.line("wait") if id != "later"] == [str(number) for number in range(30)]


async def test_a_priority_in_a_list_comes_back_with_it(mail: LaidOut, layout: Layout) -> None:
    made(mail, "7", State.WAITING, priority=3)
    mail.redis.zadd(f"{mail.base}priority", {"7": 3})
    undoing = Undoing(mail)
    await undoing.remove("7")
    await undoing.undo.restore(undoing.id)
    if mail.keys() & {"priority"}:
        assert mail.redis.zscore(f"{mail.base}priority", "7") == 3


async def test_an_id_that_was_taken_meanwhile_is_left_alone(mail: LaidOut) -> None:
    made(mail, "7", State.FAILED, failedReason="old")
    made(mail, "8", State.FAILED)
    undoing = Undoing(mail)
    await undoing.remove("7", "8")
    made(mail, "7", State.WAITING, failedReason="new")
    outcome = await undoing.undo.restore(undoing.id)
    assert mail.redis.hget(f"{mail.base}7", "failedReason") == b"new"
    assert outcome.sentence == "1 job is back in mail. Not put back: 1, for its id is taken again."
    with pytest.raises(Conflict):
        await undoing.undo.restore(undoing.id)


async def test_a_job_that_was_not_removed_after_all_is_never_put_back(mail: LaidOut) -> None:
    mail.redis.set(f"{mail.base}8:lock", "x")
    made(mail, "8", State.FAILED)
    undoing = Undoing(mail)
    with pytest.raises(Conflict):
        await undoing.remove("8")
    mail.redis.delete(f"{mail.base}8:lock")
    mail.redis.hset(f"{mail.base}8", "failedReason", "another")
    await undoing.undo.keep(undoing.id, mail.queue, ["8"])
    await undoing.undo.spare(undoing.id, mail.queue.id, ["8"])
    mail.redis.delete(f"{mail.base}8", f"{mail.base}failed")
    before = contents(mail)
    assert "0 jobs" in (await undoing.undo.restore(undoing.id)).sentence
    assert contents(mail) == before


async def test_what_is_part_of_a_flow_or_holds_a_claim_is_said_not_to_be_kept(mail: LaidOut, layout: Layout) -> None:
    made(mail, "child", State.FAILED, parentKey="bull:other:1", parent='{"id":"1","queueKey":"bull:other"}')
    made(mail, "claims", State.WAITING, deid="x")
    undoing = Undoing(mail)
    await undoing.undo.keep(undoing.id, mail.queue, ["child", "claims", "nobody"])
    about = await undoing.undo.find(undoing.id)
    assert about is not None
    assert about.kept == 0
    assert dict(about.left_out) == {
        "it is part of a flow": 1,
        "it holds a deduplication id or belongs to a scheduler": 1,
        "it was gone already": 1,
    }


async def test_what_is_unknown_cannot_be_undone(mail: LaidOut, instance: Instance) -> None:
    assert QueueId("default", "bull", "mail") == mail.queue.id
    with pytest.raises(NotFound):
        await Undoing(mail).undo.restore("nothing")
