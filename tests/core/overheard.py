"""What a server was asked while we listened, and whether it was only reading, and within bounds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import redis as redis_py

from tests.core.wire import Wire
from tickbird.demo.server import EmbeddedServer

_LINE = re.compile(rb"^[\d.]+ \[(\d+) (\S+)\] (.*)$", re.DOTALL)
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
# All that a pure reader says, its greeting included.
READS = {
    *("CLIENT", "CLUSTER", "HELLO", "AUTH", "SELECT", "PING", "INFO", "DBSIZE", "SCAN", "TYPE", "PUBSUB", "MEMORY"),
    *("GET", "GETRANGE", "EXISTS", "PTTL", "HGET", "HMGET", "HLEN", "HKEYS", "HSTRLEN", "HEXISTS", "HRANDFIELD"),
    *("LLEN", "LRANGE", "LINDEX", "LPOS", "SCARD", "SSCAN", "XRANGE", "XREVRANGE", "XINFO"),
    *("ZCARD", "ZCOUNT", "ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "ZSCORE", "ZRANK", "ZREVRANK"),
}
# The most members that one answer may have.
MOST = 2000
_RANGES = {b"LRANGE", b"ZRANGE", b"ZREVRANGE"}
_LIMITED = {b"XREVRANGE": b"COUNT", b"SCAN": b"COUNT", b"SSCAN": b"COUNT"}


@dataclass
class Overheard:
    """The commands, each as its words; filled when the listening ends."""

    commands: list[list[bytes]] = field(default_factory=list)

    @property
    def names(self) -> Counter[str]:
        return Counter(words[0].upper().decode() for words in self.commands)

    def unbounded(self) -> list[list[bytes]]:
        """Commands whose answer has no limit that stands in the command."""
        return [words for words in self.commands if not _is_bounded(words)]


def _is_bounded(words: list[bytes]) -> bool:
    name = words[0].upper()
    if name in _RANGES:
        start, stop = int(words[2]), int(words[3])
        return (start < 0) == (stop < 0) and stop - start < MOST
    if name in (b"ZRANGEBYSCORE", b"ZREVRANGEBYSCORE"):
        return b"LIMIT" in words and int(words[-1]) <= MOST
    if name == b"XRANGE":
        return b"COUNT" in words or words[2] == words[3]
    if name in _LIMITED:
        return _LIMITED[name] in words and int(words[-1]) <= MOST
    return True


@contextmanager
def listening(server: EmbeddedServer) -> Iterator[Overheard]:
    """Everything that the server is asked until the end of the block."""
    heard = Overheard()
    with Wire(server.port) as ear, Wire(server.port) as mouth:
        assert ear.ask("MONITOR") == b"OK"
        yield heard
        mouth.ask("ECHO", "that-was-all")
        while b"that-was-all" not in (line := ear.reply()):
            found = _LINE.match(line)
            assert found, line
            if found[2] != b"lua":
                heard.commands.append([_plain(word) for word in _WORD.findall(found[3])])


def _plain(word: bytes) -> bytes:
    return word.decode("latin-1").encode("latin-1").decode("unicode_escape").encode("latin-1")


def everything_in(redis: redis_py.Redis) -> dict[bytes, tuple[object, bool]]:
    """Each key's whole content, and whether it will expire."""
    keys = [key if isinstance(key, bytes) else key.encode() for key in redis.scan_iter(count=1000)]
    return {key: (_content(redis, key), redis.pttl(key) != -1) for key in keys}


def _content(redis: redis_py.Redis, key: bytes) -> object:
    match redis.type(key):
        case b"hash":
            return redis.hgetall(key)  # a dump of a large one may come in any order
        case b"set":
            return redis.smembers(key)
        case _:
            return redis.dump(key)
