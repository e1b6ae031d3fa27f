"""Producers and workers of every library run while we act on their queues at random; afterwards every job that was ever
added is accounted for. A short slice of `bin/soak`, which runs for half an hour."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.interop.soak import report, soak_all
from tests.interop.soak_fleet import ALONE, MIXED, Pace
from tickbird.demo.server import EmbeddedServer

SECONDS = 12.0
OFTEN = {"retry", "promote", "remove", "pause", "resume"}


@pytest.mark.timeout(300)
async def test_no_job_is_lost_or_doubled_beside_live_workers_of_any_library(server: EmbeddedServer) -> None:
    soaks = await soak_all((*ALONE, *MIXED), server.port, Pace(SECONDS, rest=0.1))
    told = report(soaks)
    assert [fault for each in soaks for fault in each.account.faults] == [], told
    acts = sum((each.account.acts for each in soaks), Counter[str]())
    assert set(acts) >= OFTEN, told
    print(told)
