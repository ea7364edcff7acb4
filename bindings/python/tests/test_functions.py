# SPDX-License-Identifier: Apache-2.0
"""Python functions in SQL."""

import datetime as dt
import enum
import functools
import gc
import math
import weakref
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict, Union
from uuid import UUID

import pytest

import stoa


def scalar(con, sql, params=None):
    return con.execute(sql, params).scalar()


def test_types_from_annotations(con):
    def f(a: int, b: float, c: str, d: bytes, e: bool) -> str:
        return repr((a, b, c, d, e))

    con.create_function("f", f)
    assert scalar(con, "SELECT f(1, 0.5, 'é', x'00ff', 1)") == "(1, 0.5, 'é', b'\\x00\\xff', True)"
    assert scalar(con, "SELECT f(1, 2, 'x', x'', 0)") == "(1, 2.0, 'x', b'', False)"
    with pytest.raises(stoa.Error):
        con.execute("SELECT f(1)")
    with pytest.raises(stoa.Error):
        scalar(con, "SELECT f('x', 0.5, 'a', x'', 1)")


ROUND = [(int, 2**62), (int, -1), (float, 0.5), (str, "é\0x"), (str, ""), (bytes, b"\0\xff"),
         (bytes, b""), (bool, True), (Decimal, Decimal("-1.50")),
         (dt.datetime, dt.datetime(2024, 2, 29, 1, 2, 3, 4)), (dt.date, dt.date(2024, 2, 29)),
         (dt.time, dt.time(1, 2, 3, 4)), (dt.timedelta, dt.timedelta(1, 2, 3)),
         (UUID, UUID(int=2**100)), (list, [1, [2, None]]), (dict, {"a": "é"})]


@pytest.mark.parametrize("kind, value", ROUND, ids=repr)
@pytest.mark.parametrize("typed", [True, False])
def test_round_trip(con, kind, value, typed):
    seen = []

    def f(x):
        seen.append(x)
        return x

    con.create_function("f", f, [kind], kind if typed else None)
    direct = scalar(con, "SELECT ?", (value,))
    assert scalar(con, "SELECT f(?)", (value,)) in (direct, value)
    assert seen == [value] and type(seen[0]) is type(value)


@pytest.mark.parametrize("batch", ["list", "numpy", "arrow"])
@pytest.mark.parametrize("kind, value", ROUND[:8], ids=repr)
def test_round_trip_by_columns(con, kind, value, batch):
    pytest.importorskip({"list": "json", "numpy": "numpy", "arrow": "pyarrow"}[batch])
    con.create_function("f", lambda column: column, [kind], kind, batch=batch)
    assert scalar(con, "SELECT f(?)", (value,)) in (value, scalar(con, "SELECT ?", (value,)))


def test_untyped_functions_take_anything(con):
    con.create_function("kind", lambda x: type(x).__name__)
    got = con.execute("SELECT kind(1), kind(0.5), kind('x'), kind(x'00'), kind(NULL)").fetchall()
    assert got == [("int", "float", "str", "bytes", None)]
    con.create_function("kind", lambda x: type(x).__name__, null="call")
    assert scalar(con, "SELECT kind(NULL)") == "NoneType"


def test_results_of_every_kind(con):
    values = [None, 1, 0.5, "x", b"y", True, Decimal("1.5"), dt.date(1970, 1, 2), [1], UUID(int=1)]
    con.create_function("pick", lambda i: values[i])
    got = [scalar(con, "SELECT pick(?)", (i,)) for i in range(len(values))]
    assert got == [None, 1, 0.5, "x", b"y", 1, "1.5", 1, "[1]", UUID(int=1).bytes]


def test_nulls(con):
    calls = []
    con.create_function("f", lambda a, b: calls.append((a, b)) or 1, [int, int], int)
    assert scalar(con, "SELECT f(NULL, 1)") is None and calls == []
    con.create_function("f", lambda a, b: calls.append((a, b)) or 1, [int, int], int, null="call")
    assert scalar(con, "SELECT f(NULL, 1)") == 1 and calls == [(None, 1)]
    with pytest.raises(stoa.DataError, match="null"):
        con.create_function("f", lambda a: a, null="nonsense")


