# SPDX-License-Identifier: Apache-2.0
"""Signals whose handler raises, at every moment of a piece of work: no handle is lost."""

import gc
import signal
import sys
import time

import pytest

import stoa
from conftest import COUNTED
from test_collection import SCHEMA

KINDS = COUNTED + ("op", "lua")
ROUNDS = 400


class Storm(BaseException):
    """What the handler raises."""


def strike(_number, _frame):
    raise Storm


def held():
    gc.collect()
    return {kind: stoa.live(kind) for kind in KINDS}


def took(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def under(work):
    """Do it many times, each cut off a little later than the one before; how many were cut."""
    length = min(took(work) for _ in range(3))
    cut = 0
    for number in range(ROUNDS):
        try:
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, length * 1.2 * number / ROUNDS))
            work()
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Storm:
            cut += 1
    return cut


def rows(con):
    con.execute("SELECT 1 UNION ALL SELECT 2").fetchone()
    con.execute("SELECT 'a', 2.5").fetchall()


def statements(con):
    with con.prepare("SELECT ?") as one:
        one.execute((1,)).fetchall()
        one.row((2,))
    con.prepare("SELECT 2")


def connections(con):
    with con._database.connect() as other:
        other.execute("SELECT 1").fetchall()
        other.row("SELECT 1")
    con._database.connect().close()


def databases(_con):
    with stoa.open() as db, db.connect() as con:
        con.execute("SELECT 1")
    stoa.connect().close()


def writers(con):
    with con.ingest("t") as writer:
        writer.append({"a": [1, 2], "b": [b"x", b"y"]})
    con.ingest("t").close()


def blobs(con):
    with con.blob("t", "b", 1) as blob:
        blob.read()
    con.blob("t", "b", 1)


def batches(con):
    for batch in con.execute("SELECT 1 UNION ALL SELECT 2").batches():
        batch.rows()
    con.table_schema("t")


def collections(con):
    con.collection("Orchard").read("label", "area").fetchall()
    list(con.collection("Orchard"))


def scripts(con):
    try:
        con.lua().run("return 1")
    except stoa.NotFoundError:
        pass  # There is no Lua here.


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.filterwarnings("ignore")  # Who is cut off closes nothing.
@pytest.mark.parametrize("work", [rows, statements, connections, databases, writers, blobs, batches,
                                  collections, scripts])
def test_no_handle_is_lost_by_a_signal(work, monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", lambda _what: None)  # It must keep nothing.
    before = signal.signal(signal.SIGALRM, strike)
    try:
        with stoa.connect() as con:
            if work in (collections, scripts):
                con.apply_schema(SCHEMA)
                con.collection("Orchard").create(label="Hill", area=2.5)
            else:
                con.run("CREATE TABLE t(a INTEGER, b BLOB); INSERT INTO t VALUES (1, x'00')")
            work(con)
            at_first = held()
            assert under(lambda: work(con)) > 0
            assert held() == at_first
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
