# SPDX-License-Identifier: Apache-2.0
"""Collections: elements with scalars, vectors, sets and time series, over a schema in plain SQL.

    stoa.create_collections("farm.db", schema_file="farm.sql")
    with stoa.connect("farm.db") as con:
        orchards = con.collection("Orchard")
        hill = orchards.create(label="Hill", area=2.0, region_id="North", spacing=[4.0, 4.5])
        orchards["Hill"]                         # a dict
        orchards.read("label", "area").df()      # all elements, a column an attribute
        orchards.series("yield").read(begin=date(2024, 1, 1)).pl()

An element is named by its id or its label; relations are written by either. A date that is read is
an aware datetime in UTC; one written without tzinfo is UTC. NULL is None. A missing element is
NotFoundError wherever one is named.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, MutableMapping

from . import _collect
from . import _values as values
from ._collect import ANY, BEGIN, END, SET, TIME_SERIES, VECTOR
from ._collected import key_list
from ._error import DataError, NotFoundError
from ._nested import columns_of, is_list, nested, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator, Sequence

    from ._connection import Connection
    from ._result import Result
    Key = int | str
    Keys = Key | Iterable[Key] | None
    Instant = dt.datetime | dt.date | str | int | None

_KINDS = {"any": ANY, "vector": VECTOR, "set": SET, "time_series": TIME_SERIES}


class Collection:
    """The elements of one collection; con.collection("Orchard")."""

    def __init__(self, con: Connection, name: str) -> None:
        self._con = con
        self.name = name

    # ---- one element ----

    def create(self, attributes: Mapping[str, Any] | None = None, /, *,
               timeout: float | None = None, **more: Any) -> int:
        """Create an element and answer its id. A list is a column of a group; those of one group
        are its rows. A dict is a group, by the names of its columns. What is no word of Python's,
        such as "group.column", goes into `attributes`.

        >>> orchards.create(label="Hill", region_id="North", spacing=[4.0, 4.5])
        >>> orchards.create(label="Dale", rows={"spacing": [4.0], "variety": ["Gala"]})
        """
        cells, arrays = split(attributes, more)
        return _collect.element_create(self._con, self.name, cells, arrays, timeout=timeout)

    def update(self, key: Key, attributes: Mapping[str, Any] | None = None, /, *,
               timeout: float | None = None, **more: Any) -> None:
        """Change what is given. A group that is named gets the new rows for all of its columns;
        an empty list clears it.

        >>> orchards.update("Hill", area=3.5, region_id=None)
        """
        cells, arrays = split(attributes, more)
        _collect.element_update(self._con, self.name, key, cells, arrays, timeout=timeout)

    def delete(self, key: Key, *, timeout: float | None = None) -> None:
        """Delete an element and its groups; relations to it become None or go, as declared."""
        _collect.element_delete(self._con, self.name, key, timeout=timeout)

    def get(self, key: Key, *, groups: str | None = None, relations: str | None = None,
            dates: str | None = None, timeout: float | None = None) -> dict[str, Any]:
        """An element as a dict: scalars, and a list for each column of its groups. `groups`: all,
        none, scalar, vector, set or time_series; `relations`: id or label; `dates`: timestamp, or
        text, which holds those beyond the years 1677 to 2262.

        >>> orchards.get("Hill", relations="label")["region_id"]
        'North'
        """
        settings = None
        if groups or relations or dates:
            settings = {"groups": groups, "relations": relations, "dates": dates}
        return _collect.element_read(self._con, self.name, key, settings, timeout=timeout)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        return _collect.element_read(self._con, self.name, key)

    def __delitem__(self, key: Key) -> None:
        self.delete(key)

    def __contains__(self, key: object) -> bool:
        if isinstance(key, bool) or not isinstance(key, (int, str)):
            return False
        try:
            _collect.elements_read(self._con, self.name, (), [key]).close()
        except NotFoundError:
            _collect.elements_read(self._con, self.name).close()  # Of the collection?
            return False
        return True

    def relate(self, attribute: str, label: str, to: str | None, *,
               timeout: float | None = None) -> None:
        """Let one element relate to another, both by label; None clears."""
        _collect.relation_write(self._con, self.name, attribute, label, to, timeout=timeout)

    # ---- many elements ----

    def create_many(self, data: Any, *, timeout: float | None = None) -> list[int]:
        """Create elements, all or none, and answer their ids in the order of the rows. Data is
        whatever con.insert() takes; lists in it are columns of groups, and lists of dicts (or of
        structs) named like a group its rows. Labels may be those of rows of the same call. A key
        that a dict lacks is None.

        >>> orchards.create_many({"label": ["A", "B"], "spacing": [[4.0, 4.5], []]})
        [3, 4]
        """
        if _is_empty(data):
            return []
        made = _collect.elements_create(self._con, self.name, nested(data), timeout=timeout)
        return _first_column(made)

    def update_many(self, data: Any, *, timeout: float | None = None) -> int:
        """Update the elements that a column `id` or `label` names, all or none; how many. None
        sets NULL in a scalar, and leaves the group of a list alone; an empty list clears it."""
        if _is_empty(data):
            return 0
        if isinstance(data, (list, tuple)):
            for row, item in enumerate(data):
                if isinstance(item, Mapping) and item.keys() != data[0].keys():
                    raise DataError(f"row {row} has other keys than row 0, and what is not "
                                    "there is not the same as None; update them in two calls")
        return _collect.elements_update(self._con, self.name, nested(data), timeout=timeout)

    def delete_many(self, keys: Iterable[Key], *, timeout: float | None = None) -> None:
        """Delete elements, all or none."""
        named = key_list(keys)
        if named:
            _collect.elements_delete(self._con, self.name, named, timeout=timeout)

    def read(self, *attributes: str, ids: Keys = None, relations: str | None = None,
             dates: str | None = None, kind: str | None = None,
             timeout: float | None = None) -> Result:
        """`id` and the attributes, a row an element, by id; those of groups are lists, empty where
        there are no rows. `ids`: ids or labels, whose order the rows have. Settings as in
        stoa/collection.h: relations, dates, kind.

        >>> orchards.read("label", "spacing").pl()
        """
        return _collect.elements_read(
            self._con, self.name, attributes, _some(ids),
            {"relations": relations, "dates": dates, "kind": kind}, timeout=timeout)

    @property
    def ids(self) -> list[int]:
        """The ids, ascending."""
        return _first_column(_collect.elements_read(self._con, self.name))

    def __len__(self) -> int:
        return _collect.elements_count(self._con, self.name)

    def __bool__(self) -> bool:
        return True  # Also one without elements.

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids)

    # ---- groups and files ----

    def group(self, name: str, kind: str = "any") -> Group:
        """A vector, set or time series group, found in this order."""
        if kind not in _KINDS:
            raise ValueError(f"kind is '{kind}'; a group is of any, vector, set or time_series")
        return Group(self._con, self.name, name, _KINDS[kind])

    def vector(self, name: str) -> Group:
        """A vector group."""
        return Group(self._con, self.name, name, VECTOR)

    def set(self, name: str) -> Group:
        """A set group."""
        return Group(self._con, self.name, name, SET)

    def series(self, name: str) -> Series:
        """A time series group."""
        return Series(self._con, self.name, name, TIME_SERIES)

    @property
    def files(self) -> Files:
        """The paths of the collection's time series files, by column."""
        return Files(self._con, self.name)

    # ---- what it is ----

    def schema(self) -> Result:
        """Its columns, a row each: kind, group, name, type, references_collection and more."""
        return _collect.collection_list(self._con, self.name)

    def describe(self) -> str:
        """A report of its schema."""
        return _collect.collection_describe(self._con, self.name)

    def summarize(self) -> str:
        """A report of its data."""
        return _collect.collection_summarize(self._con, self.name)

    # ---- CSV ----

    def export_csv(self, path: str | os.PathLike[str], group: str = "", *, kind: str = "any",
                   timeout: float | None = None, **settings: Any) -> int:
        """Write the scalars, or a group, to a file; the number of rows. Settings as in
        stoa/collection.h: date_time_format, enum_labels, locale, separator, separator_line.

        >>> orchards.export_csv("orchards.csv", enum_labels={"soil": {"en": {"clay": 1}}})
        """
        return _collect.collection_export_csv(self._con, self.name, _KINDS[kind], group,
                                              os.fspath(path), settings, timeout=timeout)

    def import_csv(self, path: str | os.PathLike[str], group: str = "", *, kind: str = "any",
                   timeout: float | None = None, **settings: Any) -> Imported:
        """Read such a file, all of it or nothing; known labels keep their ids. Settings as in
        stoa/collection.h: mode, columns, on_error, separator, date_time_format, enum_labels."""
        done, skipped = _collect.collection_import_csv(
            self._con, self.name, _KINDS[kind], group, os.fspath(path), settings, timeout=timeout)
        return Imported(done, skipped.fetchall())

    def __repr__(self) -> str:
        return f"<stoa.Collection {self.name!r}>"


