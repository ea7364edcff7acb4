# SPDX-License-Identifier: Apache-2.0
"""DB-API 2.0, and the tools that expect it."""

import copy
import datetime as dt
import pickle
import warnings

import pytest

import stoa


def test_module():
    assert (stoa.apilevel, stoa.threadsafety, stoa.paramstyle) == ("2.0", 1, "qmark")
    assert issubclass(stoa.Warning, Exception) and issubclass(stoa.Error, Exception)
    assert issubclass(stoa.InterfaceError, stoa.Error)
    assert issubclass(stoa.DatabaseError, stoa.Error)
    for name in ("DataError", "OperationalError", "IntegrityError", "InternalError",
                 "ProgrammingError", "NotSupportedError"):
        assert issubclass(getattr(stoa, name), stoa.DatabaseError)
    assert stoa.Date(2024, 1, 2) == dt.date(2024, 1, 2) and stoa.Time(1, 2, 3) == dt.time(1, 2, 3)
    assert stoa.Timestamp(2024, 1, 2) == dt.datetime(2024, 1, 2) and stoa.Binary(b"x") == b"x"
    assert isinstance(stoa.DateFromTicks(0), dt.date) and isinstance(stoa.TimeFromTicks(0), dt.time)
    assert isinstance(stoa.TimestampFromTicks(0), dt.datetime)


def test_every_status_has_a_class():
    from stoa._error import CLASSES
    from stoa._lib import lib
    codes = {getattr(lib, name) for name in dir(lib) if name.startswith("STOA_ERR_")}
    assert codes == set(CLASSES) and len(set(CLASSES.values())) == len(CLASSES)


def test_type_objects(table):
    types = [one[1] for one in table.execute(
        "SELECT name, px, id, x'00' AS b FROM t").description]
    assert types[0] == stoa.STRING and types[1] == stoa.NUMBER and types[2] == stoa.NUMBER
    assert types[3] == stoa.BINARY and types[0] != stoa.NUMBER
    assert len({stoa.STRING, stoa.NUMBER, stoa.BINARY, stoa.DATETIME}) == 4


def test_cursor(table):
    cursor = table.cursor()
    assert cursor.description is None and cursor.rowcount == -1 and cursor.arraysize == 1
    assert cursor.connection is table
    with pytest.raises(stoa.InterfaceError):
        cursor.fetchone()
    assert cursor.execute("SELECT id FROM t ORDER BY id") is cursor
    assert cursor.fetchone() == (1,) and cursor.fetchmany() == [(2,)]
    assert cursor.fetchall() == [(3,)] and cursor.fetchone() is None and cursor.fetchmany(3) == []
    cursor.arraysize = 2
    assert len(cursor.execute("SELECT id FROM t").fetchmany()) == 2
    assert [row[0] for row in cursor.execute("SELECT id FROM t ORDER BY id")] == [1, 2, 3]
    cursor.setinputsizes([1])
    cursor.setoutputsize(5)
    cursor.execute("INSERT INTO t(name) VALUES ('x')")
    assert cursor.rowcount == 1 and cursor.lastrowid == 4 and cursor.description is None
    with pytest.raises(stoa.InterfaceError):
        cursor.fetchall()
    cursor.executemany("INSERT INTO t(name) VALUES (?)", [("y",), ("z",)])
    assert cursor.rowcount == 2
    cursor.executescript("CREATE TABLE u(a); INSERT INTO u VALUES (1)")
    assert cursor.rowcount == 1
    cursor.execute("SELECT 1; SELECT 2")
    assert cursor.nextset() is True and cursor.fetchall() == [(2,)] and cursor.nextset() is None
    cursor.close()
    cursor.close()
    with pytest.raises(stoa.Error):
        cursor.execute("SELECT 1")
    with pytest.raises(stoa.Error):
        cursor.fetchone()
    with table.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.parametrize("sql, error", [
    ("SELEC 1", stoa.ProgrammingError), ("SELECT * FROM nope", stoa.ProgrammingError),
    ("INSERT INTO t VALUES (1, 'x', 0)", stoa.IntegrityError), ("", stoa.ProgrammingError),
    ("INSERT INTO n VALUES (NULL)", stoa.IntegrityError)])
def test_errors(table, sql, error):
    table.run("CREATE TABLE n(a NOT NULL)")
    with pytest.raises(error) as caught:
        table.execute(sql).fetchall()
    assert caught.value.code < 0 and caught.value.name.startswith("STOA_ERR_")
    assert str(caught.value)


