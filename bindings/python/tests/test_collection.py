# SPDX-License-Identifier: Apache-2.0
"""Collections from Python: each call in shape, and each way data comes and goes."""

import ast
import datetime as dt
import os
import pathlib
import re
import subprocess
import sys

import pytest

import stoa

UTC = dt.timezone.utc
SCHEMA = """
CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL,
    discount REAL DEFAULT 0.1) STRICT;
CREATE TABLE Region (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE Orchard (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT UNIQUE NOT NULL,
    tree_count INTEGER NOT NULL DEFAULT 0,
    area REAL,
    date_planted TEXT,
    soil INTEGER,
    region_id INTEGER REFERENCES Region(id) ON DELETE SET NULL ON UPDATE CASCADE,
    orchard_neighbour INTEGER REFERENCES Orchard(id) ON DELETE SET NULL ON UPDATE CASCADE
) STRICT;
CREATE TABLE Orchard_vector_rows (
    id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE,
    vector_index INTEGER NOT NULL,
    spacing REAL, variety TEXT,
    PRIMARY KEY (id, vector_index)
) STRICT;
CREATE TABLE Orchard_set_buyers (
    id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE,
    region_sold_to INTEGER REFERENCES Region(id) ON DELETE CASCADE ON UPDATE CASCADE,
    UNIQUE (id, region_sold_to)
) STRICT;
CREATE TABLE Orchard_time_series_yield (
    id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE,
    date_time TEXT NOT NULL, block INTEGER NOT NULL,
    tonnes REAL, grade INTEGER,
    PRIMARY KEY (id, date_time, block)
) STRICT;
CREATE TABLE Orchard_time_series_files (drone_images TEXT, harvest_log TEXT) STRICT;
"""
DAY = dt.datetime(2024, 1, 1)
NOON = dt.datetime(2024, 1, 1, tzinfo=UTC)
HILL = {"label": "Hill", "tree_count": 120, "area": 2, "date_planted": dt.datetime(2019, 3, 1),
        "soil": 1, "region_id": "North", "spacing": [4.0, 4.5], "variety": ["Gala", "Fuji"],
        "region_sold_to": ["North"], "date_time": [DAY, DAY], "block": [2, 1],
        "tonnes": [1.5, 2.5]}
HILL_READ = {"id": 1, "label": "Hill", "tree_count": 120, "area": 2.0,
             "date_planted": dt.datetime(2019, 3, 1, tzinfo=UTC), "soil": 1, "region_id": 1,
             "orchard_neighbour": None, "spacing": [4.0, 4.5], "variety": ["Gala", "Fuji"],
             "region_sold_to": [1], "date_time": [NOON, NOON], "block": [1, 2],
             "tonnes": [2.5, 1.5], "grade": [None, None]}


@pytest.fixture
def farm(tmp_path):
    """A connection to the database of the manual's example."""
    path = tmp_path / "farm.db"
    stoa.create_collections(path, SCHEMA)
    with stoa.connect(path) as con:
        con.collection("Region").create_many([{"label": "North"}, {"label": "South"}])
        orchards = con.collection("Orchard")
        assert orchards.create(HILL) == 1
        assert orchards.create(label="Dale", soil=2, orchard_neighbour="Hill") == 2
        yield con


@pytest.fixture
def orchards(farm):
    return farm.collection("Orchard")


# ---- files and schemas ----

def test_a_file_appears_when_its_schema_is_valid(tmp_path):
    path, schema = tmp_path / "a.db", tmp_path / "a.sql"
    with pytest.raises(stoa.Error, match="Schema must have a 'Configuration' table"):
        stoa.create_collections(path, "CREATE TABLE A(id INTEGER PRIMARY KEY)")
    assert os.listdir(tmp_path) == []
    schema.write_text(SCHEMA, encoding="utf-8")
    stoa.create_collections(path, schema_file=schema, if_exists="refuse")
    with pytest.raises(stoa.ExistsError, match="file already exists"):
        stoa.create_collections(path, SCHEMA)
    with stoa.connect(path) as con:
        con.collection("Region").create(label="North")
    with pytest.raises(stoa.Error):
        stoa.create_collections(path, "CREATE TABLE Wrong_name(a)", if_exists="replace")
    with stoa.connect(path) as con:  # What is there is never lost to a wrong schema.
        assert con.collection("Region").ids == [1]
    stoa.create_collections(path, SCHEMA, if_exists="replace")
    with stoa.connect(path) as con:
        assert con.collection("Region").ids == []
    with pytest.raises(stoa.NotFoundError, match="Schema file not found"):
        stoa.create_collections(tmp_path / "b.db", schema_file=tmp_path / "none.sql")
    with pytest.raises(TypeError, match="a schema is a str, not a bytes"):
        stoa.create_collections(path, b"CREATE")


