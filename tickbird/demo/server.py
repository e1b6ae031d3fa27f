"""An embedded Redis-compatible server: its own free port, nothing on disk, gone with its parent.

Knows nothing of Tickbird: the test-suite uses it as its Redis, and the demo as its own.
"""

from __future__ import annotations

import select
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from tickbird.demo.binary import DemoUnavailable, NoServer, ServerBinary, find_server

__all__ = ["EmbeddedServer", "NoServer", "NotStarted", "ServerBinary", "find_server"]

START_SECONDS = 15.0  # a busy machine takes its time; an idle one needs 30 ms
PORT_ATTEMPTS = 20  # a free port may be taken between our look and the server's bind
PORT_SECONDS = 5.0  # a stranger's outgoing connection may use our old port for a moment
SETTINGS = (
    *("--bind", "127.0.0.1"),
    *("--save", ""),
    *("--appendonly", "no"),
    *("--maxmemory", "1gb"),
    *("--maxmemory-policy", "noeviction"),
    *("--loglevel", "notice"),
)
READY = b"Ready to accept connections"

# The shell outlives us by a moment: the end of its stdin is the end of its parent, whatever ended that,
# SIGKILL included. The server holds our pipe as its stdout, so the end of that pipe is the server's end.
KEEPER = """
folder=$1; shift
"$@" </dev/null 2>>"$folder/server.log" & server=$!
echo $server
exec >&-
read -r _
kill -9 $server
wait $server
rm -rf -- "$folder"
"""


class NotStarted(DemoUnavailable):
    """The server ended, or did not answer in time; the message ends with what it said."""


class EmbeddedServer:
    """A running server. As a context manager it stops at the end of the block.

    `url`, `port` and `pid` describe it; the port stays the same over `stop()` and `start_again()`.
    """

    def __init__(self, binary: ServerBinary, *extra_args: str) -> None:
        """Describes a server that is not running yet: use `start`."""
        self.binary = binary
        self.port = 0
        self.pid = 0
        self._extra_args = extra_args
        self._keeper: subprocess.Popen[bytes] | None = None
        self._folder = Path()

    @classmethod
    def start(cls, binary: ServerBinary | None = None, *extra_args: str) -> Self:
        """Starts `binary` (default: `find_server()`) on a free port; `extra_args` win over the defaults.

        Raises NoServer when there is no binary, NotStarted when it does not come up.
        """
        server = cls(binary or find_server(), *extra_args)
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                server._launch(_free_port())
            except NotStarted as failure:
                if attempt == PORT_ATTEMPTS or not _port_was_taken(failure):
                    raise
            else:
                break
        return server

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def running(self) -> bool:
        """Whether the server process lives; false as soon as it crashed or was killed."""
        return self._keeper is not None and not _ended(self._keeper)

    def stop(self) -> None:
        """Ends the server at once and removes what it had on disk. Stopping a stopped one does nothing."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start_again(self) -> None:
        """Starts the server anew, empty, on the port that it had.

        Raises NotStarted if somebody else took that port meanwhile, and kept it for `PORT_SECONDS`.
        """
        self.stop()
        deadline = time.monotonic() + PORT_SECONDS
        while True:
            try:
                return self._launch(self.port)
            except NotStarted as failure:
                if time.monotonic() > deadline or not _port_was_taken(failure):
                    raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, port: int) -> None:
        self.port = port
        self._folder = Path(tempfile.mkdtemp(prefix="tickbird-demo-"))
        log = self._folder / "server.log"
        command = [str(self.binary.path), "--port", str(port), *SETTINGS]
        command += ["--dir", str(self._folder), "--logfile", str(log), *self._extra_args]
        self._keeper = keeper = subprocess.Popen(  # noqa: S603 - our own shell script, over our own binary
            ["/bin/sh", "-c", KEEPER, "tickbird-demo-server", str(self._folder), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that Ctrl-C reaches only us
        )
        self.pid = int(_output(keeper).readline())
        if not _became_ready(keeper, log):
            said = _last_lines(log)
            self.stop()
            raise NotStarted(f"{self.binary.path} did not start on port {port}. {said}")


def _became_ready(keeper: subprocess.Popen[bytes], log: Path) -> bool:
    # A server says that it is ready only once it has bound its own port. A reply on that port would prove
    # less: it may come from a stranger who was quicker.
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if log.exists() and READY in log.read_bytes():
            return True
        if _ended(keeper, wait=0.005):
            return False
    return False


def _ended(keeper: subprocess.Popen[bytes], wait: float = 0.0) -> bool:
    end = select.poll()
    end.register(_output(keeper))
    return bool(end.poll(wait * 1000))


def _output(keeper: subprocess.Popen[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", keeper.stdout)  # it was opened as a pipe


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _port_was_taken(failure: NotStarted) -> bool:
    return "in use" in str(failure)


def _last_lines(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "It said nothing."
    return "It said: " + " / ".join(lines[-6:])
