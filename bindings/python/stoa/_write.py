# SPDX-License-Identifier: Apache-2.0
"""Data out as CSV, JSON lines and Arrow's own files: the library writes them, Python says where
to."""

from __future__ import annotations

import io
import os

from ._arrow import run_taking
from ._call import Operations, Options, keep_raised
from ._error import DataError, fill
from ._held import cast, hold, release, thing
from ._lib import callback, ffi, lib
from ._result import Result
from ._source import source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@callback("stoa_status(stoa_python_object *, void *, int64_t, stoa_error *)", error=-22)
def _write(user_data: Any, data: Any, size: int, error: Any) -> int:
    try:
        thing(user_data).write(ffi.buffer(data, size)[:])
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        keep_raised(problem)
        return fill(error, problem)


def write(function: Any, data: Any, target: Any, timeout: float | None,
          settings: dict[str, Any]) -> int:
    """Write whatever holds columns; the number of rows."""
    sink = ffi.new("stoa_sink *")
    sink.struct_size = ffi.sizeof("stoa_sink")
    if not isinstance(target, (str, os.PathLike)) and not hasattr(target, "write"):
        raise DataError(f"a {type(target).__name__} is neither a path nor an open file")
    stream, kept = source(data)
    options, rows = Options(settings), ffi.new("int64_t *")
    path = None
    if isinstance(target, (str, os.PathLike)):
        name = os.fsencode(target)
        path = ffi.new("char[]", name)
        sink.path, sink.path_size = path, len(name)
    else:
        sink.write, sink.user_data = cast("stoa_write_bytes", _write), hold(target)
        sink.release = release
    # A cancel of its connection ends the writing of a result, too.
    operations = data._con._operations if isinstance(data, Result) else Operations()
    run_taking(stream, operations, timeout, _sinking(function), sink, stream, options.array,
               options.count, rows)
    del kept, path
    return int(rows[0])


def _sinking(function: Any) -> Any:
    # run() puts the operation behind the receiver; here it comes first.
    return lambda sink, operation, stream, *rest: function(operation, stream, sink, *rest)


def write_csv(data: Any, target: Any, *, timeout: float | None = None, **settings: Any) -> int:
    """Write data as CSV to a path, or to a file open for bytes; the number of rows. Settings as in
    stoa/format.h: separator, header, quoting, null, exists, ...

    >>> stoa.write_csv(con.sql("SELECT * FROM t"), "t.csv", exists="replace")
    """
    return write(lib.stoa_csv_write, data, target, timeout, settings)


def write_json(data: Any, target: Any, *, timeout: float | None = None, **settings: Any) -> int:
    """Write data as JSON lines, likewise: an object a row. Settings: nulls, binary, exists.

    >>> stoa.write_json(frame, "t.jsonl")
    """
    return write(lib.stoa_jsonl_write, data, target, timeout, settings)


def write_arrow(data: Any, target: Any, *, timeout: float | None = None, **settings: Any) -> int:
    """Write data in Arrow's own form, likewise. Settings: form (file, stream), exists.

    >>> stoa.write_arrow(con.sql("SELECT * FROM t"), "t.arrow")
    """
    return write(lib.stoa_ipc_write, data, target, timeout, settings)


def text(function: Any, data: Any, settings: dict[str, Any]) -> str:
    """What would be written, as text."""
    out = io.BytesIO()
    function(data, out, **settings)
    return out.getvalue().decode()
