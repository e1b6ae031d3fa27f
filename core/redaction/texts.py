"""Texts without what stands behind a hidden key in them: `token=abc`, `"token": "abc"`, `'token' => { a: [1] }`.

A value that has quotes or brackets of its own goes to where they close, any other to the end of its line: too much is
hidden sooner than too little. A text is gone through once, so the time it takes grows with its length and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# What may stand behind a value that has closed; behind anything else it has not ended yet.
_BETWEEN = frozenset(b" \t\r\n,;&)]}>")
_MARK = re.compile(rb"""\\+["'`]?|["'`]|[\[{]|[\]}]|\n""")
_QUOTE = re.compile(rb"""(\\*)(["'`])""")
_QUOTES = {quote: re.compile(rb"\\+" + quote + rb"?|" + quote) for quote in (b'"', b"'", b"`")}


@dataclass(frozen=True, slots=True)
class Texts:
    """`named` finds a key, up to where its value begins."""

    named: re.Pattern[bytes]
    instead: bytes

    def cleaned(self, raw: bytes) -> bytes:
        """The text with `instead` in place of each value."""
        return b"".join(self._parts(raw))

    def _parts(self, raw: bytes) -> Iterator[bytes]:
        done = 0
        while found := self.named.search(raw, done):
            end = _end(raw, found.end())
            yield raw[done : found.end()]
            yield self.instead if end > found.end() else b""
            done = end
        yield raw[done:]


def texts(keys: Sequence[str], instead: str) -> Texts | None:
    """For these keys, in which `*` and `?` stand for up to 200 characters and one; None where there are none."""
    if not keys:
        return None
    key = "|".join(re.escape(key).replace(r"\*", r"[\w.-]{0,200}").replace(r"\?", r"[\w.-]") for key in keys)
    # All of it is tried once at each word: nothing in it is gone back into.
    named = rf'(?>(?<![\w.-])(?:{key})(?![\w.-])\\*["\'`]?)\s*+(?:[:=]{{1,3}}>?)\s*+'
    return Texts(re.compile(named.encode(), re.IGNORECASE), instead.encode())


def _end(raw: bytes, at: int) -> int:
    """Where the value that begins here ends."""
    quote = _QUOTE.match(raw, at)
    if quote is not None:
        at = _closed(raw, quote)
        if at >= len(raw) or raw[at] in _BETWEEN:
            return at
        return _of_line(raw, at, nested=False)
    return _of_line(raw, at, nested=raw[at : at + 1] in (b"{", b"["))


def _of_line(raw: bytes, at: int, *, nested: bool) -> int:
    """The end of the line, or of the brackets that are open there; of those the value begins with, if `nested`."""
    depth = 0
    while mark := _MARK.search(raw, at):
        sign, at = mark[0][-1:], mark.end()
        if sign == b"\n" and not depth:
            return mark.start()
        if sign in (b"{", b"["):
            depth += 1
        elif sign in (b"}", b"]"):
            depth = max(0, depth - 1)
            if nested and not depth:
                if at >= len(raw) or raw[at] in _BETWEEN:
                    return at
                nested = False
        elif depth and sign in _QUOTES and not _is_apostrophe(raw, mark):
            opening = _QUOTE.match(raw, mark.start())
            at = at if opening is None else _closed(raw, opening)
    return len(raw)


def _is_apostrophe(raw: bytes, mark: re.Match[bytes]) -> bool:
    return mark[0] == b"'" and raw[mark.start() - 1 : mark.start()].isalnum()


def _closed(raw: bytes, opening: re.Match[bytes]) -> int:
    """Where what this quote opens is closed, by as many backslashes as opened it: in JSON within JSON they double."""
    unit = len(opening[1]) + 1
    for found in _QUOTES[opening[2]].finditer(raw, opening.end()):
        escapes, rest = divmod(len(found[0]) - unit, unit)
        if found[0].endswith(opening[2]) and escapes >= 0 and not rest and escapes % 2 == 0:
            return found.end()
    return len(raw)
