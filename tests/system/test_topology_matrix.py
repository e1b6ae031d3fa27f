"""Wherever a Redis stands, and whichever server it is: found, shown, counted, acted on, followed through a failover."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.system.matrix import NEEDS_TLS, Cell, cells, go, is_quick


def named(cell: Cell) -> str:
    return f"{cell[0]} - {cell[1]}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "cell", [pytest.param(cell, id=named(cell), marks=() if is_quick(cell) else pytest.mark.full) for cell in cells()]
)
def test_everything_works(cell: Cell, tmp_path: Path) -> None:
    assert cell[0] not in NEEDS_TLS or shutil.which("openssl"), "bin/system-packages brings openssl"
    go(cell, tmp_path)
