# SPDX-License-Identifier: Apache-2.0
"""Single values: Python's as packed stoa_value, and back.

What becomes of a Python value
    None, bool, int, float, str, bytes   as they are; an int beyond 64 bits is an error
    Decimal                              its exact text
    datetime without tzinfo              the moment it would show if it were UTC: never shifted
    datetime with tzinfo                 the moment it is, in UTC
    date, time, timedelta, UUID          as such
    list, tuple, dict                    JSON text
    numpy and pandas scalars             as the Python value they stand for; NaT and NA are None
"""

from __future__ import annotations

import datetime as dt
import sys
from struct import Struct
from struct import error as StructError
from _collections_abc import Mapping  # collections itself is dear

from ._error import DataError, InvalidError
from ._lib import NULL, ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any, NoReturn

(NULL_TYPE, BOOL, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT32, FLOAT64,
 TIMESTAMP, DATE, TIME, DURATION, INTERVAL, DECIMAL, UUID_TYPE, TEXT, BYTES, SYMBOL, JSON,
 NAME) = range(24)

EPOCH = dt.datetime(1970, 1, 1)
EPOCH_UTC = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
EPOCH_DAY = 719163  # date(1970, 1, 1).toordinal()

_pack_int = Struct("<iiqq").pack_into
_pack_float = Struct("<iidq").pack_into


class Frame:
    """Packed parameters on their way into C: room for values, and the bytes that go with them."""

    __slots__ = ("values", "room", "capacity", "count", "bytes", "size")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.values = ffi.new("stoa_value[]", capacity)
        self.room = ffi.buffer(self.values)
        self.count = 0
        self.bytes: Any = NULL
        self.size = 0


_frames: list[Frame] = []
EMPTY = Frame(0)
EMPTY.values = NULL


def give_frame(frame: Frame) -> None:
    """The frame is not needed any more."""
    if frame.capacity == 32:
        _frames.append(frame)


