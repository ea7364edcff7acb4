# SPDX-License-Identifier: Apache-2.0
"""Collections as C has them: a function of stoa/collection.h a function here, named like it.

Only values are translated; all logic is C's.

    key, keys    an id or a label; several of one kind, () for every element
    cells        a dict of single values
    arrays       a dict of sequences: lists with None for NULL, numpy arrays where they lie
    settings     a dict of options; True is yes, a dict is JSON, None is not given
    stream       what _source.source() answers: an Arrow stream, and what it lives on

Rows that the library lends are taken over before the call returns.
"""

from __future__ import annotations

from . import _values as values
from ._call import Operations, Options, call, run
from ._collected import (Packed, cell_list, key_list, lend, moments, name_text, open_on, options_of,
                         pairs_of, raw_columns, result_of, run_on, run_stream, single)
from ._lib import NULL, cell, ffi, lib
from ._values import encoded, give_frame, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping, Sequence

    from ._collected import Settings, Stream
    from ._connection import Connection
    from ._result import Result
    Key = int | str

ANY, VECTOR, SET, TIME_SERIES = range(4)
BEGIN, END = -1 << 63, (1 << 63) - 1


# ---- policies and schema ----

def collection_set(con: Connection, settings: Settings) -> None:
    """Policies of the connection: trim, dates, nan, arrays, cells, rules."""
    options = options_of(settings)
    call(lib.stoa_collection_set, con._handle, options.array, options.count)


def collection_create(path: str, sql: str = "", settings: Settings = None, *,
                      timeout: float | None = None) -> None:
    """Make a database file from a schema; nothing at `path` is touched before it is valid."""
    options = options_of(settings)
    where, text = name_text("a path", path), name_text("a schema", sql)
    operations = Operations()

    # run() puts the operation behind its first argument; here there is none before it.
    def create(_nothing: Any, operation: Any, *arguments: Any) -> Any:
        return lib.stoa_collection_create(operation, *arguments)
    run(operations, timeout, create, None, where, len(where), text, len(text), options.array,
        options.count)


def collection_apply(con: Connection, sql: str, *, timeout: float | None = None) -> None:
    """Run a schema's SQL in one transaction, and validate."""
    text = name_text("a schema", sql)
    run_on(con, timeout, lib.stoa_collection_apply, text, len(text))


def collection_check(con: Connection, *, timeout: float | None = None) -> Result:
    """All findings: rule, fatal, table, column, text."""
    return open_on(con, timeout, lib.stoa_collection_check)


def collection_migrate(con: Connection, folder: str, target: int = -1, settings: Settings = None,
                       *, timeout: float | None = None) -> Result:
    """Bring the database to a version; -1 is the newest: version, direction, statements,
    applied."""
    where, options = name_text("a folder", folder), options_of(settings)
    return open_on(con, timeout, lib.stoa_collection_migrate, where, len(where), target,
                 options.array, options.count)


def collection_list(con: Connection, collection: str = "", *,
                    timeout: float | None = None) -> Result:
    """The schema, a row a column; "" is all collections."""
    name = name_text("a collection", collection)
    return open_on(con, timeout, lib.stoa_collection_list, name, len(name))


def collection_describe(con: Connection, collection: str = "", *,
                        timeout: float | None = None) -> str:
    """A report of the schema."""
    name = name_text("a collection", collection)
    return str(lend(con, timeout, single, lib.stoa_collection_describe, name, len(name)))


def collection_summarize(con: Connection, collection: str = "", *,
                         timeout: float | None = None) -> str:
    """A report of the data."""
    name = name_text("a collection", collection)
    return str(lend(con, timeout, single, lib.stoa_collection_summarize, name, len(name)))


# ---- one element ----

