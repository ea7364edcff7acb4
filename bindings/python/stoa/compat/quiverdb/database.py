# SPDX-License-Identifier: Apache-2.0
"""Database: one method, at most one call of the library, and the shape of its answer."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import warnings
from typing import Any, Callable, Iterator, Mapping, Sequence

import stoa
from stoa import _collect as collect
from stoa import _values as kinds
from stoa._call import run
from stoa._lib import lib

from . import values as inward
from .exceptions import QuiverError, told
from .metadata import (Column, CSVOptions, GroupMetadata, LogLevel, ScalarMetadata, columns_of,
                       groups_of)

# What quiverdb does where Stoa does otherwise by itself.
_POLICIES = {"trim": True, "dates": "raw", "nan": "null", "arrays": "fan_out", "cells": "null",
             "rules": "basic"}
_AS_TEXT = {"dates": "text"}


def _target(path: str) -> str:
    return path if path == ":memory:" else os.path.abspath(path)


class Database:
    """A database of collections. Made by open(), from_schema() and from_migrations()."""

    def __init__(self, path: str, *, read_only: bool = False, create: bool = False) -> None:
        self._path = path
        self._open = False
        with told():
            self._database = stoa.open(_target(path), read_only=read_only, journal="keep",
                                       create=create or path == ":memory:")
            self._database._quiet = True
            self._con = self._database.connect()
            collect.collection_set(self._con, _POLICIES)
        self._open = True
        self._seen: tuple[int, dict[str, list[Column]]] = (-1, {})

    # ---- made and closed ----

    @staticmethod
    def open(db_path: str, *, read_only: bool = False,
             console_level: LogLevel | None = None) -> Database:
        """Open a database that is there."""
        del console_level
        try:
            return Database(db_path, read_only=read_only)
        except QuiverError as problem:
            raise QuiverError(f"Failed to open database: {problem}") from problem

    @staticmethod
    def from_schema(db_path: str, schema_path: str, *, read_only: bool = False,
                    console_level: LogLevel | None = None) -> Database:
        """Make a database from a file of SQL, in place of the one that is there."""
        del console_level
        if db_path == ":memory:":
            return _in_memory(schema_path, read_only)
        with told():
            collect.collection_create(os.path.abspath(db_path), "", {
                "schema_file": schema_path, "if_exists": "replace", "rules": "basic",
                "journal": "delete", "read_only": read_only})
        return Database(db_path)

    @staticmethod
    def from_migrations(db_path: str, migrations_path: str, *, read_only: bool = False,
                        console_level: LogLevel | None = None) -> Database:
        """Open or make a database, and bring it to the newest version of a folder."""
        del console_level
        if read_only:
            raise QuiverError("Cannot from_migrations: read_only mode (use Database constructor to "
                              "open existing)")
        made = Database(db_path, create=True)
        try:
            with told():
                collect.collection_migrate(made._con, migrations_path, -1,
                                           {"allow_newer": True}).close()
        except BaseException:
            made.close()
            raise
        return made

    def close(self) -> None:
        """Close it; what a transaction did is rolled back."""
        if self._open:
            self._open = False
            self._con.close()
            self._database.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_problem: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_open", False):
            warnings.warn("Database was not closed explicitly", ResourceWarning, source=self)
            self.close()

    def __repr__(self) -> str:
        return f"Database(path='{self._path}')" if self._open else "Database(closed)"

    def _do(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if not self._open:
            raise QuiverError("Database has been closed")
        with told():
            return function(self._con, *arguments)

    def _call(self, function: Any, *arguments: Any) -> None:
        self._do(lambda con: run(con._operations, None, function, con._handle, *arguments))

    def path(self) -> str:
        """As it was given."""
        self._do(lambda con: None)
        return self._path

    def current_version(self) -> int:
        """PRAGMA user_version."""
        return int(self._do(lambda con: con.row("PRAGMA user_version"))[0])

    def is_healthy(self) -> bool:
        """Whether it can be read."""
        return bool(self._do(lambda con: con.row("SELECT 1")) == (1,))

    # ---- the schema ----

    def describe(self) -> str:
        """A report of the schema."""
        head = f"Database: {self._path}\n"
        text: str = self._do(collect.collection_describe)
        return head + text.partition("\n")[2]

    def describe_collection(self, collection: str) -> str:
        """A report of one collection."""
        return str(self._do(collect.collection_describe, collection))

    def summarize_collection(self, collection: str) -> str:
        """A report of a collection's data."""
        return str(self._do(collect.collection_summarize, collection))

    def _columns(self, collection: str) -> list[Column]:
        version = self._do(lambda con: con.row("PRAGMA schema_version"))[0]
        if self._seen[0] != version:
            self._seen = (version, {})
        known = self._seen[1].get(collection)
        if known is None:
            known = self._do(lambda con: columns_of(
                collect.collection_list(con, collection).dicts()))
            self._seen[1][collection] = known
        return known

    def get_scalar_metadata(self, collection: str, attribute: str) -> ScalarMetadata:
        """A scalar attribute."""
        for column in self._columns(collection):
            if column.kind == "scalar" and column.scalar.name == attribute:
                return column.scalar
        raise QuiverError(f"Scalar attribute not found: '{attribute}' in collection "
                          f"'{collection}'")

    def _group(self, collection: str, kind: str, word: str, name: str) -> GroupMetadata:
        for group in groups_of(self._columns(collection), kind):
            if group.group_name == name:
                return group
        raise QuiverError(f"{word} group not found: '{name}' in collection '{collection}'")

    def get_vector_metadata(self, collection: str, group_name: str) -> GroupMetadata:
        """A vector group."""
        return self._group(collection, "vector", "Vector", group_name)

    def get_set_metadata(self, collection: str, group_name: str) -> GroupMetadata:
        """A set group."""
        return self._group(collection, "set", "Set", group_name)

    def get_time_series_metadata(self, collection: str, group_name: str) -> GroupMetadata:
        """A time series group."""
        return self._group(collection, "time_series", "Time series", group_name)

    def list_scalar_attributes(self, collection: str) -> list[ScalarMetadata]:
        """Scalar attributes, `id` and `label` included."""
        return [one.scalar for one in self._columns(collection) if one.kind == "scalar"]

    def _groups(self, collection: str, kind: str) -> list[GroupMetadata]:
        try:
            return groups_of(self._columns(collection), kind)
        except QuiverError as problem:
            if "collection not found" in str(problem):
                return []
            raise

    def list_vector_groups(self, collection: str) -> list[GroupMetadata]:
        """Vector groups; none for a collection that is not there."""
        return self._groups(collection, "vector")

    def list_set_groups(self, collection: str) -> list[GroupMetadata]:
        """Set groups, likewise."""
        return self._groups(collection, "set")

    def list_time_series_groups(self, collection: str) -> list[GroupMetadata]:
        """Time series groups, likewise."""
        return self._groups(collection, "time_series")

    # ---- elements ----

    def create_element(self, collection: str, **kwargs: Any) -> int:
        """Create an element; lists are arrays. Its id."""
        cells, arrays = inward.attributes(kwargs)
        return int(self._do(collect.element_create, collection, cells, arrays))

    def update_element(self, collection: str, id: int, **kwargs: Any) -> None:
        """Change an element."""
        cells, arrays = inward.attributes(kwargs)
        self._do(collect.element_update, collection, id, cells, arrays)

    def delete_element(self, collection: str, id: int) -> None:
        """Delete an element, and its groups' rows."""
        self._do(collect.element_delete, collection, id)

    def read_element_ids(self, collection: str) -> list[int]:
        """All ids, ascending."""
        return self._column(collection, (), 0, {})

    def number_of_elements(self, collection: str) -> int:
        """How many there are."""
        return int(self._do(collect.elements_count, collection))

    # ---- transactions ----

    def begin_transaction(self) -> None:
        """Begin a transaction."""
        self._call(lib.stoa_begin, 0)

    def commit(self) -> None:
        """Commit it."""
        self._call(lib.stoa_commit)

    def rollback(self) -> None:
        """Take it back."""
        self._call(lib.stoa_rollback)

    def in_transaction(self) -> bool:
        """Whether one is open, a dry run's included."""
        return bool(self._do(lambda con: con.in_transaction))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Database]:
        """A transaction for the length of a `with`."""
        self.begin_transaction()
        try:
            yield self
        except BaseException:
            with contextlib.suppress(QuiverError):
                self.rollback()
            raise
        self.commit()

    def begin_dry_run(self) -> None:
        """From here on everything is taken back at the end."""
        self._do(collect.dry_run_begin)

    def end_dry_run(self) -> None:
        """Take it back."""
        self._do(collect.dry_run_end)

    def in_dry_run(self) -> bool:
        """Whether there is one."""
        return bool(self._do(collect.conn_dry_run))

    @contextlib.contextmanager
    def dry_run(self) -> Iterator[Database]:
        """A dry run for the length of a `with`."""
        self.begin_dry_run()
        try:
            yield self
        except BaseException:
            with contextlib.suppress(QuiverError):
                self.end_dry_run()
            raise
        self.end_dry_run()

    # ---- queries ----

    def _query(self, sql: str, parameters: Sequence[Any] | None, kind: int) -> Any:
        return self._do(collect.query_cell, sql, inward.parameters(parameters), kind)

    def query_string(self, sql: str, *, parameters: Sequence[Any] | None = None) -> str | None:
        """The first column of the first row, if it is a text."""
        answer: str | None = self._query(sql, parameters, kinds.TEXT)
        return answer

    def query_integer(self, sql: str, *, parameters: Sequence[Any] | None = None) -> int | None:
        """If it is an integer."""
        answer: int | None = self._query(sql, parameters, kinds.INT64)
        return answer

    def query_float(self, sql: str, *, parameters: Sequence[Any] | None = None) -> float | None:
        """If it is a number."""
        answer: float | None = self._query(sql, parameters, kinds.FLOAT64)
        return answer

    def query_date_time(self, sql: str, *,
                        parameters: Sequence[Any] | None = None) -> dt.datetime | None:
        """If it is a date."""
        return inward.parse_date(self.query_string(sql, parameters=parameters))

    # ---- attributes of all elements ----

    def _column(self, collection: str, names: Sequence[str], which: int,
                settings: Mapping[str, Any], keys: Sequence[int] = ()) -> list[Any]:
        def read(con: Any) -> list[Any]:
            made: list[Any] = []
            with collect.elements_read(con, collection, names, keys,
                                       {**_AS_TEXT, **settings}) as result:
                for batch in result.batches():
                    made += batch.column(which)
            return made
        items: list[Any] = self._do(read)
        return items

    def _attribute(self, collection: str, attribute: str, kind: str, wanted: str,
                   keys: Sequence[int] = ()) -> list[Any]:
        """What is asked for as another type is None, or nothing."""
        settings = {"kind": kind, "as": wanted}
        try:
            return self._column(collection, (attribute,), 1, settings, keys)
        except QuiverError as problem:
            if not isinstance(problem.__cause__, stoa.TypeMismatchError):
                raise
        read = self._column(collection, (attribute,), 1, {"kind": kind}, keys)
        return [None if kind == "scalar" else [None] * len(items) for items in read]

    def _lists(self, collection: str, attribute: str, kind: str, wanted: str) -> list[list[Any]]:
        return [[item for item in items if item is not None]
                for items in self._attribute(collection, attribute, kind, wanted) if items]

    def _by_id(self, collection: str, attribute: str, kind: str, wanted: str, id: int,
               missing: Any) -> Any:
        try:
            read = self._attribute(collection, attribute, kind, wanted, (id,))[0]
        except QuiverError as problem:
            if str(problem).startswith("Element not found"):
                return missing
            raise
        return read if kind == "scalar" else [item for item in read if item is not None]

    def read_scalar_integers(self, collection: str, attribute: str) -> list[int | None]:
        """An attribute of every element."""
        return self._attribute(collection, attribute, "scalar", "integer")

    def read_scalar_floats(self, collection: str, attribute: str) -> list[float | None]:
        """An attribute of every element."""
        return self._attribute(collection, attribute, "scalar", "float")

    def read_scalar_strings(self, collection: str, attribute: str) -> list[str | None]:
        """An attribute of every element."""
        return self._attribute(collection, attribute, "scalar", "text")

    def read_scalar_integer_by_id(self, collection: str, attribute: str, id: int) -> int | None:
        """An attribute of one; None also for an element that is not there."""
        answer: int | None = self._by_id(collection, attribute, "scalar", "integer", id, None)
        return answer

    def read_scalar_float_by_id(self, collection: str, attribute: str, id: int) -> float | None:
        """An attribute of one element."""
        answer: float | None = self._by_id(collection, attribute, "scalar", "float", id, None)
        return answer

    def read_scalar_string_by_id(self, collection: str, attribute: str, id: int) -> str | None:
        """An attribute of one element."""
        answer: str | None = self._by_id(collection, attribute, "scalar", "text", id, None)
        return answer

    def read_scalar_date_time_by_id(self, collection: str, attribute: str,
                                    id: int) -> dt.datetime | None:
        """An attribute of one element."""
        return inward.parse_date(self.read_scalar_string_by_id(collection, attribute, id))

    def read_vector_integers(self, collection: str, attribute: str) -> list[list[int]]:
        """Vectors of the elements that have one; None is left out."""
        return self._lists(collection, attribute, "vector", "integer")

    def read_vector_floats(self, collection: str, attribute: str) -> list[list[float]]:
        """Vectors of the elements that have one."""
        return self._lists(collection, attribute, "vector", "float")

    def read_vector_strings(self, collection: str, attribute: str) -> list[list[str]]:
        """Vectors of the elements that have one."""
        return self._lists(collection, attribute, "vector", "text")

    def read_vector_integers_by_id(self, collection: str, attribute: str, id: int) -> list[int]:
        """The vector of one element."""
        return list(self._by_id(collection, attribute, "vector", "integer", id, ()))

    def read_vector_floats_by_id(self, collection: str, attribute: str, id: int) -> list[float]:
        """The vector of one element."""
        return list(self._by_id(collection, attribute, "vector", "float", id, ()))

    def read_vector_strings_by_id(self, collection: str, attribute: str, id: int) -> list[str]:
        """The vector of one element."""
        return list(self._by_id(collection, attribute, "vector", "text", id, ()))

    def read_vector_date_time_by_id(self, collection: str, attribute: str,
                                    id: int) -> list[dt.datetime | None]:
        """The vector of one element."""
        return inward.parse_dates(self.read_vector_strings_by_id(collection, attribute, id))

    def read_set_integers(self, collection: str, attribute: str) -> list[list[int]]:
        """Sets of the elements that have one; None is left out."""
        return self._lists(collection, attribute, "set", "integer")

    def read_set_floats(self, collection: str, attribute: str) -> list[list[float]]:
        """Sets of the elements that have one."""
        return self._lists(collection, attribute, "set", "float")

    def read_set_strings(self, collection: str, attribute: str) -> list[list[str]]:
        """Sets of the elements that have one."""
        return self._lists(collection, attribute, "set", "text")

    def read_set_integers_by_id(self, collection: str, attribute: str, id: int) -> list[int]:
        """The set of one element."""
        return list(self._by_id(collection, attribute, "set", "integer", id, ()))

    def read_set_floats_by_id(self, collection: str, attribute: str, id: int) -> list[float]:
        """The set of one element."""
        return list(self._by_id(collection, attribute, "set", "float", id, ()))

    def read_set_strings_by_id(self, collection: str, attribute: str, id: int) -> list[str]:
        """The set of one element."""
        return list(self._by_id(collection, attribute, "set", "text", id, ()))

    def read_set_date_time_by_id(self, collection: str, attribute: str,
                                 id: int) -> list[dt.datetime | None]:
        """The set of one element."""
        return inward.parse_dates(self.read_set_strings_by_id(collection, attribute, id))

    # ---- one element, whole ----

    def _element(self, collection: str, id: int, kind: str) -> dict[str, Any]:
        columns = {one.scalar.name: one for one in self._columns(collection) if one.kind == kind}
        scalar = kind == "scalar"
        try:
            read = self._do(collect.element_read, collection, id, {"groups": kind, **_AS_TEXT})
        except QuiverError as problem:
            if not str(problem).startswith("Element not found"):
                raise
            return {name: None if scalar else [] for name in columns}
        for name, items in read.items():
            dated = columns[name.rpartition(".")[2]].is_date
            if scalar:
                read[name] = inward.parse_date(items) if dated else items
            else:
                kept = [item for item in items if item is not None]
                read[name] = inward.parse_dates(kept) if dated else kept
        made: dict[str, Any] = read
        return made

    def read_scalars_by_id(self, collection: str, id: int) -> dict[str, Any]:
        """All scalars of an element; all None for one that is not there."""
        return self._element(collection, id, "scalar")

    def read_vectors_by_id(self, collection: str, id: int) -> dict[str, list[Any]]:
        """All vectors of an element."""
        return self._element(collection, id, "vector")

    def read_sets_by_id(self, collection: str, id: int) -> dict[str, list[Any]]:
        """All sets of an element."""
        return self._element(collection, id, "set")

    def read_element_by_id(self, collection: str, id: int) -> dict[str, Any]:
        """Scalars, vectors and sets of an element."""
        return {**self.read_scalars_by_id(collection, id),
                **self.read_vectors_by_id(collection, id), **self.read_sets_by_id(collection, id)}

    # ---- whole groups ----

    def _rows(self, collection: str, kind: int, group: str, id: int) -> tuple[list[str],
                                                                              list[list[Any]]]:
        """Columns behind `id`, and their values; none for an element that is not there."""
        def read(con: Any) -> tuple[list[str], list[list[Any]]]:
            with collect.group_read(con, collection, kind, group, (), (id,),
                                    settings=_AS_TEXT) as result:
                names = result.columns[1:]
                made: list[list[Any]] = [[] for _ in names]
                for batch in result.batches():
                    for number, items in enumerate(made):
                        items += batch.column(number + 1)
                return names, made
        try:
            rows: tuple[list[str], list[list[Any]]] = self._do(read)
        except QuiverError as problem:
            if str(problem).startswith("Element not found"):
                return [], []
            raise
        return rows

    def _dated(self, collection: str, kind: str, group: str) -> set[str]:
        return {one.scalar.name for one in self._columns(collection)
                if one.kind == kind and one.group == group and one.is_date}

    def _group_rows(self, collection: str, kind: str, number: int, group: str,
                    id: int) -> list[dict[str, Any]]:
        names, read = self._rows(collection, number, group, id)
        dated = self._dated(collection, kind, group) if names else set()
        read = [inward.parse_dates(items) if name in dated else items
                for name, items in zip(names, read)]
        return [dict(zip(names, items)) for items in zip(*read)]

    def read_vector_group_by_id(self, collection: str, group: str, id: int) -> list[dict[str, Any]]:
        """Rows of a vector group, `vector_index` from 0 first."""
        rows = self._group_rows(collection, "vector", collect.VECTOR, group, id)
        for index, row in enumerate(rows):
            row["vector_index"] = index
        return rows

    def read_set_group_by_id(self, collection: str, group: str, id: int) -> list[dict[str, Any]]:
        """Rows of a set group."""
        return self._group_rows(collection, "set", collect.SET, group, id)

    def _write_group(self, collection: str, kind: int, group: str, id: int,
                     data: Mapping[str, Sequence[Any]]) -> None:
        self._do(collect.group_write, collection, kind, group, id, inward.columns(data))

    def update_vector_group(self, collection: str, group: str, id: int,
                            data: Mapping[str, Sequence[Any]]) -> None:
        """Replace an element's rows; {} clears them."""
        self._write_group(collection, collect.VECTOR, group, id, data)

    def update_set_group(self, collection: str, group: str, id: int,
                         data: Mapping[str, Sequence[Any]]) -> None:
        """Replace an element's rows; {} clears them."""
        self._write_group(collection, collect.SET, group, id, data)

    # ---- time series ----

    def read_time_series_group(self, collection: str, group: str, id: int) -> dict[str, list[Any]]:
        """Columns of an element's series, the dimension first; {} without rows."""
        names, read = self._rows(collection, collect.TIME_SERIES, group, id)
        if not read or not read[0]:
            return {}
        made = dict(zip(names, read))
        listed = [one.scalar.name for one in self._columns(collection)
                  if one.kind == "time_series" and one.group == group]
        made = {name: made[name] for name in listed}
        made[listed[0]] = inward.parse_dates(made[listed[0]])
        return made

    def update_time_series_group(self, collection: str, group: str, id: int,
                                 data: Mapping[str, Sequence[Any]]) -> None:
        """Replace an element's series; {} clears it."""
        self._write_group(collection, collect.TIME_SERIES, group, id, data)

    def upsert_time_series_row(self, collection: str, group: str, id: int,
                               **kwargs: Any) -> None:
        """Insert or replace one row."""
        self._do(collect.series_upsert, collection, group, id, inward.row(kwargs),
                 {"mode": "replace"})

    def read_time_series_row(self, collection: str, group: str, attribute: str,
                             date_time: dt.datetime) -> list[Any]:
        """For each element the last value at or before a moment, or None."""
        def read(con: Any) -> list[Any]:
            with collect.series_asof(con, collection, group, attribute,
                                     (inward.date_text(date_time),), settings=_AS_TEXT) as result:
                # With further dimensions there are several rows an element.
                return list({row[0]: row[-1] for row in result}.values())
        answers: list[Any] = self._do(read)
        return answers

    # ---- files of time series ----

    def has_time_series_files(self, collection: str) -> bool:
        """Whether the collection has a table of them."""
        return any(one.kind == "files" for one in self._columns(collection))

    def list_time_series_files_columns(self, collection: str) -> list[str]:
        """Their columns, as declared."""
        names = [one.scalar.name for one in self._columns(collection) if one.kind == "files"]
        if not names:
            raise QuiverError(f"Time series files table not found: {collection}_time_series_files")
        return names

    def read_time_series_files(self, collection: str) -> dict[str, str | None]:
        """Paths by column, sorted."""
        return dict(sorted(self._do(collect.files_read, collection).items()))

    def update_time_series_files(self, collection: str, data: Mapping[str, str | None]) -> None:
        """Set all paths: those that are not given become None. {} does nothing."""
        self._do(collect.files_write, collection, dict(data), {"mode": "replace"})

    # ---- CSV ----

    def export_csv(self, collection: str, group: str, path: str, *,
                   options: CSVOptions | None = None) -> None:
        """Write the scalars (group "") or a group to a file."""
        self._do(collect.collection_export_csv, collection, collect.ANY, group, path,
                 _csv_settings(options))

    def import_csv(self, collection: str, group: str, path: str, *,
                   options: CSVOptions | None = None) -> None:
        """Replace them by what a file holds."""
        self._do(collect.collection_import_csv, collection, collect.ANY, group, path,
                 {**_csv_settings(options), "open_transaction": "refuse"})[1].close()

    # ---- one attribute, as earlier releases had it ----

    def _update_scalar(self, collection: str, attribute: str, id: int, value: Any) -> None:
        self._do(collect.element_update, collection, id, *inward.attributes({attribute: value}))

    def _update_array(self, collection: str, kind: int, attribute: str, id: int,
                      items: Sequence[Any]) -> None:
        column = inward.columns({attribute: items})[attribute]
        self._do(collect.attribute_write, collection, kind, id, attribute, column)

    def update_scalar_integer(self, collection: str, attribute: str, id: int,
                              value: int | None) -> None:
        """Set one scalar."""
        self._update_scalar(collection, attribute, id, value)

    def update_scalar_float(self, collection: str, attribute: str, id: int,
                            value: float | None) -> None:
        """Set one scalar."""
        self._update_scalar(collection, attribute, id, value)

    def update_scalar_string(self, collection: str, attribute: str, id: int,
                             value: str | None) -> None:
        """Set one scalar."""
        self._update_scalar(collection, attribute, id, value)

    def update_vector_integers(self, collection: str, attribute: str, id: int,
                               values: Sequence[int | None]) -> None:
        """Set one vector."""
        self._update_array(collection, collect.VECTOR, attribute, id, values)

    def update_vector_floats(self, collection: str, attribute: str, id: int,
                             values: Sequence[float | None]) -> None:
        """Set one vector."""
        self._update_array(collection, collect.VECTOR, attribute, id, values)

    def update_vector_strings(self, collection: str, attribute: str, id: int,
                              values: Sequence[str | None]) -> None:
        """Set one vector."""
        self._update_array(collection, collect.VECTOR, attribute, id, values)

    def update_set_integers(self, collection: str, attribute: str, id: int,
                            values: Sequence[int | None]) -> None:
        """Set one set."""
        self._update_array(collection, collect.SET, attribute, id, values)

    def update_set_floats(self, collection: str, attribute: str, id: int,
                          values: Sequence[float | None]) -> None:
        """Set one set."""
        self._update_array(collection, collect.SET, attribute, id, values)

    def update_set_strings(self, collection: str, attribute: str, id: int,
                           values: Sequence[str | None]) -> None:
        """Set one set."""
        self._update_array(collection, collect.SET, attribute, id, values)

    def read_scalar_relation(self, collection: str, attribute: str) -> list[str | None]:
        """Labels of the elements that all of them relate to."""
        return self._column(collection, (attribute,), 1, {"kind": "scalar", "relations": "label"})

    def update_scalar_relation(self, collection: str, attribute: str, from_label: str,
                               to_label: str | None) -> None:
        """Relate one element to another."""
        self._do(collect.relation_write, collection, attribute, from_label, to_label)


def _csv_settings(options: CSVOptions | None) -> dict[str, Any]:
    if options is None:
        return {}
    return {"date_time_format": options.date_time_format or None,
            "enum_labels": options.enum_labels or None}


def _in_memory(schema_path: str, read_only: bool) -> Database:
    if read_only:
        raise QuiverError("Cannot from_schema: read_only mode (use Database constructor to open "
                          "existing)")
    try:
        with open(schema_path, encoding="utf-8") as file:
            sql = file.read()
    except FileNotFoundError as problem:
        raise QuiverError(f"Schema file not found: {schema_path}") from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise QuiverError(f"Failed to apply_schema: could not open file: {schema_path}") \
            from problem
    if not sql.strip():
        raise QuiverError(f"Cannot apply_schema: schema file is empty: {schema_path}")
    made = Database(":memory:")
    try:
        made._do(collect.collection_apply, sql)
    except BaseException:
        made.close()
        raise
    return made
