# SPDX-License-Identifier: Apache-2.0
"""The surface of quiverdb: names, shapes, exceptions and quirks."""

import datetime as dt
import enum
import gc
import inspect
import warnings

import pytest

import stoa
from stoa.compat import quiverdb
from stoa.compat.quiverdb import (CSVOptions, Database, DataType, GroupMetadata, LuaRunner,
                                  QuiverError, ScalarMetadata)
from stoa.compat.quiverdb._c_api import get_lib
from stoa.compat.quiverdb.element import Element

PARENT = "id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE"
SCHEMA = f"""
CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE Region (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE Orchard (
    id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL,
    tree_count INTEGER NOT NULL DEFAULT 6, area REAL, date_planted TEXT, soil INTEGER,
    region_id INTEGER REFERENCES Region(id) ON DELETE SET NULL ON UPDATE CASCADE) STRICT;
CREATE TABLE Orchard_vector_rows ({PARENT}, vector_index INTEGER NOT NULL, spacing REAL,
    variety TEXT, date_cut TEXT, PRIMARY KEY (id, vector_index)) STRICT;
CREATE TABLE Orchard_set_buyers ({PARENT}, region_sold_to INTEGER REFERENCES Region(id)
    ON DELETE CASCADE ON UPDATE CASCADE, UNIQUE (id, region_sold_to)) STRICT;
CREATE TABLE Orchard_time_series_yield ({PARENT}, date_time TEXT NOT NULL,
    block INTEGER NOT NULL, tonnes REAL, grade INTEGER,
    PRIMARY KEY (id, date_time, block)) STRICT;
CREATE TABLE Orchard_time_series_files (drone_images TEXT, harvest_log TEXT) STRICT;
"""
UTC = dt.timezone.utc
DAY = dt.datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def schema(tmp_path):
    path = tmp_path / "schema.sql"
    path.write_text(SCHEMA)
    return str(path)


@pytest.fixture
def farm(tmp_path, schema):
    with Database.from_schema(str(tmp_path / "farm.db"), schema) as made:
        made.create_element("Region", label="North")
        made.create_element("Orchard", label="Hill", tree_count=120, area=2, region_id="North",
                            date_planted="2019-03-01T00:00:00", spacing=[4, 4.5],
                            variety=["Gala", "Fuji"], region_sold_to=["North"],
                            date_time=["2024-01-01T00:00:00"] * 2, block=[2, 1], tonnes=[1.5, 2.5])
        made.create_element("Orchard", label="Dale")
        yield made


def test_exports():
    assert sorted(quiverdb.__all__) == ["CSVOptions", "DataType", "Database", "GroupMetadata",
                                        "LogLevel", "LuaRunner", "QuiverError", "ScalarMetadata",
                                        "version"]
    assert not hasattr(quiverdb, "Element")
    assert quiverdb.version() == stoa.library_version()
    assert issubclass(DataType, enum.IntEnum) and [*map(int, DataType)] == [0, 1, 2, 3, 4]
    assert get_lib().QUIVER_DATA_TYPE_DATE_TIME == 3
    with pytest.raises(Exception, match="cannot assign"):
        CSVOptions().date_time_format = "x"


def test_parameters_have_their_names():
    wanted = {
        "from_schema": "db_path schema_path * read_only console_level",
        "open": "db_path * read_only console_level",
        "create_element": "collection **kwargs",
        "update_element": "collection id **kwargs",
        "query_string": "sql * parameters",
        "read_scalar_integer_by_id": "collection attribute id",
        "get_vector_metadata": "collection group_name",
        "update_time_series_group": "collection group id data",
        "upsert_time_series_row": "collection group id **kwargs",
        "read_time_series_row": "collection group attribute date_time",
        "export_csv": "collection group path * options",
        "update_vector_floats": "collection attribute id values",
        "update_scalar_relation": "collection attribute from_label to_label",
    }
    for name, parameters in wanted.items():
        found = []
        for one in inspect.signature(getattr(Database, name)).parameters.values():
            if one.name == "self":
                continue
            if one.kind == one.KEYWORD_ONLY and "*" not in found:
                found.append("*")
            found.append("**" + one.name if one.kind == one.VAR_KEYWORD else one.name)
        assert " ".join(found) == parameters, name


