"""The webhook that the settings mean; what sends it is loaded only where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.audit.webhook_target import webhook_target
from core.settings import Settings

if TYPE_CHECKING:
    from core.audit.webhook import Webhook


def webhook(settings: Settings) -> Webhook | None:
    """None where no address is configured, which is so unless somebody does."""
    target = webhook_target(settings)
    if target is None:
        return None
    from core.audit.webhook import Webhook  # noqa: PLC0415 # an HTTP client takes a fifth of a second to load

    return Webhook(target)
