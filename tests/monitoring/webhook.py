"""A receiver of Alertmanager's messages, on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Inbox:
    """What has arrived at this URL, alert by alert."""

    url: str
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def status_of(self, name: str, queue: str) -> list[str]:
        """What was said of an alert of a queue, in its order: firing, resolved."""
        about = [alert for alert in self.alerts if alert["labels"]["alertname"] == name]
        return [alert["status"] for alert in about if alert["labels"].get("queue") == queue]

    def first(self, name: str) -> dict[str, Any]:
        return next(alert for alert in self.alerts if alert["labels"]["alertname"] == name)


@contextmanager
def inbox() -> Iterator[Inbox]:
    received: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            received.extend({**alert, "receiver": message["receiver"]} for alert in message["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: the test's own output is enough."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Inbox(f"http://127.0.0.1:{server.server_port}", received)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