def test_what_an_error_tells(table):
    with pytest.raises(stoa.SqlSyntaxError) as caught:
        table.execute("SELECT * FORM t")
    assert caught.value.name == "STOA_ERR_SYNTAX" and caught.value.position == 9
    with pytest.raises(stoa.ConstraintError) as caught:
        table.run("INSERT INTO t VALUES (1, 'x', 0)")
    assert caught.value.engine_code == 1555 and not caught.value.in_doubt
    assert not caught.value.rolled_back and not caught.value.retryable


def test_transactions(table):
    assert not table.in_transaction
    table.commit()
    table.rollback()
    table.begin()
    assert table.in_transaction
    table.run("DELETE FROM t")
    table.rollback()
    assert table.row("SELECT count(*) FROM t") == (3,)
    with table.transaction():
        table.run("DELETE FROM t WHERE id = 1")
    with pytest.raises(ZeroDivisionError):
        with table.transaction("lazy"):
            table.run("DELETE FROM t")
            raise ZeroDivisionError
    assert table.row("SELECT count(*) FROM t") == (2,)
    with table.transaction():
        with pytest.raises(ZeroDivisionError):
            with table.savepoint("s"):
                table.run("DELETE FROM t")
                raise ZeroDivisionError
        with table.savepoint("s"):
            table.run("DELETE FROM t WHERE id = 2")
    assert table.execute("SELECT id FROM t").fetchall() == [(3,)]
    with pytest.raises(stoa.ReadOnlyError):
        with table.transaction("read"):
            table.run("DELETE FROM t")
    with pytest.raises(stoa.InvalidError):
        table.begin("nonsense")


def test_a_transaction_whose_block_closes_the_connection():
    con = stoa.connect()
    with pytest.raises(ZeroDivisionError):
        with con.transaction():
            con.close()
            raise ZeroDivisionError
    con = stoa.connect()
    with pytest.raises(stoa.ClosedError):
        with con.transaction():
            con.close()


def test_without_autocommit(tmp_path):
    path = tmp_path / "a.db"
    with stoa.connect(path, autocommit=False) as con:
        con.run("CREATE TABLE t(a)")
        assert con.in_transaction
        con.commit()
        con.execute("INSERT INTO t VALUES (1)")
        con.rollback()
        con.executemany("INSERT INTO t VALUES (?)", [(2,), (3,)])
        con.insert("t", {"a": [4]})
        assert con.row("SELECT count(*) FROM t") == (3,)
    with stoa.connect(path) as con:  # Leaving without an exception committed.
        assert con.row("SELECT count(*) FROM t") == (3,)
    with pytest.raises(ZeroDivisionError):
        with stoa.connect(path, autocommit=False) as con:
            con.execute("DELETE FROM t")
            raise ZeroDivisionError
    with stoa.connect(path) as con:
        assert con.row("SELECT count(*) FROM t") == (3,)


MANY = [
    [(1, "a", 0.5), (2, "b", 1.5)], [(1, None, 0.5), (None, "b", None)],
    [(1, "a", 0.5), ("x", 2, b"")],
    [(True, dt.date(2024, 1, 1), None)], [], [(2**62, "é" * 1000, -0.0)] * 3,
    [[1, "a", 1.0], (2, "b", 2.0)], [(None, None, None)] * 2, [(1, "a", 1), (1.5, "b", 2)],
]


@pytest.mark.parametrize("rows", MANY, ids=repr)
def test_executemany_is_execute_many_times(rows):
    sql = "INSERT INTO t VALUES (?, ?, ?)"
    with stoa.connect() as one, stoa.connect() as many:
        for con in (one, many):
            con.run("CREATE TABLE t(a, b, c)")
        for row in rows:
            one.execute(sql, row)
        assert many.executemany(sql, rows).rows_affected == len(rows)
        ask = "SELECT a, typeof(a), b, typeof(b), c, typeof(c) FROM t"
        for con in (one, many):
            con.set(types="infer", type_mismatch="union")
        assert many.execute(ask).fetchall() == one.execute(ask).fetchall()


def test_executemany_by_name_and_from_iterators(table):
    sql = "INSERT INTO t(id, name) VALUES (:id, :name)"
    table.executemany(sql, [{"id": 10, "name": "ten"}, {"name": "eleven", "id": 11}])
    table.executemany(sql, ({"id": i, "name": None if i % 2 else i} for i in range(20, 25)))
    assert table.executemany("DELETE FROM t WHERE id = ?", iter([(1,), (2,), (99,)])) \
        .rows_affected == 2
    assert [row[0] for row in table.execute("SELECT id FROM t ORDER BY id")] == [
        3, 10, 11, 20, 21, 22, 23, 24]
    table.executemany(sql, {"id": [30, 31], "name": ["x", "y"]})
    assert table.row("SELECT count(*) FROM t") == (10,)


