# SPDX-License-Identifier: Apache-2.0
"""Parameters and rows: what goes in comes out, exactly, or is an error that names it."""

import datetime as dt
import enum
import math
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

import stoa

UTC = dt.timezone.utc
NOW = dt.datetime(2024, 2, 29, 23, 59, 59, 999999)


class Color(enum.IntEnum):
    RED = 7


class Name(str):
    pass


SAME = [None, 0, 1, -1, 2**63 - 1, -2**63, 0.0, -0.5, 1e308, 5e-324, math.inf, -math.inf, "", "x",
        "naïve", "日本語 🎉", "a\0b", "x" * 100000, b"", b"\0\xff", bytes(range(256)) * 100]


@pytest.mark.parametrize("value", SAME, ids=lambda v: repr(v)[:20])
def test_same(con, value):
    assert con.row("SELECT ?", (value,)) == (value,)
    assert con.execute("SELECT ?", (value,)).fetchall() == [(value,)]
    assert con.execute("SELECT :v", {"v": value}).fetchone() == (value,)
    with con.prepare("SELECT $1") as stmt:
        stmt.bind(1, value)
        assert stmt.execute().fetchall() == [(value,)]
        assert stmt.row([value]) == (value,)


BECOMES = [(True, 1), (False, 0), (Color.RED, 7), (Name("n"), "n"), (bytearray(b"ab"), b"ab"),
           (memoryview(b"abc")[1:], b"bc"), (Decimal("1.50"), "1.50"), (Decimal("1E+2"), "100"),
           (Decimal("-0.000001"), "-0.000001"), (Decimal(2**100), str(2**100)),
           (dt.date(1970, 1, 2), 1), (dt.date(1, 1, 1), -719162), (dt.date(9999, 12, 31), 2932896),
           (dt.time(0, 0, 1, 5), 1000005), (dt.timedelta(days=-1), -86400000000),
           (dt.datetime(1970, 1, 1, 0, 0, 1), 1000000), ([1, "a", None], '[1, "a", null]'),
           ((1, 2), "[1, 2]"), ({"a": [1.5]}, '{"a": [1.5]}'),
           ({"d": dt.date(2024, 1, 2), "n": Decimal("1.10"), "b": b"xyz"},
            '{"d": "2024-01-02", "n": "1.10", "b": "eHl6"}')]


@pytest.mark.parametrize("value, stored", BECOMES, ids=lambda v: repr(v)[:30])
def test_becomes(con, value, stored):
    assert con.row("SELECT ?", (value,)) == (stored,)
    assert con.row("SELECT :x", {"x": value}) == (stored,)


def test_uuid_becomes_its_bytes(con):
    value = uuid4()
    assert con.row("SELECT ?", (value,)) == (value.bytes,)


def test_naive_datetimes_are_stored_as_they_show_and_aware_ones_as_they_are(con):
    naive = con.row("SELECT ?", (NOW,))[0]
    assert naive == con.row("SELECT ?", (NOW.replace(tzinfo=UTC),))[0]
    east = dt.timezone(dt.timedelta(hours=5, minutes=30))
    assert con.row("SELECT ?", (NOW.replace(tzinfo=east),))[0] == naive - 19800 * 1000000
    zoneinfo = pytest.importorskip("zoneinfo")
    paris = zoneinfo.ZoneInfo("Europe/Paris")
    first = dt.datetime(2024, 10, 27, 2, 30, tzinfo=paris)
    again = first.replace(fold=1)
    one, two = con.row("SELECT ?, ?", (first, again))
    assert two - one == 3600 * 1000000


REFUSED = [(2**63, "64 bits"), (-2**63 - 1, "64 bits"), (2**70, "Decimal"), (object(), "object"),
           ({1, 2}, "set"), (1j, "complex"), ("\ud800", "str"), (Decimal("NaN"), "Decimal"),
           (Decimal("Infinity"), "Decimal"), (dt.time(1, tzinfo=UTC), "time zone"),
           (dt.datetime(2500, 1, 1), "1677"), (dt.datetime(1, 1, 1), "1677"),
           ([object()], "JSON"), ({"a": math.nan}, "JSON"), (dt.timedelta(days=200000), "range"),
           (Decimal("1E+100000"), "digits"), (lambda: 1, "function")]


@pytest.mark.parametrize("value, text", REFUSED, ids=lambda v: repr(v)[:30])
def test_refused(con, value, text):
    with pytest.raises(stoa.DataError, match="parameter 2") as caught:
        con.execute("SELECT ?, ?", (1, value))
    assert text in str(caught.value)
    with pytest.raises(stoa.DataError, match="parameter 'bad'"):
        con.row("SELECT :good, :bad", {"good": 1, "bad": value})
    assert con.row("SELECT ?", (1,)) == (1,)


