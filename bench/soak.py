"""Hours of a company at work with twenty tabs open: whether memory and descriptors of Tickbird stay flat.

    .venv/bin/python -m bench.soak --minutes 60

The demo's producers and workers keep the queues busy. Twenty tabs hold live streams, a visitor goes from page to page,
Prometheus scrapes. Every half minute the process is looked at from outside.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench.world import process_of
from tickbird.demo.run import run_demo

TABS = 20
JOBS_PER_SECOND = 20.0
LOOK_EVERY = 30.0
SCRAPE_EVERY = 15.0
VISIT_EVERY = 1.0
# Caches fill and the allocator finds its size in the first quarter; from there on it should be flat.
WARM_UP = 0.25
PLACES = ("", "/search", "/errors", "/schedulers", "/flows", "/workers", "/operations", "/events", "/redis", "/audit")
OF_A_QUEUE = ("", "?state=failed", "?state=completed", "?state=active", "/schedulers", "/batches", "/events")


@dataclass(frozen=True, slots=True)
class Look:
    """The process at one moment: seconds since the start, resident memory (MB), open descriptors, threads."""

    at: float
    memory: float
    descriptors: int
    threads: int


class Company:
    """Everybody who uses that Tickbird at the same time, until told to end."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.origin = address.removesuffix(urlsplit(address).path)
        self.base = urlsplit(address).path
        self.ended = threading.Event()
        self.answers: Counter[int] = Counter()
        self.messages = 0
        self.streams = 0
        self.pages = [*PLACES, *(path + rest for path in self._queues() for rest in OF_A_QUEUE)]

    def begin(self) -> list[threading.Thread]:
        """Tabs, visitor and Prometheus, each in a thread."""
        lively = itertools.cycle([page for page in self.pages if self._lives(page)])
        tabs = [threading.Thread(target=self._tab, args=(page,)) for page in itertools.islice(lively, TABS)]
        others = [threading.Thread(target=self._visitor), threading.Thread(target=self._prometheus)]
        for thread in (*tabs, *others):
            thread.start()
        return [*tabs, *others]

    def _queues(self) -> list[str]:
        with urllib.request.urlopen(f"{self.address}/api/queues", timeout=10) as answer:
            return [
                queue["href"].replace("/api/", "/", 1).removeprefix(self.base) for queue in json.load(answer)["queues"]
            ]

    def _lives(self, page: str) -> bool:
        """Whether that page changes by itself; some are answered once."""
        try:
            with self._stream(page):
                return True
        except urllib.error.HTTPError as refusal:
            with refusal:
                return False

    def _stream(self, page: str) -> HTTPResponse:
        stream: HTTPResponse = urllib.request.urlopen(f"{self.address}/live?at={quote(self.base + page)}", timeout=30)
        return stream

    def _round(self) -> itertools.cycle[str]:
        return itertools.cycle(self.pages)

    def _tab(self, page: str) -> None:
        while not self.ended.is_set():
            self.streams += 1
            try:
                with self._stream(page) as stream:
                    for line in stream:
                        self.messages += line.startswith(b"data:")
                        if self.ended.is_set():
                            return
            except (urllib.error.HTTPError, TimeoutError) as error:
                self.answers[error.code if isinstance(error, urllib.error.HTTPError) else 0] += 1
                self.ended.wait(1)

    def _visitor(self) -> None:
        for page in self._round():
            self._get(self.address + page)
            if self.ended.wait(VISIT_EVERY):
                return

    def _prometheus(self) -> None:
        while not self.ended.wait(SCRAPE_EVERY):
            self._get(f"{self.origin}/metrics")
            self._get(f"{self.origin}/metrics/jobs")

    def _get(self, url: str) -> None:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                answer.read()
                self.answers[answer.status] += 1
        except urllib.error.HTTPError as refusal:
            with refusal:
                self.answers[refusal.code] += 1


def looked(pid: int, begun: float) -> Look:
    """What the kernel tells of that process."""
    of = Path(f"/proc/{pid}")
    told = dict(line.split(":", 1) for line in (of / "status").read_text().splitlines())
    number = len(list((of / "fd").iterdir()))
    return Look(time.monotonic() - begun, int(told["VmRSS"].split()[0]) / 1024, number, int(told["Threads"]))


def soak(redis_url: str, minutes: float) -> None:
    """Let them all at it for so long, and print what was seen."""
    with process_of(redis_url) as (address, pid):
        company, begun = Company(address), time.monotonic()
        threads = company.begin()
        looks = []
        try:
            while time.monotonic() - begun < minutes * 60:
                time.sleep(LOOK_EVERY)
                looks.append(looked(pid, begun))
                if len(looks) % 10 == 0:
                    print(_row(looks[-1]), flush=True)
        finally:
            company.ended.set()
            for thread in threads:
                thread.join(40)
        report(company, looks)


def report(company: Company, looks: list[Look]) -> None:
    """First and last, and the slope since the warm-up."""
    settled = [look for look in looks if look.at >= looks[-1].at * WARM_UP]
    slope = statistics.linear_regression([look.at for look in settled], [look.memory for look in settled]).slope
    numbers = [look.descriptors for look in settled]
    print(f"first look      {_row(looks[0])}")
    print(f"after warm-up   {_row(settled[0])}")
    print(f"last look       {_row(looks[-1])}")
    print(f"memory since the warm-up: {slope * 3600:+.1f} MB an hour (least squares over {len(settled)} looks)")
    print(f"descriptors since the warm-up: {min(numbers)} to {max(numbers)}")
    asked = ", ".join(f"{number:,} × {code}" for code, number in sorted(company.answers.items()))
    print(f"{TABS} tabs had {company.messages:,} lines of {company.streams:,} streams; answers: {asked}")
    if company.answers[HTTPStatus.INTERNAL_SERVER_ERROR] or company.answers[0]:
        raise SystemExit("some requests failed")


def _row(look: Look) -> str:
    return f"{look.at / 60:5.1f} min  {look.memory:6.1f} MB  {look.descriptors:4} descriptors  {look.threads:3} threads"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--jobs-per-second", type=float, default=JOBS_PER_SECOND)
    options = parser.parse_args()
    run_demo(serve=lambda url: soak(url, options.minutes), jobs_per_second=options.jobs_per_second)


if __name__ == "__main__":
    main()