def test_life(tmp_path, schema):
    path = str(tmp_path / "life.db")
    made = Database.from_schema(path, schema)
    assert repr(made) == f"Database(path='{path}')"
    assert (made.path(), made.current_version(), made.is_healthy()) == (path, 0, True)
    made.close()
    made.close()
    assert repr(made) == "Database(closed)"
    for call in (made.path, made.describe, lambda: made.read_element_ids("Orchard")):
        with pytest.raises(QuiverError, match="^Database has been closed$"):
            call()
    kept = Database.open(path, read_only=True)
    with pytest.raises(QuiverError, match="readonly database|read.only"):
        kept.create_element("Orchard", label="x")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del kept
        gc.collect()
    assert [str(one.message) for one in caught
            if one.category is ResourceWarning] == ["Database was not closed explicitly"]


def test_what_cannot_be_opened(tmp_path, schema):
    path = str(tmp_path / "a.db")
    with pytest.raises(QuiverError, match="^Failed to open database: "):
        Database.open(path)
    for where in (path, ":memory:"):
        with pytest.raises(QuiverError, match="Schema file not found: "):
            Database.from_schema(where, str(tmp_path / "none.sql"))
        with pytest.raises(QuiverError, match="read_only mode"):
            Database.from_schema(where, schema, read_only=True)
        (tmp_path / "empty.sql").write_text(" \n")
        with pytest.raises(QuiverError, match="schema file is empty"):
            Database.from_schema(where, str(tmp_path / "empty.sql"))
        (tmp_path / "bad.sql").write_text("CREATE TABLE Orchard (id INTEGER PRIMARY KEY);")
        with pytest.raises(QuiverError, match="Schema must have a 'Configuration' table"):
            Database.from_schema(where, str(tmp_path / "bad.sql"))
    with Database.from_schema(path, schema) as made:
        made.create_element("Region", label="kept")
    with pytest.raises(QuiverError):
        Database.from_schema(path, str(tmp_path / "bad.sql"))
    with Database.open(path) as made:
        assert made.read_scalar_strings("Region", "label") == ["kept"]


def test_migrations(tmp_path):
    for number, sql in ((1, SCHEMA), (2, "ALTER TABLE Orchard ADD COLUMN slope REAL;")):
        (tmp_path / "steps" / str(number)).mkdir(parents=True)
        (tmp_path / "steps" / str(number) / "up.sql").write_text(sql)
    with Database.from_migrations(str(tmp_path / "m.db"), str(tmp_path / "steps")) as made:
        assert made.current_version() == 2
        assert made.get_scalar_metadata("Orchard", "slope").data_type is DataType.FLOAT
    with pytest.raises(QuiverError, match="Migrations path not found"):
        Database.from_migrations(":memory:", str(tmp_path / "nowhere"))


def test_metadata(farm):
    region = farm.get_scalar_metadata("Orchard", "region_id")
    assert region == ScalarMetadata("region_id", DataType.INTEGER, False, False, None, True,
                                    "Region", "id")
    assert farm.get_scalar_metadata("Orchard", "tree_count").default_value == "6"
    assert [one.name for one in farm.list_scalar_attributes("Orchard")] == [
        "id", "label", "tree_count", "area", "date_planted", "soil", "region_id"]
    series = farm.get_time_series_metadata("Orchard", "yield")
    assert isinstance(series, GroupMetadata)
    assert (series.group_name, series.dimension_column) == ("yield", "date_time")
    assert [(one.name, one.primary_key) for one in series.value_columns] == [
        ("block", True), ("tonnes", False), ("grade", False)]
    assert farm.get_vector_metadata("Orchard", "rows").dimension_column == ""
    assert [one.group_name for one in farm.list_set_groups("Orchard")] == ["buyers"]
    assert farm.list_vector_groups("Nothing") == []
    for call, text in (
            (lambda: farm.list_scalar_attributes("Nothing"), "collection not found: Nothing"),
            (lambda: farm.get_scalar_metadata("Orchard", "x"),
             "Scalar attribute not found: 'x' in collection 'Orchard'"),
            (lambda: farm.get_set_metadata("Orchard", "x"), "Set group not found: 'x'"),
            (lambda: farm.get_time_series_metadata("Orchard", "x"),
             "Time series group not found: 'x' in collection 'Orchard'")):
        with pytest.raises(QuiverError, match=text):
            call()


