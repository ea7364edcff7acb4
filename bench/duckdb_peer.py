# SPDX-License-Identifier: Apache-2.0
"""duckdb_peer.py CSV FILE THREADS: seconds DuckDB takes to read the CSV into a table of a new
database file, with the checkpoint at the end."""
import sys
import time

import duckdb

CSV, FILE, THREADS = sys.argv[1], sys.argv[2], int(sys.argv[3])

begin = time.perf_counter()
with duckdb.connect(FILE, config={"threads": THREADS}) as connection:
    connection.execute("CREATE TABLE t AS SELECT * FROM read_csv(?)", [CSV])
    connection.execute("CHECKPOINT")
print("%.6f" % (time.perf_counter() - begin))
