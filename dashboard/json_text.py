"""JSON laid out for reading, without parsing it: no number is rounded, no key reordered, and a cut text still reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Past these the rest stands as it came: depth and length are somebody else's choice.
DEEPEST = 24
MOST_LINES = 4_000
# A small object or array on one line reads better than on five.
INLINE = 72

_TOKEN = re.compile(r'\s+|"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_FLAT = re.compile(r'[\[{](?:[^\[\]{}"]|"(?:[^"\\]|\\.)*")*[\]}]', re.DOTALL)
_INDENT = "  "


class Token(NamedTuple):
    """A stretch of text and what it is: key, text, mark (punctuation and space) or word (number, true, null)."""

    kind: str
    text: str


def laid_out(text: str) -> list[Token]:
    """The text as tokens with line breaks and indents of ours, neighbours of one kind joined."""
    tokens: list[Token] = []
    for kind, part in _tokens(text):
        if tokens and tokens[-1].kind == kind:
            tokens[-1] = Token(kind, tokens[-1].text + part)
        else:
            tokens.append(Token(kind, part))
    return tokens


def _tokens(text: str) -> Iterator[Token]:
    position, depth, lines = 0, 0, 0
    while position < len(text):
        if lines > MOST_LINES:
            yield Token("word", text[position:])
            return
        flat = _FLAT.match(text, position, position + INLINE)
        if flat:
            yield from _inline(flat.group())
            position = flat.end()
            continue
        token = _TOKEN.match(text, position)
        part = token.group() if token else text[position]
        position += len(part)
        if part in ("{", "["):
            depth, lines = depth + 1, lines + 1
            yield Token("mark", part + _break(depth))
        elif part in ("}", "]"):
            depth, lines = max(0, depth - 1), lines + 1
            yield Token("mark", _break(depth) + part)
        elif part == ",":
            lines += 1
            yield Token("mark", part + _break(depth))
        elif not part.isspace():
            yield _value(part, text, position)


def _inline(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        part = match.group()
        if part == ",":
            yield Token("mark", ", ")
        elif not part.isspace():
            yield _value(part, text, match.end())


def _value(part: str, text: str, end: int) -> Token:
    if part in "{}[]":
        return Token("mark", part)
    if part == ":":
        return Token("mark", ": ")
    if not part.startswith('"'):
        return Token("word", part)
    return Token("key" if text[end : end + 8].lstrip().startswith(":") else "text", part)


def _break(depth: int) -> str:
    return "\n" + _INDENT * min(depth, DEEPEST)
