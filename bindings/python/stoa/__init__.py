# SPDX-License-Identifier: Apache-2.0
"""One safe door between Python and databases. Columns in, columns out.

    import stoa

    with stoa.connect("app.db") as con:
        con.insert("trades", {"symbol": ["A", "B"], "price": [1.5, 2.5]}, mode="create")
        con.execute("SELECT * FROM trades WHERE price > ?", (2,)).fetchall()
        con.sql("SELECT symbol, avg(price) FROM trades GROUP BY 1").df()

Close anything, in any order, from any thread; use after close is an exception with a sentence.
"""

import sys as _sys

from ._arrow import Schema
from ._batch import Batch
from ._care import Blob
from ._catalog import engines
from ._connection import Connection, Done
from ._database import Database, connect, default_connection, open
from ._dbapi import (BINARY, DATETIME, NUMBER, ROWID, STRING, Binary, Cursor, Date, DateFromTicks,
                     Time, TimeFromTicks, Timestamp, TimestampFromTicks, apilevel, paramstyle,
                     threadsafety)
from ._error import (AuthError, BusyError, CallbackError, CancelledError, ClosedError,
                     ConstraintError, CorruptError, DatabaseError, DataError, Error, ExistsError,
                     ForkedError, FullError, HandleError, InputOutputError, IntegrityError,
                     InterfaceError, InternalError, InvalidError, LibraryError, LockedError,
                     NetworkError, NotFoundError, NotSupportedError, OperationalError,
                     OutOfMemoryError, ProgrammingError, ProtocolError, ReadOnlyError,
                     SqlSyntaxError, TimedOutError, TypeMismatchError, UnsupportedError, Warning)
from ._ingest import Acks, Ingest
from ._lib import library_version, live
from ._result import Result
from ._schema_first import create_collections
from ._statement import Statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as _Any

    from ._async import AsyncConnection, AsyncResult, aconnect
    from ._async_collection import AsyncCollection, AsyncGroup, AsyncLua, AsyncSeries
    from ._format import Reader, arrow, csv, json
    from ._log import log_level, log_lines, log_to
    from ._lua import Lua
    from ._progress import progress
    from ._push import Pushed, Table
    from ._source import check
    from ._write import write_arrow, write_csv, write_json
    from .collection import Collection, Files, Group, Imported, Series

__version__ = "0.1.0"


def execute(sql: str, params: "_Any" = None, *, timeout: float | None = None) -> Result:
    """Run a statement in the default database, which is in memory.

    >>> stoa.execute("SELECT 42").scalar()
    42
    """
    return default_connection().execute(sql, params, timeout=timeout)


sql = execute


def __getattr__(name: str) -> "_Any":
    # What not every program needs is imported when it is asked for: asyncio is not small.
    module = _LATE.get(name)
    if module is None:
        raise AttributeError(f"module 'stoa' has no attribute '{name}'")
    from importlib import import_module
    return getattr(import_module("stoa." + module), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


_LATE = {name: module for module, names in {
    "_async": "AsyncConnection AsyncResult aconnect",
    "_async_collection": "AsyncCollection AsyncGroup AsyncLua AsyncSeries",
    "_format": "Reader arrow csv json", "_log": "log_level log_lines log_to", "_lua": "Lua",
    "_progress": "progress", "_push": "Pushed Table",
    "_source": "check", "_write": "write_arrow write_csv write_json",
    "collection": "Collection Files Group Imported Series"}.items() for name in names.split()}

if hasattr(_sys, "ps1") or "ipykernel" in _sys.modules:
    __getattr__("progress")()  # Somebody sits in front of it.


__all__ = [
    "Acks", "AsyncCollection", "AsyncConnection", "AsyncGroup", "AsyncLua", "AsyncResult",
    "AsyncSeries", "AuthError", "BINARY", "Batch", "Binary", "Blob", "BusyError", "CallbackError",
    "CancelledError", "ClosedError", "Collection", "Connection", "ConstraintError", "CorruptError",
    "Cursor", "DATETIME", "DataError", "Database", "DatabaseError", "Date", "DateFromTicks",
    "Done", "Error", "ExistsError", "Files", "ForkedError", "FullError", "Group", "HandleError",
    "Imported", "Ingest", "InputOutputError", "IntegrityError", "InterfaceError", "InternalError",
    "InvalidError", "LibraryError", "LockedError", "Lua", "NUMBER", "NetworkError",
    "NotFoundError", "NotSupportedError", "OperationalError", "OutOfMemoryError",
    "ProgrammingError", "ProtocolError", "Pushed", "ROWID", "ReadOnlyError", "Reader", "Result",
    "STRING", "Schema", "Series", "SqlSyntaxError", "Statement", "Table", "Time", "TimeFromTicks",
    "TimedOutError", "Timestamp", "TimestampFromTicks", "TypeMismatchError", "UnsupportedError",
    "Warning", "aconnect", "apilevel", "arrow", "check", "connect", "create_collections", "csv",
    "default_connection", "engines", "execute", "json", "library_version", "live", "log_level",
    "log_lines", "log_to", "open", "paramstyle", "progress", "sql", "threadsafety", "write_arrow",
    "write_csv", "write_json",
]
