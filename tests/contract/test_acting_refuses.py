"""What we do not do, and what we say instead: nothing in Redis has changed after a refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.dialects.contract import CONTRACTS
from core.errors import Conflict, NotFound, TickbirdError, Unavailable, Unsupported
from core.model import State
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
VERBS = ("retry", "promote", "remove")
RUNNABLE = [("retry", State.FAILED), ("retry", State.COMPLETED), ("promote", State.DELAYED)]
LOCKABLE = [("retry", State.FAILED), ("remove", State.FAILED), ("remove", State.ACTIVE)]


async def refused(mail: LaidOut, verb: str, job_id: str, error: type[TickbirdError]) -> str:
    before = mail.everything()
    with pytest.raises(error) as caught:
        await getattr(mail, verb)(job_id)
    assert mail.everything() == before
    assert caught.value.message.endswith(".")
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("verb", VERBS)
async def test_a_job_that_is_not_there_is_not_found(mail: LaidOut, verb: str) -> None:
    said = await refused(mail, verb, "771", NotFound)
    assert said.startswith("Job 771 of mail is not in Redis any more.")


@pytest.mark.parametrize("verb", VERBS)
async def test_a_key_that_is_no_job_is_left_alone(mail: LaidOut, verb: str) -> None:
    mail.add("1", State.WAITING)
    mail.redis.rpush(f"{mail.base}1:logs", "a line")
    for not_a_job in ("wait", "1:logs"):
        assert "is no job" in await refused(mail, verb, not_a_job, Conflict)


@pytest.mark.parametrize("verb", VERBS)
async def test_a_hash_in_no_state_is_left_alone(mail: LaidOut, verb: str) -> None:
    mail.redis.hset(f"{mail.base}meta", "opts.maxLenEvents", 77)
    mail.redis.hset(f"{mail.base}repeat:nightly", "name", "tidy")
    for not_a_job in ("meta", "repeat:nightly"):
        await refused(mail, verb, not_a_job, Conflict)


@pytest.mark.parametrize(
    ("verb", "state"), [("retry", State.FAILED), ("retry", State.COMPLETED), ("promote", State.DELAYED)]
)
async def test_a_ghost_cannot_run(mail: LaidOut, verb: str, state: State) -> None:
    mail.ghost("9", state)
    said = await refused(mail, verb, "9", Conflict)
    assert f"is a mere id in {state}" in said
    assert "noeviction" in said


@pytest.mark.parametrize("state", [State.WAITING, State.DELAYED, State.ACTIVE])
async def test_only_finished_jobs_are_retried(mail: LaidOut, state: State) -> None:
    mail.add("9", state)
    await refused(mail, "retry", "9", Conflict)


@pytest.mark.parametrize("state", [State.WAITING, State.FAILED, State.COMPLETED, State.ACTIVE])
async def test_only_delayed_jobs_are_promoted(mail: LaidOut, state: State) -> None:
    mail.add("9", state)
    await refused(mail, "promote", "9", Conflict)


@pytest.mark.parametrize(
    ("verb", "state"), [("retry", State.FAILED), ("remove", State.FAILED), ("remove", State.ACTIVE)]
)
async def test_a_locked_job_is_left_to_its_worker(mail: LaidOut, verb: str, state: State) -> None:
    mail.add("9", state)
    mail.redis.set(f"{mail.base}9:lock", "token")
    said = await refused(mail, verb, "9", Conflict)
    assert said.startswith("A worker holds job 9 of mail")


@pytest.mark.parametrize("verb", [*VERBS, "pause", "resume"])
async def test_a_doubt_about_the_library_refuses_everything(mail: LaidOut, verb: str) -> None:
    mail.add("9", State.FAILED)
    doubted = replace(mail.queue.identity, doubt="The signs disagree.")
    mail.queue = replace(mail.queue, identity=doubted)
    before = mail.everything()
    with pytest.raises(Unsupported, match=r"^The signs disagree\.$"):
        await getattr(mail, verb)(*(["9"] if verb in VERBS else []))
    assert mail.everything() == before


@pytest.mark.parametrize("verb", [*VERBS, "pause", "resume"])
async def test_a_key_of_the_wrong_type_is_named_and_nothing_is_lost(mail: LaidOut, verb: str, layout: Layout) -> None:
    state = {"retry": State.FAILED, "promote": State.DELAYED, "remove": State.FAILED}.get(verb)
    if state:
        mail.add("9", state)
    for name in ("wait", "paused", "active", "completed", "meta"):
        mail.redis.set(f"{mail.base}{name}", "what is this")
    with pytest.raises((Conflict, Unavailable)):
        await getattr(mail, verb)(*(["9"] if verb in VERBS else []))
    if state:
        assert mail.redis.exists(f"{mail.base}9")
        assert mail.redis.zscore(mail.base + state.value, "9") is not None


@pytest.mark.parametrize("verb", [*VERBS, "pause", "resume"])
async def test_a_library_that_we_only_read_says_so(mail: LaidOut, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    only_read = replace(CONTRACTS[mail.layout.dialect], verbs=frozenset())
    monkeypatch.setitem(CONTRACTS, mail.layout.dialect, only_read)
    with pytest.raises(Unsupported, match="Tickbird only reads queues of bull"):
        await getattr(mail, verb)(*(["9"] if verb in VERBS else []))
