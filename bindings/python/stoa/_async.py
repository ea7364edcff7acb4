# SPDX-License-Identifier: Apache-2.0
"""await instead of waiting: every call runs on a thread of its connection's own, so that the event
loop never blocks; a cancelled task cancels the call in the library."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncIterator, Callable, TypeVar

from ._async_collection import AsyncSchemaFirst
from ._connection import Connection, Done
from ._database import connect
from ._result import Result

if TYPE_CHECKING:
    from ._result import Row

T = TypeVar("T")


class _Worker:
    """One thread for one connection, and the order of its calls."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="stoa")
        self.con: Connection | None = None

    async def do(self, function: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
        """Run it on the thread; a task that is cancelled cancels the call and waits for its end."""
        if self.con is not None and not self.con._open:
            return function(*arguments, **keywords)  # Says at once what is closed.
        job = self.pool.submit(function, *arguments, **keywords)
        future = asyncio.wrap_future(job)
        # Its exception is looked at here, so that asyncio need not say that nobody did.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not job.cancel() and not job.done():
                if self.con is not None:
                    self.con.cancel()
                await asyncio.sleep(0.01)
            raise


class AsyncResult:
    """A result whose rows are awaited."""

    def __init__(self, worker: _Worker, result: Result) -> None:
        self._worker = worker
        self._result = result

    @property
    def columns(self) -> list[str]:
        """The columns' names."""
        return self._result.columns

    async def fetchone(self) -> Row | None:
        """The next row."""
        return await self._worker.do(self._result.fetchone)

    async def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows."""
        return await self._worker.do(self._result.fetchmany, size)

    async def fetchall(self) -> list[Row]:
        """All rows that are left."""
        return await self._worker.do(self._result.fetchall)

    async def scalar(self) -> Any:
        """The first value of the next row."""
        return await self._worker.do(self._result.scalar)

    async def arrow(self) -> Any:
        """What is left as a pyarrow.Table."""
        return await self._worker.do(self._result.arrow)

    async def pl(self) -> Any:
        """What is left as a polars.DataFrame."""
        return await self._worker.do(self._result.pl)

    async def df(self) -> Any:
        """What is left as a pandas.DataFrame."""
        return await self._worker.do(self._result.df)

    async def __aiter__(self) -> AsyncIterator[Row]:
        while rows := await self.fetchmany(1024):
            for row in rows:
                yield row

    def close(self) -> None:
        """End the statement where it is; never waits."""
        self._result.close()

    async def __aenter__(self) -> AsyncResult:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                        trace: TracebackType | None) -> None:
        self.close()


class AsyncConnection(AsyncSchemaFirst):
    """A connection whose calls are awaited; they run in order, one at a time.

    >>> async with await stoa.aconnect("app.db") as con:
    ...     async for row in await con.execute("SELECT * FROM t"):
    ...         print(row)
    """

    def __init__(self, worker: _Worker, con: Connection) -> None:
        self._worker = worker
        self.connection = con

    async def execute(self, sql: str, params: Any = None, *,
                      timeout: float | None = None) -> AsyncResult:
        """Run a statement and give its rows."""
        return AsyncResult(self._worker, await self._worker.do(
            self.connection.execute, sql, params, timeout=timeout))

    async def run(self, sql: str, params: Any = None, *, timeout: float | None = None) -> Done:
        """Run all statements of a text, and throw rows away."""
        return await self._worker.do(self.connection.run, sql, params, timeout=timeout)

    async def row(self, sql: str, params: Any = None, *,
                  timeout: float | None = None) -> Row | None:
        """The first row of a statement, which is kept prepared."""
        return await self._worker.do(self.connection.row, sql, params, timeout=timeout)

    async def executemany(self, sql: str, rows: Any, *, timeout: float | None = None) -> Done:
        """Run a statement for each row: all of them or none."""
        return await self._worker.do(self.connection.executemany, sql, rows, timeout=timeout)

    async def insert(self, table: str, data: Any, **settings: Any) -> int:
        """Write data into a table; the number of rows."""
        return await self._worker.do(self.connection.insert, table, data, **settings)

    async def begin(self, mode: str = "write") -> None:
        """Begin a transaction."""
        await self._worker.do(self.connection.begin, mode)

    async def commit(self) -> None:
        """Commit the open transaction."""
        await self._worker.do(self.connection.commit)

    async def rollback(self) -> None:
        """Take the open transaction back."""
        await self._worker.do(self.connection.rollback)

    async def do(self, function: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
        """Run anything else in its turn: a method of the connection, or a function that uses it.

        >>> await con.do(con.connection.create_function, "twice", lambda x: 2 * x)
        """
        return await self._worker.do(function, *arguments, **keywords)

    @asynccontextmanager
    async def transaction(self, mode: str = "write") -> AsyncIterator[None]:
        """A transaction that commits, or rolls back when an exception leaves it.

        >>> async with con.transaction():
        ...     await con.run("INSERT INTO t VALUES (1)")
        """
        scope = self.connection.transaction(mode)
        await self._worker.do(scope.__enter__)
        try:
            yield
        except BaseException as problem:
            await self._worker.do(scope.__exit__, type(problem), problem, problem.__traceback__)
            raise
        await self._worker.do(scope.__exit__, None, None, None)

    def cancel(self) -> None:
        """End the call that runs."""
        self.connection.cancel()

    def close(self) -> None:
        """Abandon the connection; never waits."""
        self.connection.close()
        self._worker.pool.shutdown(wait=False)

    async def __aenter__(self) -> AsyncConnection:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                        trace: TracebackType | None) -> None:
        self.close()


async def aconnect(target: str | os.PathLike[str] = ":memory:", *, timeout: float | None = None,
                   **settings: Any) -> AsyncConnection:
    """Open a database and a connection to it, whose calls are awaited."""
    worker = _Worker()
    try:
        worker.con = await worker.do(connect, target, timeout=timeout, **settings)
    except BaseException:
        worker.pool.shutdown(wait=False)
        raise
    return AsyncConnection(worker, worker.con)
