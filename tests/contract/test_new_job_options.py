"""What may be said of a new job, in which words its version stores it, and what is refused with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import Invalid, Unsupported
from core.model import Dialect
from core.mutations.adding import NewJob
from tests.contract.acting import acting, field, refused
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)


async def added(mail: LaidOut, **options: Any) -> str:
    (outcome,) = await acting(mail).add([NewJob("deliver", "{}", options)])
    assert outcome.changed
    return str(outcome.job_id)


def options(mail: LaidOut, job_id: str) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(field(mail, job_id, "opts") or b"")
    return stored


async def test_options_are_stored_in_the_words_of_the_version(mail: LaidOut, layout: Layout) -> None:
    job_id = await added(mail, attempts=3, backoff=500, keepLogs=7, removeOnComplete={"count": 5}, lifo=None)
    known = {"attempts": 3, "backoff": {"type": "fixed", "delay": 500}, "removeOnComplete": {"count": 5}}
    short = layout.dialect in (Dialect.MQ4, Dialect.MQ5)
    wanted = {**known, "kl" if short else "keepLogs": 7}
    if layout.dialect is not Dialect.MQ5:
        wanted["delay"] = 0
    if layout.dialect is Dialect.BULL:
        wanted["timestamp"] = int(field(mail, job_id, "timestamp") or 0)
    assert options(mail, job_id) == wanted


async def test_a_plain_job_gets_the_attempts_that_its_library_gives(mail: LaidOut, layout: Layout) -> None:
    assert options(mail, await added(mail))["attempts"] == (1 if layout.dialect is Dialect.BULL else 0)


async def test_telemetry_is_stored_short_where_the_version_is_known_to_do_so(mail: LaidOut, layout: Layout) -> None:
    stored = options(mail, await added(mail, telemetry={"metadata": "trace", "omitContext": True}))
    known = layout.version in ("5.81.5", "6.7.0")
    wanted = {"tm": "trace", "omc": True} if known else {"telemetry": {"metadata": "trace", "omitContext": True}}
    assert wanted.items() <= stored.items()


@pytest.mark.parametrize(
    "job_id",
    ["wait", "meta", "id", "events", "delayed", "repeat:x:1", "7:logs", "7:lock", "de:1", "dn:1", "limiter", ""],
)
async def test_no_job_takes_the_name_of_a_key_of_the_queue(mail: LaidOut, job_id: str) -> None:
    await refused(mail, Invalid, acting(mail).add([NewJob("deliver", "{}", {"jobId": job_id})]))


@pytest.mark.parametrize(
    ("job_id", "refusing"),
    [
        ("0", {"mq_list", "mq4", "mq5"}),
        ("0:5", {"mq_list", "mq4", "mq5"}),
        ("17", {"mq5"}),
        (17, {"mq5"}),
        ("-3", {"mq5"}),
        ("017", set()),
        ("a:b", {"mq5"}),
        ("a:b:c", set()),
        ("ü ☃ %25 *[x]? \n", set()),
    ],
)
async def test_an_id_is_what_the_version_allows(
    mail: LaidOut, layout: Layout, job_id: str | int, refusing: set[str]
) -> None:
    if layout.dialect in refusing:
        said = await refused(mail, Invalid, acting(mail).add([NewJob("deliver", "{}", {"jobId": job_id})]))
        assert said.endswith("Choose another, or leave jobId out.")
    else:
        assert await added(mail, jobId=job_id) == str(job_id)
        assert mail.line("wait") == [str(job_id)]


@pytest.mark.parametrize("name", ["parent", "repeat", "deduplication", "debounce", "repeatJobKey", "prevMillis", "de"])
async def test_what_only_the_application_can_honour_is_refused(mail: LaidOut, name: str) -> None:
    said = await refused(mail, Unsupported, acting(mail).add([NewJob("deliver", "{}", {name: {"id": "7"}})]))
    assert said.startswith(f"A job with the option {name} cannot be added here.")


NONSENSE: list[dict[str, Any]] = [
    {"delay": -1},
    {"delay": "5"},
    {"delay": 2**42},
    {"delay": 10**9, "timestamp": 2**41},
    {"priority": -1},
    {"priority": 1.5},
    {"priority": 2**31},
    {"attempts": "three"},
    {"lifo": 1},
    {"backoff": {"delay": 5}},
    {"backoff": {"type": "fixed", "delay": "5"}},
    {"backoff": "soon"},
    {"removeOnComplete": "yes"},
    {"removeOnFail": {"count": -1}},
    {"jobId": {}},
    {"jobId": True},
    {"jobId": "\ud800"},
    {"jobId": "x" * 501},
    {"note": "x" * 60_001},
    {"note": "\udcff"},
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda nonsense: ascii(nonsense)[:40])
async def test_an_option_that_makes_no_sense_adds_nothing(mail: LaidOut, nonsense: dict[str, Any]) -> None:
    jobs = [NewJob("deliver"), NewJob("deliver", "{}", nonsense)]
    said = await refused(mail, Invalid, acting(mail).add(jobs))
    assert said.startswith("Of 2 jobs, number 2: ")


@pytest.mark.parametrize(
    "job",
    [NewJob(""), NewJob("x" * 501), NewJob("\ud800"), NewJob("a", "{"), NewJob("a", "[" + "1," * 3_000_000 + "1]")],
    ids=lambda job: f"{job.name[:5]!a} {job.data[:5]}",
)
async def test_a_name_and_data_have_to_be_fit(mail: LaidOut, job: NewJob) -> None:
    await refused(mail, Invalid, acting(mail).add([job]))


async def test_a_job_keeps_to_its_own_limit(mail: LaidOut) -> None:
    said = await refused(mail, Invalid, acting(mail).add([NewJob("deliver", '"12345"', {"sizeLimit": 6})]))
    assert said == "The data has 7 bytes; at most 6 can be written here."
