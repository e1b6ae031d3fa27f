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

HIDDEN = "[redacted]"
_INSTEAD = rb"\g<key>\g<is>" + HIDDEN.encode()
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
    texts: re.Pattern[bytes] | None = None
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
            # Numbers stay as they are written: a long id must not be rounded on its way.
            value = json.loads(raw, parse_int=_Written, parse_float=_Written)
            cleaned = self._cleaned(value, ())
            # Of a key that stands twice only the last is read; the first may say what the last does not.
            untouched = cleaned == value and HIDDEN.encode() not in raw
            return raw if untouched else _dump(cleaned).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            return UNREADABLE

    def of_text(self, raw: bytes) -> bytes:
        """A text as Redis has it, without what stands behind a hidden key in it."""
        if self.kin is not None:
            raw = self.kin.of_text(raw)
        return raw if self.texts is None else self.texts.sub(_INSTEAD, raw)

    def hides_path(self, path: Sequence[str]) -> bool:
        """Whether what stands at this path of a payload is hidden, itself or with something around it."""
        return any(self._hides_at(tuple(path[: end + 1])) for end in range(len(path)))

    def _hides_at(self, path: tuple[str, ...]) -> bool:
        if self.keys is not None and self.keys.fullmatch(path[-1]):
            return True
        return any(len(hidden) == len(path) and all(map(_fits, path, hidden)) for hidden in self.paths)

    def _cleaned(self, value: Any, path: tuple[str, ...]) -> Any:
        if path and self._hides_at(path):
            return HIDDEN
        if isinstance(value, dict):
            return {key: self._cleaned(part, (*path, key)) for key, part in value.items()}
        if isinstance(value, list):
            return [self._cleaned(part, (*path, str(at))) for at, part in enumerate(value)]
        if type(value) is str and self.texts is not None:
            # A text within: a message that was passed on, a URL, JSON within JSON.
            return self.texts.sub(_INSTEAD, value.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        return value


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
    return Redaction(
        re.compile("|".join(map(translate, keys)), re.IGNORECASE) if keys else None, paths, _in_text(named)
    )


def _in_text(keys: Sequence[str]) -> re.Pattern[bytes] | None:
    """`key=value`, `key: value` and `"key": "value"`, wherever they stand in a text, also as JSON within JSON.

    The time it takes grows with the text and no faster: a word is tried once, and a key is no longer than 200
    characters on either side of what a pattern names.
    """
    if not keys:
        return None
    key = "|".join(re.escape(key).replace(r"\*", r"[\w.-]{0,200}").replace(r"\?", r"[\w.-]") for key in keys)
    quoted = r'"(?:[^"\\]|\\.)*(?:"|$)|' + r"'(?:[^'\\]|\\.)*(?:'|$)"
    within = r"""(?P<quote>\\+["'])(?:(?!(?P=quote)).)*(?:(?P=quote)|$)"""
    nested = r"\[[^\]]*(?:\]|$)|\{[^}]*(?:\}|$)"
    value = rf"{quoted}|{within}|{nested}|(?:Bearer|Basic)\s+[^\s,;]+|[^\s,;&\"'}}\])]+"
    named = rf'(?P<key>(?>\\*["\']?(?<![\w.-])(?:{key})(?![\w.-])\\*["\']?))'
    return re.compile(rf"{named}(?P<is>\s*[:=]\s*)(?:{value})".encode(), re.IGNORECASE | re.DOTALL)


def _fits(part: str, pattern: str) -> bool:
    return pattern in ("*", part)


class _Written(str):
    """A number as it was written."""

    __slots__ = ()


def _dump(value: Any) -> str:
    """JSON, in which numbers stand as they were written."""
    return "".join(_parts(value))


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, _Written):
        yield str(value)
    elif isinstance(value, dict):
        yield "{"
        for at, (key, part) in enumerate(value.items()):
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
