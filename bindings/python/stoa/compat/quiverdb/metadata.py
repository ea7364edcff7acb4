# SPDX-License-Identifier: Apache-2.0
"""What a schema is made of, and the options of CSV files."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Iterable


class DataType(IntEnum):
    """The type of an attribute."""

    INTEGER = 0
    FLOAT = 1
    STRING = 2
    DATE_TIME = 3
    NULL = 4


class LogLevel(IntEnum):
    """How much is logged; Stoa writes no log by itself."""

    DEBUG = 0
    INFO = 1
    WARN = 2
    ERROR = 3
    OFF = 4


@dataclass(frozen=True)
class CSVOptions:
    """How dates and enums are written in CSV files."""

    date_time_format: str = ""
    enum_labels: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class ScalarMetadata:
    """A column."""

    name: str
    data_type: DataType
    not_null: bool
    primary_key: bool
    default_value: str | None
    is_foreign_key: bool
    references_collection: str | None
    references_column: str | None


@dataclass(frozen=True)
class GroupMetadata:
    """A vector, set or time series group; the dimension is "" for all but time series."""

    group_name: str
    dimension_column: str
    value_columns: list[ScalarMetadata]


_TYPES = {"integer": DataType.INTEGER, "real": DataType.FLOAT, "text": DataType.STRING,
          "date_time": DataType.DATE_TIME}


@dataclass(frozen=True)
class Column:
    """A row of the library's list of the schema."""

    kind: str
    group: str | None
    dimension: bool
    scalar: ScalarMetadata

    @property
    def is_date(self) -> bool:
        """Whether its texts are dates."""
        return self.scalar.data_type == DataType.DATE_TIME


def columns_of(rows: Iterable[dict[str, Any]]) -> list[Column]:
    """The library's list as columns."""
    return [Column(row["kind"], row["group"], bool(row["dimension"]), ScalarMetadata(
        row["name"], _TYPES[row["type"]], bool(row["not_null"]), bool(row["primary_key"]),
        row["default_value"], row["references_collection"] is not None,
        row["references_collection"], row["references_column"])) for row in rows]


def groups_of(columns: Iterable[Column], kind: str) -> list[GroupMetadata]:
    """The groups of a kind. The date comes first in a time series, and is its dimension."""
    found: dict[str, list[Column]] = {}
    for column in columns:
        if column.kind == kind:
            found.setdefault(column.group or "", []).append(column)
    made = []
    for name, members in found.items():
        first = members[0]
        dimension = first.scalar.name if kind == "time_series" and first.dimension else ""
        made.append(GroupMetadata(name, dimension, [one.scalar for one in members
                                                    if one.scalar.name != dimension]))
    return made
