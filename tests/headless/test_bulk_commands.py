"""The headless commands that act on many jobs or queues, and those that add and edit, on a real Redis."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import redis as redis_py
from click.testing import CliRunner, Result

from tests.core import layout
from tests.dashboard.described import check
from tickbird.commands import tickbird
from tickbird.demo.server import EmbeddedServer

Run = Callable[..., Result]


@pytest.fixture
def run(server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A command on the server, on which `mail`, `mail-retry` and `video` have three failed jobs each."""
    monkeypatch.chdir(tmp_path)
    for name in ("mail", "mail-retry", "video"):
        base = layout.queue(redis, f"bull:{name}:")
        layout.failed(redis, base, "f0", "f1", "f2")
        layout.waiting(redis, base, "1", "2")

    def command(*words: str, answer: str = "") -> Result:
        return CliRunner().invoke(tickbird, [*words, "--redis", server.url], input=answer)

    return command


def left(redis: redis_py.Redis, key: str = "failed") -> dict[str, int]:
    sizes = {name: f"bull:{name}:{key}" for name in ("mail", "mail-retry", "video")}
    return {name: redis.zcard(at) if key == "failed" else redis.llen(at) for name, at in sizes.items()}


@pytest.mark.parametrize(
    "words",
    [
        ("retry", "mail", "--all", "--state", "failed"),
        ("remove", "mail", "--all", "--state", "failed"),
        ("clean", "mail", "--state", "failed"),
        ("drain", "mail"),
        ("pause", "mail"),
        ("resume", "mail"),
        ("obliterate", "mail"),
        ("drop-ghosts", "mail"),
        ("retry", "mail", "--query", "id:f1"),
        ("change-priority", "mail", "--state", "waiting", "--priority", "3"),
        ("change-delay", "mail", "--delay", "5m"),
        ("move", "mail", "--state", "failed", "--to", "bull:video"),
    ],
    ids=" ".join,
)
def test_a_dry_run_only_counts(run: Run, redis: redis_py.Redis, words: tuple[str, ...]) -> None:
    before = {key: redis.dump(key) for key in redis.scan_iter("*")}
    told, printed = run(*words, "--dry-run"), run(*words, "--dry-run", "--json")

    assert (told.exit_code, printed.exit_code) == (0, 0)
    assert told.stdout.startswith(f"Would {words[0]}")
    check("Operation", json.loads(printed.stdout))
    assert json.loads(printed.stdout)["status"] == "previewed"
    assert {key: redis.dump(key) for key in redis.scan_iter("*")} == before


def test_a_pattern_takes_every_queue_that_is_called_so(run: Run, redis: redis_py.Redis) -> None:
    assert run("clean", "mail*", "--state", "failed", "--yes").exit_code == 0
    assert left(redis) == {"mail": 0, "mail-retry": 0, "video": 3}
    assert run("retry", "vid?o", "--all", "--state", "failed", "--yes").exit_code == 0
    assert left(redis)["video"] == 0


def test_several_names_are_taken_together_and_each_queue_once(run: Run, redis: redis_py.Redis) -> None:
    done = json.loads(run("drain", "video", "mail*", "mail", "--yes", "--json").stdout)
    assert sorted(href.rpartition("/")[2] for href in done["queues"]) == ["mail", "mail-retry", "video"]
    assert left(redis, "wait") == {"mail": 0, "mail-retry": 0, "video": 0}


def test_a_pattern_that_nothing_is_called_like_ends_with_1(run: Run) -> None:
    done = run("pause", "nosuch*")
    assert done.exit_code == 1
    assert "No queue is called like 'nosuch*'" in done.stderr


def test_all_queues_are_asked_about(run: Run, redis: redis_py.Redis) -> None:
    declined = run("clean", "--all", "--state", "failed", answer="n\n")
    assert declined.exit_code == 1
    assert "clean 9 jobs of" in declined.stderr
    assert sum(left(redis).values()) == 9


def test_a_queue_is_obliterated_only_by_typing_its_name(run: Run, redis: redis_py.Redis) -> None:
    for typed in ("", "y", "video"):
        assert run("obliterate", "mail", answer=f"{typed}\n").exit_code == 1
    assert redis.exists("bull:mail:failed")
    done = run("obliterate", "mail", answer="mail\n")
    assert "Type mail to go on" in done.stderr
    assert "This cannot be undone." in done.stderr
    assert done.exit_code == 0
    assert list(redis.scan_iter("bull:mail:*")) == []
    assert left(redis)["video"] == 3


def test_a_queue_with_running_jobs_is_obliterated_only_by_force(run: Run, redis: redis_py.Redis) -> None:
    redis.hset("bull:mail:a", mapping={"name": "x", "data": "{}", "opts": "{}", "timestamp": "1"})
    redis.lpush("bull:mail:active", "a")
    redis.set("bull:mail:a:lock", "token", px=60_000)
    assert run("obliterate", "mail", "--yes").exit_code == 1
    assert redis.exists("bull:mail:failed")
    assert run("obliterate", "mail", "--yes", "--force").exit_code == 0
    assert list(redis.scan_iter("bull:mail:*")) == []


