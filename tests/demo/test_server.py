from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Away

from tickbird.demo.server import EmbeddedServer, NoServer, NotStarted, find_server

REPOSITORY = Path(__file__).parents[2]
HOLD_A_SERVER = """
from tickbird.demo.server import EmbeddedServer
with EmbeddedServer.start() as server:
    print(server.url, server.pid, flush=True)
    input()
"""


def holder() -> subprocess.Popen[str]:
    """Another process that holds a server until a line comes in, and prints where it is."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD_A_SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


def told(process: subprocess.Popen[str]) -> tuple[str, int]:
    assert process.stdout
    url, pid = process.stdout.readline().split()
    return url, int(pid)


def folder_of(server: EmbeddedServer) -> Path:
    with Redis.from_url(server.url, decode_responses=True) as client:
        return Path(client.config_get("dir")["dir"])


def test_a_server_answers_as_soon_as_it_is_started() -> None:
    with EmbeddedServer.start() as server, Redis.from_url(server.url, decode_responses=True) as client:
        info = client.info()
        assert info["process_id"] == server.pid
        assert info["maxmemory_policy"] == "noeviction"
        assert client.config_get("save") == {"save": ""}


def test_further_arguments_win_over_the_defaults() -> None:
    with (
        EmbeddedServer.start(None, "--maxmemory-policy", "allkeys-lru", "--requirepass", "secret") as server,
        Redis(port=server.port, password="secret", decode_responses=True) as client,
    ):
        assert client.info()["maxmemory_policy"] == "allkeys-lru"


def test_eight_processes_start_a_server_each_at_the_same_time() -> None:
    with ExitStack() as stack:
        holders = [stack.enter_context(holder()) for _ in range(8)]
        servers = [told(process) for process in holders]
        assert len({url for url, _ in servers}) == 8
        for url, pid in servers:
            with Redis.from_url(url) as client:
                assert client.info()["process_id"] == pid
        for process in holders:
            process.communicate("\n")


def test_a_server_does_not_outlive_a_parent_that_was_killed(
    soon: Callable[..., object], alive: Callable[[int], bool]
) -> None:
    with holder() as process:
        url, pid = told(process)
        with Redis.from_url(url, decode_responses=True) as client:
            folder = Path(client.config_get("dir")["dir"])
        process.send_signal(signal.SIGKILL)
    soon(lambda: not alive(pid) and not folder.exists())


def test_ctrl_c_in_the_terminal_reaches_only_the_parent() -> None:
    with EmbeddedServer.start() as server:
        assert os.getsid(server.pid) != os.getsid(0)


def test_nothing_is_left_of_a_stopped_server(alive: Callable[[int], bool]) -> None:
    with EmbeddedServer.start() as server:
        folder = folder_of(server)
        assert folder.exists()
    assert not folder.exists()
    assert not alive(server.pid)
    assert not server.running
    server.stop()


def test_a_stopped_server_comes_back_empty_on_its_port() -> None:
    with EmbeddedServer.start() as server, Redis.from_url(server.url, retry=None) as client:
        port = server.port
        client.set("mail", 1)
        server.stop()
        with pytest.raises(Away):
            client.ping()
        server.start_again()
        assert server.port == port
        assert client.get("mail") is None


def test_a_server_that_was_killed_is_seen_as_gone_and_can_be_started_again(soon: Callable[..., object]) -> None:
    with EmbeddedServer.start() as server:
        os.kill(server.pid, signal.SIGKILL)
        soon(lambda: not server.running)
        server.start_again()
        assert server.running


def test_a_server_that_refuses_to_start_is_quoted() -> None:
    with pytest.raises(NotStarted, match=r"did not start on port .* Bad directive"):
        EmbeddedServer.start(None, "--no-such-directive", "1")


def test_the_server_that_the_environment_names_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "my-redis"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("TICKBIRD_DEMO_SERVER", str(mine))
    assert (find_server().path, find_server().kind, find_server().source) == (mine, "redis", "TICKBIRD_DEMO_SERVER")


def test_a_server_that_the_environment_names_wrongly_is_not_replaced_silently(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TICKBIRD_DEMO_SERVER", "/nowhere/valkey-server")
    with pytest.raises(NoServer, match="/nowhere/valkey-server"):
        find_server()


def test_a_server_on_path_is_found_where_the_extra_is_missing(tmp_path: Path) -> None:
    (tmp_path / "redis-server").write_text("#!/bin/sh\n")
    (tmp_path / "redis-server").chmod(0o755)
    assert found_without_packages(path=str(tmp_path)) == f"{tmp_path}/redis-server redis PATH"


def test_without_any_server_the_message_says_what_to_install(tmp_path: Path) -> None:
    said = found_without_packages(path=str(tmp_path))
    assert "pip install 'tickbird[demo]'" in said
    assert "apt install redis-server" in said
    assert "TICKBIRD_DEMO_SERVER" in said


def found_without_packages(*, path: str) -> str:
    """What `find_server` finds in an interpreter without any installed package, and with this PATH."""
    program = """
from tickbird.demo.server import NoServer, find_server
try:
    found = find_server()
    print(found.path, found.kind, found.source)
except NoServer as error:
    print(error)
"""
    env = {"PYTHONPATH": str(REPOSITORY), "PATH": path}
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, env=env, check=True)
    return done.stdout.strip()
