# SPDX-License-Identifier: Apache-2.0
"""The Python package against the standard library's sqlite3 and pandas: interleaved rounds in one
process, the least total time of each side, one line a bar. Answers are compared first. On a busy
machine STOA_BENCH_CLOCK=cpu measures the processor's time instead of the clock's.

    bench/python_bench [ROWS]
"""

import gc
import os
import random
import sqlite3
import subprocess
import sys
import time
import warnings

import numpy
import pandas
import pyarrow

import stoa

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
ROUNDS = int(os.environ.get("STOA_BENCH_ROUNDS", "5"))
CLOCK = time.process_time if os.environ.get("STOA_BENCH_CLOCK") == "cpu" else time.perf_counter
CREATE = "CREATE TABLE t(id INTEGER, ts INTEGER, px REAL, qty INTEGER, name TEXT)"
INSERT = "INSERT INTO t VALUES (?, ?, ?, ?, ?)"
ALL = "SELECT id, ts, px, qty, name FROM t"
POINTS = 50000


def least(sides, rounds=ROUNDS):
    """The least seconds of each side: A B A B ..., after a round that does not count."""
    best = [float("inf")] * len(sides)
    for number in range(rounds + 1):
        for i, side in enumerate(sides):
            gc.collect()
            began = CLOCK()
            side()
            took = CLOCK() - began
            if number:
                best[i] = min(best[i], took)
    return best


def bar(name, value, target, at_least):
    good = value >= target if at_least else value <= target
    print(f"bar {name} {value:.3g} {'>=' if at_least else '<='}{target:g} "
          f"{'ok' if good else 'short'}", flush=True)


def shape():
    random.seed(1)
    make = numpy.random.default_rng(1)
    ids = numpy.arange(ROWS)
    return pyarrow.table({
        "id": ids, "ts": 1700000000000000000 + ids * 1000, "px": make.random(ROWS) * 100,
        "qty": make.integers(0, 1000, ROWS), "name": [f"name{i % 99991:05d}" for i in range(ROWS)]})


def stored_sqlite3(rows):
    con = sqlite3.connect(":memory:")
    con.execute(CREATE)
    con.executemany(INSERT, rows)
    con.commit()
    return con


def stored_stoa(table):
    con = stoa.connect()
    con.run(CREATE)
    con.insert("t", table)
    return con


def closed(con):
    con.close()


def same(*answers):
    """All sides say the same, floats but for their last digits."""
    first = answers[0]
    for other in answers[1:]:
        for a, b in zip(first, other, strict=True):
            assert a == b or abs(a - b) < 1e-9 * abs(a), (a, b)


def writing(table, rows, frame):
    check = "SELECT count(*), sum(id), sum(px), sum(qty), max(name) FROM t"
    mine, peer = stored_stoa(table), stored_sqlite3(rows)
    same(mine.execute(check).fetchone(), peer.execute(check).fetchone())
    mine.close()
    peer.close()

    def to_sql():
        con = sqlite3.connect(":memory:")
        frame.to_sql("t", con, index=False)
        con.close()

    mine, many, pandas_time = least([lambda: closed(stored_stoa(table)),
                                     lambda: closed(stored_sqlite3(rows)), to_sql])
    bar("python_arrow_in_executemany", many / mine, 4, True)
    bar("python_arrow_in_to_sql", pandas_time / mine, 10, True)


def reading(peer, con):
    def read_sql():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pandas.read_sql(ALL, peer)

    assert con.execute(ALL).fetchall() == peer.execute(ALL).fetchall() == \
        list(zip(*con.execute(ALL).arrow().to_pydict().values()))
    arrow, rows, theirs, frame = least([
        lambda: con.execute(ALL).arrow(), lambda: con.execute(ALL).fetchall(),
        lambda: peer.execute(ALL).fetchall(), read_sql])
    bar("python_arrow_out_fetchall", theirs / arrow, 5, True)
    bar("python_arrow_out_read_sql", frame / arrow, 8, True)
    bar("python_fetchall", theirs / rows, 1, True)