def test_optional_and_quoted_annotations(con):
    def f(a: Optional[int], b: "int", c: "float | None", d: Any, e: list[int]) -> Optional[str]:
        return f"{a} {b} {c} {d} {e}"

    con.create_function("f", f)
    assert scalar(con, "SELECT f(1, 2, 3, 'x', '[4]')") == "1 2 3.0 x [4]"


def test_variadic(con):
    def total(*numbers: int) -> int:
        return sum(numbers)

    con.create_function("total", total)
    assert scalar(con, "SELECT total(1, 2, 3)") == 6
    assert scalar(con, "SELECT total(1)") == 1


class Boom(Exception):
    pass


def boom(x):
    raise Boom(f"at {x}")


@pytest.mark.parametrize("batch", [False, "list"])
@pytest.mark.parametrize("ask", [lambda c, s: c.execute(s).fetchall(), lambda c, s: c.row(s),
                                 lambda c, s: c.run(s), lambda c, s: list(c.execute(s).batches())])
def test_an_exception_is_the_cause(con, batch, ask):
    con.create_function("boom", boom, [int], int, batch=batch)
    with pytest.raises(stoa.CallbackError, match="Boom: at") as caught:
        ask(con, "SELECT boom(7)")
    assert isinstance(caught.value.__cause__, Boom) and caught.value.__cause__.__traceback__
    assert con.execute("SELECT 1").fetchall() == [(1,)]


def test_an_exception_may_become_null(con):
    con.create_function("boom", boom, [int], int, on_error="null")
    assert scalar(con, "SELECT boom(7)") is None
    with pytest.raises(stoa.Error) as caught:
        con.execute("SELEC")
    assert caught.value.__cause__ is None
    with pytest.raises(stoa.DataError, match="on_error"):
        con.create_function("f", boom, on_error="nonsense")


def test_exceptions_that_end_programs_pass(con):
    for kind in (KeyboardInterrupt, SystemExit):
        def f(x, kind=kind):
            raise kind("now")
        con.create_function("f", f, [int], int)
        with pytest.raises(kind):
            con.execute("SELECT f(1)").fetchall()


def test_an_exception_that_cannot_be_shown(con):
    class Bad(Exception):
        def __str__(self):
            return "x" * 5000 + "é"

    def f(x):
        raise Bad
    con.create_function("f", f)
    with pytest.raises(stoa.CallbackError) as caught:
        scalar(con, "SELECT f(1)")
    assert "xxx" in str(caught.value)


@pytest.mark.parametrize("value", [2**63, object(), {1}, "\ud800"])
def test_results_that_are_no_values(con, value):
    for returns in (None, int):
        con.create_function("f", lambda x: value, [int], returns)
        with pytest.raises(stoa.CallbackError):
            scalar(con, "SELECT f(1)")


def test_a_result_of_another_type(con):
    con.create_function("f", lambda x: 3, [int], float)
    assert scalar(con, "SELECT f(1)") == 3.0
    con.create_function("f", lambda column: ["text"], [int], int, batch="list")
    with pytest.raises(stoa.CallbackError, match="text"):
        scalar(con, "SELECT f(1)")


def test_a_function_may_not_use_its_connection(con):
    other = stoa.connect()

    def f(x):
        for call in (lambda: con.execute("SELECT 1"), lambda: con.row("SELECT 1"), con.ping,
                     lambda: con.create_function("g", lambda: 1)):
            with pytest.raises(stoa.BusyError):
                call()
        return other.row("SELECT ?", (x,))[0] + stoa.execute("SELECT 1").scalar()

    con.create_function("f", f, [int], int)
    assert con.row("SELECT f(1)") == (2,)
    assert scalar(con, "SELECT f(1)") == 2
    other.close()
    stoa.default_connection().close()


