"""A way to a server that can be slow, silent or cut: what a network does between Tickbird and Redis."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 65_536


class Lane:
    """Forwards to `port` from its own. `delay` holds every piece so long (seconds), `silent` lets nothing through in
    either direction and answers no new connection, `cut` ends what is open."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.delay = 0.0
        self.silent = False
        self._open: set[socket.socket] = set()
        self._ends = threading.Event()

    def cut(self) -> None:
        """End every connection."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Take connections until it ends."""
        talks: list[threading.Thread] = []
        while not self._ends.is_set():
            try:
                near, _ = self._listening.accept()
            except OSError:
                break
            talks.append(threading.Thread(target=self._connect, args=(near,), daemon=True))
            talks[-1].start()
        self.cut()
        for talk in talks:
            talk.join(10)

    def end(self) -> None:
        """Take no more, and end what is open."""
        self._ends.set()
        # One last connection wakes who waits for one.
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._listening.close()
        self.cut()

    def _connect(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as far:
            self._open |= {near, far}
            back = threading.Thread(target=self._forward, args=(far, near), daemon=True)
            back.start()
            self._forward(near, far)
            back.join()
            self._open -= {near, far}

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                if self.delay:
                    time.sleep(self.delay)
                while self.silent and not self._ends.is_set():
                    time.sleep(0.02)
                target.sendall(piece)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def lane(port: int) -> Iterator[Lane]:
    """One to that port, until the block ends."""
    way = Lane(port)
    thread = threading.Thread(target=way.run, daemon=True)
    thread.start()
    try:
        yield way
    finally:
        way.end()
        thread.join(20)
