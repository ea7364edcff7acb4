# SPDX-License-Identifier: Apache-2.0
"""What rows look like in every mode, what dot commands say, and what the commands move."""
import csv
import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from tap import done, point

STOA = os.path.abspath(sys.argv[1])
WORK = tempfile.mkdtemp(prefix="stoa-modes-")
FILE = os.path.join(WORK, "app.db")
ROWS = ("select 1 as n, 'x|y' as text, x'00ff' as bytes, 1.5 as real union all "
        "select 22, '日本 \"q\"' || char(10) || '<b>', null, null")

GOLDEN = {
    "box": """\
┌────┬───────────────┬───────┬──────┐
│  n │ text          │ bytes │ real │
├────┼───────────────┼───────┼──────┤
│  1 │ x|y           │ 00ff  │  1.5 │
│ 22 │ 日本 "q"\\n<b> │ NULL  │ NULL │
└────┴───────────────┴───────┴──────┘
""",
    "csv": 'n,text,bytes,real\n1,x|y,00ff,1.5\n22,"日本 ""q""\n<b>",,\n',
    "json": """\
[{"n":1,"text":"x|y","bytes":"00ff","real":1.5},
{"n":22,"text":"日本 \\"q\\"\\n<b>","bytes":null,"real":null}]
""",
    "jsonl": """\
{"n":1,"text":"x|y","bytes":"00ff","real":1.5}
{"n":22,"text":"日本 \\"q\\"\\n<b>","bytes":null,"real":null}
""",
    "markdown": """\
|  n | text          | bytes | real |
|---:|---------------|-------|-----:|
|  1 | x\\|y          | 00ff  |  1.5 |
| 22 | 日本 "q"\\n<b> | NULL  | NULL |
""",
    "line": """\
    n = 1
 text = x|y
bytes = 00ff
 real = 1.5

    n = 22
 text = 日本 "q"\\n<b>
bytes = NULL
 real = NULL
""",
    "html": """\
<table>
<tr><th>n</th><th>text</th><th>bytes</th><th>real</th></tr>
<tr><td align="right">1</td><td>x|y</td><td>00ff</td><td align="right">1.5</td></tr>
<tr><td align="right">22</td><td>日本 &quot;q&quot;
&lt;b&gt;</td><td><i>NULL</i></td><td align="right"><i>NULL</i></td></tr>
</table>
""",
    "tabs": '1\tx|y\t00ff\t1.5\n22\t日本 "q"\\n<b>\t\t\n',
}


def run(*args, given=None):
    """Exit status, standard output, standard error."""
    ended = subprocess.run([STOA, *args], check=False, capture_output=True, text=True, cwd=WORK,
                           input=given)
    return ended.returncode, ended.stdout, ended.stderr


def expect(sentence, got, right):
    point(sentence, [] if got == right else ["%r, not %r" % (got, right)])


def write(name, text):
    with open(os.path.join(WORK, name), "w", encoding="utf-8", newline="") as file:
        file.write(text)


def read(name):
    with open(os.path.join(WORK, name), encoding="utf-8", newline="") as file:
        return file.read()


def modes():
    for mode, right in GOLDEN.items():
        expect("%s is as it was agreed" % mode, run(":memory:", ROWS, "--format", mode),
               (0, right, ""))
    text = run(":memory:", ROWS, "--format", "csv")[1]
    expect("Python reads the CSV", list(csv.reader(io.StringIO(text)))[2][1], '日本 "q"\n<b>')
    text = run(":memory:", ROWS, "--format", "json")[1]
    expect("Python reads the JSON", json.loads(text)[1]["text"], '日本 "q"\n<b>')
    expect("tabs escape what would break a line, and nothing else",
           run(":memory:", "select 'a' || char(9) || char(10) || '\\' as a, char(1) || 'q' ||"
               " char(1) || char(1, 9), '' as c, null as d, '\\' as e"),
           (0, "a\\t\\n\\\\\t\x01q\x01\x01\\t\t\t\t\\\\\n", ""))
    expect("no rows are an empty JSON array",
           run(":memory:", "select 1 where 0", "--format", "json"), (0, "[]\n", ""))
    combined = run(":memory:", "select 'e' || char(769) || '👍' as a, 'ab' as b",
                   "--format=box")[1]
    expect("what combines takes no column and emoji take two", combined.split("\n")[0],
           "┌─────┬────┐")
    expect("a value has no power over the terminal",
           run(":memory:", "select char(27) || '[2J' as a", "--format", "line"),
           (0, "a = \\x1b[2J\n", ""))
    status, out, err = run(":memory:", "select 1", "--format", "xml")
    point("a mode nobody knows is refused with those there are",
          [] if (status, out) == (2, "") and "markdown" in err else [repr((status, out, err))])
    expect("rows go to a file",
           (run(":memory:", "select 7 as a", "--format", "csv", "--output", "out.csv"),
            read("out.csv")), ((0, "", ""), "a\n7\n"))
    for text in ("select 1", ".help"):
        status, out, err = run(":memory:", ".output /dev/full", text, ".output")
        point("what does not get there is a failure: " + text,
              [] if (status, out) == (1, "") and "/dev/full: No space" in err
              else [repr((status, out, err))])


