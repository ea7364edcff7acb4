# SPDX-License-Identifier: Apache-2.0
"""Python lists and numpy arrays as columns for C: raw buffers, described, and copied once by C
into Arrow. Errors name column and row."""

from __future__ import annotations

import datetime as dt
import sys
from array import array
from decimal import Decimal
from itertools import accumulate
from uuid import UUID

from . import _values as values
from ._call import call
from ._error import DataError
from ._lib import NULL, empty, ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, NoReturn, Sequence

FIXED, PACKED, BITS = 0, 1, 4


class Column:
    """A raw column: its description for C, and what that points to."""

    __slots__ = ("name", "type", "layout", "count", "data", "offsets", "validity", "format")

    def __init__(self, name: str, kind: int, count: int, data: Any, offsets: Any = None,
                 validity: Any = None, form: str = "") -> None:
        # pylint: disable=too-many-arguments,too-many-positional-arguments
        self.name = name
        self.type = kind
        self.layout = FIXED if offsets is None else PACKED
        self.count = count
        self.data = data
        self.offsets = offsets
        self.validity = validity
        self.format = form  # The Arrow type, where it is not the raw type's own.

    def describe(self, out: Any) -> list[Any]:
        """Fill a stoa_column; what is answered must live as long as it."""
        name = self.name.encode()
        kept = [ffi.new("char[]", name)]
        out.name, out.name_size = kept[0], len(name)
        out.type, out.layout, out.count = self.type, self.layout, self.count
        for field, data, pointer in (("data", self.data, "void *"),
                                     ("offsets", self.offsets, "int64_t *"),
                                     ("validity", self.validity, "uint8_t *")):
            if data is not None and len(data) > 0:
                kept.append(ffi.from_buffer(data))
                setattr(out, field, ffi.cast(pointer, kept[-1]))
        out.data_size = memoryview(self.data).nbytes if self.data is not None else 0
        return kept


