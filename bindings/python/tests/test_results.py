# SPDX-License-Identifier: Apache-2.0
"""Results in every form, and what they tell of themselves."""

import datetime as dt
import gc

import pytest

import stoa

MANY = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
        "SELECT i FROM n")


def test_iteration(table):
    assert [row[0] for row in table.execute("SELECT id FROM t")] == [1, 2, 3]
    assert list(table.execute("SELECT id FROM t").dicts()) == [{"id": 1}, {"id": 2}, {"id": 3}]
    assert table.execute("SELECT name FROM t").scalar() == "one"
    assert table.execute("SELECT name FROM t WHERE 0").scalar() is None


def test_what_it_tells(table):
    result = table.execute("SELECT id, name, px FROM t")
    assert result.columns == ["id", "name", "px"]
    assert result.types == ["int64", "utf8", "float64"]
    assert [one[0] for one in result.description] == ["id", "name", "px"]
    assert all(len(one) == 7 for one in result.description)
    assert result.rowcount == -1 and result.lastrowid is None
    assert result.schema.names == result.columns and len(result.schema) == 3
    assert "id int64" in repr(result) and "id int64" in repr(result.schema)
    result.fetchall()
    assert result.stats["rows_read"] == 3 and result.stats["elapsed_ns"] > 0


def test_what_was_written(table):
    result = table.execute("INSERT INTO t(name) VALUES ('x'), ('y')")
    assert (result.rowcount, result.lastrowid, result.description) == (2, 5, None)
    assert result.fetchall() == [] and result.fetchone() is None and list(result) == []
    assert table.run("DELETE FROM t WHERE id > 3") == (2, 0)
    result = table.execute("INSERT INTO t(name) VALUES ('z') RETURNING id")
    assert result.fetchall() == [(4,)] and result.rowcount == 1
    with table.execute("UPDATE t SET px = 0") as result:
        pass
    assert result.rowcount == 4


@pytest.mark.parametrize("sizes", [[1] * 60, [5, 50, 5], [100], [33, 33], [32, 1, 60], [0, 3, 90]])
def test_fetchmany(con, sizes):
    result = con.execute(MANY.format(60))
    got = [result.fetchmany(size) for size in sizes]
    assert [row[0] for rows in got for row in rows] == list(range(1, min(60, sum(sizes)) + 1))
    assert [len(rows) for rows in got][0] == min(60, sizes[0])
    if sum(sizes) >= 60:
        assert result.fetchmany(5) == [] and result.fetchone() is None and result.fetchall() == []


@pytest.mark.parametrize("batch_rows", [1, 7, 64, 65536])
@pytest.mark.parametrize("first", [0, 1, 10, 40, 99])
@pytest.mark.parametrize("rest", ["fetchall", "iter", "fetchmany", "arrow", "pl", "df", "numpy",
                                  "batches", "stream"])
def test_what_is_left_after_some_were_fetched(con, batch_rows, first, rest):
    con.set(batch_rows=batch_rows)
    result = con.execute(MANY.format(100))
    assert [result.fetchone()[0] for _ in range(first)] == list(range(1, first + 1))
    left = list(range(first + 1, 101))
    if rest == "arrow":
        pytest.importorskip("pyarrow")
        assert result.arrow()["i"].to_pylist() == left
    elif rest == "stream":
        pa = pytest.importorskip("pyarrow")
        assert pa.table(result)["i"].to_pylist() == left
    elif rest == "pl":
        pytest.importorskip("polars")
        assert result.pl()["i"].to_list() == left
    elif rest == "df":
        pytest.importorskip("pandas")
        assert result.df()["i"].tolist() == left
    elif rest == "numpy":
        pytest.importorskip("numpy")
        assert result.numpy()["i"].tolist() == left
    elif rest == "batches":
        assert [i for batch in result.batches() for i in batch.column("i")] == left
    elif rest == "iter":
        assert [row[0] for row in result] == left
    elif rest == "fetchmany":
        assert [row[0] for row in result.fetchmany(1000)] == left
    else:
        assert [row[0] for row in result.fetchall()] == left


