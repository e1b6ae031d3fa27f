"""Several Redis of different kinds at once, one of them dead: each is read and acted on for itself."""

from __future__ import annotations

from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest
import redis as redis_py

from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core import layout
from tests.interop.three_masters import three_masters
from tests.system.exercise import running
from tests.system.topologies import free_port, until, watched
from tickbird.demo.server import EmbeddedServer

KINDS = ("alone", "socket", "named", "cluster")


@pytest.mark.timeout(240)
def test_each_kind_beside_the_others_and_beside_a_dead_one(tmp_path: Path) -> None:
    with ExitStack() as stack:
        alone = stack.enter_context(EmbeddedServer.start())
        path = tmp_path / "redis.sock"
        behind = stack.enter_context(EmbeddedServer.start(None, "--unixsocket", str(path)))
        named = stack.enter_context(watched(tmp_path))
        cluster = stack.enter_context(three_masters())
        urls = dict(zip(KINDS, (alone.url, f"unix://{path}?db=0", named.url, cluster.url), strict=True))
        holder = stack.enter_context(redis_py.RedisCluster(host="127.0.0.1", port=cluster.port))
        clients = [stack.enter_context(redis_py.Redis(port=port)) for port in (alone.port, behind.port)]
        clients += [stack.enter_context(redis_py.Redis(port=named.master.port)), holder]
        bases = [layout.queue(client, "{bull}:mail:") for client in clients]
        for client, base in zip(clients, bases, strict=True):
            layout.failed(client, base, "1", failedReason="550")
        redis = tuple(RedisSettings(name, url, ("*",)) for name, url in urls.items())
        dead = RedisSettings("dead", f"redis://127.0.0.1:{free_port()}/0")
        program = stack.enter_context(running(Settings(redis=(*redis, dead))))

        def hrefs() -> dict[str, str]:
            return {queue["instance"]: queue["href"] for queue in program.get("/admin/queues/api/queues")[1]["queues"]}

        until(lambda: hrefs().keys() == set(KINDS), "not all are found")
        for kind, client, base in zip(KINDS, clients, bases, strict=True):
            assert program.post(f"{hrefs()[kind]}/jobs/1/retry")[0] == HTTPStatus.OK, kind
            assert client.lrange(base + b"wait", 0, -1) == [b"1"], kind
        for page in ("", "/redis", "/errors", "/workers"):
            assert program.get(f"/admin/queues{page}")[0] == HTTPStatus.OK, page
        assert program.metric("bullmq_redis_up", redis="dead") == 0
        assert [program.metric("bullmq_redis_up", redis=kind) for kind in KINDS] == [1] * len(KINDS)
