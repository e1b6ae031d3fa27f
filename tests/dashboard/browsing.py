"""The whole dashboard over a herd, asked as a browser asks it, and what a browser makes of the answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, cast

from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.herd import Herd
from dashboard.app import create_app
from tests.dashboard.fixed_herd import FixedHerd

BASE = "/admin/queues"
ORIGIN = "http://localhost"


def application(herd: FixedHerd) -> Starlette:
    return create_app(cast(Herd, herd), herd.settings)


def browser(herd: FixedHerd, app: Starlette | None = None) -> TestClient:
    """Asks for pages, says where its posts come from, keeps cookies, and follows no redirect by itself."""
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    return TestClient(app or application(herd), base_url=ORIGIN, headers=headers, follow_redirects=False)


@dataclass
class Element:
    """A start tag with its attributes."""

    tag: str
    attributes: dict[str, str]


@dataclass
class Page(HTMLParser):
    """The elements and the visible words of some HTML."""

    html: str
    elements: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def words(self) -> str:
        """All text in one line."""
        return " ".join(" ".join(self.parts).split())

    def all(self, tag: str, **attributes: str) -> list[Element]:
        return [e for e in self.elements if e.tag == tag and all(_has(e, *pair) for pair in attributes.items())]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of <{tag} {attributes}>"
        return found[0]

    def row(self, text: str) -> str:
        """The words of the one table row that holds this text."""
        rows = [Page(row).words for row in re.findall(r"<tr\b.*?</tr>", self.html, re.DOTALL)]
        found = [row for row in rows if text in row]
        assert len(found) == 1, found
        return found[0]


def _has(element: Element, name: str, value: str) -> bool:
    return value in element.attributes.get(name.strip("_").replace("_", "-"), "").split()


def page(client: TestClient, path: str, **options: Any) -> Page:
    """The page at that path below the base path, which must be there."""
    response = client.get(BASE + path, **options)
    assert response.status_code == 200, response.text
    return Page(response.text)


def stream_of(shown: Page) -> str:
    """What the page's stream asks, as the path and query of `/fragments`."""
    return shown.one("div", id="live").attributes["data-fragments"]


async def each_anew(_shared: object, _key: object, read: Callable[[], Awaitable[Any]], _fresh: float = 0) -> Any:
    """Instead of `Shared.get`, where a test cannot wait until what is shared is read anew."""
    return await read()
