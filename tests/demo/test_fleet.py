from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from redis import Redis

from tickbird.demo.fleet.company import QUEUES
from tickbird.demo.server import EmbeddedServer

Soon = Callable[..., Any]
FleetOn = Callable[..., AbstractContextManager[None]]

# The client is Any: redis-py types its answers for both of its modes at once.


@contextmanager
def at_work(fleet_on: FleetOn, *options: str) -> Iterator[tuple[EmbeddedServer, Any]]:
    with (
        EmbeddedServer.start() as server,
        Redis.from_url(server.url, decode_responses=True) as client,
        fleet_on(server.url, *options),
    ):
        yield server, client


def jobs(company: Any, queue: str, state: str) -> list[dict[str, Any]]:
    """The newest jobs of a state that is a sorted set, with their ids."""
    ids = company.zrevrange(f"bull:{queue}:{state}", 0, 99)
    return [{**company.hgetall(f"bull:{queue}:{job_id}"), "id": job_id} for job_id in ids]


def active(company: Any, queue: str) -> list[dict[str, Any]]:
    return [company.hgetall(f"bull:{queue}:{job_id}") for job_id in company.lrange(f"bull:{queue}:active", 0, -1)]


def events(company: Any, queue: str, name: str) -> list[dict[str, str]]:
    return [event for _, event in company.xrange(f"bull:{queue}:events") if event["event"] == name]


def test_every_queue_of_the_company_soon_exists(company: Any, soon: Soon) -> None:
    soon(lambda: all(company.exists(f"bull:{queue}:id") for queue in QUEUES))


def test_finished_jobs_fill_the_last_hour(company: Any, soon: Soon) -> None:
    for queue in ("email", "webhook-retry", "image-processing", "invoicing", "import"):
        soon(lambda queue=queue: company.zcard(f"bull:{queue}:completed") > 3)
    finished = [score / 1000 for _, score in company.zrange("bull:email:completed", 0, -1, withscores=True)]
    now = time.time()
    assert now - 3600 < min(finished) < now - 2400
    assert max(finished) <= now

    def first_event() -> float:
        return next((int(entry.split("-")[0]) / 1000 for entry, _ in company.xrange("bull:email:events", count=1)), 0)

    soon(lambda: now - 3600 < first_event() < now - 2400)
    minutes = company.lrange("bull:email:metrics:completed:data", 0, -1)
    assert len(minutes) > 40


def test_password_resets_come_before_newsletters(company: Any, soon: Soon) -> None:
    soon(lambda: company.zcard("bull:email:completed") > 100)
    priorities = {job["name"]: int(job["priority"]) for job in jobs(company, "email", "completed")}
    assert priorities["password-reset"] < priorities["newsletter"]
    soon(lambda: company.zcard("bull:email:prioritized"))
    options = json.loads(jobs(company, "email", "completed")[0]["opts"])
    assert (options["attempts"], options["backoff"]["type"]) == (5, "exponential")


def test_pushes_are_held_back_by_a_rate_limit_and_leave_nothing_behind(company: Any, soon: Soon) -> None:
    soon(lambda: company.exists("bull:push:limiter") and company.llen("bull:push:wait"))
    assert company.zcard("bull:push:completed") == 0
    assert int(company.hget("bull:push:metrics:completed", "count") or 0) > 10


def test_progress_of_images_is_an_object_that_moves(company: Any, soon: Soon) -> None:
    def percents() -> set[float]:
        for job in active(company, "image-processing"):
            if job.get("progress", "0").startswith("{"):
                progress = json.loads(job["progress"])
                assert set(progress) == {"step", "totalSteps", "currentOperation", "percent"}
                seen.add(progress["percent"])
        return seen if len(seen) > 2 else set()

    seen: set[float] = set()
    soon(percents)
    done = soon(lambda: jobs(company, "image-processing", "completed"))[0]
    assert company.llen(f"bull:image-processing:{done['id']}:logs") > 3


def test_webhooks_fail_with_the_stack_of_a_node_service(company: Any, soon: Soon) -> None:
    failed = soon(lambda: jobs(company, "webhook-retry", "failed"))
    for job in failed:
        stacks = json.loads(job["stacktrace"])
        assert job["atm"] == "10"
        assert len(stacks) == 10
        assert job["failedReason"] in stacks[-1].splitlines()[0]
        assert stacks[-1].count("\n    at ") >= 5


def test_webhooks_wait_for_their_next_attempt(company: Any, soon: Soon) -> None:
    waiting = soon(lambda: jobs(company, "webhook-retry", "delayed"))
    assert all(int(job["atm"]) > 0 and job["failedReason"] for job in waiting)


