"""Puts the folder that holds `core`, `dashboard`, `exporter`, `templates` and `static` on the import path.

In a checkout that is the repository's root. In the wheel it is `tickbird/_bundle/`, which repeats the
root's shape, so that none of those common names lies bare in site-packages.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUNDLE = HERE / "_bundle"
ROOT = BUNDLE if BUNDLE.is_dir() else HERE.parent


def mount() -> None:
    """Make this tree's `core`, `dashboard` and `exporter` win over any other package of that name.

    For entry points only, before they import any of the three: `import tickbird` alone changes nothing,
    so a program that merely imports it keeps its own `core`. Calling it again does no harm.
    """
    if sys.path[0] == str(ROOT):
        return
    sys.path.insert(0, str(ROOT))
