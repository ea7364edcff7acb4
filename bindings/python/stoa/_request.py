# SPDX-License-Identifier: Apache-2.0
"""Other types than the engine's own for the columns of a result."""

from __future__ import annotations

from collections.abc import Mapping

from ._arrow import Schema, pointer
from ._call import call
from ._error import DataError, Error
from ._lib import empty, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence


def wanted(schema: Any, columns: Sequence[str]) -> Schema:
    """The types asked for, as a schema with a child a column."""
    if isinstance(schema, Mapping):
        # pylint: disable=import-outside-toplevel
        from ._function import struct_schema
        from ._signature import format_of
        unknown = [name for name in schema if name not in columns]
        if unknown:
            raise DataError(f"there is no column '{unknown[0]}'; there are {', '.join(columns)}")
        borrowed, kept = struct_schema([
            (name, format_of(schema[name], f"column '{name}'") if name in schema else "n")
            for name in columns])
        made = _copy(borrowed)
        del kept
        return made
    if not hasattr(schema, "__arrow_c_schema__"):
        raise DataError(f"a {type(schema).__name__} is no schema: give a dict of Arrow formats or "
                        "Python types by column, or what has __arrow_c_schema__")
    capsule = schema.__arrow_c_schema__()
    return _copy(pointer(capsule, b"arrow_schema"))


def _copy(schema: Any) -> Schema:
    out = empty("struct ArrowSchema *")
    call(lib.stoa_schema_copy, schema, out)
    return Schema(out)


def asked(result: Any, capsule: Any) -> None:
    """A consumer's wish: it may be left unfulfilled, says the protocol, so that it looks itself."""
    struct = pointer(capsule, b"arrow_schema")
    try:
        call(lib.stoa_result_request, result._handle, struct)
    except Error:
        pass