def test_the_schema_is_told(farm, orchards):
    assert farm.collections() == ["Configuration", "Orchard", "Region"]
    columns = list(orchards.schema().dicts())
    region = next(one for one in columns if one["name"] == "region_id")
    assert (region["type"], region["references_collection"]) == ("integer", "Region")
    assert [one["name"] for one in columns if one["dimension"]] == ["date_time", "block"]
    assert farm.check_schema().fetchall() == []
    assert "Collection: Orchard (2 elements)\n  Scalars:\n" in farm.describe_schema()
    assert "    - rows: spacing(REAL), variety(TEXT)\n" in orchards.describe()
    assert "Region" not in orchards.describe().replace("region", "")
    assert "tree_count: 2 non-null, 0 null; values {0: 1, 120: 1}" in orchards.summarize()


def test_apply_and_check(con):
    with pytest.raises(stoa.Error, match="Configuration"):
        con.apply_schema("CREATE TABLE Crop(id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL)")
    assert con.tables() == []
    con.apply_schema(SCHEMA)
    assert "Orchard" in con.collections()
    con.run("CREATE TABLE odd_name(a TEXT)")
    rule, fatal, table, _column, text = con.check_schema().fetchone()
    assert (rule, fatal, table) == ("2", True, "odd_name") and "underscores" in text
    with pytest.raises(stoa.Error, match="odd_name"):
        con.collection("Orchard").ids  # pylint: disable=expression-not-assigned


def test_migrations_go_up_and_down(tmp_path, con):
    for version, up in (("1", SCHEMA), ("2", "CREATE TABLE Crop(id INTEGER PRIMARY KEY, "
                                             "label TEXT UNIQUE NOT NULL) STRICT;")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "up.sql").write_text(up, encoding="utf-8")
    (tmp_path / "2" / "down.sql").write_text("DROP TABLE Crop;", encoding="utf-8")
    assert [row[3] for row in con.migrate(tmp_path, plan=True)] == [False, False]
    con.migrate(tmp_path, dry_run=True).close()
    assert con.tables() == []
    assert [row[:2] for row in con.migrate(tmp_path)] == [(1, "up"), (2, "up")]
    assert con.migrate(tmp_path).fetchall() == []
    assert [row[:2] for row in con.migrate(tmp_path, 1, direction="down")] == [(2, "down")]
    assert "Crop" not in con.collections()
    with pytest.raises(stoa.Error, match="no down.sql file"):
        con.migrate(tmp_path, 0, direction="down")


# ---- one element ----

def test_an_element_as_a_dict(orchards):
    assert orchards["Hill"] == orchards[1] == HILL_READ
    dale = orchards["Dale"]
    assert dale["orchard_neighbour"] == 1 and dale["spacing"] == [] and dale["area"] is None
    named = orchards.get("Hill", relations="label", dates="text")
    assert named["region_id"] == "North" and named["region_sold_to"] == ["North"]
    assert named["date_planted"] == "2019-03-01T00:00:00"
    assert list(orchards.get(1, groups="none")) == list(HILL_READ)[:8]
    assert orchards.get(1, groups="vector") == {"spacing": [4.0, 4.5], "variety": ["Gala", "Fuji"]}


def test_what_is_missing_is_said(farm, orchards):
    for wrong in (99, "Nowhere"):
        with pytest.raises(stoa.NotFoundError, match="Element not found"):
            orchards[wrong]  # pylint: disable=pointless-statement
        with pytest.raises(stoa.NotFoundError, match="Element not found"):
            orchards.update(wrong, area=1.0)
        with pytest.raises(stoa.NotFoundError, match="Element not found"):
            del orchards[wrong]
        with pytest.raises(stoa.NotFoundError, match="Element not found"):
            orchards.vector("rows").clear(wrong)
        assert wrong not in orchards
    assert "Hill" in orchards and 2 in orchards and 1.5 not in orchards
    with pytest.raises(stoa.NotFoundError, match="collection not found: Orchid"):
        farm.collection("Orchid").ids  # pylint: disable=expression-not-assigned
    with pytest.raises(stoa.NotFoundError, match="collection not found: Orchid"):
        1 in farm.collection("Orchid")  # pylint: disable=expression-not-assigned
    with pytest.raises(stoa.NotFoundError):
        orchards.read("colour")
    with pytest.raises(stoa.NotFoundError):
        orchards.group("branches").read()
    with pytest.raises(stoa.NotFoundError):
        orchards.update(1, colour="red")


