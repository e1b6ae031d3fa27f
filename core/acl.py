"""The exact commands that Tickbird sends, as rules for a Redis user: to read only, and to operate.

A test holds the lists against the source, and the contract suite runs as a user with these rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# What reading sends itself. The last line only tells more: where one is refused, a page says what is missing.
READ = (
    *("ping", "info", "role", "time", "dbsize", "scan", "type", "exists"),
    *("get", "getrange", "hget", "hmget", "hgetall", "hexists", "hkeys", "hlen", "hscan", "hstrlen"),
    "hrandfield",
    *("lindex", "llen", "lpos", "lrange", "scard", "sismember", "sscan"),
    *("zcard", "zcount", "zmscore", "zrange", "zrangebyscore", "zrank", "zrevrange", "zrevrangebyscore", "zrevrank"),
    *("zscore", "pttl", "xinfo|stream", "xlen", "xrange", "xread", "xrevrange", "psubscribe"),
    *("client|setname", "client|list", "cluster|slots", "pubsub|channels", "config|get"),
    *("memory|usage", "slowlog|get", "asking"),
)
# Grouping, searching and sampling send small scripts that only read; without these they are slower, and say so.
SCRIPTS = ("eval", "evalsha")
# What the scripts of actions call, besides what reading sends.
WRITE = (
    *("del", "unlink", "rename", "pexpire", "setnx", "incr", "incrby", "publish", "xadd", "xtrim"),
    *("hdel", "hincrby", "hset", "linsert", "lpop", "lpush", "lrem", "lset", "ltrim", "rpush"),
    *("sadd", "srem", "zadd", "zrem"),
)


def rule(prefixes: Sequence[str], *, user: str, operates: bool) -> str:
    """The `ACL SETUSER` line for these prefixes ("*": all keys), with a placeholder for the password."""
    commands = (*READ, *SCRIPTS, *(WRITE if operates else ()))
    return " ".join(("ACL SETUSER", user, "on", ">PASSWORD", *rules(prefixes, commands)))


def rules(prefixes: Sequence[str], commands: Iterable[str]) -> list[str]:
    """The rules alone, from nothing: keys, channels, commands."""
    everywhere = "*" in prefixes
    places = ("*",) if everywhere else tuple(f"{_escaped(prefix)}:*" for prefix in prefixes)
    keys, channels = (f"~{place}" for place in places), (f"&{place}" for place in places)
    return ["resetkeys", *keys, "resetchannels", *channels, "-@all", *(f"+{command}" for command in commands)]


def _escaped(prefix: str) -> str:
    return "".join(f"\\{character}" if character in "*?[]\\" else character for character in prefix)
