"""Numbers and spans of time in words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.words import count, span

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def test_numbers_are_grouped_by_thousands() -> None:
    assert (count(0), count(999), count(12_408), count(1_000_000)) == ("0", "999", "12,408", "1,000,000")


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (-5, "0 ms"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1.0 s"),
        (4249, "4.2 s"),
        (9949, "9.9 s"),
        (9950, "10 s"),
        (59_499, "59 s"),
        (59_500, "1 min"),
        (61_000, "1 min 01 s"),
        (185_000, "3 min 05 s"),
        (12 * MINUTE + 30_000, "12 min"),
        (HOUR - 1, "1 h"),
        (HOUR, "1 h"),
        (2 * HOUR + 10 * MINUTE, "2 h 10 min"),
        (DAY - 1, "23 h 59 min"),
        (DAY, "1 d"),
        (2 * DAY + 4 * HOUR, "2 d 4 h"),
    ],
)
def test_a_span_is_said_as_people_say_it(milliseconds: int, words: str) -> None:
    assert span(milliseconds) == words


@given(st.integers(0, 400 * DAY))
def test_a_span_never_says_sixty_minutes_or_sixty_seconds_or_a_zero_after_a_unit(milliseconds: int) -> None:
    words = span(milliseconds)
    assert not re.search(r"\b60 (s|min)\b", words)
    assert not re.search(r" 0+ (s|min|h)$", words) or milliseconds < 1000