@pytest.mark.parametrize("rows", [[(10, "x"), (1, "y")], [(10, "x"), (11, object())],
                                  [(10, "x"), (11,)], [(10, 1), ("a", 2)], [(10, "x"), 5],
                                  [(10, "x"), "ab"], [(10, "x"), (2**63, "y")]], ids=repr)
def test_executemany_is_all_or_nothing(table, rows):
    with pytest.raises((stoa.Error, TypeError)):
        table.executemany("INSERT INTO t(id, name) VALUES (?, ?)", rows)
    assert table.row("SELECT count(*) FROM t") == (3,) and not table.in_transaction
    table.begin()
    table.run("DELETE FROM t WHERE id = 2")
    with pytest.raises((stoa.Error, TypeError)):
        table.executemany("INSERT INTO t(id, name) VALUES (?, ?)", rows)
    assert table.in_transaction and table.row("SELECT count(*) FROM t") == (2,)
    table.rollback()


def test_statements(table):
    with table.prepare("SELECT name FROM t WHERE id = :id") as stmt:
        assert stmt.parameters.names == ["id"] and stmt.schema.names == ["name"]
        assert stmt.row({"id": 1}) == ("one",)
        stmt.bind(1, 2)
        assert stmt.execute().fetchall() == [("two",)]
        stmt.clear()
        with pytest.raises(stoa.InvalidError, match="1 parameter"):
            stmt.execute()
        assert "SELECT name" in repr(stmt)
    with pytest.raises(stoa.SqlSyntaxError):
        table.prepare("SELECT 1; SELECT 2")
    with table.prepare("INSERT INTO t(id) VALUES (?)") as stmt:
        assert stmt.executemany({"id": [50, 51]})[0] == 2


def test_pandas_read_sql_and_to_sql(table):
    pd = pytest.importorskip("pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        df = pd.read_sql("SELECT * FROM t WHERE id > ? ORDER BY id", table, params=(1,))
        assert df["id"].tolist() == [2, 3]
        assert pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).to_sql("u", table, index=False) == 2
    assert table.execute("SELECT * FROM u").fetchall() == [(1, "x"), (2, "y")]


def test_polars_read_database(table):
    pl = pytest.importorskip("polars")
    frame = pl.read_database("SELECT * FROM t ORDER BY id", table)
    assert frame["name"].to_list() == ["one", "two", None]


def test_blobs_in_place(con):
    con.run("CREATE TABLE t(a BLOB); INSERT INTO t VALUES (zeroblob(10))")
    with con.blob("t", "a", 1, writable=True) as blob:
        blob.write(3, b"abc")
        blob.write(9, bytearray(b"z"))
        assert len(blob) == 10 and blob.read(3, 3) == b"abc" and blob.read(8) == b"\0z"
        with pytest.raises(stoa.InvalidError):
            blob.read(8, 5)
    assert con.row("SELECT a FROM t") == (b"\0\0\0abc\0\0\0z",)
    blob.close()
    with pytest.raises(stoa.ClosedError):
        blob.read()


