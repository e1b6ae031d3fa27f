"""A connection of somebody's browser or program, which may hold no more of this process than it uses.

uvicorn waits for ever for a request that does not come, for one without an end, and for a reader that reads nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# A request line and its headers; browsers send a few kilobytes, cookies of other applications included.
LARGEST_HEAD = 64 * 1024
# From the first byte, or the opening of the connection, until a request is there with its body (seconds).
SLOWEST_REQUEST = 60.0
# A reader whose buffer has stayed full for so long takes nothing (seconds).
SLOWEST_READER = 30.0
# Beyond these, a connection is ended as it comes: the descriptors of those that are there must do.
MOST = 2_000
# What a process asks for, and what it needs besides those connections: to each Redis, to its own, to files.
DESCRIPTORS = 8_192
OTHER_DESCRIPTORS = 200
# Linux knows it, others do not.
_USER_TIMEOUT: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)


class Connection(HttpToolsProtocol):
    """uvicorn's own, with an end to each kind of waiting."""

    most = MOST
    _head = 0
    _ends: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn's
        super().connection_made(transport)
        _unacknowledged_for(transport, SLOWEST_READER)
        if len(self.connections) > self.most:
            transport.abort()
        else:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        _off(self._ends)
        _off(self._stuck)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_between():
            self._expect()
        self._head += len(data)
        super().data_received(data)
        if self._head > LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of this request is too large.")

    def on_headers_complete(self) -> None:
        # What follows is the body, which whoever reads it limits.
        self._head = -(1 << 62)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._head = 0
        _off(self._ends)
        self._ends = None
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(SLOWEST_READER, self.transport.abort)

    def resume_writing(self) -> None:
        _off(self._stuck)
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # What is still to be sent may be for nobody.
        self.loop.call_later(SLOWEST_READER, self.transport.abort)

    def _is_between(self) -> bool:
        """Whether no request is under way: neither coming in, nor being answered."""
        return self._ends is None and (self.cycle is None or self.cycle.response_complete)

    def _expect(self) -> None:
        _off(self._ends)
        self._ends = self.loop.call_later(SLOWEST_REQUEST, self.transport.abort)


def room() -> int:
    """As many connections as this process may hold, once it has asked for more descriptors than it usually gets."""
    if sys.platform == "win32":
        return MOST
    import resource  # noqa: PLC0415 # there is none on Windows

    def known(limit: int) -> int:
        return DESCRIPTORS if limit == resource.RLIM_INFINITY else limit

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if known(soft) < (wanted := min(known(hard), DESCRIPTORS)):
        with contextlib.suppress(OSError, ValueError):  # a system may allow less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(MOST, known(soft) - OTHER_DESCRIPTORS))


def _unacknowledged_for(transport: asyncio.Transport, seconds: float) -> None:
    """Let the system end a connection whose other side is gone, or takes nothing: it alone sees either at once."""
    sending: socket.socket | None = transport.get_extra_info("socket")
    if sending is not None and sending.family in (socket.AF_INET, socket.AF_INET6) and _USER_TIMEOUT is not None:
        sending.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, int(1000 * seconds))


def _off(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
