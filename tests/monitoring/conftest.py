"""The real libraries, as the tests of interop have them."""

from __future__ import annotations

from tests.interop.conftest import node, node_process

__all__ = ["node", "node_process"]
