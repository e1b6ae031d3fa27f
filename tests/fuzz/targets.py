"""What reads bytes that come from outside, each behind one function that takes any bytes and must not raise.

`test_parsers` gives them what hypothesis makes up, `guided` what covers more and more of the code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from core.clients import connections, nameless, waiting_commands, workers_by_queue
from core.dead_letters.letter import mark_of
from core.dead_letters.recognise import recognise
from core.errors import Invalid, TickbirdError
from core.events.bull import Message, heard
from core.events.happening import of_message
from core.failures.fingerprint import fingerprint
from core.flows import children, in_flight
from core.instance import Instance
from core.job import JobRow
from core.jobs.cursor import decode
from core.jobs.rows import Placed, read_rows
from core.jobs.whole import _Hash, _stacktrace
from core.model import Dialect, Identity, Queue, QueueId, State
from core.query.parser import parse
from core.query.query import Query
from core.query.words import Unreadable
from core.redaction.redaction import HIDDEN, NOTHING_HIDDEN, UNREADABLE, Redaction, Rule, redaction
from core.redis_health.concerns import concerns
from core.redis_health.server import server
from core.redis_health.slow_log import slow_log
from core.redis_url import check_url, without_secrets
from core.schedulers.preview import preview
from core.schedulers.scheduler import Timing
from core.text import json_or_none, printable, raw_bytes, text
from core.undo.kept import unpacked
from dashboard.json_edit import checked, compact, editable
from dashboard.stacks import stack
from dashboard.urls import decode_part, encode_part
from tests.core.test_query_hostile import DATA, check, job

NOW = 1_760_000_000_000
MAIL = Queue(QueueId("default", "bull", "mail"), Identity(Dialect.MQ5, "6.7.0", ()), False, {})
SECRET = "hunter2"
RULES = (Rule(keys=("*password*", "token"), paths=(("user", "card"), ("items", "*", "pin"))),)
JOB = job(DATA["plain"])


def query(data: bytes) -> None:
    """A search: it is a query or an error at a place, and finds nothing that its needles pass over."""
    said = text(data)
    check(said, JOB)
    with suppress(Unreadable):
        read = parse(said, NOW)
        assert parse(read.text, read.now) == Query(said, read.clause, NOW)


def row(data: bytes) -> None:
    """A job's hash as a list reads it: it can be shown and sent."""
    made = read(read_rows(cast(Instance, Hashes(fields_of(data))), MAIL, [placed(data)]))[0]
    assert isinstance(made, JobRow)
    sent(made)


def whole(data: bytes) -> None:
    """A job's hash in full."""
    fields = fields_of(data)
    found = _Hash(fields, {name: len(value) for name, value in fields.items()}, 64)
    for name in fields:
        sent(found.payload(name), found.number(name))
    sent(found.options, _stacktrace(found))


def clients(data: bytes) -> None:
    """CLIENT LIST."""
    found = connections(data, 0)
    sent(found, nameless(data, 0), workers_by_queue(found), waiting_commands(found))


def info(data: bytes) -> None:
    """INFO."""
    said = server("127.0.0.1:6379", data)
    sent(said, concerns([said], None, NOW))


def slow(data: bytes) -> None:
    """SLOWLOG, whose words may be anything."""
    words = data.split(b"\n")
    entries = [[at, NOW, at, words[at:], b"127.0.0.1:1", b"tickbird"] for at in range(min(3, len(words)))]
    sent(slow_log([("", (entries, words))]))


def traces(data: bytes) -> None:
    """A stack, taken apart for people and for groups."""
    name, _, trace = text(data).partition("\n")
    sent(stack(trace).message, fingerprint(name, trace, trace).key, fingerprint(name, name).message)


def redacted(data: bytes) -> None:
    """A payload: what was hidden in it is not there any more, and the rest is what it was."""
    hides = redaction(RULES, MAIL.id)
    out = hides.of_json(data)
    value = json_or_none(data)
    if out == UNREADABLE or (value is None and data != b"null"):
        return
    left = json.loads(out)
    assert json.dumps(left) == json.dumps(_without(hides, json.loads(data), ())), (data, out)


def texts(data: bytes) -> None:
    """A text, in which a secret stands behind a key."""
    hides = redaction(RULES, MAIL.id)
    hides.of_text(data)
    secret = SECRET.encode()
    assert secret not in hides.of_text(data.replace(secret, b"") + b"\npassword=" + secret)


