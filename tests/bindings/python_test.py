# SPDX-License-Identifier: Apache-2.0
"""cffi reads the preprocessed header as it is, agrees with C on every layout, and drives the
library: the quick start, closing out of order, stale handles, and an exported stream."""

import os
import re
import subprocess
import sys

import hostile
from cffi import FFI

ROOT = os.environ["STOA_ROOT"]
LIBRARY = os.environ["STOA_LIBRARY"]
HEADER = subprocess.run(["cc", "-E", "-P", "-DSTOA_CDEF", "-Iinclude", "include/stoa.h"], cwd=ROOT,
                        check=True, capture_output=True, text=True).stdout

ffi = FFI()
ffi.cdef(HEADER)
stoa = ffi.dlopen(LIBRARY)
error = ffi.new("stoa_error *")
no_limit = ffi.new("stoa_op *")[0]


def check(status):
    assert status >= 0, ffi.string(error.text).decode()
    return status


def opened():
    db, conn = ffi.new("stoa_db *"), ffi.new("stoa_conn *")
    check(stoa.stoa_open(no_limit, b":memory:", 8, ffi.NULL, 0, db, error))
    check(stoa.stoa_connect(db[0], no_limit, ffi.NULL, 0, conn, error))
    return db[0], conn[0]


def query(conn, sql):
    result = ffi.new("stoa_result *")
    check(stoa.stoa_query(conn, no_limit, sql, len(sql), ffi.NULL, 0, ffi.NULL, 0, result, error))
    return result[0]


def quick_start_prints_its_row():
    declarations = os.path.join(os.environ["STOA_BUILD"], "stoa.cdef")
    with open(declarations, "w", encoding="utf-8") as file:
        file.write(HEADER)
    script = os.path.join(ROOT, "examples/python/quick_start.py")
    out = subprocess.run([sys.executable, script, LIBRARY, declarations], check=True,
                         capture_output=True, text=True).stdout
    assert out == "42 STOA\n", out


def layouts_are_those_of_c():
    facts = 0
    struct = None
    with open(os.path.join(ROOT, "tests/abi/layout.txt"), encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if line.startswith("struct "):
                struct = "struct " + words[1]
                if re.search(r"struct %s\s*\{" % words[1], HEADER) is None:
                    struct = words[1]
                assert ffi.sizeof(struct) == int(words[2]), line
            elif line.startswith("  "):
                assert ffi.offsetof(struct, words[0]) == int(words[1]), struct + line
            elif line.startswith("constant "):
                assert getattr(stoa, words[1]) == int(words[2]), line
            else:
                continue
            facts += 1
    assert facts > 100, facts


def stale_handles_are_sentences():
    db, conn = opened()
    result = query(conn, b"SELECT 1")
    stoa.stoa_db_close(db)
    array = ffi.new("struct ArrowArray *")
    status = stoa.stoa_result_next(result, no_limit, array, error)
    assert status == stoa.STOA_ERR_CLOSED
    assert ffi.string(error.text) == b"this result is closed: its database was closed"
    for _ in range(2):
        stoa.stoa_result_close(result)
        stoa.stoa_conn_close(conn)
        stoa.stoa_db_close(db)


def streams_outlive_their_handles():
    db, conn = opened()
    result = query(conn, b"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                         b"WHERE i < 100000) SELECT i FROM n")
    stream = ffi.new("struct ArrowArrayStream *")
    check(stoa.stoa_result_export(result, no_limit, stream, error))
    stoa.stoa_conn_close(conn)
    stoa.stoa_db_close(db)
    total = rows = 0
    array = ffi.new("struct ArrowArray *")
    while check(stoa.stoa_stream_next(stream, array, error)) != stoa.STOA_DONE:
        values = ffi.cast("int64_t *", array.children[0].buffers[1])
        total += sum(ffi.unpack(values, array.length))
        rows += array.length
        stoa.stoa_batch_release(array)
    stoa.stoa_stream_release(stream)
    assert (rows, total) == (100000, 5000050000)


def a_tick_in_python_cancels():
    db, conn = opened()
    calls = []

    @ffi.callback("int32_t(void *)")
    def tick(_):
        calls.append(1)
        return 1

    op = ffi.new("stoa_op *")
    check(stoa.stoa_op_open(-1, tick, ffi.NULL, ffi.NULL, op, error))
    sql = b"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    status = stoa.stoa_run(conn, op[0], sql, len(sql), ffi.NULL, 0, ffi.NULL, 0, ffi.NULL, error)
    assert status == stoa.STOA_ERR_CANCELLED and calls
    stoa.stoa_op_close(op[0])
    stoa.stoa_db_close(db)


def no_argument_is_too_wrong_for_a_sentence():
    with open(os.path.join(ROOT, "tests/abi/exports.txt"), encoding="utf-8") as file:
        exports = {line.split()[0] for line in file if line.strip()}
    names = hostile.functions(HEADER, exports)
    missing = [name for name in exports if name.startswith("stoa_") and name not in names]
    assert sorted(missing) == ["stoa_version", "stoa_version_number"], missing
    assert not (found := hostile.problems(ffi, stoa, HEADER, exports)), "\n# ".join(found)


TESTS = [quick_start_prints_its_row, layouts_are_those_of_c, stale_handles_are_sentences,
         streams_outlive_their_handles, a_tick_in_python_cancels,
         no_argument_is_too_wrong_for_a_sentence]

print("1..%d" % len(TESTS))
failures = 0
for number, test in enumerate(TESTS, 1):
    try:
        test()
        outcome = "ok"
    except Exception as problem:  # pylint: disable=broad-except
        print("# %s: %s" % (type(problem).__name__, problem))
        outcome = "not ok"
        failures += 1
    print("%s %d - %s" % (outcome, number, test.__name__.replace("_", " ")), flush=True)
sys.exit(1 if failures else 0)
