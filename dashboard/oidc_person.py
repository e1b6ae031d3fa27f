"""As whom somebody comes in whom the provider knows: by what it says of them, compared exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.access.directory import Directory
from core.access.provider import Provider
from core.errors import Forbidden
from dashboard.oidc_provider import EMAIL, VERIFIED, claim

LONGEST_NAME = 200
MOST_GROUPS = 10_000
_ASK = "Ask whoever runs this Tickbird."


@dataclass(frozen=True, slots=True)
class Person:
    """`group` is the one that decides what they may; empty where none does."""

    name: str
    group: str = ""


class NotForThem(Forbidden):
    """Somebody who is known, by this name, and may not come in."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message, _ASK)
        self.name = name


def person(claims: Mapping[str, Any], provider: Provider, directory: Directory) -> Person:
    """Who that is. Raises Forbidden where the provider does not say it, NotForThem where they may not come in."""
    name = claim(claims, provider.name_claim)
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise Forbidden(f"The provider says no {provider.name_claim!r} of you, which is your name here.", _ASK)
    if provider.name_claim == EMAIL and claims.get(VERIFIED) is not True:
        raise NotForThem("The provider does not say that this e-mail address is yours (email_verified).", name)
    if name in directory.hashes:
        raise NotForThem("Somebody of that name has a password here: the name is theirs alone.", name)
    said = claim(claims, provider.groups_claim)
    theirs = _groups(said)
    group = next((each.name for each in provider.groups if each.name in theirs), "")
    if directory.provided(name, group) is None:
        raise NotForThem("You are known, and no role of this Tickbird is for you.", name)
    return Person(name, group)


def _groups(said: Any) -> frozenset[str]:
    """A list of texts, or one text that is one group: never a text of several."""
    found = said[:MOST_GROUPS] if isinstance(said, list) else [said]
    return frozenset(group for group in found if isinstance(group, str))
