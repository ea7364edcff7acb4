# SPDX-License-Identifier: Apache-2.0
"""One statement for many rows: by columns where the rows are of one kind, else row by row."""

from __future__ import annotations

from itertools import islice
from collections.abc import Mapping

from . import _build
from ._call import run
from ._error import DataError, Error
from ._lib import cell, ffi, lib
from ._source import is_source
from ._values import give_frame, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence
    from ._connection import Connection

_CHUNK = 65536

Counts = tuple[int, int]


def execute_many(con: Connection, sql: str, rows: Any, timeout: float | None) -> Counts:
    """All rows or none; rows affected and the last id."""
    with con.prepare(sql) as statement:
        if is_source(rows) or isinstance(rows, Mapping):
            return statement.executemany(rows, timeout=timeout)
        if isinstance(rows, (tuple, list)) and len(rows) <= _CHUNK:
            done = _chunk(statement, list(rows), timeout)
            if done is not None:
                return done
        # Several chunks, or rows of several kinds: one transaction holds them together.
        if con.in_transaction:
            with con.savepoint("stoa_many"):
                return _chunks(statement, rows, timeout)
        with con.transaction():
            return _chunks(statement, rows, timeout)


def _chunks(statement: Any, rows: Iterable[Any], timeout: float | None) -> Counts:
    affected, last, first = 0, 0, 0
    items = iter(rows)
    while chunk := list(islice(items, _CHUNK)):
        done = (_chunk(statement, chunk, timeout)
                or _one_by_one(statement, chunk, first, timeout))
        first += len(chunk)
        affected += max(0, done[0])
        last = done[1] or last
    return affected, last


def _chunk(statement: Any, rows: list[Any], timeout: float | None) -> Counts | None:
    """By columns; None when the rows do not make columns."""
    if not rows:
        return 0, 0
    names: Sequence[str]
    first = rows[0]
    if isinstance(first, Mapping):
        names = list(first)
        if not all(isinstance(row, Mapping) and row.keys() == first.keys() for row in rows):
            return None
        if sorted(names) != sorted(statement.parameters.names):
            return None  # What is wrong with them is said row by row.
        columns = [[row[name] for row in rows] for name in names]
    else:
        if not all(isinstance(row, (tuple, list)) and len(row) == len(first) for row in rows):
            return None
        names = [""] * len(first)
        columns = list(map(list, zip(*rows)))
    if not columns or not all(map(_uniform, columns)):
        return None
    made = [_build.from_list(name, column) for name, column in zip(names, columns)]
    return _execute(statement, made, len(rows), timeout)


_PLAIN = {int, float, str, bytes, bool, type(None)}


def _uniform(column: list[Any]) -> bool:
    """Whether a column binds as its values would: of one plain type, NULLs aside."""
    kinds = set(map(type, column))
    kinds.discard(type(None))
    if len(kinds) > 1 or not kinds <= _PLAIN:
        return False
    if int not in kinds:
        return True
    return all(item is None or -1 << 63 <= item < 1 << 63 for item in column)


def _execute(statement: Any, columns: list[_build.Column], rows: int,
             timeout: float | None) -> Counts:
    described, kept = _build.describe(columns)
    out = ffi.new("stoa_done *")
    run(statement._con._operations, timeout, lib.stoa_execute_columns, statement._handle,
        described, len(columns), rows, out)
    del kept
    return out.rows_affected, out.last_insert_id


def _one_by_one(statement: Any, rows: list[Any], first: int, timeout: float | None) -> Counts:
    """Row by row; `first` is the number of the first of them, from 0."""
    affected, last = 0, 0
    for number, row in enumerate(rows):
        try:
            frame = pack(row)
            if row is None:
                raise DataError("parameters are a NoneType; give a tuple, a list or a dict")
        except (DataError, TypeError) as problem:
            raise DataError(f"row {first + number}: {problem}") from problem
        try:
            result, kept = cell("stoa_result *")
            run(statement._con._operations, timeout, lib.stoa_execute, statement._handle,
                frame.values, frame.count, frame.bytes, frame.size, result)
        except Error as problem:
            problem.args = (f"row {first + number}: {problem}",)
            raise
        finally:
            give_frame(frame)
        stats = ffi.new("stoa_stats *")
        stats.struct_size = ffi.sizeof("stoa_stats")
        if lib.stoa_result_stats(result[0], stats, ffi.NULL) == 0:
            affected += max(0, stats.rows_affected)
            last = stats.last_insert_id or last
        del kept
    return affected, last
