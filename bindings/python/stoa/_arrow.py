# SPDX-License-Identifier: Apache-2.0
"""The Arrow PyCapsule interface, both ways, and Arrow streams made of Python iterators.

A capsule handed out has a destructor in C, which runs at any time, also after the interpreter has
ended all Python code; so has a stream made here. Nothing of them is written in Python.
"""

from __future__ import annotations

from ._call import call, keep_raised, run
from ._error import DataError, Error, fill
from ._held import hold, stream_release, thing
from ._lib import NULL, callback, empty, ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Sequence

_STREAM, _SCHEMA, _ARRAY = b"arrow_array_stream", b"arrow_schema", b"arrow_array"
_TYPES = {_STREAM: "struct ArrowArrayStream *", _SCHEMA: "struct ArrowSchema *",
          _ARRAY: "struct ArrowArray *"}
_DESTRUCTOR = int(ffi.cast("uintptr_t", lib.stoa_python_capsule_free))
_SIZES = {name: ffi.sizeof(kind[:-2]) for name, kind in _TYPES.items()}


def _api() -> Any:
    """PyCapsule's functions; ctypes is imported by the first that needs them. They are objects of
    our own: those of ctypes.pythonapi are the whole process's, and have the types that whoever
    came last gave them."""
    found = _functions.get("api")
    if found is None:
        import ctypes  # pylint: disable=import-outside-toplevel
        capsule, name, address = ctypes.py_object, ctypes.c_char_p, ctypes.c_void_p
        new = ctypes.PYFUNCTYPE(capsule, address, name, address)
        get = ctypes.PYFUNCTYPE(address, capsule, name)
        end = ctypes.PYFUNCTYPE(ctypes.c_int, capsule, address)
        found = _functions["api"] = (new(("PyCapsule_New", ctypes.pythonapi)),
                                     get(("PyCapsule_GetPointer", ctypes.pythonapi)),
                                     end(("PyCapsule_SetDestructor", ctypes.pythonapi)))
    return found


_functions: dict[str, Any] = {}


def pointer(capsule: Any, name: bytes) -> Any:
    """The struct in a capsule, which goes on owning what it holds."""
    try:
        address = _api()[1](capsule, name)
    except ValueError as problem:
        raise DataError(f"a {type(capsule).__name__} is no PyCapsule named '{name.decode()}', "
                        "which the Arrow protocol asks for") from problem
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
        self.struct = schema
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
        out = empty("struct ArrowSchema *")
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
    pair = source.__arrow_c_array__()
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise DataError(f"__arrow_c_array__() of a {type(source).__name__} gave no pair of "
                        "PyCapsules")
    schema, array = pair
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
        self.number = -1  # Of the item, from 0.
        self.first: Any = None  # The schema of the first item, which is that of all.
        self.other: Any = None  # The schema of this item, where it is another.
    def forward(self) -> bool:
        """Go to the stream of the next item; False at the end."""
        self.stream = self.kept = self.other = None
        for item in self.items:
            self.stream, self.kept = self.open_one(item)
            self.number += 1
            found = empty("struct ArrowSchema *")
            call(lib.stoa_stream_schema, self.stream, found)
            if self.first is None:
                self.first = found
            elif not _alike(found, self.first):
                self.other = self.checked(found)
            return True
        return False

    def checked(self, found: Any) -> Any:
        """A schema of other types or another order, but of the same columns as the first."""
        names, others = [[_text(one.children[i].name) for i in range(one.n_children)]
                         for one in (self.first, found)]
        if sorted(names) != sorted(others):
            raise DataError(f"item {self.number} of the iterator has the columns "
                            f"{', '.join(others)}, the first has {', '.join(names)}")
        return found

    def schema(self, out: Any) -> None:
        """The schema of the first item is that of all."""
        if self.stream is None and not self.forward():
            raise DataError("the iterator gives no batch at all, so its columns are not known")
        call(lib.stoa_schema_copy, self.first, out)

    def next(self, out: Any) -> None:
        """The next batch, or a released one at the end."""
        while self.stream is not None or self.forward():
            if self.pull(out):
                return
            if not self.forward():
                break
        out.release = NULL

    def failed(self, problem: BaseException) -> None:
        """The call that pulls the stream has this for its cause."""
        if isinstance(problem, DataError):
            problem.handed_in = True
        keep_raised(problem)

    def pull(self, out: Any) -> bool:
        """The next batch of this item, with the types of the first; False at its end."""
        if self.other is None:
            return call(lib.stoa_stream_next, self.stream, out) == 0
        batch = empty("struct ArrowArray *")
        if call(lib.stoa_stream_next, self.stream, batch) != 0:
            return False
        try:
            call(lib.stoa_batch_cast, self.other, batch, self.first, out)
        except Error as problem:
            raise DataError(f"item {self.number} of the iterator has not the types of the first: "
                            f"{problem}") from problem
        return True


