# SPDX-License-Identifier: Apache-2.0
"""Rows with lists inside of them, as an Arrow stream: what creates elements with their groups.

Where _source makes JSON of a list or a dict, here a list is an Arrow list and a dict a struct.
"""

from __future__ import annotations

import datetime as dt
import sys
from array import array
from collections.abc import Mapping
from itertools import accumulate

from . import _arrow, _build
from ._call import call
from ._error import DataError
from ._lib import empty, ffi, lib
from ._source import column, from_dicts, has, source, stream_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

_NULLABLE = 2


class _Node:
    """A column as Arrow structs that Python holds, and what they point to."""

    __slots__ = ("schema", "array", "kept")

    def __init__(self, schema: Any, values: Any, kept: list[Any]) -> None:
        self.schema = schema
        self.array = values
        self.kept = kept


def nested(data: Any) -> tuple[Any, Any]:
    """An ArrowArrayStream of the data, and what must be kept while it is read."""
    if isinstance(data, Mapping):
        return _stream({str(name): items for name, items in data.items()}), None
    if isinstance(data, (list, tuple)) and data and isinstance(data[0], Mapping):
        return _stream(from_dicts(data)), None
    if hasattr(data, "__next__"):
        return _arrow.from_iterator(data, nested), None
    if type(data).__module__.partition(".")[0] == "pandas" and not has("pyarrow"):
        return _stream({str(name): _missing(data.iloc[:, i])
                        for i, name in enumerate(data.columns)}), None
    return source(data)


def _missing(series: Any) -> Any:
    """A column of pandas, in which NaN says that there is no value."""
    if getattr(series.dtype, "kind", "") != "f" or not hasattr(series.dtype, "newbyteorder"):
        return series
    numpy: Any = sys.modules["numpy"]  # pandas has imported it.
    items = series.to_numpy()
    return numpy.ma.masked_array(items, numpy.isnan(items))


def _stream(columns: dict[str, Any]) -> Any:
    lists = {name: _lists(items) for name, items in columns.items()}
    if not any(lists.values()):
        return stream_of([column(name, items) for name, items in columns.items()])
    nodes = [_nest(name, _plain(items)) if lists[name] else _flat(name, items)
             for name, items in columns.items()]
    rows = nodes[0].array.length
    for name, node in zip(columns, nodes):
        if node.array.length != rows:
            raise DataError(f"column '{name}' has {node.array.length} rows, "
                            f"'{next(iter(columns))}' has {rows}")
    whole = _parent("", b"+s", nodes, rows, [None])
    schema = empty("struct ArrowSchema *")
    batch = empty("struct ArrowArray *")
    call(lib.stoa_schema_copy, whole.schema, schema)
    call(lib.stoa_batch_copy, schema, whole.array, batch)
    return _build.stream(schema, [batch])


def _lists(items: Any) -> bool:
    """Whether there are lists or dicts among the items."""
    if not isinstance(items, (list, tuple)) and getattr(items, "dtype", None) != object:
        return False
    return any(is_list(item) or isinstance(item, Mapping) for item in items)


def is_list(item: Any) -> bool:
    """Whether a value stands for several: a list, a set, an array or a column of a library."""
    return isinstance(item, (list, tuple, array, set, frozenset)) or (
        not isinstance(item, str) and hasattr(item, "__len__") and (
            getattr(item, "ndim", 0) == 1 or hasattr(item, "to_pylist")
            or hasattr(item, "to_list")))


def _plain(items: Any) -> list[Any]:
    return [None if item is None or isinstance(item, float) and item != item else item
            for item in items]  # NaN is how pandas says that there is none.


def _flat(name: str, items: Any) -> _Node:
    made = column(name, items)
    schema, batch = _build.batch([made], made.count)
    return _Node(schema.children[0], batch.children[0], [schema, batch])


