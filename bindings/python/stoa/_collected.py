# SPDX-License-Identifier: Apache-2.0
"""How the functions of _collect.py call C: what goes in, what comes out, and the calls."""

from __future__ import annotations

import datetime as dt
import sys
from array import array
from struct import Struct

from . import _build, _source
from . import _values as values
from ._arrow import run_taking
from ._call import Options, run
from ._error import BusyError, DataError
from ._lib import NULL, ffi, lib
from ._result import Result, open_result
from ._values import encoded, give_frame, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Sequence

    from ._connection import Connection
    from ._rows import Lent
    Settings = Mapping[str, Any] | None
    Stream = tuple[Any, Any]

_buffer = ffi.buffer
_as_float = Struct("<d").unpack
_as_int = Struct("<q").pack
_EARLY, _LATE = 1678, 2261  # Years that nanoseconds in 64 bits hold wholly.


# ---- what goes in ----

def name_text(what: str, text: Any) -> bytes:
    """A name as C takes it; `what` it is, for the TypeError."""
    if not isinstance(text, str):
        raise TypeError(f"{what} is a str, not a {type(text).__name__}")
    return encoded(text)


def options_of(settings: Settings) -> Options:
    """Settings as options: a dict is JSON, None is not given."""
    return Options({name: values.json_text(value) if isinstance(value, dict) else value
                    for name, value in (settings or {}).items() if value is not None})


def key_list(keys: Any) -> list[Any]:
    """Keys as a list: one, several, or those of an array."""
    if isinstance(keys, (int, str)):
        return [keys]
    made: list[Any] = (keys.tolist() if hasattr(keys, "tolist") else keys.to_pylist()
                       if hasattr(keys, "to_pylist") else list(keys))
    return made


def cell_list(cells: Mapping[str, Any]) -> list[Any]:
    """Names and values, one behind the other."""
    made: list[Any] = []
    for name, value in cells.items():
        if not isinstance(name, str):
            raise TypeError(f"a name is a str, not a {type(name).__name__}")
        if isinstance(value, dt.datetime) and not _EARLY <= value.year <= _LATE:
            value = iso(value)
        made += (values._Name(name), value)
    return made


def iso(moment: dt.datetime) -> str:
    """The text of a datetime; one with tzinfo in UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.timezone.utc)
    return moment.isoformat()


def moments(instants: Sequence[Any]) -> list[Any]:
    """Datetimes as values; those beyond nanoseconds as text."""
    return [iso(one) if isinstance(one, dt.datetime) and not _EARLY <= one.year <= _LATE else one
            for one in instants]


class Packed:
    """Names, keys and cells in one frame, each where C looks for it."""

    __slots__ = ("frame", "parts", "bytes")

    def __init__(self, *lists: list[Any]) -> None:
        self.frame = pack([item for one in lists for item in one])
        self.parts: list[Any] = []
        at = 0
        for one in lists:
            self.parts += (self.frame.values + at if one else NULL, len(one))
            at += len(one)
        self.bytes = (self.frame.bytes, self.frame.size)

    def __enter__(self) -> Packed:
        return self

    def __exit__(self, *_problem: Any) -> None:
        give_frame(self.frame)


def raw_column(name: str, items: Any) -> _build.Column:
    """A raw column of the types that collections take."""
    if not isinstance(name, str):
        raise TypeError(f"a name is a str, not a {type(name).__name__}")
    made = _source.column(name, items)
    if made.format:
        if made.format[:2] != "ts":
            raise DataError(f"column '{name}' has the type {made.format}, which no column of a "
                            "collection takes")
        return _instants(made)
    return made


def _instants(column: _build.Column) -> _build.Column:
    scale = {"s": 10 ** 9, "m": 10 ** 6, "u": 1000, "n": 1}[column.format[2]]
    if scale == 1:
        return _build.Column(column.name, values.TIMESTAMP, column.count, column.data,
                             validity=column.validity)
    scaled = _scaled(column, scale)
    if scaled is not None:
        return _build.Column(column.name, values.TIMESTAMP, column.count, scaled,
                             validity=column.validity)
    numbers = memoryview(column.data).cast("B").cast("q").tolist()
    if column.validity is not None:  # What lies under a NULL is anything.
        bits = f"{int.from_bytes(bytes(column.validity), 'little'):0{column.count}b}"[::-1]
        numbers = [number if bit == "1" else 0 for number, bit in zip(numbers, bits)]
    try:
        data = array("q", [number * scale for number in numbers])
    except OverflowError:
        made = _build.packed(column.name, values.TEXT, [
            values.moment(number, 10 ** 9 // scale, None).isoformat().encode()
            for number in numbers])
        made.validity = column.validity
        return made
    return _build.Column(column.name, values.TIMESTAMP, column.count, data,
                         validity=column.validity)


def _scaled(column: _build.Column, scale: int) -> Any:
    """numpy's numbers times a scale, where all of them fit in 64 bits."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not isinstance(column.data, numpy.ndarray):
        return None
    limit = ((1 << 63) - 1) // scale
    fits = (column.data <= limit) & (column.data >= -limit)
    if column.validity is not None:
        fits |= numpy.unpackbits(column.validity, count=column.count, bitorder="little") == 0
    return column.data * scale if fits.all() else None


def raw_columns(arrays: Mapping[str, Any] | None) -> tuple[Any, list[_build.Column], Any]:
    """Descriptions for C, the columns, and what both live on."""
    columns = [raw_column(name, items) for name, items in (arrays or {}).items()]
    made, kept = _build.describe(columns) if columns else (NULL, [])
    return made, columns, kept


# ---- what comes out ----

