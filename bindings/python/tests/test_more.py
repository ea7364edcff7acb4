# SPDX-License-Identifier: Apache-2.0
"""Pushes, files written, readers, requested types, the log, tables in memory."""

import datetime as dt
import io
import logging
import os
from decimal import Decimal

import pytest

import stoa


# ---- several tables at once ----

def test_a_push_writes_several_tables(db):
    with db.ingest() as writer:
        done = writer.push({"trades": {"symbol": ["A", "B"], "price": [1.5, 2.5]},
                            "quotes": {"bid": [1, None, 3]}})
        assert (done.sequence, done.rows) == (1, 5) and done.bytes > 0
        assert [table["written"] for table in done.tables] == [2, 3]
        assert "rows=5" in repr(done)
    with db.connect() as con:
        assert con.execute("SELECT * FROM trades").fetchall() == [("A", 1.5), ("B", 2.5)]
        assert con.execute("SELECT bid FROM quotes").fetchall() == [(1,), (None,), (3,)]


def test_a_push_is_all_or_nothing(con):
    con.run("CREATE TABLE a(x INTEGER); CREATE TABLE b(y INTEGER CHECK(y < 10))")
    with con.ingest() as writer:
        with pytest.raises(stoa.IntegrityError):
            writer.push({"a": {"x": [1]}, "b": {"y": [1, 100]}})
    assert con.row("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)") == (0, 0)


def test_values_of_every_kind_are_pushed(con):
    moment = dt.datetime(2024, 1, 2, 3, 4, 5, 6)
    data = {"at": [moment, None], "day": [dt.date(2024, 1, 2), None],
            "clock": [dt.time(1, 2, 3, 4), None], "span": [dt.timedelta(seconds=5), None],
            "number": [Decimal("-0.05"), Decimal("12.5")], "flag": [True, None],
            "data": [b"x", None], "text": ["é", None]}
    with con.ingest() as writer:
        writer.push([stoa.Table("t", data)])
    first = con.execute("SELECT at, day, flag, data, text FROM t").fetchone()
    assert first[0].replace(tzinfo=None) == moment and first[1] == dt.date(2024, 1, 2)
    assert first[2:] == (True, b"x", "é")
    assert [Decimal(str(row[0])) for row in con.execute("SELECT CAST(number AS TEXT) FROM t")] == \
        [Decimal("-0.05"), Decimal("12.5")]


def test_a_push_takes_whatever_has_columns(con):
    arrow = pytest.importorskip("pyarrow")
    with con.ingest() as writer:
        done = writer.push({"t": arrow.table({"a": [1, 2], "s": ["x", None]}),
                            "u": con.execute("SELECT 5 AS five")})
    assert done.rows == 3
    assert con.execute("SELECT * FROM t").fetchall() == [(1, "x"), (2, None)]
    assert con.row("SELECT five FROM u") == (5,)


def test_an_index_truncates_and_deduplicates(con):
    at = [dt.datetime(2024, 1, 1) + dt.timedelta(seconds=i) for i in range(4)]
    begin = int((at[2] - dt.datetime(1970, 1, 1)).total_seconds()) * 10**9
    with con.ingest() as writer:
        writer.push([stoa.Table("t", {"at": at, "v": [1, 2, 3, 4]}, index="at")])
        done = writer.push([stoa.Table("t", {"at": at[2:3], "v": [30]}, index="at",
                                       truncate=[(begin, begin + 2 * 10**9)])])
        assert done.tables[0]["deleted"] == 2
        done = writer.push([stoa.Table("t", {"at": at[:1], "v": [10]}, index="at", dedup="upsert",
                                       dedup_columns=["at"])])
        assert done.tables[0]["replaced"] == 1
    assert [row[0] for row in con.execute("SELECT v FROM t ORDER BY at")] == [10, 2, 30]


@pytest.mark.parametrize("tables, text", [
    ([5], "no table of a push"), ({"t": stoa.Table("t", {"a": [1]}, index="b")}, "no column 'b'"),
    ([stoa.Table("t", {"a": [1]}, dedup="drop", dedup_columns=["b"])], "no column 'b'"),
    ([stoa.Table("t", {"a": [1]}, dedup="perhaps")], "neither 'drop' nor"),
    ({"t": {"a": [dt.datetime(3000, 1, 1)]}}, "column 'a', row 0")])
def test_wrong_pushes_are_said(con, tables, text):
    with con.ingest() as writer, pytest.raises(stoa.DataError, match=text):
        writer.push(tables)


# ---- files written, and read back ----

