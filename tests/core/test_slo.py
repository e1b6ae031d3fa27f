"""What the settings expect of queues, how failures are classed, and which exporter has which queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Invalid
from core.events.reasons import Reasons
from core.model import QueueId
from core.settings import Settings, load
from core.shard import ALL, Shard
from core.slo import PLAIN, Objectives, objectives


def settings(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "tickbird.toml"
    file.write_text(text)
    return load(file, {}, {})


def queue(name: str) -> QueueId:
    return QueueId("default", "bull", name)


def test_each_key_comes_from_the_first_table_that_has_it(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        """
        [[slo]]
        queue = "email*"
        wait = "30s"
        failure_ratio = 0.01
        backlog = 200
        [[slo]]
        queue = "bull:*"
        wait = "5m"
        run = "250ms"
        """,
    )

    assert objectives(found.slo, queue("email-bulk")) == Objectives(30_000, 250, 0.01, 200, 100)
    assert objectives(found.slo, queue("video")) == Objectives(300_000, 250)
    assert objectives((), queue("video")) == PLAIN


@pytest.mark.parametrize(
    ("table", "about"),
    [
        ('queue = "a"\nwait = 30', "duration"),
        ('queue = "a"\nwait = "soon"', "duration"),
        ('queue = "a"\nfailure_ratio = 5', "between 0 and 1"),
        ('queue = "a"\nbacklog = "many"', "number of jobs"),
        ('queue = "a"\nwiat = "5s"', "Did you mean 'wait'"),
        ('wait = "5s"', "needs queue"),
    ],
)
def test_an_expectation_that_makes_no_sense_is_refused(tmp_path: Path, table: str, about: str) -> None:
    with pytest.raises(Invalid, match=about):
        settings(tmp_path, f"[[slo]]\n{table}\n")


def test_failures_are_counted_by_the_first_class_that_fits(tmp_path: Path) -> None:
    found = settings(
        tmp_path, '[[reason]]\nname = "timeout"\nmatch = "timed out"\n[[reason]]\nname = "any"\nmatch = "o"\n'
    )
    reasons = Reasons(found.reasons)

    assert reasons.zeros() == {"timeout": 0, "any": 0, "stalled": 0, "other": 0}
    assert reasons.of(b"Request TIMED OUT after 5 s") == "timeout"
    assert reasons.of(b"no such address") == "any"
    assert reasons.of(b"\xff\xfe") == "other"
    assert reasons.of(b"job stalled more than allowable limit") == "stalled"


@pytest.mark.parametrize(
    ("table", "about"),
    [
        ('name = "a"\nmatch = "("', "no regular expression"),
        ('name = "other"\nmatch = "x"', "there already"),
        ('name = "a"', "must be like"),
    ],
)
def test_a_class_that_makes_no_sense_is_refused(tmp_path: Path, table: str, about: str) -> None:
    with pytest.raises(Invalid, match=about):
        settings(tmp_path, f"[[reason]]\n{table}\n")


def test_every_queue_is_in_exactly_one_shard() -> None:
    shards = [Shard(number, 3) for number in range(3)]
    bases = [f"bull:queue-{number}:".encode() for number in range(300)]

    assert all(sum(shard.has(base) for shard in shards) == 1 for base in bases)
    assert all(60 < sum(shard.has(base) for base in bases) < 140 for shard in shards)
    assert all(ALL.has(base) for base in bases)


def test_the_share_of_a_queue_never_changes() -> None:
    assert [Shard(n, 4).has(b"bull:mail:") for n in range(4)] == [False, True, False, False]


def test_a_shard_that_is_none_of_so_many_is_refused() -> None:
    with pytest.raises(Invalid, match="no shard 3 of 3"):
        Shard(3, 3)