def test_a_nan_is_for_the_library_to_refuse(con):
    with pytest.raises(stoa.TypeMismatchError, match="NaN"):
        con.row("SELECT ?", (math.nan,))
    con.set(nan="null")
    assert con.row("SELECT ?", (math.nan,)) == (None,)


@pytest.mark.parametrize("sql", [5, None, b"SELECT 1", "SELECT '\ud800'", "SELECT '\0'"], ids=repr)
def test_statements_that_are_no_text(con, sql):
    for call in (con.execute, con.run, con.row, con.prepare):
        with pytest.raises((TypeError, stoa.DataError, stoa.InvalidError)):
            call(sql)


@pytest.mark.parametrize("params", ["abc", b"abc", 5, {1, 2}, object()])
def test_parameters_of_a_wrong_kind(con, params):
    with pytest.raises((stoa.DataError, TypeError)):
        con.execute("SELECT ?, ?, ?", params)


@pytest.mark.parametrize("sql, params", [
    ("SELECT ?", ()), ("SELECT ?", (1, 2)), ("SELECT 1", (1,)), ("SELECT :a", {"b": 1}),
    ("SELECT :a, :b", {"a": 1}), ("SELECT :a", {"a": 1, "b": 2})])
def test_the_count_and_names_of_parameters(con, sql, params):
    with pytest.raises(stoa.ProgrammingError):
        con.execute(sql, params)
    with pytest.raises(stoa.ProgrammingError):
        con.row(sql, params)


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 34, 100, 999])
def test_many_parameters(con, count):
    values = tuple(f"v{i}" if i % 2 else i for i in range(count))
    sql = "SELECT " + ", ".join("?" * count)
    assert con.row(sql, values) == values
    names = {f"p{i}": value for i, value in enumerate(values)}
    sql = "SELECT " + ", ".join(f":p{i}" for i in range(count))
    assert con.execute(sql, names).fetchone() == values


class Wrapped:
    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number


class Floating:
    def __float__(self):
        return 2.5


def test_what_acts_like_a_number(con):
    assert con.row("SELECT ?, ?", (Wrapped(5), Floating())) == (5, 2.5)
    with pytest.raises(stoa.DataError, match="64 bits"):
        con.row("SELECT ?", (Wrapped(2**64),))


def test_numpy_scalars(con):
    np = pytest.importorskip("numpy")
    values = (np.int8(-5), np.uint32(7), np.float32(0.5), np.float64(0.1), np.bool_(True),
              np.str_("é"), np.bytes_(b"x"), np.int64(2**62), np.float16(1.5))
    assert con.row("SELECT " + ", ".join("?" * len(values)), values) == (
        -5, 7, 0.5, 0.1, 1, "é", b"x", 2**62, 1.5)
    assert con.row("SELECT ?, ?, ?", (np.datetime64("1970-01-02"), np.datetime64("NaT"),
                                      np.datetime64("1970-01-01T00:00:01.5"))) == (1, None, 1500000)
    assert con.row("SELECT ?", (np.timedelta64(3, "s"),)) == (3000000,)
    assert con.row("SELECT ?", (np.array([1, 2]),)) == ("[1, 2]",)
    with pytest.raises(stoa.DataError):
        con.row("SELECT ?", (np.uint64(2**63),))
    with pytest.raises(stoa.DataError):
        con.row("SELECT ?", (np.datetime64("2500-01-01T00", "h"),))


def test_pandas_scalars(con):
    pd = pytest.importorskip("pandas")
    assert con.row("SELECT ?, ?, ?, ?", (pd.NaT, pd.NA, pd.Timestamp("1970-01-01T00:00:01"),
                                         pd.Timedelta(seconds=2))) == (None, None, 1000000, 2000000)
    with pytest.raises(stoa.TypeMismatchError, match="microseconds"):
        con.row("SELECT ?", (pd.Timestamp("1970-01-01T00:00:00.000000001"),))


# ---- columns of every type, there and back ----