def test_jobs_out_of_attempts_are_kept_with_what_they_were(company: Any, soon: Soon) -> None:
    soon(lambda: company.llen("bull:dead-letter:wait"))
    job_id = company.lindex("bull:dead-letter:wait", 0)
    dead = json.loads(company.hget(f"bull:dead-letter:{job_id}", "data") or "")
    assert dead["originalQueue"] in ("email", "webhook-retry")
    assert dead["originalData"]
    assert dead["error"]
    assert dead["attemptsMade"] >= 1


def test_a_flow_waits_for_its_children_in_two_queues(company: Any, soon: Soon) -> None:
    def waiting(queue: str) -> Any:
        return company.zrange(f"bull:{queue}:waiting-children", 0, 0)

    (calculation,) = soon(lambda: waiting("calculations"))
    (root,) = soon(lambda: waiting("invoicing"))
    children = company.smembers(f"bull:invoicing:{root}:dependencies")
    assert all(child.startswith("bull:calculations:") for child in children)
    assert json.loads(company.hget(f"bull:calculations:{calculation}", "parent") or "")["queueKey"] == "bull:invoicing"


def test_a_finished_flow_has_the_results_of_its_children(company: Any, soon: Soon) -> None:
    done = soon(lambda: jobs(company, "invoicing", "completed"))[0]
    assert json.loads(done["returnvalue"])["invoices"] == company.hlen(f"bull:invoicing:{done['id']}:processed")


def test_schedulers_run_by_time_zone_and_by_interval(company: Any, soon: Soon) -> None:
    soon(lambda: company.zcard("bull:data-cleanup:repeat") == 6)
    nightly = company.hgetall("bull:data-cleanup:repeat:rotate-audit-log")
    assert (nightly["pattern"], nightly["tz"]) == ("0 3 * * *", "Europe/Berlin")
    assert company.hget("bull:data-cleanup:repeat:purge-expired-sessions", "every") == "15000"
    soon(lambda: company.zcard("bull:data-cleanup:completed") + company.zcard("bull:data-cleanup:failed"))


def test_one_queue_is_paused_over_a_backlog(company: Any, soon: Soon) -> None:
    soon(lambda: company.hexists("bull:sms:meta", "paused"))
    assert company.llen("bull:sms:wait") >= 48
    assert company.llen("bull:sms:active") == 0


def test_one_queue_has_delayed_jobs_for_days_to_come(company: Any, soon: Soon) -> None:
    soon(lambda: company.zcard("bull:reminders:delayed") > 50)
    (_, score), *_ = company.zrevrange("bull:reminders:delayed", 0, 0, withscores=True)
    assert score / 4096 / 1000 > time.time() + 24 * 3600


def test_one_queue_carries_a_mebibyte_in_each_job(company: Any, soon: Soon) -> None:
    job_id = soon(
        lambda: company.zrange("bull:documents:completed", 0, 0) or company.zrange("bull:documents:failed", 0, 0)
    )[0]
    assert company.hstrlen(f"bull:documents:{job_id}", "data") > 2**20


def test_each_staffed_queue_has_a_worker_with_a_name(company: Any, soon: Soon) -> None:
    def names() -> set[str]:
        return {client["name"] for client in company.client_list() if client["cmd"] == "bzpopmin"}

    soon(lambda: {"bull:sms:w:sms-1", "bull:data-cleanup:w:janitor-1"} <= names())
    assert not any(name.startswith("bull:dead-letter") for name in names())


def test_an_import_moves_by_fractions_of_a_percent(company: Any, soon: Soon) -> None:
    soon(lambda: any(not float(job.get("progress", 0)).is_integer() for job in active(company, "import")))


def test_an_import_stalls_because_its_worker_has_died(company: Any, soon: Soon) -> None:
    stalled = soon(lambda: events(company, "import", "stalled"))
    assert company.hget(f"bull:import:{stalled[0]['jobId']}", "stc")


def test_tenants_make_up_the_number_of_queues(fleet_on: FleetOn, soon: Soon) -> None:
    with at_work(fleet_on, "--queues", "40") as (_, client):
        soon(lambda: len(list(client.scan_iter("bull:*:id", count=1000))) == 40)
        soon(lambda: client.zcard("bull:tenant-0001-sync:completed"))


def test_the_company_goes_on_after_redis_was_away(fleet_on: FleetOn, soon: Soon) -> None:
    with at_work(fleet_on) as (server, client):
        # The importer is the last to be employed.
        soon(lambda: "importer-2-1" in str(client.client_list()))
        server.stop()
        server.start_again()
        soon(lambda: client.zcard("bull:email:completed"))


def test_the_same_seed_adds_the_same_jobs(fleet_on: FleetOn, soon: Soon) -> None:
    def first_emails(seed: str) -> list[Any]:
        with at_work(fleet_on, "--seed", seed) as (_, client):
            soon(lambda: client.zcard("bull:email:completed") > 60)
            return [client.hmget(f"bull:email:{number}", "name", "data") for number in range(1, 51)]

    assert first_emails("robin") == first_emails("robin")
    assert first_emails("robin") != first_emails("wren")