def test_reads_in_bulk_and_by_id(farm):
    assert farm.read_element_ids("Orchard") == [1, 2] and farm.number_of_elements("Orchard") == 2
    assert farm.read_scalar_integers("Orchard", "tree_count") == [120, 6]
    assert farm.read_scalar_floats("Orchard", "area") == [2.0, None]
    assert farm.read_scalar_floats("Orchard", "tree_count") == [120.0, 6.0]
    assert farm.read_scalar_strings("Orchard", "date_planted") == ["2019-03-01T00:00:00", None]
    assert farm.read_scalar_integers("Orchard", "label") == [None, None]
    assert farm.read_vector_floats("Orchard", "spacing") == [[4.0, 4.5]]
    assert farm.read_vector_integers("Orchard", "spacing") == [[]]
    assert farm.read_set_integers("Orchard", "region_sold_to") == [[1]]
    assert farm.read_vector_strings_by_id("Orchard", "variety", 1) == ["Gala", "Fuji"]
    assert farm.read_vector_strings_by_id("Orchard", "variety", 9) == []
    assert farm.read_scalar_integer_by_id("Orchard", "tree_count", 9) is None
    assert farm.read_scalar_date_time_by_id("Orchard", "date_planted", 1) == dt.datetime(
        2019, 3, 1, tzinfo=UTC)
    with pytest.raises(QuiverError, match="column 'x' not found"):
        farm.read_scalar_integer_by_id("Orchard", "x", 1)
    farm.update_vector_group("Orchard", "rows", 2, {"spacing": [None, None],
                                                    "date_cut": [DAY, None]})
    assert farm.read_vector_floats("Orchard", "spacing") == [[4.0, 4.5], []]
    assert farm.read_vector_date_time_by_id("Orchard", "date_cut", 2) == [DAY]


def test_whole_elements(farm):
    hill = farm.read_element_by_id("Orchard", 1)
    assert hill == {"id": 1, "label": "Hill", "tree_count": 120, "area": 2.0,
                    "date_planted": dt.datetime(2019, 3, 1, tzinfo=UTC), "soil": None,
                    "region_id": 1, "spacing": [4.0, 4.5], "variety": ["Gala", "Fuji"],
                    "date_cut": [], "region_sold_to": [1]}
    missing = farm.read_scalars_by_id("Orchard", 9)
    assert [*missing] == [*farm.read_scalars_by_id("Orchard", 1)]
    assert set(missing.values()) == {None}
    assert farm.read_sets_by_id("Orchard", 9) == {"region_sold_to": []}
    assert farm.read_vector_group_by_id("Orchard", "rows", 1) == [
        {"vector_index": 0, "spacing": 4.0, "variety": "Gala", "date_cut": None},
        {"vector_index": 1, "spacing": 4.5, "variety": "Fuji", "date_cut": None}]
    assert farm.read_set_group_by_id("Orchard", "buyers", 1) == [{"region_sold_to": 1}]
    assert farm.read_set_group_by_id("Orchard", "buyers", 9) == []
    farm.update_element("Orchard", 1, date_planted="not-a-date")
    with pytest.raises(ValueError):
        farm.read_scalars_by_id("Orchard", 1)


def test_values(farm):
    made = farm.create_element("Orchard", label=" blank ", soil=True, area=None, spacing=[1, 2.5],
                               date_planted=dt.datetime(1, 2, 3, 4, tzinfo=UTC))
    assert farm.read_scalar_string_by_id("Orchard", "label", made) == "blank"
    assert farm.read_scalar_string_by_id("Orchard", "date_planted", made) == "0001-02-03T04:00:00"
    assert farm.read_vector_floats_by_id("Orchard", "spacing", made) == [1.0, 2.5]
    for wrong, text in (((1,), "Unsupported type <class 'tuple'> for Element.set('area')"),
                        ([object()], "Unsupported array element type <class 'object'>"),
                        ([1, "x"], "Unsupported array element type <class 'str'>")):
        with pytest.raises(TypeError, match=text.replace("(", r"\(").replace(")", r"\)")):
            farm.create_element("Orchard", label="x", area=wrong)
    with pytest.raises(OverflowError):
        farm.create_element("Orchard", label="x", soil=1 << 63)
    with pytest.raises(QuiverError, match="type mismatch for column 'area': expected REAL"):
        farm.update_element("Orchard", 1, area="x")
    with pytest.raises(QuiverError, match="Element not found"):
        farm.update_element("Orchard", 99, area=1)
    with pytest.raises(QuiverError, match="Element not found"):
        farm.delete_element("Orchard", 99)


