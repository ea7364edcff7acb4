# SPDX-License-Identifier: Apache-2.0
"""format_peer.py csv|jsonl FILE THREADS: seconds pyarrow takes to read the file, the better of its
ways, and its rows."""
import sys
import time

import pyarrow
import pyarrow.csv
import pyarrow.json

FORM, PATH, THREADS = sys.argv[1], sys.argv[2], int(sys.argv[3])


def csv_stream():
    with pyarrow.csv.open_csv(PATH) as reader:
        return sum(batch.num_rows for batch in reader)


def csv_table():
    return pyarrow.csv.read_csv(PATH).num_rows


def jsonl_table():
    return pyarrow.json.read_json(PATH).num_rows


pyarrow.set_cpu_count(THREADS)
pyarrow.set_io_thread_count(THREADS)
least = None
for read in [csv_stream, csv_table] if FORM == "csv" else [jsonl_table]:
    begin = time.perf_counter()
    rows = read()
    seconds = time.perf_counter() - begin
    least = seconds if least is None else min(least, seconds)
print("%.6f %d" % (least, rows))
