# SPDX-License-Identifier: Apache-2.0
"""Prepared statements."""

from __future__ import annotations


from ._arrow import Schema, run_taking
from ._call import call, run
from ._lib import empty, ffi, lib
from ._result import Result, open_result
from ._rows import NeedsField, keep_rows, typed_row
from ._values import Unique, give_frame, named, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any
    from ._connection import Connection
    from ._result import Row
    from ._source import Names


def schema_of(handle: Any) -> Schema:
    """The columns that a statement will answer with."""
    out = empty("struct ArrowSchema *")
    call(lib.stoa_stmt_schema, handle, out)
    return Schema(out)


class Statement(Unique):
    """A statement, prepared once and executed many times. An older result of it that is still
    open is closed by the next execution.

    >>> with con.prepare("SELECT name FROM t WHERE id = ?") as find:
    ...     find.row((1,)), find.row((2,))
    """

    def __init__(self, con: Connection, made: tuple[Any, Any], sql: str) -> None:
        self._con = con
        self._handle, self._kept = made[0][0], made[1]
        self.text = sql

    def execute(self, params: Any = None, *, timeout: float | None = None) -> Result:
        """Run it with these parameters, or with those that are bound."""
        frame = pack(params)
        try:
            self._con._ready()
            return open_result(self._con, timeout, lib.stoa_execute, self._handle, frame.values,
                               frame.count, frame.bytes, frame.size)
        finally:
            give_frame(frame)

    def row(self, params: Any = None, *, timeout: float | None = None) -> Row | None:
        """Its first row; None when there is none. One call of C."""
        con, frame, token = self._con, pack(params), None
        try:
            token = con._turn.take()
            if token is None:
                with self.execute(params, timeout=timeout) as result:
                    return result.fetchone()
            con._ready()
            lent = con._lent
            rows = lent.rows
            run(con._operations, timeout, lib.stoa_execute_row, self._handle, frame.values,
                frame.count, frame.bytes, frame.size, rows)
            if rows.row_count == 0:
                return None
            try:
                return lent.row()
            except NeedsField:
                kept = keep_rows(rows)
                return typed_row(kept[0], self.schema)
        finally:
            give_frame(frame)
            con._release(token)

    def executemany(self, rows: Any, *, columns: Names = None,
                    timeout: float | None = None) -> tuple[int, int]:
        """Run it once for every row of Arrow data, a data frame or columns, whose columns are its
        parameters; rows affected and the last id."""
        from ._source import source  # pylint: disable=import-outside-toplevel
        stream, kept = source(rows, columns)
        out = ffi.new("stoa_done *")
        self._con._ready()
        run_taking(stream, self._con._operations, timeout, lib.stoa_execute_stream, self._handle,
                   stream, out)
        del kept
        return out.rows_affected, out.last_insert_id

    def bind(self, which: int | str, value: Any) -> None:
        """Bind one parameter, from 1 or by its name, for executions that pass none."""
        if isinstance(which, str):
            name, position = named(which, "a parameter's name"), ffi.new("int32_t *")
            call(lib.stoa_stmt_parameter, self._handle, name, len(name), position)
            which = position[0]
        elif not isinstance(which, int):
            raise TypeError(f"a parameter has a number or a name, not a {type(which).__name__}")
        which = min(max(which, 0), 65535)  # More than there are, for the library to say.
        frame = pack((value,))
        try:
            call(lib.stoa_bind_value, self._handle, which, frame.values, frame.bytes, frame.size)
        finally:
            give_frame(frame)

    def clear(self) -> None:
        """Forget what is bound."""
        call(lib.stoa_bind_clear, self._handle)

    @property
    def parameters(self) -> Schema:
        """The parameters: names ("" where there is none) and types (null: not known)."""
        out = empty("struct ArrowSchema *")
        call(lib.stoa_stmt_parameters, self._handle, out)
        return Schema(out)

    @property
    def schema(self) -> Schema:
        """The columns it will answer with, as far as they are known."""
        return schema_of(self._handle)

    def close(self) -> None:
        """Forget the statement. Any time, any thread, twice."""
        self._con._close_later(lib.stoa_stmt_close, self._handle)

    def __enter__(self) -> Statement:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<stoa.Statement {self.text!r}>"