def _bitmap(flags: Iterable[bool], count: int) -> bytes:
    text = "".join(["1" if flag else "0" for flag in flags])[::-1]
    return int(text or "0", 2).to_bytes((count + 7) // 8, "little")


def _place(name: str, row: int) -> str:
    """Where a value of data that is handed in lies: its rows are counted from 0."""
    return f"column '{name}', row {row}" if name else f"row {row}"


def _wrong(name: str, items: Sequence[Any], good: Any, what: str) -> NoReturn:
    for row, item in enumerate(items):
        if item is not None and not good(item):
            raise DataError(f"{_place(name, row)}: {_short(item)} {what}")
    raise DataError(f"column '{name}' {what}")


def _short(item: Any) -> str:
    text = " ".join(repr(item).split())
    return text if len(text) <= 40 else text[:37] + "..."


def from_list(name: str, items: Sequence[Any]) -> Column:
    """A column of the one type that all items share; None is NULL."""
    kinds = set(map(type, items))
    nulls = type(None) in kinds
    kinds.discard(type(None))
    validity = _bitmap((item is not None for item in items), len(items)) if nulls else None
    if not kinds:
        return Column(name, values.NULL_TYPE, len(items), None)
    for known, make in _MAKERS:
        if kinds <= known:
            made: Column = make(name, items, nulls)
            made.validity = validity
            return made
    return _unusual(name, items, kinds)


def _unusual(name: str, items: Sequence[Any], kinds: set[type]) -> Column:
    plain = []
    for row, item in enumerate(items):
        try:
            plain.append(_plain(item))
        except _Finer:
            return _fine(name, items)
        except (TypeError, ValueError, OverflowError) as problem:
            raise DataError(f"{_place(name, row)}: {_short(item)}: {problem}") from problem
    if set(map(type, plain)) - {type(None)} != kinds:
        return from_list(name, plain)
    first = next(item for item in items if item is not None)
    same = _same(type(first))
    _wrong(name, items, lambda item: type(item) in same,
           f"is not of the type of the values before it, {type(first).__name__}")


class _Finer(Exception):
    """A moment or a span with nanoseconds, which no type of Python's has."""


def _fine(name: str, items: Sequence[Any]) -> Column:
    """Moments or spans of numpy and pandas, to the nanosecond."""
    data, found = array("q"), dict[tuple[int, bool], None]()
    for row, item in enumerate(items):
        try:
            kind, number, _data = values.scalar(item)
        except (TypeError, ValueError, OverflowError) as problem:
            raise DataError(f"{_place(name, row)}: {_short(item)}: {problem}") from problem
        if kind != values.NULL_TYPE:
            found[kind, isinstance(item, dt.datetime) and values.aware(item)] = None
        if len(found) > 1 or kind not in (values.NULL_TYPE, values.TIMESTAMP, values.DURATION):
            raise DataError(f"{_place(name, row)}: {_short(item)} is not of the type of the values "
                            "before it")
        data.append(number)
    kind, zoned = next(iter(found))
    made = Column(name, values.INT64, len(items), data,
                  form="tDn" if kind == values.DURATION else "tsn:UTC" if zoned else "tsn:")
    made.validity = _bitmap((values.scalar(item)[0] != values.NULL_TYPE for item in items),
                            len(items))
    return made


def _same(kind: type) -> set[type]:
    for known, _make in _MAKERS:
        if kind in known:
            return known
    return {kind}


def _plain(item: Any) -> Any:
    """The plain Python value that an item of a type not listed stands for."""
    if item is None or any(type(item) in known for known, _make in _MAKERS):
        return item
    if isinstance(item, (dt.datetime, dt.timedelta)) and not values.pandas_missing(item):
        return _plain_time(item)
    kind, number, data = values.scalar(item)
    if kind in (values.TIMESTAMP, values.DURATION) and number % 1000:
        raise _Finer
    if kind == values.TIMESTAMP:
        return values.moment(number, 1000000000, None)
    if kind == values.DATE:
        return values.day(number)
    if kind == values.TIME:
        return values.clock(number, 1000000000)
    if kind == values.DURATION:
        return values.span(number, 1000000000)
    if kind == values.NULL_TYPE:
        return None
    if data is None:
        return bool(number) if kind == values.BOOL else number
    if kind == values.TEXT:
        return data.decode()
    if kind == values.JSON:
        return item.tolist() if hasattr(item, "tolist") else dict(item) if isinstance(
            item, dict) else list(item)
    if kind == values.DECIMAL:
        return Decimal(data.decode())
    return UUID(bytes=data) if kind == values.UUID_TYPE else bytes(data)


def _plain_time(item: Any) -> Any:
    """A datetime or timedelta of a class that is derived from these, as pandas has them."""
    if getattr(item, "nanosecond", 0) or getattr(item, "nanoseconds", 0):
        raise _Finer
    if isinstance(item, dt.timedelta):
        return dt.timedelta(item.days, item.seconds, item.microseconds)
    return dt.datetime(item.year, item.month, item.day, item.hour, item.minute, item.second,
                       item.microsecond, item.tzinfo, fold=item.fold)


def _filled(items: Sequence[Any], nulls: bool, empty: Any) -> Sequence[Any]:
    return [empty if item is None else item for item in items] if nulls else items


def _bools(name: str, items: Sequence[Any], nulls: bool) -> Column:
    return Column(name, values.BOOL, len(items), bytes(_filled(items, nulls, False)))


def _ints(name: str, items: Sequence[Any], nulls: bool) -> Column:
    full = _filled(items, nulls, 0)
    try:
        return Column(name, values.INT64, len(items), array("q", full))
    except OverflowError:
        pass
    try:
        return Column(name, values.UINT64, len(items), array("Q", full))
    except OverflowError:
        _wrong(name, items, lambda item: -1 << 63 <= item < 1 << 63,
               "does not fit in 64 bits; use Decimal to store its text")


def _floats(name: str, items: Sequence[Any], nulls: bool) -> Column:
    full = _filled(items, nulls, 0.0)
    try:
        data = array("d", full)
    except OverflowError:
        data = array("d")
    if not data or any(type(item) is int and abs(item) > 1 << 53 and int(out) != item
                       for item, out in zip(full, data)):
        _wrong(name, items, lambda item: type(item) is float or abs(item) <= 1 << 53,
               "is no exact float")
    return Column(name, values.FLOAT64, len(items), data)


def packed(name: str, kind: int, parts: Sequence[bytes]) -> Column:
    """A column of texts or bytes, one behind the other."""
    return Column(name, kind, len(parts), b"".join(parts),
                  array("q", accumulate(map(len, parts), initial=0)))


def _texts(name: str, items: Sequence[Any], nulls: bool) -> Column:
    full = _filled(items, nulls, "")
    try:
        data = "".join(full)
        if data.isascii():
            return Column(name, values.TEXT, len(items), data.encode(),
                          array("q", accumulate(map(len, full), initial=0)))
        return packed(name, values.TEXT, [item.encode() for item in full])
    except UnicodeEncodeError:
        _wrong(name, items, _encodable, "is no text that UTF-8 can hold")


def _encodable(item: str) -> bool:
    return item.encode("utf-8", "ignore").decode() == item


def _bytes(name: str, items: Sequence[Any], nulls: bool) -> Column:
    return packed(name, values.BYTES, [bytes(item) for item in _filled(items, nulls, b"")])


def _knows(zone: type) -> bool:
    """Whether zones of this class always know their offset: Python's own do."""
    return zone is dt.timezone or zone.__module__ == "zoneinfo"


def _moments(name: str, items: Sequence[Any], nulls: bool) -> Column:
    zones = {type(item.tzinfo) for item in items if item is not None}
    if all(map(_knows, zones)) or zones == {type(None)}:
        aware = {type(None) not in zones}
    else:
        aware = {values.aware(item) for item in items if item is not None}
    if len(aware) > 1:
        first = values.aware(next(item for item in items if item is not None))
        _wrong(name, items, lambda item: values.aware(item) is first,
               "and the values before it: one has a time zone, the other has none")
    full = _filled(items, nulls, values.EPOCH_UTC if True in aware else values.EPOCH)
    data = array("q", [values.micros(item) for item in full])
    return Column(name, values.INT64, len(items), data,
                  form="tsu:UTC" if True in aware else "tsu:")


def _days(name: str, items: Sequence[Any], nulls: bool) -> Column:
    full = _filled(items, nulls, dt.date(1970, 1, 1))
    return Column(name, values.DATE, len(items),
                  array("i", [item.toordinal() - values.EPOCH_DAY for item in full]))


def _clocks(name: str, items: Sequence[Any], nulls: bool) -> Column:
    full = _filled(items, nulls, dt.time())
    try:
        data = array("q", [values.time_micros(item) for item in full])
    except ValueError:
        _wrong(name, items, lambda item: item.tzinfo is None,
               "has a time zone, which means nothing without a date")
    return Column(name, values.INT64, len(items), data, form="ttu")


def _spans(name: str, items: Sequence[Any], nulls: bool) -> Column:
    full = _filled(items, nulls, dt.timedelta())
    try:
        data = array("q", [values.nanoseconds(item) // 1000 for item in full])
    except OverflowError:
        _wrong(name, items, lambda item: abs(values.nanoseconds(item)) < 1000 << 63,
               "is out of the range of microseconds in 64 bits")
    return Column(name, values.INT64, len(items), data, form="tDu")


def _decimals(name: str, items: Sequence[Any], nulls: bool) -> Column:
    parts = []
    for row, item in enumerate(items):
        try:
            parts.append("" if item is None else values.decimal_text(Decimal(item)))
        except ValueError as problem:
            raise DataError(f"{_place(name, row)}: {problem}") from problem
    # decimal128 with as many places as any of them has; text for what is longer than 38 digits.
    scale = max(len(part.partition(".")[2]) for part in parts)
    if max(map(len, parts)) > 80:  # More than int() reads, perhaps.
        return packed(name, values.DECIMAL, [part.encode() for part in parts])
    unscaled = [int(whole.replace(".", "") + "0" * (scale - len(whole.partition(".")[2])))
                if whole else 0 for whole in parts]
    if scale > 38 or any(abs(number) >= 10 ** 38 for number in unscaled):
        return packed(name, values.DECIMAL, [part.encode() for part in parts])
    data = b"".join([number.to_bytes(16, "little", signed=True) for number in unscaled])
    return Column(name, values.UUID_TYPE, len(items), data, form=f"d:38,{scale}")


def _uuids(name: str, items: Sequence[Any], nulls: bool) -> Column:
    full = _filled(items, nulls, UUID(int=0))
    return Column(name, values.UUID_TYPE, len(items), b"".join([item.bytes for item in full]))


def _jsons(name: str, items: Sequence[Any], nulls: bool) -> Column:
    parts = []
    for row, item in enumerate(items):
        try:
            parts.append(b"" if item is None else values.json_text(item).encode())
        except (TypeError, ValueError) as problem:
            raise DataError(f"{_place(name, row)}: {problem}") from problem
    return packed(name, values.JSON, parts)


_MAKERS: list[tuple[set[type], Any]] = [
    ({bool}, _bools), ({int}, _ints), ({float, int}, _floats), ({str}, _texts),
    ({bytes, bytearray, memoryview}, _bytes), ({dt.datetime}, _moments), ({dt.date}, _days),
    ({dt.time}, _clocks), ({dt.timedelta}, _spans), ({Decimal, int}, _decimals), ({UUID}, _uuids),
    ({list, dict, tuple}, _jsons),
]

_NUMPY = {"b1": values.BOOL, "i1": values.INT8, "i2": values.INT16, "i4": values.INT32,
          "i8": values.INT64, "u1": values.UINT8, "u2": values.UINT16, "u4": values.UINT32,
          "u8": values.UINT64, "f4": values.FLOAT32, "f8": values.FLOAT64}
_UNITS = {"s": "s", "ms": "m", "us": "u", "ns": "n"}


def from_numpy(name: str, items: Any) -> Column:
    """A column of a one-dimensional numpy array, read where it lies if it can be."""
    numpy: Any = sys.modules["numpy"]  # Whoever made the array has imported it.
    validity = None
    if isinstance(items, numpy.ma.MaskedArray):
        mask = numpy.ma.getmaskarray(items)
        items = items.filled(numpy.zeros(1, items.dtype)[0])
        validity = numpy.packbits(~mask, bitorder="little") if mask.any() else None
    if items.ndim != 1:
        raise DataError(f"column '{name}' is an array of {items.ndim} dimensions; a column has one")
    code = items.dtype.kind + str(items.dtype.itemsize)
    if items.dtype.kind in "Mm":
        return _numpy_times(numpy, name, items, validity)
    if code == "f2":
        items, code = items.astype("f4"), "f4"
    if code not in _NUMPY:
        if not len(items) and items.dtype.kind in "UST":  # Without an item, its type tells.
            return packed(name, values.BYTES if items.dtype.kind == "S" else values.TEXT, [])
        made = items.tolist()
        if validity is not None:
            made = [None if hidden else item for item, hidden in zip(made, mask.tolist())]
        if items.dtype.kind == "T":  # Its missing text may be a NaN.
            made = [item if isinstance(item, str) else None for item in made]
        return from_list(name, made)
    items = numpy.ascontiguousarray(items, dtype=items.dtype.newbyteorder("="))
    return Column(name, _NUMPY[code], len(items), items.view("u1") if code == "b1" else items,
                  validity=validity)


def _numpy_days(numpy: Any, name: str, items: Any, valid: Any, unit: tuple[str, int]) -> Any:
    most = values.YEARS_MAX * {"Y": 1, "M": 12, "W": 52, "D": 365}[unit[0]] // unit[1]
    wrong = valid & ~((items.astype("i8") <= most) & (items.astype("i8") >= -most))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"{_place(name, row)}: {items[row]} is out of the range of days in 32 bits")
    days = items.astype("M8[D]").astype("i8")
    days[~valid] = 0
    return days


def _numpy_times(numpy: Any, name: str, items: Any, validity: Any) -> Column:
    missing = numpy.isnat(items)
    if missing.any():
        valid = ~missing
        if validity is not None:
            valid &= numpy.unpackbits(validity, count=len(items), bitorder="little").astype(bool)
        validity = numpy.packbits(valid, bitorder="little")
    unit = numpy.datetime_data(items.dtype)
    kind = items.dtype.kind
    if kind == "M" and unit[0] in ("Y", "M", "W", "D"):
        days = _numpy_days(numpy, name, items, ~missing, unit)
        return Column(name, values.DATE, len(items), days.astype("i4"), validity=validity)
    if unit[0] not in _UNITS or unit[1] != 1:
        raise DataError(f"column '{name}' has the numpy type {items.dtype}, which Arrow has not; "
                        "use astype() with s, ms, us or ns")
    data = numpy.ascontiguousarray(items.astype("i8"))
    form = ("ts%s:" if kind == "M" else "tD%s") % _UNITS[unit[0]]
    return Column(name, values.INT64, len(items), data, validity=validity, form=form)


# ---- into Arrow ----

def describe(columns: Sequence[Column]) -> tuple[Any, list[Any]]:
    """An array of stoa_column, and what must live as long as it."""
    made = ffi.new("stoa_column[]", max(1, len(columns)))
    return made, [column.describe(made[i]) for i, column in enumerate(columns)]


def batch(columns: Sequence[Column], rows: int) -> tuple[Any, Any]:
    """Arrow structs, owned by C, with a copy of the columns."""
    described, kept = describe(columns)
    schema, out = empty("struct ArrowSchema *"), empty("struct ArrowArray *")
    call(lib.stoa_column_export, described, len(columns), rows, schema, out)
    del kept
    if any(column.format for column in columns):
        try:
            typed = _retyped(schema, columns)
        except BaseException:
            lib.stoa_batch_release(out)
            raise
        finally:
            lib.stoa_schema_release(schema)
        schema = typed
    return schema, out


def _retyped(schema: Any, columns: Sequence[Column]) -> Any:
    """The schema with the formats the columns ask for; the layouts are the same."""
    children = ffi.new("struct ArrowSchema[]", len(columns))
    pointers = ffi.new("struct ArrowSchema *[]", len(columns))
    kept = []
    for i, column in enumerate(columns):
        children[i] = schema.children[i][0]
        pointers[i] = children + i
        if column.format:
            kept.append(ffi.new("char[]", column.format.encode()))
            children[i].format, children[i].metadata = kept[-1], NULL
    whole = ffi.new("struct ArrowSchema *", schema[0])
    whole.children = pointers
    out = empty("struct ArrowSchema *")
    call(lib.stoa_schema_copy, whole, out)
    return out


def stream(schema: Any, batches: Sequence[Any]) -> Any:
    """An ArrowArrayStream of batches, which it owns from here on."""
    if len(batches) == 1:
        joined = batches[0]  # Nobody's in no moment, then, that a signal could choose.
    else:
        joined = ffi.new("struct ArrowArray[]", max(1, len(batches)))
        for i, one in enumerate(batches):
            joined[i] = one[0]
            one.release = NULL
    out = empty("struct ArrowArrayStream *")
    try:
        call(lib.stoa_stream_from_batches, schema, joined, len(batches), out)
    except BaseException:
        lib.stoa_schema_release(schema)
        for i in range(len(batches)):
            lib.stoa_batch_release(joined + i)
        raise
    return out


def cast_text(name: str, text: str, to: Any) -> Any:
    """A batch of one row and column: a text as a value of another type, as C reads it."""
    source, one = batch([packed(name, values.TEXT, [text.encode()])], 1)
    kept = [ffi.new("char[]", b"+s"), ffi.new("char[]", b""),
            ffi.new("struct ArrowSchema *[]", [to])]
    whole, out = ffi.new("struct ArrowSchema *"), empty("struct ArrowArray *")
    whole.format, whole.name, whole.n_children, whole.children = kept[0], kept[1], 1, kept[2]
    whole.release = lib.stoa_schema_release  # Whoever has none is released already.
    try:
        call(lib.stoa_batch_cast, source, one, whole, out)
    finally:
        lib.stoa_schema_release(source)
        lib.stoa_batch_release(one)
    return out
