"""One line per trouble: a fault that comes with every tick is told once a minute, what people did one by one."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator

import pytest

from tickbird import logs

Lines = Callable[[], list[str]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    root, own = logging.getLogger(), logging.getLogger("tickbird")
    level, own_level = root.level, own.level
    monkeypatch.setattr(root, "handlers", [])

    def lines() -> list[str]:
        return capsys.readouterr().err.splitlines()

    yield lines
    root.setLevel(level)
    own.setLevel(own_level)


def fault(log: logging.Logger, words: str = "a reading of %s failed") -> None:
    try:
        int("odd")
    except ValueError:
        log.exception(words, "default")


def test_the_same_fault_at_every_tick_is_told_once_and_its_number_later(
    told: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure_logs("json")
    log, right = logging.getLogger("tickbird.core.x"), time.monotonic
    for _ in range(50):
        fault(log)
    fault(log, "another one of %s")
    monkeypatch.setattr(time, "monotonic", lambda: right() + logs.SAME + 1)
    fault(log)
    messages = [json.loads(line)["message"] for line in told()]
    assert messages == [
        "a reading of default failed",
        "another one of default",
        "a reading of default failed (and 49 times more since it was last told)",
    ]


def test_a_trouble_and_its_end_are_told_however_often_they_come(told: Lines) -> None:
    logs.configure_logs("json")
    log = logging.getLogger("tickbird.core.x")
    for _ in range(3):
        log.warning("Redis default cannot be reached")
        log.warning("Redis default answers again")
        log.info("somebody did something")
    assert len(told()) == 9


@pytest.mark.parametrize("form", ["text", "json"])
def test_whatever_it_tells_of_each_is_one_line(told: Lines, form: str) -> None:
    logs.configure_logs(form)
    logging.getLogger("tickbird.core.x").warning("job %s", 'a\nb\r\n{"level":"error"}\x1b[31m')
    (line,) = told()
    assert "job a" in line
    assert "\x1b" not in line
    assert form == "text" or json.loads(line)["level"] == "warning"


def test_of_many_different_faults_only_so_many_are_remembered(told: Lines) -> None:
    logs.configure_logs("text")
    once = logs.OncePerFault()
    for number in range(3 * logs.MOST):
        record = logging.LogRecord("x", logging.ERROR, "", 0, f"fault {number}", None, None)
        assert once.filter(record)
    assert len(once._told) == logs.MOST
    assert told() == []
