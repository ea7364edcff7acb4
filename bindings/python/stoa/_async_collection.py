# SPDX-License-Identifier: Apache-2.0
"""Collections whose calls are awaited: the methods of stoa.Collection and what it leads to, on the
thread of their connection."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Concatenate, Coroutine, ParamSpec, TypeVar

from . import _lua, collection
from ._schema_first import SchemaFirst

if TYPE_CHECKING:
    from ._async import AsyncResult, _Worker
    from ._connection import Connection
    from ._result import Result

T = TypeVar("T")
P = ParamSpec("P")


class _Awaited:
    """What runs its calls on the thread of a connection."""

    def __init__(self, worker: _Worker, plain: Any) -> None:
        self._worker = worker
        self._plain = plain

    def __repr__(self) -> str:
        return repr(self._plain).replace("<stoa.", "<stoa.Async", 1)


def _awaited(method: Callable[Concatenate[Any, P], T]
             ) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    async def do(self: Any, /, *arguments: P.args, **keywords: P.kwargs) -> T:
        done: T = await self._worker.do(method, self._plain, *arguments, **keywords)
        return done
    do.__doc__ = method.__doc__
    return do


def _rows(method: Callable[Concatenate[Any, P], Result]
          ) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, AsyncResult]]:
    async def do(self: Any, /, *arguments: P.args, **keywords: P.kwargs) -> AsyncResult:
        from ._async import AsyncResult  # pylint: disable=import-outside-toplevel
        result = await self._worker.do(method, self._plain, *arguments, **keywords)
        return AsyncResult(self._worker, result)
    do.__doc__ = method.__doc__
    return do


class AsyncGroup(_Awaited):
    """A group of a collection."""

    read = _rows(collection.Group.read)
    rows = _awaited(collection.Group.__getitem__)
    write = _awaited(collection.Group.write)
    write_column = _awaited(collection.Group.write_column)
    write_many = _awaited(collection.Group.write_many)
    clear = _awaited(collection.Group.clear)


class AsyncSeries(AsyncGroup):
    """A time series group."""

    read = _rows(collection.Series.read)
    upsert = _awaited(collection.Series.upsert)
    asof = _rows(collection.Series.asof)
    asof_join = _rows(collection.Series.asof_join)


def _files(plain: collection.Collection) -> dict[str, str | None]:
    """The paths of the collection's time series files, by column."""
    return dict(plain.files)


def _write_files(plain: collection.Collection, paths: dict[str, str | None], *,
                 mode: str = "merge", timeout: float | None = None) -> None:
    """Set some of them; with mode="replace" the others become None."""
    plain.files.write(paths, mode=mode, timeout=timeout)


def _ids(plain: collection.Collection) -> list[int]:
    """The ids, ascending."""
    return plain.ids


class AsyncCollection(_Awaited):
    """The elements of one collection; con.collection("Orchard") of an AsyncConnection.

    >>> hill = await con.collection("Orchard").create(label="Hill", area=2.0)
    >>> await con.collection("Orchard").get("Hill")
    """

    create = _awaited(collection.Collection.create)
    update = _awaited(collection.Collection.update)
    delete = _awaited(collection.Collection.delete)
    get = _awaited(collection.Collection.get)
    relate = _awaited(collection.Collection.relate)
    has = _awaited(collection.Collection.__contains__)
    count = _awaited(collection.Collection.__len__)
    ids = _awaited(_ids)
    create_many = _awaited(collection.Collection.create_many)
    update_many = _awaited(collection.Collection.update_many)
    delete_many = _awaited(collection.Collection.delete_many)
    read = _rows(collection.Collection.read)
    files = _awaited(_files)
    write_files = _awaited(_write_files)
    schema = _rows(collection.Collection.schema)
    describe = _awaited(collection.Collection.describe)
    summarize = _awaited(collection.Collection.summarize)

    async def export_csv(self, path: str | os.PathLike[str], group: str = "", *,
                         kind: str = "any", timeout: float | None = None, **settings: Any) -> int:
        """Write the scalars, or a group, to a file; the number of rows."""
        return await self._worker.do(self._plain.export_csv, path, group, kind=kind,
                                     timeout=timeout, **settings)

    async def import_csv(self, path: str | os.PathLike[str], group: str = "", *,
                         kind: str = "any", timeout: float | None = None,
                         **settings: Any) -> collection.Imported:
        """Read such a file, all of it or nothing."""
        return await self._worker.do(self._plain.import_csv, path, group, kind=kind,
                                     timeout=timeout, **settings)

    def group(self, name: str, kind: str = "any") -> AsyncGroup:
        """A vector, set or time series group, found in this order."""
        return AsyncGroup(self._worker, self._plain.group(name, kind))

    def vector(self, name: str) -> AsyncGroup:
        """A vector group."""
        return AsyncGroup(self._worker, self._plain.vector(name))

    def set(self, name: str) -> AsyncGroup:
        """A set group."""
        return AsyncGroup(self._worker, self._plain.set(name))

    def series(self, name: str) -> AsyncSeries:
        """A time series group."""
        return AsyncSeries(self._worker, self._plain.series(name))


class AsyncLua(_Awaited):
    """A Lua 5.4 that has the connection's collections as `db`."""

    run = _awaited(_lua.Lua.run)

    def close(self) -> None:
        """Forget its globals; twice is harmless."""
        self._plain.close()

    async def __aenter__(self) -> AsyncLua:
        return self

    async def __aexit__(self, *_problem: Any) -> None:
        self.close()


class AsyncSchemaFirst:
    """What an awaited connection does with collections."""

    _worker: _Worker
    connection: Connection

    @property
    def _plain(self) -> Connection:
        return self.connection

    def collection(self, name: str) -> AsyncCollection:
        """One of the collections: its elements, whole and in bulk."""
        return AsyncCollection(self._worker, self.connection.collection(name))

    async def lua(self) -> AsyncLua:
        """Run Lua scripts on the collections."""
        return AsyncLua(self._worker, await self._worker.do(self.connection.lua))

    collections = _awaited(SchemaFirst.collections)
    apply_schema = _awaited(SchemaFirst.apply_schema)
    check_schema = _rows(SchemaFirst.check_schema)
    describe_schema = _awaited(SchemaFirst.describe_schema)
    query_cell = _awaited(SchemaFirst.query_cell)

    async def migrate(self, folder: str | os.PathLike[str], to: int | None = None, *,
                      timeout: float | None = None, **settings: Any) -> AsyncResult:
        """Bring the database to a version by the scripts of a folder."""
        from ._async import AsyncResult  # pylint: disable=import-outside-toplevel
        return AsyncResult(self._worker, await self._worker.do(
            self.connection.migrate, folder, to, timeout=timeout, **settings))

    async def collection_policies(self, **settings: Any) -> None:
        """What later calls do with odd values."""
        await self._worker.do(self.connection.collection_policies, **settings)
