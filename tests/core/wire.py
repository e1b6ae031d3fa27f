"""One bare connection, for what a client library hides: its name, a command left unanswered, a watcher's feed."""

from __future__ import annotations

import socket
from typing import Any, Self

import hiredis

from core.instance import pack


class Wire:
    """A connection to the server at `port`, closed at the end of its block."""

    def __init__(self, port: int, *, name: str = "", db: int = 0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._reader = hiredis.Reader()
        if name:
            assert self.ask("CLIENT", "SETNAME", name) == b"OK"
        if db:
            assert self.ask("SELECT", db) == b"OK"

    def send(self, *command: bytes | str | int) -> None:
        self._socket.sendall(pack(*command))

    def ask(self, *command: bytes | str | int) -> Any:
        self.send(*command)
        return self.reply()

    def reply(self) -> Any:
        """The next reply, waited for up to ten seconds; an error is a value here."""
        while (reply := self._reader.gets()) is False:
            piece = self._socket.recv(65536)
            assert piece, "the server closed the connection"
            self._reader.feed(piece)
        return reply

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
