# SPDX-License-Identifier: Apache-2.0
"""The Arrow PyCapsule interface, both ways, and Arrow streams made of Python iterators.

A capsule handed out has no destructor: one written in Python would run after the interpreter that
it needs. Instead this module holds on to every capsule, and looks from time to time (at the next
one, at each close, at each garbage collection) for those nobody else holds; these are released.
At exit nothing has to run, and nothing does.
"""

from __future__ import annotations

import gc
import sys

from ._call import call, keep_raised
from ._error import DataError, fill
from ._lib import NULL, callback, ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

_STREAM, _SCHEMA, _ARRAY = b"arrow_array_stream", b"arrow_schema", b"arrow_array"
_TYPES = {_STREAM: "struct ArrowArrayStream *", _SCHEMA: "struct ArrowSchema *",
          _ARRAY: "struct ArrowArray *"}
_SIZES = {name: ffi.sizeof(kind[:-2]) for name, kind in _TYPES.items()}


def _api() -> Any:
    """PyCapsule's functions; ctypes is imported by the first that needs them."""
    found = _functions.get("api")
    if found is None:
        import ctypes  # pylint: disable=import-outside-toplevel
        new, get = ctypes.pythonapi.PyCapsule_New, ctypes.pythonapi.PyCapsule_GetPointer
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p,
                                                       ctypes.c_void_p]
        get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        found = _functions["api"] = (new, get)
    return found


_functions: dict[str, Any] = {}


def pointer(capsule: Any, name: bytes) -> Any:
    """The struct in a capsule, which goes on owning what it holds."""
    address = _api()[1](capsule, name)
    return ffi.cast(_TYPES[name], address)


# ---- out ----

_held: list[list[Any]] = []


def sweep() -> None:
    """Release the capsules that nobody holds any more."""
    for entry in list(_held):
        # The list in `entry` and getrefcount's own argument: two references are ours.
        if sys.getrefcount(entry[0]) > 2:
            continue
        try:
            _held.remove(entry)
        except ValueError:
            continue  # Another thread was faster.
        _release(entry[1], entry[2])


def _release(name: bytes, struct: Any) -> None:
    if name == _STREAM:
        lib.stoa_stream_release(struct)
    elif name == _SCHEMA:
        lib.stoa_schema_release(struct)
    else:
        lib.stoa_batch_release(struct)
    block = ffi.new("void **", ffi.cast("void *", struct))
    lib.stoa_block_free(block[0])


def _capsule(name: bytes, struct: Any) -> Any:
    """A capsule that owns what `struct` holds; the struct itself is emptied."""
    sweep()
    block = ffi.new("void **")
    call(lib.stoa_block_new, _SIZES[name], block)
    ffi.memmove(block[0], struct, _SIZES[name])
    struct.release = NULL
    capsule = _api()[0](int(ffi.cast("uintptr_t", block[0])), name, None)
    _held.append([capsule, name, ffi.cast(_TYPES[name], block[0])])
    return capsule


def stream_capsule(stream: Any) -> Any:
    """A stream for __arrow_c_stream__; taken."""
    return _capsule(_STREAM, stream)


def schema_capsule(schema: Any) -> Any:
    """A schema for __arrow_c_schema__; taken."""
    return _capsule(_SCHEMA, schema)


def array_capsules(schema: Any, batch: Any) -> tuple[Any, Any]:
    """Schema and array for __arrow_c_array__; taken."""
    return _capsule(_SCHEMA, schema), _capsule(_ARRAY, batch)


def _on_collection(phase: str, _info: Any) -> None:
    if phase == "stop" and _held:
        sweep()


gc.callbacks.append(_on_collection)