@pytest.mark.parametrize("ask", ["execute", "row", "run"])
def test_a_function_may_close_its_connection(ask):
    con = stoa.connect()

    def f(x):
        con.close()
        return x

    con.create_function("f", f, [int], int)
    con.run("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)")
    try:
        got = getattr(con, ask)("SELECT f(a) FROM t")
        if ask == "execute":
            got.fetchall()
    except stoa.Error:
        pass
    with pytest.raises(stoa.ClosedError):
        con.execute("SELECT 1")


def test_registering(con):
    con.create_function("f", lambda: 1)
    assert scalar(con, "SELECT f()") == 1
    con.create_function("f", lambda: 2)
    assert scalar(con, "SELECT f()") == 2
    with pytest.raises(stoa.ExistsError):
        con.create_function("f", lambda: 3, replace=False)
    con.remove_function("f")
    with pytest.raises(stoa.NotFoundError):
        con.remove_function("f")
    with pytest.raises(stoa.Error):
        con.execute("SELECT f()")
    for bad in ([set], ["nonsense type"], [5]):
        with pytest.raises(stoa.Error):
            con.create_function("f", lambda x: x, bad)
    with pytest.raises(stoa.DataError, match="parameters"):
        con.create_function("f", max)
    con.create_function("biggest", max, [int, int], int)
    assert scalar(con, "SELECT biggest(3, 4)") == 4


def test_methods_and_callables(con):
    class Counter:
        def __init__(self):
            self.count = 0

        def next(self, step: int) -> int:
            self.count += step
            return self.count

    counter = Counter()
    con.create_function("next", counter.next)
    assert scalar(con, "SELECT next(2) + next(3)") == 7


def test_in_schema(con):
    con.create_function("ok", lambda x: x > 0, [int], bool, in_schema=True, deterministic=True)
    con.run("CREATE TABLE t(a CHECK(ok(a)))")
    con.run("INSERT INTO t VALUES (1)")
    with pytest.raises(stoa.ConstraintError):
        con.run("INSERT INTO t VALUES (-1)")


class Longest:
    def __init__(self):
        self.best = ""

    def step(self, text: str):
        self.best = max(self.best, text, key=len)

    def finish(self) -> str:
        return self.best


def test_aggregates(con):
    con.create_aggregate("longest", Longest)
    con.run("CREATE TABLE t(g, a TEXT)")
    con.insert("t", {"g": [i % 3 for i in range(5000)], "a": ["x" * (i % 50) for i in range(5000)]})
    assert scalar(con, "SELECT longest(a) FROM t") == "x" * 49
    assert con.execute("SELECT g, length(longest(a)) FROM t GROUP BY g ORDER BY g").fetchall() == [
        (0, 49), (1, 49), (2, 49)]
    assert scalar(con, "SELECT longest(a) FROM t WHERE 0") == ""
    assert scalar(con, "SELECT longest(NULL)") == ""


@pytest.mark.parametrize("batch", ["list", "numpy", "arrow", True])
def test_aggregates_by_columns(con, batch):
    pytest.importorskip({"numpy": "numpy", "arrow": "pyarrow"}.get(batch, "json"))
    sizes = []

    class Weighted:
        def __init__(self):
            self.sum = 0.0

        def step(self, a: int, b: float):
            sizes.append(len(a))
            self.sum += sum(int(x) * float(y) for x, y in zip(
                a.to_pylist() if hasattr(a, "to_pylist") else a,
                b.to_pylist() if hasattr(b, "to_pylist") else b))

        def finish(self) -> float:
            return self.sum

    con.create_aggregate("weighted", Weighted, batch=batch)
    con.run("CREATE TABLE t(a INTEGER, b REAL)")
    con.insert("t", {"a": list(range(3000)), "b": [0.5] * 3000})
    assert scalar(con, "SELECT weighted(a, b) FROM t") == 3000 * 2999 / 4
    assert max(sizes) == 1024 and sum(sizes) == 3000


