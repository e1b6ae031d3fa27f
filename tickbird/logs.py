"""Logs for people or for machines: one line per trouble, on standard error."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import OrderedDict

from core.text import printable

# The same line again within this time (seconds) is the same trouble; of so many different ones it is known.
SAME, MOST = 60.0, 500


class JsonLine(logging.Formatter):
    """A log record as one line of JSON: time (RFC 3339, UTC), level, logger, message, and a traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line = {"time": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class TextLine(logging.Formatter):
    """The same for people. What it tells of begins no line of its own, whatever a job or a server is called."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # logging's own name
        record.message = printable(record.message).replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)


class OncePerFault(logging.Filter):
    """Of a fault of ours that comes with every tick the first passes; those that follow within a minute are told with
    the next that passes. Warnings are said once by who says them, and again when it is over: both must pass."""

    def __init__(self) -> None:
        super().__init__()
        self._told: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR:
            return True
        message = record.getMessage()
        since, more = self._told.pop((record.name, message), (float("-inf"), 0))
        passes = time.monotonic() - since > SAME
        self._told[record.name, message] = (time.monotonic(), 0) if passes else (since, more + 1)
        if len(self._told) > MOST:
            self._told.popitem(last=False)
        if passes and more:
            record.msg, record.args = f"{message} (and {more} times more since it was last told)", None
        return passes


def configure_logs(form: str) -> None:
    """Warnings of everybody and information of our own, in the form that the settings ask for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    handler.addFilter(OncePerFault())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("tickbird").setLevel(logging.INFO)
