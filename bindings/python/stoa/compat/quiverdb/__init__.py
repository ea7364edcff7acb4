# SPDX-License-Identifier: Apache-2.0
"""The surface of the package quiverdb, over Stoa's collections.

A program that says

    from quiverdb import Database, CSVOptions

runs when it says

    from stoa.compat.quiverdb import Database, CSVOptions

Names, parameters, results, exceptions and quirks are those of quiverdb 0.10; what it loses by a
mistake is kept (docs/collections.md lists the differences). All logic is the library's.
"""

from stoa._lib import library_version as _library_version

from .database import Database
from .exceptions import QuiverError
from .lua_runner import LuaRunner
from .metadata import CSVOptions, DataType, GroupMetadata, LogLevel, ScalarMetadata


def version() -> str:
    """The library's version."""
    return _library_version()


__all__ = ["CSVOptions", "DataType", "Database", "GroupMetadata", "LogLevel", "LuaRunner",
           "QuiverError", "ScalarMetadata", "version"]
