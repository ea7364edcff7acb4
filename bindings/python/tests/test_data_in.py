# SPDX-License-Identifier: Apache-2.0
"""Data in, from everything that holds columns."""

import datetime as dt
import gc
import io
import json
from decimal import Decimal

import pytest

import stoa

ROWS = [(1, "one", 0.5), (2, None, 1.5), (3, "drei é", None)]
NAMES = ["a", "b", "c"]
COLUMNS = {"a": [1, 2, 3], "b": ["one", None, "drei é"], "c": [0.5, 1.5, None]}


def batches(pa):
    table = pa.table(COLUMNS)
    return pa.concat_tables([table.slice(0, 1), table.slice(1, 2)])


class OnlyStream:
    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__()


class OnlyArray:
    def __init__(self, batch):
        self.batch = batch

    def __arrow_c_array__(self, requested_schema=None):
        return self.batch.__arrow_c_array__()


class OnlyFrame:
    def __init__(self, table):
        self.table = table

    def __dataframe__(self, *arguments, **keywords):
        return self.table.__dataframe__(*arguments, **keywords)


def make(kind):
    library = {"pa": "pyarrow", "pl": "polars", "pd": "pandas", "np": "numpy"}.get(kind[:2])
    lib = pytest.importorskip(library) if library else None
    import_arrow = pytest.importorskip if kind.startswith(("only", "gen of pa")) else None
    pa = import_arrow("pyarrow") if import_arrow else lib
    return {
        "dict": lambda: COLUMNS,
        "dict of tuples": lambda: {k: tuple(v) for k, v in COLUMNS.items()},
        "dicts": lambda: [dict(zip(NAMES, row)) for row in ROWS],
        "ragged dicts": lambda: [{k: v for k, v in zip(NAMES, row) if v is not None}
                                 for row in ROWS],
        "generator": lambda: ({k: [v] for k, v in zip(NAMES, row)} for row in ROWS[:1] * 3),
        "gen of pa": lambda: (batch for batch in batches(pa).to_batches()),
        "pa table": lambda: batches(pa), "pa batch": lambda: pa.record_batch(COLUMNS),
        "pa reader": lambda: pa.RecordBatchReader.from_batches(
            batches(pa).schema, batches(pa).to_batches()),
        "only stream": lambda: OnlyStream(batches(pa)),
        "only array": lambda: OnlyArray(pa.record_batch(COLUMNS)),
        "only frame": lambda: OnlyFrame(pa.table(COLUMNS)),
        "pl frame": lambda: lib.DataFrame(COLUMNS), "pl lazy": lambda: lib.LazyFrame(COLUMNS),
        "pd frame": lambda: lib.DataFrame(COLUMNS),
        "pd index": lambda: lib.DataFrame(COLUMNS, index=[5, 6, 7]),
        "pd arrow": lambda: lib.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow"),
        "pd nullable": lambda: lib.DataFrame(COLUMNS).convert_dtypes(),
        "pd categorical": lambda: lib.DataFrame({**COLUMNS, "b": lib.Categorical(COLUMNS["b"])}),
        "pd object": lambda: lib.DataFrame(COLUMNS, dtype=object),
        "np structured": lambda: lib.array([(1, "one", 0.5), (2, "", 1.5), (3, "drei é", 0)],
                                           dtype=[("a", "i8"), ("b", "U10"), ("c", "f8")]),
        "np columns": lambda: {"a": lib.array([1, 2, 3]), "b": lib.array(COLUMNS["b"], object),
                               "c": lib.ma.masked_invalid([0.5, 1.5, float("nan")])},
        "pl series": lambda: {k: lib.Series(v) for k, v in COLUMNS.items()},
        "pd series": lambda: {k: lib.Series(v, dtype=object if k == "b" else None)
                              for k, v in COLUMNS.items()},
        "pa arrays": lambda: {k: lib.array(v) for k, v in COLUMNS.items()},
    }[kind]()


