# SPDX-License-Identifier: Apache-2.0
"""Whatever holds columns, as an Arrow stream.

Anything with __arrow_c_stream__ or __arrow_c_array__, pyarrow, polars (eager and lazy), pandas
(without pyarrow too), a series, numpy arrays (structured, or with names for the columns), dicts of
lists, arrays or columns of these libraries, lists of dicts or tuples, generators of any of these
and of single rows, and files: CSV, JSON, JSON lines, Arrow, Parquet.
"""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Mapping

from . import _arrow, _build
from ._call import call
from ._error import DataError
from ._lib import empty, lib
from ._values import pandas_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator, Sequence
    Names = Sequence[str] | None


_WANTED = ("give Arrow data, a data frame, a dict of lists, a list of dicts, a numpy array, or an "
           "iterator of these")


def source(data: Any, names: Names = None) -> tuple[Any, Any]:
    """An ArrowArrayStream of the data, and what must be kept while it is read. `names` are those of
    the columns of data that has none: rows that are tuples, and arrays of numpy."""
    if isinstance(names, str):
        names = [names]
    if isinstance(data, (str, os.PathLike)):
        return source(from_file(os.fspath(data)), names)
    if isinstance(data, type):
        raise DataError(f"the class {data.__name__} holds no columns: {_WANTED}")
    if _is_column(data):
        return from_columns({_name_of(data, names): data}), None
    found = _with_names(data)
    if found is not None:
        if names is not None:
            lib.stoa_stream_release(found[0])
            raise DataError(f"a {type(data).__name__} has names for its columns; columns=[...] is "
                            "for rows and arrays that have none")
        return found
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(data, getattr(numpy, "ndarray", ())):
        return _from_numpy(numpy, data, names), None
    if isinstance(data, (list, tuple)):
        return _from_rows(data, names)
    if hasattr(data, "__dataframe__"):
        from . import _frames  # pylint: disable=import-outside-toplevel
        reader = _frames.library("pyarrow.interchange", "data with __dataframe__")
        return _arrow.from_capsule_stream(reader.from_dataframe(data))
    if hasattr(data, "read"):
        raise DataError(f"a {type(data).__name__} is an open file: say what is in it, with "
                        "stoa.csv(), stoa.json() or stoa.arrow()")
    if hasattr(data, "__iter__") and not isinstance(data, (bytes, bytearray)):
        return _from_iterable(data, names)
    raise DataError(f"a {type(data).__name__} holds no columns: {_WANTED}")


def _is_column(data: Any) -> bool:
    """Whether data is one column of a library: a series, or an Arrow array that is no struct."""
    module, kind = type(data).__module__.partition(".")[0], type(data).__name__
    if module in ("pandas", "polars"):
        return kind.endswith(("Series", "Index")) and not str(data.dtype).startswith("Struct")
    return module == "pyarrow" and kind.endswith("Array") and kind != "StructArray" and not str(
        getattr(data, "type", "")).startswith("struct<")


def _name_of(data: Any, names: Names) -> str:
    name = names[0] if names and len(names) == 1 else getattr(data, "name", None)
    if not name or names and len(names) != 1:
        raise DataError(f"a {type(data).__name__} is one column; give its name, columns=[...]")
    return str(name)


def _with_names(data: Any) -> tuple[Any, Any] | None:
    """Data whose columns have names."""
    if isinstance(data, Mapping):
        return from_columns(data), None
    found = _from_library(data)
    if found is None and hasattr(data, "__arrow_c_stream__"):
        return _arrow.from_capsule_stream(data)
    if found is None and hasattr(data, "__arrow_c_array__"):
        return _arrow.from_capsule_array(data)
    return found


def check(data: Any, *, full: bool = True) -> int:
    """Look at data of another library as every call that takes it does: its shape, and with full=
    every offset, index and text as well. The number of rows; what is wrong is an exception that
    names the column's path.

    >>> stoa.check(frame)
    """
    stream, kept = source(data)
    schema = empty("struct ArrowSchema *")
    call(lib.stoa_stream_schema, stream, schema)
    rows = 0
    while True:
        batch = empty("struct ArrowArray *")
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