def _without(hides: Redaction, value: Any, path: tuple[str, ...]) -> Any:
    if path and hides.hides_path(path):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _without(hides, part, (*path, key)) for key, part in value.items()}
    if isinstance(value, list):
        return [_without(hides, part, (*path, str(at))) for at, part in enumerate(value)]
    return value


def edited(data: bytes) -> None:
    """JSON that a person edits: what is taken means the same laid out and packed again."""
    written = text(data)
    try:
        checked(written)
    except Invalid:
        return
    for again in (compact(written), editable(written), compact(editable(written))):
        assert _meaning(again) == _meaning(written), (written, again)


def _meaning(written: str) -> Any:
    return json.loads(written, parse_int=str, parse_float=str)


def cursors(data: bytes) -> None:
    """What comes back as the place where a list goes on."""
    said = text(data)
    for state in (State.WAITING, State.FAILED):
        with suppress(Invalid):
            assert decode(said, state, "newest").encode()
    with suppress(Invalid):
        in_flight.encode(in_flight.decode(said))
    with suppress(Invalid):
        children.decode(said, b"bull:mail:1")


def parts(data: bytes) -> None:
    """A part of a path: what it means is written so again that it means the same."""
    with suppress(Invalid):
        meant = decode_part(text(data).encode("ascii", "replace").decode())
        assert decode_part(encode_part(meant)) == meant
    assert raw_bytes(decode_part(encode_part(text(data)))) == data


def schedules(data: bytes) -> None:
    """A pattern and a zone."""
    pattern, _, zone = text(data[:300]).partition("\n")
    for version in ("5.1.0", "6.7.0"):
        with suppress(TickbirdError):
            sent(preview(Timing(pattern=pattern or None, tz=zone or None), Identity(Dialect.MQ5, version, ()), NOW))


def letters(data: bytes) -> None:
    """What may be a dead letter, and the mark on it."""
    sent(recognise("failed-email", json_or_none(data), None), mark_of(data))


def told(data: bytes) -> None:
    """A message of Bull's."""
    for event in (b"completed", b"failed@1", b"progress", b"waiting"):
        if message := heard(b"bull:mail:" + event, data, NOW):
            sent(of_message(MAIL.id, message[1], lambda _: None))
    sent(of_message(MAIL.id, Message(NOW, b"failed", b"", data), lambda _: None))


def kept(data: bytes) -> None:
    """What a store kept of removed jobs."""
    with suppress(Invalid):
        unpacked(text(data))


def addresses(data: bytes) -> None:
    """The URL of a Redis: it is one, or refused; shown without what is secret in it."""
    said = text(data)
    with suppress(Invalid):
        check_url(said, "The URL")
        without_secrets(said)
    assert SECRET not in without_secrets(f"redis://ada:{SECRET}@localhost:6379/0?{encode_part(said)}")


class Hashes:
    """A Redis that holds one hash, as far as a list asks it."""

    def __init__(self, fields: Mapping[bytes, bytes]) -> None:
        self._fields = fields

    async def read(self, commands: Sequence[bytes]) -> list[Any]:
        return [self._answer(words(command)) for command in commands]

    def _answer(self, said: list[bytes]) -> Any:
        if said[0] == b"HMGET":
            return [self._fields.get(name) for name in said[2:]]
        return len(self._fields.get(said[2], b""))

    def redaction(self, _: QueueId) -> Redaction:
        return NOTHING_HIDDEN


def words(command: bytes) -> list[bytes]:
    """The words of a packed command."""
    found, at = [], command.index(b"\r\n") + 2
    while at < len(command):
        start = command.index(b"\r\n", at) + 2
        size = int(command[at + 1 : start - 2])
        found.append(command[start : start + size])
        at = start + size + 2
    return found


def fields_of(data: bytes) -> dict[bytes, bytes]:
    """A hash out of any bytes: `name=value` lines."""
    pairs = (line.partition(b"=") for line in data.split(b"\n"))
    return {name: value for name, _, value in pairs}


def placed(data: bytes) -> Placed:
    score = data.partition(b"\n")[0]
    return Placed(b"1", State.DELAYED if len(data) % 2 else State.ACTIVE, score)


def read(coroutine: Any) -> Any:
    """What it returns; it waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


def sent(*values: Any) -> None:
    """Each can be shown and sent."""
    for value in values:
        json.dumps(printable(repr(value)))


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        query,
        row,
        whole,
        clients,
        info,
        slow,
        traces,
        redacted,
        texts,
        edited,
        cursors,
        parts,
        schedules,
        letters,
        told,
        kept,
        addresses,
    )
}