KINDS = ["dict", "dict of tuples", "dicts", "ragged dicts", "generator", "gen of pa", "pa table",
         "pa batch", "pa reader", "only stream", "only array", "only frame", "pl frame", "pl lazy",
         "pd frame", "pd index", "pd arrow", "pd nullable", "pd categorical", "pd object",
         "np structured", "np columns", "pl series", "pd series", "pa arrays"]


def expected(kind):
    if kind == "generator":
        return [ROWS[0]] * 3
    if kind == "np structured":
        return [(1, "one", 0.5), (2, "", 1.5), (3, "drei é", 0.0)]
    return ROWS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["create", "append", "register", "ingest", "conn ingest", "twice"])
def test_from(db, kind, way):
    data = make(kind)
    with db.connect() as con:
        con.set(nan="null")
        if way != "create" and way != "register":
            con.run("CREATE TABLE t(a INTEGER, b TEXT, c REAL)")
        if way == "register":
            con.register("t", data)
        elif way == "ingest":
            with db.ingest("t", nan="null") as writer:
                assert writer.append(data) == 1
                assert writer.acks.accepted == 1
        elif way == "conn ingest":
            with con.ingest("t", nan="null") as writer:
                writer.append(data)
        else:
            settings = {"mode": "create"} if way == "create" else {}
            assert con.insert("t", data, nan="null", **settings) == 3
        order = "" if kind == "generator" else " ORDER BY a"
        got = con.execute("SELECT * FROM t" + order).fetchall()
        if way == "register" and kind in ("np columns", "pd series", "pd frame", "pd index"):
            got = [tuple(None if v != v else v for v in row) for row in got]
        assert got == expected(kind)
        if way == "twice" and kind not in ("generator", "gen of pa", "pa reader"):
            con.insert("t", data, nan="null")
            assert con.row("SELECT count(*) FROM t") == (6,)


def test_registered_data_is_read_again_and_again(con):
    con.register("t", COLUMNS)
    assert con.execute("SELECT count(*) FROM t x, t y").scalar() == 9
    con.register("t", {"a": [7]})
    assert con.execute("SELECT * FROM t").fetchall() == [(7,)]
    with pytest.raises(stoa.ExistsError):
        con.register("t", {"a": [8]}, replace=False)
    con.unregister("t")
    with pytest.raises(stoa.NotFoundError):
        con.unregister("t")
    with pytest.raises(stoa.NotFoundError):
        con.execute("SELECT * FROM t")


def test_what_can_be_read_once_is_kept(con):
    con.register("t", ({"a": [i]} for i in range(3)))
    assert con.execute("SELECT sum(a) FROM t").scalar() == 3
    assert con.execute("SELECT sum(a) FROM t").scalar() == 3


def test_a_result_goes_in_on_its_own_connection(con):
    con.insert("t", COLUMNS, mode="create")
    assert con.insert("u", con.execute("SELECT * FROM t ORDER BY a"), mode="create") == 3
    assert con.execute("SELECT * FROM u").fetchall() == ROWS


# ---- the caller's variables ----

frame_of_the_module = None


def test_replacement_scan(con):
    pl = pytest.importorskip("polars")
    df = pl.DataFrame({"x": [1, 2, 3]})
    assert con.sql("SELECT sum(x) FROM df").scalar() == 6
    assert con.row("SELECT sum(x) FROM df") == (6,)
    assert con.cursor().execute("SELECT sum(x) FROM df").fetchall() == [(6,)]
    number = 5
    with pytest.raises(stoa.NotFoundError):
        con.sql("SELECT * FROM number")
    globals()["frame_of_the_module"] = df
    assert con.sql("SELECT count(*) FROM frame_of_the_module").scalar() == 3

    def inner():
        lazy = df.lazy()
        return con.sql("SELECT max(x) FROM lazy").scalar()

    assert inner() == 3 and number == 5
    with pytest.raises(stoa.NotFoundError):
        con.sql("SELECT * FROM lazy")
    con.replacement_scans = False
    with pytest.raises(stoa.NotFoundError):
        con.sql("SELECT * FROM df")
    con.replacement_scans = True
    assert con.sql("SELECT sum(x) FROM df").scalar() == 6
    con.run("CREATE TABLE df(x); INSERT INTO df VALUES (100)")
    assert con.sql("SELECT sum(x) FROM df").scalar() == 100


