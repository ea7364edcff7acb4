# SPDX-License-Identifier: Apache-2.0
"""LuaRunner: scripts over a database."""

from __future__ import annotations

from .database import Database
from .exceptions import QuiverError


class LuaRunner:
    """Runs Lua scripts. This build of the library has no Lua: the constructor says so."""

    def __init__(self, db: Database) -> None:
        self._db = db
        raise QuiverError("LuaRunner is not available: this build of Stoa runs no Lua scripts")

    def run(self, script: str) -> str:
        """Run a script; its result as JSON."""
        raise QuiverError("LuaRunner is closed")

    def close(self) -> None:
        """End it."""
