# SPDX-License-Identifier: Apache-2.0
"""Packed rows that the library lends, as tuples."""

from __future__ import annotations

from struct import Struct

from ._lib import ffi
from ._values import (BOOL, BYTES, DATE, DECIMAL, DURATION, FLOAT32, INTERVAL, JSON, TIME,
                      TIMESTAMP, UINT64, UUID_TYPE, clock, day, interval, moment, span)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

_unpack_values = Struct("<iiqq").iter_unpack
_buffer = ffi.buffer
_as_float = Struct("<d").unpack
_as_int = Struct("<q").pack


class Lent:
    """Room for a row that the library lends, and eyes on where it lies.

    What is lent lies where the row before it lay, mostly: a view of memory is made when the address
    is another one. It is wider than any row; what is read is what the row says.
    """

    __slots__ = ("rows", "words", "values", "values_at", "bytes", "bytes_at")

    def __init__(self) -> None:
        self.rows = ffi.new("stoa_rows *")
        self.words = memoryview(_buffer(self.rows)).cast("B").cast("q")
        self.values: Any = None
        self.bytes: Any = None
        self.values_at = self.bytes_at = 0

    def row(self) -> tuple[Any, ...]:
        """The row; NeedsField for what only a column's type explains."""
        words = self.words
        if words[0] != self.values_at:
            self.values_at, self.values = words[0], _buffer(self.rows.values, 1 << 22)
        try:
            flat = _UNPACK[words[4]](self.values)
        except KeyError:
            columns = words[4] & 0xFFFFFFFF  # Flags are beside it.
            _UNPACK[words[4]] = Struct("<" + "i4xqq" * columns).unpack_from
            flat = _UNPACK[words[4]](self.values)
        out: list[Any] = []
        cells = iter(flat)
        for kind, a, b in zip(cells, cells, cells):
            if kind == 5:  # INT64
                out.append(a)
            elif kind == 19:  # TEXT
                if words[1] != self.bytes_at:
                    self.bytes_at, self.bytes = words[1], _buffer(self.rows.bytes, 1 << 40)
                out.append(self.bytes[a:a + b].decode() if b else "")
            elif kind == 11:  # FLOAT64
                out.append(_as_float(_as_int(a))[0])
            elif kind == 0:
                out.append(None)
            else:
                return unpack_row(self.rows)
        return tuple(out)


_UNPACK: dict[int, Any] = {}


class NeedsField(Exception):
    """A packed value can only be read knowing its column."""


def unpack_row(rows: Any, hows: Sequence[Any] | None = None, row: int = 0) -> tuple[Any, ...]:
    """One of the packed rows. `hows`: for each column the time zone of its timestamps, or what
    makes a value of its JSON text; without it timestamps and nested values raise NeedsField."""
    count = rows.column_count
    out: list[Any] = []
    append = out.append
    data: Any = None
    for kind, _flags, a, b in _unpack_values(
            _buffer(rows.values + row * count if row else rows.values, 24 * count)):
        if kind == 5:  # INT64
            append(a)
        elif kind == 19:  # TEXT
            if data is None:
                data = _buffer(rows.bytes, rows.bytes_size)[:]
            append(data[a:a + b].decode())
        elif kind == 11:  # FLOAT64
            append(_as_float(_as_int(a))[0])
        elif kind == 0:
            append(None)
        else:
            if data is None and kind >= DECIMAL:
                data = _buffer(rows.bytes, rows.bytes_size)[:]
            if hows is None and (kind == TIMESTAMP or kind == JSON):
                raise NeedsField
            append(_value(kind, a, b, data, hows[len(out)] if hows else None))
    return tuple(out)


def _value(kind: int, a: int, b: int, data: Any, how: Any) -> Any:
    # pylint: disable=too-many-return-statements
    if kind == BOOL:
        return bool(a)
    if kind == UINT64:
        return a & 0xFFFFFFFFFFFFFFFF
    if kind == FLOAT32:
        return _as_float(_as_int(a))[0]
    if kind < TIMESTAMP:
        return a
    if kind == TIMESTAMP:
        return moment(a, 1000000000, how)
    if kind == DATE:
        return day(a)
    if kind == TIME:
        return clock(a, 1000000000)
    if kind == DURATION:
        return span(a, 1000000000)
    if kind == INTERVAL:
        low, high = a & 0xFFFFFFFF, a >> 32
        return interval(low - ((low & 0x80000000) << 1), high, b)
    part = data[a:a + b]
    if kind == BYTES:
        return part
    if kind == UUID_TYPE:
        from uuid import UUID  # pylint: disable=import-outside-toplevel
        return UUID(bytes=part)
    text = str(part, "utf-8")
    if kind == DECIMAL:
        from decimal import Decimal  # pylint: disable=import-outside-toplevel
        return Decimal(text)
    return how(text) if kind == JSON else text


def typed_row(rows: Any, schema: Any) -> tuple[Any, ...]:
    """A packed row with the values that a result with this Schema would have."""
    from functools import partial  # pylint: disable=import-outside-toplevel
    return unpack_row(rows, [field.zone if field.format[:2] == "ts" else partial(
        _from_json, field, schema.struct.children[i]) for i, field in enumerate(schema.fields)])


def _from_json(field: Any, schema: Any, text: str) -> Any:
    """A value that came as JSON text, as the column of a result gives it."""
    from . import _build, _columns  # pylint: disable=import-outside-toplevel
    if not field.children:
        return _columns.json_value(text)
    array = _build.cast_text(field.name, text, schema)
    return field.read(array.children[0], 0, 1)[0]


def keep_rows(rows: Any) -> tuple[Any, Any, Any]:
    """A copy of what the library lends until the next call, and what keeps it."""
    kept = ffi.new("stoa_rows *", rows[0])
    values = ffi.from_buffer(_buffer(rows.values, 24 * rows.column_count)[:])
    data = ffi.from_buffer(_buffer(rows.bytes, rows.bytes_size)[:])
    kept.values, kept.bytes = ffi.cast("stoa_value *", values), ffi.cast("uint8_t *", data)
    return kept, values, data
