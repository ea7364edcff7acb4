# SPDX-License-Identifier: Apache-2.0
"""Calls that take long: Ctrl-C, cancel, deadlines, other threads meanwhile, asyncio."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

import stoa

ENDLESS = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
           "SELECT count(*) FROM n")
LATE = 20  # Seconds that no call takes to end on a loaded machine; alone it takes 0.05.
ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

CHILD = """
import os, signal, sys, threading, time
import stoa
signal.signal(signal.SIGINT, signal.default_int_handler)  # Ignored in the background.
con = stoa.connect()
con.run("CREATE TABLE t(a)")
ENDLESS = {endless!r}
{setup}
sent = []
def send():
    before = time.process_time()
    while time.process_time() - before < 0.3:  # By then the call is on its way: nothing else works.
        time.sleep(0.01)
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
try:
    threading.Thread(target=send, daemon=True).start()
    {call}
    print("no interrupt")
except KeyboardInterrupt:
    print(int((time.monotonic() - sent[0]) * 1000))
assert con.execute("SELECT 1").fetchall() == [(1,)]
con.close()
"""


def interrupted(call, setup=""):
    """How a process ends whose call gets a Ctrl-C, and what it printed."""
    text = CHILD.format(endless=ENDLESS, call=call, setup=setup)
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=600,
                          check=False)


@pytest.mark.parametrize("call", [
    "con.execute(ENDLESS).fetchall()", "con.row(ENDLESS)", "con.run(ENDLESS)",
    "con.prepare(ENDLESS).execute().fetchone()", "list(con.execute(ENDLESS).batches())",
    "con.execute(ENDLESS).arrow()", "con.execute(ENDLESS).pl()", "con.execute(ENDLESS).df()",
    "con.run('INSERT INTO t ' + ENDLESS)", "con.execute(ENDLESS, timeout=600).fetchall()"])
def test_ctrl_c(call):
    for module, word in (("pyarrow", "arrow()"), ("polars", "pl()"), ("pandas", "df()")):
        if word in call:
            pytest.importorskip(module)
    done = interrupted(call, call.replace("ENDLESS", "'SELECT 1 AS a'"))
    assert done.returncode == 0, done.stderr
    assert "Exception ignored" not in done.stderr
    assert int(done.stdout) < LATE * 1000


FUNCTIONS = """
import datetime
class Rows:
    def step(self, x): pass
    def finish(self): return 1
def endless():
    while True: yield {"a": [1] * 100}
con.create_function("plain", lambda x: x, [int], int)
con.create_function("typed", lambda x: 1, [datetime.timedelta], int)
con.create_function("listed", lambda x: x, [int], int, batch="list")
con.create_aggregate("every", Rows, [int], int)
con.create_aggregate("batches", Rows, [int], int, batch="list")
con.create_collation("k", lambda a, b: (a > b) - (a < b))
con.register("r", endless())
N = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
"""


@pytest.mark.parametrize("query", [
    "N + 'SELECT sum(plain(i)) FROM n'", "N + 'SELECT max(typed(i)) FROM n'",
    "N + 'SELECT sum(listed(i)) FROM n'", "N + 'SELECT every(i) FROM n'",
    "N + 'SELECT batches(i) FROM n'",
    "N + \"SELECT count(*) FROM n WHERE i || '' < 'a' COLLATE k\"",
    "'SELECT count(*) FROM r'"])
def test_ctrl_c_inside_python(query):
    """Nearly always the signal arrives while C runs, and its handler as Python is entered."""
    done = interrupted(f"con.execute({query}).fetchall()", FUNCTIONS)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) < LATE * 1000


def test_ctrl_c_while_another_library_reads():
    pytest.importorskip("pyarrow")
    done = interrupted("pyarrow.table(con.execute(ENDLESS))", "import pyarrow")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < LATE * 1000


def test_ctrl_c_while_another_library_reads_batch_by_batch():
    """What the other library says of its stream is its own; the signal is heard behind that."""
    pytest.importorskip("pyarrow")
    done = interrupted("read()", f"""
import pyarrow
def read():
    try:
        pyarrow.table(con.execute({ROWS!r}))
    except OSError:
        time.sleep(60)
