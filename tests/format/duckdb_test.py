# SPDX-License-Identifier: Apache-2.0
"""Random CSV and JSON lines mean the same to Stoa as to DuckDB; each reads what the other wrote.

duckdb_test.py STOA PROGRAM: DuckDB is an engine of `stoa`; PROGRAM is convert.c's.
"""
import csv
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile

from tap import done, point

STOA, PROGRAM = sys.argv[1:3]
FILES = 25
WORDS = ["x", "y z", 'q"q', "a,b", "line\nbreak", "é", "日本", "'", ";", "|", "007", "-1", "1.5",
         "true", "null", "a long text that goes on for more than a vector", '"', '""', ",", "\\",
         "😀", " lead", "trail "]


def lines_of(command):
    """The rows a program printed as JSON lines; what it said, if it failed, instead."""
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode != 0:
        return made.stderr.decode("utf-8").strip()
    return [json.loads(line) for line in made.stdout.decode("utf-8").split("\n") if line]


def by_stoa(form, path, *settings):
    return lines_of([PROGRAM, form, path, "chunk_size=4k", "threads=2", *settings])


def by_duckdb(sql):
    return lines_of([STOA, "duckdb::memory:", sql, "--format", "jsonl"])


def differences(seed, left, right):
    if isinstance(left, str) or isinstance(right, str):
        return ["seed %d: Stoa: %.300s, DuckDB: %.300s" % (seed, left, right)]
    for number, pair in enumerate(zip(left, right)):
        if pair[0] != pair[1]:
            return ["seed %d, row %d: Stoa read %r, DuckDB %r" % (seed, number, *pair)]
    return [] if len(left) == len(right) else ["seed %d: Stoa read %d rows, DuckDB %d"
                                               % (seed, len(left), len(right))]


def write_csv(path, names, table, **dialect):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, **dialect)
        writer.writerows([names, *table])


def texts(seed, path):
    """Nothing but text, in some dialect; NULL is an empty field without quotes for both."""
    chance = random.Random(seed)
    names = ["c%d" % i for i in range(chance.randint(2, 9))]
    separator, end = chance.choice(",;\t|"), chance.choice(["\n", "\r\n"])
    table = [[None if chance.random() < 0.1 else chance.choice(WORDS) for _ in names]
             for _ in range(chance.randint(1, 300))]
    write_csv(path, names, table, delimiter=separator, lineterminator=end,
              quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]))
    left = by_stoa("csv", path, "types=text", "header=yes", "quote=\"",
                   "separator=" + ("tab" if separator == "\t" else separator))
    columns = ", ".join("'%s': 'VARCHAR'" % name for name in names)
    right = by_duckdb("SELECT * FROM read_csv('%s', header = true, delim = '%s', quote = '\"',"
                      " escape = '\"', allow_quoted_nulls = false, auto_detect = false,"
                      " columns = {%s})" % (path, separator, columns))
    if isinstance(left, list):  # Python writes None in quotes where it quotes all but numbers.
        left, right = ([{k: v or None for k, v in row.items()} for row in rows]
                       for rows in (left, right))
    return differences(seed, left, right)


def values(seed, path):
    """Both find the same types, and the same values of them."""
    chance = random.Random(seed)
    day = datetime.datetime(2020, 1, 1)
    makers = [lambda: chance.randint(-2 ** 63 + 1, 2 ** 63 - 1), lambda: chance.randint(-99, 99),
              lambda: chance.uniform(-1e6, 1e6), lambda: chance.randint(-999, 999) / 8 + 0.125,
              lambda: chance.choice(["true", "false"]),
              lambda: (day + datetime.timedelta(chance.randint(-30000, 30000))).date(),
              lambda: (day + datetime.timedelta(0, chance.randint(-10 ** 9, 10 ** 9),
                                                chance.randint(0, 999999))).isoformat(" "),
              lambda: "text " + chance.choice(WORDS)]
    columns = [chance.choice(makers) for _ in range(chance.randint(2, 8))]
    names = ["c%d" % i for i in range(len(columns))]
    table = [[None if row > 0 and chance.random() < 0.1 else make() for make in columns]
             for row in range(chance.randint(2, 300))]
    write_csv(path, names, table, lineterminator="\n")
    return differences(seed, by_stoa("csv", path),
                       by_duckdb("SELECT * FROM read_csv('%s', header = true, sample_size = -1,"
                                 " delim = ',', quote = '\"')" % path))


