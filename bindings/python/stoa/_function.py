# SPDX-License-Identifier: Apache-2.0
"""Python functions, aggregates and collations inside SQL."""

from __future__ import annotations

import struct
from typing import Any, Callable, Iterable, Sequence

from . import _columnar, _frames
from . import _values as values
from ._call import call, keep_raised, raise_later
from ._columns import Field, zone
from ._error import DataError, fill
from ._held import hold, release, thing
from ._lib import NULL, callback, ffi, lib
from ._rows import unpack_row
from ._signature import Kind, Told, type_of

DETERMINISTIC, CALL_ON_NULL, NULL_ON_ERROR, VARIADIC, IN_SCHEMA, REPLACE = 1, 2, 4, 8, 16, 32

# Arrow formats whose values C passes to Python as None, bool, int, float, str and bytes.
_PLAIN = frozenset("nbcCsSiIlLfguUzZ")

_as_int = struct.Struct("<q").unpack
_float_bytes = struct.Struct("<d").pack


class Columns:
    """The arguments of a call: their types, and what makes Python's values of them."""

    def __init__(self, types: list[tuple[str, Kind]]) -> None:
        self.types = types
        self.converters = [make for _, (_, make) in types]
        self.converts = any(self.converters)
        self.zones = [zone(form[4:]) if form[:2] == "ts" else None for _, (form, _) in types]
        self.schema, self._kept = struct_schema([(name, form) for name, (form, _) in types])
        self.fields = Field(self.schema).children
        self.readers: list[Any] = []  # For numpy: what makes an array of a column.


class Spec(Columns):
    """A function as the library knows it; its handle is the user_data of every call."""

    # pylint: disable=too-many-instance-attributes
    def __init__(self, function: Any, parameters: Sequence[tuple[str, Any]], returns: Any,
                 batch: str) -> None:
        super().__init__([(name, type_of(kind, f"parameter '{name}'", bool(batch)))
                          for name, kind in parameters])
        self.function = function
        self.batch = batch
        self.quiet = False  # What it raises is NULL.
        self.returns = NULL
        self.typed: Any = None
        if returns is not None:
            form = type_of(returns, "the result", bool(batch))[0]
            whole, kept = struct_schema([("result", form)])
            self._kept += kept
            self.typed = whole
            self.returns = whole.children[0]
        self.bytes: Any = None  # What the last result points to.
        self.groups: dict[int, Any] = {}
        self.next_group = 0
        self._wider: dict[int, Columns] = {}

    def columns(self, count: int) -> Columns:
        """For so many arguments: of those of a *rest all have the last type."""
        if count == len(self.fields):
            return self
        if count not in self._wider:
            rest = self.types[-1:] * (count - len(self.types))
            self._wider[count] = Columns(self.types[:count] + rest)
        return self._wider[count]

    def failed(self, problem: BaseException, error: Any) -> int:
        """The function raised. What is meant to end the program is no value, not even NULL."""
        if not isinstance(problem, Exception):
            raise_later(problem)
        elif not self.quiet:
            keep_raised(problem)
        return fill(error, problem)

    def fail(self, problem: BaseException, error: int) -> None:
        """Called by C with the exception of a function that it called by itself."""
        self.failed(problem, ffi.cast("stoa_error *", error))

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
    spec: Spec = thing(user_data)
    try:
        columns = spec.columns(arguments.column_count)
        row: Any = unpack_row(arguments, columns.zones)
        if columns.converts:
            row = [value if make is None or value is None else make(value)
                   for make, value in zip(columns.converters, row)]
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
        return spec.failed(problem, error)


def _put(spec: Spec, value: Any, result: Any, result_bytes: Any) -> None:
    try:
        kind, number, data = values.scalar(value)
    except (TypeError, ValueError, OverflowError) as problem:
        raise DataError(f"its result, a {type(value).__name__}, cannot be taken: "
                        f"{problem}") from problem
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
    spec: Spec = thing(user_data)
    try:
        given = spec.function(*_columnar.given(spec, arguments))
        _columnar.put(spec, given, arguments.length, result)
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        return spec.failed(problem, error)


@callback("stoa_status(stoa_python_object *, uint64_t *, struct ArrowArray *, stoa_error *)",
          error=-24)
