# SPDX-License-Identifier: Apache-2.0
"""stoa collection, by what it prints and how it ends."""
import os
import shutil
import subprocess
import sys
import tempfile

from tap import done, point

STOA = os.path.abspath(sys.argv[1])
WORK = tempfile.mkdtemp(prefix="stoa-collection-")
SCHEMA = """
CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE Orchard (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL,
    trees INTEGER, area REAL) STRICT;
CREATE TABLE Orchard_vector_rows (
    id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE,
    vector_index INTEGER NOT NULL, spacing REAL, PRIMARY KEY (id, vector_index)) STRICT;
"""


def run(*args):
    """Exit status, standard output, standard error."""
    ended = subprocess.run([STOA, *args], check=False, capture_output=True, text=True, cwd=WORK)
    return ended.returncode, ended.stdout, ended.stderr


def collection(*args):
    return run("collection", *args)


def expect(sentence, got, right):
    point(sentence, [] if got == right else ["%r, not %r" % (got, right)])


def says(sentence, got, status, text):
    point(sentence, [] if got[0] == status and text in got[2] else [repr(got)])


def write(name, text):
    path = os.path.join(WORK, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def schema():
    write("schema.sql", SCHEMA)
    expect("a database is made of a schema", collection("create", "farm.db", "schema.sql"),
           (0, "", ""))
    says("not over another", collection("create", "farm.db", "schema.sql"), 1, "already exists")
    expect("but where that is asked for",
           collection("create", "farm.db", "schema.sql", "--if-exists", "replace"), (0, "", ""))
    write("wrong.sql", SCHEMA.replace("vector_index INTEGER NOT NULL, ", ""))
    says("a schema that is wrong makes nothing", collection("create", "wrong.db", "wrong.sql"),
         1, "vector_index")
    point("not even a file", [name for name in os.listdir(WORK) if name.startswith("wrong.db")])
    expect("a schema is described", collection("describe", "farm.db", "Orchard"),
           (0, "Collection: Orchard (0 elements)\n  Scalars:\n    - id (INTEGER) PRIMARY KEY\n"
               "    - label (TEXT) NOT NULL\n    - trees (INTEGER)\n    - area (REAL)\n"
               "  Vectors:\n    - rows: spacing(REAL)\n", ""))
    says("a collection that is not there is named", collection("describe", "farm.db", "Hill"), 1,
         "Hill")
    expect("nothing is wrong with it", collection("check", "farm.db"), (0, "", ""))
    run("plain.db", "create table t_x(a)")
    status, out, err = collection("check", "plain.db", "--format", "jsonl")
    point("what is wrong with tables is told",
          [] if status == 1 and "Configuration" in out and "cannot be used" in err
          else [repr((status, out, err))])


def files():
    write("orchards.csv", "label,trees,area\nHill,120,2.5\nDale,,\n")
    write("rows.csv", "id,vector_index,spacing\nHill,1,4\nHill,2,4.5\n")
    expect("a file becomes elements",
           collection("import-csv", "farm.db", "Orchard", "orchards.csv"), (0, "", ""))
    expect("and rows of a group",
           collection("import-csv", "farm.db", "Orchard.rows", "rows.csv"), (0, "", ""))
    collection("export-csv", "farm.db", "Orchard.rows", "out.csv", "--separator-line", "no")
    with open(os.path.join(WORK, "out.csv"), encoding="utf-8") as file:
        expect("which are written again", file.read(),
               "id,vector_index,spacing\nHill,1,4\nHill,2,4.5\n")
    write("bad.csv", "label,trees,area\nHill,x,\nWood,1,\n")
    says("a wrong row is refused with its line",
         collection("import-csv", "farm.db", "Orchard", "bad.csv"), 1,
         "Invalid integer value 'x' for column 'trees'. [line 2]")
    expect("or passed over, and shown",
           collection("import-csv", "farm.db", "Orchard", "bad.csv", "--mode", "merge",
                      "--on-error", "skip"),
           (0, "2\ttrees\tInvalid integer value 'x' for column 'trees'.\n", ""))
    status, out, err = collection("summarise", "farm.db", "Orchard")
    point("elements are summed up",
          [] if (status, err) == (0, "") and "Collection: Orchard (3 elements)" in out
          and "trees: 2 non-null, 1 null" in out else [repr((status, out, err))])


def migrations():
    write("steps/1/up.sql", SCHEMA)
    write("steps/1/down.sql", "DROP TABLE Orchard_vector_rows; DROP TABLE Orchard; "
                              "DROP TABLE Configuration;")
    write("steps/2/up.sql", "ALTER TABLE Orchard ADD COLUMN soil INTEGER;")
    write("steps/2/down.sql", "ALTER TABLE Orchard DROP COLUMN soil;")
    expect("what is to come is told", collection("migrate", "steps.db", "steps", "status"),
           (0, "version 0\n1\tup\t3\tfalse\n2\tup\t1\tfalse\n", ""))
    expect("a version is gone to", collection("migrate", "steps.db", "steps", "up", "1"),
           (0, "1\tup\t3\ttrue\n", ""))
    expect("then the newest", collection("migrate", "steps.db", "steps"),
           (0, "2\tup\t1\ttrue\n", ""))
    expect("and back", collection("migrate", "steps.db", "steps", "down", "1"),
           (0, "2\tdown\t1\ttrue\n", ""))
    expect("the version is the database's", run("steps.db", "pragma user_version"), (0, "1\n", ""))
    says("a word that is no direction is told", collection("migrate", "steps.db", "steps", "x"),
         1, "up, up VERSION, down VERSION or status")
    says("so is what is no version", collection("migrate", "steps.db", "steps", "up", "x"), 1,
         "'x' is not a version")


def usage():
    point("help teaches by example",
          [] if "stoa collection import-csv farm.db" in collection("--help")[1] else [""])
    for words in ([], ["describe"], ["check", "a", "b"], ["nothing", "a"]):
        point("called wrongly: %s" % " ".join(words or ["nothing"]),
              [] if collection(*words)[0] == 2 else [""])
    says("a mode that is not there is named", collection("check", "farm.db", "--format", "x"), 1,
         "--format x")


try:
    schema()
    files()
    migrations()
    usage()
finally:
    shutil.rmtree(WORK)
done()
