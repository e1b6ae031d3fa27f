"""Which files may speak to whom, and which parts of a request nothing may trust."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conventions.tree import PRODUCT, files, own, text

# What opens connections to anybody but Redis, and the only files that may ask for it.
CLIENTS = {"httpx2", "httpx", "urllib.request", "http.client", "socket", "smtplib", "ftplib", "aiohttp", "requests"}
SPEAKING = {
    "core/audit/webhook.py": "the webhook of the settings, by core/outbound.py",
    "core/outbound.py": "looks at every address before it is spoken to",
    "dashboard/oidc_http.py": "the OpenID provider of the settings, by core/outbound.py",
    "tickbird/connections.py": "listens",
    "tickbird/demo/server.py": "finds a free port",
    "tickbird/serve.py": "listens",
}
# Put together from the Host header and a decoded path, so no decision may rest on them; nor on who says they forwarded.
BUILT = re.compile(r"\.url\.path\b|request\.url\b|\.base_url\b|url_for\(|x-forwarded-for|x-real-ip|scope\[.client.\]")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nothing_speaks_to_the_network_but_what_may() -> None:
    sources = files(*PRODUCT, suffix=".py")
    found = {str(path) for path in sources if not CLIENTS.isdisjoint(imported(path))}
    assert found - set(SPEAKING) == set()


def test_what_sends_looks_at_the_address_and_heeds_no_proxy_of_the_environment() -> None:
    sources = {path: text(path) for path in files(*PRODUCT, suffix=".py")}
    made = re.compile(r"httpx2\.(Async)?Client\(|httpx2\.(get|post|request|stream)\(|urlopen\(")
    sending = [source for source in sources.values() if made.search(source)]
    assert sending
    for source in sending:
        assert "Outbound(" in source
        assert re.search(r"trust_env\W+False", source)
        assert re.search(r"follow_redirects\W+False", source)


def test_no_decision_rests_on_what_a_request_says_of_its_own_address() -> None:
    sources = {path: text(path) for path in files("dashboard", "exporter", suffix=".py")}
    assert [str(path) for path, source in sources.items() if BUILT.search(source)] == []


def test_markup_is_made_from_text_in_one_script_alone() -> None:
    pattern = re.compile(r"createPolicy|insertAdjacentHTML|createContextualFragment|setHTMLUnsafe|parseHTMLUnsafe")
    found = [str(path) for path in own(files("static", suffix=".js")) if pattern.search(text(path))]
    assert found == ["static/js/trusted.js"]


def test_no_json_is_written_into_a_page_by_a_filter() -> None:
    sources = {path: text(path) for path in files("templates", suffix=".html")}
    found = [str(path) for path, source in sources.items() if re.search(r"\|\s*(tojson|xmlattr|urlize)\b", source)]
    assert found == []
