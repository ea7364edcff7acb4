# SPDX-License-Identifier: Apache-2.0
"""Closing in every order, use after close, collection, threads, fork, the end of the process."""

import gc
import itertools
import os
import random
import subprocess
import sys
import sysconfig
import threading
import time
import warnings

import pytest

import stoa

MANY = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
        "SELECT i FROM n")


def script(text, *flags, code=0):
    done = subprocess.run([sys.executable, *flags, "-c", text], capture_output=True, text=True,
                          timeout=600, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_close_in_any_order(order):
    db = stoa.open()
    con = db.connect()
    stmt = con.prepare("SELECT 1")
    result = con.execute("SELECT 1")
    things = [db, con, stmt, result]
    for index in order:
        things[index].close()
        things[index].close()
    with pytest.raises(stoa.ClosedError):
        result.fetchall()
    with pytest.raises(stoa.ClosedError):
        stmt.execute()
    with pytest.raises(stoa.ClosedError):
        con.execute("SELECT 1")
    with pytest.raises(stoa.ClosedError):
        db.connect()


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_drop_in_any_order(order):
    db = stoa.open()
    con = db.connect()
    things = [db, con, con.prepare("SELECT 1"), con.execute("SELECT 1")]
    del db, con
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for index in order:
            things[index] = None
            gc.collect()


CALLS = {
    "execute": lambda c: c.execute("SELECT 1"), "run": lambda c: c.run("SELECT 1"),
    "row": lambda c: c.row("SELECT 1"), "prepare": lambda c: c.prepare("SELECT 1"),
    "executemany": lambda c: c.executemany("SELECT ?", [(1,)]),
    "insert": lambda c: c.insert("t", {"a": [1]}), "ingest": lambda c: c.ingest("t"),
    "register": lambda c: c.register("x", {"a": [1]}), "unregister": lambda c: c.unregister("x"),
    "read": lambda c: c.read("t"), "begin": lambda c: c.begin(), "commit": lambda c: c.commit(),
    "rollback": lambda c: c.rollback(), "in_transaction": lambda c: c.in_transaction,
    "set": lambda c: c.set(batch_rows=10), "table_schema": lambda c: c.table_schema("t"),
    "catalog": lambda c: c.catalog("tables"), "tables": lambda c: c.tables(),
    "ping": lambda c: c.ping(), "reset": lambda c: c.reset(), "check": lambda c: c.check(),
    "checkpoint": lambda c: c.checkpoint(), "vacuum": lambda c: c.vacuum(),
    "backup": lambda c: c.backup("/nonexistent/x"), "attach": lambda c: c.attach(":memory:", "b"),
    "detach": lambda c: c.detach("b"), "blob": lambda c: c.blob("t", "a", 1),
    "create_function": lambda c: c.create_function("f", lambda x: x),
    "remove_function": lambda c: c.remove_function("f"),
    "create_collation": lambda c: c.create_collation("k", lambda a, b: 0),
    "replacement_scans": lambda c: setattr(c, "replacement_scans", False),
    "transaction": lambda c: c.transaction().__enter__(),
    "savepoint": lambda c: c.savepoint("s").__enter__(),
    "cursor": lambda c: c.cursor().execute("SELECT 1"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("closed", ["connection", "database"])
def test_use_after_close_names_what_was_closed(name, closed):
    db = stoa.open()
    con = db.connect()
    (con if closed == "connection" else db).close()
    with pytest.raises(stoa.ClosedError, match=closed):
        CALLS[name](con)
    con.close()
    db.close()


@pytest.mark.parametrize("name", ["fetchone", "fetchmany", "fetchall", "arrow", "numpy", "pl", "df",
                                  "next_result"])
def test_use_of_a_closed_result(con, name):
    for module in {"arrow": ["pyarrow"], "numpy": ["numpy"], "pl": ["polars"],
                   "df": ["pandas"]}.get(name, []):
        pytest.importorskip(module)
    result = con.execute("SELECT 1")
    result.close()
    with pytest.raises(stoa.ClosedError, match="result"):
        getattr(result, name)()


def test_use_of_a_closed_ingest(con):
    con.run("CREATE TABLE t(a INTEGER)")
    writer = con.ingest("t")
    writer.close()
    writer.close()
    for call in (lambda: writer.append({"a": [1]}), lambda: writer.acks, writer.finish,
                 lambda: writer.wait(1)):
        with pytest.raises(stoa.ClosedError):
            call()


def test_an_older_result_of_a_statement_is_closed_by_the_next(con):
    with con.prepare("SELECT ?") as stmt:
        first = stmt.execute((1,))
        second = stmt.execute((2,))
        with pytest.raises(stoa.ClosedError):
            first.fetchall()
        assert second.fetchall() == [(2,)]


def test_a_result_closes_with_its_connection_while_it_is_read(con):
    rows = iter(con.execute(MANY.format(200000)))
    next(rows)
    con.close()
    with pytest.raises(stoa.ClosedError):
        list(rows)


def test_batches_outlive_everything():
    con = stoa.connect()
    batches = list(con.execute(MANY.format(100000)).batches())
    con.close()
    assert sum(sum(batch.column(0)) for batch in batches) == 5000050000


@pytest.mark.parametrize("what", ["con = stoa.connect()", "db = stoa.open()",
                                  "db = stoa.open(); con = db.connect()"])
def test_what_is_left_open_warns(what):
    names = {}
    with pytest.warns(ResourceWarning, match="not closed"):
        exec(what, {"stoa": stoa}, names)  # pylint: disable=exec-used
        names.clear()
        gc.collect()


def test_what_is_closed_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with stoa.connect() as con:
            con.execute("SELECT 1")
        with stoa.open() as db, db.connect() as con:
            con.execute("SELECT 1")
        gc.collect()


def test_an_open_ingest_warns(con):
    con.run("CREATE TABLE t(a)")
    with pytest.warns(ResourceWarning):
        con.ingest("t")
        gc.collect()


EVERYTHING = """
import stoa
con = stoa.connect()
db = stoa.open()
con2 = db.connect()
con.run("CREATE TABLE t(a INTEGER)")
stmt = con.prepare("SELECT * FROM t")
result = con.execute("SELECT 1 UNION SELECT 2")
row = result.fetchone()
writer = con2.ingest("x", mode="create_append")
con.register("r", {"a": [1]})
con.create_function("f", lambda x: x, [int], int)
con.create_aggregate("g", type("G", (), {"step": lambda s, x: None, "finish": lambda s: 1}), [int],
                     int)
con.begin()
batch = next(con.execute("SELECT 1").batches())
"""


@pytest.mark.parametrize("flags", [(), ("-X", "dev"), ("-W", "error")])
def test_exit_with_everything_open(flags):
    script(EVERYTHING, *flags)


@pytest.mark.parametrize("kind", ["stream", "schema", "array"])
def test_exit_with_capsules_alive(kind):
    script(EVERYTHING + f"""
result = con2.execute("SELECT 1 AS a")
held = {{"stream": lambda: result.__arrow_c_stream__(),
        "schema": lambda: result.__arrow_c_schema__(),
        "array": lambda: next(result.batches()).__arrow_c_array__()}}["{kind}"]()
import sys, builtins
builtins.held = held          # Dies late, after modules.
sys.held = held
""")


def test_exit_with_batches_and_operations_held_by_others():
    script(EVERYTHING + """
import sys, builtins
from stoa._call import Operation
builtins.held = [batch, result, stmt, con, con2, db, writer, Operation(), stoa._lib.lib]
sys.held = builtins.held
import threading
threading.held = builtins.held
del stoa, con, con2, db, writer, result, stmt, batch
""")


def test_exit_while_a_thread_is_inside():
    script("""
import stoa, threading, time
con = stoa.connect()
def work():
    try:
        con.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) "
                    "SELECT max(i) FROM n").fetchall()
    except stoa.Error:
        pass
thread = threading.Thread(target=work, daemon=True)
thread.start()
time.sleep(0.2)
""")


def test_exit_by_exception_and_by_sys_exit():
    assert "ZeroDivisionError" in script(EVERYTHING + "1 / 0", code=1).stderr
    script(EVERYTHING + "import sys; sys.exit(3)", code=3)


def test_a_child_of_fork_is_told():
    with stoa.connect() as con:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            try:
                con.execute("SELECT 1")
                os._exit(1)
            except stoa.ForkedError:
                os._exit(0)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert con.execute("SELECT 1").fetchall() == [(1,)]


def test_a_forked_child_exits_in_order():
    script("""
import os, stoa
con = stoa.connect()
pid = os.fork()
if pid == 0:
    con.close()
    raise SystemExit(0)
assert os.waitpid(pid, 0)[1] == 0
assert con.execute("SELECT 1").scalar() == 1
con.close()
""")


def test_threads_share_a_database(tmp_path):
    with stoa.open(tmp_path / "a.db", busy_timeout="none") as db:
        with db.connect() as con:
            con.run("CREATE TABLE t(a INTEGER)")
        problems = []

        def work(number):
            try:
                with db.connect() as con:
                    for i in range(20):
                        con.insert("t", {"a": [number * 100 + i]})
                        con.row("SELECT count(*) FROM t")
            except Exception as problem:  # pylint: disable=broad-except
                problems.append(problem)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        with db.connect() as con:
            assert con.row("SELECT count(*), count(DISTINCT a) FROM t") == (80, 80)


def test_two_threads_on_one_connection_never_crash():
    with stoa.connect() as con:
        con.run("CREATE TABLE t(a INTEGER, b TEXT)")
        con.insert("t", {"a": list(range(1000)), "b": ["x" * 50] * 1000})
        wrong, stop = [], threading.Event()

        def work():
            while not stop.is_set():
                try:
                    row = con.row("SELECT a, b FROM t WHERE a = ?", (500,))
                    if row != (500, "x" * 50):
                        wrong.append(row)
                    con.execute("SELECT * FROM t").fetchmany(5)
                except (stoa.BusyError, stoa.ClosedError, stoa.CancelledError):
                    pass

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        stop.wait(0.5)
        stop.set()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_a_storm_of_threads_leaves_nothing():
    db = stoa.open()
    with db.connect() as con:
        con.insert("t", {"a": list(range(500)), "b": ["x" * 30] * 500}, mode="create")
    shared = [db.connect() for _ in range(3)]
    results = [con.execute("SELECT * FROM t") for con in shared]
    wrong, ends = [], time.monotonic() + 2

    def step(dice, i):
        con = shared[i]
        number = dice.randrange(500)
        if (act := dice.randrange(9)) == 0:
            con.close()
            shared[i] = db.connect()
        elif act == 1 and con.row("SELECT a FROM t WHERE a = ?", (number,)) != (number,):
            wrong.append(number)
        elif act == 2:
            results[i] = con.execute("SELECT * FROM t")
            results[i].fetchmany(dice.randrange(70))
        elif act == 3:
            row = results[dice.randrange(3)].fetchone()
            wrong.extend([row] if row is not None and row[1] != "x" * 30 else [])
        elif act == 4:
            con.cancel()
        elif act == 5:
            con.create_function("f", lambda x: x, [int], int)
            con.execute("SELECT sum(f(a)) FROM t").fetchall()
        elif act == 6:
            con.register("r", {"a": [1, 2, 3]})
            con.execute("SELECT * FROM r").fetchone()
        elif act == 7:
            con.execute("SELECT * FROM t").__arrow_c_stream__()
        else:
            results[dice.randrange(3)].close()

    def work(seed):
        dice = random.Random(seed)
        while time.monotonic() < ends:
            try:
                step(dice, dice.randrange(3))
            except (stoa.BusyError, stoa.ClosedError, stoa.CancelledError):
                pass
            except Exception as problem:  # pylint: disable=broad-except
                wrong.append(problem)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    for con in shared:
        con.close()
    db.close()


@pytest.mark.parametrize("what", ["connection", "database", "result"])
def test_closing_from_another_thread_while_rows_are_read(what):
    for _ in range(10):
        db = stoa.open()
        con = db.connect()
        con.run("CREATE TABLE t(a INTEGER, b TEXT)")
        con.insert("t", {"a": list(range(100)), "b": ["é" * 50] * 100})
        result = con.execute("SELECT * FROM t")
        thing = {"connection": con, "database": db, "result": result}[what]
        timer = threading.Timer(0.005, thing.close)
        timer.start()
        try:
            while timer.is_alive():
                assert con.row("SELECT a, b FROM t WHERE a = ?", (50,)) == (50, "é" * 50)
                row = result.fetchone()
                assert row is None or row[1] == "é" * 50
        except (stoa.ClosedError, stoa.CancelledError):
            pass
        timer.join()
        con.close()
        db.close()


def test_ten_thousand_of_everything_leave_nothing():
    """Neither in the library's counters nor in the process's memory."""
    resource = pytest.importorskip("resource")
    before = {kind: stoa.live(kind) for kind in ("allocations", "array", "stream", "function")}
    with stoa.connect() as con:
        con.run("CREATE TABLE t(a INTEGER, b TEXT)")
        con.insert("t", {"a": [1, 2], "b": ["x", None]})

        def loop(times):
            for i in range(times):
                con.execute("SELECT a, b FROM t").fetchall()
                con.execute("SELECT 1").__arrow_c_stream__()
                if i % 4 == 0:
                    con.create_function("f", lambda x: x, [int], int)
                    con.execute("SELECT f(a) FROM t").fetchone()
                    con.register("r", {"a": [i]})
                    next(con.execute("SELECT a FROM r").batches()).__arrow_c_array__()
                if i % 20 == 0:
                    con.insert("t", iter([{"a": [i]}]))
                    con.run("DELETE FROM t WHERE a > 2")
                    con.execute("SELECT a FROM t").csv()
                    with pytest.raises(stoa.CallbackError):
                        con.create_function("g", lambda x: 1 / 0, [int], int)
                        con.execute("SELECT g(1)").fetchall()

        loop(2000)
        gc.collect()
        size, count = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, stoa.live("allocations")
        loop(10000)
        gc.collect()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size < 4096
        assert stoa.live("allocations") <= count + 20
    gc.collect()
    assert {kind: stoa.live(kind) for kind in before if kind != "allocations"} == {
        kind: count for kind, count in before.items() if kind != "allocations"}
    assert stoa.live("allocations") <= before["allocations"] + 20


def test_a_thousand_of_everything_leaves_nothing(con):
    con.run("CREATE TABLE t(a INTEGER)")
    before = stoa.live("allocations")
    for i in range(1000):
        con.execute("SELECT ?", (i,)).fetchall()
        con.execute("SELECT 1").fetchone()
        con.row("SELECT ?", (str(i),))
        if i % 10 == 0:
            con.register("r", {"a": [i]})
            con.insert("t", {"a": [i]})
            con.create_function("f", lambda x: x, [int], int)
            con.execute("SELECT f(a) FROM r").fetchall()
            con.execute("SELECT 1").__arrow_c_stream__()
            with pytest.raises(stoa.Error):
                con.execute("SELEC")
    con.unregister("r")
    con.remove_function("f")
    con.close()
    gc.collect()
    assert stoa.live("allocations") <= before


def test_memory_does_not_grow():
    resource = pytest.importorskip("resource")
    with stoa.connect() as con:
        con.run("CREATE TABLE t(a INTEGER, b TEXT)")
        con.insert("t", {"a": list(range(100)), "b": ["x" * 100] * 100})

        def loop(times):
            for i in range(times):
                con.execute("SELECT * FROM t").fetchall()
                con.row("SELECT b FROM t WHERE a = ?", (i % 100,))

        loop(1000)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        loop(10000)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096


def test_registered_data_lives_as_long_as_it_is_needed(con):
    class Watched(dict):
        gone = []

        def __del__(self):
            self.gone.append(True)

    con.register("w", Watched(a=[1, 2]))
    gc.collect()
    assert not Watched.gone and con.execute("SELECT sum(a) FROM w").scalar() == 3
    con.unregister("w")
    gc.collect()
    assert Watched.gone == [True]
    con.register("w", Watched(a=[1]))
    con.close()
    gc.collect()
    assert Watched.gone == [True, True]


def test_a_function_lives_as_long_as_it_is_known(con):
    gone = []

    class Watched:
        def __call__(self, x):
            return x

        def __del__(self):
            gone.append(True)

    con.create_function("f", Watched(), [int], int)
    gc.collect()
    assert not gone and con.execute("SELECT f(1)").scalar() == 1
    con.remove_function("f")
    gc.collect()
    assert gone == [True]
    with pytest.raises(stoa.Error):
        con.create_function("f(", Watched(), [int], "no such format")
    gc.collect()
    assert gone == [True, True]


def test_garbage_handles_are_answered(con):
    from stoa._lib import ffi, lib
    error = ffi.new("stoa_error *")
    for number in (1, 12345678901234567, 2**64 - 1):
        handle = ffi.new("stoa_conn *", {"id": number})[0]
        assert lib.stoa_ping(handle, ffi.new("stoa_op *")[0], error) in (-2, -3)


SUBINTERPRETER = """
import sys
import sysconfig
try:
    import _interpreters as sub
except ImportError:
    import _xxsubinterpreters as sub
import stoa

def run(text, *how):
    one = sub.create(*how)
    try:
        problem = getattr(sub, "exec", sub.run_string)(one, text)
        return problem.formatted if problem is not None else ""
    except sub.RunFailedError as problem:
        return str(problem)
    finally:
        sub.destroy(one)
"""
INSIDE = '''
import stoa
con = stoa.connect()
con.create_function("f", lambda x: x + 1, [int], int)
assert con.execute("SELECT f(41)").scalar() == 42
con.insert("t", iter([{"a": [1]}, {"a": [2]}]), mode="create")
assert con.execute("SELECT sum(a) FROM t").scalar() == 3
held = con.execute("SELECT 1").__arrow_c_stream__()
con.close()
'''


FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


@pytest.mark.skipif(FREE_THREADED, reason="there is no GIL that one could share")
def test_a_subinterpreter_that_shares_the_gil_is_served():
    script(SUBINTERPRETER + f"""
how = () if sys.version_info < (3, 12) else ("legacy",)
if sys.version_info[:2] == (3, 12):
    create, how = sub.create, ()
    sub.create = lambda: create(isolated=False)
problem = run({INSIDE!r}, *how)
assert problem == "", problem
assert stoa.execute("SELECT 1").scalar() == 1
""")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="all of them share the GIL")
def test_a_subinterpreter_with_a_gil_of_its_own_is_refused():
    script(SUBINTERPRETER + f"""
problem = run({INSIDE!r})
assert "ImportError" in problem and "subinterpreters" in problem, problem
assert stoa.execute("SELECT 1").scalar() == 1
""")
