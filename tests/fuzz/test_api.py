"""A short fuzz run, the same each time; `bin/fuzz` goes on for longer, and in more ways."""

from __future__ import annotations

import pytest

from dashboard.api.calls import CALLS
from tests.fuzz.calls import Plan, fuzz
from tests.fuzz.served import tickbird


@pytest.mark.timeout(600)
def test_every_answer_is_as_the_document_says_and_none_is_a_fault_of_ours() -> None:
    plan = Plan(examples=3, phases=("fuzzing",), deterministic=True, strict=False)
    with tickbird() as served:
        account = fuzz(served, plan)
        assert served.faults == []
    told = "\n".join(account.summary())
    assert not account.failures, told
    assert not account.errors, told
    assert len(account.operations) == len(CALLS), told
