# SPDX-License-Identifier: Apache-2.0
"""What a database holds, and what engines there are."""

from __future__ import annotations

from ._batch import rows_of
from ._call import call
from ._lib import empty, lib
from ._values import constant, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ._result import Result


class Catalog:
    """What a connection tells of its database."""

    def catalog(self, what: str, *, table: str = "", database: str = "",
                timeout: float | None = None) -> Result:
        """Part of the catalogue as a result: databases, tables, columns, indexes, keys, functions,
        collations or statistics; the columns of each are listed in stoa/catalog.h.

        >>> con.catalog("columns", table="trades").show()
        """
        from ._result import open_result  # pylint: disable=import-outside-toplevel
        number = constant("STOA_CATALOG_", what, "the part of the catalogue")
        where, name = named(database, "a database's name"), named(table, "a table's name")
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
    stream = empty("struct ArrowArrayStream *")
    call(lib.stoa_engines, stream)
    return rows_of(stream)
