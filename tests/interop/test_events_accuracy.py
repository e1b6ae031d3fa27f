"""The exporter against the workers' own account, every job removed when it finishes (in full: bench/accuracy.py)."""

from __future__ import annotations

import pytest

from bench.accuracy import HELD, measure

JOBS = 200


@pytest.mark.timeout(240)
@pytest.mark.parametrize("library", ["bullmq6", pytest.param("bullmq5", marks=pytest.mark.full), "bull4"])
def test_the_exporter_counts_what_the_workers_did(library: str) -> None:
    measured = measure(library, JOBS)

    assert measured.differences == {}
    assert measured.truth["attempts stalled"] == HELD
    assert measured.truth["attempts retried"] > JOBS / 4
    assert len(measured.errors) + measured.nameless >= JOBS