def objects(seed, path):
    """JSON lines of one shape, nested. Of whole numbers of both signs DuckDB makes HUGEINT."""
    chance = random.Random(seed)
    scalars = [lambda: chance.randint(0, 2 ** 62), lambda: chance.randint(-9, 9) + 0.5,
               lambda: "text " + chance.choice(WORDS), lambda: chance.random() < 0.5]

    def shape(depth):
        kind = chance.randint(0, 5 if depth > 0 else 3)
        if kind <= 3:
            return scalars[kind]
        if kind == 4:
            item = shape(depth - 1)
            return lambda: [item() for _ in range(chance.randint(0, 3))]
        fields = {"k%d" % i: shape(depth - 1) for i in range(chance.randint(1, 3))}
        return lambda: {name: make() for name, make in fields.items()}

    columns = {"c%d" % i: shape(2) for i in range(chance.randint(1, 5))}
    first = {name: make() for name, make in columns.items()}
    table = [first] + [{name: make() if chance.random() < 0.9 else None
                        for name, make in columns.items()} for _ in range(chance.randint(5, 200))]
    with open(path, "w", encoding="utf-8", newline="") as file:
        for row in table:
            file.write(json.dumps(row, ensure_ascii=chance.random() < 0.5) + "\n")
    left = by_stoa("jsonl", path, "times=no")
    right = by_duckdb("SELECT * FROM read_json('%s', format = 'newline_delimited',"
                      " sample_size = -1)" % path)
    # Lists that were all empty have no type: Stoa says text, DuckDB JSON; both write [] then.
    return differences(seed, left, right)


def written(seed, path):
    """A table of DuckDB's through Stoa's CSV, and back through DuckDB's, is the same table."""
    made = ("SELECT i, i * 7.5::DOUBLE AS d, CASE WHEN i %% 7 = 0 THEN NULL WHEN i %% 5 = 0 THEN ''"
            " ELSE repeat(chr(34 + (abs(i) * %d %% 60)::INTEGER), abs(i %% 4)::INTEGER) || ',' END"
            " AS t, i %% 2 = 0 AS b, DATE '2000-01-01' + i::INTEGER AS day,"
            " TIMESTAMP '2000-01-01 00:00:00' + i * INTERVAL 1 MINUTE AS ts"
            " FROM range(-100, 400) r(i)" % (seed + 1))
    back = path + ".back"
    for file in (path, back):
        if os.path.exists(file):
            os.remove(file)
    failed = subprocess.run([STOA, "export", "duckdb::memory:", made, path, "--format", "csv"],
                            capture_output=True, check=False)
    if failed.returncode != 0:
        return ["seed %d: %s" % (seed, failed.stderr)]
    read = "SELECT * FROM read_csv('%s', header = true, allow_quoted_nulls = false)" % path
    wanted = by_duckdb(made)
    lines_of([STOA, "duckdb::memory:",
              "COPY (%s) TO '%s' (HEADER, FORCE_QUOTE (t))" % (made, back)])
    found = differences(seed, wanted, by_duckdb(read))
    got = by_stoa("csv", back)
    if isinstance(got, list):  # DuckDB quotes the NULL, too.
        got, wanted = ([{**row, "t": row["t"] or None} for row in rows] for rows in (got, wanted))
    return found + differences(seed, got, wanted)


def copied(folder):
    """Rows of DuckDB's in a file of SQLite's, in two goes, and back, are the same rows."""
    made = ("SELECT i, i / 4 AS d, 't' || i AS t, DATE '2000-01-01' + i::INTEGER AS day"
            " FROM range(%d) r(i)")
    here, there = os.path.join(folder, "copy.db"), "duckdb:" + os.path.join(folder, "copy.duckdb")
    for source, target, table in [("duckdb::memory:", here, made % 300),
                                  ("duckdb::memory:", here, made % 1000), (here, there, "t")]:
        done_so = subprocess.run([STOA, "copy", source, table, target, "t", "--key", "i"],
                                 capture_output=True, check=False)
        if done_so.returncode != 0:
            return [done_so.stderr.decode("utf-8")]
    wanted = by_duckdb(made % 1000 + " ORDER BY i")
    return [line for target in (here, there)
            for line in differences(0, lines_of([STOA, target, "SELECT * FROM t ORDER BY i",
                                                 "--format", "jsonl"]), wanted)]


with tempfile.TemporaryDirectory() as folder:
    PATH = os.path.join(folder, "file.csv")
    for name, check in [("texts of CSV are those DuckDB reads", texts),
                        ("types and values of CSV are those DuckDB finds", values),
                        ("JSON lines are the values DuckDB reads", objects),
                        ("each reads the CSV the other wrote", written)]:
        wrong = []
        for number in range(FILES):
            wrong += check(number, PATH)
        point(name, wrong[:5])
    point("rows copied between SQLite and DuckDB are the same", copied(folder))
done()
