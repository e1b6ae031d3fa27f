"""The headless commands on a real Redis: what they print, what they do, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import redis as redis_py
from click.testing import CliRunner, Result

from core.text import raw_bytes
from tests.core import layout
from tests.dashboard.described import check
from tickbird.commands import tickbird
from tickbird.demo.server import EmbeddedServer

Run = Callable[..., Result]


@pytest.fixture
def run(server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A command on the server, on which the queue `mail` has 30 failed jobs and two that wait."""
    monkeypatch.chdir(tmp_path)
    base = layout.queue(redis)
    layout.failed(redis, base, *(f"f{n}" for n in range(30)))
    layout.waiting(redis, base, "1", "2")

    def command(*words: str, answer: str = "") -> Result:
        return CliRunner().invoke(tickbird, [*words, "--redis", server.url], input=answer)

    return command


def test_queues_are_listed_for_people_and_for_programs(run: Run) -> None:
    told, printed = run("queues"), run("queues", "--json")

    assert "default/bull/mail" in told.stdout
    assert "failed 30" in told.stdout
    check("Queues", json.loads(printed.stdout))
    assert (told.exit_code, printed.exit_code) == (0, 0)


def test_jobs_are_listed_page_by_page(run: Run) -> None:
    told = run("jobs", "mail", "--state", "failed", "--limit", "7")
    page = json.loads(run("jobs", "mail", "--state", "failed", "--limit", "7", "--json").stdout)

    check("JobPage", page)
    assert told.stdout.count("welcome") == len(page["jobs"]) == 7
    assert f"7 of 30; go on with --cursor {page['next']}" in told.stderr


def test_a_job_is_shown_whole(run: Run) -> None:
    check("Job", json.loads(run("job", "bull:mail", "f3", "--json").stdout))
    assert "failed" in run("job", "bull:mail", "f3").stdout


def test_named_jobs_are_retried_and_a_refusal_keeps_none_of_the_others(run: Run, redis: redis_py.Redis) -> None:
    done = run("retry", "mail", "f1", "nosuch", "f2", "--json")
    said = json.loads(done.stdout)

    assert done.exit_code == 1
    assert [outcome["id"] for outcome in said["outcomes"]] == ["f1", "f2"]
    assert [(refused["id"], refused["code"]) for refused in said["refused"]] == [("nosuch", "not_found")]
    assert redis.zcard("bull:mail:failed") == 28


def test_all_jobs_of_a_state_are_asked_about_with_their_number(run: Run, redis: redis_py.Redis) -> None:
    declined = run("retry", "mail", "--all", "--state", "failed", answer="n\n")
    assert "retry 30 jobs of default/bull/mail?" in declined.stderr
    assert declined.exit_code == 1
    assert redis.zcard("bull:mail:failed") == 30

    agreed = run("retry", "mail", "--all", "--state", "failed", "--reason", "they were down", answer="y\n")
    assert "done: retry did 30 of 30 jobs." in agreed.stdout
    assert agreed.exit_code == 0
    assert redis.zcard("bull:mail:failed") == 0


def test_yes_answers_the_question(run: Run, redis: redis_py.Redis) -> None:
    done = run("remove", "mail", "--all", "--state", "failed", "--yes", "--json")

    check("Operation", json.loads(done.stdout))
    assert done.exit_code == 0
    assert not redis.exists("bull:mail:f0")


def test_cleaning_keeps_the_newest_and_stops_at_the_limit(run: Run, redis: redis_py.Redis) -> None:
    assert run("clean", "mail", "--state", "failed", "--limit", "5", "--yes").exit_code == 0
    assert redis.zcard("bull:mail:failed") == 25
    assert run("clean", "mail", "--state", "failed", "--grace", "2h", "--yes").exit_code == 0
    assert redis.zcard("bull:mail:failed") == 25
    assert run("clean", "mail", "--state", "failed", "--keep", "10", "--yes").exit_code == 0
    assert redis.zcard("bull:mail:failed") == 10


def test_draining_empties_what_waits(run: Run, redis: redis_py.Redis) -> None:
    assert run("drain", "mail", "--yes").exit_code == 0
    assert redis.llen("bull:mail:wait") == 0


def test_what_was_skipped_is_told_and_ends_with_1(run: Run, redis: redis_py.Redis) -> None:
    redis.set("bull:mail:f7:lock", "token")
    done = run("retry", "mail", "--all", "--state", "failed", "--yes")

    assert done.exit_code == 1
    assert "did 29 of 30" in done.stdout
    assert "skipped 1: locked" in done.stdout
    assert "f7" in done.stdout


def test_a_queue_is_paused_without_a_question_and_all_of_them_with_one(run: Run, redis: redis_py.Redis) -> None:
    assert run("pause", "mail").exit_code == 0
    assert redis.hget("bull:mail:meta", "paused") == b"1"
    assert run("pause", "mail").exit_code == 0
    assert run("resume", "--all", answer="n\n").exit_code == 1
    assert run("resume", "--all", answer="y\n").exit_code == 0
    assert redis.hget("bull:mail:meta", "paused") is None


def test_a_name_that_several_queues_have_is_refused_with_all_of_them(
    run: Run, redis: redis_py.Redis, server: EmbeddedServer, tmp_path: Path
) -> None:
    layout.queue(redis, "other:mail:")
    (tmp_path / "tickbird.toml").write_text(f'[[redis]]\nname = "main"\nurl = "{server.url}"\nprefixes = ["*"]\n')
    several = CliRunner().invoke(tickbird, ["jobs", "mail", "--state", "failed"])

    assert several.exit_code == 2
    assert "main/bull/mail" in several.stderr
    assert "main/other/mail" in several.stderr
    for name in ("main/bull/mail", "bull:mail"):
        assert CliRunner().invoke(tickbird, ["jobs", name, "--state", "failed"]).exit_code == 0


def test_an_unknown_name_is_told_with_the_nearest(run: Run) -> None:
    done = run("jobs", "mial", "--state", "failed")

    assert done.exit_code == 1
    assert "Did you mean mail?" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("retry", "mail"),
        ("retry", "mail", "f1", "--all"),
        ("retry", "mail", "--all"),
        ("retry", "mail", "--all", "--state", "waiting", "--yes"),
        ("clean", "mail", "--state", "failed", "--grace", "soon"),
        ("pause",),
        ("pause", "mail", "--all"),
    ],
    ids=" ".join,
)
def test_words_that_make_no_sense_end_with_2(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_a_redis_that_is_away_ends_with_1(run: Run) -> None:
    for words in (("queues",), ("jobs", "mail", "--state", "failed"), ("pause", "--all", "--yes")):
        done = CliRunner().invoke(tickbird, [*words, "--redis", "redis://127.0.0.1:1/0"])
        assert done.exit_code == 1
        assert "cannot be reached" in done.stderr


def test_nothing_in_a_name_moves_the_cursor(run: Run, redis: redis_py.Redis) -> None:
    layout.failed(redis, b"bull:mail:", "evil", name=raw_bytes("\x1b[2Jgone"), at=layout.now() + 5000)

    assert "\x1b" not in run("jobs", "mail", "--state", "failed").stdout
