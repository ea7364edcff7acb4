# SPDX-License-Identifier: Apache-2.0
"""The caller's data as tables: registered by name, or found among the caller's variables."""

from __future__ import annotations

import sys

from ._arrow import run_taking
from ._call import Options, call, keep_raised, run
from ._error import DataError, UnsupportedError, fill
from ._held import cast, hold, release, thing
from ._lib import NULL, callback, empty, ffi, lib
from ._values import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable
    from ._connection import Connection
    from ._source import Names

_NOT_FOUND = -7


class _Held:
    """What a callback of the library needs, kept until the library says release."""

    def __init__(self, open_stream: Callable[[str], Any]) -> None:
        self.open_stream = open_stream
        self.kept: list[Any] = []


def _give(held: _Held, name: str, out: Any, error: Any) -> int:
    try:
        found = held.open_stream(name)
        if found is None:
            return _NOT_FOUND
        stream, _kept = found
        ffi.memmove(out, stream, ffi.sizeof("struct ArrowArrayStream"))
        stream.release = NULL
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        if isinstance(problem, DataError):
            problem.handed_in = True
        keep_raised(problem)
        return fill(error, problem)


@callback("stoa_status(stoa_python_object *, struct ArrowArrayStream *, stoa_error *)", error=-24)
def _factory(user_data: Any, out: Any, error: Any) -> int:
    return _give(thing(user_data), "", out, error)


@callback("stoa_status(stoa_python_object *, char *, int64_t, struct ArrowArrayStream *, "
          "stoa_error *)", error=-24)
def _resolve(user_data: Any, name: Any, size: int, out: Any, error: Any) -> int:
    return _give(thing(user_data), str(ffi.buffer(name, size)[:], "utf-8"), out, error)


class Scans:
    """A connection's registered data, and its eye on the caller's variables."""

    def __init__(self, con: Connection) -> None:
        self._con = con._handle
        self._operations = con._operations
        self._looking = False
        try:
            self.looking = True
        except UnsupportedError:
            pass  # This engine has no scans, and so nothing to look for.

    def register(self, name: str, data: Any, columns: Names, replace: bool, copy: bool,
                 settings: dict[str, Any]) -> None:
        """Register data. What can be read again is opened for each scan; a stream or an iterator
        is read once, and what was read is kept by the library."""
        # pylint: disable=too-many-arguments,too-many-positional-arguments
        from ._source import source  # pylint: disable=import-outside-toplevel
        options = Options({"replace": replace, **settings})
        text, out = named(name, "a table's name"), ffi.new("stoa_scan *")
        if copy:
            schema, batches = _read(data, columns)
            joined = ffi.new("struct ArrowArray[]", max(1, len(batches)))
            for i, one in enumerate(batches):
                joined[i] = one[0]
            run(self._operations, None, lib.stoa_scan_register_batches, self._con, text, len(text),
                schema, joined, len(batches), options.array, options.count, out)
            for one in batches:
                one.release = NULL  # Taken, and they are copies of what was.
            return
        if _once(data):
            stream, kept = source(data, columns)
            run_taking(stream, self._operations, None, lib.stoa_scan_register, self._con, text,
                       len(text), stream, options.array, options.count, out)
            del kept
            return
        held = hold(_Held(lambda _name: source(data, columns)))
        run(self._operations, None, lib.stoa_scan_register_factory, self._con, text, len(text),
            cast("stoa_stream_factory", _factory), held, release, options.array, options.count, out)

    def drop(self, name: str) -> None:
        """Forget a name."""
        text = named(name, "a table's name")
        call(lib.stoa_scan_drop, self._con, text, len(text))

    @property
    def looking(self) -> bool:
        """Whether unknown tables are looked for among the caller's variables."""
        return self._looking

    @looking.setter
    def looking(self, looking: bool) -> None:
        """Set or remove the library's resolver."""
        if looking == self._looking:
            return
        if looking:
            call(lib.stoa_scan_resolver, self._con, cast("stoa_resolver", _resolve),
                 hold(_Held(_find)), release)
        else:
            call(lib.stoa_scan_resolver, self._con, NULL, NULL, NULL)
        self._looking = looking

    def renew(self) -> None:
        """The connection was reset: look again, if it did."""
        looking, self._looking = self._looking, False
        self.looking = looking


def _once(data: Any) -> bool:
    """Whether reading the data uses it up."""
    if hasattr(data, "__next__"):
        return True
    if getattr(data, "once", False):
        return True
    return type(data).__name__ in ("RecordBatchReader", "Result", "_Rest", "ArrayStream")


def _read(data: Any, columns: Names) -> tuple[Any, list[Any]]:
    """All batches of the data, in memory of their own."""
    from ._source import source  # pylint: disable=import-outside-toplevel
    stream, kept = source(data, columns)
    schema = empty("struct ArrowSchema *")
    call(lib.stoa_stream_schema, stream, schema)
    batches: list[Any] = []
    while True:
        batch = empty("struct ArrowArray *")
        if call(lib.stoa_stream_next, stream, batch) != 0:
            break
        copied = empty("struct ArrowArray *")
        call(lib.stoa_batch_copy, schema, batch, copied)
        batches.append(copied)
    del kept
    return schema, batches


# Comprehensions, which have frames of their own before Python 3.12.
_INNER = ("<listcomp>", "<setcomp>", "<dictcomp>")


def _find(name: str) -> Any:
    """The caller's variable of that name, if it holds columns: the one in whose frame the
    statement is run, which is the first outside of this package."""
    from ._source import is_source, source  # pylint: disable=import-outside-toplevel
    frame = sys._getframe()
    package = __name__.partition(".")[0]
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if (module.partition(".")[0] != package and module not in ("contextlib",)
                and frame.f_code.co_name not in _INNER):
            break
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return None
    for variables in (frame.f_locals, frame.f_globals):
        found = variables.get(name)
        if found is not None and is_source(found):
            return source(found)
    return None