def test_groups_and_series(farm):
    assert farm.read_time_series_group("Orchard", "yield", 1) == {
        "date_time": [DAY, DAY], "block": [1, 2], "tonnes": [2.5, 1.5], "grade": [None, None]}
    assert farm.read_time_series_group("Orchard", "yield", 2) == {}
    assert farm.read_time_series_group("Orchard", "yield", 9) == {}
    farm.upsert_time_series_row("Orchard", "yield", 1, date_time="2024-01-01T00:00:00", block=1,
                                grade=3)
    assert farm.read_time_series_group("Orchard", "yield", 1)["tonnes"] == [None, 1.5]
    assert farm.read_time_series_row("Orchard", "yield", "grade", dt.datetime(2025, 1, 1)) == [
        3, None]
    farm.update_time_series_group("Orchard", "yield", 2, {"date_time": [DAY], "block": [1],
                                                          "tonnes": [7]})
    assert farm.read_time_series_row("Orchard", "yield", "tonnes", DAY) == [1.5, 7.0]
    farm.update_time_series_group("Orchard", "yield", 2, {})
    assert farm.read_time_series_group("Orchard", "yield", 2) == {}
    with pytest.raises(ValueError, match="All column lists must have the same length, got 1"):
        farm.update_vector_group("Orchard", "rows", 1, {"spacing": [1, 2], "variety": ["x"]})
    with pytest.raises(QuiverError, match="contain no rows"):
        farm.update_set_group("Orchard", "buyers", 1, {"region_sold_to": []})
    with pytest.raises(QuiverError, match="not found in group"):
        farm.update_vector_group("Orchard", "rows", 1, {"x": [1]})
    with pytest.raises(TypeError, match="Column 'grade' value has unsupported type"):
        farm.upsert_time_series_row("Orchard", "yield", 1, date_time="2024-01-01", block=1,
                                    grade=[1])


def test_one_attribute_at_a_time(farm):
    farm.update_scalar_float("Orchard", "area", 1, None)
    farm.update_scalar_integer("Orchard", "soil", 2, 5)
    farm.update_scalar_string("Orchard", "label", 2, "Vale")
    farm.update_vector_floats("Orchard", "spacing", 1, [5, 6])
    farm.update_set_integers("Orchard", "region_sold_to", 2, [1])
    farm.update_scalar_relation("Orchard", "region_id", "Vale", "North")
    assert farm.read_scalar_floats("Orchard", "area") == [None, None]
    assert farm.read_scalar_strings("Orchard", "label") == ["Hill", "Vale"]
    assert farm.read_vector_floats("Orchard", "spacing") == [[5.0, 6.0]]
    assert farm.read_set_integers("Orchard", "region_sold_to") == [[1], [1]]
    assert farm.read_scalar_relation("Orchard", "region_id") == ["North", "North"]


def test_transactions_and_dry_runs(farm):
    for call, text in ((farm.commit, "Cannot commit: no active transaction"),
                       (farm.rollback, "Cannot rollback: no active transaction"),
                       (farm.end_dry_run, "Cannot end_dry_run: no active dry run")):
        with pytest.raises(QuiverError, match=text):
            call()
    with farm.transaction() as same:
        assert same is farm and farm.in_transaction()
        farm.create_element("Orchard", label="a")
        with pytest.raises(QuiverError, match="transaction already active"):
            farm.begin_transaction()
    with pytest.raises(KeyError), farm.transaction():
        farm.create_element("Orchard", label="b")
        raise KeyError
    with farm.dry_run():
        farm.begin_transaction()
        farm.create_element("Orchard", label="c")
        farm.commit()
        assert farm.in_dry_run() and farm.in_transaction()
        assert farm.number_of_elements("Orchard") == 4
    assert farm.read_scalar_strings("Orchard", "label") == ["Hill", "Dale", "a"]
    assert not farm.in_dry_run() and not farm.in_transaction()