def element_create(con: Connection, collection: str, cells: Mapping[str, Any],
                   arrays: Mapping[str, Any] | None = None, *,
                   timeout: float | None = None) -> int:
    """Create an element; its id."""
    name, out = name_text("a collection", collection), ffi.new("int64_t *")
    described, columns, kept = raw_columns(arrays)
    with Packed(cell_list(cells)) as frame:
        run_on(con, timeout, lib.stoa_element_create, name, len(name), *frame.parts, *frame.bytes,
             described, len(columns), out)
    del kept
    return int(out[0])


def element_update(con: Connection, collection: str, key: Key, cells: Mapping[str, Any],
                   arrays: Mapping[str, Any] | None = None, *,
                   timeout: float | None = None) -> None:
    """Change scalars, and replace the groups that the arrays name."""
    name = name_text("a collection", collection)
    described, columns, kept = raw_columns(arrays)
    with Packed([key], cell_list(cells)) as frame:
        run_on(con, timeout, lib.stoa_element_update, name, len(name), frame.parts[0],
             *frame.parts[2:], *frame.bytes, described, len(columns))
    del kept


def element_delete(con: Connection, collection: str, key: Key, *,
                   timeout: float | None = None) -> None:
    """Delete an element."""
    name = name_text("a collection", collection)
    with Packed([key]) as frame:
        run_on(con, timeout, lib.stoa_element_delete, name, len(name), frame.parts[0], *frame.bytes)


def element_read(con: Connection, collection: str, key: Key, settings: Settings = None, *,
                 timeout: float | None = None) -> dict[str, Any]:
    """A whole element: scalars, and lists of the groups' columns."""
    name, frame = name_text("a collection", collection), pack((key,))
    options = options_of(settings) if settings else _NO_OPTIONS
    try:
        out: dict[str, Any] = lend(con, timeout, pairs_of, lib.stoa_element_read, name, len(name),
                                    frame.values, frame.bytes, frame.size, options.array,
                                    options.count)
    finally:
        give_frame(frame)
    return out


_NO_OPTIONS = Options({})


# ---- many elements ----

def elements_create(con: Connection, collection: str, stream: Stream, *,
                    timeout: float | None = None) -> Result:
    """Create elements from a stream; a column `id`, in the order of the rows."""
    name, made = name_text("a collection", collection), cell("stoa_result *")
    run_stream(con, timeout, stream, lib.stoa_elements_create, name, len(name), stream[0],
               made[0])
    return result_of(con, made, timeout)


def elements_update(con: Connection, collection: str, stream: Stream, *,
                    timeout: float | None = None) -> int:
    """Update the elements that a column `id` or `label` names; how many."""
    name, out = name_text("a collection", collection), ffi.new("int64_t *")
    run_stream(con, timeout, stream, lib.stoa_elements_update, name, len(name), stream[0], out)
    return int(out[0])


def elements_delete(con: Connection, collection: str, keys: Iterable[Key], *,
                    timeout: float | None = None) -> None:
    """Delete elements; at least one."""
    name = name_text("a collection", collection)
    with Packed(key_list(keys)) as frame:
        run_on(con, timeout, lib.stoa_elements_delete, name, len(name), *frame.parts, *frame.bytes)


def elements_count(con: Connection, collection: str, *, timeout: float | None = None) -> int:
    """How many there are; of a group table, its rows."""
    name, out = name_text("a collection", collection), ffi.new("int64_t *")
    run_on(con, timeout, lib.stoa_elements_count, name, len(name), out)
    return int(out[0])


def elements_read(con: Connection, collection: str, names: Sequence[str] = (),
                  keys: Iterable[Key] = (), settings: Settings = None, *,
                  timeout: float | None = None) -> Result:
    """`id` and attributes of elements; those of groups are lists."""
    name, options = name_text("a collection", collection), options_of(settings)
    with Packed(list(names), key_list(keys)) as frame:
        return open_on(con, timeout, lib.stoa_elements_read, name, len(name), *frame.parts,
                     *frame.bytes, options.array, options.count)


# ---- groups ----

