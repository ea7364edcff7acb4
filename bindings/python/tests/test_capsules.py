# SPDX-License-Identifier: Apache-2.0
"""PyCapsules: released when they die, whoever holds them, up to the interpreter's last moment."""

import gc
import subprocess
import sys
import threading

import pytest

import stoa

SHAPES = {
    "stream": "con.execute('SELECT 1 AS a UNION SELECT 2').__arrow_c_stream__()",
    "a stream half read": "(lambda r: (r.fetchone(), r.fetchmany(40), r.__arrow_c_stream__())[2])("
                          "con.execute(MANY))",
    "schema": "con.execute('SELECT 1 AS a').__arrow_c_schema__()",
    "a table's schema": "con.table_schema('t').__arrow_c_schema__()",
    "array": "next(con.execute('SELECT 1 AS a').batches()).__arrow_c_array__()",
    "csv in memory": "stoa.csv('a,b\\n1,x\\n').__arrow_c_stream__()",
    "csv in a file": "stoa.csv(io.BytesIO(b'a,b\\n1,x\\n')).__arrow_c_stream__()",
}
BEGIN = """
import builtins, io, sys, threading
import stoa
MANY = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "SELECT i FROM n")
con = stoa.connect()
con.run("CREATE TABLE t(a INTEGER, b TEXT)")
class Given:
    def __init__(self, capsule):
        self.capsule = capsule
    def __arrow_c_stream__(self, requested_schema=None):
        return self.capsule
    def __arrow_c_array__(self, requested_schema=None):
        return self.capsule
"""


def ends_well(text):
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", BEGIN + text],
                          capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.mark.parametrize("shape", SHAPES)
def test_alive_at_exit(shape):
    ends_well(f"""
held = {SHAPES[shape]}
builtins.held = sys.held = threading.held = held      # Dies after the modules.
loop = [held]; loop.append(loop)                      # Or in the last collection.
con.close()
""")


@pytest.mark.parametrize("shape", ["stream", "a stream half read", "array", "csv in a file"])
def test_consumed_and_alive_at_exit(shape):
    ends_well(f"""
held = {SHAPES[shape]}
given = Given(held)
if not isinstance(held, tuple):
    del Given.__arrow_c_array__
else:
    del Given.__arrow_c_stream__
con.insert("u", given, mode="create")
assert con.row("SELECT count(*) > 0 FROM u") == (1,)
builtins.held = sys.held = threading.held = held
con.close()
""")


@pytest.mark.parametrize("shape", ["stream", "a stream half read", "csv in a file"])
def test_another_librarys_reader_of_it_is_alive_at_exit(shape):
    pytest.importorskip("pyarrow")
    ends_well(f"""
import pyarrow
del Given.__arrow_c_array__
reader = pyarrow.RecordBatchReader.from_stream(Given({SHAPES[shape]}))
builtins.held = sys.held = threading.held = reader    # Some of it is not read yet.
""")


def test_pulled_by_a_thread_while_the_interpreter_ends():
    ends_well("""
capsule = con.execute(MANY.replace("5000", "50000000")).__arrow_c_stream__()
def pull():
    try:
        con.insert("u", Given(capsule), mode="create")
    except stoa.Error:
        pass
thread = threading.Thread(target=pull, daemon=True)
thread.start()
import time
time.sleep(0.1)
""")


def test_a_capsule_nobody_takes_is_released_when_it_dies(con):
    for make in (lambda: con.execute("SELECT 1").__arrow_c_stream__(),
                 lambda: next(con.execute("SELECT 1").batches()).__arrow_c_array__(),
                 lambda: con.execute("SELECT 1").__arrow_c_schema__()):
        make()
        before, others = stoa.live(), (stoa.live("stream"), stoa.live("array"))
        for _ in range(100):
            make()
        assert stoa.live() < before + 10 and (stoa.live("stream"), stoa.live("array")) == others


def test_a_capsule_may_die_on_another_thread(con):
    before = stoa.live("stream")
    capsules = [con.execute("SELECT 1").__arrow_c_stream__() for _ in range(10)]
    assert stoa.live("stream") == before + 10
    thread = threading.Thread(target=capsules.clear)
    thread.start()
    thread.join()
    assert stoa.live("stream") == before


def test_a_capsule_in_a_cycle(con):
    before = stoa.live("stream")
    loop = [con.execute("SELECT 1").__arrow_c_stream__()]
    loop.append(loop)
    del loop
    gc.collect()
    assert stoa.live("stream") == before


def test_what_an_iterator_leaves_is_let_go(con):
    gone = []

    class Items:
        def __iter__(self):
            return self

        def __next__(self):
            return {"a": [1]}

        def __del__(self):
            gone.append(True)

    from stoa._arrow import from_iterator, stream_capsule
    from stoa._source import source
    capsule = stream_capsule(from_iterator(Items(), source))
    gc.collect()
    assert gone == []
    del capsule
    assert gone == [True]


def test_a_capsule_of_another_name_is_left_alone():
    """The destructor touches nothing that is not an Arrow struct of ours."""
    import ctypes
    from stoa._arrow import _DESTRUCTOR
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p,
                                                   ctypes.c_void_p]
    for name in (b"something", None):
        room = ctypes.create_string_buffer(b"untouched", 100)
        new(ctypes.addressof(room), name, _DESTRUCTOR)
        assert room.value == b"untouched"
