# SPDX-License-Identifier: Apache-2.0
"""One batch of a result: Arrow data that Python holds and others may take."""

from __future__ import annotations


from ._arrow import Schema, array_capsules
from ._call import call
from ._columns import Field
from ._error import DataError
from ._lib import empty, lib
from ._values import Unique

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Batch(Unique):
    """Rows as columns. Independent of the result it came from, also when that is closed.

    >>> for batch in con.execute("SELECT * FROM t").batches():
    ...     pyarrow.record_batch(batch)
    """

    __slots__ = ("_schema", "fields", "_array")

    def __init__(self, schema: Any, fields: list[Field], array: Any) -> None:
        self._schema = schema
        self.fields = fields
        self._array = array

    def __len__(self) -> int:
        return int(self._array.length)

    @property
    def schema(self) -> Schema:
        """Names and types of the columns."""
        out = empty("struct ArrowSchema *")
        call(lib.stoa_schema_copy, self._schema, out)
        return Schema(out)

    def column(self, which: int | str) -> list[Any]:
        """The values of one column, by its place from 0 (-1: the last) or its name."""
        names = [field.name for field in self.fields]
        at = which if isinstance(which, int) else names.index(which) if which in names else None
        if at is None or not -len(names) <= at < len(names):
            raise DataError(f"there is no column {which!r}; there are {', '.join(names)}")
        at %= len(names)
        array = self._array
        return self.fields[at].read(array.children[at], array.offset, array.length)

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as tuples."""
        array = self._array
        begin, count = array.offset, array.length
        return list(zip(*[field.read(array.children[i], begin, count)
                          for i, field in enumerate(self.fields)]))

    def slice(self, row: int) -> Batch:
        """The rows from `row` on."""
        copy, out = self._copy(), empty("struct ArrowArray *")
        call(lib.stoa_batch_slice, copy, row, len(self) - row, out)
        return Batch(self._schema, self.fields, out)

    def _copy(self) -> Any:
        out = empty("struct ArrowArray *")
        call(lib.stoa_batch_copy, self._schema, self._array, out)
        return out

    def __arrow_c_schema__(self) -> Any:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]:
        schema = empty("struct ArrowSchema *")
        call(lib.stoa_schema_copy, self._schema, schema)
        try:
            return array_capsules(schema, self._copy())
        finally:
            lib.stoa_schema_release(schema)

    def __repr__(self) -> str:
        return f"<stoa.Batch of {len(self)} rows: {', '.join(map(repr, self.fields))}>"


def rows_of(stream: Any) -> list[dict[str, Any]]:
    """All rows of a small stream, as dicts."""
    schema = empty("struct ArrowSchema *")
    call(lib.stoa_stream_schema, stream, schema)
    fields = Field(schema).children
    out: list[dict[str, Any]] = []
    while True:
        array = empty("struct ArrowArray *")
        if call(lib.stoa_stream_next, stream, array) != 0:
            return out
        rows = Batch(schema, fields, array).rows()
        out += [dict(zip([field.name for field in fields], row)) for row in rows]