def test_show_uses_nothing_up(table, capsys):
    result = table.execute("SELECT * FROM t ORDER BY id")
    result.fetchone()
    result.show(1)
    shown = capsys.readouterr().out
    assert "two" in shown and "int64" in shown and shown.rstrip().endswith("…")
    assert "<td>two</td>" in result._repr_html_()
    assert result.fetchall() == [(2, "two", None), (3, None, 3.5)]
    table.execute("INSERT INTO t(name) VALUES ('x')").show()
    assert "no columns" in capsys.readouterr().out


def test_show_escapes(con):
    result = con.execute("SELECT '<b>&' AS \"<i>\", 'a\nb\x1b[31m' AS c")
    html = result._repr_html_()
    assert "<b>" not in html and "&lt;b&gt;&amp;" in html and "<i>" not in html
    assert "\x1b" not in html


def test_several_statements(con):
    result = con.execute("SELECT 1 AS a; CREATE TABLE t(b); INSERT INTO t VALUES (5); "
                         "SELECT b FROM t")
    assert result.fetchall() == [(1,)]
    assert result.next_result() and result.next_result() and result.rowcount == 1
    assert result.next_result() and result.columns == ["b"] and result.fetchall() == [(5,)]
    assert not result.next_result()


def test_an_error_in_mid_stream_comes_at_its_row(con):
    con.run("CREATE TABLE t(a INTEGER DATE32); INSERT INTO t VALUES (1), (2), ('x')")
    con.set(batch_rows=2)
    result = con.execute("SELECT a FROM t")
    assert len(result.fetchmany(2)) == 2
    with pytest.raises(stoa.TypeMismatchError, match="column 'a'"):
        result.fetchall()


def test_no_rows_and_no_columns(con):
    con.run("CREATE TABLE t(a INTEGER, b TEXT)")
    result = con.execute("SELECT * FROM t")
    assert result.fetchone() is None and result.fetchall() == []
    assert con.row("SELECT * FROM t") is None
    assert list(con.execute("SELECT * FROM t").batches()) == []


@pytest.mark.parametrize("library", ["pyarrow", "polars", "pandas", "numpy"])
def test_empty_results_have_their_types(con, library):
    pytest.importorskip(library)
    con.run("CREATE TABLE t(a INTEGER, b TEXT, c REAL)")
    result = con.execute("SELECT * FROM t")
    if library == "pyarrow":
        table = result.arrow()
        assert table.num_rows == 0 and [str(t) for t in table.schema.types] == [
            "int64", "string", "double"]
    elif library == "polars":
        assert [str(t) for t in result.pl().dtypes] == ["Int64", "String", "Float64"]
    elif library == "pandas":
        assert list(result.df().columns) == ["a", "b", "c"] and len(con.execute(
            "SELECT * FROM t").df()) == 0
    else:
        kinds = {name: array.dtype.kind for name, array in result.numpy().items()}
        assert kinds == {"a": "i", "b": "O", "c": "f"}


def test_numpy_forms(con):
    np = pytest.importorskip("numpy")
    con.run("CREATE TABLE t(i INTEGER, b INTEGER BOOL, d INTEGER DATE32, x INTEGER TIMESTAMP_US, "
            "f REAL, s TEXT)")
    con.run("INSERT INTO t VALUES (1, 1, 0, 0, 0.5, 'a'), (NULL, NULL, NULL, NULL, NULL, NULL)")
    got = con.execute("SELECT * FROM t").numpy()
    assert isinstance(got["i"], np.ma.MaskedArray) and got["i"].mask.tolist() == [False, True]
    assert got["b"].tolist() == [True, None] and got["s"].tolist() == ["a", None]
    assert np.isnat(got["d"]).tolist() == [False, True] and got["x"].dtype == "M8[us]"
    plain = con.execute("SELECT i, f FROM t WHERE i = 1").numpy()
    assert not isinstance(plain["i"], np.ma.MaskedArray) and plain["f"].tolist() == [0.5]
    plain["i"][0] = 9  # They are the caller's own.


