# SPDX-License-Identifier: Apache-2.0
"""Values at random: in and out by every way, they are the same."""

import datetime as dt
import decimal

import pytest

import stoa

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
COLUMNS = {
    "int": st.integers(-2**63, 2**63 - 1), "float": st.floats(allow_nan=False), "str": TEXT,
    "bytes": st.binary(), "bool": st.booleans(), "date": st.dates(), "time": st.times(),
    "naive": st.datetimes(), "timedelta": st.timedeltas(dt.timedelta(-10**5), dt.timedelta(10**5)),
    "aware": st.datetimes(timezones=st.just(dt.timezone.utc)), "uuid": st.uuids(),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-10**20,
                           max_value=10**20),
    "json": st.recursive(st.none() | st.booleans() | st.integers(-2**53, 2**53) | TEXT,
                         lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
                         max_leaves=5).filter(lambda v: isinstance(v, (list, dict))),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns(kind):
    @hypothesis.given(st.lists(COLUMNS[kind] | st.none(), min_size=1, max_size=20))
    def check(items):
        with stoa.connect() as con:
            con.insert("t", {"v": items}, mode="create")
            result = con.execute("SELECT v FROM t")
            first = result.fetchone()
            assert [row[0] for row in [first, *result.fetchall()]] == items
    check()


@hypothesis.given(st.lists(st.none() | st.integers(-2**63, 2**63 - 1) | TEXT | st.binary()
                           | st.floats(allow_nan=False), max_size=40))
def test_parameters(values):
    with stoa.connect() as con:
        if values:
            sql = "SELECT " + ", ".join("?" * len(values))
            assert con.row(sql, values) == tuple(values)
            assert con.execute(sql, values).fetchall() == [tuple(values)]


@hypothesis.given(st.lists(st.tuples(st.none() | st.integers(-2**63, 2**63 - 1) | TEXT,
                                     st.floats(allow_nan=False) | st.none()), max_size=30))
def test_executemany(rows):
    with stoa.connect() as con:
        con.set(types="infer", type_mismatch="union")
        con.run("CREATE TABLE t(a, b)")
        con.executemany("INSERT INTO t VALUES (?, ?)", rows)
        assert con.execute("SELECT * FROM t").fetchall() == rows


@hypothesis.given(TEXT, st.integers(-2**63, 2**63 - 1), st.decimals(allow_nan=False,
                                                                   allow_infinity=False))
def test_functions(text, number, amount):
    with stoa.connect() as con:
        con.create_function("f", lambda a, b, c: (a, b, c) == (text, number, amount),
                            [str, int, decimal.Decimal], bool)
        try:
            assert con.row("SELECT f(?, ?, ?)", (text, number, amount)) == (1,)
        except stoa.DataError:
            assert abs(amount.as_tuple().exponent) > 1000


@hypothesis.given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12))
def test_any_order_of_closing(steps):
    db = stoa.open()
    con = db.connect()
    things = [db, con, con.execute("SELECT 1"), con.prepare("SELECT 1"), db.connect(), con.cursor()]
    for index, use in steps:
        try:
            if use and index in (1, 4):
                things[index].row("SELECT 1")
            else:
                things[index].close()
        except stoa.ClosedError:
            pass
    for thing in things:
        thing.close()
