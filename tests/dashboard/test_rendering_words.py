"""Numbers, sizes and instants in the words of the pages."""

from __future__ import annotations

import pytest

from dashboard.ages import fill
from dashboard.words import age, iso, percent, rate, several, size, until


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (89_999, "89 s"),
        (90_000, "1 min"),
        (5_999_999, "99 min"),
        (6_000_000, "1 h"),
        (172_799_999, "47 h"),
        (172_800_000, "2 d"),
        (86_400_000 * 12_345, "12,345 d"),
    ],
)
def test_an_age_is_one_unit_and_two_figures(milliseconds: int, words: str) -> None:
    assert age(milliseconds) == words


def test_what_is_to_come_says_when_and_what_is_past_says_that_it_is_due() -> None:
    assert until(12_000) == "in 12 s"
    assert until(-12_000) == "due for 12 s"


@pytest.mark.parametrize(
    ("bytes_", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (2150, "2.1 KB"), (10_000_000, "9.5 MB"), (2**42, "4,096 GB")],
)
def test_a_size_says_its_unit(bytes_: int, words: str) -> None:
    assert size(bytes_) == words


def test_small_rates_keep_a_decimal_and_unknown_ones_stay_unknown() -> None:
    assert [rate(0), rate(0.25), rate(9.96), rate(912.4), rate(None)] == ["0", "0.2", "10.0", "912", None]


def test_progress_is_never_rounded_up_to_done() -> None:
    assert percent(99.99) == "99 %"


def test_counts_agree_with_their_nouns() -> None:
    assert [several(1, "job"), several(12_408, "job"), several(2, "child", "children")] == [
        "1 job",
        "12,408 jobs",
        "2 children",
    ]


def test_an_instant_that_no_calendar_reaches_stays_a_number() -> None:
    assert iso(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"
    assert iso(10**40) == str(10**40)


def test_ages_are_filled_in_last() -> None:
    empty = '<time datetime="x" data-at="5000" data-as="{}"></time>'
    said = {form: fill(empty.format(form), 17_000) for form in ("age", "ago", "until", "span", "clock")}
    words = {form: html.split(">")[1].split("<")[0] for form, html in said.items()}
    assert words == {"age": "12 s", "ago": "12 s ago", "until": "due for 12 s", "span": "12 s", "clock": "00:00:05"}


def test_a_time_that_says_something_already_is_left_alone() -> None:
    said = '<time datetime="x" data-at="5000" data-as="age">long ago</time>'
    assert fill(said, 17_000) == said
