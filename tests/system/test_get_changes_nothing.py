"""Whatever is asked for by GET or HEAD: no key in Redis changes, and nothing that Tickbird remembers either."""

from __future__ import annotations

import re

import httpx2
import redis as redis_py

from tests.dashboard.access_matrix import doors, the_app
from tests.dashboard.served import BASE
from tests.system.company import Company, now
from tests.system.conftest import Dashboard, until

DEADLINE = 60.0
STREAMS = f"{BASE}/live"
# What a link that somebody else made up could carry along, were a GET to listen to it.
TEMPTING = {
    "action": "obliterate",
    "verb": "remove",
    "confirm": "yes",
    "typed": "mail",
    "state": "failed",
    "_method": "DELETE",
    "q": "name:send",
    "follow": "false",
    "name": "send",
    "from": "f0",
    "field": "data.to",
    "by": "name",
    "id": "f0",
}


def changes(redis: redis_py.Redis) -> int:
    """How many keys this server has changed since it was started; it saves nothing, so it never forgets."""
    return int(redis.info("persistence")["rdb_changes_since_last_save"])


def test_no_route_asked_by_get_changes_anything(dashboard: Dashboard, company: Company, redis: redis_py.Redis) -> None:
    company.queue("mail")
    company.failed("mail", "f0")
    company.delayed("mail", "d", now() + 60_000)
    company.job("mail", "a", "active", processedOn=now())
    values = {"instance": "default", "prefix": "bull", "name": "mail", "job_id": "f0"}
    root = dashboard.url.removesuffix(BASE)
    with httpx2.Client(base_url=root, timeout=DEADLINE) as http:
        until(lambda: "mail" in http.get(f"{BASE}/api/queues").text)
        before, kept = changes(redis), remembered(http)
        for path in sorted({door.path for door in doors(the_app())} - {STREAMS}):
            here = re.sub(r"{(\w+)(:\w+)?}", lambda part: values.get(part[1], "x"), path)
            for method in ("GET", "HEAD"):
                headers = {"accept": "text/html", "x-http-method-override": "DELETE"}
                answer = http.request(method, here, params=TEMPTING, headers=headers)
                assert answer.status_code < 500, (method, here, answer.text[:500])
        assert changes(redis) == before
        assert remembered(http) == kept


def remembered(http: httpx2.Client) -> list[str]:
    return [http.get(f"{BASE}/api/{room}").text for room in ("operations", "audit", "views")]