def test_groups_of_numpy_columns(con):
    numpy = pytest.importorskip("numpy")
    kinds = set()

    class Spread:
        def __init__(self):
            self.parts = []

        def step(self, a, b, when):
            assert a.flags.writeable and len(a) == len(b) == len(when)
            kinds.update([(type(a), a.dtype), (type(b), b.dtype), (type(when), when.dtype)])
            self.parts.append((a, b, when))

        def finish(self):
            # All batches are still what they were.
            a, b, when = (numpy.ma.concatenate(part) for part in zip(*self.parts))
            return float((a * b).sum() + numpy.ma.count(a) + when.astype("i8").sum())

    con.create_aggregate("spread", Spread, [int, float, "tsu:"], float, batch="numpy")
    con.run("CREATE TABLE t(g INTEGER, a INTEGER, b, w INTEGER)")
    rows = [(i % 7, None if i % 2500 == 2499 else i, i if i % 3 else i + 0.5, i)
            for i in range(9000)]
    con.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
    call = "spread(a, b, w)"
    asked = dict(con.execute(f"SELECT g, {call} FROM t GROUP BY g").fetchall())
    for group in range(7):
        right = [(a, b, w) for g, a, b, w in rows if g == group and a is not None]
        assert asked[group] == sum(a * b + 1 + w for a, b, w in right)
    assert {kind for kind, _ in kinds} == {numpy.ndarray}
    assert {dtype for _, dtype in kinds} == {numpy.dtype(d) for d in ("i8", "f8", "M8[us]")}
    con.create_aggregate("spread", Spread, [int, float, "tsu:"], float, batch="numpy", null="call")
    kinds.clear()
    right = [(a, b, w) for g, a, b, w in rows]
    assert scalar(con, f"SELECT {call} FROM t") == sum(
        (0 if a is None else a * b + 1) + w for a, b, w in right)
    assert {kind for kind, _ in kinds} == {numpy.ndarray, numpy.ma.MaskedArray}


@pytest.mark.parametrize("row", [5, 3000])
def test_an_aggregate_of_numpy_that_raises(con, row):
    pytest.importorskip("numpy")

    class G:
        def step(self, x):
            if row in x:
                raise Boom("now")

        def finish(self):
            return 1

    con.create_aggregate("g", G, [int], int, batch="numpy")
    con.run("CREATE TABLE t(a INTEGER)")
    con.insert("t", {"a": list(range(5000))})
    for _ in range(2):
        with pytest.raises(stoa.CallbackError, match="Boom") as caught:
            scalar(con, "SELECT g(a) FROM t")
        assert isinstance(caught.value.__cause__, Boom)
    assert scalar(con, "SELECT g(a) FROM t WHERE a > 3000") == 1
    con.run("INSERT INTO t VALUES ('text')")
    with pytest.raises(stoa.Error, match="does not fit"):
        scalar(con, "SELECT g(a) FROM t WHERE a > 3000")


@pytest.mark.parametrize("where", ["__init__", "step", "finish"])
def test_an_aggregate_that_raises(con, where):
    def fail(*_):
        raise Boom("now")

    body = {"__init__": lambda s: None, "step": lambda s, x: None, "finish": lambda s: 1}
    body[where] = fail
    con.create_aggregate("g", type("G", (), body), [int], int)
    con.run("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1), (2)")
    with pytest.raises(stoa.CallbackError, match="Boom") as caught:
        scalar(con, "SELECT g(a) FROM t")
    assert isinstance(caught.value.__cause__, Boom)


def test_groups_are_let_go(con):
    alive = []

    class G:
        def __init__(self):
            alive.append(self)

        def step(self, x: int):
            if x == 3:
                raise Boom

        def finish(self) -> int:
            alive.remove(self)
            return 1

    con.create_aggregate("g", G)
    con.run("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1), (2), (3)")
    con.execute("SELECT g(a) FROM t WHERE a < 3 GROUP BY a").fetchall()
    assert alive == []
    with pytest.raises(stoa.CallbackError):
        con.execute("SELECT g(a) FROM t").fetchall()


def test_aggregates_that_say_too_little(con):
    class G:
        def step(self, x):
            pass

        def finish(self):
            return 1

    with pytest.raises(stoa.DataError, match="returns="):
        con.create_aggregate("g", G)
    with pytest.raises(stoa.DataError, match="needs a type"):
        con.create_aggregate("g", G, returns=int)
    with pytest.raises(stoa.DataError, match="returns="):
        con.create_function("f", lambda x: x, batch="list")
    with pytest.raises(stoa.DataError, match="batch"):
        con.create_function("f", lambda x: x, [int], int, batch="nonsense")


