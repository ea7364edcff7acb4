# SPDX-License-Identifier: Apache-2.0
"""Collections from schema to plot: orchards, their harvests over time, one drawing of them.

    python orchards.py [FOLDER]        writes farm.db, orchards.csv and yield.svg there
"""

from __future__ import annotations

import datetime as dt
import math
import pathlib
import sys

import stoa

SCHEMA = """
CREATE TABLE Configuration (
    id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, discount REAL DEFAULT 0.1
) STRICT;
CREATE TABLE Region (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE Orchard (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT UNIQUE NOT NULL,
    area REAL,
    date_planted TEXT,
    region_id INTEGER REFERENCES Region(id) ON DELETE SET NULL ON UPDATE CASCADE
) STRICT;
CREATE TABLE Orchard_vector_rows (
    id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE,
    vector_index INTEGER NOT NULL,
    spacing REAL, variety TEXT,
    PRIMARY KEY (id, vector_index)
) STRICT;
CREATE TABLE Orchard_time_series_yield (
    id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE,
    date_time TEXT NOT NULL,
    tonnes REAL,
    PRIMARY KEY (id, date_time)
) STRICT, WITHOUT ROWID;
"""
COLORS = ["#b03a2e", "#2471a3", "#229954"]


def harvests(orchard: str, size: float) -> list[dict[str, object]]:
    """Three years of harvests, month by month."""
    months = [dt.datetime(year, month, 1) for year in (2022, 2023, 2024) for month in range(1, 13)]
    return [{"label": orchard, "date_time": month,
             "tonnes": round(size * max(0.0, math.sin((month.month - 4) / 12 * 2 * math.pi)), 3)}
            for month in months]


def line(points: list[tuple[float, float]], color: str) -> str:
    """A line through points, as SVG."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'


def plot(rows: list[tuple[object, ...]], names: dict[object, str], path: pathlib.Path) -> None:
    """Draw (id, date, value) rows, a line an element."""
    width, height, margin = 720, 320, 40
    dates = [row[1] for row in rows if isinstance(row[1], dt.datetime)]
    first, span = min(dates), (max(dates) - min(dates)).total_seconds()
    most = max(row[2] for row in rows if isinstance(row[2], float))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             'font-family="sans-serif" font-size="12">',
             f'<text x="{margin}" y="20">tonnes, at most {most:g}</text>']
    for year in sorted({date.year for date in dates}):
        begun = dt.datetime(year, 1, 1, tzinfo=dt.timezone.utc)
        x = margin + (begun - first).total_seconds() / span * (width - 2 * margin)
        parts.append(f'<text x="{x:.0f}" y="{height - 12}">{year}</text>')
    for number, (key, name) in enumerate(names.items()):
        points = [(margin + (date - first).total_seconds() / span * (width - 2 * margin),
                   height - margin - value / most * (height - 2 * margin))
                  for owner, date, value in rows
                  if owner == key and isinstance(date, dt.datetime) and isinstance(value, float)]
        color = COLORS[number % len(COLORS)]
        parts += [line(points, color),
                  f'<text x="{width - 2 * margin}" y="{20 + 16 * number}" fill="{color}">'
                  f'{name}</text>']
    path.write_text("\n".join([*parts, "</svg>", ""]), encoding="utf-8")


def main(folder: pathlib.Path) -> None:
    """The whole story."""
    stoa.create_collections(folder / "farm.db", SCHEMA, if_exists="replace")
    with stoa.connect(folder / "farm.db") as con:
        con.collection("Region").create_many({"label": ["North", "South"]})
        orchards = con.collection("Orchard")

        # One by one, and in bulk: relations by label, lists are vectors.
        orchards.create(label="Hill", area=2.0, date_planted=dt.date(2019, 3, 1),
                        region_id="North", spacing=[4.0, 4.5], variety=["Gala", "Fuji"])
        orchards.create_many([
            {"label": "Dale", "area": 3.5, "region_id": "South", "spacing": [5.0],
             "variety": ["Elstar"]},
            {"label": "Glen", "area": None, "region_id": None, "spacing": [], "variety": []}])
        print(len(orchards), orchards["Hill"]["variety"])  # prints 3 ['Gala', 'Fuji']

        # A time series of two elements in one call.
        series = orchards.series("yield")
        written = series.write_many(harvests("Hill", 12.0) + harvests("Dale", 7.5))
        print(written, "rows")  # prints 72 rows
        for row in series.asof("tonnes", dt.date(2024, 8, 15)):
            print(row)  # prints (1, 10.392)

        # What if? Nothing of it stays.
        with con.dry_run():
            orchards.update("Hill", area=None)
            del orchards["Dale"]
            print(orchards.ids)  # prints [1, 3]
        print(orchards.get("Dale", groups="none", relations="label")["region_id"])  # prints South

        orchards.export_csv(folder / "orchards.csv")
        names = {row[0]: str(row[1]) for row in orchards.read("label", ids=["Hill", "Dale"])}
        plot(series.read("tonnes", ids=list(names.values()), begin=dt.date(2022, 1, 1)).fetchall(),
             names, folder / "yield.svg")
        print(names)  # prints {1: 'Hill', 2: 'Dale'}


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "."))
