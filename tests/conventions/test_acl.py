"""The rules that `tickbird acl` prints name every command that the source sends, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from core.acl import READ, SCRIPTS, WRITE, rules

CORE = Path(__file__).parents[2] / "core"
# Our own store has a user of its own; sentinels are servers of their own.
ELSEWHERE = ("store", "sentinel")
_SENT = re.compile(r'\b(?:pack|ask)\(\s*b?"([A-Z_]+)"(?:,\s*b?"([A-Z-]+)")?')
_WORD = re.compile(r'b"([A-Z]{3,}(?:SCORE|RANGE|CARD|LEN|SCAN|RANK|VALS|KEYS|FIELD|MEMBER|INFO|LEN))"')
_CALLED = re.compile(r"redis\.p?call\(\s*[\"']([A-Za-z]+)")
# A command of one of these is allowed by its first argument.
_CONTAINERS = {"CLIENT", "CLUSTER", "CONFIG", "MEMORY", "PUBSUB", "SLOWLOG", "XINFO"}


def sources(pattern: str) -> Iterator[str]:
    for path in CORE.rglob(pattern):
        if not set(path.relative_to(CORE).parts) & set(ELSEWHERE):
            yield path.read_text()


def sent() -> set[str]:
    """Every command that reading and acting send themselves."""
    found = {_named(*match.groups()) for source in sources("*.py") for match in _SENT.finditer(source)}
    return found | {word.lower() for source in sources("*.py") for word in _WORD.findall(source)} - {"maxlen"}


def called() -> set[str]:
    """Every command that scripts call."""
    return {word.lower() for kind in ("*.lua", "*.py") for source in sources(kind) for word in _CALLED.findall(source)}


def _named(command: str, argument: str | None) -> str:
    return f"{command}|{argument}".lower() if command in _CONTAINERS else command.lower()


def test_every_command_that_is_sent_is_allowed() -> None:
    assert sent() - {*READ, *SCRIPTS} == set()
    assert called() - {*READ, *WRITE} == set()


def test_no_command_is_allowed_that_nothing_sends() -> None:
    # redis-py names the connection; behind sentinels a master is asked whether it is one.
    said = sent() | called() | {"client|setname", "role"}

    assert {*READ, *SCRIPTS, *WRITE} - said == set()


def test_nothing_is_allowed_twice_and_everything_starts_from_nothing() -> None:
    commands = [*READ, *SCRIPTS, *WRITE]

    assert len(commands) == len(set(commands))
    assert rules(("bull",), ["get"]) == ["resetkeys", "~bull:*", "resetchannels", "&bull:*", "-@all", "+get"]
    assert "~*" in rules(("bull", "*"), [])
    assert rules(("a[1]*",), [])[1] == r"~a\[1\]\*:*"
