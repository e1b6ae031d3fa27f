"""The board: what changed is numbered anew, what did not is rendered once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import pytest

from dashboard import board as board_module
from dashboard.board import EMPTY, Board, Piece, digest, digest_of_all
from dashboard.live import Tab


def never() -> str:
    raise AssertionError("nobody needs this rendered")


def test_a_row_is_kept_while_its_value_is_the_same() -> None:
    board = Board()
    first = board.row("k", "id", (1, 2), lambda: "<tr>")
    assert board.row("k", "id", (1, 2), never) is first
    assert first.html == first.html == "<tr>"


def test_a_changed_row_gets_a_higher_number_and_is_rendered_only_when_needed() -> None:
    board = Board()
    first = board.row("k", "id", 1, never)
    other = board.row("l", "other", 1, never)
    changed = board.row("k", "id", 2, never)
    assert first.serial < other.serial < changed.serial


def test_a_mark_says_up_to_where_somebody_has_seen_and_means_nothing_to_another_process() -> None:
    board, restarted = Board(), Board()
    board.row("k", "id", 1, never)
    mark = board.mark
    assert board.row("l", "other", 1, never).serial > board.since(mark)
    assert restarted.since(mark) == 0
    for nonsense in ("", ".", mark.partition(".")[0], mark + "x", "x" * 9000, mark.partition(".")[0] + ".²"):
        assert board.since(nonsense) == 0


def test_the_board_is_bounded_and_forgets_what_nobody_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "MOST", 100)
    board = Board()
    for number in range(board_module.MOST + 10):
        board.row(number, "id", number, never)
    assert board.known(0) is None
    assert board.known(board_module.MOST + 9) == board_module.MOST + 9


def test_a_digest_is_an_element_id_whatever_it_is_made_of() -> None:
    for words in ("", '"><b>', "\udcff", "\ud83d", "x" * 100_000):
        assert len(digest(words)) == 8
        assert digest(words).replace("-", "").replace("_", "").isalnum()
    assert digest("a", "b:c") != digest("a:b", "c")


def test_a_set_of_rows_has_one_name_in_any_order() -> None:
    assert digest_of_all(["a", "b"]) == digest_of_all(["b", "a"]) != digest_of_all(["a"])
    assert digest_of_all([]) == EMPTY


def test_large_regions_are_forgotten_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "LARGEST", 1_000)
    board = Board()
    for number in range(5):
        board.region(f"/jobs/{number}", "data", f"{number}" * 300)
    assert [number for number in range(5) if board.known((f"/jobs/{number}", "", "data"))] == [2, 3, 4]
    for _ in range(9):
        board.region("/jobs/4", "data", secrets.token_hex(150))
    assert [number for number in range(5) if board.known((f"/jobs/{number}", "", "data"))] == [2, 3, 4]
    huge = board.region("/jobs/9", "data", "x" * 5_000)
    assert board.region("/jobs/9", "data", "x" * 5_000) is huge


class Rows:
    """What a tab looks at: its rows, and a region below them."""

    def __init__(self, board: Board, ids: Iterable[str]) -> None:
        self._board = board
        self.values = dict.fromkeys(ids, 0)

    async def look(self) -> list[Piece]:
        rows = [self._board.row(id, id, [value], f"{id}={value}".format) for id, value in self.values.items()]
        return [*rows, self._board.region("".join(self.values), "foot", f"{len(self.values)} rows")]


async def test_a_tab_is_told_no_row_again_because_the_board_forgot_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "MOST", 3)
    board = Board()
    shown = [Rows(board, ("a", "b", "c")), Rows(board, ("d", "e", "f"))]
    tabs = [Tab(each, 0) for each in shown]
    assert ["a=0" in await tabs[0].news(), "d=0" in await tabs[1].news()] == [True, True]
    for _ in range(3):
        assert [await tab.news() for tab in tabs] == ["", ""]
    shown[0].values["b"] = 7
    told = await tabs[0].news()
    assert ("b=7" in told, "a=0" in told, "foot" in told) == (True, False, False)
    assert [await tab.news() for tab in tabs] == ["", ""]
