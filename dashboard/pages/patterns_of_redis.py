"""Made-up workers, locks and servers, for the page of all components."""

from __future__ import annotations

from typing import Any

from core.model import QueueId
from core.redis_health.holdings import Holding
from core.redis_health.server import Persistence, Replica, Server
from core.workers.crew import BY_TROUBLE, Condition, Pulse, Worker
from dashboard.pages.redis import Line
from dashboard.pages.workers import JobLine, WorkerLine
from dashboard.words import now

MAIL = QueueId("default", "bull", "mail")
MEGA = 1024 * 1024


def values(base: str) -> dict[str, Any]:
    """What the patterns of workers and of Redis show."""
    pulses = [_pulse(condition) for condition in BY_TROUBLE]
    return {
        "conditions": BY_TROUBLE,
        "pulses": [JobLine(pulse, base, base, None if pulse.lock_left is None else 90.0) for pulse in pulses],
        "crew": [WorkerLine(_worker(condition), base, (("771", base),), 2) for condition in BY_TROUBLE],
        "server": _SERVER,
        "holdings": [Line(Holding(MAIL, 48_112, 34 * MEGA, 12, MEGA, 40_000, 4 * MEGA, 10_000), base, 12.5)],
    }


def _pulse(condition: Condition) -> Pulse:
    lost = condition in (Condition.ORPHANED, Condition.TAKEN)
    said = "" if condition is Condition.BEATING else "Its worker 'anna' is not connected; its lock runs out in 27 s."
    left = None if lost else 27_000
    return Pulse(
        MAIL,
        "771",
        condition,
        said,
        left,
        None if left is None else now() + left,
        30_000,
        "anna",
        "send-invoice-email",
        now() - 90_000,
        now() - 3_000,
        60_000,
        past_timeout=condition is Condition.HUNG,
    )


def _worker(condition: Condition) -> Worker:
    free = condition is Condition.TAKEN
    since = now() - 7_200_000
    return Worker(
        "default",
        MAIL,
        "bull:mail",
        "anna",
        "10.0.0.3:41722",
        since,
        2_000,
        free,
        "bzpopmin",
        "ioredis 5.4.1",
        ("771",),
        condition=condition,
    )


_SERVER = Server(
    address="10.0.0.2:6379",
    flavour="redis",
    version="7.4.1",
    mode="cluster",
    role="master",
    uptime=86_400_000,
    memory_used=900 * MEGA,
    memory_peak=950 * MEGA,
    memory_resident=990 * MEGA,
    memory_max=1_024 * MEGA,
    memory_host=8_000 * MEGA,
    policy="allkeys-lru",
    clients=120,
    blocked=9,
    clients_max=10_000,
    rejected=0,
    evicted=0,
    commands=1_000_000,
    per_second=500,
    persistence=Persistence(saved_at=1_795_300_000_000, changes=12_408, aof=True),
    replicas=(Replica("10.0.0.7:6379", "online", 1_000),),
)
