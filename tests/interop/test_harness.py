"""The harness itself: every Node library does, through the driver, what the interop tests will ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeError, NodeQueue, until
from tickbird.demo.server import EmbeddedServer

BULLMQ = [library.alias for library in LIBRARIES if not library.is_bull]
IMPATIENT = {"lockDuration": 400, "stalledInterval": 300}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer.start() as server:
        yield server


@pytest.fixture(scope="module")
def driver(server: EmbeddedServer) -> Iterator[NodeDriver]:
    with NodeDriver.start(server.port) as driver:
        yield driver


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.alias)
def library(request: pytest.FixtureRequest) -> Library:
    chosen: Library = request.param
    return chosen


@pytest.fixture
def mail(driver: NodeDriver, library: Library) -> Iterator[NodeQueue]:
    yield driver.library(library.alias).queue(fresh_name())
    driver.reset()


def fresh_name() -> str:
    return f"mail-{uuid4().hex[:8]}"


def test_an_added_job_is_counted_and_listed_in_the_order_it_will_run(mail: NodeQueue) -> None:
    first = mail.add("welcome", {"to": "ann"}, attempts=3)
    second, third = mail.add_bulk([{"name": "welcome", "data": {"to": to}} for to in ("bob", "cy")])
    assert mail.counts()["waiting"] == 3
    assert mail.ids("waiting") == [first["id"], second["id"], third["id"]]
    assert mail.ids("wait", oldest_first=False) == [third["id"], second["id"], first["id"]]
    assert [job["data"]["to"] for job in mail.jobs("waiting")] == ["ann", "bob", "cy"]
    assert mail.state(first["id"]) == "waiting"


def test_a_worker_runs_a_job_to_completion(mail: NodeQueue) -> None:
    job = mail.add("welcome", {"script": {"sleep": 5, "return": {"sent": True}}})
    with mail.worker(concurrency=2):
        mail.wait_for_state(job["id"], "completed")
    done = mail.job(job["id"])
    assert done is not None
    assert done["returnvalue"] == {"sent": True}
    assert mail.ids("completed") == [job["id"]]
    [run] = mail.truth()
    assert (run["jobId"], run["name"], run["attempt"], run["outcome"]) == (job["id"], "welcome", 1, "completed")
    assert run["finishedAt"] >= run["startedAt"]


def test_a_failed_job_keeps_its_reason_and_runs_again_when_retried(mail: NodeQueue) -> None:
    job = mail.add("welcome", {"script": {"fail": "ECONNRESET 10.0.0.4:443", "failTimes": 1}})
    with mail.worker():
        mail.wait_for_state(job["id"], "failed")
    failed = mail.job(job["id"])
    assert failed is not None
    assert failed["failedReason"] == "ECONNRESET 10.0.0.4:443"
    mail.retry(job["id"])
    with mail.worker():
        mail.wait_for_state(job["id"], "completed")
    assert [(run["attempt"], run["outcome"]) for run in mail.truth()] == [(1, "failed"), (2, "completed")]


def test_a_job_fails_as_often_as_its_script_says(mail: NodeQueue) -> None:
    job = mail.add("welcome", {"script": {"failTimes": 2}}, attempts=3)
    with mail.worker():
        mail.wait_for_state(job["id"], "completed")
    assert [(run["attempt"], run["outcome"]) for run in mail.truth()] == [
        (1, "failed"),
        (2, "failed"),
        (3, "completed"),
    ]


def test_an_unrecoverable_failure_spends_no_further_attempts(mail: NodeQueue) -> None:
    job = mail.add("welcome", {"script": {"unrecoverable": "no such mailbox"}}, attempts=3)
    with mail.worker():
        mail.wait_for_state(job["id"], "failed")
    assert len(mail.truth()) == 1


def test_a_failure_brings_its_own_stack(mail: NodeQueue) -> None:
    told = {"name": "SmtpError", "message": "550", "stack": "SmtpError: 550\n    at send (smtp.js:7:1)"}
    job = mail.add("welcome", {"script": {"fail": told}})
    with mail.worker():
        mail.wait_for_state(job["id"], "failed")
    failed = mail.job(job["id"])
    assert failed is not None
    assert failed["failedReason"] == "550"
    assert failed["stacktrace"] == [told["stack"]]


def test_a_delayed_job_can_be_promoted_and_removed(mail: NodeQueue) -> None:
    job = mail.add("reminder", delay=60_000)
    assert mail.ids("delayed") == [job["id"]]
    mail.promote(job["id"])
    assert mail.state(job["id"]) == "waiting"
    mail.remove(job["id"])
    assert mail.job(job["id"]) is None
    with pytest.raises(NodeError, match="JobNotFound"):
        mail.state(job["id"])


def test_progress_of_any_shape_and_log_lines_arrive(mail: NodeQueue) -> None:
    mail.record_events()
    script = {"log": ["resolving", "sending"], "progress": [1, {"step": 2}, 33.33], "every": 1}
    job = mail.add("welcome", {"script": script})
    with mail.worker():
        mail.wait_for_event("completed", job["id"])
    assert [event["data"] for event in mail.events("progress", job["id"])] == [1, {"step": 2}, 33.33]
    assert mail.logs(job["id"]) == ["resolving", "sending"]
    mail.update_progress(job["id"], {"step": 3})
    mail.log(job["id"], "from outside")
    done = mail.job(job["id"])
    assert done is not None
    assert done["progress"] == {"step": 3}
    assert mail.logs(job["id"])[-1] == "from outside"


def test_events_are_recorded_from_the_moment_that_was_asked_for(mail: NodeQueue) -> None:
    mail.add("before")
    mail.record_events()
    good = mail.add("welcome", {"script": {"return": 1}})
    bad = mail.add("welcome", {"script": {"fail": "550"}})
    with mail.worker():
        assert mail.wait_for_event("completed", good["id"])["returnvalue"] == 1
        assert mail.wait_for_event("failed", bad["id"])["failedReason"] == "550"
    seen = [event["event"] for event in mail.events(job_id=good["id"])]
    assert [event for event in seen if event in {"waiting", "active", "completed"}] == [
        "waiting",
        "active",
        "completed",
    ]
    assert mail.events("waiting")[0]["jobId"] == good["id"]


def test_a_held_job_stays_active_until_it_is_released(mail: NodeQueue) -> None:
    job = mail.add("welcome", {"script": {"hold": "gate"}})
    with mail.worker() as worker:
        until(worker.held)
        assert mail.ids("active") == [job["id"]]
        assert worker.held() == [{"token": "gate", "jobId": job["id"]}]
        assert worker.release("gate") == [job["id"]]
        mail.wait_for_state(job["id"], "completed")
        later = mail.add("welcome", {"script": {"hold": "gate"}})
        mail.wait_for_state(later["id"], "completed")


def test_a_paused_queue_says_so_until_it_is_resumed(mail: NodeQueue, library: Library) -> None:
    job = mail.add("welcome")
    mail.pause()
    assert mail.is_paused()
    assert mail.ids("paused" if library.renames_wait_on_pause else "waiting") == [job["id"]]
    mail.resume()
    assert not mail.is_paused()
    assert mail.ids("waiting") == [job["id"]]


def test_a_worker_shows_in_the_librarys_own_list(mail: NodeQueue) -> None:
    with mail.worker(name="ann"):
        assert until(lambda: mail.call("queue.getWorkers"))


def test_a_worker_paused_alone_leaves_the_queue_running(mail: NodeQueue) -> None:
    with mail.worker() as worker:
        worker.pause()
        job = mail.add("welcome")
        assert not mail.is_paused()
        assert mail.state(job["id"]) == "waiting"
        worker.resume()
        mail.wait_for_state(job["id"], "completed")


def test_the_job_of_a_killed_worker_stays_active_and_is_run_again_by_another(mail: NodeQueue) -> None:
    job = mail.add("welcome", {"script": {"hold": "gate"}})
    with mail.worker(**IMPATIENT) as doomed:
        until(doomed.held)
        doomed.kill()
    assert mail.ids("active") == [job["id"]]
    with mail.worker(**IMPATIENT) as survivor:
        until(lambda: len(mail.truth()) == 2, timeout=20)
        survivor.release("gate")
        mail.wait_for_state(job["id"], "completed")
    assert [run["outcome"] for run in mail.truth()] == ["killed", "completed"]


def test_clean_drain_and_obliterate_take_the_same_arguments_everywhere(mail: NodeQueue) -> None:
    job = mail.add("welcome")
    with mail.worker():
        mail.wait_for_state(job["id"], "completed")
    assert mail.call("queue.clean", 0, 100, "completed") == [job["id"]]
    mail.add("welcome")
    mail.call("queue.drain")
    assert mail.counts()["waiting"] == 0
    mail.add("welcome")
    mail.pause()
    mail.call("queue.obliterate", {"force": True})
    assert mail.counts().get("paused", 0) == mail.counts()["waiting"] == 0


def test_a_prioritised_job_lies_where_its_library_keeps_it(mail: NodeQueue, library: Library) -> None:
    job = mail.add("password-reset", priority=2)
    if library.has_prioritized_state:
        assert mail.ids("prioritized") == [job["id"]]
        return
    assert mail.ids("waiting") == [job["id"]]
    with pytest.raises(NodeError, match="Unsupported"):
        mail.ids("prioritized")


def test_a_scheduler_or_a_repeatable_makes_delayed_jobs(mail: NodeQueue, library: Library) -> None:
    every = {"every": 3_600_000, "offset": 1}
    if library.has_schedulers:
        mail.call("queue.upsertJobScheduler", "digest", every, {"name": "digest"})
        assert [each["key"] for each in mail.call("queue.getJobSchedulers")] == ["digest"]
    else:
        with pytest.raises(NodeError, match="Unsupported"):
            mail.call("queue.upsertJobScheduler", "digest", every)
    if library.has_repeatables:
        mail.add("newsletter", repeat={"every": 3_600_000})
        assert "newsletter" in [each["name"] for each in mail.call("queue.getRepeatableJobs")]


def test_metrics_are_kept_once_a_worker_asks_for_them(mail: NodeQueue, library: Library) -> None:
    job = mail.add("welcome")
    with mail.worker(metrics={"maxDataPoints": 10}):
        mail.wait_for_state(job["id"], "completed")
    if library.has_metrics:
        assert mail.call("queue.getMetrics", "completed")["meta"]["count"] == 1
        return
    with pytest.raises(NodeError, match="Unsupported"):
        mail.call("queue.getMetrics", "completed")


@pytest.mark.parametrize("alias", BULLMQ)
def test_a_flow_holds_its_parent_back_until_the_child_is_done(driver: NodeDriver, alias: str) -> None:
    library = driver.library(alias)
    mail = library.queue(fresh_name())
    child = {"name": "render", "queueName": mail.name, "data": {"script": {"return": "pdf"}}}
    tree = library.add_flow({"name": "send", "queueName": mail.name, "children": [child]})
    parent_id = tree["job"]["id"]
    assert mail.ids("waiting-children") == [parent_id]
    with mail.worker():
        mail.wait_for_state(parent_id, "completed")
    assert list(mail.call("job.getChildrenValues", parent_id).values()) == ["pdf"]
    driver.reset()


@pytest.mark.parametrize("alias", ["bull3", "bull4"])
def test_bull_has_no_flows(driver: NodeDriver, alias: str) -> None:
    with pytest.raises(NodeError, match="Unsupported"):
        driver.library(alias).add_flow({"name": "send", "queueName": "mail"})


def test_queues_of_the_same_name_under_two_prefixes_are_two(driver: NodeDriver, library: Library) -> None:
    name = fresh_name()
    queues = [driver.library(library.alias).queue(name, prefix=prefix) for prefix in ("bull", "{acme}:app")]
    queues[1].add("welcome")
    assert [queue.counts()["waiting"] for queue in queues] == [0, 1]
    driver.reset()


def test_payloads_of_any_size_and_script_come_back_as_they_went(mail: NodeQueue) -> None:
    data = {"text": "naïve 🐦 \u202e \u2028 </script>" + "x" * 2_000_000, "number": 9007199254740991}
    job = mail.add("welcome", data)
    read = mail.job(job["id"])
    assert read is not None
    assert read["data"] == data


def test_a_driver_outlives_its_redis(library: Library) -> None:
    with EmbeddedServer.start() as server, NodeDriver.start(server.port) as driver:
        mail = driver.library(library.alias).queue("mail")
        mail.record_events()
        mail.add("welcome")
        with mail.worker():
            mail.wait_for_event("active")
            server.stop()
            assert driver.call("driver.ping") == {"pid": driver.pid}
            server.start_again()
            job = mail.add("welcome")
            mail.wait_for_state(job["id"], "completed", timeout=20)
