"""What hostile.py leaves out: people, views, audit entries, batches, searches and Redis itself say these words too."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from dataclasses import replace

from core.access.accounts import Proxy
from core.audit.entry import Ended, Entry
from core.model import QueueId, State
from core.redis_health.slow_log import SlowCommand, SlowLog
from core.search.search import Hit, Search, Status, Wish
from core.settings import Settings
from core.views.view import View
from core.workers.crew import Condition
from tests.dashboard.fixed_herd import DANGERS, FixedHerd, now, payload
from tests.dashboard.fixed_redis import FixedRedis
from tests.dashboard.fixed_searches import FixedSearches
from tests.dashboard.fixed_workers import FixedWorkers
from tests.dashboard.hostile import hostile

HEADER = "x-forwarded-user"
# Every kind of trap at once.
MIX = (
    "\"><img src=x onerror=alert(1)>'<script>alert(1)</script>{{7*7}}{% raw %}${7*7}javascript:alert(1)__proto__"
    "\u202e\x00\x1b[31m\udcff\udc80\ud83d' onfocus=alert(1) x='<b hx-post=/ hx-trigger=load></b>"
    '<hx-partial id="head">\r\n'
)


def hostile_house(words: str) -> FixedHerd:
    """Everything that a page can show says these words; people come in by a proxy that is believed in whatever it
    calls them."""
    herd = hostile(words)
    proxy = Proxy(HEADER, (ipaddress.ip_network("127.0.0.1/32"),), "admin")
    herd.settings = Settings(allow=DANGERS, proxy=proxy)
    id = herd.queues[0].id
    data = {"batchId": words[:300], words[:300]: {"x": words[:300]}, "x": words[:300]}
    first, *rest = herd.contents
    herd.contents = [replace(first, data=payload(json.dumps(data), value=data, is_json=True)), *rest]
    asyncio.run(_keep(herd, id, words))
    assert isinstance(herd.searches, FixedSearches)
    herd.searches.held |= {str(status): _search(herd, status, words) for status in Status}
    assert isinstance(herd.workers, FixedWorkers)
    herd.workers.conditions = {job.row.id: Condition.ORPHANED for job in herd.contents}
    assert isinstance(herd.redis_health, FixedRedis)
    slow = SlowCommand(now(), 12_345, words[:50], words[:300], words[:300])
    herd.redis_health.slow = SlowLog((slow,), 128, 10_000)
    return herd


async def _keep(herd: FixedHerd, id: QueueId, words: str) -> None:
    short = words[:200]
    await herd.views._keep(View(short[:80], State.FAILED, f'"{short}"', "0a1b2c3d4e50", short, now()))
    for number, ended in enumerate(Ended):
        where = f"{id.instance}/{id.prefix}/{id.name}"
        said = Entry(f"act-{number}", now(), short, short, short, where, words[:300], 1, short, ended, short, now())
        await herd.audit.write(said)


def _search(herd: FixedHerd, status: Status, words: str) -> Search:
    hits = tuple(Hit(job.queue, job.row) for job in herd.contents)
    wish = Wish(f'"{words[:200]}"')
    return Search(str(status), wish, now(), status, hits, 1, 9, 1, notes=(words[:300],), trouble=words[:300])
