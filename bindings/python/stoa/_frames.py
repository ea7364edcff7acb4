# SPDX-License-Identifier: Apache-2.0
"""Results in the forms of other libraries, each imported when it is asked for."""

from __future__ import annotations

import importlib

from ._batch import Batch
from ._columns import Field, distinct, memory
from ._error import DataError
from ._lib import NULL, ffi
from ._source import has

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

_buffer = ffi.buffer
_CODES = {"c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8",
          "e": "f2", "f": "f4", "g": "f8", "tdD": "M8[D]", "tdm": "M8[ms]", "tDs": "m8[s]",
          "tDm": "m8[ms]", "tDu": "m8[us]", "tDn": "m8[ns]"}
_UNITS = {"tss": "M8[s]", "tsm": "M8[ms]", "tsu": "M8[us]", "tsn": "M8[ns]"}


def library(name: str, call: str) -> Any:
    """An optional library, or one sentence that it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise ImportError(f"{call} needs {name}, which is not installed") from problem


def to_arrow(stream: Any) -> Any:
    """A pyarrow.Table."""
    return library("pyarrow", "arrow()").RecordBatchReader.from_stream(stream).read_all()


def to_polars(stream: Any) -> Any:
    """A polars.DataFrame."""
    return library("polars", "pl()").DataFrame(stream)


def to_pandas(stream: Any) -> Any:
    """A pandas.DataFrame, by pyarrow."""
    library("pandas", "df()")
    table = to_arrow(stream)
    try:
        return table.to_pandas()
    except (ValueError, OverflowError, NotImplementedError) as problem:
        raise DataError(f"pandas cannot hold a value: {problem}; read the result as arrow() or "
                        "pl()") from problem


def to_pandas_plain(fields: Sequence[Field], batches: Sequence[Batch]) -> Any:
    """A pandas.DataFrame without pyarrow: floats where integers have NULLs."""
    pandas = library("pandas", "df()")
    numpy = library("numpy", "df()")
    columns = []
    for array in arrays(numpy, fields, batches):
        if isinstance(array, numpy.ma.MaskedArray):
            kind = array.dtype.kind
            array = (array.astype("f8").filled(float("nan")) if kind in "iuf" else
                     array.astype(object).filled(None))
        columns.append(array)
    frame = pandas.DataFrame(dict(enumerate(columns)))
    frame.columns = [field.name for field in fields]
    for i, field in enumerate(fields):
        if field.zone is not None:
            frame.isetitem(i, frame.iloc[:, i].dt.tz_localize("UTC").dt.tz_convert(field.zone))
    return frame


def to_numpy(fields: Sequence[Field], batches: Sequence[Batch]) -> dict[str, Any]:
    """A dict of numpy arrays."""
    numpy = library("numpy", "numpy()")
    names = distinct([field.name for field in fields])
    return dict(zip(names, arrays(numpy, fields, batches)))


def arrays(numpy: Any, fields: Sequence[Field], batches: Sequence[Batch]) -> list[Any]:
    """The columns of all batches, joined."""
    out = []
    for i, field in enumerate(fields):
        read = reader(numpy, field)
        out.append(_joined(numpy, [read(batch._array.children[i], batch._array.offset, len(batch))
                                   for batch in batches], dtype_of(numpy, field)))
    return out


def dtype_of(numpy: Any, field: Field) -> Any:
    """The numpy type of a field's values; object where there is none."""
    if field.dictionary or field.extension:
        return numpy.dtype(object)
    code = _CODES.get(field.format) or _UNITS.get(field.format.partition(":")[0])
    return numpy.dtype(code or ("?" if field.format == "b" else object))


def _joined(numpy: Any, parts: list[Any], dtype: Any) -> Any:
    if not parts:
        return numpy.empty(0, dtype)
    if any(isinstance(part, numpy.ma.MaskedArray) for part in parts):
        return numpy.ma.concatenate(parts)
    return numpy.concatenate(parts)


def width(field: Field) -> int:
    """The bytes of a value, where an array is made of nothing but these; else 0."""
    if field.dictionary or field.extension or field.format == "tdD":
        return 0
    return int((_CODES.get(field.format) or _UNITS.get(field.format.partition(":")[0]) or "?0")[1])


def reader(numpy: Any, field: Field) -> Callable[[Any, int, int], Any]:
    """A function that makes an array of rows of a field's column; a copy."""
    dtype = dtype_of(numpy, field)
    size, frombuffer = dtype.itemsize, numpy.frombuffer
    if dtype == object or field.format in ("b", "tdD"):
        return lambda array, start, count: _array(numpy, field, dtype, array, start, count)

    def read(array: Any, start: int, count: int) -> Any:
        if count and (array.null_count == 0 or array.buffers[0] == NULL):
            # The commonest, and called for every batch of an aggregate.
            begin = (array.offset + start) * size
            room = _buffer(array.buffers[1], begin + count * size)
            return frombuffer(bytearray(room[begin:] if begin else room), dtype)
        return _array(numpy, field, dtype, array, start, count)
    return read


def _array(numpy: Any, field: Field, dtype: Any, array: Any, start: int, count: int) -> Any:
    # pylint: disable=too-many-arguments,too-many-positional-arguments
    begin = array.offset + start
    if dtype == object:
        out = numpy.empty(count, object)
        out[:] = field.read(array, start, count)
        return out
    if field.format == "b":
        values = _bits(numpy, array, 1, begin, count)
    else:
        stored = numpy.dtype("i4") if field.format == "tdD" else dtype
        size = stored.itemsize
        values = numpy.frombuffer(memory(array, 1, begin * size, count * size), stored).copy()
        if stored != dtype:
            values = values.astype("i8").view(dtype)
    if array.null_count == 0 or array.buffers[0] == NULL:
        return values
    valid = _bits(numpy, array, 0, begin, count)
    if valid.all():
        return values
    if dtype.kind in "Mm":
        values[~valid] = numpy.array("NaT", dtype)
        return values
    return numpy.ma.MaskedArray(values, ~valid)


def _bits(numpy: Any, array: Any, buffer: int, begin: int, count: int) -> Any:
    first, last = begin // 8, (begin + count + 7) // 8
    data = numpy.frombuffer(memory(array, buffer, first, last - first), "u1")
    skip = begin - first * 8
    return numpy.unpackbits(data, count=skip + count, bitorder="little")[skip:].astype(bool)


__all__ = ["has", "library", "to_arrow", "to_numpy", "to_pandas", "to_pandas_plain", "to_polars"]
