# SPDX-License-Identifier: Apache-2.0
"""Blocks: what is done in them is kept when they end, and taken back when an exception leaves."""

from __future__ import annotations

from ._call import run
from ._lib import lib
from ._values import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from ._connection import Connection


class Transaction:
    """A transaction for the length of a `with`."""

    def __init__(self, con: Connection, mode: str) -> None:
        self._con = con
        self._mode = mode

    def __enter__(self) -> Connection:
        self._con.begin(self._mode)
        return self._con

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is None:
            self._con.commit()
        elif self._con._open:
            self._con.rollback()


class Savepoint:
    """A point inside a transaction, for the length of a `with`."""

    def __init__(self, con: Connection, name: str) -> None:
        self._con = con
        self._name = named(name, "a savepoint's name")

    def _point(self, function: Any) -> None:
        run(self._con._operations, None, function, self._con._handle, self._name,
            len(self._name))

    def __enter__(self) -> Connection:
        self._point(lib.stoa_savepoint)
        return self._con

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is not None:
            if not self._con._open or not self._con.in_transaction:
                return
            self._point(lib.stoa_savepoint_rollback)
        self._point(lib.stoa_savepoint_release)


class DryRun:
    """A transaction that is taken back whatever happens, for the length of a `with`."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def __enter__(self) -> Connection:
        run(self._con._operations, None, lib.stoa_dry_run_begin, self._con._handle)
        return self._con

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._con._open and self._con.in_dry_run:
            run(self._con._operations, None, lib.stoa_dry_run_end, self._con._handle)