def scripts():
    expect("a pipe is run, statement by statement",
           run(FILE, given="create table t(a integer,\n b text);\ninsert into t values (1, ';');\n"
                           ".mode csv\nselect * from t;\nselect 2"),
           (0, 'a,b\n1,;\n2\n2\n', ""))
    expect("a trigger's body does not end it",
           run(FILE, given="create trigger g after insert on t begin\n select 1;\n"
                           " select case 1 when 1 then 2 end;\nend;\nselect 3;\n"), (0, "3\n", ""))
    status, out, err = run(FILE, given="select 1;\nselect\n  nothing from t;\nselect 2;\n")
    point("the first failure ends it, with line and caret",
          [] if (status, out) == (1, "1\n") and "line 2:\n    nothing from t;\n    ^" in err
          else [repr((status, out, err))])
    write("a.sql", "select 'read';\n.read b.sql\n")
    write("b.sql", "select 'deeper';\n")
    expect(".read reads files that read files", run(FILE, ".read a.sql"),
           (0, "read\ndeeper\n", ""))
    write("loop.sql", ".read loop.sql\n")
    status, out, err = run(FILE, ".read loop.sql")
    point("but not for ever, and says it once",
          [] if status == 1 and err.count("stoa:") == 1 and "16" in err else [err])
    expect("parameters have types",
           run(":memory:", ".parameter set x 5", ".parameter set :y '5'",
               "select typeof(:x), typeof(:y); select :x + 1"), (0, "integer\ttext\n6\n", ""))


def dots():
    expect(".tables", run(FILE, ".tables"), (0, "main\tt\ttable\t2\n", ""))
    expect(".schema", run(FILE, "create index i on t(b)", ".schema t"),
           (0, "CREATE TABLE t(a integer,\n b text);\nCREATE INDEX i on t(b);\n", ""))
    expect(".indexes", run(FILE, ".indexes"), (0, "t\ti\tfalse\tcreated\tb\n", ""))
    expect(".explain takes quotes as they are", run(FILE, ".explain select * from t where b = 'x'"),
           (0, "SEARCH t USING INDEX i (b=?)\n", ""))
    expect("a start that only one command has is enough", run(FILE, ".tab t%"),
           (0, "main\tt\ttable\t2\n", ""))
    for line, word in ((".nonsense", "no such command"), (".mode xml", "markdown"),
                       (".s", ".schema or .settings"), (".backup", ".backup FILE"),
                       (".mode 'box", "quote"), (".schema nothing", "nothing"),
                       (".settings jurnal wal", "no setting")):
        status, out, err = run(FILE, line)
        point("%s is answered with a sentence" % line,
              [] if status == 1 and err.startswith("stoa: ") and (word in err or "jurnal" in err)
              else [repr((status, out, err))])
    status, dump, err = run(FILE, ".dump")
    again = os.path.join(WORK, "again.db")
    expect("a dump makes the same database", (run(again, given=dump), run(again, ".dump")),
           ((0, "", ""), (0, dump, "")))
    hard = ("create table h(%s, a, b);" % ", ".join("c%d" % i for i in range(600)) +
            "insert into h(a, b) values ('x' || char(0) || 'y''', 9e999), (x'00', 0.1);"
            "pragma user_version = 7; pragma application_id = -8")
    looks = "select hex(a), typeof(a), b from h; pragma user_version; pragma application_id"
    status, dump, err = run("hard.db", hard, ".dump")
    expect("and keeps every bit, of six hundred columns, too",
           (status, err, run("soft.db", given=dump), run("soft.db", looks)),
           (0, "", (0, "", ""), run("hard.db", looks)))
    expect(".attach shows a file beside a database in memory",
           run(":memory:", ".attach again.db a", "select count(*) > 0 from a.t",
               "create table a.made as select 1 as x") + run("again.db", "select x from made"),
           (0, "1\n", "", 0, "1\n", ""))
    expect(".checks", run(FILE, ".checks"), (0, "ok\n", ""))
    expect(".backup and .restore", run(FILE, ".backup b.db", "delete from t", ".restore b.db",
                                       "select count(*) from t"), (0, "1\n", ""))