def _from_library(data: Any) -> tuple[Any, Any] | None:
    """A frame of a library that is loaded already: none is imported here to look."""
    if type(data).__module__.partition(".")[0] == "polars":
        frame = data.collect() if hasattr(data, "collect") else data
        for name, dtype in getattr(frame, "schema", {}).items():
            refuse_objects(name, dtype)
        return _arrow.from_capsule_stream(frame) if hasattr(frame, "__arrow_c_stream__") else None
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, getattr(pandas, "DataFrame", ())):
        return _from_pandas(data)
    return None


def refuse_objects(name: str, dtype: Any) -> None:
    """polars hands Python objects on as their addresses."""
    if str(dtype) == "Object":
        raise DataError(f"column '{name}' has the polars type Object: no type of the database "
                        "corresponds to it")


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
    """A dict of lists, numpy arrays or columns of a library."""
    return _of_columns([(str(name), items) for name, items in data.items()])


def _of_columns(columns: Sequence[tuple[str, Any]]) -> Any:
    """Named columns; those of a library in Arrow's form keep their types."""
    if any(hasattr(items, "__arrow_c_stream__") or hasattr(items, "__arrow_c_array__")
           for _name, items in columns):
        from ._side import side_by_side  # pylint: disable=import-outside-toplevel
        return side_by_side(columns)
    return stream_of([column(name, items) for name, items in columns])


