# SPDX-License-Identifier: Apache-2.0
"""Data of kinds that are seldom seen: each goes in as what it is, or is refused with its place."""

import collections
import datetime as dt
import decimal
import gzip
import io

import pytest

import stoa


def into(con, data, **settings):
    """What a new table holds after the data went in: the types of its columns, and its rows."""
    con.insert("t", data, mode="replace", **settings)
    result = con.execute("SELECT * FROM t")
    return result.types, result.fetchall()


def types_of(con, data):
    """The types of the columns of a new table, after the data went in."""
    con.insert("t", data, mode="replace")
    return con.execute("SELECT * FROM t").types


def refused(con, data, text, **settings):
    """The data is refused with such a sentence, and nothing has changed."""
    with pytest.raises(stoa.Error, match=text):
        con.insert("t", data, mode="create", **settings)
    assert "t" not in con.tables() and not con.in_transaction


# ---- batch after batch ----

def test_batches_of_other_types_are_cast_to_those_of_the_first(con):
    types, rows = into(con, ({"a": [item]} for item in (1, None, 2.0, 3)))
    assert (types, rows) == (["int64"], [(1,), (None,), (2,), (3,)])
    refused_items = ({"a": [1]}, {"a": [2.5]}), ({"a": [1]}, {"a": ["x"]})
    con.run("DROP TABLE t")
    for items in refused_items:
        refused(con, iter(items), "item 1 of the iterator has not the types .* first: column 'a'")
    refused(con, iter([{"a": [1]}, {"b": [1]}]), "item 1 of the iterator has the columns b")
    refused(con, iter([{"a": [1]}, {"a": [1], "b": [1]}]), "has the columns a, b, the first has a")


def test_batches_of_another_order_are_put_in_order(con):
    pa = pytest.importorskip("pyarrow")
    batches = [pa.record_batch({"a": [1], "b": [10]}), pa.record_batch({"b": [20], "a": [2]})]
    assert into(con, batches)[1] == into(con, iter(batches))[1] == [(1, 10), (2, 20)]


def test_rows_may_come_one_by_one(con):
    rows = [{"a": 1}, {"a": 2, "b": "x"}, {"b": "y"}]
    assert into(con, iter(rows)) == into(con, rows)
    assert into(con, ((i, str(i)) for i in range(3)), columns=["a", "b"])[1] == [
        (0, "0"), (1, "1"), (2, "2")]
    point = collections.namedtuple("Point", "x y")
    con.insert("t", [point(1, 2)], mode="replace")
    assert con.execute("SELECT * FROM t").columns == ["x", "y"]
    con.insert("t", (point(i, i) for i in range(70000)), mode="replace")
    assert con.row("SELECT count(*), sum(x), sum(y) FROM t") == (70000, 2449965000, 2449965000)


def test_an_iterator_that_raises_leaves_nothing(con):
    def broken():
        yield {"a": [1]}
        raise KeyError("midway")
    with pytest.raises(stoa.CallbackError, match="midway") as caught:
        con.insert("t", broken(), mode="create")
    assert isinstance(caught.value.__cause__, KeyError) and con.tables() == []
    refused(con, iter([]), "gives no batch at all")


# ---- columns of libraries in a dict ----

def test_columns_keep_the_types_of_their_library(con):
    pa = pytest.importorskip("pyarrow")
    data = {"u": pa.array([1, None], pa.uint8()), "ns": pa.array([1001, 2], pa.timestamp("ns")),
            "l": pa.array([[1], None]), "d": pa.array(["x", "y"]).dictionary_encode(),
            "plain": [1, 2]}
    assert types_of(con, data) == ["uint8", "timestamp[ns]", "list<int64>", "dictionary<utf8>",
                                   "int64"]
    table = con.execute("SELECT ns, l FROM t").arrow()
    assert table["ns"].cast("int64").to_pylist() == [1001, 2]
    assert table["l"].to_pylist() == [[1], None]


