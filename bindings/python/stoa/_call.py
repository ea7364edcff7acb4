# SPDX-License-Identifier: Apache-2.0
"""How C is called: with a stoa_error of the call's own, under an operation, heeding Ctrl-C.

cffi lets go of the GIL for the length of a call. On the main thread the operation has a tick, a
Python function that does nothing: when a signal is pending, the interpreter runs its handler as
the tick is entered. What the handler raises (KeyboardInterrupt) is kept, the operation is
cancelled, and the exception is raised once C has returned.

Exceptions of the caller's own functions and streams travel the same way: kept here, thrown when the
call that ran them fails, as its __cause__.
"""

from __future__ import annotations

import _thread
import os
import sys
import time
from _weakref import ref

from ._error import DataError, exception
from ._lib import NULL, cell, ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._progress import Line

_get_ident = _thread.get_ident
# Without the module threading there is no thread but the main one yet.
_main = (sys.modules["threading"].main_thread().ident if "threading" in sys.modules
         else _get_ident())

# What the tick caught. Only the main thread writes and reads it.
_caught: list[BaseException] = []

# What callbacks raised, by thread.
_raised: dict[int, BaseException] = {}

# A mark for each call that other threads are inside of: the interpreter must not end meanwhile,
# since what C calls back on its way out would be gone.
elsewhere: list[None] = []
os.register_at_fork(after_in_child=elsewhere.clear)

# What callbacks raised that have no way to fail, by thread.
_certain: dict[int, BaseException] = {}

# Error structs that no call uses. Appending and popping are atomic.
_errors: list[Any] = []


def take_error() -> Any:
    """A stoa_error for one call; give_error() when it is not needed any more."""
    try:
        return _errors.pop()
    except IndexError:
        return ffi.new("stoa_error *")


give_error = _errors.append


def _catch(_kind: Any, problem: BaseException, _trace: Any) -> None:
    if problem is not None:
        _caught.append(problem)


def _throw_later(_kind: Any, problem: BaseException, _trace: Any) -> None:
    # Here other people's code pulls the stream: let the signal arrive once more, behind it. Sent
    # from here it would arrive here, where nobody hears what its handler raises.
    if isinstance(problem, KeyboardInterrupt):
        _thread.start_new_thread(_interrupt_behind, ())


def _interrupt_behind() -> None:
    import signal  # pylint: disable=import-outside-toplevel
    while getattr(sys._current_frames().get(_main), "f_code", None) is _throw_later.__code__:
        time.sleep(0.001)
    signal.pthread_kill(_main, signal.SIGINT)


def _nothing(_user_data: Any) -> int:
    if _watched and _watcher is not None:
        _watcher.tick(_watched[-1])
    # A collation cannot fail, so a Ctrl-C that reached it ends the call from here.
    return int(bool(_certain) and not isinstance(_certain.get(_main), (Exception, type(None))))


# Who shows how far calls are, and the calls of the main thread meanwhile.
_watcher: Line | None = None
_watched: list[Operation] = []


def watch(watcher: Line | None) -> None:
    """Have the calls of the main thread shown, or not any more."""
    global _watcher  # pylint: disable=global-statement
    _watcher = watcher


_tick = ffi.callback("int32_t(void *)", _nothing, error=1, onerror=_catch)
_stream_tick = ffi.callback("int32_t(void *)", _nothing, error=1, onerror=_throw_later)


def _milliseconds(timeout: float | None) -> int:
    """A timeout in seconds as the library takes it; -1 is none, and so is one without an end."""
    if timeout is None:
        return -1
    if isinstance(timeout, (str, bytes)) or timeout != timeout:
        raise TypeError(f"a timeout is a number of seconds or None, not {timeout!r}")
    return max(0, int(timeout * 1000)) if timeout < 1e15 else -1