_VIEW = 1 << 22  # Bytes of values that a connection's view of lent rows shows.
_CELLS: dict[int, Any] = {}
_INTS: dict[int, Any] = {}
_FLOATS: dict[int, Any] = {}
_span = dt.timedelta


def _unpack(made: dict[int, Any], each: str, count: int, room: Any, at: int) -> tuple[Any, ...]:
    """Cells of one layout. How to read so many is kept for those that come often."""
    if count > 64:
        return Struct("<" + each * count).unpack_from(room, at)
    if count not in made:
        made[count] = Struct("<" + each * count).unpack_from
    out: tuple[Any, ...] = made[count](room, at)
    return out


def _list(room: Any, begin: int, count: int, data: Any) -> list[Any]:
    at = 24 * begin
    kind = room[at][0]
    if count > 64:
        return _long_list(room, at, count, data)
    if kind == values.FLOAT64:
        flat = _unpack(_FLOATS, "i4xd8x", count, room, at)
    elif kind == values.INT64:
        flat = _unpack(_INTS, "i4xq8x", count, room, at)
    else:
        return _plain(_unpack(_CELLS, "i4xqq", count, room, at), None, data)
    if flat[0::2].count(kind) == count:
        return list(flat[1::2])
    return _plain(_unpack(_CELLS, "i4xqq", count, room, at), None, data)


def _long_list(room: Any, at: int, count: int, data: Any) -> list[Any]:
    cells = memoryview(room)[at:at + 24 * count]
    words = cells.cast("B").cast("q")
    kinds = words[0::3].tolist()
    if kinds.count(values.INT64) == count:
        return words[1::3].tolist()
    if kinds.count(values.FLOAT64) == count:
        floats: list[Any] = cells.cast("B").cast("d")[1::3].tolist()
        return floats
    flat = zip(kinds, words[1::3].tolist(), words[2::3].tolist())
    return _plain(tuple([part for cell in flat for part in cell]), None, data)


def _plain(flat: tuple[Any, ...], room: Any, data: Any) -> list[Any]:
    """The values of cells that were unpacked; of lists, those that lie in the room."""
    out: list[Any] = []
    cells = iter(flat)
    for kind, a, b in zip(cells, cells, cells):
        if kind == 19:  # TEXT
            out.append(data[a:a + b].decode() if b else "")
        elif kind == 5:  # INT64
            out.append(a)
        elif kind == 11:  # FLOAT64
            out.append(_as_float(_as_int(a))[0])
        elif kind == 0:
            out.append(None)
        elif kind == 24:  # LIST
            out.append(_list(room, a, b, data) if b else [])
        elif a % 1000:
            out.append(values.moment(a, 10 ** 9, dt.timezone.utc))  # Says what is wrong.
        else:
            out.append(values.EPOCH_UTC + _span(0, 0, a // 1000))
    return out


def _rows(lent: Lent, count: int) -> list[Any]:
    """All values of rows that the library lent: names, texts, numbers, instants and lists."""
    words, room = lent.words, lent.values
    if words[0] != lent.values_at:
        lent.values_at = words[0]
        room = lent.values = _buffer(lent.rows.values, _VIEW)
    if words[2] and words[1] != lent.bytes_at:
        lent.bytes_at, lent.bytes = words[1], _buffer(lent.rows.bytes, 1 << 40)
    if 24 * count > _VIEW:
        room = _buffer(lent.rows.values, 24 * count)
    flat = _unpack(_CELLS, "i4xqq", count, room, 0)
    if 24 in flat[0::3]:
        end = max([a + b for kind, a, b in zip(flat[0::3], flat[1::3], flat[2::3])
                   if kind == 24])
        if 24 * end > _VIEW:
            room = _buffer(lent.rows.values, 24 * end)
    return _plain(flat, room, lent.bytes)


def pairs_of(lent: Lent) -> dict[str, Any]:
    """Rows of a name and a value."""
    flat = _rows(lent, 2 * lent.words[3]) if lent.words[3] else []
    return dict(zip(flat[0::2], flat[1::2]))


def single(lent: Lent) -> Any:
    """The one value that was lent."""
    return _rows(lent, 1)[0]


# ---- calls ----

def run_on(con: Connection, timeout: float | None, function: Any, *arguments: Any) -> None:
    """Call on a connection; not in autocommit, a transaction begins here."""
    con._ready()
    run(con._operations, timeout, function, con._handle, *arguments)


def lend(con: Connection, timeout: float | None, read: Callable[[Lent], Any],
         function: Any, *arguments: Any) -> Any:
    """Call what lends rows, and read them before anybody else's call."""
    con._ready()
    token = None
    try:
        token = con._turn.wait(0.05)
        if token is None:
            raise BusyError("this connection is in use by another call")
        lent = con._lent
        run(con._operations, timeout, function, con._handle, *arguments, lent.rows)
        return read(lent)
    finally:
        con._release(token)


def open_on(con: Connection, timeout: float | None, function: Any, *arguments: Any) -> Result:
    """The same for what gives a result."""
    con._ready()
    return open_result(con, timeout, function, con._handle, *arguments)


def run_stream(con: Connection, timeout: float | None, stream: Stream, function: Any,
               *arguments: Any) -> None:
    """The same for what takes a stream, which ends with the call also when it fails."""
    try:
        con._ready()
    except BaseException:
        lib.stoa_stream_release(stream[0])
        raise
    run_taking(stream[0], con._operations, timeout, function, con._handle, *arguments)


def result_of(con: Connection, made: tuple[Any, Any], timeout: float | None) -> Result:
    """A result that a call gave beside other things."""
    try:
        return Result(con, made, timeout)
    except BaseException:
        lib.stoa_result_close(made[0][0])
        raise