def test_pieces_of_columns_need_not_be_of_one_length(con):
    pa = pytest.importorskip("pyarrow")
    dictionaries = pa.chunked_array([pa.DictionaryArray.from_arrays([0, None], ["x", "q"]),
                                     pa.DictionaryArray.from_arrays([1, 0], ["y", "z"])])
    data = {"a": pa.chunked_array([[1], [], [2, 3], [4]]), "b": dictionaries,
            "c": pa.array(range(9))[3:7], "d": list("wxyz")}
    assert into(con, data)[1] == [(1, "x", 3, "w"), (2, None, 4, "x"), (3, "z", 5, "y"),
                                  (4, "y", 6, "z")]
    with pytest.raises(stoa.DataError, match="column 'b' has 2 rows, 'a' has 1"):
        con.insert("t", {"a": pa.array([1]), "b": [1, 2]})
    assert into(con, {"a": pa.array([], pa.int8())}) == (["int8"], [])


def test_columns_of_polars(con):
    pl = pytest.importorskip("polars")
    data = {"a": pl.Series([1, None], dtype=pl.UInt8),
            "b": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"])),
            "c": pl.Series([1001, 1]).cast(pl.Duration("ns"))}
    assert types_of(con, data) == ["uint8", "dictionary<utf8_view>", "duration[ns]"]
    assert con.execute("SELECT a, b FROM t").fetchall() == [(1, "x"), (None, "y")]
    assert con.execute("SELECT c FROM t").numpy()["c"].astype("i8").tolist() == [1001, 1]
    con.run("DROP TABLE t")
    objects = pl.Series([object()], dtype=pl.Object)
    refused(con, pl.DataFrame({"a": objects}), "column 'a' has the polars type Object")
    refused(con, {"a": objects}, "column 'a' has the polars type Object")


def test_a_series_is_a_table_of_one_column(con):
    pd = pytest.importorskip("pandas")
    series = pd.Series([1, 2], name="a")
    assert con.sql("SELECT sum(a) FROM series").scalar() == 3
    assert into(con, series)[1] == into(con, pd.Series([1, 2]), columns=["a"])[1] == [(1,), (2,)]
    con.run("DROP TABLE t")
    refused(con, pd.Series([1]), "a Series is one column; give its name")


@pytest.mark.parametrize("column", [{"x": 1}, 5, None, "text", b"bytes"], ids=repr)
def test_what_is_no_column(con, column):
    refused(con, {"a": column}, f"column 'a' is a {type(column).__name__}; give a list")


def test_what_is_no_data(con):
    pd = pytest.importorskip("pandas")
    refused(con, {"a": pd.DataFrame({"x": [1]})}, "column 'a' is a DataFrame")
    refused(con, pd.DataFrame, "the class DataFrame holds no columns")
    refused(con, io.BytesIO(b"a\n1\n"), "is an open file: say what is in it")
    refused(con, pd.DataFrame({"a": [1]}), "has names for its columns", columns=["b"])
    refused(con, [(1, 2)], "in the source twice", columns=["a", "a"])
    refused(con, [1, 2], "a int holds no columns")
    with pytest.raises(stoa.DataError, match="a object holds no columns"):
        con.register("o", object())


class Liar:
    """What it hands out is not what the protocol asks for."""

    def __init__(self, stream=None, pair=None):
        if stream is not None:
            self.__class__ = type("Stream", (Liar,), {"__arrow_c_stream__": lambda _self: stream})
        else:
            self.__class__ = type("Pair", (Liar,), {"__arrow_c_array__": lambda _self: pair})


def test_what_hands_out_no_capsule(con):
    pa = pytest.importorskip("pyarrow")
    refused(con, Liar(stream=5), "a int is no PyCapsule named 'arrow_array_stream'")
    refused(con, Liar(stream=pa.schema([]).__arrow_c_schema__()), "no PyCapsule named")
    refused(con, Liar(pair=None), "gave no pair of PyCapsules")
    refused(con, Liar(pair=(1, 2)), "a int is no PyCapsule named 'arrow_schema'")


