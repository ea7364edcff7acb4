# SPDX-License-Identifier: Apache-2.0
"""Arrow columns as lists of Python objects, a column at a time, by no more than memoryviews.

A Field is read once from an ArrowSchema; its read(array, start, count) makes the list.
"""

from __future__ import annotations

import datetime as dt
import struct
from itertools import pairwise

from . import _values as values
from ._error import DataError
from ._lib import NULL, ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable
    Read = Callable[[Any, int, int], list[Any]]


_WIDTHS = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q",
           "f": "f", "g": "d"}
_UNIT_NAMES = {"s": "s", "m": "ms", "u": "us", "n": "ns"}
_UNITS = {"s": 1, "m": 1000, "u": 1000000, "n": 1000000000}


def zone(name: str) -> dt.tzinfo | None:
    """The time zone of an Arrow timestamp: a name or an offset; "" is none."""
    if not name:
        return None
    if name in ("UTC", "Z", "Etc/UTC"):
        return dt.timezone.utc
    import zoneinfo  # pylint: disable=import-outside-toplevel
    try:
        if name[0] in "+-" and len(name) == 6:
            minutes = int(name[1:3]) * 60 + int(name[4:6])
            return dt.timezone(dt.timedelta(minutes=-minutes if name[0] == "-" else minutes))
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as problem:
        raise DataError(f"time zone '{name}' is not known to this Python; read the result as "
                        "arrow() or pl()") from problem


