# SPDX-License-Identifier: Apache-2.0
"""The prompt, through a pseudo-terminal: keys, history, completion, resizing, Ctrl-C, paging."""
import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import signal
import stat
import struct
import sys
import tempfile
import termios
import time

from tap import done, point, skip

# What is ignored in the background would stay so in what is started here.
for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(ignored, signal.SIG_DFL)

STOA = os.path.abspath(sys.argv[1])
WORK = tempfile.mkdtemp(prefix="stoa-prompt-")
STATE = os.path.join(WORK, "state")
HISTORY = os.path.join(STATE, "stoa/history")
PROMPT = b"stoa> "
UP, DOWN, RIGHT, LEFT, HOME = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H"


class Shell:
    """A stoa at a terminal of its own. What it showed since the last look is given by wait()."""

    def __init__(self, *args, width=80, height=24, **env):
        sized, told = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(WORK)
            os.environ.update({"TERM": "xterm", "NO_COLOR": "1", "PAGER": "",
                               "XDG_STATE_HOME": STATE,
                               "XDG_CONFIG_HOME": os.path.join(WORK, "config"), **env})
            os.read(sized, 1)
            os.execv(STOA, [STOA, *args])
        self.resize(width, height)
        os.write(told, b"!")
        os.close(sized)
        os.close(told)
        self.shown = b""
        self.wait(PROMPT)

    def resize(self, width, height=24):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def idle(self):
        """Whether it sleeps, as one that waits for keys does, and not one that was not let run."""
        with open("/proc/%d/stat" % self.pid, encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] in "SZ"

    def wait(self, mark, seconds=60, goes_on=False, escapes=False):
        """Reads until `mark` was shown and, unless it `goes_on`, nothing follows; the text, without
        escapes or with."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            seen = mark in self.shown
            if seen and goes_on:
                break
            if not select.select([self.fd], [], [], 0.15 if seen else 1)[0]:
                if seen and self.idle():
                    break
                continue
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            self.shown += piece
        text, self.shown = self.shown.decode("utf-8", "replace"), b""
        if escapes:
            return text
        return re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", text).replace("\r", "")

    def type(self, keys, mark=PROMPT):
        os.write(self.fd, keys.encode())
        return self.wait(mark)

    def end(self):
        """Ctrl-D, and the exit status."""
        os.write(self.fd, b"\x04")
        self.wait(b"\0", 1)
        for _ in range(600):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.1)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        return None


def holds(sentence, shown, *parts):
    """How many blanks are between words does not count."""
    shown = re.sub(" +", " ", shown)
    point(sentence, ["%r is not in %r" % (part, shown) for part in parts
                     if re.sub(" +", " ", part) not in shown])


def box(value):
    return "│ %s │" % value


def keys(shell):
    holds("a statement is run at its semicolon", shell.type("select 41+1;\r"), box("    42"),
          "1 row\n")
    holds("left, right, home and end move", shell.type("elect 7" + LEFT + "1" + HOME + "s\x05;\r"),
          box(" 17"))
    holds("backspace and Ctrl-D delete", shell.type("select 12x\x7f;" + LEFT * 2 + "\x04\r"),
          box("1"))
    holds("Ctrl-W kills a word and Ctrl-Y brings it back",
          shell.type("select 5 as five\x17six, 6 as \x19;\r"), "│ six │ five │")
    holds("Ctrl-U and Ctrl-K kill to both ends",
          shell.type("nonsense\x15select 8;-nonsense" + LEFT * 9 + "\x0b\r"), box("8"))
    holds("Alt-B goes a word back", shell.type("select one'\x1bb'\x05;\r"), box("one"))
    holds("wide characters are moved over whole",
          shell.type("select '日本語'" + LEFT * 2 + "\x7f\x05 as a;\r"), box("日語"))
    holds("a line break goes on below", shell.type("select 3,\r", b" ...> "), "...> ")
    holds("until there is a semicolon", shell.type("4;\r"), "│ 3 │ 4 │")
    holds("a paste of several lines is one statement",
          shell.type("\x1b[200~select 9,\n10;\x1b[201~\r"), "│ 9 │ 10 │")
    holds("Ctrl-C clears the line", shell.type("select nonsense\x03select 6;\r"), box("6"))
    holds("a failure does not end it", shell.type("select nothing_there;\r"),
          "no such column", "^")
    holds("a write tells what it changed",
          shell.type("create table people(name text, age integer);\r"
                     "insert into people values ('a', 1), ('b', null);\r", b"2 rows"),
          "2 rows changed")
    shell.wait(PROMPT, 1)


def past(shell):
    shell.type("select 'first';\r")
    shell.type("select 'second',\r2;\r")
    holds("up brings back the last statement, all its lines",
          shell.type(UP + "\r"), "select 'second',\n ...> 2;", "second │ 2 │")
    holds("up goes through its lines and then further", shell.type(UP + UP + UP + "\r"),
          "│ first │")
    holds("down comes back to what was typed",
          shell.type("select 'typed';" + UP + DOWN + "\r"), "│ typed │")
    holds("Ctrl-R finds what holds the letters", shell.type("\x12econd\r"), "second │ 2 │")
    holds("and Ctrl-C finds nothing", shell.type("\x12fir\x03select 0;\r"), box("0"))
    shell.type("select 'password=hunter2';\r")
    shell.type(" select 'behind a blank';\r")


def words(shell):
    holds("Tab completes a keyword as it is typed", shell.type("sel\t1;\r"), "select 1;")
    holds("a table", shell.type("select count(*) from peo\t;\r"), "from people ;", box("       2"))
    holds("a column behind its table", shell.type("select max(people.ag\t) from people;\r"),
          "people.age ")
    shown = shell.type("select * from people where na\t\t", b"natural")
    holds("what is ambiguous is listed", shown, "name", "natural")
    shell.type("\x03")
    holds("a dot command", shell.type(".ta\t\r"), ".tables", "people")
    os.makedirs(os.path.join(WORK, "folder"))
    with open(os.path.join(WORK, "folder/some.sql"), "w", encoding="utf-8") as file:
        file.write("select 'from a file';\n")
    holds("a file", shell.type(".read fol\tso\t\r"), ".read folder/some.sql", box("from a file"))
    holds("a mode", shell.type(".mode bo\t\r"), ".mode box")


def cancels(shell):
    forever = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    os.write(shell.fd, (forever + ";\r").encode())
    holds("after half a second it tells how long it takes",
          shell.wait(b"query  ", goes_on=True), "query ")
    holds("Ctrl-C cancels the query", shell.type("\x03"), "cancelled")
    holds("and the prompt goes on", shell.type("select 2;\r"), box("2"))


def sizes(shell):
    shell.type("create table wide(" + ", ".join("column_%d text" % i for i in range(4)) + ");\r")
    shell.type("insert into wide select a,a,a,a from (select replace(hex(zeroblob(20)), '0', 'x')"
               " as a);\r")
    shown = shell.type("select * from wide;\r", b"1 row")
    point("a box is narrowed to the terminal",
          [line for line in shown.split("\n") if line[:1] in "│┌└" and len(line) > 80]
          or ([] if "…" in shown else [shown]))
    shell.resize(40)
    shown = shell.type("select column_0 from wide;\r", b"1 row")
    point("also after it was resized",
          [line for line in shown.split("\n") if line[:1] in "│┌└" and len(line) > 40])
    holds("what does not fit at all is a line a value",
          shell.type("select * from wide;\r"), "column_0 = xxxx")
    shown = shell.type("select 'a text that is longer than the line is wide';" + LEFT * 10)
    shell.resize(80)
    holds("a long line is drawn anew when it is resized", shell.type("\r"), "1 row")
    shown = shell.type("with recursive n(i) as (select 1 union all select i + 1 from n limit 5000)"
                       " select i from n;\r", b"5000 rows")
    holds("a long result is cut in the middle and counted", shown, "5000 rows (200 shown)",
          box("   1"), box("5000"), "⋮")
    point("its middle is not there", [] if box("2500") not in shown else ["2500 is"])


def history_file():
    with open(HISTORY, encoding="utf-8") as file:
        text = file.read()
    holds("history is kept, a line an entry", text, "select 'first';\n", "'second',\\n2;\n")
    point("without secrets, and without what follows a blank",
          [word for word in ("hunter2", "behind a blank") if word in text])
    mode = stat.S_IMODE(os.stat(HISTORY).st_mode)
    point("its owner alone can read it", [] if mode == 0o600 else [oct(mode)])


def others():
    os.makedirs(os.path.join(WORK, "config/stoa"))
    with open(os.path.join(WORK, "config/stoa/config"), "w", encoding="utf-8") as file:
        file.write(".mode line\n.rows 0\n")
    pager = os.path.join(WORK, "pager")
    with open(pager, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nsed 's/^/paged: /'\n")
    os.chmod(pager, 0o755)
    shell = Shell("app.db", PAGER=shlex.quote(pager))
    holds("the configuration is read", shell.type("select 5 as five;\r"), "five = 5")
    shell.type(".mode box\r")
    many = ("with recursive n(i) as (select 1 union all select i + 1 from n limit %d)"
            " select i from n;\r")
    holds("a long result goes through the pager", shell.type(many % 300, b"paged: 300 rows"),
          "paged: │ 150 │", "paged: 300 rows")
    shell.type(".pager off\r")
    shown = shell.type(many % 300, b"300 rows")
    point(".pager off shows it as it is", [shown] if "paged" in shown else [])
    shell.type(".pager 'sed s/^/again:/'\r")
    holds(".pager takes another one", shell.type(many % 300, b"again:300 rows"), "again:300 rows")
    shown = shell.type(many % 3)
    point("a short one does not", [shown] if "paged" in shown or "│ 3 │" not in shown else [])
    holds("history comes back in the next run", shell.type("\x12first\r"), "│ first │")
    point("Ctrl-D ends it with status 0", [] if shell.end() == 0 else ["another status"])
    shell = Shell("app.db", "--no-config")
    holds("or is not read", shell.type("select 5 as five;\r"), "│ five │")
    os.write(shell.fd, b".quit\r")
    point(".quit ends it", [] if shell.end() == 0 else ["another status"])
    shell = Shell("app.db", XDG_STATE_HOME="", HOME=os.path.join(WORK, "nobody"))
    holds("without a home there is a prompt", shell.type("select 6;\r"), "6 = 6")
    shell.end()
    point("a home that is missing is not made", os.listdir(WORK).count("nobody") * ["it was"])


def colours():
    shell = Shell("app.db", "--no-config", NO_COLOR="")
    os.write(shell.fd, b"select 'x', 1.5 as \"n\" -- note\r;\r")
    shown = shell.wait(b"1 row", escapes=True)
    for what, part in (("keywords", "\x1b[0;1;34mselect\x1b[0m"), ("texts", "\x1b[0;32m'x'\x1b[0m"),
                       ("numbers", "\x1b[0;35m1.5\x1b[0m"), ("comments", "\x1b[0;2m-- note\x1b[0m"),
                       ("the prompt", "\x1b[0;36mstoa> \x1b[0m"), ("names", "\x1b[1mn\x1b[0m")):
        point("%s are coloured" % what, [] if part in shown else [repr(shown)])
    os.write(shell.fd, b".color off\rselect 5, null;\r")
    shown = shell.wait(b"1 row", escapes=True).split(".color off")[-1].split("\n", 1)[1]
    point(".color off ends that", [repr(shown)] if re.search(r"\x1b\[[0-9;]+m", shown) else [])
    shell.end()
    shell = Shell("app.db", "--no-config")
    os.write(shell.fd, b"select 5, null;\r")
    shown = shell.wait(b"1 row", escapes=True)
    point("NO_COLOR means none", [repr(shown)] if re.search(r"\x1b\[[0-9;]+m", shown) else [])
    shell.end()
    shell = Shell("app.db", "--no-config", TERM="dumb", NO_COLOR="")
    os.write(shell.fd, b"select 5,\r")
    shown = shell.wait(b" ...> ", escapes=True)
    os.write(shell.fd, b"6;\r")
    shown += shell.wait(PROMPT, escapes=True)
    os.write(shell.fd, b".tables\r")
    shown += shell.wait(PROMPT, escapes=True)
    point("a dumb terminal gets no escapes at all", [repr(shown)] if "\x1b" in shown else [])
    holds("and its statements are run", shown, "...> 6;", "│ 5 │ 6 │", "people")
    point("until Ctrl-D", [] if shell.end() == 0 else ["another status"])


def ends():
    """Whatever ends it, the terminal is as it was."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        shell = Shell("app.db", "--no-config")
        raw = termios.tcgetattr(shell.fd)[3] & termios.ICANON
        os.kill(shell.pid, number)
        status = os.waitstatus_to_exitcode(os.waitpid(shell.pid, 0)[1])
        restored = termios.tcgetattr(shell.fd)[3] & termios.ICANON
        os.close(shell.fd)
        point("%s at the prompt leaves the terminal as it was" % number.name,
              [] if not raw and restored and status == -number
              else [repr((raw, restored, status))])
    shell = Shell("app.db", "--no-config")
    forever = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    os.write(shell.fd, (forever + ";\r").encode())
    shell.wait(b"query  ", goes_on=True)
    os.kill(shell.pid, signal.SIGTERM)
    shown = shell.wait(b"signal")
    holds("SIGTERM cancels the query that runs", shown, "ended by a signal")
    status = os.waitstatus_to_exitcode(os.waitpid(shell.pid, 0)[1])
    os.close(shell.fd)
    point("and then the shell, with status 143", [] if status == 143 else [repr(status)])


