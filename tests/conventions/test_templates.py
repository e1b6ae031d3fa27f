"""What every template keeps to, so that the content security policy and escaping can be strict."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from dashboard.rendering import Rendering
from dashboard.static_files import load
from tests.conventions.tree import PRODUCT, files, line_of, own, text

JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
FORBIDDEN = {
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"""\sstyle\s*=""", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\ssrc\s*=)", re.IGNORECASE),
    "an event attribute": re.compile(r"""\son[a-z]+\s*=|\shx-on\b""", re.IGNORECASE),
    "a script address": re.compile(r"""["']\s*(?:javascript|js):""", re.IGNORECASE),
    "something from elsewhere": re.compile(r"""<(?:script|link|img)\b[^>]*(?:src|href)\s*=\s*["']?(?:https?:)?//"""),
}
# Markup that Python builds. `style=` cannot be told from a keyword argument there, so it needs its quote.
FORBIDDEN_IN_PYTHON = {
    "a style element": re.compile(r"<style\b"),
    "a style attribute": re.compile(r"""\sstyle=\\?["']"""),
    "an inline script": re.compile(r"<script\b"),
}
UNESCAPED = re.compile(r"\|\s*safe\b|\bMarkup\(|\bautoescape\s+false\b")

# Every place that hands markup past the escaping, with the reason why nothing hostile can be in it.
TRUSTED: dict[str, str] = {}


def templates() -> list[Path]:
    return [path for path in files("templates") if path.suffix in (".html", ".svg", ".xml", ".txt", ".j2")]


def without_jinja(source: str) -> str:
    """The markup alone, every line where it was."""
    return JINJA.sub(lambda match: "\n" * match.group().count("\n") + "_", source)


def test_every_template_compiles_and_finds_its_components() -> None:
    Rendering(load("/admin/queues"))


def test_a_name_that_nobody_gave_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ nobody }}")
    with pytest.raises(UndefinedError):
        Rendering(load("/admin/queues"), tmp_path).page("page.html", {})


def test_text_from_outside_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<p title="{{ said }}">')
    page = Rendering(load("/admin/queues"), tmp_path).page("page.html", {"said": '"><script>\u202e'})
    assert bytes(page.body).decode() == '<p title="&#34;&gt;&lt;script&gt;\ufffd">'


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_template_has(kind: str) -> None:
    sources = {path: without_jinja(text(path)) for path in templates()}
    found = [
        f"{path}:{line_of(source, m.start())}: {m.group()}"
        for path, source in sources.items()
        for m in FORBIDDEN[kind].finditer(source)
    ]
    assert found == []


@pytest.mark.parametrize("kind", FORBIDDEN_IN_PYTHON)
def test_no_markup_built_in_python_has(kind: str) -> None:
    sources = {path: text(path) for path in files(*PRODUCT, suffix=".py")}
    found = [
        f"{path}:{line_of(source, m.start())}: {m.group()}"
        for path, source in sources.items()
        for m in FORBIDDEN_IN_PYTHON[kind].finditer(source)
    ]
    assert found == []


def test_nothing_goes_past_the_escaping_without_a_reason() -> None:
    sources = {path: text(path) for path in (*templates(), *files(*PRODUCT, suffix=".py"))}
    found = {str(path) for path, source in sources.items() if UNESCAPED.search(source)}
    assert found == set(TRUSTED)


def test_no_own_script_evaluates_text_or_writes_markup() -> None:
    pattern = re.compile(r"\beval\(|new Function\(|\.innerHTML\b|\.outerHTML\b|document\.write")
    found = [str(path) for path in own(files("static", suffix=".js")) if pattern.search(text(path))]
    assert found == []