def test_a_value_that_does_not_fit_its_column_is_told_once(con):
    con.run("CREATE TABLE k(b INTEGER INT8, u BLOB UUID)")
    for row, text in (({"b": 128}, "^column 'b': row 0: 128 does not fit int8$"),
                      ({"u": b"123"}, "^column 'u': row 0: it takes 16 bytes a value, not 3$")):
        with pytest.raises(stoa.TypeMismatchError, match=text):
            con.insert("k", [row])
    with con.ingest("k") as writer:
        assert writer.append({"b": [1]}) == 1
        with pytest.raises(TypeError, match="an append has a number, not a str"):
            writer.wait("1")
        with pytest.raises(stoa.InvalidError):
            writer.wait(1 << 70)


def test_nested_columns_of_registered_data_keep_their_types(con):
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"s": [{"at": dt.date(2020, 1, 1), "b": b"x"}, None],
                      "l": [[dt.time(1)], []], "m": pa.array(
                          [[("k", b"v")], None], pa.map_(pa.string(), pa.binary()))})
    rows = [({"at": dt.date(2020, 1, 1), "b": b"x"}, [dt.time(1)], [("k", b"v")]),
            (None, [], None)]
    assert con.sql("SELECT * FROM 'table' AS t").fetchall() == rows
    con.run("CREATE TABLE shadow(s TEXT); INSERT INTO shadow VALUES ('plain')")
    for name in ("data", "shadow"):
        con.register(name, table)
        assert con.execute(f"SELECT * FROM {name}").fetchall() == rows
        assert con.row(f"SELECT m, s FROM {name}") == (rows[0][2], rows[0][0])
        assert con.execute(f"SELECT l FROM {name}").arrow()["l"].type == pa.list_(pa.time64("us"))
    con.unregister("shadow")
    assert con.execute("SELECT s FROM shadow").fetchall() == [("plain",)]


# ---- files ----

class File:
    """An open file whose read() gives what it is told to."""

    def __init__(self, *parts):
        self.parts = list(parts)

    def read(self, size):
        part = self.parts.pop(0) if self.parts else b""
        return part(size) if callable(part) else part


def test_files_that_read_oddly(con):
    for parts in ([b"a,b\n1", b",x", b"yz\n"], [bytearray(b"a,b\n1,xyz\n")],
                  [memoryview(b"a,b\n1,xyz\n")], [memoryview(b"a,b\n1,xyz\n").cast("H")]):
        assert into(con, stoa.csv(File(*parts)))[1] == [(1, "xyz")]
    con.run("DROP TABLE t")
    for part, text in ((lambda size: b"x" * (size + 1), "gave 262145 bytes"), (None, "blocking"),
                       ("text", "open it for bytes"), (5, "TypeError")):
        with pytest.raises(stoa.CallbackError, match=text):
            con.insert("t", stoa.csv(File(part)), mode="create")
    with pytest.raises(stoa.DataError, match="UTF-8"):
        con.insert("t", stoa.csv("a\n\ud800\n"), mode="create")
    assert con.tables() == []


def test_files_are_known_by_their_names(con, tmp_path):
    files = {"a.csv.gz": gzip.compress(b"a\n1\n"), "a.json": b'\xef\xbb\xbf[{"a": 1}]',
             "a.jsonl.gz": gzip.compress(b'{"a": 1}\n'), "b.json": b'{"a": 1}\n'}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert into(con, tmp_path / name)[1] == into(con, str(tmp_path / name))[1] == [(1,)]
    assert into(con, stoa.json(b'[{"a": 1}]'))[1] == [(1,)]
    con.run("DROP TABLE t")
    refused(con, tmp_path / "a.parquet.gz", "no file whose ending tells")
    refused(con, str(tmp_path / "none.json"), "none.json cannot be opened")
    refused(con, stoa.json('[{"a": 1}]', foo=1), "unknown setting 'foo'")


# ---- pandas ----

