"""Searching and sampling on each server that people run, in each dialect: by scripts, and the same without them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from itertools import product

import pytest
import redis as redis_py

from core.dialects.contract import contract
from core.instance import Instance
from core.model import State
from core.query.parser import parse
from core.redis_settings import RedisSettings
from core.samples.drawing import draw
from core.search.find import find
from core.search.pace import Pace
from core.search.seek import Seek
from core.search.sieve import Sieve
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout
from tests.contract.servers import SERVERS, Server
from tickbird.demo.server import EmbeddedServer

NOW = 1_760_000_000_000
JOBS = 40


@pytest.fixture(scope="module", params=SERVERS, ids=str)
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    kind: Server = request.param
    with EmbeddedServer.start(kind.binary()) as running:
        yield running


@pytest.fixture
def redis(server: EmbeddedServer) -> Iterator[redis_py.Redis]:
    with redis_py.Redis(port=server.port) as client:
        client.flushall()
        yield client


@pytest.fixture
async def instance(server: EmbeddedServer) -> AsyncIterator[Instance]:
    opened = Instance(RedisSettings("default", server.url, ("*",)))
    yield opened
    await opened.close()


def filled(mail: LaidOut) -> None:
    for state in contract(mail.queue.identity).states:
        for number in range(JOBS):
            data = json.dumps({"user": {"id": number}, "note": "a rare Wörd" if number == 17 else "nothing"})
            fields = {"data": data, "timestamp": str(NOW - number), "attemptsMade": str(number % 3)}
            mail.add(f"{state}-{number}", state, score=NOW + number, **fields)


async def found(mail: LaidOut, state: State, said: str, *, scripts: bool) -> list[str]:
    sieve = Sieve(parse(said, NOW))
    for stage in sieve.stages:
        stage.reads.refused = "" if scripts else "NOPERM"
    seek = Seek(mail.instance, mail.queue, state, sieve)
    seen = await find(seek, Pace(), limit=JOBS, cursor=None, patience=20)
    assert (seen.looked_at, seen.next) == (JOBS, None)
    assert not scripts or not seen.refused
    return [placed.id.decode() for placed in seen.placed]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_every_state_is_searched(mail: LaidOut, layout: Layout) -> None:
    filled(mail)
    for state, scripts in product(contract(mail.queue.identity).states, (True, False)):
        for said in ("wörd", "data.user.id:17", "rare attempts:2"):
            assert await found(mail, state, said, scripts=scripts) == [f"{state}-17"]
        assert len(await found(mail, state, "data.user.id:>=30 -wörd", scripts=scripts)) == 10


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_every_state_is_sampled(mail: LaidOut, layout: Layout) -> None:
    filled(mail)
    for state in contract(mail.queue.identity).states:
        some = await draw(mail.instance, mail.queue, state, 15)
        ids = {placed.id for placed in some.placed}
        assert (len(ids), some.total) == (15, JOBS)
        assert all(id.startswith(f"{state}-".encode()) for id in ids)
