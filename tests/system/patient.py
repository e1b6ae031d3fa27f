"""`python -m tests.system.patient serve …`: Tickbird that waits for its own end, however slow the machine is."""

from __future__ import annotations

from tickbird import serve
from tickbird.__main__ import main


def wait() -> None:
    serve.LONGEST = 50.0


if __name__ == "__main__":
    wait()
    main()