def test_the_wrong_number_of_values(con):
    con.create_function("f", lambda column: [1, 2, 3], [int], int, batch="list")
    with pytest.raises(stoa.CallbackError, match="3 values for 1 rows"):
        scalar(con, "SELECT f(1)")


def test_collations(con):
    con.create_collation("by_length", lambda a, b: len(a) - len(b))
    con.run("CREATE TABLE t(a TEXT); INSERT INTO t VALUES ('ccc'), ('é'), ('bb')")
    assert con.execute("SELECT a FROM t ORDER BY a COLLATE by_length").fetchall() == [
        ("é",), ("bb",), ("ccc",)]
    con.create_collation("by_length", None)
    with pytest.raises(stoa.Error):
        con.execute("SELECT a FROM t ORDER BY a COLLATE by_length").fetchall()


@pytest.mark.parametrize("ask", ["execute", "row", "run"])
def test_a_collation_that_raises_is_heard(con, ask):
    con.create_collation("broken", lambda a, b: 1 / 0)
    con.run("CREATE TABLE t(a TEXT); INSERT INTO t VALUES ('a'), ('b'), ('c')")
    with pytest.raises(ZeroDivisionError):
        got = getattr(con, ask)("SELECT a FROM t ORDER BY a COLLATE broken")
        if ask == "execute":
            got.fetchall()
    assert con.row("SELECT 1") == (1,)


def test_functions_on_other_threads(con):
    import threading
    con.create_function("f", lambda x: x + 1, [int], int)
    con.run("CREATE TABLE t(a INTEGER)")
    con.insert("t", {"a": list(range(10000))})
    got = []
    thread = threading.Thread(target=lambda: got.append(scalar(con, "SELECT sum(f(a)) FROM t")))
    thread.start()
    thread.join()
    assert got == [50005000]


# ---- what a function says of itself ----

Money = NewType("Money", int)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Size(TypedDict):
    width: int


def annotated_as(kind, returns=Any):
    def f(x):
        return repr(x)

    f.__annotations__ = {"x": kind, "return": returns}
    return f


@pytest.mark.parametrize("kind, value, seen", [
    (Money, 1, "1"), ("Money", 1, "1"), (Annotated[float, "metres"], 1, "1.0"),
    (Optional[Money], 1, "1"), (Union[int, float], 1, "1.0"), ("int | float | None", 1, "1.0"),
    (Union[int, str], "a", "'a'"), (Union[int, str], 1, "1"), (Literal["a", "b"], "a", "'a'"),
    (Literal[1, 2], 1, "1"), (Literal[True, None], 1, "True"), (Sequence[int], "[1]", "[1]"),
    (tuple[int, str], '[1, "a"]', "(1, 'a')"), (Mapping[str, int], '{"a": 1}', "{'a': 1}"),
    ("Size", '{"width": 1}', "{'width': 1}"), (Level, 2, "<Level.HIGH: 2>"),
    (bytearray, b"a", "bytearray(b'a')"), ("tsu:UTC", 0, "datetime.datetime(1970, 1, 1, 0, 0, "
                                           "tzinfo=datetime.timezone.utc)"),
    ("dt.date", 1, "datetime.date(1970, 1, 2)"), (object, "a", "'a'")], ids=repr)
def test_annotations_of_every_form(con, kind, value, seen):
    con.create_function("f", annotated_as(kind, Optional[str]))
    assert scalar(con, "SELECT f(?)", (value,)) == seen
    if not isinstance(kind, str):
        con.create_function("g", lambda x: repr(x), {"x": kind}, str)
        assert scalar(con, "SELECT g(?)", (value,)) == seen


@pytest.mark.parametrize("kind", [complex, set, "Nowhere", "Money | Nowhere", Union[int, Decimal],
                                  Callable[[int], int], enum.Enum("Color", "RED"), "+l", [int]],
                         ids=repr)
