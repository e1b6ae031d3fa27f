"""When a pattern runs: in words only where they are true, through changes of the clocks, and never for long."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.model import Dialect, Identity
from core.schedulers.cron import LONGEST, Reader, Unreadable, cron
from core.schedulers.preview import preview
from core.schedulers.scheduler import Timing
from core.schedulers.times import CannotTell, after, before
from core.schedulers.words import in_words
from core.schedulers.zones import zone

NOW = 1_790_000_000_000
V4, V5 = Reader.V4, Reader.V5
FIELD = st.one_of(
    st.just("*"),
    st.integers(1, 6).map(str),
    st.sampled_from(["*/2", "1-5", "1,3,5", "2-6/2", "3/1"]),
)
PATTERN = st.lists(FIELD, min_size=5, max_size=6).map(" ".join)
ZONE = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])


def walls(pattern: str, tz: str, start: str, number: int = 4, reader: Reader = V4) -> list[str]:
    found = zone(tz)
    assert found is not None
    begin = int(datetime.fromisoformat(start).replace(tzinfo=found).timestamp() * 1000)
    instants = islice(after(cron(pattern, reader), found, begin), number)
    return [datetime.fromtimestamp(at / 1000, found).strftime("%m-%d %H:%M%z") for at in instants]


@given(PATTERN, ZONE, st.integers(NOW, NOW + 10**12), st.sampled_from(Reader))
def test_backward_is_forward_the_other_way_round(pattern: str, tz: str, start: int, reader: Reader) -> None:
    read, found = cron(pattern, reader), zone(tz)
    assert found is not None
    ahead = list(islice(after(read, found, start), 5))
    assert ahead == sorted(set(ahead))
    if ahead:
        assert list(islice(before(read, found, ahead[-1] + 1), len(ahead))) == ahead[::-1]


def test_what_spring_skips_runs_an_hour_later_and_what_autumn_repeats_runs_once() -> None:
    assert walls("30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", 2) == ["03-29 03:30+0200", "03-30 02:30+0200"]
    assert walls("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", 2) == ["10-25 02:30+0200", "10-26 02:30+0100"]
    assert walls("0 * * * *", "Europe/Berlin", "2026-10-25 01:30", 3) == [
        "10-25 02:00+0200",
        "10-25 02:00+0100",
        "10-25 03:00+0100",
    ]


def test_where_the_clocks_change_at_midnight_nothing_is_told() -> None:
    with pytest.raises(CannotTell):
        walls("0 0 * * *", "America/Havana", "2026-10-31 12:00", 3)


def test_both_day_fields_together_mean_either() -> None:
    assert walls("0 0 13 * 5", "UTC", "2026-02-01 00:00", 3) == [
        "02-06 00:00+0000",
        "02-13 00:00+0000",
        "02-20 00:00+0000",
    ]


def test_the_two_readers_differ_where_the_libraries_do() -> None:
    nth = "0 0 1 * 5#3"
    assert walls(nth, "UTC", "2026-02-01 12:00", 2, V4) != walls(nth, "UTC", "2026-02-01 12:00", 2, V5)
    assert cron("0 0 * * 1,1", V4)
    with pytest.raises(Unreadable, match="twice"):
        cron("0 0 * * 1,1", V5)


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "* * * * * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", "a * * * *", "* * * * L", "H * * * *"),
        *("@never", "-1 * * * *", "1-2-3 * * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "1,,2 * * * *"),
        *("\ud800 * * * *", "0x1 * * * *", "L * * * *", "* ? * * *"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(Unreadable):
        cron(pattern, V4)


@pytest.mark.parametrize(
    "pattern",
    [
        "9" * 1_000_000,
        ",".join("1" * 500_000),
        "* " * 500_000,
        "0 0 30 2 *",
        "0 0 31 4,6,9,11 *",
        "59 59 23 31 12 1#5",
        " ".join([",".join(map(str, range(24)))] * 3),
        "0 0 29 2 1#5",
    ],
    ids=lambda pattern: pattern[:20],
)
@pytest.mark.parametrize("reader", Reader)
def test_an_expression_made_to_explode_is_answered_at_once(pattern: str, reader: Reader) -> None:
    started = time.process_time()
    try:
        list(islice(after(cron(pattern, reader), UTC, NOW), 60))
        in_words(pattern, reader)
    except Unreadable:
        pass
    assert time.process_time() - started < 0.25


def test_the_limit_leaves_room_for_every_value_of_every_field() -> None:
    full = [range(60), range(60), range(24), range(1, 32), range(1, 13), range(7)]
    pattern = " ".join(",".join(map(str, values)) for values in full)
    assert len(pattern) < LONGEST
    cron(pattern, V5)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("0 3 * * *", "At 03:00 every day"),
        ("*/5 * * * *", "Every fifth minute of every hour"),
        ("0 9 * * MON-FRI", "At 09:00 on Monday through Friday"),
        ("0 0 L * ?", "At 00:00 on the last day of every month"),
        ("@daily", "At 00:00 every day"),
        # Here a day that fits either field is meant, which the words would not say.
        ("0 0 */2 * 1", ""),
        ("not a pattern", ""),
    ],
)
def test_a_sentence_stands_only_where_it_is_true(pattern: str, said: str) -> None:
    assert in_words(pattern, V4) == said


@pytest.mark.parametrize("name", ["europe/berlin", "UTC", "utc+2", "UTC-03:30", "Asia/Kolkata"])
def test_zones_are_known_in_whatever_case(name: str) -> None:
    assert zone(name) is not None


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "../../etc/passwd", "UTC+99", "x" * 10**6, "\ud800", "Europe/Berlin\0"]
)
def test_what_is_no_zone_is_none(name: str) -> None:
    assert zone(name) is None


def test_a_preview_says_what_it_rests_on() -> None:
    six = Identity(Dialect.MQ5, "6.7.0", ())
    assert "UTC" in preview(Timing(pattern="0 3 * * *"), six, NOW).note
    assert preview(Timing(pattern="0 3 * * *", tz="Europe/Berlin"), six, NOW).note == ""
    assert "never runs" in preview(Timing(pattern="0 0 31 4,6 *", tz="UTC"), six, NOW).note
    for timing in (
        Timing(),
        Timing(pattern="* * * * *", every=5),
        Timing(pattern="x"),
        Timing(pattern="* * * * *", tz="x"),
    ):
        with pytest.raises(Invalid):
            preview(timing, six, NOW)
