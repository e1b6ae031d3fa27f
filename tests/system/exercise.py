"""What has to work wherever a Redis stands: queues are found, shown, counted, acted on and followed.

The whole program is asked over HTTP, and BullMQ itself tells what became of it.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from core.settings import Settings
from tests.exporter.serving import serving
from tests.interop.node_driver import NodeDriver, NodeQueue
from tests.interop.scenario import FAR
from tests.system.stands import Stand
from tests.system.topologies import until
from tickbird.serve import application

Answer = tuple[int, Any]


class Program:
    """Tickbird, with nothing but its addresses."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> Answer:
        """The status, and the body: parsed where it is JSON."""
        return self._asked(urllib.request.Request(self.base + path))

    def post(self, path: str, body: Any = None) -> Answer:
        """The same of a request that is meant to change something."""
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
        return self._asked(urllib.request.Request(self.base + path, data, headers, method="POST"))

    def queues(self) -> dict[str, Any]:
        """By their names, as the API tells of them."""
        status, found = self.get("/admin/queues/api/queues")
        return {queue["name"]: queue for queue in found["queues"]} if status == HTTPStatus.OK else {}

    def counts(self, queue: str) -> dict[str, int]:
        """Those that are not zero."""
        return {state: count for state, count in self.queues().get(queue, {"counts": {}})["counts"].items() if count}

    def metric(self, name: str, **labels: str) -> float | None:
        """The sum of the series with these labels; None where there is none."""
        _, text = self.get("/metrics")
        lines = re.findall(rf"^{name}\{{(.*)\}} (\S+)$", text, re.MULTILINE)
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        found = [float(value) for said, value in lines if all(each in said for each in wanted)]
        return sum(found) if found else None

    def _asked(self, request: urllib.request.Request) -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, kind, text = answer.status, answer.headers.get_content_type(), answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                status, kind, text = refusal.code, refusal.headers.get_content_type(), refusal.read().decode()
        return status, json.loads(text) if kind.endswith("json") else text


@contextmanager
def running(settings: Settings) -> Iterator[Program]:
    """The whole program, until the block ends. It is asked oftener than people ask, and shall not mind."""
    patient = replace(settings, limits_requests=0, limits_heavy=0, limits_heavy_at_once=0)
    with serving(application(patient)) as port:
        yield Program(port)


def exercise(stand: Stand) -> None:
    """Everything once; and once more after another server has become the master."""
    with NodeDriver.start(stand.node["port"], **{k: v for k, v in stand.node.items() if k != "port"}) as driver:
        queue = driver.library("bullmq6").queue("mail", prefix=stand.prefix)
        ids = _worked(queue)
        with running(Settings(redis=(stand.redis,))) as program:
            _shown(program)
            if not stand.writes:
                return _refused(program, queue, ids)
            _acted(program, queue, ids)
            if stand.fail_over:
                stand.fail_over()
                _acted_again(program, queue)


def _worked(queue: NodeQueue) -> list[str]:
    """Four jobs that failed, and one that waits for its time."""
    ids = [str(queue.add("send", {"script": {"failTimes": 1}})["id"]) for _ in range(4)]
    queue.add("send", delay=FAR)
    with queue.worker(concurrency=4):
        until(lambda: queue.counts("failed")["failed"] == len(ids), "the jobs do not fail")
    return ids


def _shown(program: Program) -> None:
    until(lambda: program.counts("mail") == {"failed": 4, "delayed": 1}, "the queue is not found, or counted")
    href = program.queues()["mail"]["href"]
    for path in ("/admin/queues", "/admin/queues/redis", f"{href.replace('/api', '', 1)}?state=failed"):
        status, page = program.get(path)
        assert status == HTTPStatus.OK, page
        assert "mail" in page or path.endswith("redis")
    _, listed = program.get(f"{href}/jobs?state=failed")
    assert len(listed["jobs"]) == 4
    until(lambda: program.metric("bullmq_job_count", queue="mail", state="failed") == 4, "no metrics")
    until(lambda: _finished(program) is not None, "nobody counts")


def _acted(program: Program, queue: NodeQueue, ids: list[str]) -> None:
    """One job, the queue, many jobs, a new one: and BullMQ goes on with what we left it."""
    href = program.queues()["mail"]["href"]
    _done(program, f"{href}/jobs/{ids[0]}/retry")
    _done(program, f"{href}/pause")
    assert queue.is_paused()
    _done(program, f"{href}/resume")
    assert not queue.is_paused()
    _done(program, f"{href}/jobs", {"name": "send", "data": {}})
    _retried_in_bulk(program, href)
    with queue.worker(concurrency=4):
        until(lambda: queue.counts("completed")["completed"] == 5, "BullMQ does not go on")
    until(lambda: _finished(program) == 5, "the events are not followed")
    until(lambda: program.counts("mail") == {"completed": 5, "delayed": 1}, "what became of it is not seen")


def _acted_again(program: Program, queue: NodeQueue) -> None:
    """The new master is found by itself, acted on, and its events are heard."""
    href = program.queues()["mail"]["href"]
    until(lambda: _is_done(program, f"{href}/pause"), "the new master takes no action")
    until(queue.is_paused, "the new master was not the one that was acted on")
    _done(program, f"{href}/resume")
    before = _finished(program) or 0
    queue.add("send")
    with queue.worker():
        until(lambda: queue.counts("completed")["completed"] >= 6, "BullMQ does not go on")
    until(lambda: (_finished(program) or 0) > before, "the new master's events are not followed")
    until(lambda: program.counts("mail").get("completed", 0) >= 6, "the new master is not read")


def _retried_in_bulk(program: Program, href: str) -> None:
    asked = {"action": "retry", "queues": [href], "state": "failed", "reason": "the matrix"}
    operation = _done(program, "/admin/queues/api/operations", asked)["href"]
    until(lambda: program.get(operation)[1]["status"] == "done", "the operation does not end")
    assert program.get(operation)[1]["done"] == 3


def _refused(program: Program, queue: NodeQueue, ids: list[str]) -> None:
    """Redis itself refuses, with a sentence, and nothing has changed."""
    href = program.queues()["mail"]["href"]
    for path in (f"{href}/jobs/{ids[0]}/retry", f"{href}/pause"):
        status, said = program.post(path)
        assert status == HTTPStatus.SERVICE_UNAVAILABLE, said
        assert "permission" in said["detail"] or "can't run" in said["detail"], said
    assert not queue.is_paused()
    assert queue.counts("failed")["failed"] == len(ids)


def _finished(program: Program) -> float | None:
    return program.metric("bullmq_jobs_finished_total", queue="mail", outcome="completed")


def _done(program: Program, path: str, body: Any = None) -> Any:
    status, said = program.post(path, body)
    assert status < HTTPStatus.BAD_REQUEST, said
    return said


def _is_done(program: Program, path: str) -> bool:
    return program.post(path)[0] < HTTPStatus.BAD_REQUEST