def test_care(tmp_path):
    path, copy = tmp_path / "a.db", tmp_path / "b.db"
    with stoa.connect(path) as con:
        con.run("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        con.backup(copy)
        with pytest.raises(stoa.ExistsError):
            con.backup(copy)
        con.backup(copy, replace=True)
        con.attach(copy, "other")
        assert con.execute("SELECT a FROM other.t").scalar() == 1
        con.detach("other")
        con.run("DELETE FROM t")
        con.restore(copy)
        assert con.execute("SELECT a FROM t").scalar() == 1
        assert con.check() == (0, "") and con.check(integrity=True) == (0, "")
        con.ping()
        con.checkpoint("truncate")
        con.vacuum()
        con.set(busy_timeout="1s")
        with pytest.raises(stoa.InvalidError):
            con.checkpoint("nonsense")
    db = stoa.open(path)
    db.shutdown()
    with pytest.raises(stoa.ClosedError):
        db.connect()
    assert not (tmp_path / "a.db-wal").exists()


def test_reset(con):
    con.register("x", {"a": [1]})
    con.begin()
    con.reset()
    assert not con.in_transaction
    with pytest.raises(stoa.NotFoundError):
        con.execute("SELECT * FROM x")
    pl = pytest.importorskip("polars")
    df = pl.DataFrame({"a": [1]})
    assert con.execute("SELECT a FROM df").fetchall() == df.rows()


def test_settings_are_the_librarys(tmp_path):
    with pytest.raises(stoa.InvalidError, match="journal"):
        stoa.open(tmp_path / "a.db", jurnal="wal")
    with pytest.raises(stoa.NotFoundError):
        stoa.open(tmp_path / "none.db", create=False)
    with stoa.open(tmp_path / "a.db", journal="delete", pool_idle_max=2) as db:
        assert db.property("journal") == "delete"
    with stoa.connect(tmp_path / "a.db", read_only=True) as con:
        with pytest.raises(stoa.ReadOnlyError):
            con.run("CREATE TABLE t(a)")
    with pytest.raises(stoa.Error):
        stoa.open("nonsense:x")


def test_exceptions_are_the_connections_too(con):
    for name in ("Warning", "Error", "InterfaceError", "DatabaseError", "DataError",
                 "OperationalError", "IntegrityError", "InternalError", "ProgrammingError",
                 "NotSupportedError"):
        assert getattr(con, name) is getattr(stoa, name)
    with pytest.raises(con.ProgrammingError):
        con.execute("nonsense")


def test_words_of_types_are_whole_words():
    kinds = {stoa.STRING: ["utf8", "large_utf8", "dictionary<utf8_view>"],
             stoa.NUMBER: ["int64", "uint8", "float16", "decimal(10,2)", "bool"],
             stoa.BINARY: ["binary", "fixed_size_binary(16)"], stoa.ROWID: ["int64"],
             stoa.DATETIME: ["date32", "time[us]", "timestamp[us, UTC]"]}
    for kind, words in kinds.items():
        assert all(kind == word for word in words)
        assert not any(kind == word for word in ("interval[months]", "list<int64>", "union<>", 5))


def test_a_closed_cursor_says_so(con):
    cursor = con.cursor()
    assert next(cursor.execute("SELECT 1")) == (1,)
    cursor.close()
    for call in (cursor.fetchone, cursor.fetchall, cursor.nextset, lambda: next(cursor),
                 lambda: list(cursor)):
        with pytest.raises(stoa.InterfaceError, match="this cursor is closed"):
            call()


def test_nothing_of_the_library_is_copied(con):
    with con.execute("SELECT 1") as result, con.prepare("SELECT 1") as stmt:
        batch, = con.execute("SELECT 1").batches()
        for thing in (con, result, stmt, con._database, con.cursor(), batch):
            for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError, match="cannot be copied or sent"):
                    attempt(thing)
    assert con.row("SELECT 1") == (1,)


@pytest.mark.parametrize("rows, text", [
    ([{"a": 1, "c": 2}, {"a": 3, "c": 4}], "no parameter named 'c'"),
    ({"a": [1], "c": [2]}, "no column of the rows has the name of parameter 'b'"),
    ([{"a": 1, "b": 2, "c": 3}] * 2, "no parameter named 'c'"),
    ([{"a": 1, "b": 2}, 5], "row 1: parameters are a int"),
    ([{"a": 1, "b": 2}, None], "row 1: parameters are a NoneType"),
    ([{"a": 1, "b": 2}, {"a": "x", "b": {1}}], "row 1: parameter 'b', a set"),
    ([{"a": 1, "b": 2}, {"a": "1", "b": 2}], "row 1: UNIQUE"),
    ([{"a": 1, "b": 2}, {"a": 1, "b": 2}], "row 1: UNIQUE"),
    ([{"a": 1, "b": "\ud800"}], "row 0: .*UTF-8")], ids=repr)
def test_rows_by_name_have_the_names_of_the_parameters(con, rows, text):
    con.run("CREATE TABLE u(a INTEGER UNIQUE, b)")
    with pytest.raises(stoa.Error, match=text):
        con.executemany("INSERT INTO u(a, b) VALUES (:a, :b)", rows)
    assert con.row("SELECT count(*) FROM u") == (0,) and not con.in_transaction


def test_a_closed_cursor_tells_what_it_wrote(con):
    con.run("CREATE TABLE t(a)")
    for write in (lambda c: c.execute("INSERT INTO t VALUES (1), (2)"),
                  lambda c: c.executemany("INSERT INTO t VALUES (?)", [(1,), (2,)])):
        with con.cursor() as cursor:
            write(cursor)
        assert cursor.rowcount == 2 and cursor.lastrowid is not None
        cursor.close()
        assert cursor.rowcount == 2