class Imported:
    """What an import did: rows read, inserted, updated, deleted, skipped; and why those skipped
    were: line, column and text of each."""

    __slots__ = ("rows", "inserted", "updated", "deleted", "skipped", "errors")

    def __init__(self, done: Mapping[str, int], errors: list[tuple[Any, ...]]) -> None:
        self.rows = done["rows"]
        self.inserted = done["inserted"]
        self.updated = done["updated"]
        self.deleted = done["deleted"]
        self.skipped = done["skipped"]
        self.errors = errors

    def __repr__(self) -> str:
        return "Imported(" + ", ".join(f"{name}={getattr(self, name)!r}"
                                       for name in self.__slots__) + ")"


class Group:
    """A group of a collection: rows that belong to elements."""

    def __init__(self, con: Connection, collection: str, name: str, kind: int) -> None:
        self._con = con
        self._kind = kind
        self.collection = collection
        self.name = name

    def read(self, *columns: str, ids: Keys = None, relations: str | None = None,
             dates: str | None = None, timeout: float | None = None) -> Result:
        """`id`, `vector_index` and the columns (none: all), a row a row, by id. Settings as in
        stoa/collection.h: relations, dates."""
        return _collect.group_read(
            self._con, self.collection, self._kind, self.name, columns, _some(ids), None, BEGIN,
            END, {"relations": relations, "dates": dates}, timeout=timeout)

    def __getitem__(self, key: Key) -> dict[str, list[Any]]:
        """The rows of one element, by column."""
        result = self.read(ids=[key])
        rows = result.fetchall()
        columns = zip(*rows) if rows else [()] * len(result.columns)
        return {name: list(column) for name, column in zip(result.columns, columns)
                if name != "id"}

    def write(self, key: Key, data: Any, *, timeout: float | None = None) -> None:
        """Replace the rows of one element: a dict of lists or arrays, a list of dicts, a data frame
        or an Arrow table.

        >>> orchards.vector("rows").write("Hill", {"spacing": [4.0, None], "variety": ["a", "b"]})
        """
        columns = columns_of(data)
        if not columns:
            raise DataError("there are no columns to write; clear() removes the rows")
        _collect.group_write(self._con, self.collection, self._kind, self.name, key, columns,
                             timeout=timeout)

    def clear(self, key: Key, *, timeout: float | None = None) -> None:
        """Remove the rows of one element."""
        _collect.group_write(self._con, self.collection, self._kind, self.name, key, {},
                             timeout=timeout)

    def write_column(self, key: Key, column: str, items: Any, *,
                     timeout: float | None = None) -> None:
        """Replace one column of an element's vector, whose other columns stay, or of its set."""
        _collect.attribute_write(self._con, self.collection, self._found_kind(), key, column,
                                 items, timeout=timeout)

    def _found_kind(self) -> int:
        if self._kind == ANY:
            kinds = {str(row[1]) for row in _collect.collection_list(self._con, self.collection)
                     if row[2] == self.name}
            return VECTOR if "vector" in kinds else SET if "set" in kinds else VECTOR
        return self._kind

    def write_many(self, data: Any, *, mode: str = "replace",
                   timeout: float | None = None) -> int:
        """Write rows of many elements, all or none; how many. Data is whatever con.insert() takes,
        with a column `id` or `label`. `mode`: replace the rows of the elements that are named,
        append to them, or merge: rows that are there are updated in the columns given."""
        if _is_empty(data):
            return 0
        return _collect.group_write_stream(
            self._con, self.collection, self._kind, self.name, nested(data), {"mode": mode},
            timeout=timeout)

    def __repr__(self) -> str:
        return f"<stoa.{type(self).__name__} {self.name!r} of {self.collection!r}>"


