# SPDX-License-Identifier: Apache-2.0
"""Tables to look at, as text and as HTML."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

_WIDTH = 40


def _cell(value: Any) -> str:
    shown = "NULL" if value is None else str(value)
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown)
    return shown if len(shown) <= _WIDTH else shown[:_WIDTH - 1] + "…"


def text(fields: Sequence[Any], rows: Sequence[Sequence[Any]], more: bool) -> str:
    """Columns under their names and types; numbers to the right."""
    if not fields:
        return "(no columns)"
    heads = [[_cell(field.name) for field in fields], [_cell(field.type) for field in fields]]
    body = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*heads, *body)]
    right = [all(isinstance(row[i], (int, float)) or row[i] is None for row in rows)
             for i in range(len(fields))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(cell.rjust(width) if side else cell.ljust(width)
                         for cell, width, side in zip(cells, widths, right)).rstrip()

    out = [line(cells) for cells in heads]
    out.append("  ".join("─" * width for width in widths))
    out += [line(cells) for cells in body]
    if more:
        out.append("…")
    return "\n".join(out)


def html(fields: Sequence[Any], rows: Sequence[Sequence[Any]], more: bool) -> str:
    """A table for notebooks; every value escaped."""
    from html import escape  # pylint: disable=import-outside-toplevel

    def cells(tag: str, values: Sequence[Any]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(_cell(value))}</{tag}>"
                                for value in values) + "</tr>"

    head = cells("th", [field.name for field in fields]) + cells(
        "th", [field.type for field in fields])
    body = "".join(cells("td", row) for row in rows)
    if more:
        body += f'<tr><td colspan="{len(fields)}">…</td></tr>'
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
