# SPDX-License-Identifier: Apache-2.0
"""The care of a database: copies, checks, checkpoints, attached databases, blobs in place."""

from __future__ import annotations

import os

from ._call import Operations, call, run
from ._lib import cell, ffi, lib
from ._values import named, one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable

_CHECKPOINTS = {"passive": 0, "full": 1, "truncate": 2}


class Care:
    """What a connection offers for the care of its database."""

    _handle: Any
    _operations: Operations
    _scans: Any
    _close_later: Callable[[Any, Any], None]

    def _care(self, timeout: float | None, function: Any, *arguments: Any) -> None:
        run(self._operations, timeout, function, self._handle, *arguments)

    def ping(self, *, timeout: float | None = None) -> None:
        """Ask the engine for a sign of life."""
        self._care(timeout, lib.stoa_ping)

    def reset(self, *, timeout: float | None = None) -> None:
        """Make the connection as good as new."""
        self._care(timeout, lib.stoa_conn_reset)
        self._scans.renew()

    def backup(self, path: str | os.PathLike[str], *, replace: bool = False,
               timeout: float | None = None) -> None:
        """Copy the database, while others use it, to a new file."""
        name = os.fsencode(path)
        self._care(timeout, lib.stoa_backup, name, len(name), int(replace))

    def restore(self, path: str | os.PathLike[str], *, timeout: float | None = None) -> None:
        """Replace the whole content by that of the database in a file."""
        name = os.fsencode(path)
        self._care(timeout, lib.stoa_restore, name, len(name))

    def check(self, *, integrity: bool = False,
              timeout: float | None = None) -> tuple[int, str]:
        """Look for damage: the number of problems, and the first of them."""
        problems, text = ffi.new("int64_t *"), ffi.new("char[]", 1024)
        self._care(timeout, lib.stoa_check, int(integrity), problems, text, 1024)
        return problems[0], ffi.string(text).decode("utf-8", "replace") if problems[0] else ""

    def checkpoint(self, mode: str = "passive", *, timeout: float | None = None) -> None:
        """Move the write-ahead log into the database: passive, full or truncate."""
        self._care(timeout, lib.stoa_checkpoint, one_of(_CHECKPOINTS, mode, "mode"))

    def vacuum(self, *, timeout: float | None = None) -> None:
        """Rebuild the database without its free pages."""
        self._care(timeout, lib.stoa_vacuum)

    def attach(self, target: str | os.PathLike[str], name: str, *,
               timeout: float | None = None) -> None:
        """Make another database visible under a name."""
        where, known = os.fsencode(target), named(name, "a database's name")
        self._care(timeout, lib.stoa_attach, where, len(where), known, len(known))

    def detach(self, name: str, *, timeout: float | None = None) -> None:
        """Make it visible no more."""
        known = named(name, "a database's name")
        self._care(timeout, lib.stoa_detach, known, len(known))

    def blob(self, table: str, column: str, row_id: int, *, database: str = "",
             writable: bool = False, timeout: float | None = None) -> Blob:
        """One stored value, opened for reading or writing in place."""
        made = cell("stoa_blob *")
        texts = [named(database, "a database's name"), named(table, "a table's name"),
                 named(column, "a column's name")]
        self._care(timeout, lib.stoa_blob_open, texts[0], len(texts[0]), texts[1], len(texts[1]),
                   texts[2], len(texts[2]), row_id, int(writable), made[0])
        return Blob(self, made)


class Blob:
    """One stored value, in place. Its size is fixed.

    >>> with con.blob("files", "data", 1) as blob:
    ...     blob.read(0, 100)
    """

    def __init__(self, con: Care, made: tuple[Any, Any]) -> None:
        self._con = con
        self._handle, self._kept = made[0][0], made[1]

    def __len__(self) -> int:
        size = ffi.new("int64_t *")
        call(lib.stoa_blob_size, self._handle, size)
        return int(size[0])

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        """Exactly `size` bytes at an offset; all behind it without a size."""
        count = len(self) - offset if size is None else size
        room = ffi.new("uint8_t[]", max(1, count))
        run(self._con._operations, None, lib.stoa_blob_read, self._handle, offset, room, count)
        return bytes(ffi.buffer(room, count))

    def write(self, offset: int, data: Any) -> None:
        """Write bytes at an offset."""
        raw = ffi.from_buffer(data)
        run(self._con._operations, None, lib.stoa_blob_write, self._handle, offset,
            ffi.cast("uint8_t *", raw), len(raw))

    def finish(self) -> None:
        """Close, and be told whether what was written is there."""
        run(self._con._operations, None, lib.stoa_blob_finish, self._handle)

    def close(self) -> None:
        """Forget it. Any time, any thread, twice."""
        self._con._close_later(lib.stoa_blob_close, self._handle)

    def __enter__(self) -> Blob:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()
