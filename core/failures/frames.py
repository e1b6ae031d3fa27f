"""Which lines of a stack are frames, and which of these are of the application's own code: as Node and Python write
them. One rule, for what groups failures and for what shows them."""

from __future__ import annotations

import re

# Frames of Node itself and of the engine, and of what was installed rather than written.
_FOREIGN = re.compile(
    r"node_modules[\\/]|\bnode:|\(internal[\\/]|\(native\)|\bnative\b\)?$|<anonymous>\)?$|[\\/]\.(?:yarn|pnpm)[\\/]"
    r"|site-packages|dist-packages|[\\/]lib[\\/]python"
)
_FRAME = re.compile(r'^[ \t]{1,8}(?:at |File ")')
_PYTHON = "Traceback (most recent call last)"


def is_frame(line: str) -> bool:
    """Whether this line of a stack is a place in some code."""
    return _FRAME.match(line) is not None


def is_foreign(line: str) -> bool:
    """Whether that frame is not of the application's own code."""
    return _FOREIGN.search(line) is not None


def innermost_last(stack: str) -> bool:
    """Whether the stack names the last call last, as Python does."""
    return _PYTHON in stack
