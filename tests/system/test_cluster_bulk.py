"""In the middle of bulk work a cluster changes masters, or moves a slot: each job is in one place, all work ends."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from tests.system.changes import CHANGES, Change, die, endure, hand_over


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "change",
    # Who survives a master's death survives its handing over as well.
    [pytest.param(change, marks=pytest.mark.full if change is hand_over else ()) for change in CHANGES],
    ids=lambda change: change.__name__,
)
def test_no_job_is_lost_or_doubled(change: Change) -> None:
    found = endure(change)

    assert (found.lost, found.doubled) == (0, 0)
    # A page that cannot show its queue says so with a status of its own; none breaks.
    assert set(found.statuses) <= {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}
    # What a master took and did not pass on dies with it, as for every client: those jobs are where they were.
    assert not found.again or change is die
