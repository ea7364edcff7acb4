# SPDX-License-Identifier: Apache-2.0
"""Texts that Python has as values of the table they go into: "2024-01-02" for a date column. C does
the casting, and its errors name column and row."""

from __future__ import annotations

import os
from collections.abc import Mapping

from . import _build
from ._arrow import Schema
from ._call import call
from ._columns import Field
from ._error import NotFoundError
from ._format import Format
from ._lib import NULL, empty, ffi, lib
from ._source import from_file, source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TEXT = ("u", "U", "vu")


def into(con: Any, table: str, database: str, data: Any, names: Any) -> tuple[Any, Any]:
    """A stream of the data as it goes into a table, and what must be kept while it is read."""
    if isinstance(data, (str, os.PathLike)):
        data = from_file(os.fspath(data))
    if isinstance(data, Format):
        return data.open(_target(con, table, database)), data
    stream, kept = source(data, names)
    if isinstance(data, (Mapping, list, tuple)):
        stream = coerced(con, table, database, stream)
    return stream, kept


def _target(con: Any, table: str, database: str) -> Schema | None:
    """What the table's columns are; None when it is not there, or is made anew (no connection)."""
    if con is None:
        return None
    try:
        found: Schema = con.table_schema(table, database=database)
        return found
    except NotFoundError:
        return None


def coerced(con: Any, table: str, database: str, stream: Any) -> Any:
    """The stream with its texts cast to what the table's columns are, if the table is there."""
    schema = empty("struct ArrowSchema *")
    call(lib.stoa_stream_schema, stream, schema)
    fields = Field(schema).children
    if not any(field.format in _TEXT and not field.extension for field in fields):
        return stream
    target = _target(con, table, database)
    if target is None:
        return stream
    wanted = _wanted(schema, fields, target)
    if wanted is None:
        return stream
    batches: list[Any] = []
    while True:
        batch = empty("struct ArrowArray *")
        if call(lib.stoa_stream_next, stream, batch) != 0:
            return _build.stream(wanted, batches)
        cast = empty("struct ArrowArray *")
        call(lib.stoa_batch_cast, schema, batch, wanted, cast)
        batches.append(cast)


def _wanted(schema: Any, fields: list[Field], target: Schema) -> Any:
    """The stream's schema with the table's types for texts; None when nothing changes."""
    known = {field.name.lower(): i for i, field in enumerate(target.fields)}
    count = len(fields)
    children = ffi.new("struct ArrowSchema[]", count)
    pointers = ffi.new("struct ArrowSchema *[]", count)
    changed = False
    for i, field in enumerate(fields):
        at = known.get(field.name.lower())
        children[i] = schema.children[i][0]
        if at is not None and field.format in _TEXT and not field.extension:
            to = target.fields[at]
            if to.format not in _TEXT and to.format not in "zZn" and not to.children:
                children[i] = target.struct.children[at][0]
                children[i].name = schema.children[i].name
                children[i].metadata = NULL
                children[i].flags |= 2  # Whether NULL may be there is for the table to say.
                changed = True
        pointers[i] = children + i
    if not changed:
        return None
    whole = ffi.new("struct ArrowSchema *", schema[0])
    whole.children = pointers
    out = empty("struct ArrowSchema *")
    call(lib.stoa_schema_copy, whole, out)
    return out