class Series(Group):
    """A time series group: rows by element, date, and further dimensions."""

    def read(self, *columns: str, ids: Keys = None, begin: Instant = None,
             end: Instant = None, relations: str | None = None,
             dates: str | None = None, dimensions: Mapping[str, Any] | None = None,
             timeout: float | None = None, **more: Any) -> Result:
        """`id`, the dimensions and the columns (none: all), by id and dimensions; of rows with
        begin <= date < end (a number is nanoseconds since 1970), and with the values of dimensions
        that are given; those named like a parameter here go into `dimensions`.

        >>> orchards.series("yield").read("tonnes", ids=["Hill"], begin="2024-01-01", block=2)
        """
        return _collect.group_read(
            self._con, self.collection, self._kind, self.name, columns, _some(ids),
            {**(dimensions or {}), **more},
            _nanoseconds(begin, BEGIN), _nanoseconds(end, END),
            {"relations": relations, "dates": dates}, timeout=timeout)

    def upsert(self, key: Key, row: Mapping[str, Any] | None = None, /, *, mode: str = "merge",
               timeout: float | None = None, **more: Any) -> None:
        """Insert or update the row of these dimensions; with mode="replace" columns that are not
        given get their default.

        >>> orchards.series("yield").upsert("Hill", date_time=datetime(2024, 1, 1), block=1,
        ...                                 tonnes=1.5)
        """
        _collect.series_upsert(self._con, self.collection, self.name, key,
                               {**(row or {}), **more}, {"mode": mode}, timeout=timeout)

    def asof(self, attribute: str, at: Any, /, *, ids: Keys = None, dates: str | None = None,
             dimensions: Mapping[str, Any] | None = None, timeout: float | None = None,
             **more: Any) -> Result:
        """The last value that is not NULL at or before an instant, or at or before each of
        several; NULL where there is none. Dimensions as in read().

        >>> orchards.series("yield").asof("tonnes", date(2024, 6, 1), block=1).fetchall()
        [(1, 2.5), (2, None)]
        """
        instants = [at]
        if is_list(at):  # Not numpy's tolist(), which makes numbers of nanoseconds.
            instants = at.to_pylist() if hasattr(at, "to_pylist") else list(at)
        return _collect.series_asof(self._con, self.collection, self.name, attribute, instants,
                                    _some(ids), {**(dimensions or {}), **more}, {"dates": dates},
                                    timeout=timeout)

    def asof_join(self, attribute: str, pairs: Any, /, *,
                  dimensions: Mapping[str, Any] | None = None, timeout: float | None = None,
                  **more: Any) -> Result:
        """The same for rows with `id` or `label` and `at`: they come back in their order, with the
        attribute behind them."""
        return _collect.series_asof_join(self._con, self.collection, self.name, attribute,
                                         nested(pairs), {**(dimensions or {}), **more},
                                         timeout=timeout)


