# SPDX-License-Identifier: Apache-2.0
"""Python functions, aggregates and collations inside SQL."""

from __future__ import annotations

import datetime as dt
import struct
from decimal import Decimal
from typing import Any, Callable, Iterable, Sequence
from uuid import UUID

from . import _columnar, _frames
from . import _values as values
from ._call import call, keep_raised, raise_later
from ._columns import Field, json_value, zone
from ._error import DataError, fill
from ._held import hold, release, thing
from ._lib import NULL, callback, ffi, lib
from ._rows import unpack_row


DETERMINISTIC, CALL_ON_NULL, NULL_ON_ERROR, VARIADIC, IN_SCHEMA, REPLACE = 1, 2, 4, 8, 16, 32

# A Python type's Arrow format, and what makes its values of what arrives.
_TYPES: dict[Any, tuple[str, Callable[[Any], Any] | None]] = {
    bool: ("b", None), int: ("l", None), float: ("g", None), str: ("u", None), bytes: ("z", None),
    dt.datetime: ("tsu:", None), dt.date: ("tdD", None), dt.time: ("ttu", None),
    dt.timedelta: ("tDu", None), Decimal: ("u", Decimal), UUID: ("w:16", lambda v: UUID(bytes=v)),
    list: ("u", json_value), dict: ("u", json_value), object: ("n", None), Any: ("n", None),
    None: ("n", None),
}
_WORDS = {"bool": bool, "int": int, "float": float, "str": str, "bytes": bytes, "Any": Any,
          "object": object, "datetime": dt.datetime, "date": dt.date, "time": dt.time,
          "timedelta": dt.timedelta, "Decimal": Decimal, "UUID": UUID, "list": list, "dict": dict,
          "int64": int, "float64": float, "double": float, "text": str, "utf8": str,
          "binary": bytes, "blob": bytes, "timestamp": dt.datetime, "duration": dt.timedelta,
          "decimal": Decimal, "uuid": UUID, "json": dict, "None": None}

# Arrow formats whose values C passes to Python as None, bool, int, float, str and bytes.
_PLAIN = frozenset("nbcCsSiIlLfguUzZ")

_as_int = struct.Struct("<q").unpack
_float_bytes = struct.Struct("<d").pack


def type_of(given: Any, where: str) -> tuple[str, Callable[[Any], Any] | None]:
    """Format and converter of a type given as a Python type, a word or an Arrow format."""
    if isinstance(given, str):
        word = given.rpartition(".")[2].partition("[")[0].replace(" | None", "")
        if word not in _WORDS:
            return given, None  # An Arrow format; C says if it is none.
        given = _WORDS[word]
    parts = [part for part in getattr(given, "__args__", ()) if part is not type(None)]
    origin = getattr(given, "__origin__", None)
    if origin is not None and origin in _TYPES:
        given = origin
    elif len(parts) == 1:  # Optional[int], int | None
        given = parts[0]
    try:
        return _TYPES[given]
    except (KeyError, TypeError):
        raise DataError(f"{where}: {given!r} is no type that SQL has") from None


def format_of(given: Any, where: str) -> str:
    """The Arrow format of a type given as a Python type, a word or an Arrow format."""
    return type_of(given, where)[0]


class Spec:
    """A function as the library knows it; its handle is the user_data of every call."""

    # pylint: disable=too-many-instance-attributes
    def __init__(self, function: Any, parameters: Sequence[tuple[str, Any]], returns: Any,
                 batch: str) -> None:
        self.function = function
        self.batch = batch
        types = [type_of(kind, f"parameter '{name}'") for name, kind in parameters]
        self.converters = [converter for _form, converter in types]
        self.converts = any(self.converters)
        self.zones = [zone(form[4:]) if form[:2] == "ts" else None for form, _ in types]
        self.schema, self._kept = struct_schema([(name, form) for (name, _), (form, _) in
                                           zip(parameters, types)])
        self.fields = Field(self.schema).children
        self.returns = NULL
        self.typed: Any = None
        if returns is not None:
            form = type_of(returns, "the result")[0]
            whole, kept = struct_schema([("result", form)])
            self._kept += kept
            self.typed = whole
            self.returns = whole.children[0]
        self.readers: list[Any] = []  # For numpy: what makes an array of a column.
        self.bytes: Any = None  # What the last result points to.
        self.groups: dict[int, Any] = {}
        self.next_group = 0

    @property
    def plain(self) -> bool:
        """Whether C can make all arguments by itself."""
        return not self.converts and all(field.format in _PLAIN for field in self.fields)

    def convert(self, value: Any, result: int, result_bytes: int) -> None:
        """Called by C with a result that is no plain value."""
        _put(self, value, ffi.cast("stoa_value *", result), ffi.cast("uint8_t **", result_bytes))

    def group(self, state: Any) -> Any:
        """The object of the group that `state` numbers, made at its first batch."""
        number = state[0]
        if number == 0:
            number = self.next_group = self.next_group + 1
            state[0] = number
            self.groups[number] = self.function()
        return self.groups[number]

    @property
    def widths(self) -> list[int]:
        """The bytes of a value of each column, where C can make all of a batch's arguments."""
        found = [_frames.width(field) for field in self.fields]
        return found if self.batch == "numpy" and all(found) else []

    def begin(self, columns: Iterable[Any]) -> int:
        """A group's number, made for its first batch."""
        group = self.function()
        group.step(*columns)
        self.next_group += 1
        self.groups[self.next_group] = group
        return self.next_group

    def step(self, number: int, address: int) -> int:
        """Called by C with a group's number and a batch of which it cannot make the arguments."""
        columns = _columnar.given(self, ffi.cast("struct ArrowArray *", address))
        if number == 0:
            return self.begin(columns)
        self.groups[number].step(*columns)
        return number


