# SPDX-License-Identifier: Apache-2.0
"""Many threads at once, with a GIL and without one: what they share, and what they close."""

import gc
import itertools
import subprocess
import sys
import sysconfig
import threading
import time

import pytest

import stoa
from stoa._call import Operations, Turn

THREADS = 8
ENDED = (stoa.BusyError, stoa.ClosedError, stoa.CancelledError)


def together(work, *others, count=THREADS):
    """Run work(number) on so many threads, and others() once each; what any of them raised."""
    problems, start = [], threading.Barrier(count + len(others))

    def guarded(function, *arguments):
        start.wait()
        try:
            function(*arguments)
        except BaseException as problem:  # pylint: disable=broad-except
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(work, i)) for i in range(count)]
    threads += [threading.Thread(target=guarded, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="it has a GIL")
def test_the_gil_stays_away():
    done = subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", """
import asyncio, sys
import stoa
def away(): assert not sys._is_gil_enabled()
away()
with stoa.connect() as con:
    con.insert("t", {"a": [1, 2]}, mode="create")
    con.create_function("f", lambda x: away() or x + 1, [int], int)
    assert con.execute("SELECT sum(f(a)) FROM t").scalar() == 5
    con.execute("SELECT a FROM t").__arrow_c_stream__()
    away()
async def main():
    async with await stoa.aconnect() as con:
        assert await (await con.execute("SELECT 1")).fetchall() == [(1,)]
asyncio.run(main())
away()
"""], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr


def test_each_thread_writes_and_reads_what_all_share(tmp_path):
    with stoa.open(tmp_path / "a.db", journal="wal", busy_timeout=60000) as db:
        with db.connect() as con:
            con.run("CREATE TABLE t(thread INTEGER, a INTEGER)")

        def work(number):
            with db.connect() as con:
                for i in range(20):
                    con.run("INSERT INTO t VALUES (?, ?)", (number, i))
                    assert con.row("SELECT count(*) FROM t WHERE thread = ?", (number,)) == (i + 1,)
                found = con.execute("SELECT a FROM t WHERE thread = ?", (number,))
                assert len(found.fetchall()) == 20

        together(work)
        with db.connect() as con:
            assert con.row("SELECT count(*), sum(a) FROM t") == (20 * THREADS, 190 * THREADS)


def test_a_writer_takes_the_rows_of_all(db):
    with db.connect() as con:
        con.run("CREATE TABLE t(thread INTEGER, a INTEGER)")
    numbers = []
    with db.ingest("t") as writer:
        def work(number):
            for i in range(10):
                numbers.append(writer.append({"thread": [number] * 3, "a": [i] * 3}))

        together(work)
    assert len(set(numbers)) == 10 * THREADS
    with db.connect() as con:
        assert con.row("SELECT count(*), sum(a) FROM t") == (30 * THREADS, 135 * THREADS)


def test_one_connection_answers_each_thread_its_own_row_or_that_it_is_busy(con):
    answered = itertools.count()

    def work(number):
        for i in range(150):
            mine = (number, f"{number} and {i}" * 3, i / 2)
            try:
                got = con.row("SELECT ?, ?, ?", mine)
                assert got == mine
                assert con.execute("SELECT ?, ?, ?", mine).fetchall() == [mine]
                next(answered)
            except stoa.BusyError:
                pass

    together(work)
    assert con.row("SELECT 1") == (1,)  # And it is as good as before.
    work(0)
    assert next(answered) >= 150


def test_busy_for_one_thread_takes_the_cancel_from_no_other(con):
    running, ended = threading.Event(), []

    def long():
        try:
            con.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                        "WHERE i < 30000000) SELECT count(*) FROM n WHERE told()").fetchall()
        except stoa.CancelledError as problem:
            ended.append(problem)

    con.create_function("told", lambda: running.set() or True, [], bool)
    thread = threading.Thread(target=long)
    thread.start()
    assert running.wait(60)
    for ask in (lambda: con.row("SELECT 1"), lambda: con.execute("SELECT 1")):
        with pytest.raises(stoa.BusyError):
            ask()
    con.cancel()
    thread.join()
    assert len(ended) == 1


def test_an_operation_that_ends_leaves_those_of_others(db):
    ended, going = Operations(), Operations()
    mine = going.enter()
    ended.renew(mine)
    assert going.enter() is mine
    late = going.enter(60)
    going.renew(late)
    assert going.enter() is mine
    going.cancel()
    assert going.enter() is not mine


def test_a_turn_is_one_threads_and_is_never_lost():
    turn, inside, most = Turn(), [], []

    def work(_number):
        for i in range(2000):
            token = turn.take()
            if token is not None:
                inside.append(None)
                most.append(len(inside))
                inside.pop()
                if i % 3:  # Else it is lost.
                    turn.free.append(token)
                del token

    together(work)
    gc.collect()
    assert set(most) == {1}
    assert turn.wait(60) is not None


def test_functions_are_called_on_all_threads(db):
    calls = []

    def double(x: int) -> int:
        calls.append(x)
        return 2 * x

    class Longest:
        def __init__(self):
            self.best = ""

        def step(self, text: str):
            self.best = max(self.best, text, key=len)

        def finish(self) -> str:
            return self.best

    def work(number):
        with db.connect() as con:
            for i in range(5):
                con.create_function("double", double)
                con.create_aggregate("longest", Longest)
                con.create_collation("back", lambda a, b: (b > a) - (b < a))
                con.register("r", {"a": list(range(50)), "b": [str(number) * (1 + j % 7)
                                                               for j in range(50)]})
                assert con.row("SELECT sum(double(a)), longest(b) FROM r") == (
                    2450, str(number) * 7)
                assert con.row("SELECT b FROM r ORDER BY b COLLATE back DESC LIMIT 1") == (
                    str(number),)
                if i % 2:
                    con.remove_function("double")

    together(work)
    assert len(calls) == THREADS * 5 * 50


@pytest.mark.parametrize("what", ["database", "connection", "result", "statement"])
def test_others_close_what_threads_use_and_collect_meanwhile(what):
    for _ in range(4):
        db = stoa.open()
        con = db.connect()
        con.insert("t", {"a": list(range(300)), "b": ["é" * 40] * 300}, mode="create")
        statement = con.prepare("SELECT a, b FROM t WHERE a >= ?")
        results = [con.execute("SELECT a, b FROM t") for _ in range(3)]
        done = []

        def work(number):
            result = results[number % 3]
            use = [lambda: con.row("SELECT a, b FROM t WHERE a = 7"),
                   lambda: statement.row((7,)), result.fetchone,
                   lambda: next(iter(result.batches())).rows()[0]][number % 4]
            try:
                while not done:
                    row = use()
                    assert row is None or row[1] == "é" * 40
            except ENDED + (StopIteration,):
                pass
            except ValueError as problem:  # A generator, which is one thread's at a time.
                assert "already executing" in str(problem)

        def close():
            time.sleep(0.005)
            for one in {"database": [db], "connection": [con], "result": results,
                        "statement": [statement]}[what]:
                one.close()
            time.sleep(0.005)
            done.append(True)

        def collect():
            while not done:
                gc.collect()
                time.sleep(0.002)

        together(work, close, collect)
        con.close()
        db.close()


def test_connections_are_made_while_the_database_closes():
    for _ in range(15):
        db = stoa.open()
        made = []

        def work(_number):
            try:
                while True:
                    made.append(db.connect())
                    made[-1].row("SELECT 1")
            except ENDED:
                pass

        together(work, db.close, count=4)
        for con in made:
            with pytest.raises(ENDED):
                con.execute("SELECT 1")
            con.close()


def test_objects_die_on_other_threads(db):
    passed = []

    def work(number):
        for _ in range(30):
            if number % 2:
                con = db.connect()
                passed.append([con, con.execute("SELECT 1"), con.prepare("SELECT 2"),
                               con.execute("SELECT 3").__arrow_c_stream__(), con.close])
                con.close()
            else:
                try:
                    del passed.pop()[:]
                except IndexError:
                    gc.collect()

    together(work)
    passed.clear()


def test_the_default_database_is_one_for_all():
    stoa.default_connection().close()
    found = []
    together(lambda _number: found.append(stoa.default_connection()))
    assert len({id(con) for con in found}) == 1
    found[0].close()


def test_capsules_are_made_and_taken_by_all(db):
    pyarrow = pytest.importorskip("pyarrow")

    def work(number):
        with db.connect() as con:
            for _ in range(10):
                table = con.execute("SELECT ? AS a UNION ALL SELECT 2", (number,)).arrow()
                assert con.insert("t%d" % number, table, mode="create_append") == 2
                assert pyarrow.table(con.execute("SELECT a FROM t%d" % number)).num_columns == 1

    together(work)
