# SPDX-License-Identifier: Apache-2.0
"""The Arrow PyCapsule interface, both ways, and Arrow streams made of Python iterators.

A capsule handed out has a destructor in C, which runs at any time, also after the interpreter has
ended all Python code; so has a stream made here. Nothing of them is written in Python.
"""

from __future__ import annotations

from ._call import call, keep_raised, run
from ._error import DataError, fill
from ._held import hold, stream_release, thing
from ._lib import NULL, callback, ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

_STREAM, _SCHEMA, _ARRAY = b"arrow_array_stream", b"arrow_schema", b"arrow_array"
_TYPES = {_STREAM: "struct ArrowArrayStream *", _SCHEMA: "struct ArrowSchema *",
          _ARRAY: "struct ArrowArray *"}
_DESTRUCTOR = int(ffi.cast("uintptr_t", lib.stoa_python_capsule_free))
_SIZES = {name: ffi.sizeof(kind[:-2]) for name, kind in _TYPES.items()}


def _api() -> Any:
    """PyCapsule's functions; ctypes is imported by the first that needs them."""
    found = _functions.get("api")
    if found is None:
        import ctypes  # pylint: disable=import-outside-toplevel
        new, get = ctypes.pythonapi.PyCapsule_New, ctypes.pythonapi.PyCapsule_GetPointer
        end = ctypes.pythonapi.PyCapsule_SetDestructor
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p,
                                                       ctypes.c_void_p]
        get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        end.restype, end.argtypes = ctypes.c_int, [ctypes.py_object, ctypes.c_void_p]
        found = _functions["api"] = (new, get, end)
    return found


_functions: dict[str, Any] = {}


def pointer(capsule: Any, name: bytes) -> Any:
    """The struct in a capsule, which goes on owning what it holds."""
    address = _api()[1](capsule, name)
    return ffi.cast(_TYPES[name], address)


# ---- out ----

def _capsule(name: bytes, struct: Any) -> Any:
    """A capsule that owns what `struct` holds; the struct itself is emptied.

    A signal's handler may raise behind every call here. Then what has two owners would be released
    twice, so in between it has none: at worst it is lost."""
    new, _, set_destructor = _api()
    block = ffi.new("void **")
    call(lib.stoa_block_new, _SIZES[name], block)
    try:
        capsule = new(int(ffi.cast("uintptr_t", block[0])), name, None)
    except BaseException:
        lib.stoa_block_free(block[0])
        raise
    set_destructor(capsule, _DESTRUCTOR)
    whole = ffi.buffer(struct)[:]
    struct.release = NULL
    ffi.memmove(block[0], whole, _SIZES[name])
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


def run_taking(stream: Any, *arguments: Any) -> int:
    """run() a call that takes a stream, which ends with the call also when it fails."""
    try:
        return run(*arguments)
    except BaseException:
        lib.stoa_stream_release(stream)
        raise


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


def _guarded(stream: Any, work: Callable[[_Producer], None]) -> int:
    producer: _Producer = thing(ffi.cast("stoa_python_object *", stream.private_data))
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
    text = thing(ffi.cast("stoa_python_object *", stream.private_data)).text
    return ffi.cast("char *", text.text) if text is not None else NULL


def from_iterator(items: Iterator[Any], open_one: Callable[[Any], tuple[Any, Any]]) -> Any:
    """A stream over the batches of an iterator's items, each opened when its turn comes."""
    out = ffi.new("struct ArrowArrayStream *")
    out.get_schema, out.get_next = _get_schema, _get_next
    out.get_last_error = ffi.cast("const char *(*)(struct ArrowArrayStream *)", _get_last_error)
    out.private_data, out.release = hold(_Producer(items, open_one)), stream_release
    return ffi.gc(out, lib.stoa_stream_release)
