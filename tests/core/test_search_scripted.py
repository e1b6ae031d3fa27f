"""How many jobs a script is given: as many as fit into its time, whatever the way to Redis takes."""

from __future__ import annotations

import pytest

from core.search.scripted import AIM, FEWEST, FIRST, MOST, Scripted


def steady(way: float, each: float) -> int:
    """The size that it comes to where a round trip takes `way`, and a job `each` (seconds)."""
    scripted = Scripted([b"data"], 1, 1000, None)
    for _ in range(200):
        scripted._learn(scripted._size, way + each * scripted._size)
    return scripted._size


@pytest.mark.parametrize("way", [0.0001, 0.005, 0.1])
def test_a_long_way_to_redis_does_not_make_scripts_small(way: float) -> None:
    assert steady(way, 0.000003) == MOST


@pytest.mark.parametrize("way", [0.0001, 0.005])
def test_dear_jobs_make_scripts_small(way: float) -> None:
    assert FEWEST <= steady(way, 0.001) < FIRST


@pytest.mark.parametrize("each", [0.00001, 0.00002, 0.00005])
def test_a_script_takes_about_as_long_as_it_should(each: float) -> None:
    assert steady(0.001, each) * each < 3 * AIM
