# SPDX-License-Identifier: Apache-2.0
"""Lua scripts on the collections of a connection, as C has them: a function of stoa/collection.h a
function here, named like it."""

from __future__ import annotations

from ._call import call, run
from ._collected import name_text
from ._lib import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._connection import Connection


def lua_open(con: Connection) -> Any:
    """A runner; NotFoundError, or what NOT_FOUND is, where there is no Lua 5.4."""
    out = ffi.new("stoa_lua *")
    call(lib.stoa_lua_open, con._handle, out)
    return out[0]


def lua_run(con: Connection, runner: Any, script: str, *, timeout: float | None = None) -> str:
    """Run a script: the first value it returned as JSON, "" if there was none."""
    text = name_text("a script", script)
    json, size = ffi.new("const char **"), ffi.new("int64_t *")
    run(con._operations, timeout, lib.stoa_lua_run, runner, text, len(text), json, size)
    return bytes(ffi.buffer(json[0], size[0])).decode()


def lua_close(runner: Any) -> None:
    """Close a runner; twice is harmless."""
    lib.stoa_lua_close(runner)