class Field:
    """A column's name, Arrow type and metadata, and how to read it."""

    __slots__ = ("name", "format", "nullable", "metadata", "children", "dictionary", "read",
                 "zone")

    def __init__(self, schema: Any) -> None:
        self.name = ffi.string(schema.name).decode() if schema.name else ""
        self.format = ffi.string(schema.format).decode()
        self.nullable = bool(schema.flags & 2)
        self.metadata = _metadata(schema.metadata) if schema.metadata else {}
        self.children = [Field(schema.children[i]) for i in range(schema.n_children)]
        self.dictionary = Field(schema.dictionary) if schema.dictionary else None
        self.zone: Any = None
        self.read: Read = self._reader()

    def __repr__(self) -> str:
        return f"{self.name} {self.type}"

    @property
    def extension(self) -> str:
        """The name of the Arrow extension type, or ""."""
        return self.metadata.get("ARROW:extension:name", "")

    @property
    def type(self) -> str:
        """The type in words, such as "int64" or "list<utf8>"."""
        if self.extension:
            return self.extension
        if self.dictionary:
            return f"dictionary<{self.dictionary.type}>"
        named = _NAMES.get(self.format)
        if named:
            return named
        inner = ", ".join(child.type for child in self.children)
        for start, word in (("+l", "list"), ("+L", "large_list"), ("+w", "fixed_size_list"),
                            ("+vl", "list_view"), ("+vL", "large_list_view"), ("+s", "struct"),
                            ("+m", "map"), ("+u", "union"), ("+r", "run_end_encoded")):
            if self.format.startswith(start):
                return f"{word}<{inner}>"
        code, _, rest = str(self.format).partition(":")
        if code in ("d", "w"):
            return f"{'decimal' if code == 'd' else 'fixed_size_binary'}({rest})"
        if code.startswith("ts"):
            return f"timestamp[{_UNIT_NAMES[code[2]]}{', ' + rest if rest else ''}]"
        return str(self.format)

    def _reader(self) -> Read:
        plain = self._plain()
        extension = self.extension
        if extension == "arrow.uuid":
            from uuid import UUID  # pylint: disable=import-outside-toplevel
            return _mapped(plain, lambda item: UUID(bytes=item))
        if extension == "arrow.json":
            return _mapped(plain, json_value)
        if extension == "stoa.decimal":
            from decimal import Decimal  # pylint: disable=import-outside-toplevel
            return _mapped(plain, Decimal)
        return plain

    def _plain(self) -> Read:
        code = self.format
        if self.dictionary:
            return self._dictionary(_WIDTHS[code])
        if code in _WIDTHS:
            return _fixed(_WIDTHS[code])
        if code in _SIMPLE:
            return _SIMPLE[code]
        if code.startswith("+"):
            return self._nested()
        head, _, rest = code.partition(":")
        if head == "d":
            return _decimals(rest)
        if head == "w":
            return _fixed_binary(int(rest))
        if head[:2] == "ts" and head[2:] in _UNITS:
            self.zone = zone(rest)
            return _moments(_UNITS[head[2:]], self.zone)
        if head[:2] == "tt" and head[2:] in _UNITS:
            return _units("i" if head[2:] in "sm" else "q", values.clock, _UNITS[head[2:]])
        if head[:2] == "tD" and head[2:] in _UNITS:
            return _units("q", values.span, _UNITS[head[2:]])
        raise DataError(f"column '{self.name}' has the Arrow format '{code}', which has no Python "
                        "type; read the result as arrow()")

    def _nested(self) -> Read:
        code = self.format
        if code == "+r":
            return self._run_ends
        if code == "+s":
            return self._struct
        if code.startswith("+u"):
            return self._union
        if code == "+m":
            return _mapped(_list("i", self.children[0]), lambda pairs: [
                (item["key"], item["value"]) if "key" in item else tuple(item.values())
                for item in pairs])
        if code.startswith("+w:"):
            return self._fixed_list(int(code[3:]))
        if code in ("+vl", "+vL"):
            return _list_view("i" if code == "+vl" else "q", self.children[0])
        return _list("i" if code == "+l" else "q", self.children[0])

    def _dictionary(self, width: str) -> Read:
        words = self.dictionary
        assert words is not None

        def read(array: Any, start: int, count: int) -> list[Any]:
            table = words.read(array.dictionary, 0, array.dictionary.length)
            marks = _marks(array, start, count)
            codes = numbers(array, 1, width, start, count)
            if marks is None:
                return [table[code] for code in codes]
            return [table[code] if mark == "1" else None for code, mark in zip(codes, marks)]
        return read

    def _struct(self, array: Any, start: int, count: int) -> list[Any]:
        names = [child.name for child in self.children]
        begin = array.offset + start
        columns = [child.read(array.children[i], begin, count)
                   for i, child in enumerate(self.children)]
        rows = [dict(zip(names, row)) for row in zip(*columns)] if columns else [
            {} for _ in range(count)]
        return _masked(rows, _marks(array, start, count))

    def _fixed_list(self, width: int) -> Read:
        def read(array: Any, start: int, count: int) -> list[Any]:
            begin = (array.offset + start) * width
            items = self.children[0].read(array.children[0], begin, count * width)
            return _masked([items[i * width:(i + 1) * width] for i in range(count)],
                           _marks(array, start, count))
        return read

    def _union(self, array: Any, start: int, count: int) -> list[Any]:
        ids = [int(one) for one in self.format.partition(":")[2].split(",") if one]
        kinds = numbers(array, 0, "b", start, count)
        dense = self.format.startswith("+ud")
        places = (numbers(array, 1, "i", start, count) if dense
                  else range(array.offset + start, array.offset + start + count))
        return [self.children[ids.index(kind)].read(array.children[ids.index(kind)], place, 1)[0]
                for kind, place in zip(kinds, places)]

    def _run_ends(self, array: Any, start: int, count: int) -> list[Any]:
        ends = self.children[0].read(array.children[0], 0, array.children[0].length)
        items = self.children[1].read(array.children[1], 0, array.children[1].length)
        out: list[Any] = []
        begin, stop = array.offset + start, array.offset + start + count
        for end, item in zip(ends, items):
            upto = min(end, stop)
            if upto > begin:
                out.extend([item] * (upto - begin))
                begin = upto
        return out


def distinct(names: list[str]) -> list[str]:
    """Names for what has each but once: "a", "a_1", "a_2"."""
    if len(set(names)) == len(names):
        return names
    out: list[str] = []
    for name in names:
        made, number = name, 0
        while made in out or number and made in names:
            number += 1
            made = f"{name}_{number}"
        out.append(made)
    return out


def json_value(text: str) -> Any:
    """What a JSON text stands for; the text itself where it is none."""
    import json  # pylint: disable=import-outside-toplevel
    try:
        return json.loads(text)
    except ValueError:
        return text


def _metadata(pointer: Any) -> dict[str, str]:
    whole = ffi.cast("char *", pointer)
    count = struct.unpack("=i", ffi.buffer(whole, 4)[:])[0]
    out, at = {}, 4
    for _ in range(count):
        pair = []
        for _ in range(2):
            size = struct.unpack("=i", ffi.buffer(whole + at, 4)[:])[0]
            pair.append(ffi.buffer(whole + at + 4, size)[:].decode("utf-8", "replace"))
            at += 4 + size
        out[pair[0]] = pair[1]
    return out


# ---- buffers ----

def memory(array: Any, index: int, begin: int, size: int) -> memoryview:
    """Bytes of one of the array's buffers; they live as long as the array."""
    if size <= 0:
        return memoryview(b"")
    return memoryview(ffi.buffer(ffi.cast("char *", array.buffers[index]) + begin, size))


