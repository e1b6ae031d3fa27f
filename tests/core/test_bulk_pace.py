"""How fast an operation goes, told by nothing but times."""

from __future__ import annotations

from core.operations.pace import AIM, FEWEST, FIRST, MOST, REST, Pace

CALM = 0.0002


def after(*slices: tuple[float, float], jobs: int | None = None) -> Pace:
    """The pace after slices that took so long a job, each with its PING."""
    pace = Pace()
    for per_job, ping in slices:
        size = jobs or pace.size
        pace.measured(size, per_job * size, ping)
    return pace


def test_it_begins_with_a_hundred_jobs() -> None:
    assert Pace().size == FIRST == 100


def test_the_size_settles_where_a_slice_takes_what_it_should() -> None:
    pace = after(*[(0.00002, CALM)] * 10)

    assert abs(pace.size * 0.00002 - AIM) < 0.0003


def test_fast_scripts_never_take_the_slice_over_the_cap() -> None:
    assert after(*[(0.000001, CALM)] * 50).size == MOST == 500


def test_slow_scripts_make_the_next_slice_small_soon() -> None:
    assert after((0.001, CALM)).size == FEWEST
    assert after(*[(0.00002, CALM)] * 9, *[(0.001, CALM)] * 2).size == FEWEST


def test_one_slow_slice_alone_is_taken_for_an_accident() -> None:
    assert after(*[(0.00002, CALM)] * 9, (0.001, CALM)).size > 100


def test_the_rest_is_at_least_as_long_as_the_slice_and_never_nothing() -> None:
    assert after((0.00005, CALM)).rest >= 0.005 * 0.99
    assert after((0.0, CALM)).rest == REST


def test_it_rests_much_longer_while_pings_are_slow_and_recovers() -> None:
    slow = after(*[(0.00002, CALM)] * 5, *[(0.00002, 0.02)] * 5)
    again = after(*[(0.00002, CALM)] * 5, *[(0.00002, 0.02)] * 5, *[(0.00002, CALM)] * 30)

    assert slow.rest > 0.05
    assert again.rest < 0.01


def test_one_slow_ping_alone_is_no_trouble() -> None:
    assert after(*[(0.00002, CALM)] * 5, (0.00002, 0.004)).rest < 0.01


def test_it_remembers_its_largest_and_longest_slice() -> None:
    pace = after((0.00001, CALM), (0.0001, CALM))

    assert pace.slices == 2
    assert pace.largest == 125
    assert abs(pace.longest - 0.0125) < 0.001
