# SPDX-License-Identifier: Apache-2.0
"""What a database holds, and what engines there are."""

from __future__ import annotations


from ._batch import Batch
from ._call import call
from ._columns import Field
from ._lib import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ._result import Result

_KINDS = ("databases", "tables", "columns", "indexes", "keys", "functions", "collations")


class Catalog:
    """What a connection tells of its database."""

    def catalog(self, what: str, *, table: str = "", database: str = "",
                timeout: float | None = None) -> Result:
        """Part of the catalogue as a result: databases, tables, columns, indexes, keys, functions
        or collations; the columns of each are listed in stoa/catalog.h.

        >>> con.catalog("columns", table="trades").show()
        """
        from ._result import open_result  # pylint: disable=import-outside-toplevel
        number = _KINDS.index(what) + 1 if what in _KINDS else 0
        where, name = database.encode(), table.encode()
        con: Any = self
        return open_result(con, timeout, lib.stoa_catalog, con._handle, number, where, len(where),
                           name, len(name))

    def tables(self) -> list[str]:
        """The names of tables and views.

        >>> con.tables()
        ['trades']
        """
        return [str(row[1]) for row in self.catalog("tables")]


def engines() -> list[dict[str, Any]]:
    """The engines of this library: name, version, available, detail, capabilities, example."""
    stream = ffi.new("struct ArrowArrayStream *")
    call(lib.stoa_engines, stream)
    stream = ffi.gc(stream, lib.stoa_stream_release)
    schema = ffi.new("struct ArrowSchema *")
    call(lib.stoa_stream_schema, stream, schema)
    schema = ffi.gc(schema, lib.stoa_schema_release)
    fields = Field(schema).children
    out: list[dict[str, Any]] = []
    while True:
        array = ffi.gc(ffi.new("struct ArrowArray *"), lib.stoa_batch_release)
        if call(lib.stoa_stream_next, stream, array) != 0:
            return out
        batch = Batch(schema, fields, array)
        out += [dict(zip([field.name for field in fields], row)) for row in batch.rows()]
