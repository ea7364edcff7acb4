# SPDX-License-Identifier: Apache-2.0
"""Random CSV and JSON lines mean the same to Stoa as to Python's csv and json.

compare_test.py PROGRAM: the program reads a file and writes it as JSON lines (convert.c).
"""
import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile

from tap import done, point

PROGRAM = sys.argv[1]
FILES = 60
WORDS = ["", "x", "y z", 'q"q', "a,b", "line\nbreak", "cr\rlf\r\n", "é", "日本", "'", ";", "\t",
         "007", "-1", "1.5", "true", "null", "a long text that goes on for more than a vector",
         '"', '""', ",", "\\", "😀", " lead", "trail "]


def run(form, path, *settings):
    """The rows Stoa reads, as Python values, and what it said if it failed."""
    made = subprocess.run([PROGRAM, form, path, *settings], capture_output=True, check=False)
    rows = [json.loads(line) for line in made.stdout.decode("utf-8").split("\n") if line]
    return rows, made.stderr.decode("utf-8").strip()


def differences(seed, wanted, got, said):
    if said:
        return ["seed %d: %s" % (seed, said)]
    for number, (left, right) in enumerate(zip(wanted, got)):
        if left != right:
            return ["seed %d, row %d: wanted %r, got %r" % (seed, number, left, right)]
    return [] if len(wanted) == len(got) else ["seed %d: %d rows, not %d"
                                               % (seed, len(got), len(wanted))]


def texts(seed, path):
    """CSV of texts as Python writes it, in some dialect: every field comes back the same."""
    chance = random.Random(seed)
    columns, rows = chance.randint(2, 9), chance.randint(0, 400)
    separator = chance.choice(",;\t|")
    end = chance.choice(["\n", "\r\n", "\r"])
    names = ["c%d" % i for i in range(columns)]
    table = [[chance.choice(WORDS) for _ in names] for _ in range(rows)]
    with open(path, "w", encoding="utf-8", newline="") as file:
        # With CR alone at the end of lines Python leaves an LF inside a field without quotes.
        quoting = csv.QUOTE_ALL if end == "\r" else chance.choice([csv.QUOTE_ALL,
                                                                   csv.QUOTE_MINIMAL])
        writer = csv.writer(file, delimiter=separator, lineterminator=end, quoting=quoting)
        writer.writerows([names, *table])
    named = "tab" if separator == "\t" else separator
    got, said = run("csv", path, "types=text", "separator=" + named, "sample_size=4k",
                    "chunk_size=4k", "threads=%d" % chance.randint(1, 3))
    with open(path, encoding="utf-8", newline="") as file:
        wanted = [dict(zip(names, row)) for row in csv.reader(file, delimiter=separator)][1:]
    # An empty field is NULL without quotes and empty with them; Python doesn't tell them apart.
    got = [{name: value or "" for name, value in row.items()} for row in got]
    return differences(seed, wanted, got, said)


def wild(seed, path):
    """Quotes anywhere: rows that both take are the same."""
    chance = random.Random(seed)
    text = "".join(chance.choice(['a', 'b', ',', '\n', '"', 'c d']) for _ in range(300))
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write("x,y,z\n" + text + "\n")
    got, said = run("csv", path, "types=text", "separator=,", "quote=\"", "header=yes",
                    "bad_rows=skip")
    if "never closed" in said:
        return []
    rows = [row for row in csv.reader(io.StringIO("x,y,z\n" + text + "\n", newline=""))][1:]
    got = [tuple(value or "" for value in row.values()) for row in got]
    # Text behind a closing quote is a bad row here; Python appends it.
    rest = iter(tuple(row) for row in rows if len(row) == 3)
    missing = [row for row in got if row not in rest]
    return ["seed %d: %r is no row of Python's, in order" % (seed, row) for row in missing[:1]]


def values(seed, path):
    """Numbers, bools and NULLs are read as what they are."""
    chance = random.Random(seed)
    makers = [lambda: chance.randint(-2 ** 63, 2 ** 63 - 1), lambda: chance.randint(-99, 99),
              lambda: chance.uniform(-1e6, 1e6), lambda: round(chance.uniform(-100, 100), 3),
              lambda: chance.choice([True, False]),
              lambda: chance.random() * 10.0 ** chance.randint(-300, 300)]
    columns = [chance.choice(makers) for _ in range(chance.randint(2, 8))]
    names = ["c%d" % i for i in range(len(columns))]
    table = [{name: None if chance.random() < 0.1 else make() for name, make in zip(names, columns)}
             for _ in range(chance.randint(1, 500))]
    table.insert(0, {name: make() for name, make in zip(names, columns)})
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([[str(v).lower() if isinstance(v, bool) else v for v in row.values()]
                          for row in table])
    got, said = run("csv", path, "chunk_size=4k", "threads=2")
    return differences(seed, table, got, said)


def make_json(chance, depth):
    kind = chance.randint(0, 5 if depth > 0 else 3)
    if kind < 2:
        return chance.choice([1, -7, 123456789012])
    if kind == 2:
        return chance.choice([0.5, 1e300, -2.25])
    if kind == 3:
        return chance.choice(WORDS)
    if kind == 4:
        return [make_json(chance, depth - 1)] * chance.randint(0, 3)
    return {"k%d" % i: make_json(chance, depth - 1) for i in range(chance.randint(0, 3))}


def same_json(wanted, got):
    """As JSON text where columns are that: then it reads as the same value."""
    for name, value in wanted.items():
        other = got.get(name)
        if value == other and isinstance(value, bool) == isinstance(other, bool):
            continue
        if not isinstance(other, str) or json.loads(other) != value:
            return False
    return True


def lines(seed, path):
    """JSON lines of any values, as text where they are nested or mixed."""
    chance = random.Random(seed)
    names = ["a", "b\"c", "dé", "e"][:chance.randint(1, 4)]
    table = []
    for _ in range(chance.randint(1, 200)):
        order = chance.sample(names, len(names)) if chance.random() < 0.2 else names
        table.append({name: make_json(chance, 3) for name in order if chance.random() < 0.9})
    with open(path, "w", encoding="utf-8", newline="") as file:
        for row in table:
            file.write(json.dumps(row, ensure_ascii=chance.random() < 0.5,
                                  separators=chance.choice([(",", ":"), (", ", ": ")])) + "\n")
    got, said = run("jsonl", path, "nested=json", "chunk_size=4k", "unknown=ignore")
    if said:
        return ["seed %d: %s" % (seed, said)]
    wrong = [number for number, (left, right) in enumerate(zip(table, got))
             if not same_json(left, right)]
    return ["seed %d: row %d is %r, not %r" % (seed, n, got[n], table[n]) for n in wrong[:1]]


with tempfile.TemporaryDirectory() as folder:
    PATH = os.path.join(folder, "file")
    for name, check in [("texts of CSV are those Python's csv wrote", texts),
                        ("quotes anywhere mean what they mean to Python's csv", wild),
                        ("values of CSV are the numbers that were written", values),
                        ("JSON lines are the values Python's json wrote", lines)]:
        found = []
        for number in range(FILES):
            found += check(number, PATH)
        point(name, found[:5])
done()