def test_a_replacement_is_let_go(con):
    pa = pytest.importorskip("pyarrow")
    before = pa.total_allocated_bytes()

    def ask():
        df = pa.table({"x": pa.array(range(100000), pa.int64())})
        return con.sql("SELECT sum(x) FROM df").scalar(), df.num_rows

    assert ask()[1] == 100000
    con.close()
    gc.collect()
    assert pa.total_allocated_bytes() <= before + 1000


class Broken:
    def __arrow_c_stream__(self, requested_schema=None):
        raise RuntimeError("no stream today")


def test_what_a_source_raises_is_the_cause(con):
    broken = Broken()
    assert broken is not None
    with pytest.raises(stoa.CallbackError, match="no stream today") as caught:
        con.sql("SELECT * FROM broken")
    assert isinstance(caught.value.__cause__, RuntimeError)

    def items():
        yield {"a": [1]}
        raise KeyError("half way")

    con.run("CREATE TABLE t(a)")
    with pytest.raises(stoa.Error, match="half way") as caught:
        con.insert("t", items())
    assert isinstance(caught.value.__cause__, KeyError)
    assert con.row("SELECT count(*) FROM t") == (0,)
    with pytest.raises(RuntimeError):
        con.insert("t", Broken())


# ---- what is wrong ----

WRONG = [
    ({"a": [1, "x"]}, "column 'a', row 1"), ({"a": [1.5, None, "x"]}, "row 2"),
    ({"a": [1, 2], "b": [1]}, "'b' has 1 rows"), ({"a": [object()]}, "column 'a', row 0"),
    ({"a": [2**64]}, "64 bits"), ({"a": [-1, 2**63]}, "row 1"), ({"a": [2**60 + 1, 0.5]}, "row 0"),
    ({"a": ["ok", "\ud800"]}, "row 1"), ({"a": [dt.datetime(2024, 1, 1), dt.datetime(
        2024, 1, 1, tzinfo=dt.timezone.utc)]}, "row 1"),
    ({"a": [dt.time(1, tzinfo=dt.timezone.utc)]}, "row 0"), ({"a": [Decimal("NaN")]}, "row 0"),
    ({"a": [[1], [object()]]}, "row 1"), ({"a": "text"}, "'a'"), ({"a": 5}, "'a'"),
    ([(1, 2)], "columns="), ([{"a": 1}, 5], "row 1"), ([], "no rows"), (5, "int"), (None, "None"),
    (b"bytes", "bytes"), (object(), "object"), ("nope.xyz", "ending"),
    ({"a": [dt.date(2024, 1, 1), dt.datetime(2024, 1, 1)]}, "row 1"),
]


@pytest.mark.parametrize("data, text", WRONG, ids=lambda v: repr(v)[:30])
def test_wrong_data_names_column_and_row(con, data, text):
    with pytest.raises((stoa.DataError, TypeError), match=text):
        con.insert("t", data, mode="create")
    assert con.tables() == []


def test_tuples_with_names(con):
    assert con.insert("t", ROWS, columns=NAMES, mode="create") == 3
    assert con.execute("SELECT * FROM t").fetchall() == ROWS
    with pytest.raises(stoa.DataError, match="row 1"):
        con.insert("t", [(1, "x", 0.5), (2,)], columns=NAMES)


