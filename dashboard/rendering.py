"""Values into HTML: the Jinja environment, whole pages, single blocks of them, and components.

Everything that is printed passes `printable` and autoescaping, so no text from Redis can become markup or disguise
its neighbours. Every template is compiled at start, and an undefined name is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import concat
from starlette.responses import HTMLResponse

from core.access.asker import asker
from core.text import printable
from dashboard import charts, words
from dashboard.ages import fill
from dashboard.headers import nonce
from dashboard.places import OF_A_QUEUE, PLACES, open_to_asker
from dashboard.static_files import StaticFiles
from dashboard.words import now

ROOT = Path(__file__).resolve().parent.parent / "templates"
_USES = re.compile(r"\bui\.(\w+)\(")


class Components:
    """`ui.badge(…)` is the macro `badge` of components/badge.html.

    An import at the top of a template is missing where one of its blocks is rendered alone; this is there in both.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __getattr__(self, name: str) -> Callable[..., str]:
        if name.startswith("_"):
            raise AttributeError(name)
        macro: Callable[..., str] = getattr(self._environment.get_template(f"components/{name}.html").module, name)
        setattr(self, name, macro)
        return macro


class Rendering:
    """Renders pages, blocks and components of one dashboard."""

    def __init__(self, static: StaticFiles, root: Path = ROOT) -> None:
        self._environment = _environment(static, root)
        self.ui = Components(self._environment)
        self._environment.globals["ui"] = self.ui
        self._check()

    def page(self, template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        """A whole page as a response."""
        html = self._environment.get_template(template).render(values)
        return HTMLResponse(fill(html, now()), status)

    def block(self, template: str, block: str, values: Mapping[str, Any]) -> str:
        """One block of a template alone, as it stands in the whole page, without the space around it and the ages."""
        chosen = self._environment.get_template(template)
        return concat(chosen.blocks[block](chosen.new_context(dict(values)))).strip()

    def _check(self) -> None:
        """Compile every template, and find every component that one of them uses."""
        loader = self._environment.loader
        for name in self._environment.list_templates():
            self._environment.get_template(name)
            source = loader.get_source(self._environment, name)[0] if loader else ""
            for component in _USES.findall(source):
                getattr(self.ui, component)


def _environment(static: StaticFiles, root: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(root),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {
        "static": static.url,
        "base": static.base,
        "charts": charts,
        "places": lambda: open_to_asker(PLACES),
        "queue_places": lambda: open_to_asker(OF_A_QUEUE),
        "who": asker,
        "nonce": nonce,
    }
    environment.filters |= {name: getattr(words, name) for name in words.__all__}
    return environment


def _finalize(value: Any) -> Any:
    # Markup is a str as well: it came out of a template of ours, where its parts have been through here.
    return printable(value) if type(value) is str else value