class Living:
    """Objects as long as they live. Any thread adds, and looks through them, where a WeakSet must
    not grow while somebody does that."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: set[Any] = set()

    def add(self, one: Any) -> None:
        """From now on."""
        self._known.add(ref(one, self._known.discard))

    def all(self) -> list[Any]:
        """Those that live now."""
        return [one for known in self._known.copy() if (one := known()) is not None]


class _Token:
    """Whose it is, his is the turn."""

    __slots__ = ("__weakref__",)


class Turn:
    """Who reads what the library lent him, one at a time: whoever has the token.

    Not a lock, since a lock can be lost: a signal's handler may raise between its acquiring and
    the first line that would release it, a `with` included. A token that is lost dies, and there is
    another.
    """

    __slots__ = ("free", "_made")

    def __init__(self) -> None:
        token = _Token()
        self.free, self._made = [token], {0: ref(token)}

    def take(self) -> Any:
        """The token, for free.append(); None while somebody has it."""
        try:
            return self.free.pop()
        except IndexError:
            count = len(self._made)
            if self._made[count - 1]() is not None:
                return None
            token = _Token()
            mine = ref(token)
            return token if self._made.setdefault(count, mine) is mine else None

    def wait(self, seconds: float) -> Any:
        """The same, after a while if need be."""
        deadline = time.monotonic() + seconds
        while (token := self.take()) is None and time.monotonic() < deadline:
            time.sleep(0.0005)
        return token


class Operation:
    """A stoa_op: closed when the last that knows it forgets it."""

    __slots__ = ("handle", "_kept", "__weakref__")

    def __init__(self, timeout: float | None = None, exported: bool = False) -> None:
        tick = NULL
        if _get_ident() == _main:
            tick = _stream_tick if exported else _tick
        (made, self._kept), error = cell("stoa_op *"), take_error()
        if lib.stoa_op_open(_milliseconds(timeout), tick, NULL, NULL, made, error) < 0:
            raise exception(error)
        give_error(error)
        self.handle = made[0]

    def cancel(self) -> None:
        """End the call that runs under the operation, or the next one."""
        lib.stoa_op_cancel(self.handle, NULL)

    def progress(self) -> tuple[int, int]:
        """Done and total (-1 while unknown), in units of the operation's own."""
        done, total = ffi.new("int64_t *"), ffi.new("int64_t *")
        lib.stoa_op_progress(self.handle, done, total, NULL)
        return done[0], total[0]


class Operations:
    """The operations of an object's calls.

    An operation without a deadline serves call after call until it is cancelled; the next call
    gets a new one, so that a cancel that comes late hits nothing. Threads may share all this: an
    operation is known as long as a call has it, whatever became of `main` and `other`.
    """

    __slots__ = ("main", "other", "_known")

    def __init__(self) -> None:
        self.main: Operation | None = None
        self.other: Operation | None = None
        self._known = Living()

    def add(self, operation: Operation) -> None:
        """Have it cancelled with the others."""
        self._known.add(operation)

    def enter(self, timeout: float | Operation | None = None) -> Operation:
        """The operation for a call that begins. Calls that have one deadline together bring their
        operation."""
        if timeout is not None:
            made = timeout if isinstance(timeout, Operation) else Operation(timeout)
            self._known.add(made)
            return made
        main = _get_ident() == _main
        known = self.main if main else self.other
        if known is not None:
            return known
        made = Operation()
        self._known.add(made)
        if main:
            self.main = made
        else:
            self.other = made
        return made

    def cancel(self) -> None:
        """Cancel what runs now, if anything does."""
        for operation in self._known.all():
            self.renew(operation)
            operation.cancel()

    def renew(self, ended: Operation | None = None) -> None:
        """An operation (all of them) is cancelled or late: the next call needs a new one."""
        if ended is None or self.main is ended:
            self.main = None
        if ended is None or self.other is ended:
            self.other = None


def raise_later(problem: BaseException) -> None:
    """Remember what a callback raised that cannot fail: the call raises it when it is done."""
    _certain.setdefault(_get_ident(), problem)