def struct_schema(columns: Sequence[tuple[str, str]]) -> tuple[Any, list[Any]]:
    """A struct's schema in Python's own memory, for calls that borrow it."""
    children = ffi.new("struct ArrowSchema[]", len(columns) + 1)
    pointers = ffi.new("struct ArrowSchema *[]", len(columns) + 1)
    texts = [ffi.new("char[]", b"+s"), ffi.new("char[]", b"")]
    for i, (name, form) in enumerate(columns):
        texts += [ffi.new("char[]", form.encode()), ffi.new("char[]", name.encode())]
        children[i].format, children[i].name = texts[-2], texts[-1]
        children[i].flags, children[i].release = 2, lib.stoa_schema_release
        pointers[i] = children + i
    out = ffi.new("struct ArrowSchema *")
    out.format, out.name, out.n_children, out.children = texts[0], texts[1], len(columns), pointers
    out.release = lib.stoa_schema_release  # Says "not released"; borrowed, so never called.
    return out, [children, pointers, *texts]


# ---- called by the library ----

@callback("stoa_status(stoa_python_object *, stoa_rows *, stoa_value *, uint8_t **, stoa_error *)",
          error=-24)
def _row(user_data: Any, arguments: Any, result: Any, result_bytes: Any, error: Any) -> int:
    try:
        spec: Spec = thing(user_data)
        row: Any = unpack_row(arguments, spec.zones)
        if spec.converts:
            row = [value if make is None or value is None else make(value)
                   for make, value in zip(spec.converters, row)]
        value = spec.function(*row)
        kind = type(value)
        if kind is int and -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
            result.type, result.a = 5, value
        elif kind is float:
            result.type, result.a = 11, _as_int(_float_bytes(value))[0]
        elif value is not None:
            _put(spec, value, result, result_bytes)
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        keep_raised(problem)
        return fill(error, problem)


def _fail(problem: BaseException, error: int) -> None:
    """Called by C with the exception of a function that it called by itself."""
    keep_raised(problem)
    fill(ffi.cast("stoa_error *", error), problem)


def _put(spec: Spec, value: Any, result: Any, result_bytes: Any) -> None:
    kind, number, data = values.scalar(value)
    result.type = kind
    if data is None:
        result.a = number if kind != values.FLOAT64 else _as_int(_float_bytes(number))[0]
        return
    spec.bytes = ffi.from_buffer(data)
    result.a, result.b = 0, len(data)
    result_bytes[0] = ffi.cast("uint8_t *", spec.bytes)


@callback("stoa_status(stoa_python_object *, struct ArrowArray *, struct ArrowArray *, "
          "stoa_error *)", error=-24)
def _batch(user_data: Any, arguments: Any, result: Any, error: Any) -> int:
    try:
        spec: Spec = thing(user_data)
        given = spec.function(*_columnar.given(spec, arguments))
        _columnar.put(spec, given, arguments.length, result)
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        keep_raised(problem)
        return fill(error, problem)


@callback("stoa_status(stoa_python_object *, uint64_t *, struct ArrowArray *, stoa_error *)",
          error=-24)
def _step(user_data: Any, state: Any, arguments: Any, error: Any) -> int:
    try:
        spec: Spec = thing(user_data)
        group = spec.groups.get(state[0]) or spec.group(state)
        columns = _columnar.given(spec, arguments)
        if spec.batch:
            group.step(*columns)
        else:
            step = group.step
            for row in zip(*columns):
                step(*row)
            if not columns:
                for _ in range(arguments.length):
                    step()
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        keep_raised(problem)
        return fill(error, problem)


