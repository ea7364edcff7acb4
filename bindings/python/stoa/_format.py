# SPDX-License-Identifier: Apache-2.0
"""CSV, JSON and Arrow's own files as data: the library reads them, Python says where they are."""

from __future__ import annotations

import io
import os
from typing import Any, Iterator, Mapping

from ._arrow import Schema, stream_capsule
from ._batch import Batch, rows_of
from ._call import Operation, Options, call, keep_raised
from ._error import DataError, fill
from ._held import hold, release, thing
from ._lib import NULL, callback, empty, ffi, lib


@callback("stoa_status(stoa_python_object *, void *, int64_t, int64_t *, stoa_error *)", error=-24)
def _read(user_data: Any, buffer: Any, capacity: int, size: Any, error: Any) -> int:
    try:
        data = thing(user_data).read(capacity)
        if isinstance(data, str):
            raise TypeError("the file is open for text; open it for bytes, mode 'rb'")
        if data is None:
            raise BlockingIOError("the file has nothing to read now: it is not a blocking one")
        count = memoryview(data).nbytes
        if count > capacity:
            raise ValueError(f"read({capacity}) of the file gave {count} bytes")
        ffi.memmove(buffer, data, count)
        size[0] = count
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        keep_raised(problem)
        return fill(error, problem)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as problem:
        raise DataError(f"the text is none that UTF-8 can hold: {problem}") from problem


class Format:
    """CSV, JSON lines or Arrow: text, bytes, an open file or a path. Whatever takes Arrow data
    takes it."""

    def __init__(self, function: Any, text: Any, settings: Mapping[str, Any]) -> None:
        self._function = function
        self._text = text
        self._settings = dict(settings)
        if not isinstance(text, (str, bytes, os.PathLike)) and not hasattr(text, "read"):
            raise DataError(f"a {type(text).__name__} is neither text nor an open file nor a path")

    def open(self, target: Any = None) -> Any:
        """A stream from the start, with the types of a target's columns where it has them."""
        source = ffi.new("stoa_source *")
        source.struct_size = ffi.sizeof("stoa_source")
        options, out = Options(self._settings), empty("struct ArrowArrayStream *")
        operation, kept = Operation(exported=True), None
        if isinstance(self._text, os.PathLike):
            path = os.fsencode(self._text)
            kept = ffi.new("char[]", path)
            source.path, source.path_size = kept, len(path)
        else:
            text = self._text
            if isinstance(text, str):
                text = io.BytesIO(_encoded(text))
            elif isinstance(text, bytes):
                text = io.BytesIO(text)
            source.read, source.user_data = ffi.cast("stoa_read_bytes", _read), hold(text)
            source.release = release  # Runs from here on, whatever happens.
        call(self._function, operation.handle, source, NULL if target is None else target.struct,
             options.array, options.count, out)
        del kept
        return out

    def reader(self, target: Any = None) -> Reader:
        """Open it for reading batch by batch, and for asking what was found; whatever takes
        batches takes the reader."""
        return Reader(self, self.open(target))

    @property
    def once(self) -> bool:
        """Whether reading uses it up, as it does a file that is open."""
        return not isinstance(self._text, (str, bytes, os.PathLike))

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return stream_capsule(self.open())


class Reader:
    """CSV or JSON lines being read: its batches, once, and meanwhile what was found.

    >>> reader = stoa.csv("t.csv", bad_rows="keep").reader()
    >>> con.insert("t", reader)
    >>> reader.report["bad_rows"], reader.bad_rows()
    """

    def __init__(self, text: Format, stream: Any) -> None:
        self._text = text  # What C reads from.
        self._stream = stream
        out = empty("struct ArrowSchema *")
        call(lib.stoa_stream_schema, stream, out)
        self.schema = Schema(out)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        array = empty("struct ArrowArray *")
        if call(lib.stoa_stream_next, self._stream, array) != 0:
            raise StopIteration
        return Batch(self.schema.struct, self.schema.fields, array)

    @property
    def report(self) -> dict[str, int | str]:
        """What was found and done so far: rows, bad_rows, lines, bytes, bytes_total (-1: not
        known), compression, separator, quote ("": none), header (0 or 1)."""
        out = ffi.new("stoa_format_report *")
        call(lib.stoa_format_report_get, self._stream, out)
        said: dict[str, int | str] = {
            name: getattr(out, name) for name in ("rows", "bad_rows", "lines", "bytes",
                                                  "bytes_total", "header")}
        said["compression"] = ("none", "gzip", "zstd")[out.compression]
        for name in ("separator", "quote"):
            character = getattr(out, name)
            said[name] = chr(character) if character else ""
        return said

    def columns(self) -> list[dict[str, Any]]:
        """How each column got its type: name, type, values, nulls, why."""
        return self._rows(lib.stoa_format_columns)

    def bad_rows(self) -> list[dict[str, Any]]:
        """The bad rows kept since the last call (bad_rows="keep"): line, column, reason, text."""
        return self._rows(lib.stoa_format_bad_rows)

    def _rows(self, function: Any) -> list[dict[str, Any]]:
        stream = empty("struct ArrowArrayStream *")
        call(function, self._stream, stream)
        return rows_of(stream)

    def __repr__(self) -> str:
        return f"<stoa.Reader of {self.schema!r}>"


def arrow(data: Any, **settings: Any) -> Format:
    """Arrow's own form, a file or a stream, as pyarrow.ipc and Feather have it: bytes, a file open
    for bytes, or a path. pyarrow is not needed.

    >>> con.insert("t", stoa.arrow(pathlib.Path("t.arrow")))
    """
    def opened(operation: Any, source: Any, _target: Any, *rest: Any) -> Any:
        return lib.stoa_ipc_open(operation, source, *rest)  # Its types are in it.
    return Format(opened, data, settings)


def csv(text: Any, **settings: Any) -> Format:
    """CSV text, a file open for bytes, or a path. Settings as in stoa/format.h: separator, header,
    quote, null, types, bad_rows, ...

    >>> con.insert("t", stoa.csv("a,b\\n1,x\\n2,y\\n"))
    """
    return Format(lib.stoa_csv_open, text, settings)


def json(text: Any, **settings: Any) -> Any:
    """JSON text, a file open for bytes, or a path: an object a line; text may also be an array of
    objects. Settings as in stoa/format.h: nested, unknown, bad_rows, ...

    >>> con.insert("t", stoa.json('{"a": 1}\\n{"a": 2}\\n'))
    """
    if isinstance(text, (str, bytes)) and text.lstrip()[:1] in ("[", b"["):
        return _json_array(text, settings)
    return Format(lib.stoa_jsonl_open, text, settings)


def _json_array(text: str | bytes, settings: Mapping[str, Any]) -> Any:
    import json as json_module  # pylint: disable=import-outside-toplevel
    from ._source import from_dicts  # pylint: disable=import-outside-toplevel
    try:
        rows = json_module.loads(text)
    except (ValueError, RecursionError) as problem:
        raise DataError(f"the JSON text cannot be read: {problem}") from problem
    if not settings:
        return from_dicts(rows)
    lines = "\n".join([json_module.dumps(row, ensure_ascii=False) for row in rows])
    return Format(lib.stoa_jsonl_open, lines, settings)  # What knows the settings reads lines.
