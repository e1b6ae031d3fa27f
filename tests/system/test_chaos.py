"""Whatever happens to Redis in the middle of bulk work: pages answer, all recovers, no job is lost or doubled."""

from __future__ import annotations

import pytest

from tests.system.chaos import ANSWERED_WITHIN, JOBS, RECOVERED_WITHIN, Endured, endure, row
from tests.system.faults import FAULTS, Fault, Place


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_costs_no_job_and_no_page(fault: Fault) -> None:
    found = endure(fault)
    print(row(fault, found))

    assert found.status == "done"
    assert (found.lost, found.doubled) == (0, 0)
    assert _answered(found)
    assert found.recovered <= RECOVERED_WITHIN


def wipe(place: Place) -> None:
    """Everything is gone."""
    place.redis.flushall()


def spoil(place: Place) -> None:
    """Keys of the queue hold what no library writes there."""
    for id in range(0, JOBS, 7):
        place.redis.delete(f"bull:mail:{id}")
        place.redis.set(f"bull:mail:{id}", "spoilt")
    for key in ("meta", "events", "active", "delayed"):
        place.redis.delete(f"bull:mail:{key}")
        place.redis.set(f"bull:mail:{key}", b"\xff\x00")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", [wipe, spoil], ids=lambda fault: fault.__name__)
def test_what_somebody_destroys_is_their_work_and_the_pages_still_answer(fault: Fault) -> None:
    found = endure(fault)

    assert found.status in ("done", "failed")
    assert found.doubled == 0
    assert _answered(found)


def _answered(found: Endured) -> bool:
    """A page that cannot show its queue says so with a status of its own; none breaks, and none hangs."""
    return set(found.statuses) <= {200, 404, 503} and found.slowest <= ANSWERED_WITHIN
