# SPDX-License-Identifier: Apache-2.0
"""The runner blames the right test for what goes wrong, and the counting misses nothing."""
import contextlib
import io
import os
import re
import runpy
import subprocess
import sys

from tap import differences, done, point

SAMPLE, SANITIZE, ROOT = sys.argv[1:]
sys.path.insert(0, os.path.join(ROOT, "tools"))
import suites  # pylint: disable=wrong-import-position


def sample(part="", **env):
    run = subprocess.run([SAMPLE, part], env={**os.environ, **env}, check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return run.returncode, run.stdout


def lacks(text, *wanted):
    return ["%r is not in %r" % (w, text) for w in wanted if w not in text]


status, out = sample(STOA_TEST_SECONDS="6")
failed = set(re.findall(r"^not ok \d+ - (.*)$", out, re.M))
right = {"a failed condition", "a wrong number", "a wrong text", "a missing part",
         "a failure on a thread", "a crash", "a hang"}
if SANITIZE == "address":
    right.add("a leak")
point("what fails, crashes, hangs or leaks is named, and nothing else",
      differences(failed, right, "%s is blamed", "%s gets away"))
point("the plan holds every test", lacks(out, "1..11"))
point("a failed run has a failing status", [] if status == 1 else ["it is %d" % status])
point("a failure says where, what was got and what is right",
      lacks(out, "sample.c:17: 1 + 1 == 3 does not hold", "1 + 1 is 2, not 3",
            'is "(NULL)", not "three"', 'without "three"', "killed by signal 9",
            "still running after 6 s"))
left = re.search(r"# left (.*)", out).group(1)
point("a test's directory goes with it", [left] if os.path.exists(os.path.dirname(left)) else [])

status, out = sample("a pass")
point("a part of a name picks tests", lacks(out, "1..1\nok 1 - a pass\n"))
point("a passed run has a passing status", ["it is %d" % status] if status else [])
point("a part that picks nothing fails", [] if sample("no such test")[0] else ["it passes"])
point("one process runs them too", lacks(sample("a pass", STOA_TEST_NOFORK="1")[1], "ok 1"))


def counted(sentence, text, expected):
    got = suites.count(text)[:3]
    point(sentence, [] if got == expected else ["counted %r, not %r" % (got, expected)])


counted("points are counted", "1..3\nok 1\nnot ok 2 - b\nok 3 # SKIP no disk\n", (1, 1, 1))
counted("a plan may come last", "ok 1\nok 2\n1..2\n", (2, 0, 0))
counted("a missing plan is a failure", "ok 1\n", (1, 1, 0))
counted("silence is a failure", "", (0, 1, 0))
counted("an empty plan is a failure", "1..0\n", (0, 1, 0))
counted("each point that was planned and never came is a failure", "1..4\nok 1\n", (1, 3, 0))
counted("points beyond the plan are a failure", "1..1\nok 1\nok 2\n", (2, 1, 0))
counted("a bail-out is a failure", "1..1\nok 1\nBail out! no disk\n", (1, 1, 0))


def ran(sentence, script, fails, program="sh"):
    suite = suites.Suite("runner", "sample", [program, "-c", script], {}, ROOT, [])
    failed_count = suites.run(suite).failed
    problem = "%d failed" % failed_count
    point(sentence, [] if (failed_count > 0) == fails else [problem])


ran("a suite that does what it planned passes", "echo 1..1; echo ok 1", False)
ran("a suite that passes and then fails to end well is a failure",
    "echo 1..1; echo ok 1; exit 3", True)
ran("a suite that is killed is a failure", "echo 1..1; echo ok 1; kill -9 $$", True)
ran("a suite that is not there is a failure", "", True, "./no-such-program")


def proof(parts):
    """What tools/run_proof says and answers when `parts` are its parts."""
    program = runpy.run_path(os.path.join(ROOT, "tools/run_proof"))
    named = dict(zip(("abi", "tidy", "fuzz"), parts(program)))
    program["PARTS"].clear()
    program["PARTS"].update(named)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        answer = program["main"]([])
    return answer, said.getvalue().splitlines()


def unbuilt(program):
    raise program["Unbuilt"]("debug")


def broken():
    raise OSError("no such tool")


answer, told = proof(lambda program: [
    lambda: unbuilt(program), broken, lambda: [program["single"]("runner", "sample", ["true"])]])
point("a part of the proof that fails is counted, and the next one runs",
      differences([re.sub(r" +", " ", line)[:-2].rstrip("0123456789") for line in told[-4:-1]],
                  ["proof abi the build of debug failed ", "proof tidy it broke off ",
                   "proof fuzz 1 passed, 0 failed "])
      + differences([told[-1], answer], ["1 passed, 2 failed", 1]))
done()