def test_data_frames_have_types_and_nulls(table):
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    df = table.execute("SELECT * FROM t ORDER BY id").df()
    assert df["id"].tolist() == [1, 2, 3] and df["px"].isna().tolist() == [False, True, False]
    assert isinstance(df, pd.DataFrame)
    frame = table.execute("SELECT * FROM t ORDER BY id").pl()
    assert isinstance(frame, pl.DataFrame) and frame["name"].to_list() == ["one", "two", None]


def test_a_frame_without_pyarrow(table, monkeypatch):
    pytest.importorskip("pandas")
    from stoa import _frames
    monkeypatch.setattr(_frames, "has", lambda module: False)
    df = table.execute("SELECT *, id = 1 AS b FROM t ORDER BY id").df()
    assert df["id"].tolist() == [1, 2, 3] and df["px"].isna().tolist() == [False, True, False]
    assert df["name"].tolist()[:2] == ["one", "two"] and df["name"].isna().tolist()[2]
    table.run('CREATE TABLE z(a INTEGER TIMESTAMP_US "Europe/Paris"); INSERT INTO z VALUES (0)')
    assert str(table.execute("SELECT a FROM z").df()["a"].dt.tz) == "Europe/Paris"


def test_arrow_data_outlives_the_connection():
    pa = pytest.importorskip("pyarrow")
    con = stoa.connect()
    reader = pa.RecordBatchReader.from_stream(con.execute(MANY.format(200000)))
    con.close()
    assert sum(len(batch) for batch in reader) == 200000
    del reader
    gc.collect()


def test_others_read_the_capsule(table):
    duckdb = pytest.importorskip("duckdb")
    rows = table.execute("SELECT * FROM t")
    data = rows.arrow()
    assert duckdb.sql("SELECT sum(px), count(*) FROM data").fetchall() == [(5.0, 3)]
    pl = pytest.importorskip("polars")
    assert pl.DataFrame(table.execute("SELECT id FROM t"))["id"].sum() == 6
    pa = pytest.importorskip("pyarrow")
    assert pa.schema(table.table_schema("t")).names == ["id", "name", "px"]
    batch = next(table.execute("SELECT * FROM t").batches())
    assert pa.record_batch(batch).num_rows == 3 and pa.schema(batch).names == ["id", "name", "px"]


def test_capsules_nobody_took_are_released(con):
    before = stoa.live("stream")
    for _ in range(20):
        con.execute("SELECT 1").__arrow_c_stream__()
    gc.collect()
    assert stoa.live("stream") == before
    held = con.execute("SELECT 1").__arrow_c_stream__()
    gc.collect()
    assert stoa.live("stream") == before + 1
    del held
    gc.collect()
    assert stoa.live("stream") == before


def test_a_capsule_is_taken_once(con):
    pa = pytest.importorskip("pyarrow")
    result = con.execute("SELECT 1 AS a")
    assert pa.table(result).num_rows == 1
    with pytest.raises(stoa.ClosedError):
        pa.table(result)


def test_batches(table):
    batch = next(table.execute("SELECT * FROM t ORDER BY id").batches())
    assert len(batch) == 3 and batch.column(0) == [1, 2, 3] and batch.schema.names[2] == "px"
    assert batch.slice(1).rows() == [(2, "two", None), (3, None, 3.5)]
    assert batch.rows()[0] == (1, "one", 1.5) and "3 rows" in repr(batch)


def test_read_whole_tables(table):
    result = table.read(["t"], ["id", "name"])
    assert result.table == "t" and result.columns == ["id", "name"] and len(result.fetchall()) == 3
    assert len(table.read("t").fetchall()) == 3
    with pytest.raises(stoa.NotFoundError):
        table.read("nope")


