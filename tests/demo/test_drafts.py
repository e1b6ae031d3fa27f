"""What the producers add depends on the seed alone: not on the clock, and not on each other."""

from __future__ import annotations

import json
from itertools import islice
from random import Random
from typing import Any

import pytest

from tickbird.demo.fleet import invoicing, tenants
from tickbird.demo.fleet.company import DESKS

STREAMS = {
    **{f"{desk.queue}-{number}": source.drafts for desk in DESKS for number, source in enumerate(desk.sources)},
    "tenants": tenants.syncs,
    "flows": invoicing.flows,
}


def first(name: str, seed: str) -> list[Any]:
    return list(islice(STREAMS[name](Random(seed)), 12))


@pytest.mark.parametrize("name", STREAMS)
def test_the_same_seed_gives_the_same_jobs(name: str) -> None:
    assert first(name, "robin") == first(name, "robin")


@pytest.mark.parametrize("name", STREAMS)
def test_another_seed_gives_other_jobs(name: str) -> None:
    assert first(name, "robin") != first(name, "wren")


def test_no_share_of_the_work_is_lost_or_counted_twice() -> None:
    shares = sum(source.share for desk in DESKS for source in desk.sources) + invoicing.SHARE + tenants.SHARE
    assert shares == pytest.approx(1, abs=0.05)


def test_the_ids_of_a_flow_are_its_own() -> None:
    def ids(node: dict[str, Any]) -> list[str]:
        return [node["opts"]["jobId"], *(found for child in node.get("children", ()) for found in ids(child))]

    seen = [job_id for flow in islice(invoicing.flows(Random("robin")), 200) for job_id in ids(flow)]
    assert len(seen) == len(set(seen))
    assert not any(":" in job_id or job_id.isdigit() for job_id in seen)


def test_no_job_is_larger_than_it_says() -> None:
    for name in STREAMS:
        size = max(len(json.dumps(draft.data)) for draft in first(name, "robin")) if name != "flows" else 0
        assert size < (2**20 + 1000 if name.startswith("documents") else 2000), name
