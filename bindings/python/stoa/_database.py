# SPDX-License-Identifier: Apache-2.0
"""Databases: opened once, used by any thread."""

from __future__ import annotations

import atexit
import os
import warnings

from ._call import (Living, Operations, Options, call, fail, give_error, run, take_error,
                    wait_elsewhere)
from ._connection import Connection
from ._ingest import Ingest, open_ingest
from ._lib import cell, ffi, lib
from ._values import Unique, constant, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

_databases = Living()


class Database(Unique):
    """An open database. Any thread may use it, at any time; each takes a connection of its own.

    >>> with stoa.open("app.db", journal="wal") as db:
    ...     with db.connect() as con:
    ...         con.execute("SELECT 1").fetchall()
    """

    def __init__(self, target: str | os.PathLike[str] = ":memory:", *,
                 timeout: float | None = None, **settings: Any) -> None:
        self._operations = Operations()
        self._connections = Living()
        self._quiet = False
        (out, self._kept), name, options = cell("stoa_db *"), os.fsencode(target), Options(settings)
        error, operation = take_error(), self._operations.enter(timeout)
        if lib.stoa_open(operation.handle, name, len(name), options.array, options.count, out,
                         error) < 0:
            fail(error)
        give_error(error)
        self._handle = out[0]
        self._open = True
        _databases.add(self)

    def connect(self, *, timeout: float | None = None, autocommit: bool = True,
                **settings: Any) -> Connection:
        """A connection: one session with the database. Settings as of Connection.set()."""
        options, made = Options(settings), cell("stoa_conn *")
        run(self._operations, timeout, lib.stoa_connect, self._handle, options.array,
            options.count, made[0])
        con = Connection(self, made, autocommit)
        self._connections.add(con)
        if not self._open:  # Whoever closed it meanwhile may not have seen this one.
            lib.stoa_conn_close(con._handle)
        return con

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
        # Rows that the library lent are read a moment longer than the call that lent them.
        held = [(con, con._turn.wait(min(1.0, timeout or 1.0))) for con in self._connections.all()]
        try:
            run(self._operations, timeout, lib.stoa_db_shutdown, self._handle)
        finally:
            for con, token in held:
                con._release(token)
        self._open = False

    def close(self) -> None:
        """Abandon the database and all that was opened from it. Any time, any thread, twice."""
        self._open = False
        self._operations.renew()
        held, reader = [], None
        try:
            for con in self._connections.all():
                token = con._turn.take()
                if token is None:
                    reader = con
                    break
                held.append((con, token))
            else:
                lib.stoa_db_close(self._handle)
        finally:
            for con, token in held:
                con._release(token)
        if reader is not None:
            # A row is being read from the library's own memory: its reader closes after it.
            reader._operations.cancel()
            reader._close_later(lib.stoa_db_close, self._handle)

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

    def __del__(self, _warn: Any = warnings.warn) -> None:
        if getattr(self, "_open", False) and not self._quiet:
            _warn(f"{self!r} was not closed", ResourceWarning, source=self)


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


_defaults: dict[int, Connection | None] = {}


def default_connection() -> Connection:
    """The connection of stoa.execute() and the like: a database in memory, made when needed."""
    while True:
        count = len(_defaults)
        con = _defaults[count - 1] if count else None
        if con is not None and con._open:
            return con
        made = connect()
        if _defaults.setdefault(count, made) is not made:
            made.close()  # Another thread was quicker.
        elif count:
            _defaults[count - 1] = None


@atexit.register
def _close_all() -> None:
    """Nothing of the library runs once the interpreter is being taken down."""
    for database in _databases.all():
        for con in database._connections.all():
            con._open = False
        database.close()
    wait_elsewhere(5)
