# SPDX-License-Identifier: Apache-2.0
"""Whatever holds columns, as an Arrow stream.

Anything with __arrow_c_stream__ or __arrow_c_array__, pyarrow, polars (eager and lazy), pandas
(without pyarrow too), numpy arrays (structured, or with names for the columns), dicts of lists,
lists of dicts or tuples, generators of any of these, and files: CSV, JSON, JSON lines, Parquet.
"""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Mapping

from . import _arrow, _build
from ._call import call
from ._error import DataError
from ._lib import ffi, lib
from ._values import pandas_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence
    Names = Sequence[str] | None


def source(data: Any, names: Names = None) -> tuple[Any, Any]:
    """An ArrowArrayStream of the data, and what must be kept while it is read."""
    if isinstance(data, Mapping):
        return from_columns(data), None
    if isinstance(data, (str, os.PathLike)):
        return source(from_file(os.fspath(data)), names)
    found = _from_library(data, names)
    if found is not None:
        return found
    if hasattr(data, "__arrow_c_stream__"):
        return _arrow.from_capsule_stream(data)
    if hasattr(data, "__arrow_c_array__"):
        return _arrow.from_capsule_array(data)
    if isinstance(data, (list, tuple)):
        return _from_rows(data, names)
    if hasattr(data, "__dataframe__"):
        from . import _frames  # pylint: disable=import-outside-toplevel
        reader = _frames.library("pyarrow.interchange", "data with __dataframe__")
        return _arrow.from_capsule_stream(reader.from_dataframe(data))
    if hasattr(data, "__iter__") and not isinstance(data, (bytes, bytearray)):
        return _arrow.from_iterator(iter(data), lambda item: source(item, names)), None
    raise DataError(f"a {type(data).__name__} holds no columns: give Arrow data, a data frame, a "
                    "dict of lists, a list of dicts, a numpy array, or an iterator of these")


def check(data: Any, *, full: bool = True) -> int:
    """Look at data of another library as every call that takes it does: its shape, and with full=
    every offset, index and text as well. The number of rows; what is wrong is an exception that
    names the column's path.

    >>> stoa.check(frame)
    """
    stream, kept = source(data)
    schema = ffi.gc(ffi.new("struct ArrowSchema *"), lib.stoa_schema_release)
    call(lib.stoa_stream_schema, stream, schema)
    rows = 0
    while True:
        batch = ffi.gc(ffi.new("struct ArrowArray *"), lib.stoa_batch_release)
        if call(lib.stoa_stream_next, stream, batch) != 0:
            del kept
            return rows
        call(lib.stoa_arrow_check, schema, batch, int(full))
        rows += batch.length


def is_source(data: Any) -> bool:
    """Whether data found by its variable's name is meant as a table."""
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return not isinstance(data, type)
    kind = type(data)
    return (kind.__module__.partition(".")[0], kind.__name__) in (
        ("polars", "LazyFrame"), ("pandas", "DataFrame"))


def _from_library(data: Any, names: Names) -> tuple[Any, Any] | None:
    """Data of a library that is loaded already: none is imported here to look."""
    module = type(data).__module__.partition(".")[0]
    if module == "polars" and hasattr(data, "collect"):
        return _arrow.from_capsule_stream(data.collect())
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, getattr(pandas, "DataFrame", ())):
        return _from_pandas(data)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(data, getattr(numpy, "ndarray", ())):
        return _from_numpy(numpy, data, names), None
    return None


def has(module: str) -> bool:
    """Whether an optional library can be imported."""
    if module in sys.modules:
        return sys.modules[module] is not None
    import importlib.util  # pylint: disable=import-outside-toplevel
    return importlib.util.find_spec(module) is not None


# ---- columns ----

def stream_of(columns: Sequence[_build.Column]) -> Any:
    """Raw columns as a stream of one batch."""
    rows = columns[0].count if columns else 0
    for column in columns:
        if column.count != rows:
            raise DataError(f"column '{column.name}' has {column.count} rows, "
                            f"'{columns[0].name}' has {rows}")
    schema, batch = _build.batch(columns, rows)
    return _build.stream(schema, [batch])


def from_columns(data: Mapping[str, Any]) -> Any:
    """A dict of lists, numpy arrays or Arrow columns."""
    return stream_of([column(str(name), items) for name, items in data.items()])