def frames(pd):
    """Frames of columns that pyarrow refuses or knows by another rule, with what goes in."""
    whole, nothing = float("nan"), None
    return [
        (pd.DataFrame({"a": [1.5, whole]}), [1.5, None]),
        (pd.DataFrame({"a": pd.arrays.SparseArray([0.5, whole, 0])}), [0.5, None, 0.0]),
        (pd.DataFrame({"a": pd.Categorical([2, nothing, 1])}), [2, None, 1]),
        (pd.DataFrame({"a": pd.Categorical([nothing, nothing], categories=[])}), [None, None]),
        (pd.DataFrame({"a": pd.array([1, nothing], dtype="UInt8")}), [1, None]),
        (pd.DataFrame({"a": pd.Series([decimal.Decimal("1.5"), decimal.Decimal("NaN")])}),
         [decimal.Decimal("1.5"), None]),
        (pd.DataFrame({"a": pd.Series(["x", whole, pd.NA, nothing], dtype=object)}),
         ["x", None, None, None]),
    ]


@pytest.mark.parametrize("with_pyarrow", [True, False])
def test_missing_is_missing_in_every_column_of_pandas(con, monkeypatch, with_pyarrow):
    pd = pytest.importorskip("pandas")
    if not with_pyarrow:
        monkeypatch.setattr("stoa._source.has", lambda module: module != "pyarrow")
        monkeypatch.setattr("stoa._side.has", lambda module: module != "pyarrow")
    for frame, wanted in frames(pd):
        for data in (frame, {"a": frame["a"]}):
            assert [row[0] for row in into(con, data)[1]] == wanted


def test_frames_that_are_refused(con):
    pd = pytest.importorskip("pandas")
    refused(con, pd.DataFrame([[1, 2]], columns=["a", "a"]), "column 'a' is in the source twice")
    refused(con, pd.DataFrame({"a": pd.Series([2**70, 1], dtype=object)}),
            "column 'a', row 0: 1180591620717411303424 does not fit in 64 bits")
    refused(con, pd.DataFrame({"a": [1j]}), "column 'a', row 0: 1j: no type")
    refused(con, pd.DataFrame(), "no columns")


# ---- numpy ----

@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # Of numpy.matrix.
def test_masks_hold_in_every_shape(con):
    np = pytest.importorskip("numpy")
    pairs = np.ma.array([(1, 2.0), (3, 4.0)], mask=[(0, 1), (1, 0)],
                        dtype=[("a", "i4"), ("b", "f8")])
    square = np.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [1, 0]])
    assert into(con, pairs)[1] == [(1, None), (None, 4.0)]
    assert into(con, square, columns=["a", "b"])[1] == [(1, None), (None, 4)]
    assert into(con, {"a": [1, np.ma.masked, 3]})[1] == [(1,), (None,), (3,)]
    assert into(con, np.asmatrix([[1, 2]]), columns=["a", "b"])[1] == [(1, 2)]


def test_days_that_do_not_fit_are_refused(con):
    np = pytest.importorskip("numpy")
    for items, row in ((np.array([0, 10**10], "M8[D]"), 1), (np.array([10**17], "M8[Y]"), 0),
                       (np.array([-10**10], "M8[W]"), 0)):
        refused(con, {"a": items}, f"column 'a', row {row}: .* out of the range of days")
        refused(con, {"a": list(items)}, f"column 'a', row {row}: .* out of the range of")
    assert into(con, {"a": np.array(["2020-02", "NaT"], "M8[M]")})[1] == [
        (dt.date(2020, 2, 1),), (None,)]


def test_nanoseconds_are_kept(con):
    np = pytest.importorskip("numpy")
    pd = pytest.importorskip("pandas")
    moment, span = pd.Timestamp("2020-01-01 00:00:00.000000001"), pd.Timedelta(1001, "ns")
    for items, form in (([moment, None, pd.NaT], "timestamp[ns]"), ([span, None], "duration[ns]"),
                        ([np.datetime64(1001, "ns")], "timestamp[ns]"),
                        ([moment.tz_localize("Europe/Paris")], "timestamp[ns, UTC]")):
        assert types_of(con, {"a": items}) == [form]
    assert con.execute("SELECT a FROM t").numpy()["a"].astype("i8").tolist() == [
        1577833200000000001]
    con.run("DROP TABLE t")
    refused(con, {"a": [moment, span]}, "column 'a', row 1: .* is not of the type")
    assert into(con, {"a": [pd.Timestamp("3000-01-01")]})[1] == [(dt.datetime(3000, 1, 1),)]


