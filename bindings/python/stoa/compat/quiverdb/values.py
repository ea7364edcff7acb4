# SPDX-License-Identifier: Apache-2.0
"""Python values on their way in, as quiverdb takes and refuses them, and dates on their way out."""

from __future__ import annotations

import datetime as dt
from typing import Any, Mapping, Sequence

_PLAIN = (bool, int, float, str)


def _checked(value: Any) -> Any:
    if isinstance(value, int) and not -1 << 63 <= value < 1 << 63:
        raise OverflowError(f"{value} does not fit in 64 bits")
    return value


def date_text(moment: dt.datetime) -> str:
    """A datetime as it is stored: UTC, with a fraction where there is one."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
    text = moment.isoformat()
    return text.rstrip("0") if moment.microsecond else text


def parse_date(text: str | None) -> dt.datetime | None:
    """A stored date as an aware datetime; ValueError for what is none."""
    if text is None:
        return None
    moment = dt.datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=dt.timezone.utc)
    return moment.astimezone(dt.timezone.utc)


def parse_dates(texts: Sequence[str | None]) -> list[dt.datetime | None]:
    """The same for a list."""
    return [parse_date(text) for text in texts]


def _uniform(items: list[Any], refuse: Any) -> list[Any]:
    """Items of one type: one float makes all numbers floats. `refuse` makes the TypeError."""
    kinds = set()
    for item in items:
        if item is None:
            continue
        if not isinstance(item, _PLAIN):
            raise refuse(item)
        kinds.add(str if isinstance(item, str) else float if isinstance(item, float) else int)
        _checked(item)
    if len(kinds) <= 1:
        return items
    if kinds == {int, float}:
        return [None if item is None else float(item) for item in items]
    raise refuse(next(item for item in items if isinstance(item, str) != isinstance(items[0], str)))


def _dated(items: Sequence[Any]) -> list[Any]:
    return [date_text(item) if isinstance(item, dt.datetime) else item for item in items]


def check_attribute(name: str, value: Any) -> Any:
    """A value for Element.set(): a scalar, or a list."""
    if isinstance(value, dt.datetime):
        return date_text(value)
    if isinstance(value, list):
        return _uniform(_dated(value), lambda item: TypeError(
            f"Unsupported array element type {type(item)} for Element.set('{name}')"))
    if value is None or isinstance(value, _PLAIN):
        return _checked(value)
    raise TypeError(f"Unsupported type {type(value)} for Element.set('{name}')")


def attributes(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Attributes as scalars and arrays."""
    cells: dict[str, Any] = {}
    arrays: dict[str, list[Any]] = {}
    for name, value in given.items():
        checked = check_attribute(name, value)
        if isinstance(checked, list):
            arrays[name] = checked
        else:
            cells[name] = checked
    return cells, arrays


def columns(data: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Columns of a group, of one length."""
    made: dict[str, list[Any]] = {}
    length: int | None = None
    for name, items in data.items():
        column = _uniform(_dated(list(items)), lambda item, name=name: TypeError(
            f"Unsupported value type for column '{name}': {type(item)}"))
        if length is not None and len(column) != length:
            raise ValueError("All column lists must have the same length, got "
                             f"{len(column)} for '{name}'")
        length = len(column)
        made[name] = column
    return made


def row(given: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a time series."""
    made = {}
    for name, value in given.items():
        if isinstance(value, dt.datetime):
            value = date_text(value)
        if value is not None and not isinstance(value, _PLAIN):
            raise TypeError(f"Column '{name}' value has unsupported type {type(value)}; "
                            "expected int, float, or str")
        made[name] = _checked(value)
    return made


def parameters(given: Sequence[Any] | None) -> list[Any]:
    """Parameters of a query."""
    made = []
    for value in given or []:
        if isinstance(value, dt.datetime):
            value = date_text(value)
        if value is not None and not isinstance(value, _PLAIN):
            raise TypeError(f"Unsupported parameter type: {type(value)}. "
                            "Expected int, float, str, or None.")
        made.append(_checked(value))
    return made