COLUMNS = {
    "bool": [True, None, False], "int": [1, None, -2**63, 2**63 - 1], "float": [0.5, None, 1e300],
    "int and float": [1, 0.5, None], "str": ["a", None, "é", "", "日本"], "ascii": ["a", None, ""],
    "bytes": [b"", None, b"\0\xff"], "date": [dt.date(1, 1, 1), None, dt.date(9999, 12, 31)],
    "time": [dt.time(23, 59, 59, 999999), None, dt.time()],
    "naive": [NOW, None, dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)],
    "aware": [NOW.replace(tzinfo=UTC), None], "timedelta": [dt.timedelta(-5, 3, 7), None],
    "decimal": [Decimal("1.50"), None, Decimal("-1234567.891"), Decimal(0)],
    "long decimal": [Decimal("1" * 50 + ".5"), None], "uuid": [UUID(int=5), None, uuid4()],
    "json": [[1, None, "x"], None, {"a": {"b": []}}], "all null": [None, None],
    "int and decimal": [1, Decimal("0.25")],
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("batch_rows", [1, 2, 65536])
def test_columns_there_and_back(con, name, batch_rows):
    items = COLUMNS[name]
    assert con.insert("t", {"n": list(range(len(items))), "v": items}, mode="create") == len(items)
    con.set(batch_rows=batch_rows)
    got = [row[0] for row in con.execute("SELECT v FROM t ORDER BY n")]
    assert got == items
    assert [type(one) for one in got] == [
        type(None) if one is None else float if name == "int and float" else Decimal
        if name == "int and decimal" else type(one) for one in items]
    for number, item in enumerate(items):
        if name in ("naive", "long decimal") and item is not None:
            continue
        assert con.row("SELECT v FROM t WHERE n = ?", (number,)) == (item,)


@pytest.mark.parametrize("name", COLUMNS)
def test_fetching_one_by_one_is_fetching_all(con, name):
    con.insert("t", {"v": COLUMNS[name] * 50}, mode="create")
    if name == "naive":
        con.run("DELETE FROM t WHERE rowid % 4 = 3 OR rowid % 4 = 0")
    result = con.execute("SELECT v FROM t")
    singles = []
    while (row := result.fetchone()) is not None:
        singles.append(row)
    assert singles == con.execute("SELECT v FROM t").fetchall()


def test_moments_beyond_python_are_an_error_that_names_the_way(con):
    con.run('CREATE TABLE t(a INTEGER TIMESTAMP_US, b INTEGER DATE32, c INTEGER TIMESTAMP_NS)')
    con.run("INSERT INTO t VALUES (9223372036854775807, 9999999, 1)")
    for column in "abc":
        with pytest.raises(stoa.DataError, match="arrow"):
            con.execute(f"SELECT {column} FROM t").fetchall()


def test_time_zones(con):
    con.run('CREATE TABLE t(a INTEGER TIMESTAMP_US "Europe/Paris", '
            'b INTEGER TIMESTAMP_S "+05:30", c INTEGER TIMESTAMP_MS "UTC")')
    con.run("INSERT INTO t VALUES (0, 0, 0)")
    a, b, c = con.execute("SELECT * FROM t").fetchall()[0]
    epoch = dt.datetime(1970, 1, 1, tzinfo=UTC)
    assert (a, b, c) == (epoch, epoch, epoch)
    assert str(a.tzinfo) == "Europe/Paris" and b.hour == 5 and c.tzinfo is UTC
    assert con.row("SELECT * FROM t") == (a, b, c)
    assert str(con.row("SELECT a FROM t")[0].tzinfo) == "Europe/Paris"


def test_an_unknown_zone_is_said(con):
    con.run('CREATE TABLE t(a INTEGER TIMESTAMP_US "Mars/Olympus")')
    with pytest.raises(stoa.DataError, match="Mars"):
        con.execute("SELECT a FROM t")



