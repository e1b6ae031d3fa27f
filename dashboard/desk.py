"""What every page, action and stream has at hand: the herd, the settings, and what renders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request

from core.settings import Settings
from core.shared import Shared
from dashboard.board import Board
from dashboard.budgets import Budgets, budgets
from dashboard.rendering import Rendering

if TYPE_CHECKING:
    from core.herd import Herd


class Ends(Protocol):
    """Something open that can be told to end."""

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """One dashboard over one herd. `board`, `shared` and the open `streams` are what tabs have in common,
    `budgets` what each person may ask for."""

    herd: Herd
    settings: Settings
    rendering: Rendering
    board: Board = field(default_factory=Board)
    shared: Shared = field(default_factory=Shared)
    streams: set[Ends] = field(default_factory=set)
    budgets: Budgets = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "budgets", budgets(self.settings))

    @property
    def base(self) -> str:
        return self.settings.base_path


def desk_of(request: Request) -> Desk:
    """The desk of the application that answers this request."""
    desk: Desk = request.app.state.desk
    return desk