def group_read(con: Connection, collection: str, kind: int, group: str,
               names: Sequence[str] = (), keys: Iterable[Key] = (),
               cells: Mapping[str, Any] | None = None, begin: int = BEGIN, end: int = END,
               settings: Settings = None, *, timeout: float | None = None) -> Result:
    """A group's rows: `id`, `vector_index` or the dimensions, value columns."""
    name, where, options = name_text("a collection", collection), name_text("a group", group), \
        options_of(settings)
    with Packed(list(names), key_list(keys), cell_list(cells or {})) as frame:
        return open_on(con, timeout, lib.stoa_group_read, name, len(name), kind, where, len(where),
                     *frame.parts, *frame.bytes, begin, end, options.array, options.count)


def group_write(con: Connection, collection: str, kind: int, group: str, key: Key,
                columns: Mapping[str, Any], *, timeout: float | None = None) -> None:
    """Replace an element's rows in a group; no columns clear it."""
    name, where = name_text("a collection", collection), name_text("a group", group)
    described, made, kept = raw_columns(columns)
    with Packed([key]) as frame:
        run_on(con, timeout, lib.stoa_group_write, name, len(name), kind, where, len(where),
             frame.parts[0], *frame.bytes, described, len(made), made[0].count if made else 0)
    del kept


def group_write_stream(con: Connection, collection: str, kind: int, group: str, stream: Stream,
                       settings: Settings = None, *, timeout: float | None = None) -> int:
    """Write rows of many elements into a group; how many."""
    name, where, options = name_text("a collection", collection), name_text("a group", group), \
        options_of(settings)
    out = ffi.new("int64_t *")
    run_stream(con, timeout, stream, lib.stoa_group_write_stream, name, len(name), kind, where,
            len(where), stream[0], options.array, options.count, out)
    return int(out[0])


def attribute_write(con: Connection, collection: str, kind: int, key: Key, attribute: str,
                    items: Any, *, timeout: float | None = None) -> None:
    """Replace one column of an element's vector or set."""
    name = name_text("a collection", collection)
    described, _made, kept = raw_columns({attribute: items})
    with Packed([key]) as frame:
        run_on(con, timeout, lib.stoa_attribute_write, name, len(name), kind, frame.parts[0],
             *frame.bytes, described)
    del kept


def relation_write(con: Connection, collection: str, attribute: str, from_label: str,
                   to_label: str | None, *, timeout: float | None = None) -> None:
    """Relate one element to another by their labels; None clears."""
    name, what = name_text("a collection", collection), name_text("an attribute", attribute)
    one = name_text("a label", from_label)
    other = NULL if to_label is None else name_text("a label", to_label)
    run_on(con, timeout, lib.stoa_relation_write, name, len(name), what, len(what), one, len(one),
         other, 0 if to_label is None else len(other))


# ---- time series ----

def series_upsert(con: Connection, collection: str, group: str, key: Key,
                  cells: Mapping[str, Any], settings: Settings = None, *,
                  timeout: float | None = None) -> None:
    """Insert or update one row."""
    name, where, options = name_text("a collection", collection), name_text("a group", group), \
        options_of(settings)
    with Packed([key], cell_list(cells)) as frame:
        run_on(con, timeout, lib.stoa_series_upsert, name, len(name), where, len(where),
             frame.parts[0], *frame.parts[2:], *frame.bytes, options.array, options.count)


def series_asof(con: Connection, collection: str, group: str, attribute: str,
                instants: Sequence[Any], keys: Iterable[Key] = (),
                cells: Mapping[str, Any] | None = None, settings: Settings = None, *,
                timeout: float | None = None) -> Result:
    """The last value at or before each instant (datetimes, dates or texts)."""
    name, where = name_text("a collection", collection), name_text("a group", group)
    what, options = name_text("an attribute", attribute), options_of(settings)
    with Packed(moments(instants), key_list(keys), cell_list(cells or {})) as frame:
        return open_on(con, timeout, lib.stoa_series_asof, name, len(name), where, len(where), what,
                     len(what), *frame.parts, *frame.bytes, options.array, options.count)