def test_numpy_arrays(con):
    np = pytest.importorskip("numpy")
    con.insert("t", np.arange(6).reshape(3, 2), columns=["x", "y"], mode="create")
    assert con.execute("SELECT x, y FROM t").fetchall() == [(0, 1), (2, 3), (4, 5)]
    con.insert("u", np.array([1.5, 2.5]), columns=["x"], mode="create")
    assert con.execute("SELECT x FROM u").fetchall() == [(1.5,), (2.5,)]
    for bad, names in ((np.zeros((2, 2)), None), (np.zeros((2, 2, 2)), ["a", "b"]),
                       (np.zeros(3), ["a", "b"])):
        with pytest.raises(stoa.DataError, match="shape"):
            con.insert("v", bad, columns=names, mode="create")
    with pytest.raises(stoa.DataError, match="dimensions"):
        con.insert("v", {"a": np.zeros((2, 2))}, mode="create")


@pytest.mark.parametrize("dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4",
                                   "f8", ">i4", ">f8", "M8[s]", "M8[ms]", "M8[us]", "M8[ns]",
                                   "M8[D]", "m8[s]", "m8[ns]", "U5", "S5", "O"])
@pytest.mark.parametrize("step", [1, 2])
def test_numpy_types(con, dtype, step):
    np = pytest.importorskip("numpy")
    array = np.array([0, 1, 1, 0, 1, 1]).astype(dtype)[::step]
    con.insert("t", {"n": np.arange(len(array)), "v": array}, mode="create")
    back = con.execute("SELECT v FROM t ORDER BY n").numpy()["v"]
    assert back.tolist() == array.tolist()
    if array.dtype.kind in "iufmM" and dtype not in ("f2", "M8[D]") and dtype[0] != ">":
        assert back.dtype == array.dtype


def test_numpy_nulls(con):
    np = pytest.importorskip("numpy")
    con.insert("t", {"a": np.ma.array([1, 2, 3], mask=[False, True, False]),
                     "b": np.array(["2024-01-01", "NaT", "2024-01-03"], "M8[us]"),
                     "c": np.ma.array(["x", "y", "z"], mask=[True, False, False]),
                     "d": np.array(["2024-01-01", "NaT", "2024-01-03"], "M8[D]")}, mode="create")
    assert con.execute("SELECT a, b IS NULL, c, d FROM t").fetchall() == [
        (1, 0, None, dt.date(2024, 1, 1)), (None, 1, "y", None), (3, 0, "z", dt.date(2024, 1, 3))]
    with pytest.raises(stoa.DataError, match="astype"):
        con.insert("u", {"a": np.array([1], "M8[10s]")}, mode="create")


def test_pandas_without_pyarrow(con, monkeypatch):
    pd = pytest.importorskip("pandas")
    from stoa import _source
    monkeypatch.setattr(_source, "has", lambda module: False)
    df = pd.DataFrame({"i": [1, 2], "f": [0.5, float("nan")], "s": ["x", None], "b": [True, False],
                       "t": pd.to_datetime(["2024-01-01", None]),
                       "z": pd.to_datetime(["2024-01-01", None], utc=True),
                       "c": pd.Categorical(["u", "v"]), "n": pd.array([1, None], "Int64")})
    con.insert("t", df, mode="create", nan="null")
    utc = dt.timezone.utc
    assert con.execute("SELECT * FROM t").fetchall() == [
        (1, 0.5, "x", True, dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=utc), "u", 1),
        (2, None, None, False, None, None, "v", None)]


def test_pandas_mixed_objects_are_refused_with_their_row(con):
    pd = pytest.importorskip("pandas")
    with pytest.raises(stoa.DataError, match="column 'a', row 1"):
        con.insert("t", pd.DataFrame({"a": [1, "x"]}, dtype=object), mode="create")


# ---- texts and files ----