def test_texts_of_numpy(con):
    np = pytest.importorskip("numpy")
    assert into(con, {"a": np.array([], "U3"), "b": np.array([], "S3")})[0] == [
        "large_utf8", "large_binary"]
    strings = np.array(["x", np.nan], dtype=np.dtypes.StringDType(na_object=np.nan))
    assert into(con, {"a": strings})[1] == [("x",), (None,)]
    assert into(con, {"a": np.array([1.5, 2], "g")})[1] == [(1.5,), (2.0,)]
    con.run("DROP TABLE t")
    refused(con, {"a": np.array(["0.1"]).astype("g")}, "column 'a', row 0: .* no exact float")


# ---- values in lists ----

class Clock(dt.time):
    """A class that is derived from one of Python's."""


class Nowhere(dt.tzinfo):
    """A zone that does not know its offset: what has it is naive, says Python."""

    def utcoffset(self, when):
        return None


def test_values_of_derived_classes(con):
    naive = dt.datetime(2020, 1, 1, tzinfo=Nowhere())
    assert into(con, {"a": [Clock(1, 2)], "b": [naive]}) == (
        ["time[us]", "timestamp[us]"], [(dt.time(1, 2), dt.datetime(2020, 1, 1))])
    assert con.row("SELECT ?", (naive,)) == (1577836800000000,)


@pytest.mark.parametrize("item, text", [
    (dt.timedelta.max, "out of the range of microseconds"), (2**64, "64 bits"),
    (decimal.Decimal("NaN"), "NaN is not a number"), ([float("nan")], "JSON"),
    ({1}, "no type of the database"), ("\ud800", "UTF-8")], ids=repr)
def test_values_that_are_refused_with_their_place(con, item, text):
    refused(con, {"a": [None, item]}, f"column 'a', row 1: .*{text}")


def test_long_decimals_and_deep_lists(con):
    long = decimal.Decimal("1" * 5000)
    assert into(con, {"a": [long, decimal.Decimal("0.5"), None]})[1] == [
        (long,), (decimal.Decimal("0.5"),), (None,)]
    deep = []
    for _ in range(100000):
        deep = [deep]
    with pytest.raises(stoa.DataError, match="row 0: .*nested too deeply"):
        con.insert("t", {"a": [deep]})
    with pytest.raises(stoa.DataError, match="nested too deeply"):
        con.execute("SELECT ?", (deep,))
    while deep:
        deep = deep.pop()  # Python itself would free it by recursion.


# ---- single values ----

def test_numpy_and_arrow_scalars(con):
    np = pytest.importorskip("numpy")
    pa = pytest.importorskip("pyarrow")

    def one(value):
        return con.row("SELECT ?", (value,))[0]
    assert one(np.longdouble("1.5")) == 1.5 and one(np.ma.masked) is None
    assert one(pa.scalar(None)) is None and one(pa.scalar("x")) == "x"
    assert one(np.datetime64("2020-02")) == one(dt.date(2020, 2, 1))
    assert one(np.datetime64(1500, "ps").astype("M8[ps]") + np.timedelta64(998500, "ps")) == 1
    for value, text in ((np.clongdouble(1), "no type"), (np.longdouble("0.1"), "no exact float"),
                        (np.datetime64("3000", "s"), "64 bits"),
                        (np.datetime64(10**9, "Y"), "days"),
                        (np.timedelta64(5), "no unit"), (np.timedelta64(1, "Y"), "no fixed length"),
                        (np.timedelta64(10**9, "D"), "64 bits"),
                        (np.datetime64(1, "ps"), "parts of"),
                        (pa.scalar(1001, pa.time64("ns")), "nanoseconds")):
        with pytest.raises(stoa.DataError, match=text):
            one(value)


def test_a_span_of_pandas_keeps_its_nanoseconds(con):
    pd = pytest.importorskip("pandas")
    with pytest.raises(stoa.TypeMismatchError, match="1001 ns"):
        con.execute("SELECT ?", (pd.Timedelta(1001, "ns"),))
    assert con.row("SELECT ?", ([pd.NaT, pd.NA],)) == ("[null, null]",)


