# SPDX-License-Identifier: Apache-2.0
"""Columns into Python functions, and out of them."""

from __future__ import annotations


from . import _build, _frames
from ._batch import Batch
from ._call import call
from ._error import DataError
from ._lib import NULL, empty, ffi, lib
from ._source import column, has

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence


def mode(wanted: str | bool) -> str:
    """"", "arrow", "numpy" or "list"."""
    if wanted is False:
        return ""
    if wanted is True:
        return "arrow" if has("pyarrow") else "numpy" if has("numpy") else "list"
    if wanted not in ("arrow", "numpy", "list"):
        raise DataError(f"batch={wanted!r} is none of 'arrow', 'numpy' and 'list'")
    return wanted


def given(spec: Any, arguments: Any) -> Sequence[Any]:
    """The columns of a batch in the form the function asked for; valid beyond the call."""
    known = spec.columns(arguments.n_children)
    if spec.batch == "numpy":
        readers = known.readers
        if not readers:
            numpy = _frames.library("numpy", "batch='numpy'")
            readers += [_frames.reader(numpy, field) for field in known.fields]
        children, start, count = arguments.children, arguments.offset, arguments.length
        return [read(children[i], start, count) for i, read in enumerate(readers)]
    batch = Batch(known.schema, known.fields, arguments)
    if spec.batch == "arrow":
        pyarrow = _frames.library("pyarrow", "batch='arrow'")
        columns: Sequence[Any] = pyarrow.record_batch(batch).columns
        return columns
    columns = [batch.column(i) for i in range(len(known.fields))]
    if not known.converts:
        return columns
    return [items if make is None else [None if item is None else make(item) for item in items]
            for make, items in zip(known.converters, columns)]


def stepper(spec: Any) -> Callable[..., int]:
    """What C calls with a group's number and the bytes of its columns, which have no NULLs."""
    groups: dict[int, Any] = spec.groups
    dtypes: list[Any] = []
    frombuffer: Any = None

    def step(number: int, *rooms: bytearray) -> int:
        nonlocal frombuffer
        if number:
            groups[number].step(*map(frombuffer, rooms, dtypes))
            return number
        if frombuffer is None:
            numpy = _frames.library("numpy", "batch='numpy'")
            dtypes[:] = [_frames.dtype_of(numpy, field) for field in spec.fields]
            frombuffer = numpy.frombuffer
        began: int = spec.begin(map(frombuffer, rooms, dtypes))
        return began
    return step


def put(spec: Any, items: Any, count: int, result: Any) -> None:
    """What the function gave, as an array of the type it declared."""
    if hasattr(items, "__arrow_c_array__"):
        items = items.to_pylist() if not hasattr(items, "type") or items.null_count else \
            items.to_numpy(zero_copy_only=False)
    made = column("result", items if hasattr(items, "__len__") else [items] * count)
    if made.count != count:
        raise DataError(f"the function gave {made.count} values for {count} rows")
    schema, batch = _build.batch([made], count)
    out = empty("struct ArrowArray *")
    try:
        call(lib.stoa_batch_cast, schema, batch, spec.typed, out)
    finally:
        lib.stoa_schema_release(schema)
        lib.stoa_batch_release(batch)
    # A child may leave its parent: it owns what it needs by itself.
    ffi.memmove(result, out.children[0], ffi.sizeof("struct ArrowArray"))
    out.children[0].release = NULL
    lib.stoa_batch_release(out)
