# SPDX-License-Identifier: Apache-2.0
"""The constants that programs take from quiverdb's C library."""

from __future__ import annotations

from .metadata import DataType


class _Library:
    QUIVER_DATA_TYPE_INTEGER = int(DataType.INTEGER)
    QUIVER_DATA_TYPE_FLOAT = int(DataType.FLOAT)
    QUIVER_DATA_TYPE_STRING = int(DataType.STRING)
    QUIVER_DATA_TYPE_DATE_TIME = int(DataType.DATE_TIME)
    QUIVER_DATA_TYPE_NULL = int(DataType.NULL)


_library = _Library()


def get_lib() -> _Library:
    """What holds them."""
    return _library
