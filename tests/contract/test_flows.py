"""What is done to flows that were laid out key by key, in every dialect that has them, and what is refused."""

from __future__ import annotations

import pytest

from core.errors import Conflict, Forbidden, NotFound, Unsupported
from core.ground import Ground
from core.model import Dialect, QueueId, State
from core.mutations import flows
from core.mutations.flows import Child
from tests.contract.acting import field, made, refused
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

FLOWS = [layout for layout in LAYOUTS if layout.dialect is not Dialect.BULL]
MAIL = QueueId("default", "bull", "mail")
TOP = MAIL, "top"
each_layout = pytest.mark.parametrize("layout", FLOWS, ids=str)


def ground_of(mail: LaidOut, refusal: str = "") -> Ground:
    return Ground({"default": mail.instance}, lambda _: mail.queue, lambda _: None, refusal=refusal)


def child(mail: LaidOut, job_id: str) -> Child:
    return Child(MAIL, job_id.encode(), f"{mail.base}{job_id}".encode())


def family(mail: LaidOut, parent: State, *children: tuple[str, State]) -> list[Child]:
    """`top` in that state, waiting for these."""
    made(mail, "top", parent, failedReason="child a failed", finishedOn=5, defa="child a failed")
    for job_id, state in children:
        made(mail, job_id, state, parent='{"id":"top","queueKey":"bull:mail"}', parentKey="bull:mail:top")
        mail.redis.sadd(f"{mail.base}top:dependencies", f"{mail.base}{job_id}")
    return [child(mail, job_id) for job_id, _ in children]


def waits_for(mail: LaidOut) -> set[str]:
    members = mail.redis.smembers(f"{mail.base}top:dependencies")
    return {member.decode().removeprefix(mail.base) for member in members}


@each_layout
async def test_a_failed_parent_waits_again_as_if_it_had_never_failed(mail: LaidOut, layout: Layout) -> None:
    family(mail, State.FAILED, ("a", State.WAITING), ("b", State.DELAYED))
    outcome = await flows.reopen(ground_of(mail), MAIL, "top")
    assert outcome.changed
    assert "waits for 2 children again" in outcome.sentence
    assert mail.redis.zscore(f"{mail.base}waiting-children", "top") is not None
    assert mail.redis.zscore(f"{mail.base}failed", "top") is None
    assert [field(mail, "top", name) for name in ("failedReason", "finishedOn", "defa")] == [None, None, None]
    (_, told), *_ = mail.redis.xrevrange(f"{mail.base}events", count=1)
    assert told == {b"event": b"waiting-children", b"jobId": b"top", b"prev": b"failed"}


@each_layout
async def test_its_own_parent_expects_it_again(mail: LaidOut, layout: Layout) -> None:
    made(mail, "above", State.FAILED)
    family(mail, State.FAILED, ("a", State.WAITING))
    mail.redis.hset(f"{mail.base}top", mapping={"parent": '{"id":"above","queueKey":"bull:mail"}'})
    mail.redis.zadd(f"{mail.base}above:unsuccessful", {f"{mail.base}top": 1})
    await flows.reopen(ground_of(mail), MAIL, "top")
    assert mail.redis.smembers(f"{mail.base}above:dependencies") == {f"{mail.base}top".encode()}
    assert (await flows.reopen(ground_of(mail), MAIL, "above")).changed


@each_layout
async def test_a_parent_without_children_to_wait_for_is_left_to_a_retry(mail: LaidOut, layout: Layout) -> None:
    made(mail, "top", State.FAILED)
    before = mail.everything()
    assert not (await flows.reopen(ground_of(mail), MAIL, "top")).changed
    assert mail.everything() == before


@each_layout
async def test_a_parent_is_not_reopened_while_a_child_that_failed_it_stays_failed(
    mail: LaidOut, layout: Layout
) -> None:
    family(mail, State.FAILED, ("a", State.WAITING))
    mail.redis.zadd(f"{mail.base}top:unsuccessful", {f"{mail.base}b": 1})
    assert "was failed by 1 child" in await refused(mail, Conflict, flows.reopen(ground_of(mail), MAIL, "top"))