def test_csv(con, tmp_path):
    text = 'a,b,c\n1,one,0.5\n2,,1.5\n3,"drei, ""é""\nzwei",\n'
    con.run("CREATE TABLE t(a INTEGER, b TEXT, c REAL)")
    assert con.insert("t", stoa.csv(text)) == 3
    want = [(1, "one", 0.5), (2, None, 1.5), (3, 'drei, "é"\nzwei', None)]
    assert con.execute("SELECT * FROM t").fetchall() == want
    path = tmp_path / "a.csv"
    path.write_text("\ufeff" + text, encoding="utf-8")
    con.run("DELETE FROM t")
    con.insert("t", path)
    con.insert("t", str(path))
    with open(path, "rb") as file:
        con.insert("t", stoa.csv(file))
    assert con.execute("SELECT * FROM t").fetchall() == want * 3
    with con.ingest("t") as writer:
        writer.append(path)
    assert con.row("SELECT count(*) FROM t") == (12,)
    con.insert("u", stoa.csv("a;b\n1;2", separator=";"), mode="create")
    assert con.execute("SELECT a, b FROM u").fetchall() == [(1, 2)]
    con.run("CREATE TABLE texts(a TEXT)")
    con.insert("texts", stoa.csv("a\n1\n2\n", header=True))
    assert con.execute("SELECT a FROM texts").fetchall() == [("1",), ("2",)]
    con.register("x", path)
    con.register("y", stoa.csv(text))
    for _ in range(2):
        assert con.execute("SELECT count(*) FROM x, y").scalar() == 9


def test_texts_of_a_table_that_is_replaced_are_not_cast(db):
    with db.connect() as con:
        for way in ("insert", "con", "db"):
            con.insert("t", {"a": [dt.date(2024, 1, 1)]}, mode="replace")
            if way == "insert":
                con.insert("t", {"a": ["text"]}, mode="replace")
                con.insert("t", {"a": ["more"]})
            else:
                with (con if way == "con" else db).ingest("t", mode="replace") as writer:
                    writer.append({"a": ["text"]})
                    writer.append({"a": ["more"]})
            assert con.execute("SELECT a FROM t").fetchall() == [("text",), ("more",)]


def test_csv_that_is_wrong(con, tmp_path):
    con.run("CREATE TABLE t(a INTEGER, b TEXT)")
    for bad in ("a,b\n1\n", 'a,b\n"x', "a,b\nabc,x\n"):
        with pytest.raises(stoa.Error):
            con.insert("t", stoa.csv(bad, separator=",", header=True))
    with pytest.raises(stoa.InvalidError, match="separator"):
        con.insert("t", stoa.csv("a,b\n", separator="nonsense"))
    with pytest.raises(stoa.DataError, match="int"):
        stoa.csv(5)
    with pytest.raises(stoa.NotFoundError):
        con.insert("t", tmp_path / "none.csv")

    class Failing:
        def read(self, size):
            raise KeyError("no bytes today")

    with pytest.raises(stoa.CallbackError, match="no bytes today") as caught:
        con.insert("t", stoa.csv(Failing()))
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(stoa.CallbackError, match="rb"):
        con.insert("t", stoa.csv(io.StringIO("a\n1\n")))
    assert con.row("SELECT count(*) FROM t") == (0,)


def test_json(con, tmp_path):
    rows = [{"a": 1, "b": "x", "c": [1, 2]}, {"a": 2, "c": None}]
    lines = "\n".join(map(json.dumps, rows))
    path, whole = tmp_path / "a.jsonl", tmp_path / "a.json"
    path.write_text(lines, encoding="utf-8")
    whole.write_text(json.dumps(rows), encoding="utf-8")
    for i, data in enumerate((stoa.json(json.dumps(rows)), stoa.json(lines), path, whole,
                              stoa.json(path), stoa.json(io.BytesIO(lines.encode())))):
        con.insert(f"t{i}", data, mode="create")
        assert con.execute(f"SELECT * FROM t{i}").fetchall() == [(1, "x", [1, 2]), (2, None, None)]
    for bad in ("{", "[1, 2]", '{"a": 1}\n5', "[{]"):
        with pytest.raises(stoa.Error):
            con.insert("bad", stoa.json(bad), mode="create")
    assert "bad" not in con.tables()


