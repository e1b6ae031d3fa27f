"""Whatever happens to Redis in the middle of a live load and of bulk work: pages answer, all recovers by itself, no job
is lost or doubled, and the log says so once."""

from __future__ import annotations

import pytest

from tests.system.chaos import RECOVERED_WITHIN, endure, row
from tests.system.faults import FAULTS, Fault

# A line when it begins, one when it is over, and one on what could not be learned meanwhile.
LINES_EACH = 3
CASES = [
    pytest.param(fault, id=fault.happen.__name__, marks=[pytest.mark.full] if fault.full else []) for fault in FAULTS
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", CASES)
def test_a_fault_costs_no_job_and_no_page(fault: Fault) -> None:
    found = endure(fault)
    print(row(fault, found))

    assert found.status == "done" or (not fault.jobs and found.status == "failed")
    assert (found.lost, found.doubled, found.fallen) == ([], [], [])
    assert found.answered, row(fault, found)
    assert found.recovered <= RECOVERED_WITHIN
    assert len(found.warnings) <= LINES_EACH * fault.times, found.warnings
    assert not [line for line in found.lines if "traceback" in line]
    assert found.ended is not None
    assert found.ended.code == 0
