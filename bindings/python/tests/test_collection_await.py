# SPDX-License-Identifier: Apache-2.0
"""Collections that are awaited, scripts, and names that are Python's or ours already."""

import asyncio
import datetime as dt
import threading

import pytest

import stoa
from test_collection import DAY, HILL, HILL_READ, NOON, SCHEMA

NAMED = """
CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE Site (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE Site_time_series_flow (
    id INTEGER NOT NULL REFERENCES Site(id) ON DELETE CASCADE ON UPDATE CASCADE,
    date_time TEXT NOT NULL, ids INTEGER NOT NULL, begin TEXT NOT NULL, "timeout" INTEGER NOT NULL,
    dimensions INTEGER NOT NULL, attribute INTEGER NOT NULL, value REAL,
    PRIMARY KEY (id, date_time, ids, begin, "timeout", dimensions, attribute)
) STRICT;
"""


@pytest.fixture
def lua(con):
    con.apply_schema(SCHEMA)
    con.collection("Orchard").create(label="Hill", area=2.5)
    with con.lua() as runner:
        yield runner


# ---- names ----

def test_dimensions_may_be_named_like_parameters(con):
    con.apply_schema(NAMED)
    con.collection("Site").create(label="A")
    flow = con.collection("Site").series("flow")
    others = {"ids": 1, "begin": "b", "timeout": 3, "dimensions": 4}
    for number in (5, 6):
        flow.upsert("A", {"date_time": DAY, **others, "attribute": number, "value": number})
    assert flow.read("value", ids="A", begin=DAY, timeout=60, dimensions=others,
                     attribute=5).fetchall() == [(1, NOON, 1, "b", 3, 4, 5, 5.0)]
    given = {**others, "attribute": 6}
    assert flow.asof("value", DAY, dimensions=given).fetchall() == [(1, 6.0)]
    assert flow.asof("value", DAY, dimensions=others, attribute=6).fetchall() == [(1, 6.0)]
    pairs = [{"label": "A", "at": DAY}]
    assert flow.asof_join("value", pairs, dimensions=given).fetchall() == [("A", DAY, 6.0)]
    with pytest.raises(stoa.NotFoundError):
        flow.read("value", dimensions={"ids": 1, "none": 2})


# ---- scripts ----

def test_scripts_give_values(lua):
    assert lua.run("return db:read_element_by_id('Orchard', 1).area") == 2.5
    assert lua.run("return {1, {a = 'x', b = {}}, true}") == [1, {"a": "x", "b": []}, True]
    assert lua.run("kept = 7") is None and lua.run("return nil") is None
    assert lua.run("return kept") == 7
    assert repr(lua) == "<stoa.Lua>"


def test_scripts_fail_as_what_they_called(lua):
    with pytest.raises(stoa.NotFoundError, match="script:1: Element not found: 9"):
        lua.run("db:delete_element('Orchard', 9)")
    with pytest.raises(stoa.CallbackError, match="script:1: no"):
        lua.run("error('no')")
    with pytest.raises(stoa.SqlSyntaxError):
        lua.run("return return")
    with pytest.raises(stoa.TimedOutError):
        lua.run("while true do end", timeout=0.01)
    with pytest.raises(TypeError):
        lua.run(b"return 1")


def test_scripts_end_with_their_connection(con, lua):
    closer = threading.Timer(0.05, con.close)
    closer.start()
    with pytest.raises((stoa.CancelledError, stoa.ClosedError)):
        lua.run("while true do end")
    closer.join()
    with pytest.raises(stoa.ClosedError):
        lua.run("return 1")
    lua.close()
    lua.close()


def test_a_runner_is_closed_once_nobody_has_it(con):
    before = stoa.live("lua")
    con.lua().run("return 1")
    assert stoa.live("lua") == before


def test_scripts_are_in_the_transaction(tmp_path):
    stoa.create_collections(tmp_path / "a.db", SCHEMA)
    with stoa.connect(tmp_path / "a.db", autocommit=False) as con, con.lua() as lua:
        lua.run("db:create_element('Region', {label = 'x'})")
        con.rollback()
        assert con.collection("Region").ids == []


def test_without_lua_it_is_said_where_it_was_looked_for(con, monkeypatch):
    monkeypatch.setenv("STOA_LUA", "/nowhere/liblua.so")
    with pytest.raises(stoa.NotFoundError, match="/nowhere/liblua.so"):
        con.lua()


# ---- awaited ----

def test_elements_are_awaited(tmp_path):
    async def main():
        async with await stoa.aconnect(tmp_path / "a.db") as con:
            await con.apply_schema(SCHEMA)
            assert await con.collections() == ["Configuration", "Orchard", "Region"]
            regions = con.collection("Region")
            assert await regions.create_many({"label": ["North", "South"]}) == [1, 2]
            orchards = con.collection("Orchard")
            assert await orchards.create(HILL) == 1
            assert await orchards.get("Hill") == HILL_READ
            await orchards.update("Hill", area=3.5)
            assert await (await orchards.read("label", "area")).fetchall() == [(1, "Hill", 3.5)]
            assert await orchards.has("Hill") and not await orchards.has("Dale")
            assert await orchards.count() == 1 and await orchards.ids() == [1]
            with pytest.raises(stoa.NotFoundError):
                await orchards.delete("Dale")
            await orchards.write_files({"harvest_log": "a.csv"})
            assert await orchards.files() == {"drone_images": None, "harvest_log": "a.csv"}
            done = await orchards.export_csv(tmp_path / "a.csv")
            assert done == 1 and (await orchards.import_csv(tmp_path / "a.csv")).updated == 1
            assert await con.query_cell("SELECT count(*) FROM Region") == 2
            assert repr(orchards) == "<stoa.AsyncCollection 'Orchard'>"
    asyncio.run(main())


def test_groups_and_scripts_are_awaited():
    async def main():
        async with await stoa.aconnect() as con:
            await con.apply_schema(SCHEMA)
            orchards = con.collection("Orchard")
            await orchards.create(label="Hill")
            rows = orchards.vector("rows")
            await rows.write("Hill", {"spacing": [1.0, 2.0], "variety": ["a", None]})
            assert await rows.rows("Hill") == {"vector_index": [1, 2], "spacing": [1.0, 2.0],
                                               "variety": ["a", None]}
            series = orchards.series("yield")
            await series.upsert("Hill", date_time=dt.date(2024, 1, 1), block=1, tonnes=2.0)
            found = await series.read("tonnes", begin="2024-01-01", block=1)
            assert await found.fetchall() == [(1, NOON, 1, 2.0)]
            assert await (await series.asof("tonnes", DAY, block=1)).fetchall() == [(1, 2.0)]
            async with await con.lua() as lua:
                assert await lua.run("return db:number_of_elements('Orchard')") == 1
    asyncio.run(main())


def test_what_can_be_done_can_be_awaited():
    """Each public method of the plain classes, by its name; rows() and the like stand for [...]."""
    pairs = ((stoa.Collection, stoa.AsyncCollection), (stoa.Group, stoa.AsyncGroup),
             (stoa.Series, stoa.AsyncSeries), (stoa.Lua, stoa.AsyncLua))
    for plain, awaited in pairs:
        missing = {name for name in dir(plain) if not name.startswith("_")} - set(dir(awaited))
        assert not missing, (plain, missing)
