"""Style and scripts, under a checksum."""

from __future__ import annotations

from pathlib import Path

from dashboard import static_files
from tests.dashboard.browsing import BASE, Page, browser
from tests.dashboard.fixed_herd import small_company


def test_what_a_page_asks_for_is_there_and_may_be_kept_for_ever() -> None:
    client = browser(small_company())
    shown = Page(client.get(BASE).text)
    wanted = [e.attributes.get("src") or e.attributes["href"] for e in (*shown.all("script"), *shown.all("link"))]
    assert len(wanted) == 6
    for address in wanted:
        response = client.get(address)
        assert response.status_code == 200
        assert response.headers["cache-control"] == static_files.FOR_EVER


def test_a_page_of_another_version_gets_ours_but_may_not_keep_it() -> None:
    response = browser(small_company()).get(f"{BASE}/static/0123456789ab/app.css")
    assert response.status_code == 200
    assert response.headers["cache-control"] == static_files.NOT_AT_ALL


def test_nothing_else_is_served() -> None:
    client = browser(small_company())
    for path in ("vendor/VENDORED.md", "css/base.css", "../pyproject.toml", "%2e%2e/pyproject.toml", ""):
        assert client.get(f"{BASE}/static/x/{path}").status_code == 404


def test_the_checksum_is_of_everything(tmp_path: Path) -> None:
    for name in ("tokens", "reset", "base", "layout", "table", "utilities"):
        (tmp_path / "css").mkdir(exist_ok=True)
        (tmp_path / "css" / f"{name}.css").write_text(f".{name} {{}}")
    (tmp_path / "a.js").write_text("1")
    first = static_files.load("/b", tmp_path)
    assert first.files["app.css"].startswith(b".tokens {}")
    (tmp_path / "a.js").write_text("2")
    assert static_files.load("/b", tmp_path).checksum != first.checksum


def test_own_styles_come_in_layers_in_the_order_that_the_first_names() -> None:
    style = static_files.load("/b").files["app.css"].decode()
    assert style.startswith("@layer tokens, reset, base, layout, components, utilities;")
