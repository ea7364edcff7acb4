# SPDX-License-Identifier: Apache-2.0
"""Lua scripts on the collections of a connection: a function of stoa/collection.h a function here,
named like it, and what con.lua() gives."""

from __future__ import annotations

import json

from ._call import Operation, Operations, call, run
from ._collected import name_text
from ._error import BusyError
from ._lib import cell, ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._connection import Connection


class _Scripts(Operations):
    """The connection's operations, for a script that whoever closes something waits for: one that
    begins too late to be cancelled is cancelled here."""

    __slots__ = ("_con",)

    def __init__(self, con: Connection) -> None:
        super().__init__()
        self._con = con

    def enter(self, timeout: float | Operation | None = None) -> Operation:
        operation = self._con._operations.enter(timeout)
        if not (self._con._open and self._con._database._open):
            operation.cancel()
        return operation

    def renew(self, ended: Operation | None = None) -> None:
        self._con._operations.renew(ended)


def lua_open(con: Connection) -> Any:
    """A runner, as its handle and who keeps it; NotFoundError, or what NOT_FOUND is, where there
    is no Lua 5.4."""
    made = cell("stoa_lua *")
    call(lib.stoa_lua_open, con._handle, made[0])
    return made


def lua_run(con: Connection, runner: Any, script: str, *, timeout: float | None = None) -> str:
    """Run a script: the first value it returned as JSON, "" if there was none."""
    text = name_text("a script", script)
    answer, size = ffi.new("const char **"), ffi.new("int64_t *")
    con._ready()
    token = None
    try:
        token = con._turn.wait(0.05)
        if token is None:
            raise BusyError("this connection is in use by another call")
        run(_Scripts(con), timeout, lib.stoa_lua_run, runner[0][0], text, len(text), answer, size)
        return bytes(ffi.buffer(answer[0], size[0])).decode()
    finally:
        con._release(token)


def lua_close(con: Connection, runner: Any) -> None:
    """Close a runner, when no script runs in it; twice is harmless."""
    con._close_later(lib.stoa_lua_close, runner[0][0])


class Lua:
    """A Lua 5.4 that has the connection's collections as `db`, and nothing of the machine. Globals
    last from one script to the next; while one runs the connection is its thread's alone. What
    `db` can do stands in stoa/collection.h.

    >>> with con.lua() as lua:
    ...     lua.run("return db:read_element_ids('Orchard')")
    [1, 2]
    """

    _runner: Any = None

    def __init__(self, con: Connection) -> None:
        self._con = con
        self._runner = lua_open(con)

    def run(self, script: str, *, timeout: float | None = None) -> Any:
        """Run a script and give what it returned first: tables 1...n are lists, others dicts by
        text; dates are text. None when that is nothing."""
        answer = lua_run(self._con, self._runner, script, timeout=timeout)
        return json.loads(answer) if answer else None

    def close(self) -> None:
        """Forget its globals; twice is harmless."""
        if self._runner is not None:
            lua_close(self._con, self._runner)

    def __enter__(self) -> Lua:
        return self

    def __exit__(self, *_problem: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return "<stoa.Lua>"