def _nest(name: str, items: Sequence[Any]) -> _Node:
    """A column of lists or of dicts; in it, columns of the same."""
    validity = _build._bitmap((item is not None for item in items), len(items))
    if all(item is None or isinstance(item, Mapping) for item in items):
        fields = from_dicts([{} if item is None else item for item in items])
        nodes = [_nest(key, _plain(part)) if _lists(part) else _flat(key, part)
                 for key, part in fields.items()]
        return _parent(name, b"+s", nodes, len(items), [validity])
    flat: list[Any] = []
    for row, item in enumerate(items):
        if item is not None and not is_list(item):
            raise DataError(f"column '{name}', row {row}: a {type(item).__name__} is no list, "
                            "and others there are")
        if item is not None:
            flat += item.tolist() if hasattr(item, "tolist") else item
    offsets = array("q", accumulate((0 if item is None else len(item) for item in items),
                                    initial=0))
    inner = _nest("item", flat) if _lists(flat) else _flat("item", flat)
    return _parent(name, b"+L", [inner], len(items), [validity, offsets])


def _parent(name: str, form: bytes, nodes: Sequence[_Node], rows: int,
            buffers: Sequence[Any]) -> _Node:
    """Children under a struct or a list."""
    schema, out = ffi.new("struct ArrowSchema *"), ffi.new("struct ArrowArray *")
    count = len(nodes)
    kept = [ffi.new("char[]", form), ffi.new("char[]", name.encode()),
            ffi.new("struct ArrowSchema *[]", [node.schema for node in nodes]),
            ffi.new("struct ArrowArray *[]", [node.array for node in nodes]),
            [ffi.NULL if one is None or not len(one) else ffi.from_buffer(one) for one in buffers]]
    pointers = ffi.new("const void *[]", [ffi.cast("void *", one) for one in kept[4]])
    schema.format, schema.name, schema.flags = kept[0], kept[1], _NULLABLE
    schema.n_children, schema.children = count, kept[2]
    # Not released is who has a function for it; Python lets go by itself, and nobody calls it.
    schema.release, out.release = lib.stoa_schema_release, lib.stoa_batch_release
    out.length, out.null_count = rows, 0 if buffers[0] is None else -1
    out.n_buffers, out.buffers = len(buffers), pointers
    out.n_children, out.children = count, kept[3]
    return _Node(schema, out, [kept, pointers, buffers, list(nodes)])


# ---- one element ----

def columns_of(data: Any) -> Mapping[str, Any]:
    """The columns of a dict, a list of dicts, a data frame or an Arrow table, by their names."""
    if isinstance(data, Mapping):
        return data
    if isinstance(data, (list, tuple)):
        return from_dicts(data)
    if hasattr(data, "column_names") and hasattr(data, "column"):  # pyarrow
        return {name: data.column(name) for name in data.column_names}
    if hasattr(data, "get_columns"):  # polars
        return {one.name: one for one in data.get_columns()}
    if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "items"):
        return {str(name): _missing(one) for name, one in data.items()}
    raise DataError(f"a {type(data).__name__} holds no columns of one element: give a dict of "
                    "lists, a list of dicts, a data frame or an Arrow table")


_SINGLE = {int, str, float, bool, type(None), dt.datetime, dt.date}


def split(attributes: Mapping[str, Any] | None,
           more: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Single values, and lists; the columns of a dict are written 'group.column'."""
    if attributes:
        for name in attributes.keys() & more.keys():
            raise DataError(f"'{name}' was given twice")
        more = {**attributes, **more}
    cells: dict[str, Any] = {}
    arrays: dict[str, Any] = {}
    for name, value in more.items():
        if type(value) in _SINGLE:
            cells[name] = value
        elif isinstance(value, Mapping):
            if not value:
                raise DataError(f"'{name}' has no columns; group('{name}').clear() removes rows")
            arrays.update({f"{name}.{column}": items for column, items in value.items()})
        elif is_list(value):
            arrays[name] = list(value) if isinstance(value, (set, frozenset)) else value
        else:
            cells[name] = value
    return cells, arrays
