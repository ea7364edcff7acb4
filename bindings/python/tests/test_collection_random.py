# SPDX-License-Identifier: Apache-2.0
"""Collections at random: schemas within the rules, elements within the schemas; written by every
route and read back by every route, they are the same."""

import datetime as dt

import pytest

import stoa

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

UTC = dt.timezone.utc
NAMES = ["alpha", "order", "Select", "group", "a b", "Ünïcode", 'q"uote', "tick`s", "semi;colon",
         "x-y", "percent%", "values", "comma,comma", "index", "name", "[bracket]", "100", "?1"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = {
    "INTEGER": st.integers(-2**63, 2**63 - 1),
    "REAL": st.floats(allow_nan=False) | st.integers(-2**53, 2**53).map(float),
    "TEXT": TEXT,
    "DATE": st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1), timezones=st.just(UTC)),
}
TARGETS = ["North", "south, of it", "  East\t", "W\"est\r\n", "\u00e9"]
PARENT = '"id" INTEGER NOT NULL REFERENCES Thing(id) ON DELETE CASCADE ON UPDATE CASCADE'


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class Column:
    """A column of a random schema."""

    def __init__(self, name, kind):
        self.kind = kind
        self.name = {"DATE": "date_" + name, "RELATION": "target_" + name}.get(kind, name)

    @property
    def sql(self):
        if self.kind == "RELATION":
            return (quoted(self.name) + " INTEGER REFERENCES Target(id) ON DELETE SET NULL "
                    "ON UPDATE CASCADE")
        return f"{quoted(self.name)} {'TEXT' if self.kind == 'DATE' else self.kind}"

    def values(self):
        return st.sampled_from(TARGETS) if self.kind == "RELATION" else VALUES[self.kind]


class Schema:
    """Scalars, and groups by (kind, name): their dimensions and value columns."""

    def __init__(self, scalars, groups, plain):
        self.scalars, self.groups = scalars, groups
        parts = ["CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL)",
                 "CREATE TABLE Target (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT",
                 "CREATE TABLE Thing (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT "
                 "NULL" + "".join(", " + column.sql for column in scalars) + ") STRICT"]
        for (kind, name), (dimensions, columns) in groups.items():
            cells = [PARENT] + ["vector_index INTEGER NOT NULL"] * (kind == "vector")
            cells += [one.sql + " NOT NULL" for one in dimensions] + [one.sql for one in columns]
            keys = ["id"] + ["vector_index"] * (kind == "vector")
            keys += [quoted(one.name) for one in (columns if kind == "set" else dimensions)]
            word = "UNIQUE" if kind == "set" else "PRIMARY KEY"
            parts.append(f"CREATE TABLE {quoted(f'Thing_{kind}_{name}')} ({', '.join(cells)}, "
                         f"{word} ({', '.join(keys)}))"
                         + (" WITHOUT ROWID" if kind != "set" and not plain else ""))
        self.sql = ";\n".join(parts) + ";"

    def columns(self, group):
        dimensions, columns = self.groups[group]
        return dimensions + columns


@st.composite
def schemas(draw):
    names = iter(draw(st.permutations(NAMES)))
    kinds = st.sampled_from([*VALUES, "RELATION"])
    scalars = [Column(next(names), draw(kinds)) for _ in range(draw(st.integers(0, 4)))]
    groups = {}
    for kind, most in (("vector", 2), ("set", 1), ("time_series", 1)):
        for number in range(draw(st.integers(0, most))):
            columns = [Column(next(names), draw(kinds)) for _ in range(draw(st.integers(1, 2)))]
            dimensions = []
            if kind == "time_series":
                dimensions = [Column("time", "DATE")]
                dimensions += [Column(next(names), "INTEGER")] * draw(st.integers(0, 1))
            groups[kind, f"g{number}"] = (dimensions, columns)
    return Schema(scalars, groups, draw(st.booleans()))


@st.composite
def elements(draw, schema):
    labels = draw(st.lists(TEXT.filter(bool), max_size=4, unique=True))
    out = []
    for label in labels:
        element = {"label": label}
        for column in schema.scalars:
            element[column.name] = draw(st.none() | column.values())
        for group, (dimensions, columns) in schema.groups.items():
            cells = [one.values() for one in dimensions]
            cells += [one.values() if group[0] == "set" else st.none() | one.values()
                      for one in columns]
            keys = len(dimensions) or None
            rows = draw(st.lists(st.tuples(*cells), max_size=3, unique_by=None
                                 if group[0] == "vector" else lambda row: row[:keys]))
            if group[0] == "time_series":
                rows.sort(key=lambda row: row[:keys])
            for place, column in enumerate(schema.columns(group)):
                element[column.name] = [row[place] for row in rows]
        out.append(element)
    return out


