# SPDX-License-Identifier: Apache-2.0
"""Columns of several libraries side by side, as one Arrow stream.

A column that a library hands out as Arrow data keeps its type, and comes in the pieces it has: a
batch ends wherever a piece of any column does.
"""

from __future__ import annotations


from . import _arrow, _build
from ._call import call
from ._error import DataError
from ._lib import NULL, empty, ffi, lib
from ._source import column, has, refuse_objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence


class _Pieces:
    """A column: its schema, its arrays one behind the other, and what they belong to."""

    __slots__ = ("name", "schema", "arrays", "kept", "count")

    def __init__(self, name: str, schema: Any, arrays: list[Any], kept: Any) -> None:
        self.name = name
        self.schema = schema
        self.arrays = arrays
        self.kept = kept
        self.count = sum(array.length for array in arrays)


def side_by_side(columns: Sequence[tuple[str, Any]]) -> Any:
    """A stream of named columns."""
    pieces = [_pieces(name, items) for name, items in columns]
    for one in pieces:
        if one.count != pieces[0].count:
            raise DataError(f"column '{one.name}' has {one.count} rows, '{pieces[0].name}' has "
                            f"{pieces[0].count}")
    schema = _schema(pieces)
    batches: list[Any] = []
    for row, count in _stretches(pieces):
        batches.append(empty("struct ArrowArray *"))
        _copy(pieces, row, count, schema, batches[-1])
    return _build.stream(schema, batches)


def _pieces(name: str, items: Any) -> _Pieces:
    found = _arrow_pieces(name, items)
    if found is not None:
        return found
    made = column(name, items)
    schema, batch = _build.batch([made], made.count)
    kept = [schema, batch]
    return _Pieces(name, schema.children[0], [batch.children[0]], kept)


def _arrow_pieces(name: str, items: Any) -> _Pieces | None:
    """A column of Arrow data; None for what is none, or what its library cannot hand out."""
    if isinstance(items, type):
        return None
    module = type(items).__module__.partition(".")[0]
    if module == "pandas" and not (has("pyarrow") and hasattr(items, "dtype")):
        return None
    if module == "polars":
        refuse_objects(name, getattr(items, "dtype", None))
    try:
        if hasattr(items, "__arrow_c_stream__"):
            return _from_stream(name, *_arrow.from_capsule_stream(items))
        if hasattr(items, "__arrow_c_array__"):
            schema, array = items.__arrow_c_array__()
            return _Pieces(name, _arrow.pointer(schema, b"arrow_schema"),
                           [_arrow.pointer(array, b"arrow_array")], (schema, array))
    except (ValueError, TypeError, OverflowError, NotImplementedError):
        if module != "pandas":
            raise
    return None


def _from_stream(name: str, stream: Any, kept: Any) -> _Pieces:
    schema = empty("struct ArrowSchema *")
    call(lib.stoa_stream_schema, stream, schema)
    arrays: list[Any] = []
    while True:
        array = empty("struct ArrowArray *")
        if call(lib.stoa_stream_next, stream, array) != 0:
            return _Pieces(name, schema, arrays, (schema, kept))
        arrays.append(array)


def _schema(pieces: Sequence[_Pieces]) -> Any:
    """A schema of our own: the columns' with their names."""
    children = ffi.new("struct ArrowSchema[]", max(1, len(pieces)))
    pointers = ffi.new("struct ArrowSchema *[]", max(1, len(pieces)))
    kept = [ffi.new("char[]", b"+s"), ffi.new("char[]", b"")]
    for i, one in enumerate(pieces):
        kept.append(ffi.new("char[]", one.name.encode()))
        children[i] = one.schema[0]
        children[i].name = kept[-1]
        children[i].flags |= 2  # Whether NULL may be there is for the target to say.
        pointers[i] = children + i
    whole, out = ffi.new("struct ArrowSchema *"), empty("struct ArrowSchema *")
    whole.format, whole.name = kept[0], kept[1]
    whole.n_children, whole.children = len(pieces), pointers
    whole.release = lib.stoa_schema_release  # Whoever has none is released already.
    call(lib.stoa_schema_copy, whole, out)
    return out


def _stretches(pieces: Sequence[_Pieces]) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each batch."""
    ends = set()
    for one in pieces:
        end = 0
        for array in one.arrays:
            end += array.length
            ends.add(end)
    row = 0
    for end in sorted(ends):
        if end > row:
            yield row, end - row
            row = end


def _copy(pieces: Sequence[_Pieces], row: int, count: int, schema: Any, out: Any) -> None:
    """Rows of all columns, in memory of their own."""
    children = ffi.new("struct ArrowArray[]", len(pieces))
    pointers = ffi.new("struct ArrowArray *[]", len(pieces))
    for i, one in enumerate(pieces):
        begin = row
        for array in one.arrays:
            if begin < array.length:
                break
            begin -= array.length
        children[i] = array[0]
        children[i].offset += begin
        children[i].length = count
        if begin > 0 or count < array.length:
            children[i].null_count = -1
        pointers[i] = children + i
    whole, buffers = ffi.new("struct ArrowArray *"), ffi.new("const void *[]", [NULL])
    whole.length, whole.n_buffers, whole.buffers = count, 1, buffers
    whole.n_children, whole.children = len(pieces), pointers
    whole.release = lib.stoa_batch_release
    call(lib.stoa_batch_copy, schema, whole, out)