def test_the_wrong_type_and_what_the_tables_refuse(orchards):
    before = orchards["Hill"]
    with pytest.raises(stoa.TypeMismatchError, match="tree_count"):
        orchards.update("Hill", tree_count=1.5)
    with pytest.raises(stoa.TypeMismatchError, match="array 'variety' index 0"):
        orchards.update("Hill", area=5.0, variety=[1, 2], spacing=[1.0, 2.0])
    with pytest.raises(stoa.ConstraintError, match="UNIQUE constraint failed: Orchard.label"):
        orchards.create(label="Hill")
    with pytest.raises(stoa.ConstraintError, match="NOT NULL constraint failed: Orchard.label"):
        orchards.create(area=1.0)
    with pytest.raises(stoa.NotFoundError, match="Failed to resolve label 'West'"):
        orchards.update("Hill", region_id="West")
    with pytest.raises(stoa.InvalidError, match="same length"):
        orchards.update("Hill", spacing=[1.0], variety=["a", "b"])
    with pytest.raises(stoa.Error, match="NaN"):
        orchards.update("Hill", area=float("nan"))
    with pytest.raises(stoa.DataError, match="given twice"):
        orchards.create({"label": "a"}, label="b")
    with pytest.raises(stoa.DataError, match="out|range|exact|fit"):
        orchards.update("Hill", tree_count=1 << 64)
    with pytest.raises(TypeError, match="a name is a str, not a int"):
        orchards.create({1: 2})
    with pytest.raises(stoa.DataError, match="clear"):
        orchards.update("Hill", rows={})
    assert orchards["Hill"] == before


def test_updates_leave_the_rest(orchards):
    orchards.update("Hill", area=None, region_id="South", spacing=[], variety=[])
    hill = orchards["Hill"]
    assert (hill["area"], hill["region_id"], hill["spacing"]) == (None, 2, [])
    assert hill["tonnes"] == [2.5, 1.5] and hill["tree_count"] == 120
    orchards.update(1, rows={"spacing": [None, 2.5], "variety": ["a", None]},
                    region_sold_to={"North", "South"})
    hill = orchards["Hill"]
    assert hill["spacing"] == [None, 2.5] and hill["variety"] == ["a", None]
    assert sorted(hill["region_sold_to"]) == [1, 2]
    orchards.relate("orchard_neighbour", "Hill", "Dale")
    assert orchards["Hill"]["orchard_neighbour"] == 2
    orchards.relate("orchard_neighbour", "Hill", None)
    assert orchards["Hill"]["orchard_neighbour"] is None


def test_deleting(orchards):
    del orchards["Hill"]
    assert orchards.ids == [2] and orchards["Dale"]["orchard_neighbour"] is None
    assert orchards.vector("rows").read().fetchall() == []
    new = orchards.create(label="Hill")
    assert new == 3 and len(orchards) == 2 and list(orchards) == [2, 3] and bool(orchards)
    orchards.delete_many([2, 3])
    orchards.delete_many([])
    assert len(orchards) == 0 and bool(orchards)


def test_text_is_kept_as_it_is(orchards):
    text = "  a\0b\t\u00e9\U0001f34e\r\n "
    orchards.create(label=text, variety=[text, "", None], spacing=[1.0, 2.0, 3.0])
    assert orchards[text]["variety"] == [text, "", None]
    assert orchards.read("label", ids=[text]).fetchall() == [(3, text)]
    with pytest.raises(stoa.DataError):
        orchards.create(label="\ud800")


@pytest.mark.parametrize("given, read", [
    (dt.datetime(2024, 2, 29, 12, 30, 1), dt.datetime(2024, 2, 29, 12, 30, 1, tzinfo=UTC)),
    (dt.datetime(2024, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=3))),
     dt.datetime(2023, 12, 31, 22, tzinfo=UTC)),
    (dt.datetime(2024, 1, 1, 0, 0, 0, 250), dt.datetime(2024, 1, 1, 0, 0, 0, 250, tzinfo=UTC)),
    (dt.date(2024, 5, 6), dt.datetime(2024, 5, 6, tzinfo=UTC)),
    ("2024-05-06 07:08", dt.datetime(2024, 5, 6, 7, 8, tzinfo=UTC)),
    ("2024-05-06T07:08:09.5+02:00", dt.datetime(2024, 5, 6, 5, 8, 9, 500000, tzinfo=UTC)),
])
def test_dates(orchards, given, read):
    orchards.update("Dale", date_planted=given)
    assert orchards["Dale"]["date_planted"] == read
    assert orchards["Dale"]["date_planted"].tzinfo is UTC
    assert orchards.read("date_planted", ids=[2]).fetchall() == [(2, read)]
    series = orchards.series("yield")
    series.write("Dale", {"date_time": [given], "block": [1], "tonnes": [1.0]})
    assert series["Dale"]["date_time"] == [read]
    assert orchards["Dale"]["date_time"] == [read]
    series.upsert("Dale", date_time=given, block=1, tonnes=2.0)
    assert series["Dale"]["tonnes"] == [2.0]


