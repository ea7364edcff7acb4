# SPDX-License-Identifier: Apache-2.0
"""Databases: opened once, used by any thread."""

from __future__ import annotations

import _thread
import atexit
import os
import warnings
from _weakrefset import WeakSet

from ._call import (Operations, Options, call, fail, give_error, run, take_error,
                    wait_elsewhere)
from ._connection import Connection
from ._ingest import Ingest, open_ingest
from ._lib import ffi, lib
from ._values import Unique, constant, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

_databases: WeakSet[Database] = WeakSet()


class Database(Unique):
    """An open database. Any thread may use it, at any time; each takes a connection of its own.

    >>> with stoa.open("app.db", journal="wal") as db:
    ...     with db.connect() as con:
    ...         con.execute("SELECT 1").fetchall()
    """

    def __init__(self, target: str | os.PathLike[str] = ":memory:", *,
                 timeout: float | None = None, **settings: Any) -> None:
        self._operations = Operations()
        self._connections: WeakSet[Connection] = WeakSet()
        self._quiet = False
        name, options, out = os.fsencode(target), Options(settings), ffi.new("stoa_db *")
        error, operation = take_error(), self._operations.enter(timeout)
        if lib.stoa_open(operation.handle, name, len(name), options.array, options.count, out,
                         error) < 0:
            fail(error)
        give_error(error)
        self._operations.leave(operation)
        self._handle = out[0]
        self._open = True
        _databases.add(self)

    def connect(self, *, timeout: float | None = None, autocommit: bool = True,
                **settings: Any) -> Connection:
        """A connection: one session with the database. Settings as of Connection.set()."""
        options, out = Options(settings), ffi.new("stoa_conn *")
        run(self._operations, timeout, lib.stoa_connect, self._handle, options.array,
            options.count, out)
        made = Connection(self, out[0], autocommit)
        self._connections.add(made)
        return made

    def ingest(self, table: str = "", **settings: Any) -> Ingest:
        """A writer with a session of its own, which any thread may use; see stoa.Ingest."""
        return open_ingest(lib.stoa_ingest_open, self, table, settings)

    def property(self, name: str) -> str:
        """A property as text: "engine", "engine_version", "target", "path", "read_only", and the
        settings in force by their own names."""
        key, size = named(name, "a property's name"), ffi.new("int64_t *")
        room = 256
        while True:
            text = ffi.new("char[]", room)
            call(lib.stoa_db_property, self._handle, key, len(key), text, room, size)
            if size[0] < room:
                return str(ffi.buffer(text, size[0])[:], "utf-8")
            room = size[0] + 1

    def supports(self, capability: str) -> bool:
        """Whether the engine can do something: "transactions", "ingest", "functions", ...

        The words are those of STOA_CAN_* in stoa/db.h, in small letters.
        """
        number = constant("STOA_CAN_", capability, "the capability")
        out = ffi.new("int32_t *")
        call(lib.stoa_db_supports, self._handle, number, out)
        return bool(out[0])

    def shutdown(self, *, timeout: float | None = None) -> None:
        """Finish everything, wait for running calls, fold the write-ahead log in, and close."""
        run(self._operations, timeout, lib.stoa_db_shutdown, self._handle)
        self._open = False

    def close(self) -> None:
        """Abandon the database and all that was opened from it. Any time, any thread, twice."""
        self._open = False
        self._operations.renew()
        waiting = []
        for con in list(self._connections):
            lock = con._lock
            if lock.acquire(blocking=False):
                waiting.append(con)
            else:
                # A row is being read from the library's own memory: its reader closes after it.
                con._operations.cancel()
                for held in waiting:
                    held._release()
                con._close_later(lib.stoa_db_close, self._handle)
                return
        lib.stoa_db_close(self._handle)
        for con in waiting:
            con._release()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self._open:
            return "<stoa.Database, closed>"
        try:
            return f"<stoa.Database {self.property('target')!r}>"
        except Exception:  # pylint: disable=broad-except
            return "<stoa.Database>"

    def __del__(self, _close: Any = lib.stoa_db_close, _warn: Any = warnings.warn) -> None:
        if getattr(self, "_open", False):
            if not self._quiet:
                _warn(f"{self!r} was not closed", ResourceWarning, source=self)
            _close(self._handle)


def open(target: str | os.PathLike[str] = ":memory:", *, timeout: float | None = None,
         **settings: Any) -> Database:  # pylint: disable=redefined-builtin
    """Open a database: a file, ":memory:", or "engine:rest". Settings as in stoa/db.h.

    >>> db = stoa.open("app.db", read_only=True)
    """
    return Database(target, timeout=timeout, **settings)


def connect(target: str | os.PathLike[str] = ":memory:", *, timeout: float | None = None,
            autocommit: bool = True, **settings: Any) -> Connection:
    """Open a database and a connection to it, which closes it.

    >>> con = stoa.connect("app.db")
    """
    database = Database(target, timeout=timeout, **settings)
    database._quiet = True  # The connection warns for both.
    try:
        made = database.connect(timeout=timeout, autocommit=autocommit)
    except BaseException:
        database.close()
        raise
    made._owns = True
    return made


_default: list[Connection] = []
_default_lock = _thread.allocate_lock()


def default_connection() -> Connection:
    """The connection of stoa.execute() and the like: a database in memory, made when needed."""
    with _default_lock:
        if not _default or not _default[0]._open:
            _default[:] = [connect()]
        return _default[0]


@atexit.register
def _close_all() -> None:
    """Nothing of the library runs once the interpreter is being taken down."""
    for database in list(_databases):
        for con in list(database._connections):
            con._open = False
        database._open = False
        lib.stoa_db_close(database._handle)
    wait_elsewhere(5)
