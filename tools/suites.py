# SPDX-License-Identifier: Apache-2.0
"""Suites of tests: finding them in a build, running them, and counting what they say in TAP.

A suite is a program that prints a plan and its points. Whatever goes wrong with it is a failed
point: a crash, a missing plan, a plan not kept, nothing run, a time-out.
"""
import collections
import concurrent.futures
import glob
import json
import os
import re
import signal
import subprocess
import sys

sys.stdout.reconfigure(errors="backslashreplace")  # A suite may say what this terminal can't.
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECONDS_MAX = 900  # A suite's whole time; its tests have shorter ones of their own.

Suite = collections.namedtuple("Suite", "configuration name command env cwd tags")
Outcome = collections.namedtuple("Outcome", "suite passed failed skipped notes")


def build(configuration, *targets):
    """Whether tools/build made it; it says itself what went wrong."""
    command = [os.path.join(ROOT, "tools/build"), configuration, *targets]
    return subprocess.run(command, check=False).returncode == 0


def find(configuration):
    """The suites Meson knows in a build."""
    path = os.path.join(ROOT, "build", configuration)
    out = subprocess.run(["meson", "introspect", path, "--tests"], check=True,
                         capture_output=True, text=True).stdout
    return [Suite(configuration, test["name"], test["cmd"], test["env"],
                  test["workdir"] or path, [tag.split(":")[-1] for tag in test["suite"]])
            for test in json.loads(out)]


def scripts():
    """The suites of tests/{bindings,adbc}; each finds library and headers by its environment."""
    env = {"STOA_ROOT": ROOT, "STOA_BUILD": os.path.join(ROOT, "build/release"),
           "STOA_LIBRARY": os.path.join(ROOT, "build/release/libstoa.so.0")}
    return [Suite("release", folder + "_" + os.path.basename(path)[:-len(".test")], [path], env,
                  ROOT, [folder])
            for folder in ("adbc", "bindings")
            for path in sorted(glob.glob(os.path.join(ROOT, "tests", folder, "*.test")))
            if os.access(path, os.X_OK)]


def count(text):
    """Passed, failed and skipped points of a TAP text, and what is wrong with the text."""
    plan, results, skipped, wrong = None, [], 0, []
    for line in text.splitlines():
        if match := re.match(r"1\.\.(\d+)\b", line):
            plan = int(match.group(1))
        elif match := re.match(r"(not )?ok\b", line):
            results.append(not match.group(1))
            skipped += bool(results[-1] and re.search(r"# *skip", line, re.I))
        elif line.startswith("Bail out!"):
            wrong.append(line)
    passed, failed = results.count(True) - skipped, results.count(False)
    if plan is None:
        wrong.append("no plan: it ended before it said how many tests there are")
    elif plan != len(results):
        wrong.append("%d tests planned, %d run" % (plan, len(results)))
        failed += max(plan - len(results) - 1, 0)
    elif plan == 0:
        wrong.append("nothing was run")
    return passed, failed + len(wrong), skipped, wrong


def failures(text):
    """The failed points of a TAP text, each after the diagnostics that lead to it."""
    notes, before = [], []
    for line in text.splitlines():
        if line.startswith("#"):
            before.append(line)
        elif re.match(r"(not )?ok\b|1\.\.", line):
            notes += before + [line] if line.startswith("not") else []
            before = []
    return notes + before


def execute(suite, out, err):
    """Run the suite's program; how it ended badly, if it did, and its exit status."""
    try:
        process = subprocess.Popen(suite.command, cwd=suite.cwd, stdout=out, stderr=err,
                                   stdin=subprocess.DEVNULL, start_new_session=True,
                                   env={**os.environ, **suite.env})
    except OSError as error:
        return ["it cannot be started: %s" % error], 0
    try:
        return [], process.wait(SECONDS_MAX)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return ["still running after %d s" % SECONDS_MAX], process.wait()


def run(suite):
    """Run one suite and keep what it printed under build/logs."""
    log = os.path.join(ROOT, "build/logs", suite.configuration, suite.name)
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log + ".tap", "w+b") as out, open(log + ".err", "w+b") as err:
        ended, status = execute(suite, out, err)
        out.seek(0)
        err.seek(0)
        text = out.read().decode("utf-8", "replace")
        errors = err.read().decode("utf-8", "replace").splitlines()
    passed, failed, skipped, wrong = count(text)
    if status != 0 and failed == 0 and not ended:
        ended.append("exit status %d, though no test failed" % status)
    failed += len(ended)
    notes = failures(text) + wrong + ended + errors[-60:] if failed else []
    return Outcome(suite, passed, failed, skipped, notes)


def tell(outcome):
    """One line a suite; under a failed one, what it said."""
    skipped = ", %d skipped" % outcome.skipped if outcome.skipped else ""
    failed = ", %d failed" % outcome.failed if outcome.failed else ""
    print("%-12s %-32s %4d passed%s%s" % (outcome.suite.configuration, outcome.suite.name,
                                          outcome.passed, failed, skipped))
    for note in outcome.notes:
        print("    " + note)
    sys.stdout.flush()


def run_all(suites, workers=os.cpu_count() or 1):
    """Run them side by side, tell each as it ends, and return the sums (passed, failed)."""
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for task in concurrent.futures.as_completed([pool.submit(run, s) for s in suites]):
            outcome = task.result()
            tell(outcome)
            passed += outcome.passed
            failed += outcome.failed
    return passed, failed
