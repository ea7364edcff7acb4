# SPDX-License-Identifier: Apache-2.0
"""What a Python function says of itself: its parameters and the types of its values.

A type is a Python type or a form made of such (Optional, Union, Literal, Annotated, NewType, lists
and dicts of something), a numpy scalar type or dtype, a pyarrow or polars type, a word such as
"int64", or an Arrow format such as "tsu:UTC".
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import inspect
import re
import sys
import types
import typing
from collections import abc
from decimal import Decimal
from typing import Any, Callable, NamedTuple
from uuid import UUID

from ._arrow import pointer
from ._columns import json_value
from ._error import DataError
from ._lib import ffi

Make = Callable[[Any], Any]
Kind = tuple[str, "Make | None"]  # An Arrow format, and what makes a value of what arrives.


def _tuple(text: str) -> Any:
    found = json_value(text)
    return tuple(found) if isinstance(found, list) else found


_TYPES: dict[Any, Kind] = {
    bool: ("b", None), int: ("l", None), float: ("g", None), str: ("u", None), bytes: ("z", None),
    bytearray: ("z", bytearray), memoryview: ("z", memoryview),
    dt.datetime: ("tsu:", None), dt.date: ("tdD", None), dt.time: ("ttu", None),
    dt.timedelta: ("tDu", None), Decimal: ("u", Decimal), UUID: ("w:16", lambda v: UUID(bytes=v)),
    list: ("u", json_value), dict: ("u", json_value), tuple: ("u", _tuple), object: ("n", None),
    Any: ("n", None), None: ("n", None), type(None): ("n", None),
}
_WORDS = {"bool": bool, "int": int, "float": float, "str": str, "bytes": bytes, "Any": Any,
          "object": object, "datetime": dt.datetime, "date": dt.date, "time": dt.time,
          "timedelta": dt.timedelta, "Decimal": Decimal, "UUID": UUID, "list": list, "dict": dict,
          "int64": int, "float64": float, "double": float, "text": str, "utf8": str,
          "binary": bytes, "blob": bytes, "timestamp": dt.datetime, "duration": dt.timedelta,
          "decimal": Decimal, "uuid": UUID, "json": dict, "None": None}
_FORMAT = re.compile(r"[nbcCsSiIlLefguUzZ]|v[uz]|d:\d+,-?\d+(,\d+)?|w:\d+|td[Dm]|t[tD][smun]|"
                     r"ts[smun]:.*|ti[MDn]")
_NUMPY = {"?": "b", "b": "c", "B": "C", "h": "s", "H": "S", "i": "i", "I": "I", "l": "l",
          "L": "L", "q": "l", "Q": "L", "e": "e", "f": "f", "d": "g", "U": "u", "S": "z"}
_LISTS = (list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection)
_DICTS = (dict, abc.Mapping, abc.MutableMapping)


def type_of(given: Any, where: str, columnar: bool = False) -> Kind:
    """Format and converter of a type; with `columnar` list[int] is a column of int."""
    if isinstance(given, str):
        return _named(given, where)
    if columnar:
        given = _item(given)
    found = _found(given, where)
    if found is None:
        try:
            found = _TYPES.get(given)
        except TypeError:  # Not hashable, so no type.
            pass
    if found is None:
        told = given.__name__ if isinstance(given, type) else repr(given)
        raise DataError(f"{where}: {told} is no type that SQL has")
    return found


def format_of(given: Any, where: str, columnar: bool = False) -> str:
    """The Arrow format of a type."""
    return type_of(given, where, columnar)[0]


def _named(given: str, where: str) -> Kind:
    word = given.rpartition(".")[2].partition("[")[0].replace(" | None", "")
    if word in _WORDS:
        return _TYPES[_WORDS[word]]
    if not _FORMAT.fullmatch(given):
        raise DataError(f"{where}: '{given}' is no type that SQL has")
    return given, None


def _item(given: Any) -> Any:
    """What a column that is annotated as a whole holds."""
    arguments = typing.get_args(given)
    origin = typing.get_origin(given)
    if origin in _LISTS and len(arguments) == 1:
        return arguments[0]
    if getattr(origin, "__name__", "") == "ndarray" and len(arguments) == 2:
        return (typing.get_args(arguments[1]) or (given,))[0]  # ndarray[shape, dtype[item]]
    return given


def _found(given: Any, where: str) -> Kind | None:
    """What is made of other types."""
    inner = getattr(given, "__supertype__", None)  # A NewType.
    if inner is None and hasattr(given, "__metadata__"):  # Annotated
        inner = given.__origin__
    if inner is None and type(given).__name__ == "TypeAliasType":
        inner = given.__value__
    if inner is not None:
        return type_of(inner, where)
    origin = typing.get_origin(given)
    if origin is typing.Literal:
        return _one_of(given, [type(one) for one in typing.get_args(given)], where)
    if origin in (typing.Union, types.UnionType):
        return _one_of(given, typing.get_args(given), where)
    for ours, known in ((list, _LISTS), (dict, _DICTS), (tuple, (tuple,))):
        if origin in known or given in known:
            return _TYPES[ours]
    if isinstance(given, type) and dict in given.__mro__:  # A TypedDict.
        return _TYPES[dict]
    if isinstance(given, enum.EnumMeta):
        return _of_enum(given)
    return _of_library(given, where)


def _one_of(given: Any, parts: typing.Sequence[Any], where: str) -> Kind | None:
    """Values of several types: the one that holds all of them, else whatever they are."""
    known = {type_of(part, where) for part in parts if part is not type(None)} or {("n", None)}
    if known <= {_TYPES[float], _TYPES[int], _TYPES[bool]}:
        return next(_TYPES[kind] for kind in (float, int, bool) if _TYPES[kind] in known)
    if len(known) == 1:
        return known.pop()
    if any(make is not None or form not in "nblguz" for form, make in known):
        told = str(given).replace("typing.", "")
        raise DataError(f"{where}: {told} is not one type; values of these types cannot be told "
                        "apart in SQL")
    return _TYPES[object]


def _of_enum(given: enum.EnumMeta) -> Kind | None:
    for kind in (int, str):
        if issubclass(given, kind):  # Its members are values that SQL has.
            return _TYPES[kind][0], typing.cast(Make, given)
    return None


def _of_library(given: Any, where: str) -> Kind | None:
    """A type of numpy, pyarrow or polars. Who has one has imported its library."""
    module = getattr(given if isinstance(given, type) else type(given), "__module__", "")
    name = module.partition(".")[0]
    if name == "numpy":
        numpy = sys.modules["numpy"]
        if isinstance(given, numpy.dtype):
            kind = given
        elif isinstance(given, type) and issubclass(given, numpy.generic):
            kind = numpy.dtype(given)
        else:
            return None
        if kind.kind in "Mm":
            unit = numpy.datetime_data(kind)[0]
            code = {"s": "s", "ms": "m", "us": "u", "ns": "n", "generic": "u"}.get(unit)
            timed = {"M": f"ts{code}:", "m": f"tD{code}"}[kind.kind]
            return (timed, kind.type) if code else None
        form = _NUMPY.get(kind.char)
        return (form, kind.type) if form else None
    if name == "polars" and hasattr(given, "to_python"):
        return type_of(given.to_python(), where)
    if hasattr(given, "__arrow_c_schema__"):
        capsule = given.__arrow_c_schema__()
        schema = pointer(capsule, b"arrow_schema")
        if schema.n_children == 0 and not schema.dictionary:
            return ffi.string(schema.format).decode(), None
    return None


# ---- what a function says ----

class Told(NamedTuple):
    """Parameters by name and type (a last one stands for the rest if it is variadic), how many of
    them need an argument, and the type of the result (None: not said)."""

    parameters: list[tuple[str, Any]]
    needed: int
    variadic: bool
    returns: Any


def _inner(function: Any) -> Any:
    """The function that was written, below what was wrapped around it."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif hasattr(function, "__func__"):
            function = function.__func__
        elif not hasattr(function, "__code__") and hasattr(type(function), "__call__") and \
                hasattr(type(function).__call__, "__code__"):
            function = type(function).__call__
        else:
            return function


