# SPDX-License-Identifier: Apache-2.0
"""Results: the rows of a statement, read once, forward, in whatever form is asked for."""

from __future__ import annotations

from itertools import chain, islice
from operator import index, length_hint
from sys import maxsize

from ._arrow import Schema, from_iterator, stream_capsule, watch
from ._batch import Batch
from ._call import (Operation, _get_ident, call, check_signals, give_error, raise_certain, run,
                    take_error)
from ._columns import Field, distinct
from ._error import DataError
from ._lib import NO_LIMIT, cell, empty, ffi, lib
from ._rows import unpack_row
from ._values import Unique

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Iterator
    Row = tuple[Any, ...]
    from ._connection import Connection

_SINGLE_ROWS = 32  # So many rows are fetched one by one before whole batches are.


class Result(Unique):
    """The rows of a statement. Iterate over it, fetch from it, or take all as a data frame.

    >>> result = con.execute("SELECT id, name FROM t")
    >>> result.columns
    ['id', 'name']
    >>> result.fetchone()
    (1, 'one')
    >>> result.pl()        # the rest of the rows
    """

    arraysize = 1

    def __init__(self, con: Connection, made: tuple[Any, Any],
                 timeout: float | None = None) -> None:
        self._con = con
        self._handle, self._kept = made[0][0], made[1]
        self._timeout = timeout
        self._limit: Operation | None = None  # Of all batches that are read together.
        self._ahead: list[Batch] = []
        self._rows: Iterator[Row] = iter(())
        self._current: Batch | None = None
        self._singles = _SINGLE_ROWS
        self._done: tuple[int, int] | None = None
        self._thread = _get_ident()
        self._begin()

    def _begin(self) -> None:
        self._schema = schema = empty("struct ArrowSchema *")
        call(lib.stoa_result_schema, self._handle, schema)
        self._fields = [Field(schema.children[i]) for i in range(schema.n_children)]
        # A field of more than a plain value is read from Arrow alone; so are times, which would
        # travel as nanoseconds and have a smaller range.
        self._packable = not any(field.children or field.dictionary or field.extension
                                 or field.format[:2] in ("ts", "tD") for field in self._fields)

    # ---- what it is ----

    @property
    def columns(self) -> list[str]:
        """The columns' names."""
        return [field.name for field in self._fields]

    @property
    def types(self) -> list[str]:
        """The columns' Arrow types, in words."""
        return [field.type for field in self._fields]

    @property
    def schema(self) -> Schema:
        """Names and types, for whoever reads __arrow_c_schema__."""
        out = empty("struct ArrowSchema *")
        call(lib.stoa_schema_copy, self._schema, out)
        return Schema(out)

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """DB-API: seven values a column; None for a statement without rows."""
        if not self._fields:
            return None
        return [(field.name, field.type, None, None, None, None, field.nullable)
                for field in self._fields]

    @property
    def stats(self) -> dict[str, int]:
        """Rows affected, read and scanned, nanoseconds inside the library; -1 is not known."""
        out = ffi.new("stoa_stats *")
        out.struct_size = ffi.sizeof("stoa_stats")
        call(lib.stoa_result_stats, self._handle, out)
        return {name: getattr(out, name) for name in (
            "rows_affected", "last_insert_id", "rows_read", "rows_scanned", "values_coerced",
            "elapsed_ns")}

    @property
    def rowcount(self) -> int:
        """Rows that the statement wrote; -1 when it is not one that writes."""
        return self._written()[0]

    @property
    def lastrowid(self) -> int | None:
        """The id of the last row that the statement inserted."""
        return self._written()[1] or None

    def _written(self) -> tuple[int, int]:
        if self._done is not None:
            return self._done
        stats = self.stats
        return stats["rows_affected"], stats["last_insert_id"]

    @property
    def table(self) -> str:
        """The table that this result of read() is from; "" for others."""
        token = None
        try:
            token = self._con._turn.take()
            if token is None:
                return ""
            text, size = ffi.new("char **"), ffi.new("int64_t *")
            call(lib.stoa_result_table, self._handle, ffi.cast("const char **", text), size)
            return str(ffi.buffer(text[0], size[0])[:], "utf-8") if size[0] else ""
        finally:
            self._con._release(token)

    # ---- rows ----

    def _next(self) -> Batch | None:
        """The next batch, from the engine."""
        array = empty("struct ArrowArray *")
        if run(self._con._operations, self._limit or self._timeout, lib.stoa_result_next,
               self._handle, array) != 0:
            return None
        return Batch(self._schema, self._fields, array)

    def _advance(self) -> bool:
        """Make the next batch the current one; False at the end."""
        batch = self._ahead.pop(0) if self._ahead else self._next()
        self._current = batch
        self._rows = iter(batch.rows()) if batch is not None else iter(())
        return batch is not None

    def _singly(self, count: int) -> list[Row] | None:
        """Exactly so many rows, or fewer at the end, without a batch; None when that cannot be."""
        if self._ahead or not self._packable:
            return None
        out, token = ffi.new("stoa_rows *"), None
        try:
            token = self._con._turn.take()
            if token is None:
                return None
            run(self._con._operations, self._timeout, lib.stoa_result_rows, self._handle, count,
                out)
            return [unpack_row(out, None, row) for row in range(out.row_count)]
        finally:
            self._con._release(token)

    def fetchone(self) -> Row | None:
        """The next row; None at the end."""
        for row in self._rows:
            return row
        if not self._fields:
            self._no_rows()
            return None
        if self._singles > 0:
            self._singles -= 1
            rows = self._singly(1)
            if rows is not None:
                return rows[0] if rows else None
        while self._advance():
            for row in self._rows:
                return row
        return None

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next `size` rows (arraysize), fewer at the end."""
        size = min(index(self.arraysize if size is None else size), maxsize)
        if size < 0:
            raise DataError(f"fetchmany() is asked for {size} rows")
        out = list(islice(self._rows, size))
        if not self._fields:
            self._no_rows()
        if not out and 0 < size <= self._singles:
            self._singles -= size
            rows = self._singly(size)
            if rows is not None:
                return rows
        while len(out) < size and self._advance():
            out.extend(islice(self._rows, size - len(out)))
        return out

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        if not self._fields:
            self._no_rows()
        with _Limit(self):
            out = list(self._rows)
            while self._advance():
                if out:
                    out.extend(self._rows)
                else:
                    out = list(self._rows)
        return out

    def __iter__(self) -> Iterator[Row]:
        if not self._fields:
            return
        yield from self._rows
        while self._advance():
            yield from self._rows

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def dicts(self) -> Iterator[dict[str, Any]]:
        """The rows as dicts; the second column of a name "a" is "a_1" there."""
        names = distinct(self.columns)
        for row in self:
            yield dict(zip(names, row))

    def scalar(self) -> Any:
        """The first value of the next row; None when there is none."""
        row = self.fetchone()
        return row[0] if row else None

    def _no_rows(self) -> None:
        # Closed or not is for the library to say.
        call(lib.stoa_result_next, self._handle, NO_LIMIT, empty("struct ArrowArray *"))

    def request(self, schema: Any) -> Result:
        """Ask for other types, before the first row is read: a dict of Arrow formats or Python
        types by column, or anything with __arrow_c_schema__ that has all columns.

        >>> con.execute("SELECT id, at FROM t").request({"at": "tsu:"}).fetchall()
        """
        from ._request import wanted  # pylint: disable=import-outside-toplevel
        made = wanted(schema, self.columns)
        call(lib.stoa_result_request, self._handle, made.struct)
        self._begin()
        return self

    # ---- columns ----

    def batches(self) -> Iterator[Batch]:
        """What is left, batch by batch."""
        left = self._left()
        if left is not None:
            yield left
        while self._ahead:
            yield self._ahead.pop(0)
        while True:
            batch = self._next()
            if batch is None:
                return
            yield batch

    def _all(self) -> list[Batch]:
        with _Limit(self):
            return list(self.batches())

    def _left(self) -> Batch | None:
        """The rows of the current batch that were not fetched."""
        count, batch = length_hint(self._rows), self._current
        self._rows, self._current = iter(()), None
        if not count or batch is None:
            return None
        return batch.slice(len(batch) - count)

    def _stream(self, operation: Operation) -> Any:
        """What is left as an ArrowArrayStream of its own; the result is closed."""
        parts: list[Any] = [one for one in (self._left(), *self._ahead) if one is not None]
        self._ahead = []
        self._remember()
        stream = empty("struct ArrowArrayStream *")
        call(lib.stoa_result_export, self._handle, operation.handle, stream)
        if not parts:
            return stream
        from ._source import source  # pylint: disable=import-outside-toplevel
        return from_iterator(chain(parts, [_Rest(stream)]), source)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        if requested_schema is not None and self._current is None and not self._ahead:
            from ._request import asked  # pylint: disable=import-outside-toplevel
            asked(self, requested_schema)
        return stream_capsule(self._stream(Operation(self._timeout, exported=True)))

    def __arrow_c_schema__(self) -> Any:
        return self.schema.__arrow_c_schema__()

    def _convert(self, function: Any, names: list[str] | None = None) -> Any:
        """Have another library read all of it, minding Ctrl-C meanwhile. What ends the rows is
        raised as everywhere else, not as the other library tells it."""
        operation = Operation(self._timeout)
        self._con._operations.add(operation)
        watched = None
        try:
            stream, watched = watch(self._stream(operation), names)
            made = function(_Rest(stream))
        except Exception:
            if watched is None or watched.problem is None:
                check_signals()
                raise
        if watched.problem is not None:
            raise watched.problem
        check_signals()
        raise_certain()
        return made

    def arrow(self) -> Any:
        """What is left as a pyarrow.Table."""
        return self._convert(_frames().to_arrow)

    def pl(self) -> Any:
        """What is left as a polars.DataFrame; the second column of a name "a" is "a_1" there."""
        names = distinct(self.columns)
        return self._convert(_frames().to_polars, None if names == self.columns else names)

    def df(self) -> Any:
        """What is left as a pandas.DataFrame."""
        if not _frames().has("pyarrow"):
            return _frames().to_pandas_plain(self._fields, self._all())
        return self._convert(_frames().to_pandas)

    def numpy(self) -> dict[str, Any]:
        """What is left as a dict of numpy arrays; masked ones where there are NULLs. The second
        column of a name "a" is "a_1" there."""
        arrays: dict[str, Any] = _frames().to_numpy(self._fields, self._all())
        return arrays

    def csv(self, **settings: Any) -> str:
        """What is left as CSV text; stoa.write_csv() writes to files. Settings as there."""
        from . import _write  # pylint: disable=import-outside-toplevel
        return _write.text(_write.write_csv, self, settings)

    def json(self, **settings: Any) -> str:
        """What is left as JSON lines; stoa.write_json() writes to files. Settings as there."""
        from . import _write  # pylint: disable=import-outside-toplevel
        return _write.text(_write.write_json, self, settings)

    # ---- looking at it ----

    def _peek(self, rows: int) -> tuple[list[Row], bool]:
        """The first rows that were not fetched, and whether there are more; none is used up."""
        left = self._left()
        if left is not None:
            self._ahead.insert(0, left)
        while self._fields and sum(map(len, self._ahead)) <= rows:
            batch = self._next()
            if batch is None:
                break
            self._ahead.append(batch)
        seen = list(chain.from_iterable(batch.rows() for batch in self._ahead[:rows + 1]))
        return seen[:rows], len(seen) > rows

    def show(self, rows: int = 20) -> None:
        """Print the first rows as a table; they can be fetched afterwards."""
        print(_show().text(self._fields, *self._peek(rows)))

    def _repr_html_(self) -> str:
        return str(_show().html(self._fields, *self._peek(20)))

    # ---- the end ----

    def next_result(self) -> bool:
        """Go to the next statement of the text; False when there is none."""
        if run(self._con._operations, self._timeout, lib.stoa_result_next_result,
               self._handle) != 0:
            return False
        self._ahead, self._rows, self._current = [], iter(()), None
        self._done = None
        self._begin()
        return True

    def _remember(self) -> None:
        """Keep what was written, for when the result is closed. Another thread does not ask: the
        one that uses the connection would find it busy."""
        if self._done is None and self._thread == _get_ident():
            error, out = take_error(), ffi.new("stoa_stats *")
            out.struct_size = ffi.sizeof("stoa_stats")
            if lib.stoa_result_stats(self._handle, out, error) == 0:
                self._done = (out.rows_affected, out.last_insert_id)
            give_error(error)

    def close(self) -> None:
        """End the statement where it is. Any time, any thread, twice."""
        self._remember()
        self._ahead, self._rows, self._current = [], iter(()), None
        self._con._close_later(lib.stoa_result_close, self._handle)

    def __enter__(self) -> Result:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<stoa.Result: {', '.join(map(repr, self._fields)) or 'no columns'}>"


def _frames() -> Any:
    from . import _frames as module  # pylint: disable=import-outside-toplevel
    return module


def _show() -> Any:
    from . import _show as module  # pylint: disable=import-outside-toplevel
    return module


class _Limit:
    """The result's timeout, for all batches that are read meanwhile together."""

    __slots__ = ("_result",)

    def __init__(self, result: Result) -> None:
        self._result = result

    def __enter__(self) -> None:
        if self._result._timeout is not None:
            self._result._limit = Operation(self._result._timeout)

    def __exit__(self, *_: object) -> None:
        self._result._limit = None


class _Rest:
    """A stream, for whoever reads __arrow_c_stream__."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return stream_capsule(self._stream)


def open_result(con: Connection, timeout: float | None, function: Any, receiver: Any,
                *arguments: Any) -> Result:
    """The result of a call whose last output it is."""
    made = cell("stoa_result *")
    try:
        # Also of a call that succeeded, what a callback or a signal left behind is raised.
        run(con._operations, timeout, function, receiver, *arguments, made[0])
        return Result(con, made, timeout)
    except BaseException:
        lib.stoa_result_close(made[0][0])
        raise
