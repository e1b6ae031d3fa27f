"""Libraries of the extras, loaded when they are needed: without them everything else still works."""

from __future__ import annotations

import importlib
from typing import Any

from core.errors import Invalid


def library(module: str, extra: str, what: str) -> Any:
    """That module. Raises Invalid, saying what to install, where the extra is not; `what` it is needed for."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise Invalid(
            f"{what} needs the extra {extra}, which is not installed.", f"pip install 'tickbird[{extra}]'"
        ) from None