def _check(function: Any, what: str) -> Any:
    if not callable(function):
        raise DataError(f"{what} is to be {function!r}, which is not callable")
    inner = _inner(function)
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        raise DataError(f"{what} is asynchronous, which SQL cannot wait for; give a plain function")
    if inspect.isgeneratorfunction(inner):
        raise DataError(f"{what} is a generator; a function gives one value for each row")
    return inner


def _note(note: Any, inner: Any) -> Any:
    """An annotation; one that is written as text is looked up, where it can be."""
    note = getattr(note, "__forward_arg__", note)
    if not isinstance(note, str):
        return note
    try:
        return eval(note, getattr(inner, "__globals__", {}))  # pylint: disable=eval-used
    except Exception:  # pylint: disable=broad-except
        return note  # A word or an Arrow format; or else it is told as it stands.


def _signature(function: Any) -> inspect.Signature | None:
    try:
        if sys.version_info >= (3, 14):
            import annotationlib  # pylint: disable=import-outside-toplevel,import-error
            return inspect.signature(function,
                                     annotation_format=annotationlib.Format.FORWARDREF)
        return inspect.signature(function)
    except (ValueError, TypeError):
        return None


def told_by(function: Any, what: str, skip: int = 0) -> Told:
    """What annotations say; `skip`: parameters that are not SQL's, such as self."""
    inner, found = _check(function, what), _signature(function)
    if found is None:
        raise DataError(f"{function!r} does not tell its parameters; say parameters=[...]")
    parameters: list[tuple[str, Any]] = []
    needed, variadic = 0, False
    for at, (name, one) in enumerate(found.parameters.items()):
        if at < skip:
            continue
        if one.kind is one.KEYWORD_ONLY and one.default is one.empty:
            raise DataError(f"{what}: parameter '{name}' can only be given by name, and SQL gives "
                            "arguments by position; give it a default")
        if one.kind in (one.KEYWORD_ONLY, one.VAR_KEYWORD):
            continue
        variadic = variadic or one.kind is one.VAR_POSITIONAL
        needed += one.default is one.empty and one.kind is not one.VAR_POSITIONAL
        parameters.append((name, Any if one.annotation is one.empty else
                           _note(one.annotation, inner)))
    returns = None if found.return_annotation is found.empty else _note(found.return_annotation,
                                                                        inner)
    return Told(parameters, needed, variadic, returns)