@callback("stoa_status(stoa_python_object *, uint64_t *, struct ArrowArray *, stoa_error *)",
          error=-24)
def _finish(user_data: Any, state: Any, result: Any, error: Any) -> int:
    try:
        spec: Spec = thing(user_data)
        group = spec.groups[state[0]] if state[0] else spec.function()
        end = getattr(group, "finish", None) or group.finalize
        _columnar.put(spec, [end()], 1, result)
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        keep_raised(problem)
        return fill(error, problem)


@callback("void(stoa_python_object *, uint64_t)")
def _drop(user_data: Any, state: int) -> None:
    thing(user_data).groups.pop(state, None)


@callback("int32_t(stoa_python_object *, char *, int64_t, char *, int64_t)", error=0)
def _compare(user_data: Any, a: Any, a_size: int, b: Any, b_size: int) -> int:
    try:
        function = thing(user_data)
        order = function(str(ffi.buffer(a, a_size)[:] if a_size else b"", "utf-8"),
                         str(ffi.buffer(b, b_size)[:] if b_size else b"", "utf-8"))
        return int(order > 0) - int(order < 0)
    except BaseException as problem:  # pylint: disable=broad-except
        raise_later(problem)
        return 0


# ---- registering ----

def signature(function: Any, skip: int) -> tuple[list[tuple[str, Any]], Any, bool]:
    """Parameters with their annotations, the annotated result, and whether there is a *rest."""
    code = getattr(function, "__code__", None)
    if code is None:
        raise DataError(f"{function!r} does not tell its parameters; say parameters=[...]")
    notes = dict(getattr(function, "__annotations__", {}))
    names = code.co_varnames[skip:code.co_argcount]
    parameters = [(name, notes.get(name, Any)) for name in names]
    variadic = bool(code.co_flags & 4)
    if variadic:
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        parameters.append((rest, notes.get(rest, Any)))
    return parameters, notes.get("return"), variadic


def named(parameters: Sequence[Any]) -> list[tuple[str, Any]]:
    """Types given without names."""
    return [(f"p{i + 1}", kind) for i, kind in enumerate(parameters)]


def register(con: Any, name: str, spec: Spec, flags: int, null: str, on_error: str,
             **callbacks: Any) -> None:
    """Hand a function over to the library."""
    if null not in ("skip", "call"):
        raise DataError(f"null={null!r} is neither 'skip' nor 'call'")
    if on_error not in ("raise", "null"):
        raise DataError(f"on_error={on_error!r} is neither 'raise' nor 'null'")
    flags |= CALL_ON_NULL * (null == "call") | NULL_ON_ERROR * (on_error == "null")
    made, text = ffi.new("stoa_function_spec *"), ffi.new("char[]", name.encode())
    made.struct_size = ffi.sizeof("stoa_function_spec")
    made.name, made.name_size = text, len(name.encode())
    made.parameters, made.returns, made.flags = spec.schema, spec.returns, flags
    widths = spec.widths if "step" in callbacks and not flags & VARIADIC else []
    if widths:
        callbacks["step"] = lib.stoa_python_step
    for field, function in callbacks.items():
        if function != NULL:
            setattr(made, field, ffi.cast(_POINTERS[field], function))
    if widths:
        held = hold(spec, widths, function=_columnar.stepper(spec), convert=spec.step, fail=_fail)
    elif callbacks.get("row") == QUICK:
        held = hold(spec, function=spec.function, convert=spec.convert, fail=_fail)
    else:
        held = hold(spec)
    call(lib.stoa_function_register, con._handle, made, held, release, ffi.new("stoa_function *"))


_POINTERS = {"row": "stoa_row_function", "batch": "stoa_batch_function",
             "step": "stoa_aggregate_step", "finish": "stoa_aggregate_finish",
             "drop": "stoa_aggregate_free"}


def register_collation(con: Any, name: str, compare: Callable[[str, str], int] | None) -> None:
    """Hand a collation over to the library, or remove it."""
    text = name.encode()
    if compare is None:
        call(lib.stoa_collation_register, con._handle, text, len(text), NULL, NULL, NULL)
    else:
        call(lib.stoa_collation_register, con._handle, text, len(text),
             ffi.cast("stoa_compare", _compare), hold(compare), release)


AGGREGATE = {"step": _step, "finish": _finish, "drop": _drop}
BATCH, ROW, QUICK = _batch, _row, lib.stoa_python_row
columnar_mode = _columnar.mode