def series_asof_join(con: Connection, collection: str, group: str, attribute: str, pairs: Stream,
                     cells: Mapping[str, Any] | None = None, *,
                     timeout: float | None = None) -> Result:
    """The same for rows of `id` or `label` and `at`, which come back with the attribute."""
    name, where = name_text("a collection", collection), name_text("a group", group)
    what, made = name_text("an attribute", attribute), cell("stoa_result *")
    with Packed(cell_list(cells or {})) as frame:
        run_stream(con, timeout, pairs, lib.stoa_series_asof_join, name, len(name), where,
                len(where), what, len(what), pairs[0], *frame.parts, *frame.bytes,
                   made[0])
    return result_of(con, made, timeout)


# ---- files ----

def files_read(con: Connection, collection: str, *,
               timeout: float | None = None) -> dict[str, str | None]:
    """Paths by column."""
    name = name_text("a collection", collection)
    out: dict[str, str | None] = lend(con, timeout, pairs_of, lib.stoa_files_read, name, len(name))
    return out


def files_write(con: Connection, collection: str, cells: Mapping[str, str | None],
                settings: Settings = None, *, timeout: float | None = None) -> None:
    """Set paths."""
    name, options = name_text("a collection", collection), options_of(settings)
    with Packed(cell_list(cells)) as frame:
        run_on(con, timeout, lib.stoa_files_write, name, len(name), *frame.parts, *frame.bytes,
             options.array, options.count)


# ---- CSV ----

def collection_export_csv(con: Connection, collection: str, kind: int, group: str, path: str,
                          settings: Settings = None, *, timeout: float | None = None) -> int:
    """Write a CSV file; a group "" means the scalars. The number of rows."""
    name, where = name_text("a collection", collection), name_text("a group", group)
    file, options, out = name_text("a path", path), options_of(settings), ffi.new("int64_t *")
    run_on(con, timeout, lib.stoa_collection_export_csv, name, len(name), kind, where, len(where),
         file, len(file), options.array, options.count, out)
    return int(out[0])


def collection_import_csv(con: Connection, collection: str, kind: int, group: str, path: str,
                          settings: Settings = None, *, timeout: float | None = None
                          ) -> tuple[dict[str, int], Result]:
    """Read such a file: what was done, and the rows passed over (line, column, text)."""
    name, where = name_text("a collection", collection), name_text("a group", group)
    file, options = name_text("a path", path), options_of(settings)
    done, skipped = ffi.new("stoa_import_done *"), cell("stoa_result *")
    done.struct_size = ffi.sizeof("stoa_import_done")
    run_on(con, timeout, lib.stoa_collection_import_csv, name, len(name), kind, where, len(where),
         file, len(file), options.array, options.count, done, skipped[0])
    return {what: int(getattr(done, what)) for what in (
        "rows", "inserted", "updated", "deleted", "skipped")}, result_of(con, skipped, timeout)


# ---- single answers, dry runs ----

def query_cell(con: Connection, sql: str, params: Any = None, kind: int = values.INT64, *,
               timeout: float | None = None) -> Any:
    """The first column of the first row as INT64, FLOAT64, TEXT or TIMESTAMP, or None."""
    text, frame = encoded(sql), pack(params)
    try:
        return lend(con, timeout, single, lib.stoa_query_cell, text, len(text), frame.values,
                     frame.count, frame.bytes, frame.size, kind)
    finally:
        give_frame(frame)


def dry_run_begin(con: Connection, *, timeout: float | None = None) -> None:
    """Begin a dry run."""
    run(con._operations, timeout, lib.stoa_dry_run_begin, con._handle)


def dry_run_end(con: Connection, *, timeout: float | None = None) -> None:
    """Roll everything back."""
    run(con._operations, timeout, lib.stoa_dry_run_end, con._handle)


def conn_dry_run(con: Connection) -> bool:
    """Whether there is one."""
    active = ffi.new("int32_t *")
    call(lib.stoa_conn_dry_run, con._handle, active)
    return bool(active[0])