def test_csv_and_json_there_and_back(table, tmp_path):
    rows = table.execute("SELECT * FROM t").fetchall()
    for write, read, path in ((stoa.write_csv, stoa.csv, tmp_path / "t.csv"),
                              (stoa.write_json, stoa.json, tmp_path / "t.jsonl")):
        assert write(table.execute("SELECT * FROM t"), path) == 3
        with pytest.raises(stoa.ExistsError):
            write(table.execute("SELECT * FROM t"), path)
        assert write({"a": [1]}, str(path), exists="replace") == 1
        assert write(table.execute("SELECT * FROM t"), path, exists="replace") == 3
        table.insert("u", read(path), mode="replace")
        assert table.execute("SELECT * FROM u").fetchall() == rows
        assert sorted(os.listdir(tmp_path)) in (["t.csv"], ["t.csv", "t.jsonl"])


def test_text_of_a_result(table):
    assert table.execute("SELECT id, name FROM t").csv() == "id,name\n1,one\n2,two\n3,\n"
    assert table.execute("SELECT id FROM t").csv(header=False) == "1\n2\n3\n"
    assert table.execute("SELECT id, name FROM t LIMIT 1").json() == '{"id":1,"name":"one"}\n'


def test_a_file_that_fails_is_the_cause(table):
    class Broken:
        def write(self, _data):
            raise OSError("the disk is gone")

    with pytest.raises(stoa.CallbackError) as caught:
        stoa.write_csv(table.execute("SELECT * FROM t"), Broken())
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(stoa.DataError, match="neither a path nor"):
        stoa.write_csv({"a": [1]}, 5)
    with pytest.raises(stoa.InvalidError, match="seperator"):
        stoa.write_csv({"a": [1]}, io.BytesIO(), seperator=";")


def test_a_reader_tells_what_it_found(con):
    good = "1;x\n" * 2000
    reader = stoa.csv(f"a;b\n{good}three;z\n4\n", bad_rows="keep", sample_size=4096).reader()
    assert reader.schema.names == ["a", "b"] and "a int64" in repr(reader)
    assert [(one["name"], one["type"]) for one in reader.columns()] == [("a", "int64"),
                                                                      ("b", "utf8")]
    assert con.insert("t", reader, mode="create") == 2000
    report = reader.report
    assert (report["rows"], report["bad_rows"], report["separator"], report["header"],
            report["compression"]) == (2000, 2, ";", 1, "none")
    bad = reader.bad_rows()
    assert [one["line"] for one in bad] == [2002, 2003] and "three" in bad[0]["text"]
    assert reader.bad_rows() == []
    lines = stoa.json('{"a": 1}\n{"a": 2}\n').reader()
    assert [batch.column("a") for batch in lines] == [[1, 2]] and lines.report["lines"] == 2


# ---- types asked for ----

def test_types_are_asked_for(con):
    con.run("CREATE TABLE t(at INTEGER, n INTEGER)")
    con.run("INSERT INTO t VALUES (1700000000, 5)")
    asked = con.execute("SELECT at, n FROM t").request({"at": "tss:", "n": float})
    assert asked.types == ["timestamp[s]", "float64"]
    assert asked.fetchall() == [(dt.datetime(2023, 11, 14, 22, 13, 20), 5.0)]
    with pytest.raises(stoa.DataError, match="no column 'x'; there are at, n"):
        con.execute("SELECT at, n FROM t").request({"x": int})
    schema = con.execute("SELECT CAST(at AS TEXT) AS at, n FROM t").schema
    assert con.execute("SELECT at, n FROM t").request(schema).types == schema.types


def test_a_consumers_wish_is_heard(con):
    arrow = pytest.importorskip("pyarrow")
    wish = arrow.schema([("a", arrow.int8())])
    reader = arrow.RecordBatchReader.from_stream(con.execute("SELECT 5 AS a"), wish)
    assert reader.read_all().schema.field("a").type == arrow.int8()
    capsule = con.execute("SELECT 5 AS a").__arrow_c_stream__(
        arrow.schema([("a", arrow.int8()), ("b", arrow.int8())]).__arrow_c_schema__())
    assert capsule is not None  # A wish that cannot be granted is left for the consumer to see.


# ---- tables in memory, statements, checks ----

def test_a_table_in_memory_is_a_copy(con):
    data = {"a": [1, 2]}
    con.register("seen", data)
    con.register("kept", data, copy=True)
    con.register("rows", con.execute("SELECT 7 AS a"), copy=True)
    data["a"].append(3)
    assert con.row("SELECT (SELECT sum(a) FROM seen), (SELECT sum(a) FROM kept)") == (6, 3)
    for _ in range(2):
        assert con.execute("SELECT a FROM rows").fetchall() == [(7,)]
    with pytest.raises(stoa.ExistsError):
        con.register("kept", data, copy=True, replace=False)
    con.unregister("kept")
    with pytest.raises(stoa.Error, match="kept"):
        con.execute("SELECT * FROM kept")


