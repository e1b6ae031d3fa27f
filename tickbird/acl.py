"""`tickbird acl`: the rules for a Redis user that reads, and for one that operates."""

from __future__ import annotations

from core.acl import rule
from core.settings import Settings


def lines(settings: Settings, user: str, *, operates: bool | None) -> list[str]:
    """For each instance its name and the rule; both rules where it is not said which one."""
    wanted = (False, True) if operates is None else (operates,)
    printed: list[str] = []
    for redis in settings.redis:
        for each in wanted:
            what = "retry, remove, pause …, besides reading" if each else "only read"
            printed += [f"# {redis.name}: {what}", rule(redis.prefixes, user=user, operates=each)]
    return printed