class _Watched:
    """A stream that goes through Python, to have what ended it."""

    def __init__(self, stream: Any, names: Sequence[str] | None) -> None:
        self.stream = stream
        self.names = names
        self.text: Any = None
        self.problem: BaseException | None = None

    def schema(self, out: Any) -> None:
        """The stream's own, with the names that were given."""
        if self.names is None:
            call(lib.stoa_stream_schema, self.stream, out)
            return
        found = empty("struct ArrowSchema *")
        call(lib.stoa_stream_schema, self.stream, found)
        copy_renamed(found, self.names, out)

    def next(self, out: Any) -> None:
        """The stream's next batch, or a released one."""
        if call(lib.stoa_stream_next, self.stream, out) != 0:
            out.release = NULL

    def failed(self, problem: BaseException) -> None:
        """Whoever watches finds it here."""
        self.problem = problem


def copy_renamed(schema: Any, names: Sequence[str], out: Any) -> None:
    """A copy of a schema, with other names for its columns."""
    count = len(names)
    children = ffi.new("struct ArrowSchema[]", max(1, count))
    pointers = ffi.new("struct ArrowSchema *[]", max(1, count))
    texts = [ffi.new("char[]", name.encode()) for name in names]
    for i, text in enumerate(texts):
        children[i] = schema.children[i][0]
        children[i].name = text
        pointers[i] = children + i
    whole = ffi.new("struct ArrowSchema *", schema[0])
    whole.children = pointers
    call(lib.stoa_schema_copy, whole, out)


def _text(name: Any) -> str:
    return ffi.string(name).decode("utf-8", "replace") if name else ""


def _alike(one: Any, other: Any) -> bool:
    """Whether two schemas describe the same layout under the same names."""
    if (ffi.string(one.format) != ffi.string(other.format) or one.n_children != other.n_children
            or bool(one.dictionary) != bool(other.dictionary)):
        return False
    if one.dictionary and not _alike(one.dictionary, other.dictionary):
        return False
    for i in range(one.n_children):
        child, like = one.children[i], other.children[i]
        if _text(child.name) != _text(like.name) or not _alike(child, like):
            return False
    return True


def _guarded(stream: Any, work: Callable[[Any], None]) -> int:
    producer: Any = thing(ffi.cast("stoa_python_object *", stream.private_data))
    try:
        work(producer)
        return 0
    except BaseException as problem:  # pylint: disable=broad-except
        producer.failed(problem)
        producer.text = ffi.new("stoa_error *")
        fill(producer.text, problem)
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
    return _produced(_Producer(items, open_one))


def watch(stream: Any, names: Sequence[str] | None) -> tuple[Any, Any]:
    """A stream with other names, if they are given, and what has the `problem` that ended it."""
    watched = _Watched(stream, names)
    return _produced(watched), watched


def _produced(producer: _Producer | _Watched) -> Any:
    out = empty("struct ArrowArrayStream *")
    out.get_schema, out.get_next = _get_schema, _get_next
    out.get_last_error = ffi.cast("const char *(*)(struct ArrowArrayStream *)", _get_last_error)
    out.private_data, out.release = hold(producer), stream_release
    return out