def test_default_connection():
    assert stoa.execute("SELECT ?", (42,)).scalar() == 42
    assert stoa.sql("SELECT 1").fetchall() == [(1,)]
    stoa.default_connection().close()
    assert stoa.execute("SELECT 2").scalar() == 2
    stoa.default_connection().close()


def test_properties(db):
    assert db.property("engine") == "sqlite" and db.property("engine_version").startswith("3.")
    assert db.supports("transactions") and not db.supports("subscriptions")
    with pytest.raises(stoa.InvalidError):
        db.supports("nonsense")
    with pytest.raises(stoa.Error, match="nonsense"):
        db.property("nonsense")
    names = [engine["name"] for engine in stoa.engines()]
    assert "sqlite" in names and "null" in names


def test_a_secret_target_is_long(tmp_path):
    path = tmp_path / ("x" * 200 + ".db")
    with stoa.open(path) as db:
        assert db.property("path").endswith("x.db") and "xxx" in repr(db)


@pytest.mark.parametrize("what", ["databases", "tables", "columns", "indexes", "keys", "functions",
                                  "collations"])
def test_catalog(table, what):
    assert len(table.catalog(what).columns) > 0
    assert isinstance(table.catalog(what, table="t").fetchall(), list)


def test_catalog_words(table):
    assert table.tables() == ["t"]
    with pytest.raises(stoa.InvalidError):
        table.catalog("nonsense")
    with pytest.raises(stoa.NotFoundError):
        table.table_schema("nope")


def test_names_that_are_there_twice(con):
    sql = "SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS b"
    names = ["a", "a_2", "a_1", "b"]
    assert list(con.execute(sql).dicts()) == [dict(zip(names, (1, 2, 3, 4)))]
    assert con.execute(sql).columns == ["a", "a", "a_1", "b"]
    pytest.importorskip("numpy")
    assert list(con.execute(sql).numpy()) == names
    pl = pytest.importorskip("polars")
    assert con.execute(sql).pl().equals(pl.DataFrame(dict(zip(names, ([1], [2], [3], [4])))))
    pytest.importorskip("pandas")
    assert con.execute(sql).df().values.tolist() == [[1, 2, 3, 4]]


def test_columns_of_a_batch_are_found_or_refused(con):
    batch, = con.execute("SELECT 1 AS a, NULL AS b").batches()
    assert batch.column(0) == batch.column("a") == batch.column(-2) == [1]
    for which in ("z", 2, -3, 1 << 40, 1.5, None):
        with pytest.raises(stoa.DataError, match="there is no column .*; there are a, b"):
            batch.column(which)