def test_annotations_that_are_no_type(con, kind):
    with pytest.raises(stoa.DataError, match="parameter 'x': .* is (no type that|not one type)"):
        con.create_function("f", annotated_as(kind))
    with pytest.raises(stoa.DataError, match="the result: .* is (no type that|not one type)"):
        con.create_function("f", annotated_as(int, kind))


def test_annotations_under_the_future(con):
    names = {}
    exec("from __future__ import annotations\nfrom typing import Optional\n"
         "def f(x: Optional[int], y: list[float] = ()) -> Optional[str]: return repr((x, y))\n"
         "class Sum:\n"
         "    def __init__(self): self.sum = 0\n"
         "    def step(self, x: Optional[int]): self.sum += x\n"
         "    def finish(self) -> Optional[int]: return self.sum\n", names)
    con.create_function("f", names["f"])
    con.create_aggregate("g", names["Sum"])
    assert con.row("SELECT f(1), f(1, '[2]')") == ("(1, ())", "(1, [2])")
    assert con.row("SELECT g(column1) FROM (VALUES (1), (2))") == (3,)


def test_types_of_other_libraries(con):
    numpy, pyarrow = pytest.importorskip("numpy"), pytest.importorskip("pyarrow")
    polars = pytest.importorskip("polars")
    for kind, value, seen in [(numpy.int64, 1, numpy.int64(1)),
                              (numpy.float32, 1, numpy.float32(1)),
                              (numpy.dtype("u1"), 1, numpy.uint8(1)),
                              (numpy.str_, "a", numpy.str_("a")),
                              (numpy.datetime64, 1, numpy.datetime64(1, "us")),
                              (pyarrow.int32(), 1, 1),
                              (pyarrow.decimal128(9, 2), "1.5", Decimal("1.5")),
                              (pyarrow.timestamp("us"), 1, dt.datetime(1970, 1, 1, 0, 0, 0, 1)),
                              (polars.Int64, 1, 1), (polars.String(), "a", "a")]:
        got = []
        con.create_function("f", lambda x, got=got: got.append(x), {"x": kind})
        scalar(con, "SELECT f(?)", (value,))
        assert str(got[0]) == str(seen) and type(got[0]).__module__ == type(seen).__module__
    with pytest.raises(stoa.DataError, match="no type that SQL has"):
        con.create_function("f", lambda x: x, [pyarrow.list_(pyarrow.int64())])

    def halves(x: "numpy.typing.NDArray[numpy.int64]") -> "numpy.typing.NDArray[numpy.float64]":
        return x / 2

    halves.__annotations__ = {"x": numpy.ndarray[tuple, numpy.dtype[numpy.int64]],
                              "return": numpy.ndarray[tuple, numpy.dtype[numpy.float64]]}
    con.create_function("halves", halves, batch="numpy")
    assert scalar(con, "SELECT halves(3)") == 1.5


def test_columns_are_annotated_as_what_they_are(con):
    def shout(words: list[str]) -> list[str]:
        return [word.upper() for word in words]

    con.create_function("shout", shout, batch="list")
    assert scalar(con, "SELECT shout('a')") == "A"


def test_defaults_are_pythons(con):
    def f(a: int, b: int = 10, c: float = 0.5, *, d: int = 1) -> float:
        return a + b + c + d

    con.create_function("f", f)
    assert con.row("SELECT f(1), f(1, 2), f(1, 2, 3)") == (12.5, 4.5, 7.0)
    for wrong in ("f()", "f(1, 2, 3, 4)"):
        with pytest.raises(stoa.ProgrammingError, match="number of arguments"):
            con.execute("SELECT " + wrong)
    before = stoa.live("function")
    con.create_function("g", lambda x: x)
    with pytest.raises(stoa.ExistsError):  # And what had been made before that is gone again.
        con.create_function("g", lambda x=1: x, replace=False)
    assert stoa.live("function") == before + 1
    with pytest.raises(stoa.Error):
        con.execute("SELECT g()")
    con.remove_function("f")
    with pytest.raises(stoa.Error):
        con.execute("SELECT f(1, 2)")


