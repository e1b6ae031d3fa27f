"""The page of all components: it shows every one, and nothing serves it unasked."""

from __future__ import annotations

import re
from typing import cast

from starlette.testclient import TestClient

from core.herd import Herd
from dashboard.app import create_app
from dashboard.pages import patterns
from dashboard.rendering import ROOT
from tests.dashboard.browsing import BASE, ORIGIN, browser
from tests.dashboard.fixed_herd import small_company


def test_every_component_is_shown() -> None:
    herd = small_company()
    app = create_app(cast(Herd, herd), herd.settings, extra_routes=[patterns.route(BASE)])
    response = TestClient(app, base_url=ORIGIN, headers={"accept": "text/html"}).get(f"{BASE}/patterns")
    assert response.status_code == 200
    sources = {path.stem: path.read_text() for path in (ROOT / "components").glob("*.html")}
    used = set(re.findall(r"\bui\.(\w+)\(", (ROOT / "pages" / "patterns.html").read_text()))
    while further := {name for each in used for name in re.findall(r"\bui\.(\w+)\(", sources[each])} - used:
        used |= further
    assert set(sources) - used == set()


def test_nobody_gets_it_unasked() -> None:
    assert browser(small_company()).get(f"{BASE}/patterns").status_code == 404