class Boasting(collections.abc.Sequence):
    """More items, or fewer, than its length says."""

    def __init__(self, items, length):
        self.items, self.length = items, length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return self.items[index]


def test_parameters_are_what_came_not_what_was_promised(con):
    con.row("SELECT ?, ?, ?", (7, 8, 9))
    for length in (1, 3):
        with pytest.raises(stoa.InvalidError, match="3 parameters?, 2 values were"):
            con.execute("SELECT ?, ?, ?", Boasting([1, 2], length))
    assert con.execute("SELECT ?, ?", Boasting([1, 2], 5)).fetchall() == [(1, 2)]


# ---- names, words and numbers ----

@pytest.mark.parametrize("call, text", [
    (lambda con: con.insert(5, {"a": [1]}), "a table's name is a str, not a int"),
    (lambda con: con.register(None, {"a": [1]}), "a table's name is a str"),
    (lambda con: con.table_schema(5), "a table's name is a str"),
    (lambda con: con.ingest(5), "a table's name is a str"),
    (lambda con: con.savepoint(5), "a savepoint's name is a str"),
    (lambda con: con.row(["SELECT 1"]), "a statement is a str, not a list"),
    (lambda con: con.execute("SELECT 1", timeout="5"), "a timeout is a number of seconds"),
    (lambda con: con.execute("SELECT 1", timeout=float("nan")), "a timeout is a number"),
    (lambda con: con.prepare("SELECT ?").bind(None, 1), "a parameter has a number or a name")])
def test_arguments_of_a_wrong_type(con, call, text):
    with pytest.raises(TypeError, match=text):
        call(con)


@pytest.mark.parametrize("call, text", [
    (lambda con: con.insert("\ud800", {"a": [1]}), "a table's name is no text"),
    (lambda con: con.insert("t", {"a": [1]}, keys=["a\0b"]), "the setting 'keys' holds a NUL"),
    (lambda con: con.begin("now"), "mode is 'now', none of write, read, lazy"),
    (lambda con: con.begin([]), "mode is \\[\\], none of"),
    (lambda con: con.catalog(5), "the part of the catalogue is 5, none of .*columns"),
    (lambda con: con.checkpoint("x"), "mode is 'x', none of passive, full"),
    (lambda con: con.prepare("SELECT ?").bind(2**40, 1), "position is"),
    (lambda con: con.read("t", begin="now"), "'now' is no moment"),
    (lambda con: con.read("t", begin=2**70), "is no moment: .*64 bits")])
def test_words_and_numbers_that_are_none(con, call, text):
    with pytest.raises(stoa.Error, match=text):
        call(con)


def test_a_setting_that_is_none_is_not_given(con):
    con.insert("t", {"a": [1]}, mode="create", keys=None)
    assert con.execute("SELECT a FROM t", timeout=float("inf")).fetchall() == [(1,)]
    with stoa.connect(":memory:", journal=None) as other:
        assert other.row("SELECT 1") == (1,)


def test_a_refused_call_begins_no_transaction():
    with stoa.connect(autocommit=False) as con:
        for call in (lambda: con.execute("SELECT ?", ({1},)), lambda: con.insert("t", {"a": 5})):
            with pytest.raises(stoa.DataError):
                call()
            assert not con.in_transaction
        con.run("CREATE TABLE t(a)")
        con.commit()
        with con.prepare("INSERT INTO t VALUES (?)") as stmt:
            stmt.execute((1,))
            assert con.in_transaction
            con.rollback()
            stmt.executemany({"a": [1]})
            con.rollback()
            stmt.row((1,))
        con.rollback()
        assert con.row("SELECT count(*) FROM t") == (0,)


def test_a_comprehension_sees_the_variables_around_it(con):
    pa = pytest.importorskip("pyarrow")
    prices = pa.table({"a": [1, 2]})
    assert [con.sql("SELECT sum(a) FROM prices").scalar() for _ in range(2)] == [3, 3]
    assert prices.num_rows == 2
