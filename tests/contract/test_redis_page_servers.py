"""What is shown of a Redis and of its workers, on every kind of server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis as redis_py

from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.workers.crew import Condition
from tests.contract.servers import SERVERS, Server
from tests.core import layout
from tests.core.wire import Wire
from tickbird.demo.server import EmbeddedServer


@pytest.fixture(scope="module", params=SERVERS, ids=str)
def kind(request: pytest.FixtureRequest) -> Server:
    found: Server = request.param
    return found


@pytest.fixture(scope="module")
def server(kind: Server) -> Iterator[EmbeddedServer]:
    with EmbeddedServer.start(kind.binary()) as running:
        yield running


async def test_its_health_its_queues_and_its_workers_are_told(server: EmbeddedServer, kind: Server) -> None:
    with redis_py.Redis(port=server.port) as redis, Wire(server.port, name="bull:bWFpbA==:w:anna") as worker:
        base = layout.queue(redis)
        redis.lpush(base + b"active", layout.job(redis, base, "7", processedOn=layout.now(), pb="anna"))
        redis.set(base + b"7:lock", "t:1", px=30_000)
        assert worker.ask("BZPOPMIN", "bull:mail:marker", 1)
        herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),)))
        try:
            await herd.read_now()
            (standing,), (held,) = await herd.redis_health.look(), await herd.redis_health.held()
            crew = await herd.workers.look()
        finally:
            await herd.stop()
    (one,) = standing.servers
    assert f"{one.flavour} {one.version}".lower().startswith(kind.name.lower().rpartition(".")[0])
    assert standing.refusals == ()
    assert standing.slow.refusal == ""
    assert held.holdings.held[0].jobs_bytes
    assert [(each.name, each.jobs, each.free) for each in crew.workers] == [("anna", ("7",), False)]
    assert [each.condition for each in crew.pulses] == [Condition.BEATING]
