from __future__ import annotations

import asyncio
import base64
from contextlib import suppress

import pytest

from core.errors import RateLimited
from core.settings import Settings
from dashboard.auth import Login, Throttle, bears
from dashboard.passwords import hash_password, verify
from tests.dashboard.fixed_herd import FixedHerd
from tests.dashboard.served import client, dashboard

SETTINGS = Settings(user="ada", password_hash=hash_password("pass:wörd"))
HASHES = {"ada": SETTINGS.password_hash}


def basic(user: str, password: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Clock:
    """Stands still until told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were really put to scrypt, in order."""
    tried: list[str] = []

    def counted(password: str, hashed: str) -> bool:
        tried.append(password)
        return verify(password, hashed)

    monkeypatch.setattr("dashboard.auth.verify", counted)
    return tried


def test_a_stranger_is_asked_to_log_in_and_told_how() -> None:
    answer = client(dashboard(FixedHerd(), SETTINGS)).get("/")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="Tickbird", charset="UTF-8"'
    assert answer.json()["code"] == "unauthorized"


def test_whoever_logs_in_is_known_by_name_behind_the_gate() -> None:
    http = client(dashboard(FixedHerd(), SETTINGS))

    assert http.get("/", headers={"Authorization": basic("ada", "pass:wörd")}).text == "ada"
    assert client(dashboard(FixedHerd(), Settings())).get("/").text == ""


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic \u00e9".encode("latin-1").decode("latin-1"),
        basic("ada", ""),
        basic("ada", "pass:worde"),
        basic("ada", "pass:wörd "),
        basic("Ada", "pass:wörd"),
        basic("", "pass:wörd"),
        basic("ada", "pass:wörd", "Bearer"),
        basic("ada", "pass:wörd", "Digest"),
        basic("ada", "x" * 2000),
        f"Basic {base64.b64encode(b'ada').decode()}",
        f"Basic {base64.b64encode(bytes(range(256))).decode()}",
    ],
)
async def test_anything_but_the_right_name_and_password_is_refused(header: str) -> None:
    assert not await Login(HASHES).admits(header)


async def test_the_scheme_may_be_written_in_any_case() -> None:
    assert await Login(HASHES).admits(basic("ada", "pass:wörd", "bAsIc"))


async def test_scrypt_is_paid_once_and_not_for_each_request(checks: list[str]) -> None:
    login = Login(HASHES)
    for _ in range(50):
        assert await login.admits(basic("ada", "pass:wörd")) == "ada"

    assert checks == ["pass:wörd"]


async def test_the_parts_of_a_page_and_all_tabs_after_a_restart_log_in_together(checks: list[str]) -> None:
    login = Login(HASHES)

    assert all(await asyncio.gather(*(login.admits(basic("ada", "pass:wörd")) for _ in range(200))))
    assert checks == ["pass:wörd"]


async def test_who_goes_away_while_logging_in_takes_nobody_along(checks: list[str]) -> None:
    login = Login(HASHES)
    first, second = (asyncio.ensure_future(login.admits(basic("ada", "pass:wörd"))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()

    assert await second
    assert checks == ["pass:wörd"]


async def test_a_failed_login_is_in_the_log_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    await Login(HASHES).admits(basic("ada", "hunter2"))

    assert "wrong name or password" in caplog.text
    assert "hunter2" not in caplog.text


async def test_the_same_wrong_password_is_worked_out_once(checks: list[str]) -> None:
    login = Login(HASHES)
    for _ in range(20):
        assert not await login.admits(basic("ada", "stale"))

    assert checks == ["stale"]


async def test_a_wrong_name_costs_as_much_as_a_wrong_password(checks: list[str]) -> None:
    login = Login(HASHES)
    await login.admits(basic("nobody", "pass:wörd"))

    assert checks == ["pass:wörd"]


async def test_who_is_logged_in_notices_nothing_of_an_attack() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    login = Login(HASHES, throttle)
    assert await login.admits(basic("ada", "pass:wörd"))
    with suppress(RateLimited):
        while True:
            throttle.wait()

    assert await login.admits(basic("ada", "pass:wörd"))


async def test_no_number_of_failures_locks_the_right_password_out() -> None:
    throttle = Throttle()
    for _ in range(100_000):
        throttle.failed()

    assert await Login(HASHES, throttle).admits(basic("ada", "pass:wörd"))


async def test_remembering_wrong_passwords_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.auth.verify", lambda *_: False)
    login = Login(HASHES, Throttle(iter(range(10**6)).__next__))
    for number in range(200):
        assert not await login.admits(basic("ada", str(number)))

    assert len(login._wrong) == Login.WRONG_REMEMBERED


def test_guesses_are_spaced_out_and_after_failures_further() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert [round(throttle.wait(), 3) for _ in range(4)] == [0.0, 0.1, 0.2, 0.3]

    clock.now = 1.0
    for _ in range(6):
        throttle.failed()
    assert [round(throttle.wait(), 3) for _ in range(4)] == [0.0, 0.5, 1.0, 1.5]


def test_an_attack_gets_two_guesses_a_second_and_the_rest_are_turned_away() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(10):
        throttle.failed()
    admitted = 0
    for tick in range(60_000):
        clock.now = tick / 1000
        if tick % 600 == 0:
            throttle.failed()
        try:
            assert throttle.wait() <= Throttle.LONGEST_WAIT
            admitted += 1
        except RateLimited:
            pass

    assert admitted <= 60 * 2 + Throttle.LONGEST_WAIT / Throttle.PACE_UNDER_ATTACK + 2


def test_failures_are_forgiven_in_time() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(20):
        throttle.failed()
    clock.now = 300.0

    assert [round(throttle.wait(), 3) for _ in range(2)] == [0.0, 0.1]


def test_a_full_line_answers_with_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Throttle, "LONGEST_WAIT", -1.0)
    answer = client(dashboard(FixedHerd(), SETTINGS)).get("/", headers={"Authorization": basic("ada", "x")})

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", "Bearer t0keN", "Basic t0ken", "t0ken", "Bearer t0ken x"])
def test_only_the_whole_token_opens(sent: str) -> None:
    assert not bears(sent, "t0ken")
    assert bears("bearer t0ken", "t0ken")


def test_no_token_is_nobodys_token() -> None:
    assert not bears("Bearer ", "")
    assert not bears("", "")


def test_neither_hash_nor_token_is_shown_by_the_settings() -> None:
    assert "scrypt" not in repr(Settings(user="ada", password_hash="scrypt$x", metrics_token="t0ken"))
    assert "t0ken" not in repr(Settings(metrics_token="t0ken"))
