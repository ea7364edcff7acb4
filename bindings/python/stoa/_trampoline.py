# SPDX-License-Identifier: Apache-2.0
"""The short way from C into a Python function of numbers: a callback of its own for each, which
reads arguments where they lie and writes the result there.

A stoa_value is three words of eight bytes: type, a, b. So word 3 * i + 1 of a row's values is its
i-th number, and word 1 of the result is the result's.
"""

from __future__ import annotations

import struct

from ._call import keep_raised
from ._error import fill
from ._lib import ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_WORDS = {"l": "int64_t", "g": "double"}
_PLAIN = {"l": int, "g": float}
# The word that says "float64", as the double whose bits it has.
_MARKS = {"l": 5, "g": struct.unpack("<d", struct.pack("<q", 11))[0]}


def numbers(function: Callable[..., Any], parameters: list[str], returns: str,
            put: Callable[[Any, Any, Any], None]) -> Any:
    """A callback for a function of numbers; None when it is not one. `put` stores any value."""
    if returns not in _WORDS or len(set(parameters)) != 1 or parameters[0] not in _WORDS:
        return None
    plain, mark, count = _PLAIN[returns], _MARKS[returns], len(parameters)

    def done(value: Any, result: Any, result_bytes: int) -> int:
        if type(value) is plain:
            result[1] = value
            result[0] = mark
        elif value is not None:
            put(value, ffi.cast("stoa_value *", result), ffi.cast("uint8_t **", result_bytes))
        return 0

    def failed(problem: BaseException, error: int) -> int:
        keep_raised(problem)
        return fill(ffi.cast("stoa_error *", error), problem)

    def one(_data: int, rows: Any, result: Any, result_bytes: int, error: int) -> int:
        try:
            value = function(rows[0][1])
            if type(value) is plain:
                result[1] = value
                result[0] = mark
                return 0
            return done(value, result, result_bytes)
        except BaseException as problem:  # pylint: disable=broad-except
            return failed(problem, error)

    def many(_data: int, rows: Any, result: Any, result_bytes: int, error: int) -> int:
        try:
            row = rows[0]
            return done(function(*[row[i] for i in range(1, 3 * count, 3)]), result, result_bytes)
        except BaseException as problem:  # pylint: disable=broad-except
            return failed(problem, error)

    return ffi.callback(f"int32_t(uintptr_t, {_WORDS[parameters[0]]} **, {_WORDS[returns]} *, "
                        "uintptr_t, uintptr_t)", one if count == 1 else many, error=-24)
