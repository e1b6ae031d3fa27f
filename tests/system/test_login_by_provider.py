"""Logging in by a real OpenID provider in a real browser: the button, the provider's pages, and back."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.interop.openid import BASE, OpenId, address, listening, served, settings_for
from tests.system.conftest import DEADLINE


def test_one_presses_the_button_logs_in_elsewhere_and_is_where_one_wanted_to_be(chromium: Browser) -> None:
    with listening() as door, OpenId.start(address(door)) as provider:
        settings = settings_for(address(door), provider.issuer, oidc={"button": "Log in with the company"})
        with served(settings, door):
            context = chromium.new_context()
            context.set_default_timeout(DEADLINE * 1000)
            page = context.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: complaints.append(message.text) if _is_of_csp(message.text) else None)

            page.goto(f"{address(door)}{BASE}/queues/default/bull/mail?state=failed")
            page.get_by_role("link", name="Log in with the company").click()
            expect(page).to_have_url(re.compile(re.escape(provider.issuer)))
            page.locator("[name=login]").fill("ada")
            page.locator("[name=password]").fill("any")
            page.locator("button[type=submit]").click()
            page.locator("button[type=submit]", has_text="Continue").click()
            expect(page).to_have_url(f"{address(door)}{BASE}/queues/default/bull/mail?state=failed")
            expect(page.locator(".who")).to_contain_text("ada@example.com")

            page.get_by_role("button", name="Log out").first.click()
            expect(page).to_have_url(f"{address(door)}{BASE}/login")
            page.goto(f"{address(door)}{BASE}")
            expect(page.get_by_role("link", name="Log in with the company")).to_be_visible()
            context.close()
            assert complaints == []


def _is_of_csp(text: str) -> bool:
    return re.search(r"Content[ -]Security[ -]Policy|Trusted", text) is not None
