"""The gate as a real Chromium meets it: over plain http, under a name that is no localhost, and from another site."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from playwright.async_api import Page, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from core.settings import Settings
from dashboard.gate import Gate
from dashboard.headers import SecurityHeaders
from tests.dashboard.served import cheap_hash, serve

NAMED = Settings(hosts=("tick.test",))
FORM = '<form method="post" action="{}/done"><input name="a"><button>Go</button></form><p id="state">before</p>'


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page in a browser that finds both names on this machine."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--host-resolver-rules=MAP *.test 127.0.0.1"],
        )
        yield await browser.new_page(http_credentials={"username": "ada", "password": "secret"})
        await browser.close()


async def _form(request: Request) -> HTMLResponse:
    return HTMLResponse(FORM.format(request.query_params.get("to", "")))


async def _done(_: Request) -> HTMLResponse:
    return HTMLResponse('<p id="state">done</p>')


@contextmanager
def site(settings: Settings) -> Iterator[int]:
    routes = [Route("/", _form), Route("/done", _done, methods=["POST"])]
    with serve(SecurityHeaders(Gate(Starlette(routes=routes), settings))) as port:
        yield port


@pytest.mark.parametrize("host", ["tick.test", "localhost", "127.0.0.1"])
async def test_a_form_of_ours_is_let_in_even_where_the_browser_says_little(page: Page, host: str) -> None:
    with site(NAMED) as port:
        await page.goto(f"http://{host}:{port}/")
        await page.click("button")
        answer = await page.text_content("#state")
        await page.goto(f"http://{host}:{port}/")
        fetched = await page.evaluate("fetch('/done', {method: 'POST'}).then(answer => answer.status)")

    assert (answer, fetched) == ("done", 200)


@pytest.mark.parametrize("host", ["tick.test", "localhost"])
async def test_a_form_on_another_site_is_not_though_the_browser_sends_the_login_along(page: Page, host: str) -> None:
    closed = Settings(hosts=(host,), user="ada", password_hash=cheap_hash("secret"))
    with site(closed) as port, serve(Starlette(routes=[Route("/", _form)])) as elsewhere:
        await page.goto(f"http://{host}:{port}/")
        assert await page.text_content("#state") == "before"
        await page.goto(f"http://evil.test:{elsewhere}/?to=http://{host}:{port}")
        await page.click("button")
        answer = await page.text_content("main")

    assert answer is not None
    assert "comes from another site" in answer


async def test_a_form_of_ours_cannot_be_made_to_post_elsewhere(page: Page) -> None:
    with site(NAMED) as port:
        await page.goto(f"http://tick.test:{port}/?to=http://evil.test:{port}")
        async with page.expect_console_message(lambda message: "form-action 'self'" in message.text):
            await page.click("button", no_wait_after=True)

        assert await page.text_content("#state") == "before"
