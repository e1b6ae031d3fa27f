"""`python -m tests.system.stuck serve …`: Tickbird with a look-up of a name under way that never ends.

It stands in a thread of its loop, as getaddrinfo does where no name server answers.
"""

from __future__ import annotations

import asyncio
import socket
import threading

from tests.system import patient
from tickbird import serve
from tickbird.__main__ import main


class Stuck(serve.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
        await super().startup(sockets)


if __name__ == "__main__":
    patient.wait()
    serve.Server = Stuck  # type: ignore[misc] # what it makes when it serves
    main()
