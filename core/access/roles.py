"""What each role may do: three that are always there, and those that the settings make of the same permissions."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from core.permission import Permission

VIEWER = frozenset({Permission.VIEW})
OPERATOR = VIEWER | {Permission.RETRY, Permission.PROMOTE, Permission.PAUSE, Permission.REMOVE, Permission.EXPORT}
ROLES: Mapping[str, frozenset[Permission]] = {"viewer": VIEWER, "operator": OPERATOR, "admin": frozenset(Permission)}
# They reach into the application's own logic, or cannot be undone: a setting has to allow them before a role can.
DANGEROUS = frozenset({Permission.EDIT, Permission.OBLITERATE})


def permissions(
    role: str, custom: Mapping[str, frozenset[Permission]], allowed: Collection[str]
) -> frozenset[Permission]:
    """What a role may do where only these dangerous things are allowed at all. KeyError for an unknown role."""
    granted = custom[role] if role in custom else ROLES[role]
    return granted - {danger for danger in DANGEROUS if danger not in allowed}