def test_what_can_be_called_can_be_a_function(con):
    class Adder:
        def __init__(self, by):
            self.by = by

        def __call__(self, x: int) -> int:
            return x + self.by

        @classmethod
        def twice(cls, x: int) -> int:
            return 2 * x

        @staticmethod
        def thrice(x: int) -> int:
            return 3 * x

    def minus(a: int, b: int) -> int:
        return a - b

    for function, right in [(Adder(5), 8), (Adder.twice, 6), (Adder(1).twice, 6), (Adder.thrice, 9),
                            (functools.partial(minus, 10), 7), (functools.partial(minus, b=1), 2),
                            (functools.lru_cache(Adder(2).__call__), 5), (math.sqrt, 3 ** 0.5),
                            (lambda x: -x, -3)]:
        con.create_function("f", function)
        assert scalar(con, "SELECT f(3)") == right
        con.remove_function("f")


async def awaited(x: int) -> int:
    return x


async def awaited_items(x: int):
    yield x


def items(x: int):
    yield x


@pytest.mark.parametrize("function, said", [
    (awaited, "function 'f' is asynchronous"), (awaited_items, "function 'f' is asynchronous"),
    (functools.partial(awaited), "asynchronous"), (items, "function 'f' is a generator"),
    (5, "function 'f' is to be 5, which is not callable"), (None, "not callable"),
    (lambda x, *, y: x, "parameter 'y' can only be given by name"),
    (max, r"say parameters=\[\.\.\.\]")])
def test_what_cannot_be_a_function(con, function, said):
    with pytest.raises(stoa.DataError, match=said):
        con.create_function("f", function)


def test_types_that_do_not_fit_the_function(con):
    for parameters, said in [([int, int], "does not take 2 arguments"), ([], "missing a required"),
                             ("int", "is a list of types, not 'int'"), (int, "is a list of types")]:
        with pytest.raises(stoa.DataError, match=said):
            con.create_function("f", lambda x: x, parameters)
    for name in (5, None, "\ud800"):
        with pytest.raises(stoa.DataError, match="a name is a str|is no name"):
            con.create_function(name, lambda x: x)


@pytest.mark.parametrize("returned", [1j, object(), awaited])
def test_a_result_that_is_no_value_names_its_type(con, returned):
    con.create_function("f", lambda: returned)
    with pytest.raises(stoa.CallbackError, match=f"its result, a {type(returned).__name__}, "):
        scalar(con, "SELECT f()")


@pytest.mark.parametrize("batch", [False, "list", "numpy", "arrow"])
def test_all_of_the_rest_arrives(con, batch):
    pytest.importorskip({"numpy": "numpy", "arrow": "pyarrow"}.get(batch, "json"))

    class Rows:
        def __init__(self):
            self.seen = []

        def step(self, *columns: Decimal):
            flat = [column.to_pylist() if hasattr(column, "to_pylist") else list(column)
                    for column in columns] if batch else columns
            self.seen.append(str(flat).replace("Decimal", ""))

        def finish(self) -> str:
            return " ".join(self.seen)

    con.create_aggregate("rows", Rows, batch=batch)
    got = con.row("SELECT rows('1', '2', '3'), rows(), rows('4')")
    assert [[word for word in cell if word.isdigit()] for cell in got] == [
        ["1", "2", "3"], [], ["4"]]


def test_the_rest_has_the_last_type(con):
    def f(a: str, *rest: Decimal) -> str:
        return repr((a, *rest)).replace("Decimal", "")

    con.create_function("f", f)
    assert con.row("SELECT f('a'), f('a', '1', '2')") == ("('a',)", "('a', ('1'), ('2'))")


class Enough(BaseException):
    pass


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, Enough])
@pytest.mark.parametrize("on_error", ["raise", "null"])
@pytest.mark.parametrize("ask", ["execute", "row", "run"])
def test_what_ends_a_program_is_never_null(con, kind, on_error, ask):
    def f(x: int) -> int:
        raise kind("now")

    class G:
        def step(self, x: int):
            raise kind("now")

        def finish(self) -> int:
            return 1

    before = stoa.live("result")
    con.create_function("f", f, on_error=on_error)
    con.create_function("typed", f, [Decimal], on_error=on_error)
    con.create_aggregate("g", G, on_error=on_error)
    for call in ("f(1)", "typed('1')", "g(1)"):
        with pytest.raises(kind):
            getattr(con, ask)("SELECT " + call)
        assert con.row("SELECT 1") == (1,) and stoa.live("result") == before


