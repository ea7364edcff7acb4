# SPDX-License-Identifier: Apache-2.0
"""Writers of columns.

    with db.ingest("trades", mode="create_append") as writer:
        number = writer.append(frame)        # one transaction
        writer.append({"symbol": ["A"], "price": [1.5]})
    # here everything is durable

Each append is all or nothing and has a number; acks tells up to which number appends are accepted,
committed (they survive the death of the process) and durable (they survive the loss of power).
"""

from __future__ import annotations

import warnings

from ._arrow import run_taking
from ._call import Operations, Options, call, run
from ._lib import NULL, cell, ffi, lib
from ._values import Unique, named, one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Iterable, Mapping

    from ._push import Pushed, Table
    from ._source import Names


class Acks:
    """The highest number that all appends up to it have reached, a level."""

    __slots__ = ("accepted", "committed", "durable")

    def __init__(self, accepted: int, committed: int, durable: int) -> None:
        self.accepted = accepted
        self.committed = committed
        self.durable = durable

    def __repr__(self) -> str:
        return (f"Acks(accepted={self.accepted}, committed={self.committed}, "
                f"durable={self.durable})")


_LEVELS = {"accepted": 0, "committed": 1, "durable": 2}


class Ingest(Unique):
    """A writer into one table. Of a database: any thread may append. Of a connection: part of its
    transaction. Leaving its `with` finishes it; leaving with an exception abandons it."""

    def __init__(self, parent: Any, made: tuple[Any, Any], table: str,
                 database: str = "") -> None:
        self._parent = parent
        self._handle, self._kept = made[0][0], made[1]
        self._table = table
        self._database = database
        self._operations = Operations()
        self._anew = False  # The table is made by the first append.
        self._open = True

    def append(self, data: Any, *, columns: Names = None, timeout: float | None = None) -> int:
        """Write data, all of it or nothing, and answer the append's number."""
        stream, kept = self._into(data, columns)
        sequence = ffi.new("uint64_t *")
        run_taking(stream, self._operations, timeout, lib.stoa_ingest_append_stream, self._handle,
                   stream, NULL, sequence)
        del kept
        self._anew = False
        return int(sequence[0])

    def _into(self, data: Any, names: Names) -> tuple[Any, Any]:
        from ._coerce import into  # pylint: disable=import-outside-toplevel
        if hasattr(self._parent, "table_schema") and not self._anew:
            return into(self._parent, self._table, self._database, data, names)
        if self._anew or (hasattr(data, "__arrow_c_stream__") and not hasattr(data, "once")):
            return into(None, self._table, self._database, data, names)
        with self._parent.connect() as con:
            return into(con, self._table, self._database, data, names)

    def push(self, tables: Mapping[str, Any] | Iterable[Table], *,
             timeout: float | None = None) -> Pushed:
        """Write several tables, each with columns of its own, in one transaction: data by the
        tables' names, or stoa.Table for more than that.

        >>> with db.ingest() as writer:
        ...     writer.push({"trades": frame, "quotes": {"bid": [1.5, 2.5]}})
        """
        from ._push import Pushed, tables_of  # pylint: disable=import-outside-toplevel
        given = tables_of(tables)
        described = ffi.new("stoa_table[]", max(1, len(given)))
        kept = [one.describe(described[i]) for i, one in enumerate(given)]
        done, out = ffi.new("stoa_table_done[]", max(1, len(given))), ffi.new("stoa_push_done *")
        run(self._operations, timeout, lib.stoa_ingest_push, self._handle, described, len(given),
            done, out)
        del kept
        return Pushed(out.sequence, out.rows, out.bytes, [
            {"table": one.name, "written": done[i].written, "dropped": done[i].dropped,
             "replaced": done[i].replaced, "deleted": done[i].deleted}
            for i, one in enumerate(given)])

    @property
    def acks(self) -> Acks:
        """What was acknowledged so far."""
        out = ffi.new("stoa_acks *")
        call(lib.stoa_ingest_acks, self._handle, out)
        return Acks(out.accepted, out.committed, out.durable)

    def wait(self, sequence: int, level: str = "durable", *, timeout: float | None = None) -> None:
        """Wait until the appends up to a number are accepted, committed or durable."""
        if not isinstance(sequence, int):
            raise TypeError(f"an append has a number, not a {type(sequence).__name__}")
        sequence = min(max(sequence, 0), (1 << 64) - 1)  # None has more, for the library to say.
        run(self._operations, timeout, lib.stoa_ingest_wait, self._handle,
            one_of(_LEVELS, level, "level"), sequence)

    def finish(self, *, timeout: float | None = None) -> None:
        """Make everything durable, and close."""
        run(self._operations, timeout, lib.stoa_ingest_finish, self._handle)
        self._open = False

    def cancel(self) -> None:
        """End the appends that run now, from any thread."""
        self._operations.cancel()

    def close(self) -> None:
        """Abandon the writer; what was acknowledged stays. Any time, any thread, twice."""
        self._open = False
        lib.stoa_ingest_close(self._handle)

    def __enter__(self) -> Ingest:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None and self._open:
                self.finish()
        finally:
            self.close()

    def __repr__(self) -> str:
        return f"<stoa.Ingest into {self._table!r}{'' if self._open else ', closed'}>"

    def __del__(self, _warn: Any = warnings.warn) -> None:
        if getattr(self, "_open", False):
            _warn(f"{self!r} was not closed", ResourceWarning, source=self)


def open_ingest(function: Any, parent: Any, table: str, settings: dict[str, Any]) -> Ingest:
    """A writer of a database or a connection."""
    options, name, made = Options(settings), named(table, "a table's name"), cell("stoa_ingest *")
    call(function, parent._handle, name, len(name), options.array, options.count, made[0])
    writer = Ingest(parent, made, table, str(settings.get("database") or ""))
    writer._anew = settings.get("mode") in ("create", "replace")
    return writer
