"""Commands the real Bull and BullMQ libraries in a Node process of their own, so tests can ask them what they see.

node/driver.mjs tells the protocol, node/calls.mjs the calls, node/script.mjs what a job can be told to do.

    with NodeDriver.start(port) as driver:
        mail = driver.library("bullmq6").queue("mail")
        job = mail.add("welcome", {"script": {"hold": "gate"}})
        with mail.worker(concurrency=2) as worker:
            mail.wait_for_state(job["id"], "active")
            worker.release("gate")
            mail.wait_for_state(job["id"], "completed")
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections import deque
from concurrent.futures import Future
from typing import Any, Self

from tests.interop.node_libraries import HERE, LIBRARIES, Library, NotInstalled, ensure_installed
from tests.interop.node_queue import NodeLibrary, NodeQueue, NodeWorker, until

__all__ = [
    "LIBRARIES",
    "Library",
    "NodeDriver",
    "NodeError",
    "NodeLibrary",
    "NodeQueue",
    "NodeWorker",
    "NotInstalled",
    "ensure_installed",
    "until",
]


class NodeError(Exception):
    """What a library threw; `name` is its class in JavaScript (Unsupported: the library has no such thing)."""

    def __init__(self, name: str, message: str, code: int | str | None = None) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.code = code


class NodeDriver:
    """One Node process for one Redis. Calls from several threads may overlap; each waits for its own answer."""

    def __init__(self, process: subprocess.Popen[str], redis: dict[str, Any]) -> None:
        self._process = process
        self._redis = redis
        self._pending: dict[int, Future[Any]] = {}
        self._calls = 0
        self._bookkeeping = threading.Lock()
        # Apart from the bookkeeping: Node blocks while we do not read, so reading must never wait for writing.
        self._writing = threading.Lock()
        self._stderr: deque[str] = deque(maxlen=200)
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_answers, self._read_stderr)]
        for reader in self._readers:
            reader.start()

    @classmethod
    def start(cls, port: int, **redis: Any) -> Self:
        """`redis`: further ioredis options (host, username, password, db, tls). NotInstalled says what to run."""
        ensure_installed()
        process = subprocess.Popen(
            ["node", "--no-warnings", str(HERE / "node" / "driver.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        driver = cls(process, {"host": "127.0.0.1", "port": port, **redis})
        try:
            driver.call("driver.ping")
        except BaseException:
            driver.kill()
            raise
        return driver

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stderr(self) -> str:
        """The last 200 lines that Node and the libraries printed."""
        return "\n".join(self._stderr.copy())

    def library(self, alias: str) -> NodeLibrary:
        return NodeLibrary(self, {each.alias: each for each in LIBRARIES}[alias])

    def call(
        self,
        call: str,
        *args: Any,
        lib: str | None = None,
        queue: str | None = None,
        prefix: str = "bull",
        timeout: float = 45,
    ) -> Any:
        """`args` go to the library's method as they are. NodeError: what it threw; TimeoutError: no answer."""
        target = {"lib": lib, "queue": queue, "prefix": prefix, "redis": self._redis}
        answer = self._send({"call": call, "args": args, **target})
        try:
            return answer.result(timeout)
        except TimeoutError:
            said = f"{call} of {lib} gave no answer within {timeout} s"
            raise TimeoutError(f"{said}; stderr:\n{self.stderr}") from None

    def reset(self) -> None:
        """Closes and forgets every queue, worker, truth and event recorded, without waiting for running jobs."""
        self.call("driver.reset")

    def stop(self) -> None:
        """Closes the driver's stdin, upon which it ends; kills it if it does not."""
        self._close_stdin()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._release()

    def kill(self) -> None:
        """SIGKILL: a crash, with jobs left active and their locks running out."""
        self._process.kill()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _send(self, request: dict[str, Any]) -> Future[Any]:
        answer: Future[Any] = Future()
        with self._bookkeeping:
            self._calls += 1
            number = self._calls
            self._pending[number] = answer
        try:
            self._write(json.dumps({"id": number, **request}))
        except (OSError, ValueError):
            with self._bookkeeping:
                self._pending.pop(number, None)
            raise self._gone() from None
        return answer

    def _write(self, line: str) -> None:
        assert self._process.stdin
        with self._writing:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _read_answers(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._settle(json.loads(line))
        with self._bookkeeping:
            abandoned = list(self._pending.values())
            self._pending.clear()
        for answer in abandoned:
            answer.set_exception(self._gone())

    def _settle(self, reply: dict[str, Any]) -> None:
        with self._bookkeeping:
            answer = self._pending.pop(reply["id"])
        if error := reply.get("error"):
            answer.set_exception(_thrown(error))
        else:
            answer.set_result(reply["ok"])

    def _read_stderr(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self._stderr.append(line.rstrip("\n"))

    def _gone(self) -> NodeError:
        return NodeError("DriverGone", f"the driver process {self.pid} has ended; stderr:\n{self.stderr}")

    def _close_stdin(self) -> None:
        assert self._process.stdin
        # What a broken write left in the buffer fails once more on closing; the call that wrote it was told.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _release(self) -> None:
        self._process.wait()
        for reader in self._readers:
            reader.join()
        self._close_stdin()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe
            pipe.close()


def _thrown(error: dict[str, Any]) -> NodeError:
    thrown = NodeError(error["name"], error["message"], error.get("code"))
    thrown.add_note(error.get("stack", ""))
    return thrown
