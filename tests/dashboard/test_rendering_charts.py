"""The geometry of sparklines and of the hour."""

from __future__ import annotations

from core.history import History, Minute
from dashboard import charts


def test_a_sparkline_has_a_bar_for_each_known_slot_and_none_for_a_gap() -> None:
    path = charts.spark((None, 0.0, 5.0, 10.0))
    assert path == "M82 20V19M85 20V10M88 20V1"


def test_the_smallest_bar_still_shows_that_something_happened() -> None:
    assert charts.spark((0.001, 1e300)).startswith("M85 20V18")


def test_a_sparkline_says_in_words_what_it_shows() -> None:
    assert charts.spark_words((None, None)) == "not measured yet"
    assert charts.spark_words((42.0, 7.0)) == "finished per 10 s, last 5 min: 7 now, 42 at most"


def test_the_hour_stands_on_zero_and_hatches_the_minute_that_still_runs() -> None:
    history = History((Minute(0, 10, 0), Minute(60_000, None, None), Minute(120_000, 5, 1)), 0, "")
    completed, failed = charts.hour(history)
    assert completed.bars == "M571 56v-56.0h8V56z"
    assert completed.running == "M591 56v-28.0h8V56z"
    assert completed.gaps == "M580 0h10V56h-10z"
    assert (completed.most, completed.total) == (10, 15)
    assert (failed.bars, failed.most) == ("", 1)


def test_an_hour_of_which_nothing_is_known_is_all_gap() -> None:
    completed, _ = charts.hour(History(tuple(Minute(i * 60_000, None, None) for i in range(60)), None, ""))
    assert completed.bars == completed.running == ""
    assert completed.gaps.count("M") == 60
