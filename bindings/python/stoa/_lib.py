# SPDX-License-Identifier: Apache-2.0
"""Finds libstoa, opens it once, and checks that it is the library the declarations were made for.

Looked for, in this order: the file that STOA_LIBRARY names, the one inside this package, the
dynamic linker's libstoa.so.0.
"""

from __future__ import annotations

import os

from ._declarations import ffi as _ffi
from ._layout import STRUCTS, VERSION_NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

# cffi has no types of its own that a checker could use: what comes out of C is Any by nature.
ffi: Any = _ffi


def _open() -> tuple[Any, str]:
    named = os.environ.get("STOA_LIBRARY")
    inside = os.path.join(os.path.dirname(__file__), "libstoa.so.0")
    tried = []
    for path in [named] if named else [inside, "libstoa.so.0"]:
        try:
            # Never unloaded: what is collected last at exit still calls into it.
            return ffi.dlopen(path, ffi.RTLD_NOW | ffi.RTLD_NODELETE), path
        except OSError as problem:
            tried.append(f"{path} ({problem})")
    raise ImportError("libstoa was not found; tried " + "; ".join(tried))


def _check(library: Any, path: str) -> None:
    number = library.stoa_version_number()
    if number // 1000000 != VERSION_NUMBER // 1000000 or number < VERSION_NUMBER:
        raise ImportError(
            f"{path} is version {ffi.string(library.stoa_version()).decode()} of libstoa; this "
            f"package needs {_dotted(VERSION_NUMBER)} or a later one of the same major number")
    for name, (size, offsets) in STRUCTS.items():
        if ffi.sizeof(name) != size:
            raise ImportError(f"{name} has {ffi.sizeof(name)} bytes here and {size} in the header")
        for field, offset in offsets.items():
            if ffi.offsetof(name, field) != offset:
                raise ImportError(f"{name}.{field} is at {ffi.offsetof(name, field)} here and at "
                                  f"{offset} in the header")


def _dotted(number: int) -> str:
    return f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"


lib, PATH = _open()
_check(lib, PATH)

NULL: Any = ffi.NULL


def callback(signature: str, error: Any = None) -> Callable[[Callable[..., Any]], Any]:
    """A decorator that makes a function of the module one that C can call, for ever. `error` is
    answered when a signal's handler raises before its first line; the call raises it then."""
    def made(function: Callable[..., Any]) -> Any:
        if error is None:
            return ffi.callback(signature, function, onerror=_lost)
        return ffi.callback(signature, function, error=error, onerror=_lost)
    return made


def _lost(_kind: Any, problem: BaseException, _trace: Any) -> None:
    from ._call import raise_later  # pylint: disable=import-outside-toplevel
    raise_later(problem)


NO_LIMIT: Any = ffi.new("stoa_op *")[0]

_RELEASES = {"struct ArrowSchema *": lib.stoa_schema_release,
             "struct ArrowArray *": lib.stoa_batch_release,
             "struct ArrowArrayStream *": lib.stoa_stream_release}


def cell(kind: str) -> tuple[Any, Any]:
    """Room for a handle that a call will make ("stoa_result *"), and who keeps it: the handle is
    closed when the keeper goes. That is C's work, and it is so before the call: a signal's handler
    that raises behind it loses nothing."""
    room = ffi.new(kind)
    return room, ffi.gc(room, lib.stoa_python_cell_close)


def empty(kind: str) -> Any:
    """A struct of Arrow's ("struct ArrowSchema *") that a call will fill. What it holds then is
    released with it, as a handle in a cell is closed."""
    return ffi.gc(ffi.new(kind), _RELEASES[kind])


def live(kind: str = "allocations") -> int:
    """How many of a kind of thing the library holds in this process.

    >>> stoa.live("conn")
    0
    """
    error, count = ffi.new("stoa_error *"), ffi.new("int64_t *")
    number = getattr(lib, "STOA_LIVE_" + kind.upper(), -1)
    if lib.stoa_live(number, count, error) < 0:
        raise ValueError(ffi.string(error.text).decode())
    return int(count[0])


def library_version() -> str:
    """The version of libstoa, such as "0.1.0"."""
    return str(ffi.string(lib.stoa_version()).decode())
