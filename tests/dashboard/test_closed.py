"""What is not offered is refused, and nothing about a request but its login opens a door."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.access.accounts import Grant, User
from core.herd import Herd
from core.settings import Settings
from dashboard.api.calls import CALLS
from exporter.probes import probes
from tests.dashboard.access_matrix import doors, the_app
from tests.dashboard.browsing import BASE, application, browser
from tests.dashboard.called import address
from tests.dashboard.fixed_herd import FixedHerd, small_company
from tests.dashboard.fixed_operations import LIVE
from tests.dashboard.served import cheap_hash

ROOT = Path(__file__).parents[2]
PLACE = {"instance": "default", "prefix": "bull", "name": "mail", "job_id": "3", "operation_id": LIVE}
CHANGING = [door for door in doors(the_app()) if door.method != "GET"]
REFUSED = {400, 404, 409, 415}
MULTIPART = (
    '--x\r\nContent-Disposition: form-data; name="confirmed"\r\n\r\nyes\r\n'
    '--x\r\nContent-Disposition: form-data; name="file"; filename="../../etc/passwd"\r\n\r\nupload\r\n--x--\r\n'
)


def house(settings: Settings | None = None, *, peer: str = "testclient") -> tuple[FixedHerd, TestClient]:
    herd = small_company(**({"settings": settings} if settings else {}))
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    app = application(herd)
    return herd, TestClient(app, base_url="http://localhost", headers=headers, client=(peer, 4711))


# Refused before anything happens, so all may knock at the same one.
shared = cache(house)


@pytest.mark.parametrize("door", CHANGING, ids=lambda door: f"{door.method} {door.path.removeprefix(BASE)}")
def test_no_door_takes_an_upload(door: tuple[str, str, object]) -> None:
    method, path = door[0], re.sub(r"{(\w+)}", lambda part: PLACE.get(part[1], "x"), door[1])
    known = {(call.method, f"{BASE}/api{call.path}"): address(call) for call in CALLS}
    herd, client = shared()
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.request(method, known.get((method, door[1]), path), content=MULTIPART, headers=headers)

    assert answer.status_code in REFUSED, answer.text[:500]
    assert not any(queue.paused for queue in herd.queues if queue.id.name == "mail")


@pytest.mark.parametrize("path", ["", "/queues/default/bull/mail", "/api/queues", "/static/"])
def test_no_part_of_an_answer_can_be_asked_for(path: str) -> None:
    client = browser(small_company())
    if path == "/static/":
        path = re.findall(rf"{BASE}(/static/[^\"]+\.js)", client.get(BASE).text)[0]
    answer = client.get(BASE + path, headers={"range": "bytes=0-1,2-3,0-"})

    assert answer.status_code == 200
    assert "content-range" not in answer.headers
    assert len(answer.content) > 100


FORWARDED = {
    "x-forwarded-for": "127.0.0.1",
    "x-real-ip": "127.0.0.1",
    "forwarded": "for=127.0.0.1;host=localhost",
    "x-forwarded-user": "ada",
    "remote-user": "ada",
    "x-original-url": "/healthz",
    "x-rewrite-url": "/healthz",
}


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.9"])
def test_nothing_but_a_login_opens_the_door_wherever_one_seems_to_stand(
    peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("APP_ENV", "ENV", "NODE_ENV", "PYTHON_ENV", "TICKBIRD_ENV"):
        monkeypatch.setenv(name, "local")
    users = (User("ada", Grant("admin"), cheap_hash("secret")),)
    _, client = house(Settings(users=users), peer=peer)

    assert client.get(f"{BASE}/api/queues", headers=FORWARDED).status_code == 401
    assert client.post(f"{BASE}/queues/default/bull/mail/pauses", headers=FORWARDED).status_code == 401


def test_the_probes_tell_nothing_but_whether_all_is_well() -> None:
    for herd, ready in ((small_company(), {"ready\n"}), (small_company(down=("default", "b")), {UNREADY})):
        said = {route.path: _asked(herd, route.path) for route in probes(herd)}

        assert said == {"/healthz": "ok\n", "/readyz": ready.pop()}


UNREADY = "Redis cannot be reached.\n"


def _asked(herd: Herd, path: str) -> str:
    return TestClient(Starlette(routes=list(probes(herd)))).get(path).text


def test_starlette_is_new_enough_for_its_known_holes_to_be_closed() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

    assert "starlette>=1.3.1,<2" in asked
    assert tuple(int(part) for part in version("starlette").split(".")[:3]) >= (1, 3, 1)