def _step(user_data: Any, state: Any, arguments: Any, error: Any) -> int:
    spec: Spec = thing(user_data)
    try:
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
        return spec.failed(problem, error)


@callback("stoa_status(stoa_python_object *, uint64_t *, struct ArrowArray *, stoa_error *)",
          error=-24)
def _finish(user_data: Any, state: Any, result: Any, error: Any) -> int:
    spec: Spec = thing(user_data)
    try:
        group = spec.groups[state[0]] if state[0] else spec.function()
        end = getattr(group, "finalize", None) or group.finish
        _columnar.put(spec, [end()], 1, result)
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        return spec.failed(problem, error)


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

def encoded_name(name: str) -> bytes:
    """A function's or a collation's name as C takes it."""
    if not isinstance(name, str):
        raise DataError(f"a name is a str, not a {type(name).__name__}")
    try:
        return name.encode()
    except UnicodeEncodeError as problem:
        raise DataError(f"{name!a} is no name that UTF-8 can hold") from problem


def register(con: Any, name: str, function: Any, told: Told, batch: str, flags: int, null: str,
             on_error: str, callbacks: dict[str, Any]) -> None:
    """Hand a function over to the library: once for each number of arguments that it takes, so
    that defaults are Python's, or once for any number."""
    # pylint: disable=too-many-arguments,too-many-positional-arguments
    if null not in ("skip", "call"):
        raise DataError(f"null={null!r} is neither 'skip' nor 'call'")
    if on_error not in ("raise", "null"):
        raise DataError(f"on_error={on_error!r} is neither 'raise' nor 'null'")
    flags |= CALL_ON_NULL * (null == "call") | NULL_ON_ERROR * (on_error == "null")
    flags |= VARIADIC * told.variadic
    most, made = len(told.parameters), []
    try:
        for count in range(most if told.variadic else told.needed, most + 1):
            spec = Spec(function, told.parameters[:count], told.returns, batch)
            made.append(_register(con, encoded_name(name), spec, flags, dict(callbacks)))
    except BaseException:
        for handle in made:
            lib.stoa_function_close(handle)
        raise


def _register(con: Any, name: bytes, spec: Spec, flags: int, callbacks: dict[str, Any]) -> Any:
    made, text = ffi.new("stoa_function_spec *"), ffi.new("char[]", name)
    made.struct_size = ffi.sizeof("stoa_function_spec")
    made.name, made.name_size = text, len(name)
    made.parameters, made.returns, made.flags = spec.schema, spec.returns, flags
    spec.quiet = bool(flags & NULL_ON_ERROR)
    widths = spec.widths if "step" in callbacks and not flags & VARIADIC else []
    if widths:
        callbacks["step"] = lib.stoa_python_step
        held = hold(spec, widths, function=_columnar.stepper(spec), convert=spec.step,
                    fail=spec.fail)
    elif "row" in callbacks and spec.plain:
        callbacks["row"] = lib.stoa_python_row
        held = hold(spec, function=spec.function, convert=spec.convert, fail=spec.fail)
    else:
        held = hold(spec)
    for field, function in callbacks.items():
        setattr(made, field, ffi.cast(_POINTERS[field], function))
    out = ffi.new("stoa_function *")
    call(lib.stoa_function_register, con._handle, made, held, release, out)
    return out[0]


_POINTERS = {"row": "stoa_row_function", "batch": "stoa_batch_function",
             "step": "stoa_aggregate_step", "finish": "stoa_aggregate_finish",
             "drop": "stoa_aggregate_free"}


def register_collation(con: Any, name: str, compare: Callable[[str, str], int] | None) -> None:
    """Hand a collation over to the library, or remove it."""
    text = encoded_name(name)
    if compare is None:
        call(lib.stoa_collation_register, con._handle, text, len(text), NULL, NULL, NULL)
    else:
        call(lib.stoa_collation_register, con._handle, text, len(text),
             ffi.cast("stoa_compare", _compare), hold(compare), release)


AGGREGATE = {"step": _step, "finish": _finish, "drop": _drop}
BATCH, ROW = {"batch": _batch}, {"row": _row}
columnar_mode = _columnar.mode