class Schema:
    """An Arrow schema, for whoever reads __arrow_c_schema__.

    >>> pyarrow.schema(con.table_schema("trades"))
    """

    def __init__(self, schema: Any) -> None:
        from ._columns import Field  # pylint: disable=import-outside-toplevel
        self.struct = ffi.gc(schema, lib.stoa_schema_release)
        self.fields = Field(schema).children

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [field.name for field in self.fields]

    @property
    def types(self) -> list[str]:
        """The columns' Arrow types in words."""
        return [field.type for field in self.fields]

    def __arrow_c_schema__(self) -> Any:
        out = ffi.new("struct ArrowSchema *")
        call(lib.stoa_schema_copy, self.struct, out)
        return schema_capsule(out)

    def __len__(self) -> int:
        return len(self.fields)

    def __repr__(self) -> str:
        return "Schema(" + ", ".join(map(repr, self.fields)) + ")"


# ---- in ----

def from_capsule_stream(source: Any) -> tuple[Any, Any]:
    """The stream of an object with __arrow_c_stream__, and what must be kept while it is used."""
    capsule = source.__arrow_c_stream__()
    return pointer(capsule, _STREAM), capsule


def from_capsule_array(source: Any) -> tuple[Any, Any]:
    """A stream of the one batch of an object with __arrow_c_array__."""
    from ._build import stream  # pylint: disable=import-outside-toplevel
    schema, array = source.__arrow_c_array__()
    return stream(pointer(schema, _SCHEMA), [pointer(array, _ARRAY)]), None


class _Producer:
    """What a stream made in Python needs while it lives."""

    def __init__(self, items: Iterator[Any], open_one: Callable[[Any], tuple[Any, Any]]) -> None:
        self.items = items
        self.open_one = open_one
        self.stream: Any = None
        self.kept: Any = None
        self.text: Any = None

    def forward(self) -> bool:
        """Go to the stream of the next item; False at the end."""
        self.stream = self.kept = None
        for item in self.items:
            self.stream, self.kept = self.open_one(item)
            return True
        return False

    def schema(self, out: Any) -> None:
        """The schema of the first item is that of all."""
        if self.stream is None and not self.forward():
            raise DataError("the iterator gives no batch at all, so its columns are not known")
        call(lib.stoa_stream_schema, self.stream, out)

    def next(self, out: Any) -> None:
        """The next batch, or a released one at the end."""
        while self.stream is not None or self.forward():
            if call(lib.stoa_stream_next, self.stream, out) == 0:
                return
            if not self.forward():
                break
        out.release = NULL


_producers: dict[int, Any] = {}


def _guarded(stream: Any, work: Callable[[_Producer], None]) -> int:
    producer: _Producer = ffi.from_handle(stream.private_data)
    try:
        work(producer)
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        keep_raised(problem)
        text = ffi.new("stoa_error *")
        fill(text, problem)
        producer.text = text
        return 5


@callback("int(struct ArrowArrayStream *, struct ArrowSchema *)", error=5)
def _get_schema(stream: Any, out: Any) -> int:
    return _guarded(stream, lambda producer: producer.schema(out))


@callback("int(struct ArrowArrayStream *, struct ArrowArray *)", error=5)
def _get_next(stream: Any, out: Any) -> int:
    return _guarded(stream, lambda producer: producer.next(out))


@callback("char *(struct ArrowArrayStream *)", error=NULL)
def _get_last_error(stream: Any) -> Any:
    text = ffi.from_handle(stream.private_data).text
    return ffi.cast("char *", text.text) if text is not None else NULL


@callback("void(struct ArrowArrayStream *)")
def _release_stream(stream: Any) -> None:
    _producers.pop(int(ffi.cast("uintptr_t", stream.private_data)), None)
    stream.release = NULL


def from_iterator(items: Iterator[Any], open_one: Callable[[Any], tuple[Any, Any]]) -> Any:
    """A stream over the batches of an iterator's items, each opened when its turn comes."""
    handle = ffi.new_handle(_Producer(items, open_one))
    _producers[int(ffi.cast("uintptr_t", handle))] = handle
    out = ffi.new("struct ArrowArrayStream *")
    out.get_schema, out.get_next = _get_schema, _get_next
    out.get_last_error = ffi.cast("const char *(*)(struct ArrowArrayStream *)", _get_last_error)
    out.release, out.private_data = _release_stream, handle
    return ffi.gc(out, lib.stoa_stream_release)
