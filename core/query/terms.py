"""One term of a query, from a text to a condition: which field it speaks of, and what it asks of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from core.model import STATES
from core.query import times
from core.query.fields import FIELDS, Kind
from core.query.pattern import Pattern
from core.query.query import Between, Like, Term, Test
from core.query.words import Text, Unreadable

# Of two signs that begin alike the longer one comes first.
_SIGNS = (">=", "<=", ">", "<")
_LONGEST_NUMBER = 40
_HINTS = {
    Kind.NUMBER: "Write 3, >3, <=3 or 1..5.",
    Kind.SPAN: "Write >10m, <1h30m or 5s..1m.",
    Kind.INSTANT: "Write 15m for the last 15 minutes, or >2026-11-21T02:00 (UTC), or a..b.",
}
Reader = Callable[[str], Decimal | None]


def term(text: Text, at: int, now: int) -> Term:
    """The condition. Raises Unreadable for a field that there is not, and for a value that it cannot have."""
    if text.field is None:
        _check_something(text, at)
        return Term("", (), Like(Pattern(text.pieces), whole=False))
    name, *path = text.field.split(".")
    field = FIELDS.get(name)
    if field is None or (path and field.kind is not Kind.JSON) or "" in path:
        raise _unknown(text.field, at)
    _check_something(text, at)
    return Term(name, tuple(path), _test(text, field.kind, at, now, bool(path)))


def _check_something(text: Text, at: int) -> None:
    if not text.quoted and not text.plain:
        raise Unreadable(f"{text.field}: says nothing" if text.field else "This says nothing", at)


def _test(text: Text, kind: Kind, at: int, now: int, within: bool) -> Test:
    if kind is Kind.STATE:
        return _state(text, at)
    if kind is Kind.JSON:
        return _json(text, within)
    if kind in (Kind.WHOLE, Kind.EXACT, Kind.PART):
        return Like(Pattern(text.pieces, folded=kind is not Kind.EXACT), whole=kind is not Kind.PART)
    found = _range(text.plain, _reader(kind, now), since=kind is Kind.INSTANT)
    if found is None or text.quoted:
        raise Unreadable(f"{text.field} cannot be {text.plain[:60]!r}", at, _HINTS[kind])
    return found


def _state(text: Text, at: int) -> Like:
    pattern = Pattern(text.pieces)
    if not any(pattern.fits(state.value) for state in STATES):
        raise Unreadable(f"There is no state {text.plain[:60]!r}", at, f"There are {', '.join(STATES)}.")
    return Like(pattern, whole=True)


def _json(text: Text, within: bool) -> Test:
    """A value at a path fits as a whole, or as a number; a field without a path is searched through as text."""
    compares = not text.quoted and (text.plain.startswith(_SIGNS) or ".." in text.plain)
    found = _range(text.plain, _number, since=False) if compares else None
    return found or Like(Pattern(text.pieces, folded=not within), whole=within)


def _reader(kind: Kind, now: int) -> Reader:
    if kind is Kind.NUMBER:
        return _number
    if kind is Kind.SPAN:
        return lambda said: _decimal(times.span(said))
    return lambda said: _decimal(times.instant(said, now))


def _range(said: str, read: Reader, *, since: bool) -> Between | None:
    """`since`: a bare value is where it begins, as in "of the last 15 minutes"."""
    sign = next((sign for sign in _SIGNS if said.startswith(sign)), "")
    if not sign and ".." in said:
        return _from_to(*said.split("..", 1), read=read)
    value = read(said[len(sign) :])
    if value is None:
        return None
    if not sign:
        return Between(value, None if since else value)
    is_open = not sign.endswith("=")
    return Between(low=value, low_open=is_open) if sign[0] == ">" else Between(high=value, high_open=is_open)


def _from_to(first: str, last: str, *, read: Reader) -> Between | None:
    low, high = read(first) if first else None, read(last) if last else None
    unread = (first and low is None) or (last and high is None) or not (first or last)
    return None if unread else Between(low, high)


def _number(said: str) -> Decimal | None:
    try:
        number = Decimal(said) if len(said) <= _LONGEST_NUMBER else None
    except InvalidOperation:
        return None
    # An exponent of a few digits would make a number of as many as it says.
    return number if number is not None and number.is_finite() and abs(number.adjusted()) <= _LONGEST_NUMBER else None


def _decimal(number: int | None) -> Decimal | None:
    return None if number is None else Decimal(number)


def _unknown(field: str, at: int) -> Unreadable:
    near = difflib.get_close_matches(field, FIELDS, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(FIELDS)}."
    return Unreadable(f"There is no field {field[:60]!r}", at, f'{meant} To look for the text itself, put it in "…".')
