"""The exporter over HTTP: what is served, to whom in which form, and when it is ready."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from core.snapshot import Pass
from exporter.app import create_app
from exporter.exposition import Exposition, Rendering
from exporter.text import Format
from tests.exporter.fixed import NOW, FixedHerd, queue, reading, scraped


@pytest.fixture
def herd() -> FixedHerd:
    return FixedHerd(reading(queue("mail"), queue("<script>alert(1)</script>")))


@pytest.fixture
def client(herd: FixedHerd) -> Iterator[TestClient]:
    with TestClient(create_app(herd, lambda: NOW)) as client:
        yield client


PLAIN = {"accept-encoding": "identity"}


def test_metrics_are_classic_text_to_those_who_ask_for_nothing_else(client: TestClient) -> None:
    answer = client.get("/metrics", headers=PLAIN)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "content-encoding" not in answer.headers
    assert ("bullmq_queue_paused", (("prefix", "bull"), ("queue", "mail"), ("redis", "default"))) in scraped(
        answer.text
    )


def test_metrics_are_openmetrics_to_those_who_prefer_it(client: TestClient) -> None:
    answer = client.get("/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"})

    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.text.endswith("# EOF\n")


def test_metrics_are_compressed_for_those_who_accept_it(client: TestClient) -> None:
    plain = client.get("/metrics", headers=PLAIN)
    compressed = client.get("/metrics", headers={"accept-encoding": "gzip"})

    assert compressed.headers["content-encoding"] == "gzip"
    assert compressed.content == plain.content
    assert int(compressed.headers["content-length"]) < len(plain.content)
    assert compressed.headers["vary"] == "Accept, Accept-Encoding"


def test_a_scrape_counts_as_somebody_who_looks_and_a_probe_does_not(client: TestClient, herd: FixedHerd) -> None:
    for path in ("/", "/healthz", "/readyz"):
        client.get(path)
    assert herd.glances == 0

    client.get("/metrics")
    assert herd.glances == 1


def test_no_browser_takes_metrics_for_a_page(client: TestClient) -> None:
    assert client.get("/metrics").headers["x-content-type-options"] == "nosniff"


def test_head_is_answered_like_get_without_a_body(client: TestClient) -> None:
    for path in ("/", "/metrics", "/healthz", "/readyz"):
        answer = client.head(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == client.get(path).headers["content-type"]


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_here_can_be_changed(client: TestClient, path: str, method: str) -> None:
    answer = client.request(method, path)

    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_the_index_links_what_there_is_under_a_strict_policy(client: TestClient) -> None:
    page = client.get("/")

    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "style" not in page.text
    assert "<script" not in page.text
    for link in ("metrics", "healthz", "readyz"):
        assert f'href="{link}"' in page.text
        assert client.get(f"/{link}").status_code == 200
    assert client.get("/admin/queues").status_code == 404


def test_the_herd_lives_as_long_as_the_application(herd: FixedHerd) -> None:
    with TestClient(create_app(herd)):
        assert herd.told == ["start"]
    assert herd.told == ["start", "stop"]


def test_it_is_healthy_even_when_redis_is_away_but_not_ready(client: TestClient, herd: FixedHerd) -> None:
    assert client.get("/readyz").text == "ready\n"

    herd.show(reading(queue(), down_since=NOW - 1000, trouble="Redis default cannot be reached: 10.1.2.3:6379."))

    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "Redis cannot be reached.\n")


def test_it_is_not_ready_before_the_first_reading_nor_after_one_too_old(client: TestClient, herd: FixedHerd) -> None:
    herd.show(reading(taken_at=None, redis=None, discovery=Pass()))
    assert (client.get("/readyz").status_code, client.get("/readyz").text) == (503, "Redis has not been read yet.\n")

    herd.show(reading(queue(), taken_at=NOW - 61_000))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "The last reading of Redis is too old.\n")


def test_it_stays_ready_while_one_of_several_redis_can_be_read(client: TestClient, herd: FixedHerd) -> None:
    herd.show(reading(instance="here"), reading(instance="away", down_since=NOW))
    assert client.get("/readyz").status_code == 200


class CountedRendering(Rendering):
    """The real one, which remembers how often and in which thread it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []

    def body(self, *asked: object) -> bytes:
        self.threads.append(threading.get_ident())
        return super().body(*asked)  # type: ignore[arg-type] # passed on as it came


@pytest.fixture
def rendering(monkeypatch: pytest.MonkeyPatch) -> CountedRendering:
    counted = CountedRendering()
    monkeypatch.setattr("exporter.exposition.Rendering", lambda _settings: counted)
    return counted


async def test_many_scrapes_of_one_snapshot_render_it_once(herd: FixedHerd, rendering: CountedRendering) -> None:
    exposition = Exposition(herd, lambda: NOW)

    compressed = [exposition.body(Format.CLASSIC, compressed=True) for _ in range(10)]
    plain = [exposition.body(Format.CLASSIC, compressed=False) for _ in range(10)]
    bodies = await asyncio.gather(*compressed, *plain)

    assert len(rendering.threads) == 1
    assert {gzip.decompress(body) for body in bodies[:10]} == set(bodies[10:])


async def test_a_new_snapshot_is_rendered_anew(herd: FixedHerd, rendering: CountedRendering) -> None:
    exposition = Exposition(herd, lambda: NOW)
    await exposition.body(Format.CLASSIC, compressed=False)
    herd.show(reading(queue("video")))

    body = await exposition.body(Format.CLASSIC, compressed=False)

    assert b'queue="video"' in body
    assert b'queue="mail"' not in body
    assert len(rendering.threads) == 2


async def test_a_rendered_body_does_not_outlive_the_freshness_of_its_numbers(herd: FixedHerd) -> None:
    now = NOW
    exposition = Exposition(herd, lambda: now)
    assert b"bullmq_job_count" in await exposition.body(Format.CLASSIC, compressed=False)

    now = NOW + 60_001

    assert b"bullmq_job_count" not in await exposition.body(Format.CLASSIC, compressed=False)


async def test_the_event_loop_is_left_alone_while_a_body_is_rendered(
    herd: FixedHerd, rendering: CountedRendering
) -> None:
    await Exposition(herd, lambda: NOW).body(Format.CLASSIC, compressed=True)
    assert threading.get_ident() not in rendering.threads
