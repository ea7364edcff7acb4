# SPDX-License-Identifier: Apache-2.0
"""DB-API 2.0: cursors, and the type objects of the module."""

from __future__ import annotations

import datetime as dt
import time

from ._error import InterfaceError
from ._values import Unique

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Iterable, Iterator
    from ._connection import Connection
    from ._result import Result, Row

apilevel = "2.0"
threadsafety = 1
paramstyle = "qmark"

Date = dt.date
Time = dt.time
Timestamp = dt.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> dt.date:  # pylint: disable=invalid-name
    """DB-API: the local date of seconds since 1970."""
    return dt.date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> dt.time:  # pylint: disable=invalid-name
    """DB-API: the local time of day of seconds since 1970."""
    return dt.time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> dt.datetime:  # pylint: disable=invalid-name
    """DB-API: the local date and time of seconds since 1970."""
    return dt.datetime(*time.localtime(ticks)[:6])


class _Types:
    """Equal to the type words of description that belong to it."""

    def __init__(self, *words: str) -> None:
        self._words = words

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return False
        word = other[len("dictionary<"):-1] if other.startswith("dictionary<") else other
        word = word.partition("[")[0].partition("(")[0]  # Behind it are units, digits, sizes.
        return word in self._words or word.rstrip("0123456789") in self._words

    def __hash__(self) -> int:
        return hash(self._words)


STRING = _Types("utf8", "large_utf8", "utf8_view", "arrow.json")
BINARY = _Types("binary", "large_binary", "binary_view", "fixed_size_binary")
NUMBER = _Types("int", "uint", "float", "decimal", "bool", "stoa.decimal")
DATETIME = _Types("date", "time", "timestamp")
ROWID = _Types("int64")


class Cursor(Unique):
    """DB-API: runs statements, one after the other, and fetches their rows.

    >>> cursor = con.cursor()
    >>> cursor.execute("SELECT * FROM t WHERE id = ?", (1,)).fetchone()
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self._result: Result | None = None
        self._done: tuple[int, int | None] = (-1, None)
        self._open = True

    def execute(self, operation: str, parameters: Any = None) -> Cursor:
        """Run a statement."""
        self._forget()
        self._result = self.connection.execute(operation, parameters)
        return self

    def executemany(self, operation: str, seq_of_parameters: Iterable[Any]) -> Cursor:
        """Run a statement for each row of parameters: all of them or none."""
        self._forget()
        done = self.connection.executemany(operation, seq_of_parameters)
        self._done = (done.rows_affected, done.last_insert_id or None)
        return self

    def executescript(self, script: str) -> Cursor:
        """Run all statements of a text."""
        self._forget()
        done = self.connection.run(script)
        self._done = (done.rows_affected, done.last_insert_id or None)
        return self

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """Seven values a column; None without rows."""
        return self._result.description if self._result is not None else None

    @property
    def rowcount(self) -> int:
        """Rows that the last statement wrote; -1 when it is not one that writes."""
        return self._result.rowcount if self._result is not None else self._done[0]

    @property
    def lastrowid(self) -> int | None:
        """The id of the last row inserted."""
        return self._result.lastrowid if self._result is not None else self._done[1]

    def _rows(self) -> Result:
        if not self._open:
            raise InterfaceError("this cursor is closed")
        if self._result is None or self._result.description is None:
            raise InterfaceError("there are no rows to fetch: execute a statement that gives some")
        return self._result

    def fetchone(self) -> Row | None:
        """The next row; None at the end."""
        return self._rows().fetchone()

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows."""
        return self._rows().fetchmany(self.arraysize if size is None else size)

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        return self._rows().fetchall()

    def fetch_arrow_table(self) -> Any:
        """All rows that are left, as a pyarrow.Table."""
        return self._rows().arrow()

    def nextset(self) -> bool | None:
        """Go to the next statement of the text."""
        if not self._open:
            raise InterfaceError("this cursor is closed")
        return (self._result is not None and self._result.next_result()) or None

    def setinputsizes(self, sizes: Any) -> None:
        """DB-API: nothing to do."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """DB-API: nothing to do."""

    def _forget(self) -> None:
        if not self._open:
            raise InterfaceError("this cursor is closed")
        if self._result is not None:
            self._result.close()
        self._result, self._done = None, (-1, None)

    def close(self) -> None:
        """Forget the cursor and its result; rowcount and lastrowid can be asked for still."""
        if self._result is not None:
            self._result.close()
            rows, last = self._result._done or (-1, 0)
            self._result, self._done = None, (rows, last or None)
        self._open = False

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows())

    def __next__(self) -> Row:
        return next(self._rows())

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
