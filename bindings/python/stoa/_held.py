# SPDX-License-Identifier: Apache-2.0
"""Python objects that the library holds: what the user_data of callbacks stands for.

A reference is given to C, and C gives it back (stoa_python_release), also while the interpreter
ends and no Python code can run any more.
"""

from __future__ import annotations

from ._call import call
from ._lib import NULL, ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

release: Any = lib.stoa_python_release
stream_release: Any = lib.stoa_python_stream_release


def hold(thing: Any, widths: Sequence[int] = (), **callables: Callable[..., Any]) -> Any:
    """A user_data for C that stands for the object until release. `callables` are what C calls by
    itself: function, convert and fail of stoa_python_row and, with `widths`, of _step."""
    held = ffi.new("stoa_python_object *")
    sizes = ffi.new("int32_t[]", widths)
    owner = [held, ffi.new_handle(thing), callables, sizes]
    held.widths = sizes
    held.owner, held.handle = ffi.cast("void *", id(owner)), owner[1]
    for field, function in callables.items():
        setattr(held, field, ffi.cast("void *", id(function)))
    call(lib.stoa_python_hold, held)
    return held


def thing(user_data: Any) -> Any:
    """The object that the user_data of a callback (a stoa_python_object *) stands for."""
    return ffi.from_handle(user_data.handle)


def cast(kind: str, function: Any) -> Any:
    """A callback that takes a stoa_python_object * as one that takes a void *."""
    return ffi.cast(kind, function) if function is not None else NULL