def _numbers(data: Any, width: str) -> list[Any]:
    items: list[Any] = data.cast(width).tolist()
    return items


def numbers(array: Any, index: int, width: str, start: int, count: int) -> list[Any]:
    """Numbers of a buffer from the array's row `start` on."""
    size = struct.calcsize("=" + width)
    return _numbers(memory(array, index, (array.offset + start) * size, count * size), width)


def _marks(array: Any, start: int, count: int) -> str | None:
    """A '1' for each valid row and a '0' for each NULL; None when there are no NULLs."""
    if array.null_count == 0 or array.buffers[0] == NULL or count == 0:
        return None
    begin = array.offset + start
    first, last = begin // 8, (begin + count + 7) // 8
    bits = int.from_bytes(memory(array, 0, first, last - first), "little")
    bits = (bits >> (begin - first * 8)) & ((1 << count) - 1)
    text = f"{bits:0{count}b}"[::-1]
    return text if "0" in text else None


def _masked(items: list[Any], marks: str | None) -> list[Any]:
    if marks is None:
        return items
    if marks.count("0") * 8 > len(items):
        return [item if mark == "1" else None for item, mark in zip(items, marks)]
    place = marks.find("0")
    while place >= 0:
        items[place] = None
        place = marks.find("0", place + 1)
    return items


def _mapped(read: Read, function: Callable[[Any], Any]) -> Read:
    def mapped(array: Any, start: int, count: int) -> list[Any]:
        return [None if item is None else function(item) for item in read(array, start, count)]
    return mapped


def _converted(width: str, function: Callable[[Any], Any]) -> Read:
    def read(array: Any, start: int, count: int) -> list[Any]:
        marks = _marks(array, start, count)
        items = numbers(array, 1, width, start, count)
        if marks is None:
            return [function(item) for item in items]
        return [function(item) if mark == "1" else None for item, mark in zip(items, marks)]
    return read


def _units(width: str, function: Callable[[int, int], Any], per_second: int) -> Read:
    return _converted(width, lambda number: function(number, per_second))


def _fixed(width: str) -> Read:
    def read(array: Any, start: int, count: int) -> list[Any]:
        return _masked(numbers(array, 1, width, start, count), _marks(array, start, count))
    return read


def _moments(per_second: int, where: dt.tzinfo | None) -> Read:
    if per_second != 1000000 or where not in (None, dt.timezone.utc):
        return _converted("q", lambda v: values.moment(v, per_second, where))
    epoch = values.EPOCH if where is None else values.EPOCH_UTC
    span = dt.timedelta

    def convert(number: int) -> dt.datetime:
        try:
            return epoch + span(0, 0, number)
        except OverflowError:
            return values.moment(number, per_second, where)
    return _converted("q", convert)


def _decimals(rest: str) -> Read:
    from decimal import Decimal  # pylint: disable=import-outside-toplevel
    parts = [int(one) for one in rest.split(",")]
    scale, width = parts[1], (parts[2] if len(parts) > 2 else 128) // 8

    def read(array: Any, start: int, count: int) -> list[Any]:
        data = memory(array, 1, (array.offset + start) * width, count * width)
        items = [Decimal(f"{int.from_bytes(data[at:at + width], 'little', signed=True)}E{-scale}")
                 for at in range(0, count * width, width)]
        return _masked(items, _marks(array, start, count))
    return read


def _fixed_binary(width: int) -> Read:
    def read(array: Any, start: int, count: int) -> list[Any]:
        data = bytes(memory(array, 1, (array.offset + start) * width, count * width))
        return _masked([data[i * width:(i + 1) * width] for i in range(count)],
                       _marks(array, start, count))
    return read


def _bools(array: Any, start: int, count: int) -> list[Any]:
    begin = array.offset + start
    first, last = begin // 8, (begin + count + 7) // 8
    bits = int.from_bytes(memory(array, 1, first, last - first), "little") >> (begin - first * 8)
    text = f"{bits & ((1 << count) - 1):0{count}b}"[::-1] if count else ""
    return _masked([mark == "1" for mark in text], _marks(array, start, count))


def _halves(array: Any, start: int, count: int) -> list[Any]:
    data = memory(array, 1, (array.offset + start) * 2, count * 2)
    return _masked(list(struct.unpack(f"={count}e", data)), _marks(array, start, count))


def _offsets(array: Any, width: str, start: int, count: int) -> list[int]:
    size = 4 if width == "i" else 8
    if array.length == 0 and array.buffers[1] == NULL:
        return [0]
    return _numbers(memory(array, 1, (array.offset + start) * size, (count + 1) * size), width)