def test_a_statements_row_and_names(table):
    with table.prepare("SELECT name FROM t WHERE id = :id") as find:
        assert find.row((1,)) == ("one",) and find.row((9,)) is None
        find.bind("id", 2)
        assert find.row() == ("two",) and find.execute().fetchall() == [("two",)]
        with pytest.raises(stoa.NotFoundError, match="id"):
            find.bind("nothing", 1)
    with table.prepare("SELECT ? AS a") as one:
        assert one.row(("é",)) == ("é",) and one.row((None,), timeout=10) == (None,)


def test_a_statements_row_of_times(con):
    con.insert("t", {"at": [dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)]}, mode="create")
    with con.prepare("SELECT at FROM t") as find:
        assert find.row() == con.row("SELECT at FROM t") == \
            (dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),)


def test_data_is_checked(con):
    arrow = pytest.importorskip("pyarrow")
    assert stoa.check({"a": [1, 2, 3]}) == 3
    bad = arrow.Array.from_buffers(arrow.string(), 1, [
        None, arrow.py_buffer(b"\0\0\0\0\2\0\0\0"), arrow.py_buffer(b"\xff\xff")])
    wrong = arrow.record_batch([bad], names=["s"])
    assert stoa.check(wrong, full=False) == 1
    with pytest.raises(stoa.Error, match="'s'"):
        stoa.check(wrong)


# ---- the log ----

def test_the_log(tmp_path):
    with pytest.raises(stoa.InvalidError):
        stoa.log_level("loud")
    assert stoa.log_level("debug") >= 0
    try:
        list(stoa.log_lines())
        with stoa.open(tmp_path / "a.db") as db, db.connect() as con:
            con.run("CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES (1)")
        said = list(stoa.log_lines())
        assert all(level in ("debug", "info", "warning", "error") and text
                   for level, text in said)
    finally:
        stoa.log_level("off")


def test_the_log_goes_to_logging(monkeypatch):
    from stoa import _log
    heard = []
    logger = logging.Logger("stoa")
    handler = logging.Handler()
    handler.emit = lambda record: heard.append((record.levelname, record.getMessage()))
    logger.addHandler(handler)
    lines = [("warning", "something 100%")]
    monkeypatch.setattr(_log, "log_lines", lambda: iter([lines.pop()] if lines else []))
    reads, writes = os.pipe()
    monkeypatch.setattr(_log, "log_level", lambda level: reads)
    stoa.log_to(logger, "info")
    os.write(writes, b"x")
    try:
        reader = _log._reader[0]
        while not heard:
            assert reader.is_alive()
            reader.ended.wait(0.01)
    finally:
        stoa.log_to(None)
        os.close(reads)
        os.close(writes)
    assert heard == [("WARNING", "something 100%")] and not reader.is_alive()


# ---- dry runs ----

def test_a_dry_run_changes_nothing(table):
    with table.dry_run():
        assert table.in_dry_run
        with table.transaction():
            table.insert("t", {"id": [9], "name": ["nine"], "px": [9.0]})
        assert table.row("SELECT count(*) FROM t") == (4,)
        with pytest.raises(stoa.InvalidError):
            table.run("COMMIT")
    assert not table.in_dry_run and table.row("SELECT count(*) FROM t") == (3,)
    with pytest.raises(ZeroDivisionError), table.dry_run():
        table.run("DELETE FROM t")
        raise ZeroDivisionError
    assert table.row("SELECT count(*) FROM t") == (3,)
    with table.dry_run():
        table.close()


def test_arrows_own_files(table, tmp_path):
    rows = table.execute("SELECT * FROM t").fetchall()
    path = tmp_path / "t.arrow"
    assert stoa.write_arrow(table.execute("SELECT * FROM t"), path) == 3
    table.insert("u", str(path), mode="create")
    assert table.execute("SELECT * FROM u").fetchall() == rows
    out = io.BytesIO()
    stoa.write_arrow(table.execute("SELECT * FROM t"), out, form="stream")
    table.insert("v", stoa.arrow(out.getvalue()), mode="create")
    assert table.execute("SELECT * FROM v").fetchall() == rows
    with pytest.raises(stoa.Error):
        table.insert("w", stoa.arrow(b"no arrow"), mode="create")
    arrow = pytest.importorskip("pyarrow.ipc")
    assert arrow.open_file(path).read_all().num_rows == 3
