# SPDX-License-Identifier: Apache-2.0
"""LuaRunner: scripts over a database, by a Lua 5.4 that is found at run time."""

from __future__ import annotations

import warnings
from typing import Any

from stoa import _lua

from .database import Database
from .exceptions import QuiverError, told


class LuaRunner:
    """Runs scripts, whose global `db` is the database. Globals last from one to the next."""

    _runner: Any = None

    def __init__(self, db: Database) -> None:
        self._db = db
        self._runner = db._do(_lua.lua_open)

    def run(self, script: str) -> str:
        """Run a script: the first value it returned as JSON, "" if there was none."""
        if self._runner is None:
            raise QuiverError("LuaRunner is closed")
        with told():
            return _lua.lua_run(self._db._con, self._runner, script)

    def close(self) -> None:
        """Forget its globals."""
        runner, self._runner = self._runner, None
        if runner is not None:
            _lua.lua_close(self._db._con, runner)

    def __enter__(self) -> LuaRunner:
        return self

    def __exit__(self, *_problem: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if self._runner is not None:
            warnings.warn("LuaRunner was not closed explicitly", ResourceWarning, source=self)
            self.close()