def pack(params: Any, frame: Frame | None = None) -> Frame:
    """Parameters, by position or by name, as a frame (the one that is given, if they are few);
    give_frame() after the call."""
    kind = type(params)
    if kind is tuple or kind is list:
        items, count = params, len(params)
    elif params is None:
        return EMPTY
    elif isinstance(params, Mapping):
        items, count = _flat(params), 2 * len(params)
    elif isinstance(params, (str, bytes)) or not hasattr(kind, "__getitem__"):
        raise DataError(f"parameters are a {kind.__name__}; give a tuple, a list or a dict")
    else:
        items, count = params, len(params)
    if count == 0:
        return EMPTY
    if frame is None or count > 32:
        try:
            frame = _frames.pop() if count <= 32 else Frame(count)
        except IndexError:
            frame = Frame(32)
    at = size = 0
    parts: Any = None
    room = frame.room
    for value in items:
        kind = type(value)
        try:  # Costs nothing, and knows which value it was.
            if kind is int:
                _pack_int(room, at, 5, 0, value, 0)
            elif kind is str:
                data = value.encode()
                _pack_int(room, at, 19, 0, size, len(data))
                parts = data if parts is None else parts + data
                size += len(data)
            elif kind is float:
                _pack_float(room, at, 11, 0, value, 0)
            elif value is None:
                _pack_int(room, at, 0, 0, 0, 0)
            else:
                _kind, data = _pack_other(room, at, value, size)
                if data is not None:
                    parts = data if parts is None else parts + data
                    size += len(data)
        except (StructError, ValueError, TypeError, OverflowError) as problem:
            _refuse(params, at // 24, value, problem)
        at += 24
    frame.count = at // 24  # What came, should the length have been another.
    frame.bytes = NULL if parts is None else parts
    frame.size = size
    return frame


def _flat(params: Mapping[str, Any]) -> Any:
    for key, value in params.items():
        yield _Name(key)
        yield value


class _Name(str):
    """A parameter's name, ahead of its value."""


def _refuse(params: Any, index: int, value: Any, problem: BaseException) -> NoReturn:
    where = (f"parameter '{list(params)[index // 2]}'" if isinstance(params, Mapping)
             else f"parameter {index + 1}")
    if isinstance(value, int):
        raise DataError(f"{where}, {value}, does not fit in 64 bits; pass a Decimal to store its "
                        "text") from problem
    raise DataError(f"{where}, a {type(value).__name__}, cannot be passed: {problem}") from problem


def _pack_other(room: Any, at: int, value: Any, size: int) -> tuple[int, bytes | None]:
    kind, number, data = scalar(value)
    if data is not None:
        _pack_int(room, at, kind, 0, size, len(data))
    elif kind == FLOAT64:
        _pack_float(room, at, kind, 0, number, 0)
    else:
        _pack_int(room, at, kind, 0, number, 0)
    return kind, data


def scalar(value: Any) -> tuple[int, Any, bytes | None]:
    """The type of a value with its number or its bytes."""
    packer = _PACKERS.get(type(value))
    if packer is None:
        packer = _packer_for(value)
        if packer is None:
            raise TypeError("no type of the database corresponds to it")
    packed: tuple[int, Any, bytes | None] = packer(value)
    return packed


def _int(value: Any) -> tuple[int, Any, None]:
    number = value.__index__()
    if not -1 << 63 <= number < 1 << 63:
        raise OverflowError(f"{number} does not fit in 64 bits; pass a Decimal to store its text")
    return INT64, number, None


def nanoseconds(delta: dt.timedelta) -> int:
    """A time difference, exactly."""
    return ((delta.days * 86400 + delta.seconds) * 1000000 + delta.microseconds) * 1000


def aware(moment: dt.datetime) -> bool:
    """Whether a datetime says in which zone it is; a tzinfo that has no offset does not."""
    return moment.tzinfo is not None and moment.utcoffset() is not None


def micros(moment: dt.datetime) -> int:
    """Microseconds since 1970 of a datetime: as it shows without a zone, else in UTC."""
    if moment.tzinfo is None:
        delta = moment - EPOCH
    else:
        try:
            delta = moment - EPOCH_UTC
        except TypeError:  # Between naive and aware there is no difference: it is naive after all.
            if moment.utcoffset() is not None:
                raise
            delta = moment.replace(tzinfo=None) - EPOCH
    return (delta.days * 86400 + delta.seconds) * 1000000 + delta.microseconds


def _span(value: dt.timedelta) -> tuple[int, Any, None]:
    # Those of pandas have nanoseconds beside the fields of a timedelta.
    return DURATION, _in_64(nanoseconds(value) + getattr(value, "nanoseconds", 0)), None


def _moment(value: dt.datetime) -> tuple[int, Any, None]:
    number = micros(value) * 1000 + getattr(value, "nanosecond", 0)
    if not -1 << 63 <= number < 1 << 63:
        raise ValueError(f"{value} is out of the range of nanoseconds in 64 bits (1677 to 2262)")
    return TIMESTAMP, number, None


def time_micros(value: dt.time) -> int:
    """Microseconds since midnight; a time zone without a date means nothing."""
    if value.tzinfo is not None:
        raise ValueError("a time of day with a time zone has no fixed meaning; remove its tzinfo")
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1000000 + value.microsecond


def decimal_text(value: Decimal) -> str:
    """The exact text of a decimal, without an exponent."""
    if not value.is_finite():
        raise ValueError(f"{value} is not a number that a decimal holds")
    if abs(value.as_tuple().exponent) > 1000:  # type: ignore[arg-type]
        raise ValueError(f"{value!r} has more than 1,000 digits before or behind the point")
    return format(value, "f")


def _json_part(value: Any) -> Any:
    if pandas_missing(value):
        return None
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if type(value).__name__ in ("Decimal", "UUID"):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        from base64 import b64encode  # pylint: disable=import-outside-toplevel
        return b64encode(value).decode()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} inside it has no form in JSON")


def json_text(value: Any) -> str:
    """JSON of a list or dict: dates in ISO form, decimals as text, bytes in base64."""
    import json  # pylint: disable=import-outside-toplevel
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_json_part)
    except RecursionError as problem:
        raise ValueError("it is nested too deeply for JSON") from problem


def _none(_value: Any) -> tuple[int, Any, None]:
    return NULL_TYPE, 0, None


def _via_item(value: Any) -> tuple[int, Any, bytes | None]:
    item = value.item()
    if type(item) is not type(value):
        return scalar(item)
    if value.dtype.kind != "f":  # What numpy itself has no Python type for.
        raise TypeError("no type of the database corresponds to it")
    number = float(value)
    if number != value and value == value:
        raise ValueError(f"{value} is no exact float")
    return FLOAT64, number, None


def _via_python(value: Any) -> tuple[int, Any, bytes | None]:
    if type(value).__name__ == "Time64Scalar" and str(value.type)[-3:-1] == "ns":
        if value.is_valid and value.value % 1000:
            raise ValueError(f"{value} has nanoseconds, which a time cannot hold")
    return scalar(value.as_py())


