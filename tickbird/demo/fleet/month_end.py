"""Adds the flows of `invoicing`: those of the past hour, worked off, and then one after the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

from bullmq import FlowProducer, Queue
from redis.exceptions import RedisError

from tickbird.demo.fleet import invoicing
from tickbird.demo.fleet.past import Past, moments

PAST_FLOWS = 6


async def live_through_the_past(
    producer: FlowProducer, flows: Iterator[dict[str, Any]], queues: dict[str, Queue], rng: Random
) -> None:
    """Adds the flows of the last hour, and works each off from its leaves to its root."""
    pasts = [Past(queues[desk.queue], desk.work, rng) for desk in invoicing.DESKS if desk.work]
    for at in moments(rng, PAST_FLOWS):
        await producer.add(_dated(next(flows), at))
        clock = at
        for past in pasts:
            while await past.queue.client.llen(past.queue.keys["wait"]):
                lived = await past.relive_next(clock)
                clock = lived.finished if lived else clock
    for past in pasts:
        await past.date_events()


async def produce(producer: FlowProducer, flows: Iterator[dict[str, Any]], root: Queue, *, pace: float) -> None:
    """Adds `pace` flows a second, while there are not too many under way."""
    for flow in flows:
        # Redis may go away under the demo, on purpose, and come back.
        with suppress(RedisError):
            if await root.client.zcard(root.keys["waiting-children"]) < invoicing.FLOWS_AHEAD:
                await producer.add(_dated(flow, round(time.time() * 1000)))
        await asyncio.sleep(1 / pace)


def _dated(node: dict[str, Any], at: int) -> dict[str, Any]:
    dated = {**node, "opts": {**node["opts"], "timestamp": at}}
    if "children" in node:
        dated["children"] = [_dated(child, at) for child in node["children"]]
    return dated