class Files(MutableMapping[str, "str | None"]):
    """Paths by column. Deleting one sets it to None."""

    def __init__(self, con: Connection, collection: str) -> None:
        self._con = con
        self._collection = collection

    def write(self, paths: Mapping[str, str | None], *, mode: str = "merge",
              timeout: float | None = None) -> None:
        """Set several; with mode="replace" the others become None."""
        _collect.files_write(self._con, self._collection, paths, {"mode": mode}, timeout=timeout)

    def __getitem__(self, column: str) -> str | None:
        return _collect.files_read(self._con, self._collection)[column]

    def __setitem__(self, column: str, path: str | None) -> None:
        self.write({column: path})

    def __delitem__(self, column: str) -> None:
        self.write({column: None})

    def __iter__(self) -> Iterator[str]:
        return iter(_collect.files_read(self._con, self._collection))

    def __len__(self) -> int:
        return len(_collect.files_read(self._con, self._collection))

    def __repr__(self) -> str:
        return f"<stoa.Files of {self._collection!r}>"


# ---- values ----

def _some(keys: Keys) -> Sequence[Key]:
    """Elements to read: None is all of them, and C says so by naming none."""
    if keys is None:
        return ()
    named = key_list(keys)
    if not named:
        raise DataError("ids names no elements; leave it out to read all of them")
    return named


def _is_empty(data: Any) -> bool:
    """No rows, whose columns nobody can know."""
    return isinstance(data, (list, tuple)) and not data


def _first_column(result: Result) -> list[int]:
    return [one for batch in result.batches() for one in batch.column(0)]


def _nanoseconds(at: Instant, otherwise: int) -> int:
    """An end of a range; a date is its midnight."""
    if at is None:
        return otherwise
    if isinstance(at, int):
        return at
    if isinstance(at, str):
        at = dt.datetime.fromisoformat(at[:-1] + "+00:00" if at.endswith("Z") else at)
    kind, number, _data = values.scalar(at)
    if kind == values.DATE:
        return int(number) * 86400 * 10 ** 9
    if kind != values.TIMESTAMP:
        raise TypeError(f"a range of dates has no end that is a {type(at).__name__}")
    return int(number)
