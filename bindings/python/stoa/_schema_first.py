# SPDX-License-Identifier: Apache-2.0
"""Where collections begin: a connection's part of them, and new files."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._lua import Lua
    from ._result import Result
    from .collection import Collection


def _collect() -> Any:
    from . import _collect as module  # pylint: disable=import-outside-toplevel
    return module


class SchemaFirst:
    """What a connection does with collections; what they are stands in stoa/collection.h."""

    def collection(self, name: str) -> Collection:
        """One of the collections: its elements, whole and in bulk.

        >>> con.collection("Orchard")["Hill"]["area"]
        2.0
        """
        from .collection import Collection  # pylint: disable=import-outside-toplevel
        con: Any = self
        return Collection(con, name)

    def lua(self) -> Lua:
        """Run Lua scripts on the collections; NotFoundError names where a Lua 5.4 was looked for.

        >>> con.lua().run("return db:number_of_elements('Orchard')")
        2
        """
        from ._lua import Lua  # pylint: disable=import-outside-toplevel
        con: Any = self
        return Lua(con)

    def collections(self) -> list[str]:
        """The names of the collections."""
        return list(dict.fromkeys(row[0] for row in _collect().collection_list(self)))

    def apply_schema(self, sql: str, *, timeout: float | None = None) -> None:
        """Run SQL that makes or changes collections, in one transaction; nothing is kept when the
        schema is not valid then."""
        _collect().collection_apply(self, sql, timeout=timeout)

    def check_schema(self, *, timeout: float | None = None) -> Result:
        """All that is wrong with the collections: rule, fatal, table, column and text."""
        result: Result = _collect().collection_check(self, timeout=timeout)
        return result

    def describe_schema(self) -> str:
        """A report of all collections."""
        return str(_collect().collection_describe(self))

    def migrate(self, folder: str | os.PathLike[str], to: int | None = None, *,
                timeout: float | None = None, **settings: Any) -> Result:
        """Bring the database to a version (None: the newest) by the scripts of a folder, N/up.sql
        and N/down.sql; a row a version: version, direction, statements, applied. Settings as in
        stoa/collection.h: direction, plan, dry_run, per_version, allow_newer, history.

        >>> con.migrate("migrations", plan=True).show()
        >>> con.migrate("migrations", 3, direction="down")
        """
        result: Result = _collect().collection_migrate(
            self, os.fspath(folder), -1 if to is None else to, settings, timeout=timeout)
        return result

    def collection_policies(self, **settings: Any) -> None:
        """What later calls do with odd values. Settings as in stoa/collection.h: trim, dates, nan,
        arrays, cells, rules."""
        _collect().collection_set(self, settings)

    def query_cell(self, sql: str, params: Any = None, kind: str = "integer", *,
                   timeout: float | None = None) -> Any:
        """The first value of a statement as an integer, float, text or timestamp; None when there
        is no row, it is NULL, or another kind of value.

        >>> con.query_cell("SELECT count(*) FROM Orchard")
        2
        """
        if kind not in _CELLS:
            raise ValueError(f"kind is '{kind}'; a value is one of {', '.join(_CELLS)}")
        return _collect().query_cell(self, sql, params, _CELLS[kind], timeout=timeout)


_CELLS = {"integer": 5, "float": 11, "text": 19, "timestamp": 12}  # STOA_TYPE_*


def create_collections(path: str | os.PathLike[str], schema: str = "", *,
                       schema_file: str | os.PathLike[str] | None = None,
                       timeout: float | None = None, **settings: Any) -> None:
    """Make a database file from a schema. It appears when the schema is valid, and whole. Settings
    as in stoa/collection.h: if_exists (refuse or replace), rules, journal.

    >>> stoa.create_collections("farm.db", schema_file="farm.sql")
    """
    _collect().collection_create(
        os.fspath(path), schema,
        {**settings, "schema_file": None if schema_file is None else os.fspath(schema_file)},
        timeout=timeout)