def moves():
    write("t.csv", "id,name\n1,a\n2,b\n3,\n")
    expect("import makes a table", run("import", "m.db", "t.csv", "t"), (0, "", ""))
    expect("and its rows are there", run("m.db", "select id + 1, name from t"),
           (0, "2\ta\n3\tb\n4\t\n", ""))
    expect("import reads standard input", run("import", "m.db", "-", "t", given="id,name\n4,d\n"),
           (0, "", ""))
    write("bad.csv", "id,name\n5,e\nsix,f\n")
    status, out, err = run("import", "m.db", "bad.csv", "t")
    point("a bad row is named by its line and nothing is imported",
          [] if status == 1 and "3" in err and "six" in err else [repr((status, out, err))])
    expect("(nothing)", run("m.db", "select max(id) from t"), (0, "4\n", ""))
    status, out, err = run("import", "m.db", "bad.csv", "t", "--bad-rows", "keep")
    point("or bad rows are kept in a table",
          [] if status == 0 and "1 bad row" in err else [repr((status, out, err))])
    expect("(kept)", run("m.db", "select line, text from t_bad_rows; select max(id) from t")[0:2],
           (0, "3\tsix,f\n5\n"))
    expect("export writes a file", (run("export", "m.db", "t", "o.csv"), read("o.csv")),
           ((0, "", ""), "id,name\n1,a\n2,b\n3,\n4,d\n5,e\n"))
    status, out, err = run("export", "m.db", "t", "o.csv")
    point("which it does not overwrite", [] if status == 1 and "o.csv" in err else [err])
    expect("export writes a query as JSON lines to standard output",
           run("export", "m.db", "select id from t where id < 3", "-", "--format", "jsonl"),
           (0, '{"id":1}\n{"id":2}\n', ""))
    write("j.jsonl", '{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n')
    expect("import reads JSON lines", (run("import", "m.db", "j.jsonl", "j"),
                                       run("m.db", "select a, b from j")),
           ((0, "", ""), (0, "1\tx\n2\ty\n", "")))
    write("lines.json", '{"a":1}\n{"a":2}\n')
    expect("also from a file named .json",
           run("m.db", "select sum(a) from 'lines.json'"), (0, "3\n", ""))
    write("array.json", '[{"a":1},\n{"a":2}]\n')
    status, out, err = run("import", "m.db", "array.json", "j")
    point("an array of objects is told what it should be",
          [] if status == 1 and "line" in err and ("array" in err or "element" in err) else [err])
    for name, word in (("o.json", ".jsonl"), ("o.parquet", "csv, jsonl or arrow"),
                       ("o.csv.gz", "pipe")):
        status, out, err = run("export", "m.db", "j", name)
        point("nothing but %s is written to %s" % (name.split(".", 1)[1], name),
              [] if status == 1 and word in err and not os.path.exists(os.path.join(WORK, name))
              else [repr((status, out, err))])
    expect("a file named .tsv has tabs", (run("export", "m.db", "j", "o.tsv"), read("o.tsv")),
           ((0, "", ""), "a\tb\n1\tx\n2\ty\n"))
    write("z.csv", "zoned,plain\n2024-01-01T02:00:00+02:00,2024-01-01T00:00:00.5\n")
    run("import", "m.db", "z.csv", "z")
    expect("a timestamp with a zone ends with Z, one without does not",
           run("m.db", "select zoned, plain from z"),
           (0, "2024-01-01T00:00:00.000000Z\t2024-01-01T00:00:00.500000\n", ""))
    expect("on a terminal it has the digits it needs",
           run("m.db", "select zoned, plain from z", "--format", "line"),
           (0, "zoned = 2024-01-01T00:00:00Z\nplain = 2024-01-01T00:00:00.500\n", ""))
    expect("also in a file", run("export", "m.db", "z", "-"),
           (0, "zoned,plain\n2024-01-01T00:00:00.000000Z,2024-01-01T00:00:00.500000\n", ""))
    expect("a file is a table, too",
           run(":memory:", "select max(id), max(name) from 't.csv'; select sum(a) from \"j.jsonl\"",
               "create table u as select * from 't.csv' a, 't.csv' b", "select count(*) from u"),
           (0, "3\tb\n3\n9\n", ""))
    with gzip.open(os.path.join(WORK, "p.csv.gz"), "wt", encoding="utf-8") as file:
        file.write("a\n5\n")
    expect("Arrow files go out and in again",
           (run("export", "m.db", "t", "t.arrow"), run("import", "m.db", "t.arrow", "back"),
            run("m.db", "select * from t except select * from back", "select count(*) from back",
                "select sum(id) from 't.arrow'")), ((0, "", ""), (0, "", ""), (0, "5\n15\n", "")))
    status, out, err = run("import", "m.db", "t.arrow", "t", "--format", "csv")
    point("and are no CSV", [] if status == 1 and "is an Arrow file" in err else [err])
    with open(os.path.join(WORK, "t.arrow"), "rb") as plain:
        with gzip.open(os.path.join(WORK, "t.arrow.gz"), "wb") as file:
            file.write(plain.read())
    expect("packed as well", run(":memory:", "select * from 'p.csv.gz'",
                                 "select count(*) from 't.arrow.gz'"), (0, "5\n5\n", ""))
    status, out, err = run(":memory:", "select * from 'nothing.csv'")
    point("unless there is none",
          [] if (status, out) == (1, "") and "no such table" in err else [repr((status, out, err))])
    expect(".columns tells its types and why",
           run(":memory:", ".columns z.csv", ".columns t.csv types=text"),
           (0, "zoned\ttimestamp[us, UTC]\t1\t0\tevery value of the sample is a timestamp with an"
               " offset\nplain\ttimestamp[us]\t1\t0\tevery value of the sample is a timestamp"
               " without an offset\nid\tutf8\t3\t0\ttypes=text was asked for\nname\tutf8\t2\t1\t"
               "types=text was asked for\n", ""))
    expect("copy fills another database", (run("copy", "m.db", "t", "c.db", "t", "--key", "id"),
                                           run("c.db", "select count(*), max(id) from t")),
           ((0, "", ""), (0, "5\t5\n", "")))
    run("m.db", "insert into t values (6, 'f')")
    expect("and goes on after the greatest key",
           (run("copy", "m.db", "t", "c.db", "t", "--key", "id"),
            run("c.db", "select count(*), max(id) from t")), ((0, "", ""), (0, "6\t6\n", "")))
    expect(".open and .backup take settings",
           (run("m.db", ".open c.db read_only=yes busy_timeout=1s", ".settings")[1]
            .count("read_only              yes"),
            run("m.db", ".backup o.bak", ".backup o.bak replace=yes", ".open o.bak",
                "select count(*) from t")), (1, (0, "6\n", "")))
    status, out, err = run("m.db", ".open c.db read_only")
    point("and say what is no setting", [] if status == 1 and "KEY=VALUE" in err else [err])
    expect(".import and .export take settings",
           (run("m.db", ".import t.csv s header=yes types=text", ".export s s.csv separator=;",
                "select typeof(id) from s limit 1"), read("s.csv")),
           ((0, "text\n", ""), "id;name\n1;a\n2;b\n3;\n"))
    expect("copy of a query", (run("copy", "m.db", "select id from t where id > 4", "c.db", "q"),
                               run("c.db", "select id from q")), ((0, "", ""), (0, "5\n6\n", "")))
    expect("check", run("check", "m.db"), (0, "ok\n", ""))
    expect("backup", (run("backup", "m.db", "copy.db"), run("copy.db", "select count(*) from t")),
           ((0, "", ""), (0, "6\n", "")))
    status, out, err = run("backup", "m.db", "copy.db")
    point("backup does not overwrite", [] if status == 1 and "copy.db" in err else [err])
    expect("but replaces when told", run("backup", "m.db", "copy.db", "--replace"), (0, "", ""))
    for command in ("import", "export", "copy", "check", "backup", "engines", "bench", "demo"):
        status, out, err = run(command, "--help")
        point("%s --help teaches by example" % command,
              [] if status == 0 and re.search(r"\n  stoa %s\b" % command, out) else [out + err])


try:
    modes()
    scripts()
    dots()
    moves()
finally:
    shutil.rmtree(WORK)
done()