""")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout != "no interrupt\n" and int(done.stdout) < LATE * 1000


def cancel_until(ended, con):
    """Cancels what runs; what has not begun yet is not hit, so again."""
    con.cancel()
    while not ended.wait(0.05):
        con.cancel()


def test_a_signal_handler_that_does_not_raise_runs_and_the_call_goes_on(con):
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(time.monotonic()))

    def send():
        os.kill(os.getpid(), signal.SIGUSR1)
        while not seen:
            time.sleep(0.01)
        time.sleep(0.2)
        cancel_until(ended, con)

    ended = threading.Event()
    timer = threading.Timer(0.1, send)
    try:
        timer.start()
        with pytest.raises(stoa.CancelledError):
            con.execute(ENDLESS).fetchall()
        assert len(seen) == 1
    finally:
        ended.set()
        timer.join()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("call", ["execute", "row", "run"])
def test_cancel_from_another_thread(con, call):
    ended = threading.Event()
    timer = threading.Timer(0.1, cancel_until, (ended, con))
    timer.start()
    began = time.monotonic()
    with pytest.raises(stoa.CancelledError):
        got = getattr(con, call)(ENDLESS)
        if call == "execute":
            got.fetchall()
    assert time.monotonic() - began < LATE
    ended.set()
    timer.join()
    assert con.row("SELECT 1") == (1,)
    con.cancel()
    assert con.row("SELECT 1") == (1,) and con.execute("SELECT 2").scalar() == 2


def test_cancel_when_nothing_runs_hits_nothing(con):
    for _ in range(50):
        con.cancel()
        assert con.row("SELECT 1") == (1,)
        con.cancel()
        assert con.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize("call", ["execute", "row", "run"])
def test_deadlines(con, call):
    began = time.monotonic()
    with pytest.raises(stoa.TimedOutError) as caught:
        got = getattr(con, call)(ENDLESS, timeout=0.1)
        if call == "execute":
            got.fetchall()
    assert 0.05 < time.monotonic() - began < LATE
    assert isinstance(caught.value, TimeoutError)
    assert con.row("SELECT 1", timeout=600) == (1,)
    with pytest.raises(stoa.TimedOutError):
        con.run(ENDLESS, timeout=0)


def test_a_close_ends_the_call_of_another_thread():
    con = stoa.connect()
    timer = threading.Timer(0.1, con.close)
    timer.start()
    with pytest.raises((stoa.CancelledError, stoa.ClosedError)):
        con.execute(ENDLESS).fetchall()
    timer.join()
    con.close()


def test_other_threads_run_meanwhile(con):
    ended = threading.Event()

    def work():
        for _ in range(20):  # None of it, if the call kept them from running.
            time.sleep(0.01)
        cancel_until(ended, con)

    thread = threading.Thread(target=work)
    thread.start()
    with pytest.raises(stoa.CancelledError):
        con.execute(ENDLESS, timeout=600).fetchall()
    ended.set()
    thread.join()


def test_a_writer_waits_for_another_and_can_be_cancelled(tmp_path):
    with stoa.open(tmp_path / "a.db", busy_timeout="none") as db, db.connect() as one:
        one.run("CREATE TABLE t(a)")
        one.begin()
        seen = []

        def write(timeout):
            with db.connect() as two:
                try:
                    two.run("INSERT INTO t VALUES (1)", timeout=timeout)
                except stoa.Error as problem:
                    seen.append(problem)

        thread = threading.Thread(target=write, args=(0.2,))
        thread.start()
        thread.join()
        assert len(seen) == 1 and isinstance(seen[0], stoa.TimedOutError)
        thread = threading.Thread(target=write, args=(600,))
        thread.start()
        time.sleep(0.1)
        one.commit()
        thread.join()
        assert len(seen) == 1 and one.row("SELECT count(*) FROM t") == (1,)


def test_the_same_thread_is_told_that_it_would_wait_for_itself(tmp_path):
    with stoa.open(tmp_path / "a.db") as db, db.connect() as one, db.connect() as two:
        one.run("CREATE TABLE t(a)")
        one.begin()
        with pytest.raises(stoa.LockedError) as caught:
            two.run("INSERT INTO t VALUES (1)")
        assert caught.value.code == -6
        one.rollback()


def test_progress_is_shown_and_wiped(con, capsys, monkeypatch):
    from stoa import _progress
    monkeypatch.setattr(_progress, "_PATIENCE", 0.1)
    stoa.progress()
    shown, seconds = "", 0.5
    try:
        while " s" not in shown and seconds < 100:  # A call that is not let run shows nothing.
            with pytest.raises(stoa.TimedOutError):
                con.run(ENDLESS, timeout=seconds)
            shown, seconds = capsys.readouterr().err, seconds * 2
        con.run("SELECT 1")
    finally:
        stoa.progress(False)
    assert re.match(r"\r\d+ s", shown) and shown.endswith("\r")
    with pytest.raises(stoa.TimedOutError):
        con.run(ENDLESS, timeout=0.3)
    assert capsys.readouterr().err == ""


def test_a_bar_has_a_length():
    import io
    from stoa._progress import Line

    class Half:
        def progress(self):
            return 50, 100

    out = io.StringIO()
    line = Line(out)
    line.tick(Half())
    assert "[" + "#" * 15 + " " * 15 + "]  50%" in out.getvalue()
    line.end()
    assert out.getvalue().endswith("\r")


def test_operations_tell_how_far_they_are():
    from stoa._call import Operation
    operation = Operation(timeout=10)
    assert operation.progress() == (0, -1)
    operation.cancel()


# ---- asyncio ----

def test_await():
    async def main():
        async with await stoa.aconnect() as con:
            await con.run("CREATE TABLE t(a INTEGER, b TEXT)")
            assert await con.insert("t", {"a": [1, 2], "b": ["x", "y"]}) == 2
            await con.executemany("INSERT INTO t VALUES (?, ?)", [(3, "z")])
            assert await con.row("SELECT b FROM t WHERE a = ?", (2,)) == ("y",)
            result = await con.execute("SELECT a FROM t ORDER BY a")
            assert result.columns == ["a"] and await result.fetchone() == (1,)
            assert [row async for row in result] == [(2,), (3,)]
            async with await con.execute("SELECT a FROM t") as result:
                assert await result.scalar() == 1 and await result.fetchmany(1) == [(2,)]
                assert await result.fetchall() == [(3,)]
            await con.begin()
            await con.run("DELETE FROM t")
            await con.rollback()
            await con.begin()
            await con.commit()
            assert await con.row("SELECT count(*) FROM t") == (3,)
            with pytest.raises(stoa.SqlSyntaxError):
                await con.execute("SELEC")
    asyncio.run(main())


def test_the_loop_is_never_blocked_and_cancellation_cancels():
    async def main():
        async with await stoa.aconnect() as con:
            ticks = []

            async def tick():
                while True:
                    ticks.append(time.monotonic())
                    await asyncio.sleep(0.01)

            ticker, seconds = asyncio.create_task(tick()), 0.5
            while len(ticks) < 10 and seconds < 100:  # A loop that is not let run does not tick.
                ticks.clear()
                began = time.monotonic()
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(con.run(ENDLESS), seconds)
                assert time.monotonic() - began < seconds + LATE
                seconds *= 2
            assert len(ticks) >= 10
            assert await con.row("SELECT 1") == (1,)
            task = asyncio.create_task(con.run(ENDLESS))
            while not task.done():  # Before it began there is nothing to cancel.
                await asyncio.sleep(0.05)
                con.cancel()
            with pytest.raises(stoa.CancelledError):
                await task
            with pytest.raises(stoa.TimedOutError):
                await con.row(ENDLESS, timeout=0.1)
            ticker.cancel()
    asyncio.run(main())


def test_many_at_once():
    async def main():
        connections = [await stoa.aconnect() for _ in range(5)]
        got = await asyncio.gather(*(con.row("SELECT ?", (i,))
                                     for i, con in enumerate(connections)))
        assert got == [(i,) for i in range(5)]
        one = connections[0]
        got = await asyncio.gather(*(one.row("SELECT ?", (i,)) for i in range(20)))
        assert got == [(i,) for i in range(20)]
        for con in connections:
            con.close()
    asyncio.run(main())


def test_a_connection_that_cannot_be_opened(tmp_path):
    async def main():
        with pytest.raises(stoa.Error):
            await stoa.aconnect(tmp_path / "nowhere/a.db")
    asyncio.run(main())


@pytest.mark.parametrize("form", ["arrow", "pl", "df"])
def test_frames_are_awaited(form):
    pytest.importorskip({"arrow": "pyarrow", "pl": "polars", "df": "pandas"}[form])

    async def main():
        async with await stoa.aconnect() as con:
            result = await con.execute("SELECT 1 AS a")
            assert len(await getattr(result, form)()) == 1
    asyncio.run(main())


def test_transactions_are_awaited():
    async def main():
        async with await stoa.aconnect() as con:
            await con.run("CREATE TABLE t(a)")
            async with con.transaction():
                await con.run("INSERT INTO t VALUES (1)")
            with pytest.raises(KeyError):
                async with con.transaction():
                    await con.run("INSERT INTO t VALUES (2)")
                    raise KeyError
            entered = asyncio.Event()

            async def stopped():
                async with con.transaction():
                    await con.run("INSERT INTO t VALUES (3)")
                    entered.set()
                    await con.run(ENDLESS)

            task = asyncio.create_task(stopped())
            await entered.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await con.row("SELECT count(*), sum(a) FROM t") == (1, 1)
            assert not con.connection.in_transaction
            await con.do(con.connection.create_function, "twice", lambda x: 2 * x)
            assert await con.row("SELECT twice(21)") == (42,)
    asyncio.run(main())


def test_what_is_closed_says_so_to_those_who_await():
    async def main():
        con = await stoa.aconnect()
        result = await con.execute("SELECT 1")
        con.close()
        for call in (con.row, con.run, con.execute):
            with pytest.raises(stoa.ClosedError):
                await call("SELECT 1")
        with pytest.raises(stoa.ClosedError):
            await result.fetchall()
    asyncio.run(main())