def test_ids_without_a_job_are_dropped(run: Run, redis: redis_py.Redis) -> None:
    redis.delete("bull:mail:f1")
    done = run("drop-ghosts", "mail", "--yes")
    assert done.exit_code == 0, done.output
    assert redis.zrange("bull:mail:failed", 0, -1) == [b"f0", b"f2"]


def test_a_retry_may_begin_to_count_anew(run: Run) -> None:
    done = json.loads(run("retry", "mail", "--all", "--state", "failed", "--reset-attempts", "--yes", "--json").stdout)
    assert done["options"]["reset_attempts"] is True
    assert done["done"] == 3


def test_a_job_is_added_with_data_and_options(run: Run, redis: redis_py.Redis) -> None:
    done = run("add", "mail", "send", '{"n": 1.10}', "--options", '{"jobId": "mine", "attempts": 3}', "--json")
    assert json.loads(done.stdout)["outcomes"][0]["id"] == "mine"
    assert redis.hget("bull:mail:mine", "name") == b"send"
    assert json.loads(redis.hget("bull:mail:mine", "opts") or b"")["attempts"] == 3


def test_data_come_from_standard_input_too(run: Run, redis: redis_py.Redis) -> None:
    assert run("edit", "mail", "f0", "-", answer='{ "to": "eve", "n": 1.10 }').exit_code == 0
    assert redis.hget("bull:mail:f0", "data") == b'{"to":"eve","n":1.10}'


def test_data_that_are_no_json_are_refused(run: Run, redis: redis_py.Redis) -> None:
    before = redis.hget("bull:mail:f0", "data")
    done = run("edit", "mail", "f0", "{oops")
    assert done.exit_code == 1
    assert "not JSON" in done.stderr
    assert redis.hget("bull:mail:f0", "data") == before


def test_an_editor_that_saves_nothing_changes_nothing(
    run: Run, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = redis.hget("bull:mail:f0", "data")
    monkeypatch.setenv("EDITOR", "true")
    assert run("edit", "mail", "f0").exit_code == 1
    assert redis.hget("bull:mail:f0", "data") == before


def test_what_an_editor_saves_is_stored(
    run: Run, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "edits").write_text('#!/bin/sh\nprintf \'{"to": "eve"}\' > "$1"\ntouch -d "+1 minute" "$1"\n')
    (tmp_path / "edits").chmod(0o755)
    monkeypatch.setenv("EDITOR", str(tmp_path / "edits"))
    assert run("edit", "mail", "f0").exit_code == 0
    assert redis.hget("bull:mail:f0", "data") == b'{"to":"eve"}'


@pytest.mark.parametrize(
    "words",
    [
        ("clean", "mail"),
        ("clean", "--state", "failed"),
        ("clean", "mail", "--all", "--state", "failed"),
        ("obliterate",),
        ("retry", "mail", "f0", "--dry-run"),
        ("add", "mail", "send", "{}", "--options", "[]"),
        ("add", "mail"),
        ("edit", "mail"),
    ],
    ids=" ".join,
)
def test_words_that_make_no_sense_end_with_2(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_only_the_jobs_that_fit_a_query_are_retried(run: Run, redis: redis_py.Redis) -> None:
    redis.hset("bull:mail:f1", "failedReason", "connect ECONNRESET")
    redis.hset("bull:mail-retry:f2", "failedReason", "connect ECONNRESET")
    result = run("retry", "mail*", "--query", "reason:ECONNRESET", "--reason", "it is mended", "--yes")

    assert result.exit_code == 0
    assert "retry did 2 of 2 jobs" in result.stdout
    assert left(redis) == {"mail": 2, "mail-retry": 2, "video": 3}


def test_a_query_that_cannot_be_read_says_where(run: Run) -> None:
    result = run("retry", "mail", "--query", "reason:x nam:y", "--yes")

    assert result.exit_code == 2
    assert "at character 10" in result.stderr
    assert "Did you mean 'name'?" in result.stderr


def test_the_query_is_shown_as_it_was_understood_before_it_is_asked_about(run: Run, redis: redis_py.Redis) -> None:
    result = run("remove", "mail", "--state", "failed", "--query", "id:f1", answer="n\n")

    assert result.exit_code == 1
    assert "remove 1 jobs of default/bull/mail?" in result.stderr
    assert left(redis)["mail"] == 3
    assert (
        "Only jobs of which this is so: id is ‹f1›."
        in run("remove", "mail", "--state", "failed", "--query", "id:f1", "--dry-run").stdout
    )


def test_a_canary_that_nobody_takes_ends_the_command_with_what_it_says(run: Run, redis: redis_py.Redis) -> None:
    result = run("retry", "mail", "--query", "id:f*", "--canary", "1", "--canary-wait", "1s", "--yes")

    assert result.exit_code == 1
    assert "1 did not end within 1 s" in result.stderr
    assert left(redis)["mail"] == 2
