# SPDX-License-Identifier: Apache-2.0
"""Connections: one session with a database, used by one thread at a time."""

from __future__ import annotations

import warnings

from . import _care, _catalog, _error, _functions, _scan, _schema_first
from ._arrow import Schema, run_taking
from ._call import (Operation, Operations, Options, Turn, _caught, _certain, _get_ident, _main,
                    _raised, call, check_signals, elsewhere, fail, forget_raised, raise_certain,
                    run, take_error)
from ._dbapi import Cursor
from ._ingest import Ingest, open_ingest
from ._lib import NULL, cell, empty, ffi, lib
from ._result import Result, open_result
from ._rows import Lent, NeedsField, keep_rows, typed_row
from ._statement import Statement, schema_of
from ._transaction import DryRun, Savepoint, Transaction
from ._values import Frame, Unique, encoded, give_frame, instant, named, one_of, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Iterable, Sequence

    from ._result import Row
    from ._source import Names

    from ._database import Database

_MODES = {"write": 0, "read": 1, "lazy": 2}
_TABLE = "a table's name"
_query_row = lib.stoa_query_row


# Statements as C takes them: who asks for rows one by one asks with the same text.
_texts: dict[str, bytes] = {}


def _text(sql: str) -> bytes:
    text = encoded(sql)
    if len(_texts) >= 256:
        _texts.clear()
    _texts[sql] = text
    return text


class Done(tuple[int, int]):
    """What statements that write did: rows affected (-1: they do not write), last id (0: none)."""

    __slots__ = ()

    @property
    def rows_affected(self) -> int:
        """How many rows they wrote; -1 when they do not write."""
        return self[0]

    @property
    def last_insert_id(self) -> int:
        """The id of the last row inserted; 0 if none."""
        return self[1]

    def __repr__(self) -> str:
        return f"Done(rows_affected={self[0]}, last_insert_id={self[1]})"


