# SPDX-License-Identifier: Apache-2.0
"""A dialect of SQLAlchemy for files and databases in memory.

    engine = sqlalchemy.create_engine("stoa:///app.db?journal=wal")

It is SQLAlchemy's SQLite dialect (also as sqlite+stoa://) with Stoa's driver and types: dates and
times are stored as integers that Arrow knows, and come back exact. What is behind the "?" are
settings of stoa.open(). The connections of an engine share one database, also one in memory.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Callable

from sqlalchemy import event, exc, pool, types
from sqlalchemy.dialects.sqlite.base import (SQLiteCompiler, SQLiteDDLCompiler, SQLiteDialect,
                                             SQLiteTypeCompiler)
from sqlalchemy.engine import URL

import stoa

from ._values import EPOCH, EPOCH_DAY, EPOCH_UTC, micros, time_micros


class _Driver:
    """The module as a DB-API of SQLAlchemy's SQLite dialect: with the version of the SQLite that
    is inside."""

    sqlite_version_info = tuple(
        int(part) for part in next(str(one["version"]) for one in stoa.engines()
                                   if one["name"] == "sqlite").split("."))

    def __getattr__(self, name: str) -> Any:
        return getattr(stoa, name)


def _days(value: Any) -> Any:
    if isinstance(value, str):
        return dt.date.fromisoformat(value[:10])
    return dt.date.fromordinal(value + EPOCH_DAY) if isinstance(value, int) else value


def _clock(value: Any) -> Any:
    if isinstance(value, str):
        return dt.time.fromisoformat(value)
    return (EPOCH + dt.timedelta(microseconds=value)).time() if isinstance(value, int) else value


class _Date(types.Date):
    """Days since 1970. What max() and the like give has lost its type, and gets it here."""

    def bind_processor(self, dialect: Any) -> None:
        """Stoa takes dates as they are."""

    def literal_processor(self, dialect: Any) -> Callable[[Any], str]:
        """As it is stored, inside of a statement's text."""
        return lambda value: str(value.toordinal() - EPOCH_DAY)

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        """Whatever is stored, as a date."""
        return _days


class _Time(types.Time):
    """Microseconds since midnight."""

    def bind_processor(self, dialect: Any) -> None:
        """Stoa takes times as they are."""

    def literal_processor(self, dialect: Any) -> Callable[[Any], str]:
        """As it is stored, inside of a statement's text."""
        return lambda value: str(time_micros(value))

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        """Whatever is stored, as a time."""
        return _clock


class _DateTime(types.DateTime):
    """Microseconds since 1970; with timezone=True in UTC, and back in UTC."""

    def bind_processor(self, dialect: Any) -> Callable[[Any], Any]:
        """The integer that is stored: also for moments that a parameter cannot hold, which is
        counted in nanoseconds."""
        def stored(value: Any) -> Any:
            if not isinstance(value, dt.datetime) or hasattr(value, "nanosecond"):
                return value  # What has nanoseconds is for the driver to refuse.
            return micros(value)
        return stored

    def literal_processor(self, dialect: Any) -> Callable[[Any], str]:
        """As it is stored, inside of a statement's text."""
        return lambda value: str(micros(value))

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        """Whatever is stored, as a datetime."""
        epoch = EPOCH_UTC if self.timezone else EPOCH

        def moment(value: Any) -> Any:
            if isinstance(value, str):
                value = dt.datetime.fromisoformat(value)
                return value.replace(tzinfo=epoch.tzinfo) if value.tzinfo is None else value
            if isinstance(value, int):
                return epoch + dt.timedelta(microseconds=value)
            return value
        return moment


class _Types(SQLiteTypeCompiler):
    """How columns are declared."""

    def visit_DATE(self, type_: Any, **kw: Any) -> str:  # pylint: disable=invalid-name
        """A date32."""
        return "INTEGER DATE32"

    def visit_TIME(self, type_: Any, **kw: Any) -> str:  # pylint: disable=invalid-name
        """A time64[us]."""
        return "INTEGER TIME_US"

    def visit_DATETIME(self, type_: Any, **kw: Any) -> str:  # pylint: disable=invalid-name
        """A timestamp[us], with UTC if it is aware of zones."""
        return 'INTEGER TIMESTAMP_US "UTC"' if type_.timezone else "INTEGER TIMESTAMP_US"

    visit_TIMESTAMP = visit_DATETIME


# The time that it is in UTC, to the second as in SQLite, in the form that columns have.
_NOW, _TODAY, _CLOCK = ("(unixepoch() * 1000000)", "(unixepoch() / 86400)",
                        "(unixepoch() % 86400 * 1000000)")


class _Definitions(SQLiteDDLCompiler):
    """Defaults that SQLite would store as texts."""

    def get_column_default_string(self, column: Any) -> str | None:
        """What is there when nothing is given."""
        default: str | None = super().get_column_default_string(column)
        for kind, word, number in ((types.DateTime, "CURRENT_TIMESTAMP", _NOW),
                                   (types.Date, "CURRENT_DATE", _TODAY),
                                   (types.Time, "CURRENT_TIME", _CLOCK)):
            if isinstance(column.type, kind) and default is not None and \
                    default.strip("() ").upper() == word:
                return number
        return default


