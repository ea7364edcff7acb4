# SPDX-License-Identifier: Apache-2.0
"""The C interface from Python by cffi in ABI mode: no compiler, one header.

    python quick_start.py LIBRARY DECLARATIONS [TARGET]

DECLARATIONS is the header, preprocessed: cc -E -P -DSTOA_CDEF include/stoa.h
"""

import sys

from cffi import FFI

ffi = FFI()
ffi.cdef(open(sys.argv[2]).read())
stoa = ffi.dlopen(sys.argv[1])
error = ffi.new("stoa_error *")
no_limit = ffi.new("stoa_op *")[0]


def check(status):
    if status < 0:
        raise RuntimeError(ffi.string(error.text).decode())
    return status


def text(value):
    data = value.encode()
    return data, len(data)


db, conn, rows = ffi.new("stoa_db *"), ffi.new("stoa_conn *"), ffi.new("stoa_rows *")
target = sys.argv[3] if len(sys.argv) > 3 else ":memory:"
check(stoa.stoa_open(no_limit, *text(target), ffi.NULL, 0, db, error))
check(stoa.stoa_connect(db[0], no_limit, ffi.NULL, 0, conn, error))

params = ffi.new("stoa_value[2]")
params[0].type, params[0].a = stoa.STOA_TYPE_INT64, 41
params[1].type, params[1].a, params[1].b = stoa.STOA_TYPE_TEXT, 0, 4
check(stoa.stoa_query_row(conn[0], no_limit, *text("SELECT ? + 1, upper(?)"), params, 2,
                          b"stoa", 4, rows, error))
number, word = rows.values[0], rows.values[1]
print(number.a, ffi.buffer(rows.bytes + word.a, word.b)[:].decode())
stoa.stoa_db_close(db[0])
