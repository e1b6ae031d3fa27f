"""Which ids a new job may have: what its library allows, less what would write over the queue's own keys. Pure."""

from __future__ import annotations

import re

from core.dialects.contract import CONTRACTS
from core.dialects.since import at_least
from core.errors import Invalid
from core.model import Dialect, Identity
from core.mutations.written import plain_text
from core.text import printable

ID_LIMIT = 500
# From here on BullMQ refuses ids with a colon, but for those of three parts that old repetitions had.
_NO_COLONS_SINCE = (5, 58, 7)

_OF_CONTRACTS = {key.decode() for contract in CONTRACTS.values() for key in contract.script_keys}
_OWN = _OF_CONTRACTS | {"id", "stalled-check", "limiter", "limiter:index", "wait:added", "metrics"}
_OWN_BEGIN = ("repeat:", "de:", "dn:", "metrics:", "limiter:", "groups:")
_OWN_END = (":lock", ":logs", ":dependencies", ":processed", ":failed", ":unsuccessful", ":limited")


def custom_id(identity: Identity, given: object) -> str:
    """The id as text; Invalid with the reason where it cannot be one."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise Invalid("The option jobId is a text.")
    wanted = plain_text("The option jobId", str(given), ID_LIMIT)
    if why := _own_key(wanted) or (_not_in_bullmq(identity, wanted) if identity.dialect is not Dialect.BULL else ""):
        raise Invalid(f"A job cannot have the id {printable(wanted)}: {why}.", "Choose another, or leave jobId out.")
    return wanted


def _own_key(wanted: str) -> str:
    if not wanted:
        return "it is empty"
    if wanted in _OWN or wanted.startswith(_OWN_BEGIN) or wanted.endswith(_OWN_END):
        return "the queue has, or may have, a key of that name for itself"
    return ""


def _not_in_bullmq(identity: Identity, wanted: str) -> str:
    if wanted == "0" or wanted.startswith("0:"):
        return "BullMQ's own wake-up marks are called so"
    if identity.dialect is not Dialect.MQ5:
        return ""
    if re.fullmatch(r"-?(0|[1-9]\d*)", wanted):
        return "BullMQ from 5 on gives numbers itself"
    # A version that is not known may be the newest.
    refuses_colons = at_least(identity, *_NO_COLONS_SINCE) is not False
    return "BullMQ allows no colons in it" if refuses_colons and wanted.count(":") not in (0, 2) else ""
