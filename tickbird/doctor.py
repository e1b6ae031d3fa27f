"""`tickbird doctor`: can every Redis be reached and read, is it safe for queues, and which queues are there."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click

from core.clock import skewed
from core.collector import Collector
from core.errors import Unavailable
from core.instance import Instance, pack
from core.interest import Interest
from core.model import Queue
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.snapshot import Reading
from core.text import printable
from tickbird.findings import Examined, Finding
from tickbird.own import examine_store, retention


def examine(settings: Settings, *, as_json: bool) -> int:
    """Examine every instance, print what was found, and give the exit code: 0 when all is well, 1 otherwise."""
    examined = asyncio.run(_all(settings))
    click.echo(json.dumps([_as_json(one) for one in examined], indent=2) if as_json else _as_text(examined))
    return 0 if all(one.well for one in examined) else 1


async def _all(settings: Settings) -> list[Examined]:
    found = [await _one(redis, settings) for redis in settings.redis]
    return [*found, await examine_store(settings.state_url)] if settings.state_url else found


async def _one(redis: RedisSettings, settings: Settings) -> Examined:
    instance = Instance(redis)
    try:
        reading = await _read(instance)
        findings = (Finding(True, "Redis answers"), *_server(reading), *await _permissions(instance))
        rules = await retention(instance, reading.queues, settings.retention, read_only=settings.read_only)
        return Examined(instance.name, instance.address, (*findings, _found(reading, redis), *rules), reading.queues)
    except Unavailable as trouble:
        advice = trouble.hint or "Check the address, the password, and that this machine may connect."
        return Examined(instance.name, instance.address, (Finding(False, trouble.message, advice),), ())
    finally:
        await instance.close()


async def _read(instance: Instance) -> Reading:
    """One full walk and one reading, as the collector does them."""
    collector = Collector(instance, Interest(), lambda _reading: None)
    await collector.tick()
    await collector.walk()
    await collector.tick()
    return collector.reading


def _server(reading: Reading) -> tuple[Finding, ...]:
    redis = reading.redis
    refused = tuple(
        Finding(False, refusal, "Allow it in the ACL to see more.", grave=False) for refusal in reading.refusals
    )
    if redis is None:
        return refused
    version = Finding(True, f"{redis.flavour} {redis.version}, {redis.mode}, {redis.role}")
    policy = Finding(
        redis.policy in (None, "noeviction"),
        f"eviction policy {redis.policy or 'unknown'}",
        "Bull and BullMQ lose jobs under any policy but noeviction: CONFIG SET maxmemory-policy noeviction.",
    )
    skew = skewed("Its clock", redis.skew)
    clocks = (Finding(False, skew, "Let both machines keep their time by NTP.", grave=False),) if skew else ()
    return (version, policy, *clocks, *refused)


async def _permissions(instance: Instance) -> tuple[Finding, ...]:
    """Whether scripts may run, which every action needs. Asked without writing anything."""
    (reply,) = await instance.batch([pack(b"EVAL", b"return 1", 0)])
    advice = "Reading works without it; actions need +eval and +evalsha."
    return (
        Finding(reply == 1, "scripts may run" if reply == 1 else f"scripts may not run ({reply})", advice, grave=False),
    )


def _found(reading: Reading, settings: RedisSettings) -> Finding:
    prefixes = ", ".join(settings.prefixes)
    advice = f'Only keys under the prefix {prefixes} were looked at; prefixes = ["*"] looks at all.'
    count = len(reading.queues)
    return Finding(count > 0, f"{count} {'queue' if count == 1 else 'queues'} found", advice, grave=False)


def _as_text(examined: list[Examined]) -> str:
    return "\n\n".join("\n".join(_lines(one)) for one in examined)


def _lines(one: Examined) -> list[str]:
    lines = [f"{one.name}  {one.address}"]
    for finding in one.findings:
        lines.append(f"  {'ok  ' if finding.fine else 'BAD ' if finding.grave else 'note'} {finding.what}")
        if not finding.fine and finding.advice:
            lines.append(f"       {finding.advice}")
    width = max((len(_name(queue)) for queue in one.queues), default=0)
    lines += [f"  {_name(queue):<{width}}  {queue.identity.label:<12} {_why(queue)}" for queue in one.queues]
    return lines


def _name(queue: Queue) -> str:
    return printable(f"{queue.id.prefix}:{queue.id.name}")


def _why(queue: Queue) -> str:
    doubt = f"  ! {queue.identity.doubt}" if queue.identity.doubt else ""
    return printable("; ".join(queue.identity.evidence)) + doubt


def _as_json(one: Examined) -> dict[str, Any]:
    return {
        "instance": one.name,
        "address": one.address,
        "well": one.well,
        "findings": [{"ok": f.fine, "what": f.what, "advice": "" if f.fine else f.advice} for f in one.findings],
        "queues": [
            {
                "prefix": queue.id.prefix,
                "name": queue.id.name,
                "dialect": queue.identity.dialect,
                "version": queue.identity.version,
                "evidence": list(queue.identity.evidence),
                "doubt": queue.identity.doubt,
            }
            for queue in one.queues
        ],
    }
