"""Templates: escaping, strictness, and blocks that stand alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from dashboard import static_files
from dashboard.rendering import ROOT, Rendering

STATIC = static_files.load("/base")


def rendering(folder: Path, **templates: str) -> Rendering:
    (folder / "components").mkdir()
    for name, source in templates.items():
        (folder / f"{name.replace('__', '/')}.html").write_text(source)
    return Rendering(STATIC, folder)


def test_every_template_of_ours_compiles_and_finds_its_components() -> None:
    Rendering(STATIC, ROOT)


def test_an_unknown_component_is_found_at_start(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="nowhere"):
        rendering(tmp_path, page="{% if false %}{{ ui.nowhere() }}{% endif %}")


def test_an_undefined_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        rendering(tmp_path, page="{{ nothing }}").page("page.html", {})


def test_everything_printed_is_escaped_and_made_visible(tmp_path: Path) -> None:
    shown = rendering(tmp_path, page='<a title="{{ x }}">{{ x }}</a>').page("page.html", {"x": "\"'<\x00\u202e>"})
    text = "&#34;&#39;&lt;\u2400\ufffd&gt;"
    assert bytes(shown.body).decode() == f'<a title="{text}">{text}</a>'


def test_a_block_alone_has_the_components_that_the_page_has(tmp_path: Path) -> None:
    made = rendering(
        tmp_path,
        components__bold="{% macro bold(x) %}<b>{{ x }}</b>{% endmacro %}",
        page="{% block main %}a {% block part %} {{ ui.bold(x) }} {% endblock %} b{% endblock %}",
    )
    assert made.block("page.html", "part", {"x": "<"}) == "<b>&lt;</b>"
    assert isinstance(made.ui.bold("<"), Markup)


def test_a_file_that_is_not_there_cannot_be_asked_for() -> None:
    with pytest.raises(KeyError, match=r"nothing\.js"):
        STATIC.url("nothing.js")
