"""`python -m tests.system.clocked serve …`: Tickbird with a wall clock that somebody sets while it runs.

The file that CLOCK names holds how many seconds it is wrong. Durations go by another clock, which nobody can set:
that one is left alone.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.system import patient
from tickbird.__main__ import main


def _set(clock: Path) -> None:
    right, right_ns, file = time.time, time.time_ns, os.open(clock, os.O_RDONLY)

    def off() -> int:
        return int(os.pread(file, 20, 0) or 0)

    time.time = lambda: right() + off()
    time.time_ns = lambda: right_ns() + off() * 1_000_000_000


if __name__ == "__main__":
    patient.wait()
    _set(Path(os.environ["CLOCK"]))
    main()
