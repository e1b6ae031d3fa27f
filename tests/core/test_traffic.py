"""Jobs in and out between readings: nothing lost, nothing invented, and unknown where nobody looked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Dialect, Identity, Queue, QueueId, State, Traffic
from core.traffic import SLOT, SLOTS, Meter

START = 1_800_000_000_000


def queue(ids: int | None, **counts: int) -> Queue:
    identity = Identity(Dialect.MQ5, None, ())
    states = {State(name.replace("_", "-")): count for name, count in counts.items()}
    return Queue(QueueId("default", "bull", "mail"), identity, paused=False, counts=states, ids=ids)


def followed(*readings: tuple[int, Queue]) -> Traffic:
    """The traffic after these readings, each at so many seconds from the start."""
    meter = Meter()
    for second, read in readings:
        traffic = meter.measure(read, START + second * 1000)
    return traffic


def test_one_reading_tells_nothing() -> None:
    traffic = followed((0, queue(100, waiting=5)))
    assert (traffic.in_per_minute, traffic.out_per_minute) == (None, None)
    assert set(traffic.spark) == {None}


def test_readings_that_are_too_close_tell_nothing_yet() -> None:
    assert followed((0, queue(0)), (4, queue(100))).in_per_minute is None
    assert followed((0, queue(0)), (5, queue(100))).in_per_minute is not None


def test_jobs_that_came_and_went_are_counted_by_the_minute() -> None:
    traffic = followed((0, queue(100, waiting=10)), (60, queue(160, waiting=30, active=2, completed=999)))
    assert traffic.in_per_minute == pytest.approx(60)
    assert traffic.out_per_minute == pytest.approx(38)


def test_moves_between_states_inside_are_no_traffic() -> None:
    inside = queue(9, delayed=3, prioritized=2, paused=1, waiting_children=3)
    traffic = followed((0, queue(9, waiting=9)), (30, inside))
    assert (traffic.in_per_minute, traffic.out_per_minute) == (0, 0)


def test_jobs_that_are_retried_by_hand_are_not_negative_departures() -> None:
    traffic = followed((0, queue(9, failed=9)), (30, queue(9, waiting=9)))
    assert (traffic.in_per_minute, traffic.out_per_minute) == (0, 0)


def test_a_counter_that_starts_anew_is_not_traffic_in_reverse() -> None:
    traffic = followed((0, queue(1000, waiting=50)), (10, queue(3, waiting=3)), (20, queue(13, waiting=3)))
    assert traffic.in_per_minute == pytest.approx(60)
    assert traffic.out_per_minute == pytest.approx(60)


def test_a_queue_without_a_counter_yet_begins_at_zero() -> None:
    assert followed((0, queue(None)), (60, queue(6, waiting=6))).in_per_minute == pytest.approx(6)


def test_a_clock_that_goes_back_is_survived() -> None:
    traffic = followed((60, queue(0)), (30, queue(5)), (90, queue(10)))
    assert traffic.in_per_minute is None or traffic.in_per_minute >= 0


def test_the_rate_is_of_the_last_minute() -> None:
    busy = [(second, queue(second * 10)) for second in range(0, 61)]
    quiet = [(second, queue(600)) for second in range(61, 200)]
    assert followed(*busy).in_per_minute == pytest.approx(600)
    assert followed(*busy, *quiet).in_per_minute == pytest.approx(0)


def test_slots_in_which_nobody_looked_are_not_known() -> None:
    readings = [(second, queue(second)) for second in range(0, 31)]
    traffic = followed(*readings)
    assert len(traffic.arrivals) == SLOTS
    assert [round(arrived or 0) for arrived in traffic.arrivals[-3:]] == [10] * 3
    assert set(traffic.arrivals[:-3]) == {None}


def test_rare_readings_share_out_what_happened_between_them() -> None:
    traffic = followed((0, queue(0)), (100, queue(500)))
    assert [round(arrived or 0) for arrived in traffic.arrivals[-10:]] == [50] * 10


def test_after_a_long_sleep_only_the_last_minutes_are_told() -> None:
    traffic = followed((0, queue(0)), (36_000, queue(36_000)))
    assert len(traffic.arrivals) == SLOTS
    assert traffic.in_per_minute == pytest.approx(60, rel=0.01)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 50)), min_size=2, max_size=25))
def test_within_five_minutes_every_arrival_is_in_one_slot(steps: list[tuple[int, int]]) -> None:
    meter, second, ids = Meter(), 0, 0
    meter.measure(queue(0), START)
    for seconds, came in steps:
        second, ids = second + seconds, ids + came
        if second > SLOTS * SLOT // 1000 - 10:
            break
        meter.measure(queue(ids), START + second * 1000)
        counted = sum(slot.arrived for slot in meter._slots)
        assert counted == pytest.approx(ids)
        assert sum(slot.left for slot in meter._slots) == pytest.approx(ids)