def _texts(width: str) -> Read:
    def read(array: Any, start: int, count: int) -> list[Any]:
        offsets = _offsets(array, width, start, count)
        base, size = offsets[0], offsets[-1] - offsets[0]
        data = memory(array, 2, base, size)
        text = str(data, "utf-8")
        if base:
            offsets = [one - base for one in offsets]
        if len(text) == size:  # All of it ASCII: bytes are characters.
            items: list[Any] = [text[a:b] for a, b in pairwise(offsets)]
        else:
            raw = bytes(data)
            items = [raw[a:b].decode() for a, b in pairwise(offsets)]
        return _masked(items, _marks(array, start, count))
    return read


def _binaries(width: str) -> Read:
    def read(array: Any, start: int, count: int) -> list[Any]:
        offsets = _offsets(array, width, start, count)
        base = offsets[0]
        data = bytes(memory(array, 2, base, offsets[-1] - base))
        return _masked([data[a - base:b - base] for a, b in pairwise(offsets)],
                       _marks(array, start, count))
    return read


def _views(array: Any, start: int, count: int) -> list[Any]:
    data = memory(array, 1, (array.offset + start) * 16, count * 16)
    sizes = memory(array, array.n_buffers - 1, 0, (array.n_buffers - 3) * 8).cast("q").tolist()
    parts = [memory(array, 2 + i, 0, size) for i, size in enumerate(sizes)]
    out: list[Any] = []
    for at, mark in zip(range(0, count * 16, 16), _marks(array, start, count) or "1" * count):
        size, _prefix, index, offset = struct.unpack_from("=iiii", data, at)
        if mark == "0":
            out.append(None)
        elif size <= 12:
            out.append(bytes(data[at + 4:at + 4 + size]))
        else:
            out.append(bytes(parts[index][offset:offset + size]))
    return out


def _list(width: str, child: Field) -> Read:
    def read(array: Any, start: int, count: int) -> list[Any]:
        offsets = _offsets(array, width, start, count)
        base = offsets[0]
        items = child.read(array.children[0], base, offsets[-1] - base)
        return _masked([items[a - base:b - base] for a, b in pairwise(offsets)],
                       _marks(array, start, count))
    return read


def _list_view(width: str, child: Field) -> Read:
    def read(array: Any, start: int, count: int) -> list[Any]:
        begins = numbers(array, 1, width, start, count)
        sizes = numbers(array, 2, width, start, count)
        marks = _marks(array, start, count) or "1" * count
        return [child.read(array.children[0], a, n) if mark == "1" else None
                for a, n, mark in zip(begins, sizes, marks)]
    return read


def _intervals(pattern: str, make: Callable[..., Any]) -> Read:
    size = struct.calcsize(pattern)

    def read(array: Any, start: int, count: int) -> list[Any]:
        data = memory(array, 1, (array.offset + start) * size, count * size)
        return _masked([make(*item) for item in struct.iter_unpack(pattern, data)],
                       _marks(array, start, count))
    return read


_SIMPLE: dict[str, Read] = {
    "n": lambda array, start, count: [None] * count,
    "b": _bools, "e": _halves, "u": _texts("i"), "U": _texts("q"), "z": _binaries("i"),
    "Z": _binaries("q"), "vz": _views, "vu": _mapped(_views, bytes.decode),
    "tdD": _converted("i", values.day),
    "tdm": _converted("q", lambda v: values.day(v // 86400000)),
    "tiM": _intervals("=i", lambda months: values.interval(months, 0, 0)),
    "tiD": _intervals("=ii", lambda days, ms: values.interval(0, days, ms * 1000000)),
    "tin": _intervals("=iiq", values.interval),
}

_NAMES = {"n": "null", "b": "bool", "c": "int8", "C": "uint8", "s": "int16", "S": "uint16",
          "i": "int32", "I": "uint32", "l": "int64", "L": "uint64", "e": "float16",
          "f": "float32", "g": "float64", "u": "utf8", "U": "large_utf8", "vu": "utf8_view",
          "z": "binary", "Z": "large_binary", "vz": "binary_view", "tdD": "date32",
          "tdm": "date64", "tiM": "interval[months]", "tiD": "interval[days]",
          "tin": "interval[months, days, nanoseconds]", "tts": "time[s]", "ttm": "time[ms]",
          "ttu": "time[us]", "ttn": "time[ns]", "tDs": "duration[s]", "tDm": "duration[ms]",
          "tDu": "duration[us]", "tDn": "duration[ns]"}