def keep_raised(problem: BaseException) -> None:
    """Remember what a callback on this thread raised, as the cause of what its call raises."""
    _raised[_get_ident()] = problem


def forget_raised() -> None:
    """A call begins: what a callback raised before, while another library pulled a stream or in a
    call that succeeded all the same, is not what this one fails of."""
    _raised.pop(_get_ident(), None)


def raise_certain() -> None:
    """Raise what a callback of this thread's call left behind."""
    problem = _certain.pop(_get_ident(), None)
    if problem is not None:
        raise problem


def fail(error: Any) -> None:
    """Raise what a failed call says: the signal's exception, else the library's with its cause."""
    cause, certain = _raised.pop(_get_ident(), None), _certain.pop(_get_ident(), None)
    if cause is None or not isinstance(certain, (Exception, type(None))):
        cause = certain
    if _caught and _get_ident() == _main:
        raise _caught.pop()
    made = exception(error)
    give_error(error)
    if not isinstance(cause, (Exception, type(None))):
        raise cause  # KeyboardInterrupt, SystemExit and their like: what no handler is to hear.
    if isinstance(cause, DataError) and cause.handed_in:
        raise cause
    raise made from cause


def check_signals() -> None:
    """Raise what the tick caught in a call that succeeded all the same."""
    if _caught and _get_ident() == _main:
        raise _caught.pop()


def call(function: Any, *arguments: Any) -> int:
    """Call a function that does not block; its stoa_error comes last."""
    if _raised:
        forget_raised()
    error = take_error()
    status = function(*arguments, error)
    if status < 0:
        fail(error)
    give_error(error)
    return int(status)


def run(operations: Operations, timeout: float | Operation | None, function: Any, receiver: Any,
        *arguments: Any) -> int:
    """Call a function that may block: receiver, operation, arguments, error."""
    if _raised:
        forget_raised()
    error = take_error()
    operation = operations.enter(timeout)
    main = _get_ident() == _main
    watcher = _watcher if main else None
    if watcher is not None:
        _watched.append(operation)
        watcher.begin()
    if not main:
        elsewhere.append(None)
    try:
        status = function(receiver, operation.handle, *arguments, error)
    finally:
        if not main:
            elsewhere.pop()
        if watcher is not None:
            _watched.pop()
            watcher.end()
    if status < 0:
        if status in (-14, -15):
            operations.renew(operation)
        fail(error)
    give_error(error)
    if _caught:
        check_signals()
    if _certain:
        raise_certain()
    return int(status)


def wait_elsewhere(seconds: float) -> None:
    """Wait until no other thread is inside of a call; they have been cancelled."""
    deadline = time.monotonic() + seconds
    while elsewhere and time.monotonic() < deadline:
        time.sleep(0.002)


class Options:
    """Settings as an array of stoa_option, kept alive as long as this object. One that is None is
    not given."""

    __slots__ = ("array", "count", "_texts")

    def __init__(self, settings: dict[str, Any]) -> None:
        self._texts: list[Any] = []
        given = [item for item in settings.items() if item[1] is not None]
        self.count = len(given)
        self.array = ffi.new("stoa_option[]", self.count) if given else NULL
        for index, (key, value) in enumerate(given):
            for field, data in (("key", key.encode()),
                                ("value", setting_bytes(key, setting_text(value)))):
                made = ffi.new("char[]", data)
                self._texts.append(made)
                setattr(self.array[index], field, made)


def setting_bytes(key: str, text: str) -> bytes:
    """A setting's text as C takes it, which ends with a NUL."""
    try:
        if "\0" not in text:
            return text.encode()
    except UnicodeEncodeError as problem:
        raise DataError(f"the setting '{key}' is no text that UTF-8 can hold: {problem}") \
            from problem
    raise DataError(f"the setting '{key}' holds a NUL")


def setting_text(value: Any) -> str:
    """A setting's value as the library reads it: True is yes, lists have commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    if isinstance(value, bytes):  # As a path may be.
        return os.fsdecode(value)
    return str(value)