def _named_types(parameters: Any) -> list[tuple[str, Any]]:
    if isinstance(parameters, abc.Mapping):
        return list(parameters.items())
    if isinstance(parameters, (str, bytes)) or not isinstance(parameters, abc.Iterable):
        raise DataError(f"parameters= is a list of types, not {parameters!r}")
    return [(f"p{i + 1}", kind) for i, kind in enumerate(parameters)]


def told(function: Any, parameters: Any, what: str, skip: int = 0) -> Told:
    """What parameters= says, if the function can be called like that; without it told_by()."""
    if parameters is None:
        return told_by(function, what, skip)
    named = _named_types(parameters)
    inner, found = _check(function, what), _signature(function)
    returns = None
    if found is not None:
        try:
            found.bind(*range(skip + len(named)))
        except TypeError as problem:
            raise DataError(f"{what} does not take {len(named)} arguments, the number of types in "
                            f"parameters=: {problem}") from None
        if found.return_annotation is not found.empty:
            returns = _note(found.return_annotation, inner)
    return Told(named, len(named), False, returns)


def aggregate(factory: Any, parameters: Any, what: str) -> Told:
    """What the step() and finish() of the groups that a factory makes say."""
    if not callable(factory):
        raise DataError(f"{what} is to be made by {factory!r}, which is not callable; give a class")
    made = factory.func if isinstance(factory, functools.partial) else factory
    if not isinstance(made, type):  # Only what it makes could tell.
        if parameters is None:
            raise DataError(f"{made!r} does not tell the parameters of its step(); say "
                            "parameters=[...]")
        named = _named_types(parameters)
        return Told(named, len(named), False, None)
    step = getattr(made, "step", None)
    end = getattr(made, "finish", None) or getattr(made, "finalize", None)
    if step is None or end is None:
        raise DataError(f"{what}: {made.__name__} has no {'step' if step is None else 'finish'}()")
    bound = isinstance(inspect.getattr_static(made, "step"), (staticmethod, classmethod))
    inner, found = _check(end, what + ": finish()"), _signature(end)
    returns = None
    if found is not None and found.return_annotation is not found.empty:
        returns = _note(found.return_annotation, inner)
    return told(step, parameters, what + ": step()", 0 if bound else 1)._replace(returns=returns)