def progress():
    """What a copy shows on the terminal, and what remains of one that is interrupted."""
    numbers = "with recursive n(i) as (select 1 union all select i + 1 from n%s) select i from n%s"
    for sentence, rows, interrupt, right in (
            ("a long command shows rows and their rate", (" limit 4000000", ""), False, 0),
            # Without an end, but slowly, so that it fills no disk before its Ctrl-C comes.
            ("Ctrl-C ends it with status 130", ("", " where i % 20 = 0"), True, 130)):
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(WORK)
            os.environ.update(NO_COLOR="1")
            os.execv(STOA, [STOA, "copy", ":memory:", numbers % rows, "p.db", "t%d" % interrupt])
        shown = b""
        try:
            while piece := os.read(fd, 4096):
                shown += piece
                if interrupt and b"rows/s" in shown:
                    os.write(fd, b"\x03")
                    interrupt = False
        except OSError:  # The other side is closed.
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(fd)
        point(sentence, [] if status == right and b"rows/s" in shown
              else ["%r, %r" % (status, shown[-300:])])
    shell = Shell("p.db", "--no-config")
    holds("nothing of it is there", shell.type(".tables\r"), "t0", "1 row\n")
    shell.end()


def main():
    try:
        shell = Shell("app.db")
    except OSError as error:
        skip("a prompt at a terminal", "no terminal can be had: %s" % error)
        return
    for part in (keys, past, words, cancels, sizes):
        part(shell)
    point("Ctrl-D ends the shell with status 0", [] if shell.end() == 0 else ["another status"])
    history_file()
    others()
    colours()
    ends()
    progress()


try:
    main()
finally:
    shutil.rmtree(WORK)
done()
