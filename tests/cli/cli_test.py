# SPDX-License-Identifier: Apache-2.0
"""The command line, by what it prints and how it ends."""
import glob
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from tap import done, point, skip

# What is ignored in the background would stay so in what is started here.
for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(ignored, signal.SIG_DFL)

STOA, VERSION = os.path.abspath(sys.argv[1]), sys.argv[2]
COMPLETION = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "../../packaging/completion")
WORK = tempfile.mkdtemp(prefix="stoa-cli-")
FILE = os.path.join(WORK, "app.db")


def run(*args):
    """Exit status, standard output, standard error."""
    ended = subprocess.run([STOA, *args], check=False, capture_output=True, text=True, cwd=WORK)
    return ended.returncode, ended.stdout, ended.stderr


def expect(sentence, got, right):
    point(sentence, [] if got == right else ["%r, not %r" % (got, right)])


def on_terminal(*args):
    """What a terminal is shown. OSError where there are none."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([STOA, *args], stdout=theirs, stderr=theirs, cwd=WORK,
                               env=dict(os.environ, NO_COLOR="1"))
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # The other side is closed.
        pass
    process.wait()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def interrupted():
    """Exit status and error of a long query that gets a Ctrl-C, and the seconds until it ended."""
    forever = ("with recursive n(i) as (select 1 union all select i + 1 from n) "
               "select count(*) from n")
    with subprocess.Popen([STOA, ":memory:", "select 'begun'", forever], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()  # Told as soon as the first statement ended.
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1]
        return process.returncode, err, time.monotonic() - before


def rows():
    expect("statements run in turn and leave their rows in the file",
           run(FILE, "create table t(a integer, b text)",
               "insert into t values (1, 'x'), (2, null)"), (0, "", ""))
    expect("a pipe gets tabs, and nothing for NULL",
           run(FILE, "select a, b from t order by a"), (0, "1\tx\n2\t\n", ""))
    expect("several statements in one text are all run",
           run(FILE, "insert into t values (3, 'z'); select count(*) from t; select max(a) from t"),
           (0, "3\n3\n", ""))
    expect("what would break a line is escaped",
           run(":memory:", "select 'a' || char(9) || 'b' || char(10) || 'c\\d'"),
           (0, "a\\tb\\nc\\\\d\n", ""))
    aligned = "a terminal gets names and columns in line"
    try:
        expect(aligned, on_terminal(FILE, "select a, b from t where a < 3 order by a"),
               "┌───┬──────┐\n│ a │ b    │\n├───┼──────┤\n"
               "│ 1 │ x    │\n│ 2 │ NULL │\n└───┴──────┘\n"
               "2 rows\n")
    except OSError as error:
        skip(aligned, "no terminal can be had: %s" % error)
    expect("a target may have settings",
           run("sqlite:app.db?read_only=yes", "select count(*) from t"), (0, "3\n", ""))


def failures():
    status, out, err = run(FILE, "select 1", "select nothing from t",
                           "insert into t values (9, '')")
    expect("a failure ends the run with status 1, after what came before",
           (status, out), (1, "1\n"))
    marked = "\n  select nothing from t\n         ^\n"
    point("it is told with its place",
          [] if err.startswith("stoa: ") and marked in err else [err])
    expect("what came after it was not done", run(FILE, "select count(*) from t"), (0, "3\n", ""))
    status, out, err = run(os.path.join(WORK, "no/such/folder.db"), "select 1")
    point("a target that cannot be opened is named",
          [] if (status, out) == (1, "") and "folder.db" in err else [repr((status, out, err))])
    status, out, err = run("sqlite:app.db?jurnal=wal", "select 1")
    point("a mistyped setting is answered with the right one",
          [] if status == 1 and "journal" in err else [repr((status, out, err))])
    for args in ((), ("import",), ("copy", "a.db")):
        status, out, err = run(*args)
        point("called as %r it prints how to call it" % " ".join(("stoa",) + args),
              [] if (status, out) == (2, "") and err.startswith("usage: ")
              else [repr((status, err))])
    status, err, seconds = interrupted()
    point("Ctrl-C ends a query soon, with status 130",
          [] if status == 130 and seconds < 20 and err.startswith("stoa: ")
          else [repr((status, err, seconds))])


def fed(stdin, *args, closed=()):
    """Exit status, standard output and error when standard input is `stdin` (bytes or a file),
    and the streams of `closed` are not there."""
    def close():
        for fd in closed:
            os.close(fd)
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    ended = subprocess.run([STOA, *args], check=False, capture_output=True, cwd=WORK,
                           preexec_fn=close, **given)
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


def says(sentence, got, status, *words):
    """Nothing on standard output, and these words on standard error."""
    point(sentence, [] if got[:2] == (status, "") and all(word in got[2] for word in words)
          else [repr(got)])


def hostile():
    folder = os.open(WORK, os.O_RDONLY)
    says("an input that cannot be read is told", fed(folder, ":memory:"), 1,
         "standard input: Is a ")
    os.close(folder)
    expect("a NUL hides no statement after it",
           fed(b"select 1;\nselect 2;\0select 3;\n", ":memory:"),
           (1, "1\n", "stoa: standard input: line 2 holds a NUL\n"))
    says("a standard input that is closed is told", fed(b"", ":memory:", closed=(0,)), 1,
         "standard input: Bad file descriptor")
    says("as is a standard output", fed(b"", ":memory:", "select 1", closed=(1,)), 1,
         "standard output: Bad file descriptor")
    kept = os.path.join(WORK, "kept.csv")
    fed(b"", "export", ":memory:", "select 1 as a", kept, "--format", "csv", closed=(0, 1, 2))
    with open(kept, encoding="utf-8") as file:
        expect("a file that is written takes no stream's place", file.read(), "a\n1\n")
    says("a short option that is not there is no file", run("-x", "select 1"), 2, "-x: there is no")
    says("help too often is an error", run(*["-h"] * 30), 2, "more than")
    with open(os.path.join(WORK, "empty.csv"), "w", encoding="utf-8"):
        says("a file without a byte is named", run("import", FILE, "empty.csv", "e"), 1,
             "empty.csv has no columns")


def commands():
    expect("--version tells the version", run("--version"), (0, "stoa %s\n" % VERSION, ""))
    status, out, err = run("--help")
    point("--help lists every command",
          [name for name in ("import", "export", "copy", "check", "backup", "engines", "bench",
                             "demo") if not re.search(r"^  stoa %s  " % name, out, re.M)])
    for file in ("stoa.bash", "_stoa", "stoa.fish"):
        with open(os.path.join(COMPLETION, file), encoding="utf-8") as script:
            text = script.read()
        point("%s completes every command" % file,
              [name for name in re.findall(r"^  stoa (\w+)  ", out, re.M)
               if not re.search(r"\b%s\b" % name, text)])
    point("--help goes to standard output",
          [] if (status, err) == (0, "") and out.startswith("usage: ") else [repr((status, err))])
    status, out, err = run("engines")
    point("engines lists sqlite",
          [] if (status, err) == (0, "") and re.search(r"^sqlite\t3\.\d+\.\d+\ttrue\t", out, re.M)
          else [repr((status, out, err))])
    status, out, err = run("bench", WORK, "--quick", "--format", "jsonl")
    steps = [json.loads(line) for line in out.splitlines()]
    point("bench measures a dozen steps, each more than nothing",
          [] if (status, err) == (0, "") and len(steps) == 12 and
          all(step["rows"] > 0 and step["rows_per_second"] > 0 for step in steps)
          else [repr((status, out, err))])
    point("and leaves nothing behind", glob.glob(os.path.join(WORK, "stoa-bench*")))
    status, out, err = run("bench", os.path.join(WORK, "nowhere"), "--quick")
    point("a folder that is not there is named",
          [] if (status, out) == (1, "") and "nowhere" in err else [repr((status, out, err))])
    point("bench is called with at most a folder", [] if run("bench", "a", "b")[0] == 2 else [""])
    status, out, err = run("demo", "--rows", "200000")
    point("the demo runs to its end",
          [] if (status, err) == (0, "") and out.endswith("\nDone.\n")
          else [repr((status, out, err))])
    point("it ends with what each step did",
          [] if re.search(r"\nMillion rows per second\n(  \S.* \d+\.\d\d\n){7}\nDone", out)
          else [out])
    folder = re.search(r'stoa_open\("([^"]+)/[^/]+"\)', out)
    point("and leaves nothing behind",
          [] if folder and not os.path.exists(folder.group(1)) else [out])


try:
    rows()
    failures()
    hostile()
    commands()
finally:
    shutil.rmtree(WORK)
done()