def column(name: str, items: Any) -> _build.Column:
    """One column of whatever is a sequence."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(items, getattr(numpy, "ndarray", ())):
        return _build.from_numpy(name, items)
    if isinstance(items, (str, bytes, Mapping)) or hasattr(items, "columns"):
        raise DataError(f"column '{name}' is a {type(items).__name__}; give a list of values")
    if type(items).__module__.partition(".")[0] == "pandas" and hasattr(items, "dtype"):
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
    if not isinstance(first, (list, tuple)):
        return _from_iterable(data, names)
    if names is None:
        names = getattr(first, "_fields", None)  # A namedtuple's.
    if names is None:
        raise DataError("rows without names: say which columns they are, columns=[...]")
    for row, item in enumerate(data):
        if not isinstance(item, (list, tuple)) or len(item) != len(names):
            raise DataError(f"row {row} is no tuple of {len(names)} values")
    return _of_columns(list(zip(map(str, names), map(list, zip(*data))))), None


def _from_iterable(data: Any, names: Names) -> tuple[Any, Any]:
    """Data that comes one by one: batches of any kind, or rows."""
    return _arrow.from_iterator(_rows_together(iter(data), names),
                                lambda item: source(*item)), None


_ROWS = 65536  # So many rows that come one by one become a batch.


def _rows_together(items: Iterator[Any], names: Names) -> Iterator[tuple[Any, Names]]:
    """Single rows as lists of them, everything else as it is; each with its names."""
    rows: list[Any] = []
    known: dict[str, None] = {}
    for item in items:
        if not _is_row(item):
            if rows:
                yield _together(rows, names, known)
                rows = []
            yield item, names
            continue
        rows.append(item)
        if len(rows) == _ROWS:
            yield _together(rows, names, known)
            rows = []
    if rows:
        yield _together(rows, names, known)


def _together(rows: list[Any], names: Names, known: dict[str, None]) -> tuple[Any, Names]:
    """Rows for source(); dicts have at least the columns of those before them."""
    if not isinstance(rows[0], Mapping):
        return rows, names
    columns = from_dicts(rows, known)
    known.update(dict.fromkeys(columns))
    return columns, names


def _is_row(item: Any) -> bool:
    """Whether a dict or a tuple is one row: there are single values in it."""
    if isinstance(item, Mapping):
        return any(_is_single(value) for value in item.values())
    return isinstance(item, (list, tuple)) and len(item) > 0 and _is_single(item[0])


def _is_single(value: Any) -> bool:
    return value is None or isinstance(value, (str, bytes, int, float)) or not (
        hasattr(value, "__iter__") or hasattr(value, "__arrow_c_array__"))


def from_dicts(rows: Sequence[Mapping[str, Any]],
               known: Iterable[str] = ()) -> dict[str, list[Any]]:
    """Rows as columns, those that are known and others; a key that a row lacks is None there."""
    names: dict[str, None] = dict.fromkeys(known)
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise DataError(f"row {number} is a {type(row).__name__}, the first is a dict")
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
        except (ValueError, TypeError, OverflowError, NotImplementedError):
            pass  # What pyarrow has no type for: done below, or said with its row.
    return stream_of([_pandas_column(str(name), frame.iloc[:, i])
                      for i, name in enumerate(frame.columns)]), None


def _pandas_column(name: str, series: Any) -> _build.Column:
    """A column of pandas, in which NaN says that there is no value."""
    numpy: Any = sys.modules["numpy"]  # pandas has imported it.
    if isinstance(series.dtype, numpy.dtype) and series.dtype.kind in "biufmM":
        items = series.to_numpy()
        if items.dtype.kind == "f":
            items = numpy.ma.masked_array(items, numpy.isnan(items))
        return _build.from_numpy(name, items)
    return _build.from_list(name, [None if _is_missing(item) else item
                                   for item in series.tolist()])


def _is_missing(item: Any) -> bool:
    return pandas_missing(item) or isinstance(item, float) and item != item or (
        type(item).__name__ == "Decimal" and item.is_nan())


def _from_numpy(numpy: Any, data: Any, names: Names) -> Any:
    if not isinstance(data, numpy.ma.MaskedArray):
        data = numpy.asarray(data)  # A column of a numpy.matrix would be a matrix.
    if data.dtype.names:
        if names is not None:
            raise DataError("a structured array has names for its columns; columns=[...] is for "
                            "arrays that have none")
        return stream_of([_build.from_numpy(name, data[name]) for name in data.dtype.names])
    if data.ndim == 1 and names and len(names) == 1:
        return stream_of([_build.from_numpy(names[0], data)])
    if data.ndim == 2 and names and len(names) == data.shape[1]:
        return stream_of([_build.from_numpy(name, data[:, i]) for i, name in enumerate(names)])
    raise DataError(f"an array of the shape {data.shape} has no names for its columns; give as "
                    "many as it has, columns=[...]")


# ---- files ----

def from_file(path: str) -> Any:
    """The data in a file, by the ending of its name."""
    from . import _format  # pylint: disable=import-outside-toplevel
    packed = path.lower().endswith((".gz", ".zst"))  # The library unpacks text by itself.
    ending = os.path.splitext(os.path.splitext(path)[0] if packed else path)[1].lower()
    if packed and ending not in (".csv", ".tsv", ".json", ".jsonl", ".ndjson"):
        ending = ""
    if ending in (".csv", ".tsv"):
        return _format.csv(pathlib.Path(path))
    if ending in (".jsonl", ".ndjson"):
        return _format.json(pathlib.Path(path))
    if ending == ".json":
        return _json_file(path)
    if ending in (".arrow", ".arrows", ".feather", ".ipc"):
        return _format.arrow(pathlib.Path(path))
    if ending in (".parquet", ".pq"):
        from . import _frames  # pylint: disable=import-outside-toplevel
        return _frames.library("pyarrow.parquet", f"'{path}'").ParquetFile(path).iter_batches()
    raise DataError(f"'{path}' is no file whose ending tells what is in it: .csv, .tsv, .json, "
                    ".jsonl, .ndjson, .arrow, .feather or .parquet; for text use stoa.csv() or "
                    "stoa.json()")


def _json_file(path: str) -> Any:
    """An array of objects, or lines; a file that is none is for the library to refuse."""
    from . import _format  # pylint: disable=import-outside-toplevel
    try:
        with open(path, encoding="utf-8-sig") as file:  # Packed, it is no text, or not to be seen.
            return _format.json(file.read())
    except (OSError, UnicodeDecodeError):
        return _format.json(pathlib.Path(path))