def database(schema):
    con = stoa.connect()
    con.apply_schema(schema.sql)
    con.collection("Target").create_many({"label": TARGETS})
    return con


def scalars_of(schema, element):
    return {name: element[name] for name in ["label", *(one.name for one in schema.scalars)]}


def bulk(con, schema, made):
    if made:
        con.collection("Thing").create_many({name: [one[name] for one in made]
                                             for name in made[0]})


def single(con, schema, made):
    for element in made:
        con.collection("Thing").create(element)


def by_groups(con, schema, made):
    things = con.collection("Thing")
    for element in made:
        things.create(scalars_of(schema, element))
    for group in schema.groups:
        names = [one.name for one in schema.columns(group)]
        for element in made[::2]:
            if element[names[0]]:
                things.group(group[1], group[0]).write(element["label"], {
                    name: element[name] for name in names})
        rows = [{"label": one["label"], **dict(zip(names, row))} for one in made[1::2]
                for row in zip(*[one[name] for name in names])]
        if rows:
            things.group(group[1], group[0]).write_many(rows)


def updates(con, schema, made):
    """Each element is another first, and then itself."""
    things = con.collection("Thing")
    bulk(con, schema, [{**made[-1 - n], "label": one["label"]} for n, one in enumerate(made)])
    for element in made[::2]:
        things.update(element["label"], {name: value for name, value in element.items()
                                         if name != "label"} or {"label": element["label"]})
    if made[1::2] and len(made[0]) > 1:
        things.update_many({name: [one[name] for one in made[1::2]] for name in made[0]})


def rows_one_by_one(con, schema, made):
    things = con.collection("Thing")
    for element in made:
        things.create({name: value for name, value in element.items()
                       if name not in series_names(schema)})
    for group in schema.groups:
        if group[0] == "time_series":
            for element in made:
                for row in zip(*[element[one.name] for one in schema.columns(group)]):
                    things.series(group[1]).upsert(element["label"], dict(
                        zip([one.name for one in schema.columns(group)], row)))


def series_names(schema):
    return {one.name for group in schema.groups if group[0] == "time_series"
            for one in schema.columns(group)}


ROUTES = [bulk, single, by_groups, updates, rows_one_by_one]


# ---- reading ----

def read_single(con, schema):
    things = con.collection("Thing")
    found = [things.get(key, relations="label") for key in things]
    return {one["label"]: {name: value for name, value in one.items() if name != "id"}
            for one in found}


def read_bulk(con, schema):
    names = ["label", *(one.name for one in schema.scalars)]
    names += [one.name for group in schema.groups for one in schema.columns(group)]
    result = con.collection("Thing").read(*names, relations="label")
    return {row["label"]: {name: row[name] for name in names} for row in result.dicts()}


def read_groups(con, schema):
    things = con.collection("Thing")
    names = ["label", *(one.name for one in schema.scalars)]
    out = {row["id"]: {name: row[name] for name in names}
           for row in things.read(*names, relations="label").dicts()}
    for group in schema.groups:
        for one in out.values():
            one.update({column.name: [] for column in schema.columns(group)})
        for row in things.group(group[1], group[0]).read(relations="label").dicts():
            for column in schema.columns(group):
                out[row["id"]][column.name].append(row[column.name])
    return {one["label"]: one for one in out.values()}


def through_csv(con, schema, folder):
    """A database of what was exported from another."""
    things, other = con.collection("Thing"), database(schema)
    there = other.collection("Thing")
    for kind, group in [("any", ""), *schema.groups]:
        path = folder / f"{kind}_{group}.csv"
        things.export_csv(path, group, kind=kind)
        there.import_csv(path, group, kind=kind)
    return other


def check_all(con, schema, wanted):
    for read in (read_single, read_bulk, read_groups):
        assert read(con, schema) == wanted, read.__name__


@pytest.mark.parametrize("write", ROUTES)
def test_every_route_there_and_back(write, tmp_path):
    @hypothesis.given(st.data())
    def check(data):
        schema = data.draw(schemas())
        made = data.draw(elements(schema))
        wanted = {one["label"]: one for one in made}
        with database(schema) as con:
            assert con.check_schema().fetchall() == []
            write(con, schema, made)
            check_all(con, schema, wanted)
            with through_csv(con, schema, tmp_path) as other:
                check_all(other, schema, wanted)
    check()
