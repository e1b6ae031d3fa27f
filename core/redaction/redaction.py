"""What must not be seen of a queue's payloads: taken out before anything else looks at them.

A rule names the queues it is for, and keys by pattern (`*token*`: at any depth, in whatever case) or paths
(`user.card.number`, `items.*.secret`: from the top of the data, options, result or progress). In texts (reasons,
stacks, log lines) what stands behind such a key is taken out as well: `token=abc`, `"token": "abc"`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import Any

from core.model import QueueId
from core.redaction.kin import Kin
from core.redaction.texts import Texts, texts

HIDDEN = "[redacted]"
# How often JSON may be a text within JSON; what lies deeper is not shown.
DEEPEST = 8
# JSON deeper or odder than can be read is not shown at all where a rule is in force: it might hold what must not.
UNREADABLE = json.dumps("[redacted: this cannot be read as JSON, so nothing of it is shown]").encode()


@dataclass(frozen=True, slots=True)
class Rule:
    """Which queues (patterns of name or `prefix:name`; none: all), and what of their payloads."""

    keys: tuple[str, ...] = ()
    paths: tuple[tuple[str, ...], ...] = ()
    queues: tuple[str, ...] = ()

    def is_for(self, id: QueueId) -> bool:
        """Whether it is in force on that queue."""
        full = f"{id.prefix}:{id.name}"
        return not self.queues or any(fnmatchcase(id.name, p) or fnmatchcase(full, p) for p in self.queues)


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is taken out of one queue's payloads, and of what its jobs say of relatives by `kin`. The empty one takes
    nothing out, and costs nothing."""

    keys: re.Pattern[str] | None = None
    paths: tuple[tuple[str, ...], ...] = ()
    texts: Texts | None = None
    # Keys, and the last step of each path: in texts no path begins anywhere, so such a key is hidden wherever it is.
    named: re.Pattern[str] | None = None
    kin: Kin | None = None

    @property
    def hides(self) -> bool:
        """Whether there is anything that it takes out of payloads."""
        return self.keys is not None or bool(self.paths)

    @property
    def touches(self) -> bool:
        """Whether what Redis has is not always to be seen as it is."""
        return self.hides or self.kin is not None

    def of_json(self, raw: bytes) -> bytes:
        """A payload as Redis has it, in whole, without what must not be seen."""
        if not self.hides:
            return raw
        try:
            value = _load(raw)
            cleaned = self._cleaned(value, (), 0)
            return raw if cleaned == value else _dump(cleaned).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            return UNREADABLE

    def of_text(self, raw: bytes) -> bytes:
        """A text as Redis has it, without what stands behind a hidden key in it."""
        if self.kin is not None:
            raw = self.kin.of_text(raw)
        if self.texts is None:
            return raw
        try:
            value = _load(raw) if _may_be_nested(raw) else None
            cleaned = self._cleaned(value, (), 1)
        except (ValueError, RecursionError):
            return self.texts.cleaned(raw)
        if value is None:
            return self.texts.cleaned(raw)
        return raw if cleaned == value else _dump(cleaned).encode("utf-8", "surrogatepass")

    def hides_path(self, path: Sequence[str]) -> bool:
        """Whether what stands at this path of a payload is hidden, itself or with something around it."""
        return any(self._hides_at(tuple(path[: end + 1])) for end in range(len(path)))

    def _hides_at(self, path: tuple[str, ...]) -> bool:
        if self.keys is not None and self.keys.fullmatch(path[-1]):
            return True
        return any(len(hidden) == len(path) and all(map(_fits, path, hidden)) for hidden in self.paths)

    def _cleaned(self, value: Any, path: tuple[str, ...], within: int) -> Any:
        """`within`: in how many texts that are JSON it lies."""
        if path and (self._hides_at(path) or (within and self.named is not None and self.named.fullmatch(path[-1]))):
            return HIDDEN
        if isinstance(value, _Object):
            return _Object((key, self._cleaned(part, (*path, key), within)) for key, part in value)
        if isinstance(value, list):
            return [self._cleaned(part, (*path, str(at)), within) for at, part in enumerate(value)]
        return self._of_text_within(value, path, within) if type(value) is str else value

    def _of_text_within(self, said: str, path: tuple[str, ...], within: int) -> str:
        """A text in a payload: a message that was passed on, a URL, JSON within JSON."""
        if self.texts is None:
            return said
        value = _nested(said)
        if value is not None:
            if within >= DEEPEST:
                return HIDDEN
            cleaned = self._cleaned(value, path, within + 1)
            return said if cleaned == value else _dump(cleaned)
        return self.texts.cleaned(said.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


NOTHING_HIDDEN = Redaction()


@lru_cache(maxsize=4096)
def redaction(rules: tuple[Rule, ...], id: QueueId) -> Redaction:
    """What these rules together take out of that queue's payloads."""
    mine = [rule for rule in rules if rule.is_for(id)]
    keys = list(dict.fromkeys(key for rule in mine for key in rule.keys))
    paths = tuple(dict.fromkeys(path for rule in mine for path in rule.paths))
    if not keys and not paths:
        return NOTHING_HIDDEN
    named = [*keys, *(path[-1] for path in paths if path[-1] != "*")]
    return Redaction(_any_of(keys), paths, texts(named, HIDDEN), _any_of(named))


def _any_of(keys: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(translate, keys)), re.IGNORECASE) if keys else None


def _fits(part: str, pattern: str) -> bool:
    return pattern in ("*", part)


class _Written(str):
    """A number as it was written."""

    __slots__ = ()


class _Object(list[tuple[str, Any]]):
    """An object of JSON with all that is written in it: a key may stand there twice, and each may say something."""

    __slots__ = ()


def _load(raw: bytes | str) -> Any:
    """The JSON value. Numbers stay as they are written: a long id must not be rounded on its way."""
    return json.loads(raw, parse_int=_Written, parse_float=_Written, object_pairs_hook=_Object)


def _may_be_nested(raw: bytes) -> bool:
    return raw[:64].lstrip()[:1] in (b"{", b"[")


def _nested(said: str) -> Any:
    """The object or the list that this text is as JSON, or that a text that it is as JSON is; None for other texts."""
    if said[:64].lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        value = _load(said)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) or (type(value) is str and _nested(value) is not None) else None


def _dump(value: Any) -> str:
    """JSON, in which numbers stand as they were written."""
    return "".join(_parts(value))


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, _Written):
        yield str(value)
    elif isinstance(value, _Object):
        yield "{"
        for at, (key, part) in enumerate(value):
            yield f"{',' if at else ''}{json.dumps(key)}:"
            yield from _parts(part)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for at, part in enumerate(value):
            if at:
                yield ","
            yield from _parts(part)
        yield "]"
    else:
        yield json.dumps(value)
