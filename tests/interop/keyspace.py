"""Everything that Redis holds of a queue, with what no two runs share (clocks, random ids, the queue's own name)
replaced, so that two queues can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Keys = dict[str, Any]
# redis-py types every reply as all that any reply could be.
Client = Any


@dataclass
class Seen:
    """What a queue holds after an act, the events that the act added to its stream, and what was published."""

    keys: Keys
    events: list[dict[str, str]]
    published: list[tuple[str, str]]


_CLOCK = re.compile(r"\b1[5-9]\d{11}(?:\.\d+)?\b")
_RANDOM = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_STACK = re.compile(r"\(?(?:file|node):[^)\s\"\\]+:\d+:\d+\)?")
# Sets whose scores are instants: their order counts, and whether there is a score at all.
_BY_TIME = ("completed", "failed", "delayed", "waiting-children", "marker", "repeat", ":unsuccessful")
# Jobs that finish in the same millisecond stand in the order of their names, others in that of their times.
_BY_CHANCE = ("completed", "failed")


def keys_of(redis: Client, base: str) -> Keys:
    """Every key under `base`, without it, with its value; times are <ms>, random ids <random>."""
    found = {}
    for key in redis.scan_iter(f"{base}*", count=1000):
        name = key.decode()
        found[_cleaned(name.removeprefix(base))] = _plain(_value(redis, name, name.removeprefix(base)), base)
    return dict(sorted(found.items()))


def unequal(seen: Keys, expected: Keys) -> Keys:
    """What differs, as (seen, expected) by key; of lists and hashes only the parts that do."""
    keys = seen.keys() | expected.keys()
    return {k: _parts(seen.get(k), expected.get(k)) for k in sorted(keys) if seen.get(k) != expected.get(k)}


def _parts(seen: Any, expected: Any) -> tuple[Any, Any]:
    if isinstance(seen, dict) and isinstance(expected, dict):
        fields = [name for name in {**seen, **expected} if seen.get(name) != expected.get(name)]
        return {f: seen.get(f) for f in fields}, {f: expected.get(f) for f in fields}
    if isinstance(seen, list) and isinstance(expected, list):
        same = next((n for n, pair in enumerate(zip(seen, expected, strict=False)) if pair[0] != pair[1]), None)
        same = min(len(seen), len(expected)) if same is None else same
        return seen[same : same + 6], expected[same : same + 6]
    return seen, expected


def _value(redis: Client, key: str, suffix: str) -> Any:
    kind = redis.type(key).decode()
    return {"list": _list, "set": _set, "hash": _hash, "zset": _zset, "stream": _stream, "string": _string}[kind](
        redis, key, suffix
    )


def _string(redis: Client, key: str, _suffix: str) -> Any:
    return redis.get(key).decode()


def _list(redis: Client, key: str, _suffix: str) -> Any:
    return [item.decode() for item in redis.lrange(key, 0, -1)]


def _set(redis: Client, key: str, _suffix: str) -> Any:
    return sorted(item.decode() for item in redis.smembers(key))


def _hash(redis: Client, key: str, _suffix: str) -> Any:
    fields = sorted((name.decode(), value.decode()) for name, value in redis.hgetall(key).items())
    return {name: _unordered(value) if name == "opts" else value for name, value in fields}


def _zset(redis: Client, key: str, suffix: str) -> Any:
    by_time = suffix.endswith(_BY_TIME)
    members = redis.zrange(key, 0, -1, withscores=True)
    shown = [(member.decode(), "<ms>" if by_time and score else score) for member, score in members]
    return sorted(shown) if suffix in _BY_CHANCE else shown


def _stream(redis: Client, key: str, _suffix: str) -> Any:
    return [
        {name.decode(): value.decode() for name, value in fields.items()} for _, fields in redis.xrange(key, "-", "+")
    ]


def _unordered(raw: str) -> str:
    options = json.loads(raw)
    if "repeat" in options:
        options["delay"] = "<until the next time>"
    return json.dumps(options, sort_keys=True)


def _plain(value: Any, base: str) -> Any:
    whole = base.removesuffix(":")
    return _mapped(value, lambda text: _cleaned(text.replace(whole, "<queue>")))


def _cleaned(text: str) -> str:
    return _STACK.sub("<place>", _RANDOM.sub("<random>", _CLOCK.sub("<ms>", text)))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _mapped(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    if isinstance(value, tuple):
        return tuple(_mapped(each, change) for each in value)
    return value


class Channels:
    """Everything published under a base, for Bull. Subscribed from the moment of its making."""

    def __init__(self, redis: Client, base: str) -> None:
        self._base = base
        self._listener = redis.pubsub()
        self._listener.psubscribe(f"{base}*")
        assert self._listener.get_message(timeout=5) is not None

    def heard(self, upto: Client) -> list[tuple[str, str]]:
        """Channel, without base and token, and payload; all that was sent before this call."""
        upto.publish(f"{self._base}upto", "")
        messages = []
        while (message := self._listener.get_message(timeout=5)) is not None:
            channel = message["channel"].decode().removeprefix(self._base)
            if channel == "upto":
                break
            messages.append((re.sub(r"@.+", "@<token>", channel), _cleaned(message["data"].decode())))
        return messages

    def close(self) -> None:
        self._listener.close()
