# SPDX-License-Identifier: Apache-2.0
"""Several tables in one append.

    with db.ingest() as writer:
        writer.push({"trades": frame, "quotes": {"at": [...], "bid": [...]}})
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping

from . import _build
from . import _values as values
from ._arrow import Schema
from ._batch import Batch
from ._call import call
from ._error import DataError
from ._lib import NULL, empty, ffi, lib
from ._source import column, source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence

_DEDUP = {"": 0, "drop": 1, "upsert": 2}
_NANOSECONDS = {"s": 1000000000, "m": 1000000, "u": 1000, "n": 1}
_TIMES = {"ts": values.TIMESTAMP, "tt": values.TIME, "tD": values.DURATION}


class Table:
    """A table of a push, with its data and how it is written.

    index: the column of times the rows are ordered by. truncate: True, or ranges (begin, end) of
    nanoseconds on the index whose rows go first. dedup: "drop" or "upsert", by the index and
    dedup_columns. create: make the table, or missing columns.
    """

    def __init__(self, name: str, data: Any, *, index: str = "",
                 truncate: bool | Sequence[tuple[int, int]] = False, dedup: str = "",
                 dedup_columns: Sequence[str] = (), create: bool = True) -> None:
        # pylint: disable=too-many-arguments
        self.name = name
        self.data = data
        self.index = index
        self.truncate = truncate
        self.dedup = dedup
        self.dedup_columns = dedup_columns
        self.create = create

    def describe(self, out: Any) -> list[Any]:
        """Fill a stoa_table; what is answered must live as long as it."""
        made = [_raw(one) for one in _columns(self.data)]
        index = [one for one in made if self.index and one.name == self.index]
        if self.index and not index:
            raise DataError(f"table '{self.name}' has no column '{self.index}' for its index")
        rest = [one for one in made if one not in index]
        places = {one.name: place for place, one in enumerate(rest)}
        name = ffi.new("char[]", values.named(self.name, "a table's name"))
        columns, kept = _build.describe(rest)
        out.struct_size = ffi.sizeof("stoa_table")
        out.name, out.name_size = name, len(name) - 1
        out.row_count = made[0].count if made else 0
        out.columns, out.column_count = columns, len(rest)
        if index:
            described, kept_index = _build.describe(index)
            out.index = described
            kept += [described, kept_index]
        ranges = self.truncate if isinstance(self.truncate, (list, tuple)) else []
        cut = ffi.new("stoa_range[]", [{"begin": begin, "end": end} for begin, end in ranges])
        out.truncate = cut if ranges else NULL
        out.truncate_count = -1 if self.truncate is True else len(ranges)
        try:
            numbers = [-1 if one == self.index else places[one] for one in self.dedup_columns]
        except KeyError as problem:
            raise DataError(f"table '{self.name}' has no column {problem} to deduplicate by") \
                from None
        chosen = ffi.new("int32_t[]", numbers)
        out.dedup_columns, out.dedup_column_count = chosen if numbers else NULL, len(numbers)
        if self.dedup not in _DEDUP:
            raise DataError(f"dedup={self.dedup!r} is neither 'drop' nor 'upsert'")
        out.dedup, out.create = _DEDUP[self.dedup], int(self.create)
        return [name, columns, cut, chosen, *kept]


class Pushed:
    """What became of a push: its number (0: there was nothing to write), rows and bytes, and for
    each table how many rows were written, dropped, replaced and deleted."""

    __slots__ = ("sequence", "rows", "bytes", "tables")

    def __init__(self, sequence: int, rows: int, size: int,
                 tables: list[dict[str, Any]]) -> None:
        self.sequence = sequence
        self.rows = rows
        self.bytes = size
        self.tables = tables

    def __repr__(self) -> str:
        return f"Pushed(sequence={self.sequence}, rows={self.rows}, bytes={self.bytes})"


def tables_of(given: Mapping[str, Any] | Iterable[Table]) -> list[Table]:
    """The tables of a push: by name, or as they are described."""
    if isinstance(given, Mapping):
        return [one if isinstance(one, Table) else Table(str(name), one)
                for name, one in given.items()]
    made = list(given)
    for one in made:
        if not isinstance(one, Table):
            raise DataError(f"a {type(one).__name__} is no table of a push: give a dict of data by "
                            "table, or a list of stoa.Table")
    return made


def _columns(data: Any) -> list[_build.Column]:
    if isinstance(data, Mapping):
        return [column(str(name), items) for name, items in data.items()]
    stream, kept = source(data)
    schema = empty("struct ArrowSchema *")
    call(lib.stoa_stream_schema, stream, schema)
    known = Schema(schema)
    found: list[list[Any]] = [[] for _ in known.fields]
    while True:
        batch = empty("struct ArrowArray *")
        if call(lib.stoa_stream_next, stream, batch) != 0:
            break
        read = Batch(known.struct, known.fields, batch)
        for i, items in enumerate(found):
            items += read.column(i)
    del kept
    return [_build.from_list(name, items) for name, items in zip(known.names, found)]


def _raw(made: _build.Column) -> _build.Column:
    """A column whose Arrow type is not its raw type's own, as one of a raw type."""
    if not made.format:
        return made
    kind = made.format[:2]
    if kind in _TIMES:
        factor = _NANOSECONDS[made.format[2]]
        made.type, made.format = _TIMES[kind], ""
        if factor != 1:
            made.data = _scaled(made.name, memoryview(made.data).cast("B").cast("q"), factor)
        return made
    scale = int(made.format.rpartition(",")[2])
    numbers = memoryview(made.data)
    texts = [_decimal(int.from_bytes(numbers[at:at + 16], "little", signed=True), scale)
             for at in range(0, len(numbers), 16)]
    packed = _build.packed(made.name, values.DECIMAL, texts)
    packed.validity = made.validity
    return packed


def _scaled(name: str, counts: Iterable[int], factor: int) -> Any:
    out = array("q")
    for row, count in enumerate(counts):
        try:
            out.append(count * factor)
        except OverflowError:
            raise DataError(f"column '{name}', row {row}: it is out of the range of "
                            "nanoseconds in 64 bits") from None
    return out


def _decimal(number: int, scale: int) -> bytes:
    digits = str(abs(number)).rjust(scale + 1, "0")
    whole = digits[:len(digits) - scale] + ("." + digits[len(digits) - scale:] if scale else "")
    return ("-" * (number < 0) + whole).encode()