def test_dates_beyond_nanoseconds_are_text(orchards):
    old = dt.datetime(1500, 6, 1, 2, 3, 4)
    orchards.update("Dale", date_planted=old)
    assert orchards.get("Dale", dates="text")["date_planted"] == "1500-06-01T02:03:04"
    with pytest.raises(stoa.TypeMismatchError, match="date_planted"):
        orchards["Dale"]  # pylint: disable=pointless-statement
    orchards.series("yield").write("Dale", {"date_time": [old, DAY], "block": [1, 1]})
    rows = orchards.series("yield").read("grade", ids="Dale", dates="text").fetchall()
    assert [row[1] for row in rows] == ["1500-06-01T02:03:04", "2024-01-01T00:00:00"]
    for wrong in ("2024-02-31", "soon", ""):
        with pytest.raises(stoa.Error, match="date_planted"):
            orchards.update("Dale", date_planted=wrong)


def test_policies(farm, orchards):
    farm.collection_policies(trim=True, nan="null", dates="raw")
    orchards.update("Dale", label="  Glen ", area=float("nan"), date_planted="whenever")
    assert orchards.get("Glen", dates="text")["date_planted"] == "whenever"
    assert orchards.get("Glen", dates="text")["area"] is None
    with pytest.raises(stoa.InvalidError, match="colour"):
        farm.collection_policies(colour="red")


# ---- transactions ----

def test_transactions_and_dry_runs(farm, orchards):
    with pytest.raises(ZeroDivisionError):
        with farm.transaction():
            orchards.update("Hill", area=9.0)
            raise ZeroDivisionError
    assert orchards["Hill"]["area"] == 2.0
    with farm.transaction():
        with pytest.raises(stoa.ConstraintError):  # Nothing of it is left, and one may go on.
            orchards.create(label="New", region_sold_to=[99])
        assert len(orchards) == 2
        orchards.update("Hill", area=3.0)
    assert orchards["Hill"]["area"] == 3.0
    with farm.dry_run():
        assert farm.in_dry_run
        with farm.transaction():
            orchards.delete("Hill")
        assert orchards.ids == [2]
    assert orchards.ids == [1, 2] and not farm.in_dry_run


def test_without_autocommit_nothing_stays_uncommitted(tmp_path):
    path = tmp_path / "a.db"
    stoa.create_collections(path, SCHEMA)
    con = stoa.connect(path, autocommit=False)
    con.collection("Region").create(label="North")
    con.commit()
    con.collection("Region").create_many({"label": ["South"]})
    con.rollback()
    assert con.collection("Region").ids == [1]
    con.close()


def test_closed_and_engines_without_collections(farm, orchards):
    farm.close()
    with pytest.raises(stoa.ClosedError):
        orchards["Hill"]  # pylint: disable=pointless-statement
    with pytest.raises(stoa.ClosedError):
        orchards.create_many({"label": ["a"]})
    with stoa.connect("null:") as con:
        with pytest.raises(stoa.UnsupportedError):
            con.collection("Orchard").ids  # pylint: disable=expression-not-assigned


def test_query_cell(farm):
    assert farm.query_cell("SELECT count(*) FROM Orchard") == 2
    assert farm.query_cell("SELECT tree_count FROM Orchard", kind="float") == 120.0
    assert farm.query_cell("SELECT label FROM Orchard WHERE id = ?", (2,), "text") == "Dale"
    assert farm.query_cell("SELECT label FROM Orchard") is None
    planted = farm.query_cell("SELECT date_planted FROM Orchard WHERE id = 1", None, "timestamp")
    assert planted == dt.datetime(2019, 3, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="kind is 'blob'"):
        farm.query_cell("SELECT 1", kind="blob")


# ---- files and CSV ----