def points(peer, con):
    for one in (peer.execute, con.run):
        one("CREATE TABLE k(id INTEGER PRIMARY KEY, name TEXT)")
        one("INSERT INTO k SELECT id, name FROM t")
    sql = "SELECT id, name FROM k WHERE id = ?"
    keys = [random.randrange(ROWS) for _ in range(POINTS)]

    for key in keys[:100]:
        assert con.row(sql, (key,)) == peer.execute(sql, (key,)).fetchone()

    def theirs():
        for key in keys:
            peer.execute(sql, (key,)).fetchone()

    def mine():
        for key in keys:
            con.row(sql, (key,))

    a, b = least([theirs, mine], 2 * ROUNDS)
    bar("python_point", b / a, 2, False)


class Sum:
    """Row by row, as sqlite3 calls it."""

    def __init__(self):
        self.sum = 0.0

    def step(self, px, qty):
        self.sum += px * qty

    def finalize(self):
        return self.sum


class SumOfColumns:
    """The same by columns."""

    def __init__(self):
        self.sum = 0.0

    def step(self, px, qty):
        self.sum += float(px @ qty)

    def finish(self):
        return self.sum


def functions(peer, con):
    def next_one(x):
        return x + 1

    peer.create_function("f", 1, next_one)
    con.create_function("f", next_one, [int], int)
    sql = "SELECT sum(f(qty)) FROM t"
    same(peer.execute(sql).fetchone(), con.execute(sql).fetchone())
    a, b = least([lambda: peer.execute(sql).fetchall(), lambda: con.execute(sql).fetchall()])
    bar("python_function", b / a, 5, False)
    peer.create_aggregate("worth", 2, Sum)
    con.create_aggregate("worth", SumOfColumns, [float, int], float, batch="numpy")
    sql = "SELECT worth(px, qty) FROM t"
    same(peer.execute(sql).fetchone(), con.execute(sql).fetchone())
    a, b = least([lambda: peer.execute(sql).fetchall(), lambda: con.execute(sql).fetchall()])
    bar("python_aggregate", a / b, 5, True)


def importing():
    def seconds(what):
        clock = "time." + CLOCK.__name__
        text = f"import time; t = {clock}(); import {what}\nprint({clock}() - t)"
        return float(subprocess.run([sys.executable, "-c", text], check=True, capture_output=True,
                                    text=True).stdout)

    pairs = [(seconds("stoa"), seconds("sqlite3, cffi")) for _ in range(15)]
    bar("python_import", min(a for a, _ in pairs) / min(b for _, b in pairs), 1.5, False)


INTERRUPTED = """
import os, signal, threading, time
import stoa
signal.signal(signal.SIGINT, signal.default_int_handler)
sent = []
def send():
    time.sleep(0.3)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)
with stoa.connect() as con:
    threading.Thread(target=send).start()
    try:
        con.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                "SELECT max(i) FROM n")
    except KeyboardInterrupt:
        print((time.perf_counter() - sent[0]) * 1000)
"""


def interrupting():
    """Milliseconds from Ctrl-C to its exception, the longest of several: a tick, and no more."""
    took = [float(subprocess.run([sys.executable, "-c", INTERRUPTED], check=True,
                                 capture_output=True, text=True).stdout) for _ in range(5)]
    bar("python_ctrl_c_ms", max(took), 100, False)


def main():
    table = shape()
    rows = list(zip(*[column.to_pylist() for column in table.columns]))
    importing()
    interrupting()
    writing(table, rows, table.to_pandas())
    peer, con = stored_sqlite3(rows), stored_stoa(table)
    del rows
    reading(peer, con)
    points(peer, con)
    functions(peer, con)
    con.close()


if __name__ == "__main__":
    main()