@each_layout
async def test_only_failed_jobs_are_reopened(mail: LaidOut, layout: Layout) -> None:
    family(mail, State.WAITING_CHILDREN, ("a", State.WAITING))
    mail.ghost("ghost", State.FAILED)
    mail.redis.set(f"{mail.base}foreign", "x")
    assert "is waiting-children now" in await refused(mail, Conflict, flows.reopen(ground_of(mail), MAIL, "top"))
    assert "mere id" in await refused(mail, Conflict, flows.reopen(ground_of(mail), MAIL, "ghost"))
    assert "is no job" in await refused(mail, Conflict, flows.reopen(ground_of(mail), MAIL, "foreign"))
    await refused(mail, NotFound, flows.reopen(ground_of(mail), MAIL, "nobody"))
    made(mail, "held", State.FAILED)
    mail.redis.set(f"{mail.base}held:lock", "w")
    assert "worker holds" in await refused(mail, Conflict, flows.reopen(ground_of(mail), MAIL, "held"))


@each_layout
async def test_children_of_a_parent_that_stays_go_and_it_is_not_let_go(mail: LaidOut, layout: Layout) -> None:
    children = family(mail, State.WAITING_CHILDREN, ("a", State.WAITING), ("b", State.DELAYED), ("c", State.FAILED))
    fates = await flows.remove_children(ground_of(mail), TOP, children, stays=True)
    assert [fate.code for fate in fates] == ["ok", "ok", "ok"]
    assert waits_for(mail) == set()
    assert mail.redis.zscore(f"{mail.base}waiting-children", "top") is not None
    assert mail.line("wait") == []


@each_layout
async def test_with_the_last_child_a_parent_is_let_go_otherwise(mail: LaidOut, layout: Layout) -> None:
    children = family(mail, State.WAITING_CHILDREN, ("a", State.WAITING), ("b", State.DELAYED))
    fates = await flows.remove_children(ground_of(mail), TOP, children, stays=False)
    assert [fate.released for fate in fates] == [False, True]
    assert mail.line("wait") == ["top"]


@each_layout
@pytest.mark.parametrize("stays", [True, False])
async def test_a_child_that_a_worker_runs_stays_and_is_waited_for(mail: LaidOut, layout: Layout, stays: bool) -> None:
    children = family(mail, State.WAITING_CHILDREN, ("a", State.ACTIVE), ("b", State.DELAYED))
    mail.redis.set(f"{mail.base}a:lock", "w")
    fates = await flows.remove_children(ground_of(mail), TOP, children, stays=stays)
    assert [fate.code for fate in fates] == ["locked", "ok"]
    assert waits_for(mail) == {"a"}
    assert mail.redis.exists(f"{mail.base}a")


@each_layout
async def test_a_child_that_cannot_be_removed_after_all_is_waited_for_again(mail: LaidOut, layout: Layout) -> None:
    children = family(mail, State.WAITING_CHILDREN, ("a", State.WAITING_CHILDREN))
    mail.redis.sadd(f"{mail.base}a:dependencies", f"{mail.base}below")
    (fate,) = await flows.remove_children(ground_of(mail), TOP, children, stays=True)
    assert (fate.code, waits_for(mail)) == ("children", {"a"})
    assert "unfinished child" in fate.why


@each_layout
async def test_a_child_that_is_gone_is_waited_for_no_more(mail: LaidOut, layout: Layout) -> None:
    children = family(mail, State.WAITING_CHILDREN, ("a", State.WAITING))
    mail.redis.delete(f"{mail.base}a", f"{mail.base}wait")
    (fate,) = await flows.remove_children(ground_of(mail), TOP, children, stays=False)
    assert (fate.code, waits_for(mail)) == ("gone", {"a"})
    assert await flows.release_children(ground_of(mail), TOP, [children[0].key]) == 1
    assert mail.line("wait") == ["top"]
    assert await flows.release_children(ground_of(mail), TOP, [children[0].key]) == 0


@pytest.mark.parametrize("layout", FLOWS[:1], ids=str)
async def test_who_may_only_read_changes_nothing(mail: LaidOut, layout: Layout) -> None:
    children, ground = family(mail, State.WAITING_CHILDREN, ("a", State.WAITING)), ground_of(mail, "It is read-only.")
    await refused(mail, Forbidden, flows.remove_children(ground, TOP, children, stays=False))
    await refused(mail, Forbidden, flows.reopen(ground, MAIL, "top"))


@pytest.mark.parametrize("layout", FLOWS[-1:], ids=str)
async def test_a_queue_in_doubt_is_left_alone(mail: LaidOut, layout: Layout) -> None:
    children = family(mail, State.WAITING_CHILDREN, ("a", State.WAITING))
    object.__setattr__(mail.queue.identity, "doubt", "The signs disagree.")
    (fate,) = await flows.remove_children(ground_of(mail), TOP, children, stays=False)
    assert (fate.code, fate.why) == ("unsupported", "The signs disagree.")
    await refused(mail, Unsupported, flows.reopen(ground_of(mail), MAIL, "top"))
