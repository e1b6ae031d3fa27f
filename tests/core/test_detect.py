"""From signals to a dialect: what settles it, what only hints, and when it stays a doubt."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from core.dialects.detect import detect
from core.dialects.signals import Signals
from core.model import Dialect, Identity

BZPOPMIN, BRPOPLPUSH, SCHEDULER = b"bzpopmin", b"brpoplpush", b"qs"
EVENTS = {b"id": b"string", b"meta": b"hash", b"events": b"stream"}
WAITING = {**EVENTS, b"wait": b"list"}
RAN_ON_5: Mapping[bytes, bytes] = dict.fromkeys((b"name", b"atm", b"ats"), b"")
RAN_ON_4: Mapping[bytes, bytes] = dict.fromkeys((b"name", b"attemptsMade"), b"")


def meta(version: str = "") -> dict[bytes, bytes]:
    said = {b"version": f"bullmq:{version}".encode()} if version else {}
    return {b"opts.maxLenEvents": b"10000", **said}


def seen(
    types: Mapping[bytes, bytes] = EVENTS,
    said: Mapping[bytes, bytes] | None = None,
    *,
    jobs: tuple[Mapping[bytes, bytes], ...] = (),
    live: frozenset[bytes] | set[bytes] = frozenset(),
    members: tuple[bytes, ...] = (),
    listens: bool = False,
) -> Signals:
    return Signals(types, meta() if said is None else said, b"7", members, jobs, frozenset(live), listens)


def sure(signals: Signals, before: Identity | None = None) -> Dialect:
    identity = detect(signals, before)
    assert identity.doubt == "", identity
    return identity.dialect


def doubted(signals: Signals, before: Identity | None = None) -> Identity:
    identity = detect(signals, before)
    assert identity.doubt.endswith("."), identity
    return identity


def bull(*more: bytes, listens: bool = False, said: Mapping[bytes, bytes] | None = None) -> Signals:
    types = {b"id": b"string", **dict.fromkeys(more, b"string")}
    return seen(types, said or {}, listens=listens, live={BRPOPLPUSH} if listens else set())


def test_the_command_on_which_workers_wait_outweighs_all_else() -> None:
    assert sure(seen({**WAITING, b"priority": b"zset"}, meta("4.18.3"), live={BZPOPMIN})) is Dialect.MQ5
    assert sure(seen({**WAITING, b"pc": b"string"}, meta("6.7.0"), live={BRPOPLPUSH})) is Dialect.MQ4
    assert sure(seen(WAITING, meta("6.7.0"), live={BRPOPLPUSH, SCHEDULER})) is Dialect.MQ_LIST


@pytest.mark.parametrize(
    ("signals", "dialect"),
    [
        (seen({**WAITING, b"marker": b"zset"}), Dialect.MQ5),
        (seen(jobs=(RAN_ON_5,)), Dialect.MQ5),
        (seen({**WAITING, b"priority": b"zset"}), Dialect.MQ_LIST),
        (seen({**WAITING, b"delay": b"stream"}), Dialect.MQ_LIST),
        (seen({**WAITING, b"prioritized": b"zset"}, jobs=(RAN_ON_4,)), Dialect.MQ4),
        (seen({**WAITING, b"prioritized": b"zset"}, members=(b"0:0",)), Dialect.MQ4),
    ],
)
def test_without_workers_the_structure_tells(signals: Signals, dialect: Dialect) -> None:
    assert sure(signals) is dialect


@pytest.mark.parametrize(
    ("version", "dialect"),
    [("3.16.2", Dialect.MQ_LIST), ("4.18.3", Dialect.MQ4), ("5.81.5", Dialect.MQ5), ("6.7.0", Dialect.MQ5)],
)
def test_a_queue_without_jobs_is_what_its_version_says(version: str, dialect: Dialect) -> None:
    identity = detect(Signals({b"meta": b"hash"}, meta(version)))
    assert (identity.dialect, identity.version, identity.doubt) == (dialect, version, "")


def test_a_queue_that_never_ran_a_job_and_claims_no_version_is_doubted() -> None:
    assert "no worker" in doubted(seen()).doubt


@pytest.mark.parametrize("state", [b"wait", b"delayed", b"prioritized"])
def test_a_version_is_doubted_where_jobs_wait_without_the_marker_that_it_would_write(state: bytes) -> None:
    doubted(seen({**EVENTS, state: b"list"}, meta("6.7.0")))
    assert sure(seen({**EVENTS, state: b"list"}, meta("6.7.0"), jobs=(RAN_ON_5,))) is Dialect.MQ5
    assert sure(seen({**EVENTS, state: b"list"}, {**meta("6.7.0"), b"paused": b"1"})) is Dialect.MQ5


def test_a_version_written_over_by_another_tool_does_not_outweigh_the_jobs() -> None:
    identity = detect(seen({**EVENTS, b"pc": b"string"}, meta("6.7.0"), jobs=(RAN_ON_4,)))
    assert (identity.dialect, identity.version, identity.doubt) == (Dialect.MQ4, None, "")
    assert any("6.7.0" in said for said in identity.evidence)


def test_the_net_ports_own_number_is_not_taken_for_bullmqs() -> None:
    identity = detect(seen({**WAITING, b"marker": b"zset"}, meta("1.1.0")))
    assert (identity.dialect, identity.version) == (Dialect.MQ5, None)
    doubted(seen(said=meta("1.1.0")))


@pytest.mark.parametrize("version", ["", "bullmq:", "bullmq:six", ":::", "\x00", "9" * 5000, "bullmq:6"])
def test_a_version_of_any_shape_is_no_trouble(version: str) -> None:
    detect(seen(said={**meta(), b"version": version.encode()}))


def test_workers_of_two_generations_are_a_doubt_whatever_was_seen_before() -> None:
    earlier = detect(seen(said=meta("5.1.0"), live={BZPOPMIN}))
    assert "disagree" in doubted(seen(live={BZPOPMIN, BRPOPLPUSH}), earlier).doubt


def test_leftovers_of_an_upgrade_are_settled_by_the_workers_that_are_connected() -> None:
    leftovers = {**WAITING, b"prioritized": b"zset"}
    assert sure(seen(leftovers, meta("4.18.3"), jobs=(RAN_ON_4,), members=(b"0:0",), live={BZPOPMIN})) is Dialect.MQ5


def test_leftovers_without_workers_are_a_doubt_unless_it_was_settled_before() -> None:
    torn = seen({**WAITING, b"marker": b"zset"}, members=(b"0:0",))
    doubted(torn)
    assert sure(torn, detect(seen(live={BZPOPMIN}))) is Dialect.MQ5


def test_an_upgrade_that_ran_while_we_looked_away_is_noticed() -> None:
    earlier = detect(seen({**WAITING, b"pc": b"string"}, live={BRPOPLPUSH}))
    assert earlier.dialect is Dialect.MQ4
    assert sure(seen(jobs=(RAN_ON_5, RAN_ON_4)), earlier) is Dialect.MQ5
    doubted(seen(jobs=(RAN_ON_5,), members=(b"0:0",)), earlier)


def test_a_downgrade_is_noticed() -> None:
    earlier = detect(seen(live={BZPOPMIN}))
    assert detect(seen(live={BRPOPLPUSH}), earlier).dialect is not Dialect.MQ5


@pytest.mark.parametrize("live", [{BRPOPLPUSH, SCHEDULER}, {BZPOPMIN}])
def test_the_last_verdict_without_doubt_holds_while_the_signs_are_silent(live: set[bytes]) -> None:
    earlier = detect(seen(live=live))
    assert sure(seen(), earlier) is earlier.dialect
    assert sure(seen(), detect(seen(), earlier)) is earlier.dialect


def test_a_version_alone_does_not_overturn_what_workers_had_settled() -> None:
    earlier = detect(seen({**EVENTS, b"pc": b"string"}, live={BRPOPLPUSH}))
    assert sure(seen(said=meta("6.7.0")), earlier) is Dialect.MQ4


def test_evidence_does_not_grow_with_every_look() -> None:
    identity = detect(seen(live={BZPOPMIN}))
    for _ in range(5):
        identity = detect(seen(), identity)
    assert len(identity.evidence) == len(set(identity.evidence)) <= 2


@pytest.mark.parametrize(
    "pro",
    [
        seen(said={**meta(), b"version": b"bullmq-pro:7.1.0"}, live={BZPOPMIN}),
        seen({**WAITING, b"marker": b"zset", b"groups": b"zset"}),
        seen(jobs=({**RAN_ON_5, b"gid": b""},)),
    ],
)
def test_a_pro_queue_is_always_doubted(pro: Signals) -> None:
    assert "Pro" in doubted(pro).doubt
    assert "Pro" in doubted(pro, detect(seen(live={BZPOPMIN}))).doubt


@pytest.mark.parametrize("signals", [bull(), bull(b"meta-paused"), bull(listens=True)])
def test_keys_without_a_sign_of_bullmq_are_bulls(signals: Signals) -> None:
    assert sure(signals) is Dialect.BULL


def test_bull_is_bull_though_another_tool_has_written_a_meta_beside_it() -> None:
    identity = doubted(bull(said=meta("6.7.0")))
    assert (identity.dialect, identity.version) == (Dialect.BULL, None)
    assert sure(bull(said=meta("6.7.0"), listens=True)) is Dialect.BULL
    assert sure(bull(said=meta("6.7.0")), detect(bull(listens=True))) is Dialect.BULL
    retried = seen({b"id": b"string"}, meta("6.7.0"), jobs=({b"name": b"", b"retriedOn": b""},))
    assert doubted(retried).dialect is Dialect.BULL
    assert doubted(bull(b"priority", said=meta("6.7.0"))).dialect is Dialect.BULL


def test_bull_and_bullmq_on_one_queue_are_a_doubt() -> None:
    doubted(seen({**WAITING, b"marker": b"zset"}, listens=True, live={BRPOPLPUSH}))
    doubted(seen({**WAITING, b"marker": b"zset"}, listens=True, live={BRPOPLPUSH, BZPOPMIN}))
    doubted(seen({**WAITING, b"meta-paused": b"string"}))


def test_what_bull_left_behind_is_settled_by_workers_of_bullmq() -> None:
    assert sure(seen({**WAITING, b"meta-paused": b"string"}, live={BZPOPMIN})) is Dialect.MQ5