def test_parquet(con, tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table(COLUMNS), path)
    assert con.insert("t", path, mode="create") == 3
    assert con.execute("SELECT * FROM t").fetchall() == ROWS
    with pytest.raises(FileNotFoundError):
        con.insert("t", tmp_path / "none.parquet")


# ---- into what is there ----

def test_coercion_to_the_target(con):
    con.run('CREATE TABLE t(d INTEGER DATE32, x TEXT DECIMAL(10,2), i INTEGER INT8, '
            'at INTEGER TIMESTAMP_S)')
    con.insert("t", {"d": ["2024-01-02"], "x": [Decimal("1.5")], "i": ["7"],
                     "at": [dt.datetime(2024, 1, 1)]})
    assert con.execute("SELECT d, x, i, at FROM t").fetchall() == [
        (dt.date(2024, 1, 2), Decimal("1.50"), 7, dt.datetime(2024, 1, 1))]
    for column, value in (("d", "nope"), ("x", Decimal("1.234")), ("i", 1000),
                          ("at", dt.datetime(2024, 1, 1, 0, 0, 0, 5))):
        with pytest.raises(stoa.TypeMismatchError, match=f"column '{column}'.*row"):
            con.insert("t", {column: [None, value]})
    with pytest.raises(stoa.NotFoundError):
        con.insert("t", {"nope": [1]})
    with pytest.raises(stoa.NotFoundError):
        con.insert("nope", {"a": [1]})


def test_modes(con):
    con.insert("t", {"id": [1, 2], "v": ["a", "b"]}, mode="create", keys=["id"])
    with pytest.raises(stoa.ExistsError):
        con.insert("t", {"id": [1], "v": ["a"]}, mode="create")
    con.insert("t", {"id": [2, 3], "v": ["B", "c"]}, mode="upsert", keys="id")
    assert con.execute("SELECT v FROM t ORDER BY id").fetchall() == [("a",), ("B",), ("c",)]
    with pytest.raises(stoa.ConstraintError):
        con.insert("t", {"id": [9, 1], "v": ["x", "y"]})
    assert con.row("SELECT count(*) FROM t") == (3,)
    con.insert("t", {"id": [7], "v": ["z"]}, truncate=True)
    assert con.row("SELECT count(*) FROM t") == (1,)
    con.insert("t", {"other": [1.5]}, mode="replace")
    assert con.execute("SELECT * FROM t").columns == ["other"]
    with pytest.raises(stoa.InvalidError, match="mode"):
        con.insert("t", {"a": [1]}, mode="nonsense")
    with pytest.raises(stoa.InvalidError, match="truncate"):
        con.insert("t", {"a": [1]}, trunkate=True)


def test_ingest_acknowledges(tmp_path):
    with stoa.open(tmp_path / "a.db") as db:
        with db.ingest("t", mode="create_append") as writer:
            assert [writer.append({"a": [i]}) for i in range(3)] == [1, 2, 3]
            assert writer.acks.committed == 3
            writer.wait(3, "durable")
            assert writer.acks.durable == 3
            with pytest.raises(stoa.InvalidError):
                writer.wait(99)
            with pytest.raises(stoa.InvalidError):
                writer.wait(1, "nonsense")
        with pytest.raises(stoa.ClosedError):
            writer.append({"a": [1]})
        with pytest.raises(ZeroDivisionError):
            with db.ingest("t", unit="finish") as writer:
                writer.append({"a": [9]})
                raise ZeroDivisionError
        with db.connect() as con:
            assert con.execute("SELECT a FROM t").fetchall() == [(0,), (1,), (2,)]
            con.begin()
            with con.ingest("t") as writer:
                writer.append({"a": [5]})
            con.rollback()
            assert con.row("SELECT count(*) FROM t") == (3,)
