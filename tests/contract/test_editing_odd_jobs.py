"""Jobs whose fields hold anything, and queues in one slot of a cluster: what is written is written whole."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import TickbirdError
from core.model import State
from core.mutations.adding import NewJob
from tests.contract.acting import acting, field, made
from tests.contract.laid_out import LAYOUTS, LaidOut
from tests.contract.test_acting_on_odd_jobs import GROTESQUE, named

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)


@pytest.mark.parametrize("fields", GROTESQUE, ids=named)
async def test_whatever_a_field_holds_a_job_is_wholly_changed(mail: LaidOut, fields: dict[str, Any]) -> None:
    made(mail, "1", State.WAITING, **fields)
    made(mail, "2", State.DELAYED, **fields)
    for job_id in ("1", "2"):
        await acting(mail).edit_data(job_id, "[1]")
        await acting(mail).set_progress(job_id, "5")
        await acting(mail).log(job_id, "line")
        await acting(mail).change_priority(job_id, 4)
        assert [field(mail, job_id, name) for name in ("data", "progress", "priority")] == [b"[1]", b"5", b"4"]
    await acting(mail).change_delay("2", 60_000)
    assert field(mail, "2", "delay") == b"60000"
    assert mail.prioritised() == {"1": 4}


@pytest.mark.parametrize("fields", GROTESQUE, ids=named)
async def test_whatever_a_field_holds_a_job_is_wholly_copied_or_not_at_all(
    mail: LaidOut, fields: dict[str, Any]
) -> None:
    made(mail, "x", State.FAILED, **fields)
    before = mail.keys()
    try:
        copy = (await acting(mail).duplicate("x")).job_id
    except TickbirdError:
        assert mail.keys() == before
    else:
        assert sorted({*mail.line("wait"), *mail.prioritised()}) == [copy]


async def test_a_priority_beyond_the_bound_is_copied_as_the_last(mail: LaidOut) -> None:
    made(mail, "x", State.FAILED, priority=2**40)
    copy = (await acting(mail).duplicate("x")).job_id
    assert mail.prioritised() == {copy: int(field(mail, str(copy), "priority") or 0)}


async def test_braces_in_an_id_are_mere_characters(mail: LaidOut) -> None:
    (outcome,) = await acting(mail).add([NewJob("deliver", "{}", {"jobId": "{b}x"})])
    assert mail.line("wait") == [outcome.job_id]