def test_files(orchards, farm):
    files = orchards.files
    assert dict(files) == {"drone_images": None, "harvest_log": None}
    files["drone_images"] = "/a"
    files.write({"harvest_log": "/b"})
    assert dict(files) == {"drone_images": "/a", "harvest_log": "/b"} and len(files) == 2
    del files["drone_images"]
    assert files["drone_images"] is None
    files.write({"drone_images": "/c"}, mode="replace")
    assert dict(files) == {"drone_images": "/c", "harvest_log": None}
    with pytest.raises(stoa.NotFoundError, match="column 'x' not found"):
        files["x"] = "/d"
    with pytest.raises(KeyError):
        files["x"]  # pylint: disable=pointless-statement
    with pytest.raises(stoa.NotFoundError, match="files table not found"):
        dict(farm.collection("Region").files)


def test_csv(orchards, tmp_path):
    path = tmp_path / "folder" / "orchards.csv"
    enums = {"soil": {"en": {"clay": 1}}}
    assert orchards.export_csv(path, date_time_format="%d/%m/%Y", enum_labels=enums) == 2
    assert path.read_text(encoding="utf-8") == (
        "sep=,\nlabel,tree_count,area,date_planted,soil,region_id,orchard_neighbour\n"
        "Hill,120,2,01/03/2019,clay,North,\nDale,0,,,2,,Hill\n")
    orchards.update("Hill", area=7.0)
    done = orchards.import_csv(path, date_time_format="%d/%m/%Y", enum_labels=enums)
    assert (done.rows, done.updated, done.errors) == (2, 2, []) and orchards["Hill"] == HILL_READ
    assert orchards.export_csv(path, "yield") == 2
    orchards.series("yield").clear("Hill")
    assert orchards.import_csv(path, "yield", kind="time_series").inserted == 2
    assert orchards["Hill"] == HILL_READ
    path.write_text("label,area\nNew,1.5\nHill,x\n", encoding="utf-8")
    with pytest.raises(stoa.Error, match="Invalid float value 'x'"):
        orchards.import_csv(path, mode="merge", columns="some")
    done = orchards.import_csv(path, mode="merge", columns="some", on_error="skip")
    assert (done.inserted, done.skipped) == (1, 1) and done.errors[0][:2] == (3, "area")
    assert "inserted=1" in repr(done) and orchards["New"]["area"] == 1.5


def test_two_connections_see_one_file(farm, orchards, tmp_path):
    with stoa.connect(tmp_path / "farm.db") as other:
        there = other.collection("Orchard")
        there.create(label="Glen")
        assert orchards["Glen"]["id"] == 3
        farm.apply_schema("ALTER TABLE Orchard ADD COLUMN slope REAL")
        there.update("Glen", slope=0.5)
        assert orchards["Glen"]["slope"] == 0.5


# ---- the manual ----

ROOT = os.environ.get("STOA_ROOT")


def run_manual(text):
    """Run the blocks of a manual; a line that ends with a comment is compared with it."""
    schema = re.search(r"```sql\n(.*?)```", text, re.S).group(1)
    pathlib.Path("farm.sql").write_text(schema, encoding="utf-8")
    known, compared = {}, 0
    for block in re.findall(r"```python\n(.*?)```", text, re.S):
        lines = block.splitlines()
        for node in ast.parse(block).body:
            said = re.search(r"  # (.*)$", lines[node.end_lineno - 1])
            part = "\n".join(lines[node.lineno - 1:node.end_lineno])
            if said and isinstance(node, ast.Expr):
                assert repr(eval(part, known)) == said.group(1), part  # pylint: disable=eval-used
                compared += 1
            else:
                exec(part, known)  # pylint: disable=exec-used
    return compared


@pytest.mark.skipif(not ROOT, reason="needs the tree")
def test_the_manual_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    manual = pathlib.Path(ROOT, "docs/collections.md").read_text(encoding="utf-8")
    assert run_manual(manual) > 15
    assert "area: 3 non-null, 0 null" in capsys.readouterr().out
    points = pathlib.Path("yield.svg").read_text(encoding="utf-8")
    assert 'points="0,200 120,141 240,59 360,0 480,200 600,176"' in points


@pytest.mark.skipif(not ROOT, reason="needs the tree")
def test_the_example_draws(tmp_path):
    path = pathlib.Path(ROOT, "bindings/python/examples/orchards.py")
    done = subprocess.run([sys.executable, str(path), str(tmp_path)], capture_output=True,
                          text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    wanted = re.findall(r"# prints (.*)", path.read_text(encoding="utf-8"))
    assert wanted and [one for one in wanted if one not in done.stdout] == []
    drawn = (tmp_path / "yield.svg").read_text(encoding="utf-8")
    assert drawn.count("<polyline") == 2 and ">Dale</text>" in drawn
