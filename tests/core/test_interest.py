"""How often Redis is read: by who looks, by what a reading costs, and at once when somebody comes."""

from __future__ import annotations

import asyncio
import time

import pytest

from core.interest import ALONE, CLOSE, CLOSE_FOR, LEAST, SCRAPED, SCRAPED_FOR, Interest


@pytest.fixture
def interest() -> Interest:
    return Interest()


def looked(interest: Interest, ago: float) -> None:
    interest._last_look = time.monotonic() - ago


def test_nobody_looks_at_first(interest: Interest) -> None:
    assert interest.interval(0) == ALONE


def test_a_look_keeps_readings_frequent_for_a_while(interest: Interest) -> None:
    interest.glance()
    assert interest.interval(0) == CLOSE
    looked(interest, CLOSE_FOR + 1)
    assert interest.interval(0) == SCRAPED
    looked(interest, SCRAPED_FOR + 1)
    assert interest.interval(0) == ALONE


def test_a_scraper_is_served_with_fewer_readings_than_a_person(interest: Interest) -> None:
    interest.glance(scraping=True)

    assert interest.interval(0) == SCRAPED
    interest.glance()
    assert interest.interval(0) == CLOSE


def test_a_scraper_does_not_slow_down_what_a_person_follows(interest: Interest) -> None:
    interest.glance()
    interest.glance(scraping=True)

    assert interest.interval(0) == CLOSE


def test_who_watches_keeps_them_frequent_for_as_long_as_it_lasts(interest: Interest) -> None:
    with interest.watching(), interest.watching():
        looked(interest, 1000)
        assert interest.interval(0) == CLOSE
    assert interest.interval(0) == CLOSE
    looked(interest, 1000)
    assert interest.interval(0) == ALONE


def test_a_watcher_who_fails_does_not_watch_for_ever(interest: Interest) -> None:
    with pytest.raises(ValueError, match="gone"), interest.watching():
        raise ValueError("gone")
    looked(interest, 1000)
    assert interest.interval(0) == ALONE


def test_many_queues_are_read_less_often(interest: Interest) -> None:
    with interest.watching():
        assert interest.interval(200 * 12) == CLOSE
        assert 1.5 < interest.interval(1000 * 15) < 4


def test_no_reading_is_so_dear_that_a_new_worker_is_not_seen_in_time(interest: Interest) -> None:
    assert interest.interval(10_000_000) <= ALONE


async def slept(interest: Interest, seconds: float, wakes: int | None = None) -> float:
    started = time.monotonic()
    await interest.sleep(seconds, interest.wakes if wakes is None else wakes)
    return time.monotonic() - started


async def test_a_sleep_lasts_as_long_as_it_was_told(interest: Interest) -> None:
    assert 0.28 < await slept(interest, 0.3) < 2
    assert 0.04 < await slept(interest, 0.05) < 2


async def test_whoever_comes_wakes_every_sleeper(interest: Interest) -> None:
    sleepers = [asyncio.create_task(slept(interest, 30)) for _ in range(3)]
    await asyncio.sleep(0.01)
    interest.glance()
    assert max(await asyncio.gather(*sleepers)) < 5


async def test_a_change_wakes_every_sleeper(interest: Interest) -> None:
    interest.glance()
    sleepers = [asyncio.create_task(slept(interest, 30)) for _ in range(3)]
    await asyncio.sleep(0.01)
    interest.wake()
    assert max(await asyncio.gather(*sleepers)) < 5


async def test_a_change_during_a_reading_is_not_slept_over(interest: Interest) -> None:
    before = interest.wakes
    interest.wake()
    other = asyncio.create_task(slept(interest, 30))
    assert await slept(interest, 30, before) < 5
    interest.wake()
    await other


async def test_many_changes_do_not_make_a_reading_each(interest: Interest) -> None:
    readings, ends = 0, time.monotonic() + LEAST * 5

    async def change() -> None:
        while time.monotonic() < ends:
            interest.wake()
            await asyncio.sleep(0.005)

    changing = asyncio.create_task(change())
    while time.monotonic() < ends:
        await interest.sleep(30, interest.wakes - 1)
        readings += 1
    await changing
    assert readings <= 6
