"""The Node process and its protocol: versions, errors, timeouts, threads and crashes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeError, NodeQueue, NotInstalled, until
from tests.interop.node_libraries import HERE, ensure_installed, installed_version
from tickbird.demo.server import EmbeddedServer

IMPATIENT = {"lockDuration": 400, "stalledInterval": 300}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer.start() as server:
        yield server


@pytest.fixture(scope="module")
def driver(server: EmbeddedServer) -> Iterator[NodeDriver]:
    with NodeDriver.start(server.port) as driver:
        yield driver


@pytest.fixture
def mail(driver: NodeDriver) -> Iterator[NodeQueue]:
    yield driver.library("bullmq6").queue(f"mail-{uuid4().hex[:8]}")
    driver.reset()


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.alias)
def test_each_library_is_installed_at_the_version_its_facts_name(driver: NodeDriver, library: Library) -> None:
    assert driver.call("driver.version", lib=library.alias) == library.version
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"][library.alias]
    assert wanted == f"npm:{library.package}@{library.version}"


def test_the_lock_file_names_no_package_host() -> None:
    assert '"resolved"' not in (HERE / "package-lock.json").read_text()


def test_options_reach_the_librarys_own_queue(mail: NodeQueue) -> None:
    mail.open(defaultJobOptions={"attempts": 7})
    assert mail.add("welcome")["opts"]["attempts"] == 7


def test_an_error_of_the_library_tells_its_name_and_message(driver: NodeDriver) -> None:
    mail = driver.library("bullmq6").queue("no:colons")
    with pytest.raises(NodeError, match="cannot contain :") as caught:
        mail.add("welcome")
    assert caught.value.name == "Error"
    with pytest.raises(NodeError, match="Unsupported"):
        driver.call("queue.fly", lib="bullmq6", queue="mail")
    with pytest.raises(NodeError, match="Unsupported"):
        driver.call("moon.fly", lib="bullmq6", queue="mail")


def test_calls_from_several_threads_each_get_their_own_answer(mail: NodeQueue) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(lambda number: (number, mail.add("welcome", {"number": number})), range(40))
        assert all(job["data"]["number"] == number for number, job in answers)


def test_a_call_without_an_answer_times_out_and_leaves_the_driver_usable(mail: NodeQueue) -> None:
    job = mail.add("welcome", {"script": {"hold": "gate"}})
    worker = mail.worker()
    until(worker.held)
    with pytest.raises(TimeoutError, match=r"worker\.stop of bullmq6"):
        mail.call("worker.stop", timeout=0.1)
    worker.release("gate")
    mail.wait_for_state(job["id"], "completed")


def test_the_jobs_of_a_crashed_process_stay_active(server: EmbeddedServer, mail: NodeQueue) -> None:
    job = mail.add("welcome", {"script": {"hold": "gate"}})
    with NodeDriver.start(server.port) as doomed:
        worker = doomed.library("bullmq6").queue(mail.name).worker(**IMPATIENT)
        until(worker.held)
        doomed.kill()
        with pytest.raises(NodeError, match="DriverGone"):
            worker.held()
    assert mail.state(job["id"]) == "active"
    with mail.worker(**IMPATIENT) as survivor:
        survivor.release("gate")
        mail.wait_for_state(job["id"], "completed")


def test_missing_packages_are_an_error_that_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.interop.node_libraries.installed_version", lambda alias: None)
    with pytest.raises(NotInstalled, match="npm ci --prefix tests/interop"):
        ensure_installed()
    assert installed_version("bullmq6") == "6.7.0"