def test_one_row_has_the_values_of_all_rows(con):
    pa = pytest.importorskip("pyarrow")
    con.insert("t", pa.table({
        "l": [[dt.date(2020, 1, 1)]], "s": [{"x": dt.datetime(2020, 1, 1), "y": b"a"}],
        "m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8())), "f": [[0.5, None]]}),
        mode="create")
    con.run("CREATE TABLE j(j TEXT JSON); INSERT INTO j VALUES ('not json'), ('[1]')")
    for sql in ("SELECT * FROM t", "SELECT * FROM j", "SELECT * FROM j WHERE j = '[1]'"):
        whole = con.execute(sql).fetchall()[0]
        with con.prepare(sql) as stmt:
            assert con.row(sql) == stmt.row() == con.execute(sql).fetchone() == whole


def test_what_ends_the_rows_is_told_as_everywhere(con):
    pytest.importorskip("pyarrow")
    con.run("CREATE TABLE t(d INTEGER DATE32); INSERT INTO t VALUES (1), (99999999999)")
    forms = ["arrow"]
    for name, form in (("polars", "pl"), ("pandas", "df")):
        pytest.importorskip(name)
        forms.append(form)
    for form in forms:
        with pytest.raises(stoa.TypeMismatchError, match="column 'd', row 2"):
            getattr(con.execute("SELECT * FROM t"), form)()
    def broken(number: int) -> int:
        raise KeyError("inside")
    con.create_function("broken", broken)
    with pytest.raises(stoa.CallbackError, match="inside") as caught:
        con.execute("SELECT broken(d) FROM t").arrow()
    assert isinstance(caught.value.__cause__, KeyError)
    con.run("DELETE FROM t; INSERT INTO t VALUES (-800000)")
    with pytest.raises(stoa.DataError, match="pandas cannot hold a value: .*read the result as"):
        con.execute("SELECT * FROM t").df()


def test_how_many_are_fetched(table):
    result = table.execute("SELECT id FROM t ORDER BY id")
    with pytest.raises(stoa.DataError, match="asked for -1 rows"):
        result.fetchmany(-1)
    with pytest.raises(TypeError):
        result.fetchmany(1.5)
    assert next(result) == (1,) and result.fetchmany(10**30) == [(2,), (3,)]
    with pytest.raises(StopIteration):
        next(result)
    with pytest.raises(stoa.DataError, match="a int is no schema"):
        table.execute("SELECT 1").request(5)


def test_odd_zones_are_refused_in_a_sentence(con):
    pa = pytest.importorskip("pyarrow")
    for zone in ("+ab:cd", "+99:00"):
        odd = pa.table({"a": pa.array([1], pa.timestamp("us", zone))})
        with pytest.raises(stoa.DataError, match="is not known to this Python"):
            con.execute("SELECT * FROM odd").fetchall()
        assert odd.num_rows == 1


FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
FORMS = ["fetchall", "arrow", "pl", "df", "numpy", "csv", "json"]


def needs(form):
    pytest.importorskip({"arrow": "pyarrow", "pl": "polars", "df": "pandas", "numpy": "numpy"}.get(
        form, "json"))


@pytest.mark.parametrize("form", FORMS)
def test_a_deadline_is_for_all_of_it(con, form):
    needs(form)
    with pytest.raises(stoa.TimedOutError, match="deadline of 200 ms"):
        getattr(con.execute(FOREVER, timeout=0.2), form)()
    assert con.row("SELECT 1") == (1,)


@pytest.mark.parametrize("form", FORMS)
def test_what_ends_a_result_early_is_raised_as_it_is(con, form):
    """Also where another library reads it, which has exceptions of its own."""
    needs(form)

    def fail(x: int) -> int:
        if x == 100000:  # Behind the first batch.
            raise kind("late")
        return x

    con.create_function("fail", fail)
    query = f"SELECT fail(i) FROM ({FOREVER}) LIMIT 100000"
    for kind, seen in [(KeyError, stoa.CallbackError), (KeyboardInterrupt, KeyboardInterrupt)]:
        with pytest.raises(seen, match="late") as caught:
            getattr(con.execute(query), form)()
        assert kind is KeyboardInterrupt or isinstance(caught.value.__cause__, KeyError)
        assert con.row("SELECT 1") == (1,)


@pytest.mark.parametrize("form", FORMS)
def test_a_cancel_ends_whatever_reads_a_result(con, form):
    needs(form)

    def cancel(x: int) -> int:
        if x == 100000:
            con.cancel()
        return x

    con.create_function("cancel", cancel)
    with pytest.raises(stoa.CancelledError):
        getattr(con.execute(f"SELECT cancel(i) FROM ({FOREVER})"), form)()
    assert con.row("SELECT 1") == (1,)


def test_what_another_library_was_told_is_nobodys_cause(con):
    pyarrow = pytest.importorskip("pyarrow")

    def fail(x: int) -> int:
        return 1 // (x - 100000)

    con.create_function("fail", fail)
    for ask in (con.execute, con.row, con.run, con.prepare):
        with pytest.raises(OSError, match="ZeroDivisionError"):
            pyarrow.table(con.execute(f"SELECT fail(i) FROM ({FOREVER})"))
        with pytest.raises(stoa.SqlSyntaxError) as caught:
            ask("SELEC")
        assert caught.value.__cause__ is None