def arrow_columns(pa):
    return {
        "int8": pa.array([1, None, -128], pa.int8()), "uint16": pa.array([1, None], pa.uint16()),
        "uint64": pa.array([1, 2**63 - 1], pa.uint64()),
        "float32": pa.array([0.5, None], pa.float32()),
        "large": pa.array(["x", None, "é"], pa.large_string()),
        "view": pa.array(["x", None, "longer than twelve bytes"], pa.string_view()),
        "bview": pa.array([b"x", None, b"longer than twelve bytes"], pa.binary_view()),
        "fixed": pa.array([b"abcd", None], pa.binary(4)),
        "dec": pa.array([Decimal("1.23"), None], pa.decimal128(10, 2)),
        "dec256": pa.array([Decimal("1.23"), None], pa.decimal256(50, 2)),
        "d64": pa.array([dt.date(2020, 1, 1), None], pa.date64()),
        "t32": pa.array([dt.time(1, 2, 3), None], pa.time32("s")),
        "ts": pa.array([dt.datetime(2020, 1, 1), None], pa.timestamp("s")),
        "tns": pa.array([dt.datetime(2020, 1, 1, 0, 0, 0, 5), None], pa.timestamp("ns", "UTC")),
        "dur": pa.array([dt.timedelta(seconds=5), None], pa.duration("ms")),
        "list": pa.array([[1, None], None, []], pa.list_(pa.int32())),
        "llist": pa.array([["a"], None], pa.large_list(pa.string())),
        "flist": pa.array([[1, 2], None], pa.list_(pa.int64(), 2)),
        "struct": pa.array([{"a": 1, "b": "x"}, None],
                           pa.struct([("a", pa.int64()), ("b", pa.string())])),
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        "dict": pa.array(["a", "b", None, "a"]).dictionary_encode(),
        "nested": pa.array([[{"a": [1]}], None], pa.list_(pa.struct([("a", pa.list_(pa.int8()))]))),
        "null": pa.nulls(2), "bool": pa.array([True, None, False]),
        "interval": pa.array([pa.MonthDayNano([1, 2, 3]), None], pa.month_day_nano_interval()),
        "ree": pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["x", None])),
        "lview": pa.array([[1], None, [2, 3]], pa.list_view(pa.int64())),
        "half": pa.array([1.5, None], pa.float16()),
    }


KINDS = ["int8", "uint16", "uint64", "float32", "large", "view", "bview", "fixed", "dec", "dec256",
         "d64", "t32", "ts", "tns", "dur", "list", "llist", "flist", "struct", "map", "dict",
         "nested", "null", "bool", "interval", "ree", "lview", "half"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["insert", "register"])
def test_every_arrow_type(con, kind, way):
    pa = pytest.importorskip("pyarrow")
    array = arrow_columns(pa)[kind]
    table = pa.table({"v": array})
    want = [tuple(one) if isinstance(one, pa.MonthDayNano) else one for one in array.to_pylist()]
    if way == "insert":
        con.insert("t", table, mode="create")
    else:
        con.register("t", table)
    got = [row[0] for row in con.execute("SELECT v FROM t")]
    assert got == want
    if way == "insert":
        back = con.execute("SELECT v FROM t").arrow()["v"]
        assert back.to_pylist() == array.to_pylist()


@pytest.mark.parametrize("kind", KINDS)
def test_slices_of_every_arrow_type(kind):
    pa = pytest.importorskip("pyarrow")
    from stoa import _arrow
    from stoa._batch import Batch
    from stoa._columns import Field

    array = pa.concat_arrays([arrow_columns(pa)[kind]] * 9) if kind not in ("ree", "dict") else \
        arrow_columns(pa)[kind]
    for begin, size in ((0, len(array)), (1, len(array) - 1), (1, 1), (0, 0)):
        part = array.slice(begin, size)
        schema, data = pa.record_batch({"v": part}).__arrow_c_array__()
        fields = Field(_arrow.pointer(schema, b"arrow_schema")).children
        batch = Batch(_arrow.pointer(schema, b"arrow_schema"), fields,
                      _arrow.pointer(data, b"arrow_array"))
        want = [tuple(one) if isinstance(one, pa.MonthDayNano) else one for one in part.to_pylist()]
        assert batch.column("v") == want


def test_unions_are_read():
    pa = pytest.importorskip("pyarrow")
    from stoa import _arrow
    from stoa._columns import Field
    sparse = pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()),
                                       [pa.array([1, 2]), pa.array(["a", "b"])])
    dense = pa.UnionArray.from_dense(pa.array([1, 0], pa.int8()), pa.array([0, 0], pa.int32()),
                                     [pa.array([1]), pa.array(["a"])])
    for array in (sparse, dense):
        schema, data = array.__arrow_c_array__()
        field = Field(_arrow.pointer(schema, b"arrow_schema"))
        assert field.read(_arrow.pointer(data, b"arrow_array"), 0, 2) == array.to_pylist()


def test_mixed_classes_in_one_column(con):
    con.run("CREATE TABLE t(a); INSERT INTO t VALUES (1), ('x'), (x'00'), (NULL), (1.5)")
    con.set(types="infer", type_mismatch="union")
    assert con.execute("SELECT a FROM t").fetchall() == [(1,), ("x",), (b"\0",), (None,), (1.5,)]


NAMES = ["", "a b", 'quo"te', "naïve", "日本", "SELECT", "a" * 200]


@pytest.mark.parametrize("name", NAMES[1:], ids=repr)
def test_names_of_columns(con, name):
    con.insert("t", {name: [1]}, mode="create")
    result = con.execute("SELECT * FROM t")
    assert result.columns == [name]
    assert list(result.dicts()) == [{name: 1}]