# Units of numpy's times in nanoseconds; those finer than that by how many make one.
_NANOSECONDS = {"W": 604800000000000, "D": 86400000000000, "h": 3600000000000, "m": 60000000000,
                "s": 1000000000, "ms": 1000000, "us": 1000, "ns": 1}
_FINER = {"ps": 1000, "fs": 1000000, "as": 1000000000}
YEARS_MAX = 5800000  # From 1970 on, and back: their days fit in 32 bits.


def _numpy_time(value: Any) -> tuple[int, Any, None]:
    numpy: Any = sys.modules["numpy"]
    if numpy.isnat(value):
        return NULL_TYPE, 0, None
    unit, step = numpy.datetime_data(value.dtype)
    count = int(value.astype("i8")) * step
    moment = value.dtype.kind == "M"
    if moment and unit in ("Y", "M", "W", "D"):
        return DATE, _numpy_day(value, unit, count), None
    if unit in _FINER:
        number, rest = divmod(count, _FINER[unit])
        if rest:
            raise ValueError(f"{value} has parts of a nanosecond")
    elif unit in _NANOSECONDS:
        number = count * _NANOSECONDS[unit]
    else:
        raise ValueError("it has no unit" if unit == "generic" else
                         "a number of months has no fixed length")
    return (TIMESTAMP if moment else DURATION), _in_64(number), None


def _numpy_day(value: Any, unit: str, count: int) -> int:
    most = YEARS_MAX * {"Y": 1, "M": 12, "W": 52, "D": 365}[unit]
    if not -most <= count <= most:
        raise ValueError(f"{value} is out of the range of days in 32 bits")
    return int(value.astype("M8[D]").astype("i8"))


_PACKERS: dict[type, Any] = {
    type(None): _none,
    bool: lambda v: (BOOL, int(v), None),
    int: _int,
    float: lambda v: (FLOAT64, v, None),
    str: lambda v: (TEXT, 0, v.encode()),
    _Name: lambda v: (NAME, 0, v.encode()),
    bytes: lambda v: (BYTES, 0, v),
    bytearray: lambda v: (BYTES, 0, bytes(v)),
    memoryview: lambda v: (BYTES, 0, v.tobytes()),
    dt.datetime: _moment,
    dt.date: lambda v: (DATE, v.toordinal() - EPOCH_DAY, None),
    dt.time: lambda v: (TIME, time_micros(v) * 1000, None),
    dt.timedelta: _span,
    list: lambda v: (JSON, 0, json_text(v).encode()),
    tuple: lambda v: (JSON, 0, json_text(v).encode()),
    dict: lambda v: (JSON, 0, json_text(v).encode()),
}


# Types of modules that are not imported for them: who has a value has imported its module.
_LATE: list[tuple[str, str, Any]] = [
    ("Decimal", "decimal", lambda v: (DECIMAL, 0, decimal_text(v).encode())),
    ("UUID", "uuid", lambda v: (UUID_TYPE, 0, v.bytes)),
]


def _in_64(number: int) -> int:
    if not -1 << 63 <= number < 1 << 63:
        raise ValueError("it is out of the range of nanoseconds in 64 bits")
    return number


def _packer_for(value: Any) -> Any:
    """For a type not seen before: a subclass of a known one, or something that acts like one."""
    kind = type(value)
    module = kind.__module__.partition(".")[0]
    if module == "numpy" and kind.__name__ in ("datetime64", "timedelta64"):
        return _numpy_time
    if module == "numpy" and kind.__name__ == "MaskedConstant":
        return _none
    if module == "pyarrow" and hasattr(value, "as_py"):
        return _via_python
    if module == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _via_item
    if module == "numpy":
        return lambda v: (JSON, 0, json_text(v.tolist()).encode())
    if module == "pandas" and kind.__name__ in ("NaTType", "NAType"):
        return _none
    for name, library, packer in _LATE:
        if library in sys.modules and isinstance(value, getattr(sys.modules[library], name)):
            _PACKERS[kind] = packer
            return packer
    for known, packer in reversed(list(_PACKERS.items())):
        if isinstance(value, known) and known is not type(None):
            if known is dt.date and isinstance(value, dt.datetime):
                continue
            return packer
    if hasattr(kind, "__index__"):
        return _int
    if hasattr(kind, "__float__"):
        return lambda v: (FLOAT64, float(v), None)
    try:
        memoryview(value)
    except TypeError:
        return None
    return lambda v: (BYTES, 0, memoryview(v).tobytes())


# ---- the way back ----

