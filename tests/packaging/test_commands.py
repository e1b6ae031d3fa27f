"""The installed commands, started in a directory and an environment full of folders with our names."""

from __future__ import annotations

import re
import time
from urllib.parse import urljoin
from urllib.request import urlopen

import pytest
import redis

import tickbird
from tests.packaging.program import Program

FOUND_WITHIN = 45.0


def fetch(url: str, *, until: str) -> str:
    """What is served there, as soon as it holds this text: a queue is found a moment after the start."""
    deadline = time.monotonic() + FOUND_WITHIN
    while True:
        content: str = urlopen(url).read().decode()
        if until in content:
            return content
        assert time.monotonic() < deadline, content
        time.sleep(0.1)


@pytest.fixture
def queue(redis_url: str) -> str:
    """The name of a queue with one waiting job, as BullMQ 6 writes them."""
    with redis.Redis.from_url(redis_url) as client:
        client.hset("bull:mail:meta", mapping={"version": "bullmq:6.7.0", "opts.maxLenEvents": "10000"})
        client.hset("bull:mail:1", mapping={"name": "welcome", "data": "{}", "opts": "{}", "timestamp": "1"})
        client.lpush("bull:mail:wait", "1")
    return "mail"


def test_the_command_says_its_version(program: Program) -> None:
    done = program.run("--version")
    assert done.returncode == 0, done.stdout
    assert tickbird.__version__ in done.stdout


def test_doctor_finds_the_queue(program: Program, redis_url: str, queue: str) -> None:
    done = program.run("doctor", "--redis", redis_url)
    assert done.returncode == 0, done.stdout
    assert queue in done.stdout


def test_doctor_fails_where_no_redis_is(program: Program) -> None:
    done = program.run("doctor", "--redis", "redis://127.0.0.1:1/0")
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout


def test_the_page_and_its_assets_are_served(program: Program, redis_url: str, queue: str) -> None:
    with program.serving("serve", "--redis", redis_url, "--port", "0") as address:
        page = fetch(address, until=queue)
        assets = re.findall(r'(?:href|src)="([^"]*/static/[^"]+)"', page)

        assert "<html" in page
        assert assets
        assert {urlopen(urljoin(address, asset)).status for asset in assets} == {200}


def test_the_metrics_are_served(program: Program, redis_url: str, queue: str) -> None:
    with program.serving("serve", "--redis", redis_url, "--port", "0") as address:
        assert "bullmq_job_count{" in fetch(urljoin(address, "/metrics"), until=f'queue="{queue}"')
