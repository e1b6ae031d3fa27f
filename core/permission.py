"""What people may be allowed: the names that roles are made of, and the one that each action needs."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """One thing that somebody may do. Routes declare the one they need; actions look again."""

    VIEW = "view"
    RETRY = "retry"
    PROMOTE = "promote"
    PAUSE = "pause"
    REMOVE = "remove"
    ADD = "add"
    EDIT = "edit"
    LIMIT = "limit"
    SCHEDULE = "schedule"
    OBLITERATE = "obliterate"
    EXPORT = "export"
    REVEAL = "reveal"
    AUDIT = "audit"


# What each verb of `core/mutations` and each action of `core/operations` needs.
NEEDED = {
    "retry": Permission.RETRY,
    "promote": Permission.PROMOTE,
    "pause": Permission.PAUSE,
    "resume": Permission.PAUSE,
    "remove": Permission.REMOVE,
    "clean": Permission.REMOVE,
    "restore": Permission.REMOVE,
    "drain": Permission.REMOVE,
    "drop-ghosts": Permission.REMOVE,
    "obliterate": Permission.OBLITERATE,
    "add": Permission.ADD,
    "send_back": Permission.RETRY,
    "duplicate": Permission.ADD,
    # And what `remove` needs as well, for it leaves its queue.
    "move": Permission.ADD,
    "edit_data": Permission.EDIT,
    "change_priority": Permission.PROMOTE,
    "change_delay": Permission.PROMOTE,
    "change-priority": Permission.PROMOTE,
    "change-delay": Permission.PROMOTE,
    "set_progress": Permission.ADD,
    "log": Permission.ADD,
    "fail": Permission.RETRY,
    "requeue": Permission.RETRY,
    "set_concurrency": Permission.LIMIT,
    "set_rate_limit": Permission.LIMIT,
    "release_rate_limit": Permission.LIMIT,
    "release_deduplication": Permission.LIMIT,
    "trim_events": Permission.LIMIT,
    "mend_pause": Permission.PAUSE,
    "retry_failed_leaves": Permission.RETRY,
    "remove_unprocessed_children": Permission.REMOVE,
    "remove_flow": Permission.REMOVE,
    "upsert_scheduler": Permission.SCHEDULE,
    "remove_scheduler": Permission.SCHEDULE,
    "run_scheduler": Permission.SCHEDULE,
}