def test_an_exception_that_became_null_is_nobodys_cause(con):
    con.create_function("quiet", boom, [int], int, on_error="null")
    con.create_function("loud", lambda x: {}[x], [int], int)
    con.run("CREATE TABLE t(a INTEGER UNIQUE)")
    with pytest.raises(stoa.CallbackError) as caught:
        con.row("SELECT quiet(1), loud(2)")
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(stoa.ConstraintError) as caught:
        con.run("INSERT INTO t SELECT coalesce(quiet(1), 5) FROM (VALUES (1), (2))")
    assert caught.value.__cause__ is None


def test_a_text_without_words_is_the_exceptions_name(con):
    con.create_function("f", lambda: next(iter(())))
    with pytest.raises(stoa.CallbackError, match="^function 'f': StopIteration$"):
        scalar(con, "SELECT f()")


def test_aggregates_that_are_none(con):
    class NoStep:
        def finish(self) -> int:
            return 1

    class NoFinish:
        def step(self, x: int):
            pass

    class Awaited(Longest):
        async def finish(self) -> str:
            return ""

    for factory, said in [(NoStep, r"NoStep has no step\(\)"), (NoFinish, "NoFinish has no finish"),
                          (Longest(), "not callable; give a class"), (5, "not callable"),
                          (Awaited, "is asynchronous"),
                          (lambda: Longest(), "does not tell the parameters of its step")]:
        with pytest.raises(stoa.DataError, match=said):
            con.create_aggregate("g", factory)
    con.create_aggregate("g", lambda: Longest(), [str], str)
    con.create_aggregate("h", functools.partial(Longest))
    assert con.row("SELECT g('ab'), h('abc')") == ("ab", "abc")
    with pytest.raises(stoa.ProgrammingError, match="window function"):
        con.execute("SELECT g('a') OVER ()")
    assert con.row("SELECT g(DISTINCT column1), g(column1) FILTER (WHERE column1 < 'b') "
                   "FROM (VALUES ('a'), ('bb'))") == ("bb", "a")


def test_functions_in_indexes_and_generated_columns(con):
    def half(x: int) -> int:
        return x // 2

    con.create_function("half", half, deterministic=True, in_schema=True)
    con.run("CREATE TABLE t(a INTEGER, h INTEGER AS (half(a)) STORED);"
            "CREATE INDEX i ON t(half(a)); CREATE VIEW v AS SELECT half(a) AS h FROM t;"
            "CREATE TRIGGER g AFTER INSERT ON t WHEN half(new.a) > 100 BEGIN "
            "DELETE FROM t WHERE a = new.a; END")
    con.executemany("INSERT INTO t(a) VALUES (?)", [(4,), (7,), (400,)])
    assert con.execute("SELECT a, h FROM t WHERE half(a) = 3").fetchall() == [(7, 3)]
    assert con.execute("SELECT h FROM v ORDER BY 1").fetchall() == [(2,), (3,)]
    con.create_function("half", half)
    with pytest.raises(stoa.ProgrammingError):
        con.execute("SELECT * FROM v")


def test_a_function_lives_as_long_as_sql_has_it(con):
    class Kept:
        def __call__(self, x: int) -> int:
            return x

    def registered():
        kept = Kept()
        con.create_function("f", kept)
        return weakref.ref(kept)

    first = registered()
    assert first() is not None
    with con.execute("SELECT f(column1) FROM (VALUES (1), (2))") as running:
        assert running.fetchone() == (1,)
        con.remove_function("f")
    second = registered()
    gc.collect()
    assert first() is None and second() is not None
    third = registered()
    gc.collect()
    assert second() is None
    with pytest.raises(stoa.InvalidError):
        con.create_function("", third())
    con.close()
    gc.collect()
    assert third() is None