def moment(number: int, per_second: int, zone: dt.tzinfo | None) -> dt.datetime:
    """A datetime from a count of units since 1970; exactly, or DataError."""
    scaled, rest = divmod(number * 1000000, per_second)
    if rest:
        raise DataError(f"a timestamp of {number} ns has nanoseconds, which a datetime cannot hold;"
                        " read the result as arrow(), pl() or numpy()")
    try:
        if zone is None:
            return EPOCH + dt.timedelta(microseconds=scaled)
        made = EPOCH_UTC + dt.timedelta(microseconds=scaled)
        return made if zone is dt.timezone.utc else made.astimezone(zone)
    except OverflowError as problem:
        raise DataError(f"a timestamp of {scaled} us is beyond the years 1 to 9999 of a datetime; "
                        "read the result as arrow(), pl() or numpy()") from problem


def day(number: int) -> dt.date:
    """A date from days since 1970."""
    try:
        return dt.date.fromordinal(number + EPOCH_DAY)
    except (ValueError, OverflowError) as problem:
        raise DataError(f"day {number} since 1970 is beyond the years 1 to 9999 of a date; read "
                        "the result as arrow(), pl() or numpy()") from problem


def clock(number: int, per_second: int) -> dt.time:
    """A time of day from a count of units since midnight."""
    scaled, rest = divmod(number * 1000000, per_second)
    if rest:
        raise DataError(f"a time of {number} ns has nanoseconds, which a time cannot hold; read "
                        "the result as arrow() or pl()")
    seconds, part = divmod(scaled, 1000000)
    if not 0 <= seconds < 86400:
        raise DataError(f"{seconds} s is no time of day")
    return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60, part)


def span(number: int, per_second: int) -> dt.timedelta:
    """A duration from a count of units."""
    scaled, rest = divmod(number * 1000000, per_second)
    if rest:
        raise DataError(f"a duration of {number} ns has nanoseconds, which a timedelta cannot "
                        "hold; read the result as arrow(), pl() or numpy()")
    try:
        return dt.timedelta(microseconds=scaled)
    except OverflowError as problem:
        raise DataError(f"{scaled} us is beyond what a timedelta holds") from problem


def interval(months: int, days: int, nanos: int) -> tuple[int, int, int]:
    """Months, days and nanoseconds: Python has no type of its own for them."""
    return months, days, nanos


def instant(when: Any) -> int:
    """Nanoseconds since 1970 of a moment, or such a number itself."""
    try:
        kind, number, _data = scalar(when)
    except (TypeError, ValueError, OverflowError) as problem:
        raise DataError(f"{when!r} is no moment: {problem}") from problem
    if kind not in (INT64, TIMESTAMP, DATE):
        raise DataError(f"{when!r} is no moment: give a datetime, or nanoseconds since 1970")
    return _in_64(number * 86400000000000) if kind == DATE else int(number)


def encoded(sql: Any) -> bytes:
    """A statement's text as C takes it."""
    try:
        data: bytes = sql.encode()
        return data
    except AttributeError:
        raise TypeError(f"a statement is a str, not a {type(sql).__name__}") from None
    except UnicodeEncodeError as problem:
        raise DataError(f"the statement is no text that UTF-8 can hold: {problem}") from problem


class Unique:
    """What stands for something of the library's: a copy would close it for the other."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a stoa.{type(self).__name__} cannot be copied or sent to another process;"
                        " open another one there")


def named(name: Any, what: str) -> bytes:
    """The name of a thing as C takes it."""
    if not isinstance(name, str):
        raise TypeError(f"{what} is a str, not a {type(name).__name__}")
    try:
        return name.encode()
    except UnicodeEncodeError as problem:
        raise DataError(f"{what} is no text that UTF-8 can hold: {problem}") from problem


def one_of(words: Mapping[str, int], word: Any, what: str) -> int:
    """The number of a word."""
    try:
        return words[word]
    except (KeyError, TypeError):
        raise InvalidError(f"{what} is {word!r}, none of {', '.join(words)}") from None


def constant(prefix: str, word: Any, what: str) -> int:
    """The number of a word that is a constant of the library in small letters."""
    number = getattr(lib, prefix + word.upper(), None) if isinstance(word, str) else None
    if number is None:
        known = {name[len(prefix):].lower(): 0 for name in dir(lib) if name.startswith(prefix)}
        return one_of(known, word, what)
    return int(number)


def pandas_missing(value: Any) -> bool:
    """pandas' own ways to say that there is no value."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and (value is pandas.NaT or value is pandas.NA)
