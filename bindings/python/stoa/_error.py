# SPDX-License-Identifier: Apache-2.0
"""Exceptions: the tree of DB-API 2.0, with a class below it for every status of the library.

    try:
        con.execute("INSERT INTO t VALUES (1)")
    except stoa.LockedError as problem:      # another writer: try again later
        assert problem.retryable
    except stoa.Error as problem:            # anything else the library says
        print(problem.name, problem.position, problem)
"""

from __future__ import annotations


from ._lib import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Warning(Exception):  # pylint: disable=redefined-builtin
    """DB-API: important warnings. Never raised by this package."""


class Error(Exception):
    """What the library says of a failure; its text is the library's own sentence."""

    code: int = 0
    name: str = ""
    engine_code: int = 0
    sqlstate: str = ""
    flags: int = 0
    position: int = -1

    @property
    def retryable(self) -> bool:
        """The same call may succeed later, and doing it twice is harmless."""
        return bool(self.flags & 1)

    @property
    def in_doubt(self) -> bool:
        """The write may or may not have happened."""
        return bool(self.flags & 2)

    @property
    def rolled_back(self) -> bool:
        """The open transaction was rolled back by the engine."""
        return bool(self.flags & 4)


class InterfaceError(Error):
    """DB-API: the interface was used wrongly."""


class DatabaseError(Error):
    """DB-API: what the database says."""


class DataError(DatabaseError):
    """DB-API: a value does not fit."""

    # About data that was handed in and is converted while C pulls it: the call that pulled it
    # raises this, and not what C makes of it.
    handed_in: bool = False


class OperationalError(DatabaseError):
    """DB-API: what happens while a database works, not the program's fault."""


class IntegrityError(DatabaseError):
    """DB-API: a constraint refused the row."""


class InternalError(DatabaseError):
    """DB-API: a fault of the library."""


class ProgrammingError(DatabaseError):
    """DB-API: the program is wrong."""


class NotSupportedError(DatabaseError):
    """DB-API: the engine does not offer it."""


class InvalidError(ProgrammingError):
    """STOA_ERR_INVALID: the call is wrong: fix the argument the text names."""


class HandleError(InterfaceError):
    """STOA_ERR_HANDLE: not a handle, or a handle of another kind."""


class ClosedError(ProgrammingError):
    """STOA_ERR_CLOSED: the object, or what it was opened from, is closed."""


class ForkedError(OperationalError):
    """STOA_ERR_FORKED: opened before fork(); open again in a fresh process."""


class BusyError(ProgrammingError):
    """STOA_ERR_BUSY: this handle is in use by another call: fix the program."""


class LockedError(OperationalError):
    """STOA_ERR_LOCKED: another writer has it: try again later."""


class NotFoundError(ProgrammingError):
    """STOA_ERR_NOT_FOUND: no such table, column, entry, file or engine."""


class ExistsError(ProgrammingError):
    """STOA_ERR_EXISTS: already there."""


class ConstraintError(IntegrityError):
    """STOA_ERR_CONSTRAINT: a key, NOT NULL, CHECK or foreign key refused the row."""


class TypeMismatchError(DataError):
    """STOA_ERR_TYPE: the value does not fit the type."""


class SqlSyntaxError(ProgrammingError):
    """STOA_ERR_SYNTAX: the statement cannot be read; see `position`."""


class UnsupportedError(NotSupportedError):
    """STOA_ERR_UNSUPPORTED: this engine does not offer it."""


class ReadOnlyError(OperationalError):
    """STOA_ERR_READ_ONLY: opened for reading, or not permitted to write."""


class CancelledError(OperationalError):
    """STOA_ERR_CANCELLED: stoa_op_cancel(), a tick, or a close ended the call."""


class TimedOutError(OperationalError, TimeoutError):
    """STOA_ERR_TIMEOUT: the operation's deadline passed."""


class InputOutputError(OperationalError):
    """STOA_ERR_IO: the file system failed."""


class FullError(OperationalError):
    """STOA_ERR_FULL: disk, spool, queue or a stated bound is full."""


class CorruptError(DatabaseError):
    """STOA_ERR_CORRUPT: stored bytes are damaged, or not what they claim to be."""


class NetworkError(OperationalError):
    """STOA_ERR_NETWORK: the peer cannot be reached or went away."""


class AuthError(OperationalError):
    """STOA_ERR_AUTH: the peer refused the credentials."""


class ProtocolError(OperationalError):
    """STOA_ERR_PROTOCOL: the peer or a driver broke its own rules."""


class CallbackError(OperationalError):
    """STOA_ERR_CALLBACK: the caller's own function or stream reported a failure.
    See `__cause__`."""


class OutOfMemoryError(OperationalError, MemoryError):
    """STOA_ERR_NOMEM: out of memory; nothing was changed."""


class LibraryError(InternalError):
    """STOA_ERR_INTERNAL: a fault of Stoa. Please report the text."""


CLASSES: dict[int, type[Error]] = {
    -1: InvalidError, -2: HandleError, -3: ClosedError, -4: ForkedError, -5: BusyError,
    -6: LockedError, -7: NotFoundError, -8: ExistsError, -9: ConstraintError,
    -10: TypeMismatchError, -11: SqlSyntaxError, -12: UnsupportedError, -13: ReadOnlyError,
    -14: CancelledError, -15: TimedOutError, -16: InputOutputError, -17: FullError,
    -18: CorruptError, -19: NetworkError, -20: AuthError, -21: ProtocolError,
    -22: CallbackError, -23: OutOfMemoryError, -24: LibraryError,
}


def exception(error: Any) -> Error:
    """The exception for a filled stoa_error."""
    made = CLASSES.get(error.code, LibraryError)(
        ffi.buffer(error.text, error.text_size)[:].decode("utf-8", "replace"))
    made.code = error.code
    made.name = ffi.string(lib.stoa_status_name(error.code)).decode()
    made.engine_code = error.engine_code
    made.sqlstate = ffi.string(error.sqlstate).decode()
    made.flags = error.flags
    made.position = error.position
    return made


def fill(error: Any, problem: BaseException) -> int:
    """Put a Python exception into a stoa_error, and answer the status for it."""
    said = str(problem)
    told = f"{type(problem).__name__}: {said}" if said else type(problem).__name__
    text = told.encode("utf-8", "replace")[:1000]
    text = text.decode("utf-8", "ignore").encode()  # No half character at the cut.
    ffi.memmove(error.text, text + b"\0", len(text) + 1)
    error.code = int(lib.STOA_ERR_CALLBACK)
    error.engine_code = error.flags = 0
    error.position = -1
    error.text_size = len(text)
    return int(error.code)