def column(name: str, items: Any) -> _build.Column:
    """One column of whatever is a sequence."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(items, getattr(numpy, "ndarray", ())):
        return _build.from_numpy(name, items)
    if isinstance(items, (str, bytes)):
        raise DataError(f"column '{name}' is a {type(items).__name__}; give a list of values")
    if type(items).__module__.partition(".")[0] == "pandas":
        return _pandas_column(name, items)
    if hasattr(items, "to_pylist"):
        items = items.to_pylist()
    elif hasattr(items, "to_list"):
        items = items.to_list()
    try:
        return _build.from_list(name, items if isinstance(items, list) else list(items))
    except TypeError as problem:
        raise DataError(f"column '{name}' is a {type(items).__name__}; give a list of values") \
            from problem


def _from_rows(data: Sequence[Any], names: Names) -> tuple[Any, Any]:
    if not data:
        raise DataError("there are no rows, so the columns are not known; give a dict of lists")
    first = data[0]
    if isinstance(first, Mapping):
        return from_columns(from_dicts(data)), None
    if isinstance(first, (list, tuple)):
        if names is None:
            raise DataError("rows without names: say which columns they are, columns=[...]")
        for row, item in enumerate(data):
            if not isinstance(item, (list, tuple)) or len(item) != len(names):
                raise DataError(f"row {row + 1} is no tuple of {len(names)} values")
        return from_columns(dict(zip(names, map(list, zip(*data))))), None
    return _arrow.from_iterator(iter(data), lambda item: source(item, names)), None


def from_dicts(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; a key that a row lacks is None there."""
    names: dict[str, None] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise DataError(f"row {number + 1} is a {type(row).__name__}, the first is a dict")
        if row.keys() != names.keys():
            names.update(dict.fromkeys(row))
    return {str(name): [row.get(name) for row in rows] for name in names}


# ---- libraries ----

def _from_pandas(frame: Any) -> tuple[Any, Any]:
    if has("pyarrow"):
        from . import _frames  # pylint: disable=import-outside-toplevel
        pyarrow = _frames.library("pyarrow", "a pandas.DataFrame")
        try:
            return _arrow.from_capsule_stream(
                pyarrow.Table.from_pandas(frame, preserve_index=False))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
            pass  # A column of several Python types: said below, with its row.
    return stream_of([_pandas_column(str(name), frame.iloc[:, i])
                      for i, name in enumerate(frame.columns)]), None


def _pandas_column(name: str, series: Any) -> _build.Column:
    numpy: Any = sys.modules["numpy"]  # pandas has imported it.
    if isinstance(series.dtype, numpy.dtype) and series.dtype.kind in "biufmM":
        return _build.from_numpy(name, series.to_numpy())
    items = series.tolist()
    texts = any(isinstance(item, str) for item in items)
    return _build.from_list(name, [
        None if pandas_missing(item) or (texts and item != item) else item for item in items])


def _from_numpy(numpy: Any, data: Any, names: Names) -> Any:
    if data.dtype.names:
        return stream_of([_build.from_numpy(name, numpy.ascontiguousarray(data[name]))
                          for name in data.dtype.names])
    if data.ndim == 1 and names and len(names) == 1:
        return stream_of([_build.from_numpy(names[0], data)])
    if data.ndim == 2 and names and len(names) == data.shape[1]:
        return stream_of([_build.from_numpy(name, numpy.ascontiguousarray(data[:, i]))
                          for i, name in enumerate(names)])
    raise DataError(f"an array of the shape {data.shape} has no names for its columns; give as "
                    "many as it has, columns=[...]")


# ---- files ----

def from_file(path: str) -> Any:
    """The data in a file, by the ending of its name."""
    from . import _format  # pylint: disable=import-outside-toplevel
    ending = os.path.splitext(path)[1].lower()
    if ending in (".csv", ".tsv"):
        return _format.csv(pathlib.Path(path))
    if ending in (".jsonl", ".ndjson"):
        return _format.json(pathlib.Path(path))
    if ending == ".json":
        with open(path, encoding="utf-8") as file:
            return _format.json(file.read())
    if ending in (".arrow", ".arrows", ".feather", ".ipc"):
        return _format.arrow(pathlib.Path(path))
    if ending in (".parquet", ".pq"):
        from . import _frames  # pylint: disable=import-outside-toplevel
        return _frames.library("pyarrow.parquet", f"'{path}'").ParquetFile(path).iter_batches()
    raise DataError(f"'{path}' is no file whose ending tells what is in it: .csv, .tsv, .json, "
                    ".jsonl, .ndjson, .arrow, .feather or .parquet; for text use stoa.csv() or "
                    "stoa.json()")