class _Compiler(SQLiteCompiler):
    """What SQLite knows of dates and times is about texts; here they are numbers."""

    def visit_now_func(self, fn: Any, **kw: Any) -> str:
        """Microseconds since 1970."""
        return _NOW

    visit_current_timestamp_func = visit_now_func

    def visit_current_date_func(self, fn: Any, **kw: Any) -> str:
        """Days since 1970."""
        return _TODAY

    def visit_current_time_func(self, fn: Any, **kw: Any) -> str:
        """Microseconds since midnight."""
        return _CLOCK

    def visit_extract(self, extract: Any, **kw: Any) -> str:
        """A part of a date or a time."""
        kind = extract.expr.type
        if not isinstance(kind, (types.Date, types.DateTime, types.Time)):
            usual: Any = super()
            return str(usual.visit_extract(extract, **kw))
        if extract.field not in self.extract_map:
            raise exc.CompileError(f"{extract.field} is not a valid extract argument.")
        value = self.process(extract.expr, **kw)
        seconds = f"({value}) * 86400" if isinstance(kind, types.Date) else \
            f"CAST(({value}) / 1000000 - (({value}) % 1000000 < 0) AS INTEGER)"
        form = self.extract_map[extract.field]
        return f"CAST(STRFTIME('{form}', {seconds}, 'unixepoch') AS INTEGER)"


class Dialect(SQLiteDialect):
    """SQLite by Stoa."""

    driver = "stoa"
    supports_statement_cache = True
    statement_compiler = _Compiler
    ddl_compiler = _Definitions
    type_compiler_cls = _Types
    colspecs = {**SQLiteDialect.colspecs, types.Date: _Date, types.Time: _Time,
                types.DateTime: _DateTime}
    ischema_names = {**SQLiteDialect.ischema_names, "INTEGER DATE32": types.DATE,
                     "INTEGER TIME_US": types.TIME, "INTEGER TIMESTAMP_US": types.DATETIME}

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._databases: dict[tuple[Any, ...], stoa.Database] = {}

    @classmethod
    def import_dbapi(cls) -> Any:
        """The driver."""
        return _Driver()

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:
        """Connections may move from thread to thread."""
        return pool.QueuePool

    @classmethod
    def engine_created(cls, engine: Any) -> None:
        """Let go of the database when the engine is disposed of; connections that are out keep it
        until they are closed."""
        event.listen(engine, "engine_disposed", lambda one: one.dialect._databases.clear())

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        """The target and its settings."""
        if url.host or url.port or url.username or url.password:
            raise exc.ArgumentError(f"a database is a file and has no host or user: {url!r}; "
                                    "stoa:///relative/path and stoa:////absolute/path have none")
        settings: dict[str, Any] = dict(url.query)
        if "timeout" in settings:
            settings["timeout"] = float(settings["timeout"])
        return [url.database or ":memory:"], settings

    def connect(self, *arguments: Any, **settings: Any) -> Any:
        """A connection to the engine's database, which the first one opens."""
        key = (*arguments, *sorted(settings.items()))
        database = self._databases.get(key)
        if database is None:
            database = self._databases[key] = stoa.open(*arguments, **settings)
            database._quiet = True  # It is let go with the engine.
        return database.connect(autocommit=False)

    def on_connect(self) -> Callable[[Any], None]:
        """REGEXP, which SQLite has no function for."""
        def regexp(pattern: str, text: str) -> bool:
            return re.search(pattern, text) is not None

        def connected(con: Any) -> None:
            con.replacement_scans = False
            con.create_function("regexp", regexp, deterministic=True)
        return connected

    def get_isolation_level_values(self, dbapi_connection: Any) -> Any:
        """Transactions are serializable; there may be none."""
        return ["SERIALIZABLE", "AUTOCOMMIT"]

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        """Begin transactions, or not."""
        dbapi_connection.rollback()
        dbapi_connection.autocommit = level == "AUTOCOMMIT"

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        """Which it is."""
        return "AUTOCOMMIT" if dbapi_connection.autocommit else "SERIALIZABLE"

    def detect_autocommit_setting(self, dbapi_conn: Any) -> bool:
        """Whether it is that one."""
        return bool(dbapi_conn.autocommit)

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """A connection that is closed, or was opened before a fork."""
        return isinstance(e, (stoa.ClosedError, stoa.ForkedError))

    def _resolve_type_affinity(self, type_: str) -> Any:
        if type_ == 'INTEGER TIMESTAMP_US "UTC"':
            return types.DATETIME(timezone=True)
        return super()._resolve_type_affinity(type_)  # type: ignore[no-untyped-call]

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return _Driver.sqlite_version_info