def test_queries(farm):
    assert farm.query_string("SELECT label FROM Orchard WHERE id = ?", parameters=[1]) == "Hill"
    assert farm.query_string("SELECT ?", parameters=(" x ",)) == "x"
    assert farm.query_integer("SELECT 1.5") is None and farm.query_integer("SELECT 1") == 1
    assert farm.query_float("SELECT 3") == 3.0
    assert farm.query_string("SELECT label FROM Orchard WHERE id = 9") is None
    assert farm.query_date_time("SELECT '2024-01-01T00:00:00'") == DAY
    with pytest.raises(TypeError, match="Unsupported parameter type: <class 'bytes'>"):
        farm.query_integer("SELECT ?", parameters=[b"x"])
    with pytest.raises(QuiverError, match=r"expected 1 bound parameter\(s\) but got 0"):
        farm.query_integer("SELECT ?", parameters=[])


def test_files_of_series(farm):
    assert farm.has_time_series_files("Orchard") and not farm.has_time_series_files("Region")
    assert farm.list_time_series_files_columns("Orchard") == ["drone_images", "harvest_log"]
    farm.update_time_series_files("Orchard", {"drone_images": "a", "harvest_log": "b"})
    farm.update_time_series_files("Orchard", {"harvest_log": "c"})
    farm.update_time_series_files("Orchard", {})
    assert farm.read_time_series_files("Orchard") == {"drone_images": None, "harvest_log": "c"}
    with pytest.raises(QuiverError, match="Time series files table not found: Region"):
        farm.list_time_series_files_columns("Region")


def test_csv(farm, tmp_path):
    path = str(tmp_path / "out" / "o.csv")
    options = CSVOptions("%d/%m/%Y", {"soil": {"en": {"clay": 1}}})
    farm.update_element("Orchard", 2, soil=1)
    farm.export_csv("Orchard", "", path, options=options)
    with open(path, encoding="utf-8") as file:
        assert file.read() == (
            "sep=,\nlabel,tree_count,area,date_planted,soil,region_id\n"
            "Hill,120,2,01/03/2019,,North\nDale,6,,,clay,\n")
    farm.delete_element("Orchard", 2)
    farm.import_csv("Orchard", "", path, options=options)
    assert farm.read_scalar_integers("Orchard", "soil") == [None, 1]
    with farm.transaction(), pytest.raises(
            QuiverError, match="Cannot import_csv: transaction already active"):
        farm.import_csv("Orchard", "", path, options=options)


def test_reports(farm):
    report = farm.describe()
    assert report.startswith(f"Database: {farm.path()}\nVersion: 0\n\nCollection: Configuration")
    assert farm.describe_collection("Region").startswith("Collection: Region (1 element)\n")
    assert "- tree_count: 2 non-null, 0 null; values {6: 1, 120: 1}" in (
        farm.summarize_collection("Orchard"))


def test_element():
    made = Element().set("b", "x").set("a", 2.0).set("c", None).set("d", [1, 2]).set("e", True)
    assert repr(made) == ('Element {\n  scalars:\n    a: 2.000000\n    b: "x"\n    c: null\n'
                          "    e: 1\n  arrays:\n    d: [1, 2]\n}")
    with pytest.raises(TypeError, match="Element.set"):
        made.set("x", object())
    made.clear()
    assert not made.attributes
    made.destroy()
    made.destroy()
    assert repr(made) == "Element(destroyed)"
    with pytest.raises(QuiverError, match="Element has been destroyed"):
        made.set("a", 1)


def test_lua(farm):
    with LuaRunner(farm) as runner:
        assert runner._db is farm
        assert runner.run("return db:read_scalar_strings('Orchard', 'label')") == '["Hill","Dale"]'
        assert runner.run("x = 10.0") == "" and runner.run("return x") == "10"
        with farm.dry_run():
            runner.run("db:create_element('Orchard', {label = 'Wood', spacing = {1, 2.5}})")
            assert farm.number_of_elements("Orchard") == 3
        assert farm.number_of_elements("Orchard") == 2
        with pytest.raises(QuiverError, match="Failed to run Lua script: .*Element not found: 9"):
            runner.run("db:delete_element('Orchard', 9)")
        assert runner.run("return os") == "null"
    runner.close()
    with pytest.raises(QuiverError, match="^LuaRunner is closed$"):
        runner.run("return 1")
    kept = LuaRunner(farm)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del kept
        gc.collect()
    assert [str(one.message) for one in caught] == ["LuaRunner was not closed explicitly"]


def test_without_lua_its_runner_says_so(farm, monkeypatch):
    monkeypatch.setenv("STOA_LUA", "/nowhere/liblua.so")
    with pytest.raises(QuiverError, match="/nowhere/liblua.so"):
        LuaRunner(farm)