class Connection(Unique, _care.Care, _catalog.Catalog, _functions.Functions,
                 _schema_first.SchemaFirst):
    """One session: statements, a transaction, registered data and functions.

    Another thread that uses it meanwhile is answered BusyError; cancel() and close() are for all.
    """

    # DB-API: the exceptions, for programs with connections of several modules.
    Warning, Error = _error.Warning, _error.Error
    InterfaceError, DatabaseError = _error.InterfaceError, _error.DatabaseError
    DataError, OperationalError = _error.DataError, _error.OperationalError
    IntegrityError, InternalError = _error.IntegrityError, _error.InternalError
    ProgrammingError, NotSupportedError = _error.ProgrammingError, _error.NotSupportedError

    def __init__(self, database: Database, made: tuple[Any, Any],
                 autocommit: bool = True) -> None:
        self._database = database
        self._handle, self._kept = made[0][0], made[1]
        self._operations = Operations()
        self._owns = False
        self._open = True
        # Whose turn it is to read what the library lent us; whoever closes something meanwhile
        # leaves it in _later to him.
        self._turn = Turn()
        self._later: list[tuple[Any, Any]] = []
        # What row() needs while it is its turn.
        self._lent, self._frame, self._error = Lent(), Frame(32), take_error()
        self.autocommit = autocommit
        self._scans = _scan.Scans(self)

    # ---- statements ----

    def execute(self, sql: str, params: Any = None, *, timeout: float | None = None) -> Result:
        """Run a statement and give its rows. Parameters by position (?) or by name (:name).

        >>> con.execute("SELECT * FROM t WHERE id = ?", (1,)).fetchall()
        >>> con.execute("SELECT * FROM t WHERE id = :id", {"id": 1}).df()
        """
        text, frame = encoded(sql), pack(params)
        try:
            self._ready()
            made = open_result(self, timeout, lib.stoa_query, self._handle, text, len(text),
                               frame.values, frame.count, frame.bytes, frame.size)
        finally:
            give_frame(frame)
        return made

    sql = execute

    def run(self, sql: str, params: Any = None, *, timeout: float | None = None) -> Done:
        """Run all statements of a text, and throw rows away.

        >>> con.run("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        Done(rows_affected=1, last_insert_id=1)
        """
        text, frame, out = encoded(sql), pack(params), ffi.new("stoa_done *")
        try:
            self._ready()
            run(self._operations, timeout, lib.stoa_run, self._handle, text, len(text),
                frame.values, frame.count, frame.bytes, frame.size, out)
        finally:
            give_frame(frame)
        return Done((out.rows_affected, out.last_insert_id))

    def row(self, sql: str, params: Any = None, *, timeout: float | None = None) -> Row | None:
        """The first row of a statement, which is kept prepared: the fastest way to one row.

        >>> con.row("SELECT name FROM t WHERE id = ?", (1,))
        ('one',)
        """
        if not self.autocommit:
            self._ready()
        token = None
        try:
            if timeout is None:
                try:
                    token = self._turn.free.pop()
                except IndexError:
                    token = self._turn.take()
            if token is None:
                with self.execute(sql, params, timeout=timeout) as result:
                    return result.fetchone()
            # Nobody else is here: room is the connection's own, and no error is written but ours.
            if _raised:
                forget_raised()
            frame, operations = pack(params, self._frame), self._operations
            try:
                text = _texts.get(sql) or _text(sql)
            except TypeError:
                text = encoded(sql)  # It cannot be a key, and is no text.
            error, lent = self._error, self._lent
            if _get_ident() == _main:
                operation = operations.main or operations.enter()
                status = _query_row(self._handle, operation.handle, text, len(text), frame.values,
                                    frame.count, frame.bytes, frame.size, lent.rows, error)
            else:
                operation = operations.other or operations.enter()
                elsewhere.append(None)
                try:
                    status = _query_row(self._handle, operation.handle, text, len(text),
                                        frame.values, frame.count, frame.bytes, frame.size,
                                        lent.rows, error)
                finally:
                    elsewhere.pop()
            if status == 0 and not _caught and not _certain:
                try:
                    return lent.row()
                except NeedsField:
                    return self._typed(text, lent.rows)
            self._no_row(status, operation)
            return None
        finally:
            if token is not None:
                self._turn.free.append(token)
                if self._later:
                    self._settle()

    def _no_row(self, status: int, operation: Operation) -> None:
        if status < 0:
            if status in (-14, -15):
                self._operations.renew(operation)
            error, self._error = self._error, take_error()  # A failure keeps its own.
            fail(error)
        check_signals()
        raise_certain()

    def _typed(self, text: bytes, rows: Any) -> Row:
        """A row with values that only its columns' types explain: ask the statement for those.
        What the library lent is copied before, since it is lent until the next call."""
        kept, (stmt, _keeper) = keep_rows(rows), cell("stoa_stmt *")
        run(self._operations, None, lib.stoa_prepare, self._handle, text, len(text), stmt)
        try:
            return typed_row(kept[0], schema_of(stmt[0]))
        finally:
            lib.stoa_stmt_close(stmt[0])

    def prepare(self, sql: str, *, timeout: float | None = None) -> Statement:
        """A prepared statement, to be executed many times."""
        text, made = encoded(sql), cell("stoa_stmt *")
        run(self._operations, timeout, lib.stoa_prepare, self._handle, text, len(text), made[0])
        return Statement(self, made, sql)

    def executemany(self, sql: str, rows: Iterable[Any], *,
                    timeout: float | None = None) -> Done:
        """Run a statement once for each row: all of them or none. Rows of one kind cross as Arrow
        columns in one call; Arrow data and data frames are taken as they are.

        >>> con.executemany("INSERT INTO t VALUES (?, ?)", [(1, "one"), (2, "two")])
        """
        self._ready()
        from ._many import execute_many  # pylint: disable=import-outside-toplevel
        return Done(execute_many(self, sql, rows, timeout))

    def cursor(self) -> Cursor:
        """DB-API: a cursor."""
        return Cursor(self)

    # ---- data ----

    def insert(self, table: str, data: Any, *, columns: Names = None,
               timeout: float | None = None, **settings: Any) -> int:
        """Write data into a table: all of it or nothing; the number of rows. Settings as in
        stoa/ingest.h: mode (append, create, replace, create_append, upsert), keys, dedup, ...

        >>> con.insert("t", {"id": [1, 2], "name": ["one", "two"]}, mode="create")
        2
        """
        from ._coerce import into  # pylint: disable=import-outside-toplevel
        name, anew = named(table, _TABLE), settings.get("mode") in ("create", "replace")
        stream, kept = into(None if anew else self, table, str(settings.get("database") or ""),
                            data, columns)
        options, out = Options(settings), ffi.new("int64_t *")
        self._ready()
        run_taking(stream, self._operations, timeout, lib.stoa_insert, self._handle, name,
                   len(name), stream, options.array, options.count, out)
        del kept
        return int(out[0])

    def ingest(self, table: str = "", **settings: Any) -> Ingest:
        """A writer in this connection's transaction; see stoa.Ingest."""
        return open_ingest(lib.stoa_conn_ingest_open, self, table, settings)

    def register(self, name: str, data: Any, *, replace: bool = True, columns: Names = None,
                 copy: bool = False, **settings: Any) -> None:
        """Let SQL see data as a table. It is held as long as the name stands, and no longer; with
        copy= it is read now, and what was read is a table in memory until unregister().

        >>> con.register("prices", frame)
        >>> con.execute("SELECT max(price) FROM prices").scalar()
        """
        self._scans.register(name, data, columns, replace, copy, settings)

    def unregister(self, name: str) -> None:
        """Forget registered data; a statement that runs on it keeps it until it ends."""
        self._scans.drop(name)

    @property
    def replacement_scans(self) -> bool:
        """Whether an unknown table's name may be a variable of the caller (yes)."""
        return bool(self._scans.looking)

    @replacement_scans.setter
    def replacement_scans(self, looking: bool) -> None:
        """Look there, or do not."""
        self._scans.looking = looking

    def read(self, tables: str | Sequence[str], columns: Sequence[str] = (), *,
             begin: Any = -1 << 63, end: Any = (1 << 63) - 1, batch_rows: int = 0,
             timeout: float | None = None) -> Result:
        """Whole tables without SQL, a result a table; [begin, end) on the index: datetimes, or
        nanoseconds since 1970.

        >>> con.read("trades", ["at", "price"]).arrow()
        """
        names = [tables] if isinstance(tables, str) else list(tables)
        columns = [columns] if isinstance(columns, str) else list(columns)
        for name in (*names, *columns):
            named(name, "a table's or column's name")
        begin, end = instant(begin), instant(end)
        frame = pack(names + columns)
        return open_result(self, timeout, lib.stoa_read, self._handle, frame.values, len(names),
                           frame.values + len(names) if columns else NULL, len(columns),
                           frame.bytes, frame.size, begin, end, batch_rows)

    # ---- transactions ----

    def begin(self, mode: str = "write", *, timeout: float | None = None) -> None:
        """Begin a transaction: "write" takes the write lock at once, "read" only reads, "lazy"
        takes it with its first write."""
        run(self._operations, timeout, lib.stoa_begin, self._handle, one_of(_MODES, mode, "mode"))

    def commit(self, *, timeout: float | None = None) -> None:
        """Commit the open transaction. DB-API: nothing to do when there is none."""
        if self.in_transaction:
            run(self._operations, timeout, lib.stoa_commit, self._handle)

    def rollback(self, *, timeout: float | None = None) -> None:
        """Take the open transaction back. DB-API: nothing to do when there is none."""
        if self.in_transaction:
            run(self._operations, timeout, lib.stoa_rollback, self._handle)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        state = ffi.new("int32_t *")
        call(lib.stoa_conn_transaction, self._handle, state)
        return bool(state[0])

    def _ready(self) -> None:
        """A statement is about to run: without autocommit it is in a transaction."""
        if not self.autocommit and not self.in_transaction:
            self.begin("lazy")

    def transaction(self, mode: str = "write") -> Transaction:
        """A transaction that commits, or rolls back when an exception leaves it.

        >>> with con.transaction():
        ...     con.execute("INSERT INTO t VALUES (1)")
        """
        return Transaction(self, mode)

    def savepoint(self, name: str) -> Savepoint:
        """A point inside the transaction that is returned to when an exception leaves it."""
        return Savepoint(self, name)

    def dry_run(self) -> DryRun:
        """A transaction that sees its own writes and is taken back at the end, whatever happens;
        transactions inside of it do nothing.

        >>> with con.dry_run():
        ...     con.insert("t", frame)
        """
        return DryRun(self)

    @property
    def in_dry_run(self) -> bool:
        """Whether a dry run lasts."""
        active = ffi.new("int32_t *")
        call(lib.stoa_conn_dry_run, self._handle, active)
        return bool(active[0])

    # ---- the session ----

    def set(self, **settings: Any) -> None:
        """Change settings: batch_rows, types, type_mismatch, nan, busy_timeout, ..."""
        options = Options(settings)
        call(lib.stoa_conn_set, self._handle, options.array, options.count)

    def table_schema(self, table: str, *, database: str = "",
                     timeout: float | None = None) -> Schema:
        """The Arrow schema of a table's rows."""
        out, name = empty("struct ArrowSchema *"), named(table, _TABLE)
        where = named(database, "a database's name")
        run(self._operations, timeout, lib.stoa_table_schema, self._handle, where, len(where),
            name, len(name), out)
        return Schema(out)

    def cancel(self) -> None:
        """End the call that runs on this connection, from any thread; harmless when none does."""
        self._operations.cancel()

    def _release(self, token: Any) -> None:
        """Give a token back, if it is one."""
        if token is not None:
            self._turn.free.append(token)
            if self._later:
                self._settle()

    def _close_later(self, function: Any, handle: Any) -> None:
        """Close now, or when the memory that the library lent us is not being read any more."""
        self._later.append((function, handle))
        self._settle()

    def _settle(self) -> None:
        while self._later:
            token = None
            try:
                token = self._turn.take()
                if token is None:
                    return
                function, handle = self._later.pop()
                function(handle)
            except IndexError:
                pass  # Another thread was quicker.
            finally:
                if token is not None:
                    self._turn.free.append(token)

    def close(self) -> None:
        """Abandon the connection, its results and its open transaction. Any time, any thread,
        twice."""
        self._open = False
        self._operations.cancel()
        self._close_later(lib.stoa_conn_close, self._handle)
        self._operations.renew()
        if self._owns:
            self._database.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None and self._open and not self.autocommit:
                self.commit()
        finally:
            self.close()

    def __repr__(self) -> str:
        if not self._open:
            return "<stoa.Connection, closed>"
        return f"<stoa.Connection to {self._database!r}>"

    def __del__(self, _warn: Any = warnings.warn) -> None:
        if getattr(self, "_open", False):
            if not getattr(self, "_default", False):
                _warn(f"{self!r} was not closed", ResourceWarning, source=self)
            self._open = False
            if self._owns:
                self._database.close()
